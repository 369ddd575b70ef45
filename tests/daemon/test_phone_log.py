"""What phones get to know of the trail: as it grows, and of a silent alarm only those who may."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from lockd.daemon import phone_log
from lockd.wire import cbor, results
from tests.daemon import test_phones
from tests.daemon.inside import Inside
from tests.daemon.test_phones import enrolled, locked, records
from tests.fakes.bus import PrivateBus
from tests.fakes.phone import FakePhone

_with_phones = test_phones._with_phones
WAITING = {"max": 32, "wait": True}


async def newest(lock: Inside) -> int:
    """The last number, once all that was under way is recorded."""
    await lock.daemon.desk.set_property("AutoRelockTime", 0, "test")
    return int(lock.daemon.desk.get_property("org.lockd1.Log", "LastSequence"))


async def waiting(phone: FakePhone, first: int, number: int = 1) -> None:
    """Connected, and waiting for the record with that number."""
    await phone.connect(number=number)
    assert await phone.open("LOG_READ", **{"from": first, **WAITING}) == (results.ACCEPTED, {})


async def opens(phone: FakePhone, number: int) -> list[int]:
    """It unlocks and locks again; the length of each frame that it heard, those for others too."""
    await phone.connect(number=number)
    heard: list[int] = []
    put = phone.line.notifications.put_nowait
    phone.line.notifications.put_nowait = lambda frame: (heard.append(len(frame or b"")), put(frame))[1]  # type: ignore[method-assign]
    for wish in ("UNLOCK", "LOCK"):
        assert await (phone.open if wish == "UNLOCK" else phone.ask)(wish) == (results.ACCEPTED, {})
        assert (await phone.next())[0] == results.COMPLETE
    frames = [size for size in heard if size]
    phone.leave()
    return frames


async def test_a_silent_alarm_reaches_phones_of_other_owners_alone(tmp_path: Path, private_bus: PrivateBus) -> None:
    # Defence: lockd/daemon/phone_log.py: if not alarmed or name != "alarm"
    # Defence: lockd/daemon/phone_log.py: phone.user != row.get("user")
    # Defence: lockd/daemon/phone_log.py: | {"pad": PAD}
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        owner, admin = await enrolled(lock, radio, "owner"), await enrolled(lock, radio, "admin")
        forced = await enrolled(lock, radio, "owner")  # who is under threat may be an owner himself
        for _ in range(24):
            await newest(lock)  # numbers of one length from here on
        seen: dict[str, list[list[dict[str, Any]]]] = {"owner": [], "admin": [], "own": []}
        sizes = []
        for kind in ("UnrestrictedUser", "ForcedUser"):
            await lock.daemon.desk.set_user("Modify", 3, {"type": kind}, "test")
            first = await newest(lock) + 1
            await waiting(owner, first, 1)
            await waiting(admin, first, 2)
            sizes.append(await opens(forced, 3))
            await newest(lock)
            for name, phone in (("owner", owner), ("admin", admin)):
                assert (await phone.next())[1]["events"], "they hear of it as it happens"
                seen[name].append((await phone.ask("LOG_READ", **{"from": first}))[1]["events"])
                phone.leave()
            await forced.connect(number=4)
            seen["own"].append((await forced.open("LOG_READ", **{"from": first}))[1]["events"])
            forced.leave()
        for name, (calm, alarmed) in seen.items():
            told = [(event["phase"], event["alarm"]) for event in alarmed if "alarm" in event]
            assert told == ([("granted", "ForcedUser")] * 2 if name == "owner" else []), name
            assert not any("alarm" in event for event in calm)
            assert [event.keys() - {"alarm", "pad"} for event in calm] == [
                event.keys() - {"alarm", "pad"} for event in alarmed
            ]
            assert len(cbor.encode(calm)) == len(cbor.encode(alarmed)), "how long it is tells nothing"
            assert [event["seq"] - calm[0]["seq"] for event in calm] == list(range(5)), "no number is left out"
        assert sorted(sizes[0]) == sorted(sizes[1]), "and his phone hears what it always hears"
        assert len(await records(lock, alarm="ForcedUser")) == 2


async def test_a_phone_waits_for_a_record_and_not_for_ever(
    tmp_path: Path, private_bus: PrivateBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        owner = await enrolled(lock, radio, "owner")
        first = await newest(lock) + 1
        await waiting(owner, first)
        assert (await owner.ask("STATUS"))[0] == results.COMPLETE  # beside it, all goes on
        await lock.daemon.desk.set_property("AutoRelockTime", 30, "test")
        result, page = await owner.next()
        assert (result, [event["seq"] for event in page["events"]]) == (results.COMPLETE, [first])
        assert (await owner.ask("LOG_READ", **{"from": first, **WAITING}))[0] == results.ACCEPTED
        assert (await owner.next())[1]["last"] == first  # what is there already is not waited for
        monkeypatch.setattr(phone_log, "WAIT_S", 0.0)
        assert (await owner.ask("LOG_READ", **{"from": first + 1, **WAITING}))[0] == results.ACCEPTED
        assert await owner.next() == (results.COMPLETE, {"events": [], "last": first})


async def test_who_is_revoked_hears_no_more_of_it(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        owner = await enrolled(lock, radio, "owner")
        await waiting(owner, await newest(lock) + 1)
        await lock.daemon.desk.clear_credential("Phone", 1, "test")
        heard = await owner.next()
        assert heard == (-results.REVOKED, {}) or heard[1]["events"][0]["operation"] == "Clear"
        async with asyncio.timeout(5):
            await owner.gone()


async def test_who_is_disabled_meanwhile_hears_no_more_of_it(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        owner = await enrolled(lock, radio, "owner")
        await waiting(owner, await newest(lock) + 1)
        await lock.daemon.desk.set_user("Modify", 1, {"status": "OccupiedDisabled"}, "test")
        assert await owner.next() == (results.DISABLED, {})


async def test_only_what_is_there_can_have_been_read(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        owner = await enrolled(lock, radio, "owner")
        await owner.connect()
        last = await newest(lock)
        await owner.open("STATUS")
        assert (await owner.ask("LOG_ACK", seq=last + 1))[0] == results.BAD_PARAM
        assert not await records(lock, detail="log-read")
        assert (await owner.ask("LOG_ACK", seq=last))[0] == results.COMPLETE
        assert (await records(lock, detail="log-read"))[0]["by"] == f"phone owner's phone, up to {last}"

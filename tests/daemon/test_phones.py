"""Phones through the whole daemon and a bluetoothd that is played: enrolled, used, refused, revoked."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from lockd.ble import names
from lockd.ble.service import now
from lockd.core.events import Sensed
from lockd.daemon.phone_commands import ERRORS, result_of
from lockd.daemon.phones import HASTE_S
from lockd.dbus.connection import Connection
from lockd.errors import (
    CallError,
    Failure,
    InsufficientBattery,
    InvalidField,
    LockdError,
    NotFound,
    Restricted,
    UnsupportedCommand,
)  # fmt: skip
from lockd.gpio import mechanism, supply_model, travel
from lockd.gpio.travel import Travel
from lockd.store.digests import Digester
from lockd.wire import results
from lockd.wire.enrolment import read_uri
from tests.daemon import inside as insides
from tests.daemon.inside import Inside, inside
from tests.daemon.process import ROOT, until
from tests.fakes.bluez import FakeBluez, Version, bluez
from tests.fakes.bus import PrivateBus
from tests.fakes.phone import FakePhone

SIMULATED = insides.nimble()
#: On a busy machine the news of an arrival may come late.
MADE = SIMULATED.but(bolt=SIMULATED.bolt.but(travel_s=10.0))


def quickly(_digester: Digester, kind: str, secret: str) -> bytes:
    """What nobody guesses at here need not be slow to digest."""
    return sha256(f"{kind} {secret}".encode()).digest()


class Quick(Travel):
    """A bolt that is soon where it goes, as many are moved here; but it passes every place, even if nobody
    looked for long."""

    def advance(self, at: float, jammed: bool) -> float:
        before = self.place
        self.place = min(max(super().advance(at, jammed), before - 0.4), before + 0.4)
        return self.place


@pytest.fixture(autouse=True)
def _with_phones(monkeypatch: pytest.MonkeyPatch, private_bus: PrivateBus) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", private_bus.address)
    monkeypatch.setattr(insides, "nimble", lambda: MADE.but(phone=MADE.phone.but(enabled=True)))
    monkeypatch.setattr(Digester, "digest", quickly)
    monkeypatch.setattr(mechanism, "Travel", Quick)
    for module in (travel, supply_model):
        monkeypatch.setattr(module, "TRAVEL_S", 0.05)


@asynccontextmanager
async def locked(folder: Path, address: str, version: Version = "5.82") -> AsyncIterator[tuple[Inside, FakeBluez]]:
    """A lock that phones can come to."""
    async with bluez(address, version) as radio, inside(folder / "state") as lock:
        await until(lambda: bool(radio.advertised))
        yield lock, radio


async def enrolled(lock: Inside, radio: FakeBluez, role: str = "user", mtu: int = 247, **more: Any) -> FakePhone:
    """A new phone, by an invitation; not connected any more."""
    if role == "owner":
        lock.daemon._inside_at = lock.daemon.clock.now().mono
    uri, _ = lock.daemon.desk.phone_desk().create_invite({"role": role, **more}, "test")
    offer = read_uri(uri)
    phone = FakePhone(radio, offer.lock_key)
    await phone.connect(offer.psk, mtu)
    result, fields = await phone.open("ENROL", label=f"{role}'s phone", sign=phone.sign)
    assert (result, fields["role"]) == (results.COMPLETE, role)
    phone.leave()
    return phone


async def records(lock: Inside, **wanted: Any) -> list[dict[str, Any]]:
    rows = await lock.daemon.desk.read_log(1, 1000)
    return [row for row in rows if wanted.items() <= row.items()]


async def test_a_write_is_answered_at_once_and_the_command_when_it_is_on_disk(
    tmp_path: Path, private_bus: PrivateBus
) -> None:
    """BlueZ gives up after 5 s."""
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        phone = await enrolled(lock, radio)
        await phone.connect()
        await phone.open("STATUS")
        entered, goes_on = threading.Event(), threading.Event()
        lock.before_commit = lambda: (entered.set(), goes_on.wait())
        try:
            await phone._take(phone._session.send("UNLOCK", {}, now()))  # until the writes are answered
            await until(entered.is_set)
            assert (phone.errors, phone._events, lock.bolt) == ([], [], 0)
            assert phone.line.notifications.empty()
        finally:
            goes_on.set()
        assert await phone.next() == (results.ACCEPTED, {})
        assert (await phone.next())[0] == results.COMPLETE


@pytest.mark.parametrize("version", ["5.66", "5.82"])
async def test_a_phone_is_enrolled_and_opens(tmp_path: Path, private_bus: PrivateBus, version: Version) -> None:
    async with locked(tmp_path, private_bus.address, version) as (lock, radio):
        phone = await enrolled(lock, radio, name="Anna")
        await phone.connect()
        assert await phone.open("UNLOCK") == (results.ACCEPTED, {})
        assert ("durable", "granted") in [(kind, getattr(e, "fields", {}).get("phase")) for kind, e in lock.events]
        assert await phone.next() == (results.COMPLETE, {"lock": "Unlocked"})
        _, seen = await phone.ask("STATUS")
        assert 90 <= seen.pop("battery") <= 100
        assert seen == {
            "lock": "Unlocked", "motion": "Idle", "fault": "None", "door": "DoorClosed", "mode": "Normal",
            "level": "Ok", "time": "Trusted",
        }  # fmt: skip
        assert (await phone.ask("LOCK"))[0] == results.ACCEPTED
        assert (await phone.next())[1] == {"lock": "Locked"}
        opened, *_ = await records(lock, kind="LockOperation", type="Unlock", phase="done")
        assert opened["source"] == "ProprietaryRemote"
        assert opened["detail"] == "ble"
        assert opened["by"] == "phone user's phone"
        assert opened["credentials"] == [["Phone", 1]]
        assert lock.daemon.desk.get_user(opened["user"])["name"] == "Anna"


async def test_with_the_smallest_mtu_all_goes_in_fragments(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        phone = await enrolled(lock, radio, "admin", mtu=23)
        await phone.connect(mtu=23)
        result, fields = await phone.open("LOG_READ", **{"from": 1, "max": 32})
        assert result == results.COMPLETE
        assert [event["seq"] for event in fields["events"]][:2] == [1, 2]


async def test_two_phones_at_once_are_two_people(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        one, other = await enrolled(lock, radio, "owner"), await enrolled(lock, radio, "user")
        await one.connect(number=1)
        await other.connect(number=2)
        assert await one.open("USERS", op="list") == (results.COMPLETE, {
            "users": [
                {"index": index, "name": name, "status": "OccupiedEnabled", "type": "UnrestrictedUser",
                 "rule": "Single"}
                for index, name in ((1, "owner's phone"), (2, "user's phone"))
            ],
            "next": 0,
        })  # fmt: skip
        assert (await other.open("USERS", op="list"))[0] == results.FORBIDDEN
        assert [phone["connected"] for phone in lock.daemon.desk.phone_desk().listed()] == [True, True]


async def test_a_phone_that_is_revoked_while_it_is_connected_goes_at_once(
    tmp_path: Path, private_bus: PrivateBus
) -> None:
    # Defence: lockd/daemon/phones.py: self._service.close(device, results.REVOKED)
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        phone = await enrolled(lock, radio)
        await phone.connect()
        await phone.open("STATUS")
        (known,) = lock.daemon.desk.phone_desk().listed()
        async with asyncio.timeout(1):
            await lock.daemon.desk.phone_desk().revoke(known["id"], "test")
            assert await phone.next() == (-results.REVOKED, {})
            await phone.gone()
        await phone.connect()
        assert (await phone.open("UNLOCK"))[0] == results.NOT_AUTHORISED
        assert lock.bolt == 0
        assert lock.daemon.desk.phone_desk().listed() == []
        with pytest.raises(NotFound):
            await lock.daemon.desk.phone_desk().revoke(known["id"], "test")


async def test_who_loses_his_credential_in_another_way_goes_too(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        phone = await enrolled(lock, radio)
        await phone.connect()
        await phone.open("STATUS")
        await lock.daemon.desk.clear_credential("Phone", 1, "test")
        assert await phone.next() == (-results.REVOKED, {})


async def test_what_binds_a_user_binds_his_phone(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        phone = await enrolled(lock, radio)
        await phone.connect()
        await lock.daemon.desk.set_property("OperatingMode", "NoRemoteLockUnlock", "test")
        assert (await phone.open("UNLOCK"))[0] == results.FORBIDDEN
        await lock.daemon.desk.set_property("OperatingMode", "Normal", "test")
        await lock.daemon.desk.set_user("Modify", 1, {"status": "OccupiedDisabled"}, "test")
        assert (await phone.ask("UNLOCK"))[0] == results.DISABLED
        assert lock.bolt == 0


async def test_hours_types_and_lockout_hold_for_a_phone_as_at_the_keypad(
    tmp_path: Path, private_bus: PrivateBus
) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        desk, phone = lock.daemon.desk, await enrolled(lock, radio)
        await phone.connect()
        await phone.open("STATUS")
        for kind, result in (("NonAccessUser", results.FORBIDDEN), ("YearDayScheduleUser", results.TIME_NOT_ALLOWED)):
            await desk.set_user("Modify", 1, {"type": kind}, "test")
            assert (await phone.ask("UNLOCK"))[0] == result
        day = lock.daemon.clock.now().wall // 1_000_000 // 86_400 * 86_400
        await desk.set_schedule("YearDaySchedule", 1, 1, {"start": day, "end": day + 2 * 86_400}, "test")
        desk.set_time_state("Unknown")
        assert (await phone.ask("UNLOCK"))[0] == results.TIME_UNKNOWN
        desk.set_time_state("Trusted")
        assert (await phone.ask("UNLOCK"))[0] == results.ACCEPTED
        assert (await phone.next())[0] == results.COMPLETE
        await desk.set_user("Modify", 1, {"type": "UnrestrictedUser", "rule": "Dual"}, "test")
        said = [(await phone.ask("UNLOCK", pin=f"48291{n}"))[0] for n in range(6)]
        assert said == [results.NOT_AUTHORISED] * 5 + [results.TOO_MANY_ATTEMPTS]


@pytest.mark.parametrize(("both", "result"), [(False, results.BLOCKED), (True, results.POSITION_UNKNOWN)])
async def test_a_bolt_that_does_not_arrive_is_told_and_one_that_nobody_knows_of(
    tmp_path: Path, private_bus: PrivateBus, monkeypatch: pytest.MonkeyPatch, both: bool, result: int
) -> None:
    short = MADE.but(phone=MADE.phone.but(enabled=True), bolt=MADE.bolt.but(travel_s=10.0 if both else 0.2, retries=0))
    monkeypatch.setattr(insides, "nimble", lambda: short)
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        phone = await enrolled(lock, radio)
        await phone.connect()
        lock.daemon.hardware.door.jam(True)
        assert (await phone.open("UNLOCK"))[0] == results.ACCEPTED
        if both:
            await lock.until("NotFullyLocked")
            for contact in ("locked", "unlocked"):
                lock.daemon.pump.submit(Sensed(contact, True))
        assert await phone.next() == (result, {})


async def test_who_needs_two_credentials_sends_his_pin_along(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        await lock.enrol("482913")
        phone = await enrolled(lock, radio, user=1)
        await lock.daemon.desk.set_user("Modify", 1, {"rule": "Dual"}, "test")
        await phone.connect()
        assert (await phone.open("UNLOCK"))[0] == results.NOT_AUTHORISED
        assert (await phone.ask("UNLOCK", pin="482914"))[0] == results.NOT_AUTHORISED
        assert (await phone.ask("UNLOCK", pin="482913"))[0] == results.ACCEPTED
        assert (await phone.next())[0] == results.COMPLETE


async def test_of_a_phone_only_the_terms_are_set_without_an_invitation(
    tmp_path: Path, private_bus: PrivateBus
) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        desk, phone = lock.daemon.desk, await enrolled(lock, radio)
        for op, index, key in (("Add", 2, bytes(32)), ("Modify", 1, bytes(32)), ("Modify", 7, phone.keys.public)):
            with pytest.raises(UnsupportedCommand, match="lockctl phone invite"):
                await desk.set_credential(op, "Phone", index, key, 1, {}, "test")
        await desk.set_credential("Modify", "Phone", 1, phone.keys.public, 1, {"uses": 1}, "test")
        await phone.connect()
        assert (await phone.open("UNLOCK"))[0] == results.ACCEPTED
        assert (await phone.next())[0] == results.COMPLETE
        assert (await phone.ask("UNLOCK"))[0] == results.DISABLED


async def test_the_first_owner_comes_from_inside(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        with pytest.raises(Restricted, match="inside button"):
            lock.daemon.desk.phone_desk().create_invite({"role": "owner"}, "test")
        await enrolled(lock, radio, "owner")
        lock.daemon._inside_at = float("-inf")
        lock.daemon.desk.phone_desk().create_invite({"role": "owner"}, "test")


async def test_an_invitation_is_seen_on_the_air_and_only_while_it_is_open(
    tmp_path: Path, private_bus: PrivateBus
) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        _, number = lock.daemon.desk.phone_desk().create_invite({}, "test")
        await until(lambda: names.ENROLMENT_PATH in radio.advertised)
        assert radio.advertised[names.ADVERTISEMENT_PATH]["MinInterval"] == 100
        lock.daemon.desk.phone_desk().cancel_invite(number)
        await until(lambda: list(radio.advertised) == [names.ADVERTISEMENT_PATH])
        await until(lambda: radio.advertised.get(names.ADVERTISEMENT_PATH, {}).get("MinInterval") == 250)
        for wrong, kind in ((number, NotFound), ("zz", InvalidField)):
            with pytest.raises(kind):
                lock.daemon.desk.phone_desk().cancel_invite(wrong)


async def test_an_invitation_serves_once(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        offer = read_uri((lock.daemon.desk.phone_desk().create_invite({}, "test"))[0])
        for expected in (results.COMPLETE, -results.BAD_HANDSHAKE):
            phone = FakePhone(radio, offer.lock_key)
            await phone.connect(offer.psk)
            assert (await phone.open("ENROL", label="mine", sign=bytes(32)))[0] == expected
            phone.leave()
        assert len(lock.daemon.desk.phone_desk().listed()) == 1


async def test_phones_and_the_locks_key_outlive_a_restart(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        phone = await enrolled(lock, radio)
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        again = FakePhone(radio, phone.lock_key, phone.keys)
        await again.connect()
        assert (await again.open("UNLOCK"))[0] == results.ACCEPTED
        assert (await again.next())[0] == results.COMPLETE


async def test_no_key_is_in_the_store_in_clear(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        phone = await enrolled(lock, radio)
        private = lock.daemon.desk.phone_desk()._with.keys._private.private_bytes_raw()
    for file in (tmp_path / "state").iterdir():
        data = file.read_bytes()
        for key in (private, phone.keys.public):
            assert key not in data
            assert key.hex().encode() not in data


def as_a_way(lock: Inside) -> tuple[str, bool]:
    """What is against phones now, as a way in, and whether one has proved it."""
    (way,) = [each for each in lock.daemon.desk.ways() if each["way"] == "phone"]
    return way["why"], bool(way["proved"])


async def test_bluetoothd_dies_in_mid_session_and_comes_back(tmp_path: Path, private_bus: PrivateBus) -> None:
    # Defence: lockd/ble/adapter.py: self._listener.lost()
    async with inside(tmp_path / "state") as lock:
        async with bluez(private_bus.address) as radio:
            await until(lambda: bool(radio.advertised))
            phone = await enrolled(lock, radio)
            await phone.connect()
            await phone.open("STATUS")
            sessions = lock.daemon.desk.phone_desk()._service.sessions  # type: ignore[attr-defined]
            (session,) = sessions.values()
            radio.die()
            await phone.gone()
        await until(lambda: "phones: bluetoothd does not run" in lock.daemon.health.degraded())
        assert session.closed
        assert not sessions
        assert not lock.daemon.desk.get_property("org.lockd1.Phones", "Advertising")
        assert as_a_way(lock) == ("Bluetooth does not work: lockctl doctor", False)
        async with bluez(private_bus.address) as radio, asyncio.timeout(5):
            await until(lambda: bool(radio.advertised))
            again = FakePhone(radio, phone.lock_key, phone.keys)
            await again.connect()
            assert (await again.open("UNLOCK"))[0] == results.ACCEPTED
            assert (await again.next())[0] == results.COMPLETE
        assert as_a_way(lock)[1]


async def test_an_unknown_phone_is_refused_and_leaves_a_trace(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        offer = read_uri((lock.daemon.desk.phone_desk().create_invite({}, "test"))[0])
        stranger = FakePhone(radio, offer.lock_key)
        await stranger.connect()
        assert (await stranger.open("UNLOCK"))[0] == results.NOT_AUTHORISED
        await stranger.gone()
        await until(lambda: any(getattr(e, "fields", {}).get("detail") == "access-denied" for _, e in lock.events))
        (trace,) = await records(lock, detail="access-denied")
        assert trace["by"] == "a phone that is not known"
        assert lock.bolt == 0


async def test_nobody_but_bluez_can_play_a_phone(tmp_path: Path, private_bus: PrivateBus) -> None:
    # Defence: lockd/ble/adapter.py: if not self._owner or message.sender != self._owner:
    async with locked(tmp_path, private_bus.address) as (_lock, radio):
        mallory = await Connection.open(private_bus.address, lambda *_: None)
        line = radio.connect()
        radio._link, own = mallory, radio._link
        try:
            with pytest.raises(CallError) as caught:
                await line.read_info()
        finally:
            radio._link = own
            mallory.close()
        assert caught.value.name == names.DENIED
        assert await line.read_info()  # which shows that the call itself was right


async def test_while_power_is_short_the_radio_rests(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        lock.daemon.hardware.door.set_battery(8.0, 3.5)
        await until(lambda: not radio.advertised)
        assert "phones: asleep while power is short" in lock.daemon.health.degraded()
        with pytest.raises(InsufficientBattery):
            lock.daemon.desk.phone_desk().create_invite({}, "test")
        lock.daemon.hardware.door.set_battery(90.0, 4.0)
        await until(lambda: bool(radio.advertised))


@pytest.mark.parametrize("percent", [8.0, 1.0], ids=["critical, not a session yet", "dead"])
async def test_a_lock_with_little_power_is_heard_less_often_and_in_an_emergencys_first_minute_more(
    tmp_path: Path, private_bus: PrivateBus, percent: float
) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):

        async def heard_every(milliseconds: int) -> None:
            await until(lambda: radio.advertised.get(names.ADVERTISEMENT_PATH, {}).get("MinInterval") == milliseconds)

        await heard_every(250)
        lock.daemon.hardware.door.set_battery(15.0, 3.6)
        await heard_every(1000)
        lock.daemon.hardware.door.set_battery(percent, 3.0)
        await until(lambda: not radio.advertised)
        lock.daemon.hardware.door.plug("EmergencyUsb", 5.0)
        await heard_every(100)
        phones = lock.daemon.desk.phones
        assert phones is not None
        assert phones._rescued_at is not None
        assert 0 < phones._timers["rescue"].when() - asyncio.get_running_loop().time() <= HASTE_S + 0.1
        phones._rescued_at -= HASTE_S  # a minute later
        phones.refresh()
        await heard_every(250)


async def test_phones_that_are_off_say_how_to_have_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insides, "nimble", lambda: MADE)
    async with inside(tmp_path / "state") as lock:
        assert lock.daemon.desk.get_property("org.lockd1.Phones", "AdapterPresent") is False
        assert lock.daemon.health._phones() == []
        with pytest.raises(UnsupportedCommand, match="enabled = true"):
            lock.daemon.desk.phone_desk()


def test_the_lines_that_defend_are_there() -> None:
    """As tests name them; without the line that test fails."""
    tests = [path for folder in ("ble", "daemon") for path in sorted((ROOT / "tests" / folder).glob("test_*.py"))]
    named = [found for path in tests for found in re.findall(r"# Defence: (lockd/\S+\.py): (.+)", path.read_text())]
    assert len(named) >= 16
    for file, line in named:
        assert line in (ROOT / file).read_text(), line


def test_each_refusal_has_a_number() -> None:
    for kind in LockdError.__subclasses__():
        if kind.__name__ not in ("Failure", "ConfigurationError"):
            assert kind.name in ERRORS or kind.__module__ != "lockd.errors", kind
    assert result_of(Failure("closed", "door-open")) == results.BLOCKED
    assert result_of(Failure("broken")) == results.INTERNAL

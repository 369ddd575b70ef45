"""Credentials from the counter to the door: what is set opens, and what is told of it is never the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockd.core.events import OperationAsked, Presented
from lockd.errors import DisabledUserDenied, Duplicate
from tests.daemon.inside import Inside, inside

PIN, SPARE, CARD = "739164", "580472", b"\x04\xa2\x11\x9c"


async def _give(lock: Inside, kind: str, index: int, data: bytes, **fields: object) -> None:
    await lock.daemon.desk.set_credential("Add", kind, index, data, 1, fields, "test")


async def test_a_spare_pin_for_one_use_opens_once_and_its_status_says_so(tmp_path: Path) -> None:
    async with inside(tmp_path / "state") as lock:
        desk = lock.daemon.desk
        await lock.enrol(PIN)
        await _give(lock, "PIN", 2, SPARE.encode(), uses=1, spare=True)
        status = {"uses": 1, "left": 1, "spare": True, "duress": False, "duress_digit": False, "from": None}
        assert status.items() <= desk.credential_status("PIN", 2).items()
        (user,) = desk.list_users()
        assert (user["spare"], user["limited"], user["duress"]) == ([["PIN", 2]], [["PIN", 2]], None)
        await lock.ask("Unlock", SPARE)
        with pytest.raises(DisabledUserDenied):
            await lock.ask("Unlock", SPARE)
        assert desk.credential_status("PIN", 2)["left"] == 0
        told = repr([desk.credential_status("PIN", 2), list(desk.list_users()), await desk.read_log(1, 100)])
        assert "SparePINUsed" in told
        assert "used-up" in told
        assert SPARE not in told


async def test_a_card_opens_as_it_was_digested_and_another_one_does_not(tmp_path: Path) -> None:
    async with inside(tmp_path / "state") as lock:
        await lock.enrol(PIN)
        await _give(lock, "RFID", 1, CARD)
        with pytest.raises(Duplicate):
            await _give(lock, "RFID", 2, CARD)
        for data, state in ((CARD[:-1], "Locked"), (CARD, "Unlocked")):
            digest = await lock.daemon.digests.digest_data("RFID", "RFID", data)
            lock.daemon.pump.submit(OperationAsked("Unlock", "RFID", Presented("RFID", digest)))
            await lock.until(state)
        assert CARD.hex() not in repr(await lock.daemon.desk.read_log(1, 100))


async def test_a_pin_that_is_easy_to_guess_is_told_to_who_asks_alone(tmp_path: Path) -> None:
    async with inside(tmp_path / "state") as lock:
        desk = lock.daemon.desk
        assert desk.get_property("org.lockd1.Users", "PINQuality") == "warn"
        before = desk.get_property("org.lockd1.Log", "LastSequence")
        assert await desk.rate_pin("123456", 0) == ["Its digits count up or down"]
        assert desk.get_property("org.lockd1.Log", "LastSequence") == before

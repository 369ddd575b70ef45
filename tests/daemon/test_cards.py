"""A card held to the door, from the lines of its reader to the bolt and the trail."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from lockd.core.credentials import Credential, credential_row
from lockd.daemon.digests import in_hex
from lockd.dbus.client import Client
from lockd.gpio.wiegand_frames import KEYS
from lockd.settings import Settings
from tests.daemon.inside import Inside, inside, nimble
from tests.daemon.process import LOG, MANAGER, PATIENCE_S, SIMULATOR, enrol, heard, trail, until
from tests.gpio.wiegand import LINES

PIN, CARD, WRONG = "135790", b"W26-188-24910", b"W26-188-24911"


def wired() -> Settings:
    return nimble().but(wiegand=LINES)


async def give_card(lock: Inside, data: bytes, user: int = 1) -> None:
    """A card for somebody who is there already."""
    digest = await lock.daemon.digests.digest("Unspecified", "RFID", in_hex(data))
    lock.daemon.pump.lock.people.apply([credential_row(Credential("RFID", 1, user, digest))])


def recorded(lock: Inside) -> list[dict[str, Any]]:
    return [entry.fields for what, entry in lock.events if what == "durable"]


def from_cards(lock: Inside) -> list[dict[str, Any]]:
    return [entry for entry in recorded(lock) if entry.get("source") == "RFID" and "type" in entry]


async def test_a_card_at_the_lines_opens_and_is_recorded_as_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with inside(tmp_path / "state", settings=wired()) as lock:
        await lock.enrol(PIN)
        await give_card(lock, CARD)
        lock.daemon.desk.simulator.present_card(CARD)
        await lock.until("Unlocked")
        await until(lambda: len(from_cards(lock)) == 2)
        granted, done = from_cards(lock)
        for entry in (granted, done):
            assert (entry["type"], entry["user"]) == ("Unlock", 1)
            assert entry["credentials"] == [["RFID", 1]]
        assert [granted["phase"], done["phase"]] == ["granted", "done"]
        (finding,) = [each for each in lock.daemon.desk.diagnose() if each["part"] == "reader wiegand"]
        assert (finding["state"], finding["text"]) == ("ok", "1 read since lockd started")
        shown = caplog.text + repr(recorded(lock)) + repr(lock.daemon.desk.diagnose())
        assert not any(secret in shown for secret in ("24910", CARD.hex()))


async def test_a_pin_typed_on_a_wiegand_keypad_opens_as_one_at_the_keypad(tmp_path: Path) -> None:
    async with inside(tmp_path / "state", settings=wired()) as lock:
        await lock.enrol(PIN)
        for n, key in enumerate(PIN + "#"):
            value = KEYS.index(key)
            lock.daemon.desk.simulator._card_reader.send(f"{value:04b}" if n % 2 else f"{value ^ 15:04b}{value:04b}")
        await lock.until("Unlocked")
        done = [entry for entry in recorded(lock) if entry.get("phase") == "granted"]
        assert [(entry["source"], entry["credentials"]) for entry in done] == [("Keypad", [["PIN", 1]])]


async def test_unknown_cards_are_refused_and_lock_out_cards_but_no_pin(tmp_path: Path) -> None:
    settings = wired()
    settings = settings.but(lock=settings.lock.but(wrong_code_limit=2, lockout_s=60))
    async with inside(tmp_path / "state", settings=settings) as lock:
        await lock.enrol(PIN)
        await give_card(lock, CARD)
        for wrong in (WRONG, b"W34-00188-24910"):
            lock.daemon.desk.simulator.present_card(wrong)
        await until(lambda: bool(lock.daemon.pump.lock.lockout_remaining("RFID", lock.daemon.clock.now())))
        lock.daemon.desk.simulator.present_card(CARD)
        await until(lambda: any(entry.get("detail") == "locked-out" for entry in recorded(lock)))
        refused = [entry for entry in recorded(lock) if entry.get("error")]
        assert [(entry["source"], entry["error"]) for entry in refused] == [
            ("RFID", "InvalidCredential"), ("RFID", "InvalidCredential"), ("RFID", "Restricted"),
        ]  # fmt: skip
        assert lock.bolt == 0.0
        assert lock.daemon.pump.lock.lockout_remaining("Keypad", lock.daemon.clock.now()) == 0


async def test_a_card_that_is_held_there_is_one_record(tmp_path: Path) -> None:
    async with inside(tmp_path / "state", settings=wired()) as lock:
        await lock.enrol(PIN)
        for _ in range(5):
            lock.daemon.desk.simulator.present_card(WRONG)
        await until(lambda: bool(from_cards(lock)))
        lock.daemon.desk.simulator.present_card(CARD)
        await until(lambda: len(from_cards(lock)) > 1)
        assert len(from_cards(lock)) == 2


async def test_the_card_that_is_waited_for_opens_nothing(tmp_path: Path) -> None:
    async with inside(tmp_path / "state", settings=wired()) as lock:
        await lock.enrol(PIN)
        await give_card(lock, CARD)
        waiting = asyncio.create_task(lock.daemon.readers.next_card(PATIENCE_S))
        await asyncio.sleep(0)
        lock.daemon.desk.simulator.present_card(CARD)
        assert await waiting == CARD
        assert lock.bolt == 0.0
        assert from_cards(lock) == []


async def test_lines_that_do_not_rest_are_degraded(tmp_path: Path) -> None:
    async with inside(tmp_path / "state", settings=wired()) as lock:
        def troubles() -> list[str]:
            return [line for line in lock.daemon.health.degraded() if line.startswith("reader: wiegand: wiegand.data1")]

        await lock.enrol(PIN)
        assert troubles() == []
        lock.daemon.desk.simulator._card_reader._lines[1].drive_low()
        await until(lambda: bool(troubles()))


async def test_a_simulated_lock_without_lines_reads_any_card(caller: Client) -> None:
    async with caller.signals() as news, asyncio.timeout(PATIENCE_S):
        await enrol(caller, PIN)
        await caller.call(SIMULATOR, "PresentCard", b"\x04\xa1\xb2\xc3")
        told = await heard(news, "LockOperationError")
    assert (told["source"], told["error"], "user" in told) == ("RFID", "InvalidCredential", False)
    findings = {each["part"]: each["state"] for each in await caller.call(MANAGER, "Diagnose")}
    assert findings["reader simulated"] == "ok"
    assert (await trail(caller))[-1]["seq"] == await caller.get(LOG, "LastSequence")

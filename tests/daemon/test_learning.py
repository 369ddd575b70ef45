"""Enrolling cards and fingers at a running lock, its readers at the ends of ptys; core and store are real."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lockd.daemon.app import Daemon, Options
from lockd.daemon.learning import Learning
from lockd.errors import Busy, NotFound, UnsupportedCommand
from lockd.settings import FingerprintSettings, HidSettings, NfcSettings, Pin
from tests.daemon.inside import nimble
from tests.daemon.process import until
from tests.readers.pn532_model import Pn532
from tests.readers.pty import Plug
from tests.readers.r503_model import R503

UID = bytes.fromhex("04a1b2c3d4e5f6")
TOUCH = 14


class Door:
    """The daemon in this process, with a card reader and a fingerprint sensor."""

    def __init__(self, folder: Path) -> None:
        self.cards, self.sensor = Pn532(), R503()
        self.plugs = Plug(folder / "nfc", self.cards), Plug(folder / "finger", self.sensor)
        self.daemon: Daemon
        self.steps: list[dict[str, Any]] = []
        self.follow: Callable[[str], None] = lambda _step: None

    def settings(self) -> Any:
        nfc, finger = (str(plug.path) for plug in self.plugs)
        touch = Pin(TOUCH, "low", "up", "fingerprint.touch")
        return nimble().but(nfc=NfcSettings(port=nfc), fingerprint=FingerprintSettings(port=finger, touch=touch))

    def emitted(self, _interface: str, signal: str, value: Mapping[str, Any], private: bool = False) -> None:
        if signal == "EnrolProgress":
            self.steps.append(dict(value))
            self.follow(value["step"])

    def show(self, uid: bytes) -> None:
        self.plugs[0].say(self.cards.lay(uid))

    def lay(self, finger: str) -> None:
        self.sensor.finger = finger
        line = self.daemon.hardware.pins._lines[TOUCH]._device.pin  # type: ignore[attr-defined]
        (line.drive_low if finger else line.drive_high)()

    async def enrol(self, kind: str, user: int = 1, timeout_s: float = 10) -> int:
        return await self.daemon.desk.enrol(kind, user, timeout_s, "test")

    def opened_by(self) -> list[tuple[str, int]]:
        granted = (entry.fields for entry in self.trail if entry.fields.get("phase") == "granted")
        return [tuple(each) for fields in granted for each in fields["credentials"]]

    def refused(self) -> int:
        return sum(entry.kind == "LockOperationError" for entry in self.trail)

    trail: list[Any]


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Door]:
    """It runs until the end of the block, with user 1; there is no bus."""
    folder.mkdir(mode=0o700, exist_ok=True)
    door = Door(folder)
    for plug in door.plugs:
        plug.plug()
    with ExitStack() as ends:
        options = Options(None, folder, folder, f"unix:path={folder}/no-bus", True)
        daemon = door.daemon = Daemon(options, door.settings(), ends)
        vault = daemon.journal.vault
        assert vault is not None
        door.trail, commit = [], vault.commit
        vault.commit = lambda entry, writes: door.trail.append(entry) or commit(entry, writes)  # type: ignore[method-assign,func-returns-value]
        daemon.voice.emit = door.emitted  # type: ignore[method-assign]
        task = asyncio.create_task(daemon.run())
        try:
            await until(lambda: not daemon.readers.degraded() and daemon.desk.learning)
            await daemon.desk.set_user("Add", 1, {"name": "Anna"}, "test")
            yield door
        finally:
            daemon._stop.set()
            assert await task == 0
            for plug in door.plugs:
                plug.unplug()


async def test_a_card_is_enrolled_by_showing_it_and_opens_from_then_on(tmp_path: Path) -> None:
    async with running(tmp_path / "state") as door:
        door.follow = lambda step: door.show(UID) if step == "present" else None
        assert await door.enrol("RFID") == 1
        assert [step["step"] for step in door.steps] == ["present", "done"]
        assert door.opened_by() == []
        door.show(b"")
        await until(lambda: door.cards.waiting)
        door.daemon.readers._all["nfc"].forget()
        door.show(UID)
        await until(door.opened_by)
        assert door.opened_by() == [("RFID", 1)]


async def test_a_finger_is_enrolled_opens_and_is_forgotten_with_its_credential(tmp_path: Path) -> None:
    async with running(tmp_path / "state") as door:
        lay = {"present": "anna", "lift": "", "again": "anna"}
        door.follow = lambda step: door.lay(lay[step]) if step in lay else None
        assert await door.enrol("Fingerprint") == 1
        assert [step["step"] for step in door.steps] == ["present", "lift", "again", "done"]
        assert door.sensor.templates == {0: "anna"}
        assert door.opened_by() == []
        door.lay("")
        await asyncio.sleep(0)
        door.lay("anna")
        await until(door.opened_by)
        assert door.opened_by() == [("Fingerprint", 1)]
        await door.daemon.desk.clear_credential("Fingerprint", 1, "test")
        await until(lambda: not door.sensor.templates)


async def test_a_stranger_is_refused_and_leaves_a_trace(tmp_path: Path) -> None:
    async with running(tmp_path / "state") as door:
        door.show(UID)
        await until(lambda: door.refused() == 1)
        door.lay("stranger")
        await until(lambda: door.refused() == 2)
        assert door.opened_by() == []


async def test_a_factory_reset_empties_the_sensor(tmp_path: Path) -> None:
    async with running(tmp_path / "state") as door:
        door.sensor.templates = {5: "anna"}
        await door.daemon.desk.factory_reset("test")
        await until(lambda: not door.sensor.templates)


async def test_what_cannot_be_enrolled_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    async with running(tmp_path / "state") as door:
        with pytest.raises(NotFound, match="no user 9"):
            await door.enrol("RFID", 9)
        with pytest.raises(NotFound, match="no card was shown"):
            await door.enrol("RFID", timeout_s=0.01)
        with pytest.raises(NotFound, match="no finger"):
            await door.enrol("Fingerprint", timeout_s=0.01)
        waiting = asyncio.create_task(door.enrol("RFID"))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await door.enrol("Fingerprint")
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert [step["step"] for step in door.steps] == ["present", "failed", "present", "failed", "present"]
        assert all("again" in step["text"] for step in door.steps if step["step"] == "failed")
        assert door.sensor.templates == {}


async def test_a_reader_that_is_unplugged_is_told_in_health_and_found_again(tmp_path: Path) -> None:
    async with running(tmp_path / "state") as door:
        door.plugs[0].unplug()
        await until(lambda: door.daemon.readers.degraded())
        assert door.daemon.readers.degraded()[0].startswith("reader: nfc: ")
        assert [each["state"] for each in door.daemon.health.findings() if each["part"] == "reader nfc"] == ["fault"]
        door.plugs[0].plug()
        await until(lambda: not door.daemon.readers.degraded())


async def test_readers_that_cannot_be_had_are_told_and_the_lock_works_on(tmp_path: Path) -> None:
    finger, nfc = FingerprintSettings("/dev/none", Pin(TOUCH, "low")), NfcSettings("/dev/i2c-99", Pin(TOUCH, "high"))
    settings = nimble().but(fingerprint=finger, nfc=nfc, hid=HidSettings("1234:abcd"))
    options = Options(None, tmp_path, tmp_path, f"unix:path={tmp_path}/no-bus", True)
    with ExitStack() as ends:
        daemon = Daemon(options, settings, ends)
        task = asyncio.create_task(daemon.run())
        await until(lambda: "not found yet" not in str(daemon.readers.degraded()) and daemon.readers.degraded())
        told = daemon.readers.degraded()
        daemon._stop.set()
        assert await task == 0
    nfc_line, hid_line, finger_line = told
    assert nfc_line == "reader: nfc: it is not plugged in"
    assert hid_line.startswith("reader: hid: 1234:abcd is not plugged in")
    assert finger_line.startswith("reader: fingerprint: ")
    assert "is taken by" in finger_line


def test_no_reader_is_loaded_that_no_setting_names(tmp_path: Path) -> None:
    """In a process of its own, whose modules are its own."""
    code = """
import asyncio, pathlib, sys
from contextlib import ExitStack
from lockd.daemon.app import Daemon, Options
from lockd.settings import simulation

async def main():
    folder = pathlib.Path(sys.argv[1])
    with ExitStack() as ends:
        daemon = Daemon(Options(None, folder, folder, f"unix:path={folder}/no-bus", True), simulation(), ends)
        early = [name for name in sys.modules if "learning" in name or "drivers" in name]
        daemon._begin_readers()
        print(early, [name for name in sys.modules if name.startswith(("lockd.readers", "evdev", "serial"))])

asyncio.run(main())
"""
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert ran.stdout == "[] []\n"


async def test_without_a_sensor_no_finger_can_be_enrolled() -> None:
    class Nobody:
        sensor = None

    class Lock:
        management_refusal = None

        class people:  # noqa: N801
            users: Mapping[int, object] = {1: object()}
            credentials: Mapping[tuple[str, int], object] = {}

    told: list[Mapping[str, Any]] = []
    learning = Learning(Lock(), None, Nobody(), None, told.append)  # type: ignore[arg-type]
    with pytest.raises(UnsupportedCommand, match="no fingerprint sensor"):
        await learning.enrol("Fingerprint", 1, 10, "test")
    assert [step["step"] for step in told] == ["failed"]

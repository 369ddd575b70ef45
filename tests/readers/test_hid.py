"""A USB keypad and a USB card reader: the library reads the kernel's events, here from a pipe."""

from __future__ import annotations

import asyncio
import errno
import os
import select
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from evdev import ecodes
from evdev.eventio import EventIO

from lockd.readers.hid import Hid, open_device
from lockd.readers.keys import CLEARS, DIGITS, ENTERS, EV_KEY, EV_SYN, HEX, LONGEST, SHIFTS, SYN_DROPPED, SYN_REPORT
from lockd.readers.port import Lost
from tests.readers.ear import Ear

#: struct input_event, as the machine has it.
EVENT = struct.Struct("llHHi")


class Device(EventIO):
    """evdev's own way of reading, at the end of a pipe."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def close(self) -> None:
        os.close(self.fd)


class Rig:
    """A keyboard with a plug. `at`: the kernel's time in seconds."""

    def __init__(self) -> None:
        self.ear = Ear()
        self.at = 1000.0
        self._write: int | None = None

    def open(self, _wanted: str) -> Device:
        if self._write is not None:
            raise Lost("it is open already")
        read, self._write = os.pipe()
        os.set_blocking(read, False)
        return Device(read)

    def unplug(self) -> None:
        if self._write is not None:
            os.close(self._write)
            self._write = None

    def send(self, *events: tuple[int, int, int]) -> None:
        assert self._write is not None
        os.write(self._write, b"".join(EVENT.pack(int(self.at), int(self.at % 1 * 1e6), *each) for each in events))

    def type(self, *codes: int, gap_s: float = 0.01) -> None:
        for code in codes:
            self.at += gap_s
            self.send((4, 4, code), (EV_KEY, code, 1), (EV_SYN, SYN_REPORT, 0), (EV_KEY, code, 2), (EV_KEY, code, 0))


async def apart(work: Callable[[], Any]) -> Any:
    return work()


@asynccontextmanager
async def running(kind: str) -> AsyncIterator[Rig]:
    rig = Rig()
    hid = Hid(kind, "1234:abcd", rig.ear, apart, rig.open, waits=(0.001,))
    task = asyncio.create_task(hid.run())
    await rig.ear.hears("found")
    try:
        yield rig
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        rig.unplug()


def codes(text: str) -> list[int]:
    known = {word: code for code, word in reversed((DIGITS | HEX).items())} | {"\n": ENTERS[0]}
    return [known[word] for word in text]


def test_the_numbers_of_the_keys_are_the_kernels() -> None:
    names = {f"KEY_{word}": code for code, word in list(DIGITS.items())[:10]}
    names |= {f"KEY_KP{word}": code for code, word in list(DIGITS.items())[10:]}
    names |= {f"KEY_{word}": code for code, word in HEX.items()}
    names |= dict(zip(("KEY_ENTER", "KEY_KPENTER"), ENTERS, strict=True))
    names |= dict(zip(("KEY_LEFTSHIFT", "KEY_RIGHTSHIFT"), SHIFTS, strict=True))
    cleared = ("KEY_BACKSPACE", "KEY_ESC", "KEY_DELETE", "KEY_KPASTERISK", "KEY_KPMINUS", "KEY_KPDOT")
    names |= dict(zip(cleared, CLEARS, strict=True))
    assert {name: getattr(ecodes, name) for name in names} == names
    assert (ecodes.EV_SYN, ecodes.EV_KEY, ecodes.SYN_DROPPED) == (EV_SYN, EV_KEY, SYN_DROPPED)


async def test_a_keypad_gives_each_key_once_however_long_it_is_held() -> None:
    async with running("keypad") as rig:
        rig.type(*codes("1290"), 79, 82, ENTERS[1], CLEARS[0], 16)
        await rig.ear.hears("key", 8)
        assert rig.ear.all("key") == [*"129010#*"]


async def test_a_card_is_what_is_typed_before_enter() -> None:
    async with running("card") as rig:
        rig.type(*codes("0012345678\n"))
        rig.type(SHIFTS[0], *codes("DEADBEEF\n"))
        await rig.ear.hears("card", 2)
        assert rig.ear.all("card") == [b"0012345678", b"DEADBEEF"]


async def test_what_is_no_card_opens_nothing() -> None:
    async with running("card") as rig:
        rig.type(*codes("123\n"))  # too short
        rig.type(*codes("1" * (LONGEST + 1) + "\n"))
        rig.type(*codes("12"), 16, *codes("34\n"))  # a letter that no number has
        await rig.ear.hears("garbled", 3)
        rig.type(*codes("1234"))
        rig.type(*codes("5678\n"), gap_s=2)  # half a card, and a hand much later
        rig.type(*codes("4321\n"))
        await rig.ear.hears("card")
        assert rig.ear.all("card") == [b"4321"]


async def test_events_that_the_kernel_dropped_take_the_card_along() -> None:
    async with running("card") as rig:
        rig.type(*codes("1234"))
        rig.send((EV_SYN, SYN_DROPPED, 0), (EV_KEY, codes("9")[0], 1), (EV_SYN, SYN_REPORT, 0))
        rig.type(*codes("5678\n"))
        await rig.ear.hears("card")
        assert rig.ear.all("card") == [b"5678"]


async def test_pulled_out_in_the_middle_of_a_card_and_put_in_again() -> None:
    async with running("card") as rig:
        rig.type(*codes("1234"))
        rig.unplug()
        await rig.ear.hears("found", 2)
        rig.type(*codes("5678\n"))
        await rig.ear.hears("card")
        assert rig.ear.all("card") == [b"5678"]
        assert rig.ear.all("lost") == ["it has ended"]


async def test_a_code_that_was_half_typed_on_a_keypad_is_cleared_with_it() -> None:
    async with running("keypad") as rig:
        rig.type(*codes("12"))
        rig.unplug()
        await rig.ear.hears("lost")
        assert rig.ear.all("key") == ["1", "2", "*"]


async def test_a_flood_of_keys_lets_others_have_their_turn() -> None:
    async with running("keypad") as rig:
        turns = 0
        for _ in range(50):
            rig.type(*codes("0123456789"))
            await asyncio.sleep(0)
            turns += 1
        await rig.ear.hears("key", 500)
        assert turns == 50


def test_a_device_that_is_not_plugged_in_is_told_by_its_number() -> None:
    with pytest.raises(Lost, match="1234:abcd is not plugged in"):
        open_device("1234:abcd")


class Keyboard:
    """An input device as evdev opens it."""

    opened: ClassVar[list[Keyboard]] = []

    def __init__(self, path: str) -> None:
        self.path = path
        self.info = SimpleNamespace(vendor=0x1234, product=0xABCD if "x" not in path else 1)
        self.state = "open"
        Keyboard.opened.append(self)

    def capabilities(self) -> dict[int, list[int]]:
        return {EV_KEY: [113, 114, 115] if "volume" in self.path else [*range(1, 100)]}

    def grab(self) -> None:
        if "taken" in self.path:
            raise OSError(errno.EBUSY, "Device or resource busy")
        self.state = "grabbed"

    def close(self) -> None:
        self.state = "closed"


@pytest.mark.parametrize(
    ("wanted", "there", "states"),
    [
        ("1234:abcd", ["x", "volume", "a", "b"], ["closed", "closed", "grabbed"]),
        ("/dev/input/by-id/a", [], ["grabbed"]),
    ],
)
def test_the_right_device_is_taken_for_lockd_alone(
    monkeypatch: pytest.MonkeyPatch, wanted: str, there: list[str], states: list[str]
) -> None:
    monkeypatch.setattr(Keyboard, "opened", [])
    monkeypatch.setattr("evdev.InputDevice", Keyboard)
    monkeypatch.setattr("evdev.list_devices", lambda: there)
    open_device(wanted)
    assert [each.state for each in Keyboard.opened] == states


def test_a_device_that_another_program_has_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Keyboard, "opened", [])
    monkeypatch.setattr("evdev.InputDevice", Keyboard)
    with pytest.raises(OSError, match="busy"):
        open_device("/dev/input/taken")
    assert [each.state for each in Keyboard.opened] == ["closed"]


def test_a_device_of_a_driver_of_the_kernels_own_is_found_and_read() -> None:
    """Beside the pipe, where this machine has uinput: a keyboard that the kernel makes."""
    if not os.access("/dev/uinput", os.W_OK):
        pytest.skip("this machine has no uinput; the tests above read the same from a pipe")
    import evdev

    keys = {EV_KEY: [*DIGITS, ENTERS[0]]}
    with evdev.UInput(keys, name="lockd's test", vendor=0x1234, product=0xABCD) as keyboard:
        device = open_device("1234:abcd")
        keyboard.write(EV_KEY, codes("7")[0], 1)
        keyboard.syn()
        select.select([device.fileno()], [], [], 5)
        assert [event.code for event in device.read() if event.type == EV_KEY] == codes("7")
        device.close()

"""A USB (or Bluetooth) keypad or card reader that pretends to be a keyboard, through evdev.

It is grabbed: what is typed there comes to lockd and to nobody else, no console, no desktop.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from lockd.reader import Reader
from lockd.readers.keys import DIGITS, ENTERS, EV_KEY, CardTyper, Event, Keypad, presses
from lockd.readers.port import WAITS, Apart, Lost, Well, keep, readable

#: vendor:product, as lsusb shows it.
IDS = re.compile(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{4})")
#: Without these keys it is no keypad: a reader may have a second device, for its volume keys.
NEEDED = {*tuple(DIGITS)[:10], ENTERS[0]}


class Device(Protocol):
    """An open input device (evdev.InputDevice)."""

    def fileno(self) -> int:
        """Readable when there are events."""

    def read(self) -> Iterator[Event]:
        """Those that there are."""

    def close(self) -> None:
        """Let go."""


def open_device(wanted: str) -> Device:
    """The device `vendor:product`, or at that path, for ourselves alone. Raises OSError or Lost."""
    import evdev

    ids = IDS.fullmatch(wanted)
    if ids is None:
        return _grabbed(evdev.InputDevice(wanted))
    vendor, product = (int(text, 16) for text in ids.groups())
    for path in evdev.list_devices():
        device = evdev.InputDevice(path)
        if (device.info.vendor, device.info.product) == (vendor, product) and _types(device):
            return _grabbed(device)
        device.close()
    hidden = sum(not os.access(f"/dev/input/{name}", os.R_OK) for name in _names())
    raise Lost(f"{wanted} is not plugged in" + (" (or lockd may not read it)" if hidden else ""))


def _names() -> list[str]:
    try:
        return [name for name in os.listdir("/dev/input") if name.startswith("event")]
    except OSError:
        return []


def _types(device: Any) -> bool:
    return set(device.capabilities().get(EV_KEY, ())) >= NEEDED


def _grabbed(device: Any) -> Device:
    try:
        device.grab()
    except OSError:
        device.close()
        raise
    opened: Device = device
    return opened


class Hid:
    """`kind`: "keypad" or "card"; `device` as in lockd.toml; `apart` does blocking work outside of the loop."""

    def __init__(
        self, kind: str, device: str, reader: Reader, apart: Apart,
        opener: Callable[[str], Device] = open_device, waits: Sequence[float] = WAITS,
    ) -> None:  # fmt: skip
        self._device, self._open, self._waits = device, opener, waits
        self._reader, self._apart = reader, apart
        self._typist = Keypad(reader.key) if kind == "keypad" else CardTyper(reader.card, reader.garbled)

    async def run(self) -> None:
        """Until cancelled."""
        await keep(self._serve, self._reader, self._waits)

    async def _serve(self, well: Well) -> None:
        device: Device = await self._apart(lambda: self._open(self._device))
        try:
            well()
            while True:
                await readable(device.fileno())
                self._take(device)
        finally:
            self._typist.forget()
            device.close()

    def _take(self, device: Device) -> None:
        try:
            events = list(device.read())
        except BlockingIOError:  # woken for nothing
            return
        if not events:
            raise Lost("it has ended")
        for code, at in presses(events, self._dropped):
            self._typist.press(code, at)

    def _dropped(self) -> None:
        self._typist.forget()
        self._reader.garbled("more keys at once than anybody types")

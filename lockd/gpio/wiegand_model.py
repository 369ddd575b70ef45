"""A modelled Wiegand reader at the mock pins: each card that is held to it becomes pulses on its two lines."""

from __future__ import annotations

import re
from typing import Any

from lockd.errors import InvalidField
from lockd.gpio.timeline import Timeline
from lockd.gpio.wiegand_frames import END_S, FIELDS, card_data
from lockd.settings import WiegandSettings

#: From one bit to the next, and from one frame to the next.
BIT_S = 0.002
REST_S = 4 * END_S

FORM = re.compile(rb"W(26|34|37)-([0-9]{3,5})-([0-9]{5,6})")


class WiegandReader:
    """Its pulses carry their own times, as the kernel's do: however busy this machine is, they are in step."""

    def __init__(self, factory: Any, settings: WiegandSettings, timeline: Timeline) -> None:
        self._lines = [factory.pin(pin.number) for pin in (settings.data0, settings.data1) if pin is not None]
        self._timeline = timeline
        self._free = 0.0  # when the next frame may begin

    def hold(self, data: bytes) -> None:
        """A card is held to it, of which the lock knows `data` (wiegand_frames.card_data)."""
        self.send(frame_of(data))

    def send(self, bits: str) -> None:
        """These bits, as "0" and "1"."""
        at = max(self._timeline.time(), self._free)
        for bit in bits:
            self._lines[int(bit)].pulse(at)
            at += BIT_S
        self._free = at + REST_S


def frame_of(data: bytes) -> str:
    """The bits that such a card sends, with their parity. InvalidField when no Wiegand card has such data."""
    form = FORM.fullmatch(data)
    length, facility, number = map(int, form.groups()) if form else (0, 0, 0)
    if form is None or card_data(length, facility, number) != data or not _fits(length, facility, number):
        raise InvalidField("data: no Wiegand card has that; it is W26-FFF-NNNNN, W34-FFFFF-NNNNN or W37-FFFFF-NNNNNN,"
                           " with facility and card number")  # fmt: skip
    first, second = FIELDS[length]
    middle = f"{facility:0{first}b}{number:0{second}b}"
    half = (length - 1) // 2  # bits of the middle that each parity bit covers
    even, odd = middle[:half].count("1") % 2, 1 - middle[-half:].count("1") % 2
    return f"{even}{middle}{odd}"


def _fits(length: int, facility: int, number: int) -> bool:
    first, second = FIELDS[length]
    return facility < 1 << first and number < 1 << second

"""A Wiegand reader's lines with their own times; and a second decoder, made otherwise than lockd's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from lockd.gpio.wiegand import SETTLED_S, Wiegand
from lockd.settings import Pin, Settings, WiegandSettings, simulation
from tests.gpio.clockwork import Bench

BIT_S = 0.002
#: Facility and number, the bits of the frame.
KNOWN = (
    (b"W26-001-00001", "10000000100000000000000010"),
    (b"W26-000-00000", "00000000000000000000000001"),
    (b"W26-255-65535", "01111111111111111111111111"),
    (b"W26-188-24910", "11011110001100001010011100"),
    (b"W34-00001-00001", "1000000000000000100000000000000010"),
    (b"W34-65535-65535", "0111111111111111111111111111111111"),
    (b"W37-00001-000001", "1000000000000000100000000000000000010"),
    (b"W37-65535-524287", "0111111111111111111111111111111111111"),
)  # fmt: skip

LINES = WiegandSettings(
    data0=Pin(14, "low", "up", "wiegand.data0"), data1=Pin(15, "low", "up", "wiegand.data1")
)  # fmt: skip


def wired() -> Settings:
    """The simulation with a Wiegand reader on the two lines of the console."""
    return simulation().but(wiegand=LINES)


class Heard:
    """What a driver tells."""

    def __init__(self) -> None:
        self.cards: list[bytes] = []
        self.keys = ""
        self.garbage: list[str] = []
        self.trouble: str | None = None

    def card(self, data: bytes) -> None:
        self.cards.append(data)

    def finger(self, slot: int) -> None:
        raise AssertionError("a Wiegand reader knows no fingers")

    def unknown_finger(self) -> None:
        raise AssertionError("a Wiegand reader knows no fingers")

    def key(self, key: str) -> None:
        self.keys += key

    def garbled(self, why: str) -> None:
        self.garbage.append(why)

    def found(self) -> None:
        self.trouble = ""

    def lost(self, why: str) -> None:
        self.trouble = why


class Rig:
    """lockd's reader on the modelled door's lines."""

    def __init__(self, folder: Path, settings: Settings | None = None) -> None:
        self.bench = Bench(folder, settings or wired())
        self.heard = Heard()
        lines = self.bench.settings.wiegand
        self.lines = [self.bench.line(pin) for pin in (lines.data0, lines.data1)]
        self.reader = Wiegand(self.bench.pins, lines, self.heard, self.bench.clock)
        self._at = 1000.0

    def send(self, bits: str, bit_s: float = BIT_S, after_s: float = 1.0) -> None:
        """A frame, and then silence for so long on the wire; the loop has not looked yet."""
        for bit in bits:
            self._at += bit_s
            self.lines[int(bit)].pulse(self._at)
        self._at += after_s

    def pulses(self, pulses: Iterable[tuple[float, int]]) -> None:
        """Pulses at these times after now, each on its line, told in this order."""
        for at, line in pulses:
            self.lines[line].pulse(self._at + at)
        self._at += 10

    def settle(self) -> None:
        """The loop looks."""
        self.bench.clock.turn(2 * SETTLED_S)

    def close(self) -> None:
        self.reader.close()
        self.bench.close()


#: Facilities and numbers that fit, bits that each parity covers with itself, how the card is written.
FORMATS = {
    26: (16, 0xFF, 0xFFFF, 13, "W26-%03d-%05d"), 34: (16, 0xFFFF, 0xFFFF, 17, "W34-%05d-%05d"),
    37: (19, 0xFFFF, 0x7FFFF, 19, "W37-%05d-%06d"),
}  # fmt: skip
PAD = {0xF0: "0", 0xE1: "1", 0xD2: "2", 0xC3: "3", 0xB4: "4", 0xA5: "5", 0x96: "6", 0x87: "7", 0x78: "8", 0x69: "9",
       0x5A: "*", 0x4B: "#"}  # fmt: skip


def second_opinion(pulses: Iterable[tuple[float, int]]) -> tuple[list[bytes], str]:
    """The cards and keys in these pulses, by Wiegand's own rules and nothing of lockd's: microseconds in
    place of seconds, frames as integers, parity by masks, formats, keys and limits written out again."""
    cards: list[bytes] = []
    keys = ""
    for frame, count in _second_frames(pulses):
        if count == 4:
            keys += {key & 15: name for key, name in PAD.items()}.get(frame, "")
        elif count == 8:
            keys += PAD.get(frame, "")
        elif count in FORMATS:
            shift, facilities, numbers, half, form = FORMATS[count]
            ones = (frame >> (count - half)).bit_count(), (frame & ((1 << half) - 1)).bit_count()
            if ones[0] & 1 == 0 and ones[1] & 1:
                body = frame >> 1
                cards.append((form % (body >> shift & facilities, body & numbers)).encode())
    return cards, keys


def _second_frames(pulses: Iterable[tuple[float, int]]) -> Iterator[tuple[int, int]]:
    """Each frame without glitches, as a number and how many bits it has."""
    frame, count, last, spoilt = 0, 0, 0, False
    for microseconds, line in sorted((round(at * 1e6), line) for at, line in pulses):
        if count and microseconds - last > 25_000:
            if not spoilt:
                yield frame, count
            frame, count, spoilt = 0, 0, False
        elif count and microseconds - last < 100:
            spoilt = True
        frame, count, last = frame << 1 | line, count + 1, microseconds
    if count and not spoilt:
        yield frame, count

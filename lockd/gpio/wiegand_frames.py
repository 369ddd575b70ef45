"""What the pulses of a Wiegand reader say: cards and keys, bit by bit.

The reader pulls data0 for a 0 and data1 for a 1, some 50 µs long and a millisecond or two apart; silence
ends the frame. https://en.wikipedia.org/wiki/Wiegand_interface; the formats' names are HID's:
26 bits H10301, 34 bits H10306, 37 bits H10304.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from lockd.value import Value, secret

#: When, in seconds of the kernel's, and on which line: the bit.
Pulse = tuple[float, int]

#: Two pulses nearer to each other than this are none: a glitch, or both lines at once. Readers leave 200 µs.
NEAREST_S = 0.0001
#: Silence that ends a frame. Readers leave at most 20 ms between two bits.
END_S = 0.025

#: Bits of the facility and of the card number, by the bits of the frame.
FIELDS = {26: (8, 16), 34: (16, 16), 37: (16, 19)}
#: The keys by their four bits. What keypads have beyond them means nothing to a lock.
KEYS = "0123456789*#"


class Card(Value):
    """`data`: what the lock knows it by (`card_data`)."""

    data: bytes = secret()


class Key(Value):
    """A key of KEYS."""

    key: str = secret()


class Garbled(Value):
    """Not what a reader sends; `why` holds nothing of the data."""

    why: str


def frames(pulses: Iterable[Pulse]) -> Iterator[list[Pulse]]:
    """The pulses of each frame, in the order of their time; those of the two lines may come mixed up."""
    frame: list[Pulse] = []
    for pulse in sorted(pulses):
        if frame and pulse[0] - frame[-1][0] > END_S:
            yield frame
            frame = []
        frame.append(pulse)
    if frame:
        yield frame


def read(frame: Sequence[Pulse]) -> Card | Key | Garbled:
    """What a whole frame says. Pulses that are too near to each other spoil all of it: which of them
    is the reader's cannot be told."""
    if any(later[0] - sooner[0] < NEAREST_S for sooner, later in pairwise(frame)):
        return Garbled("pulses too near to each other")
    bits = [bit for _, bit in frame]
    if len(bits) == 4:
        return _key(_number(bits))
    if len(bits) == 8:
        high, low = _number(bits[:4]), _number(bits[4:])
        return _key(low) if high == low ^ 0xF else Garbled("a key whose complement is wrong")
    if len(bits) in FIELDS:
        return _card(bits)
    return Garbled(f"a frame of {len(bits)} bits")


def card_data(length: int, facility: int, number: int) -> bytes:
    """The card as the lock knows it, whichever Wiegand reader it is shown to: the frame's length,
    facility and card number in ASCII, with the zeros that the largest one of the format would fill,
    as in b"W26-188-24910"."""
    wide = [len(str(2**bits - 1)) for bits in FIELDS[length]]
    return f"W{length}-{facility:0{wide[0]}}-{number:0{wide[1]}}".encode()


def _card(bits: list[int]) -> Card | Garbled:
    if not _parity(bits):
        swapped = _parity([1 - bit for bit in bits])
        return Garbled("wrong parity; right with data0 and data1 swapped: swap them" if swapped else "wrong parity")
    first, _ = FIELDS[len(bits)]
    return Card(card_data(len(bits), _number(bits[1 : first + 1]), _number(bits[first + 1 : -1])))


def _parity(bits: list[int]) -> bool:
    """The first bit makes the ones of the first half even, the last one those of the last half odd.
    The halves of an odd frame share its middle."""
    half = (len(bits) + 1) // 2
    return sum(bits[:half]) % 2 == 0 and sum(bits[-half:]) % 2 == 1


def _key(value: int) -> Key | Garbled:
    return Key(KEYS[value]) if value < len(KEYS) else Garbled("a key that means nothing here")


def _number(bits: Sequence[int]) -> int:
    return int("".join(map(str, bits)), 2)

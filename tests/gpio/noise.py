"""Everything that two lines may carry but a reader's frames: chance, and frames that something has happened to.

What a false credential is: a card or key that lockd tells and the second decoder (wiegand.py) does not find in
the same pulses; or any at all from a frame with one wrong bit, one pulse too many or too few, a glitch, or from
lines that never rest. Two wrong bits in one half have the right parity: that is a card by Wiegand's own rules.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from lockd.gpio.wiegand import DEAF_S, MOST
from lockd.gpio.wiegand_model import frame_of
from tests.gpio.wiegand import FORMATS, Rig, second_opinion

Pulses = list[tuple[float, int]]

#: The limits themselves, in microseconds: on which side of them a float falls is anybody's guess.
LIMITS = (100, 25_000)
GAPS = ((1, 150), (80, 120), (150, 3000), (200, 20_000), (24_000, 26_000), (20_000, 400_000))


def _timed(bits: str, gaps: Iterator[int]) -> Pulses:
    pulses, at = [], 0
    for bit in bits:
        pulses.append((at / 1e6, int(bit)))
        gap = next(gaps)
        at += gap + (gap in LIMITS)
    return pulses


def _gaps(chance: random.Random, *ranges: tuple[int, int]) -> Iterator[int]:
    while True:
        yield chance.randint(*chance.choice(ranges))


def _bits(chance: random.Random, most: int) -> str:
    count = chance.randint(1, most)
    return f"{chance.getrandbits(count):0{count}b}"


def _frame(chance: random.Random) -> str:
    length = chance.choice((26, 34, 37))
    _, facilities, numbers, _, form = FORMATS[length]
    return frame_of((form % (chance.randint(0, facilities), chance.randint(0, numbers))).encode())


def _even(chance: random.Random, bits: str) -> Pulses:
    return _timed(bits, _gaps(chance, (200, 20_000)))


def chaos(chance: random.Random) -> Pulses:
    """Any bits at any distances."""
    return _timed(_bits(chance, 80), _gaps(chance, *GAPS))


def lengths(chance: random.Random) -> Pulses:
    """Frames in step, of any length and content; a quarter of those as long as a card's has its parity."""
    count = chance.choice((4, 8, 26, 34, 37, chance.randint(1, 64)))
    return _even(chance, f"{chance.getrandbits(count):0{count}b}")


def torn(chance: random.Random) -> Pulses:
    """A card with a pause somewhere, or several cards with little between them."""
    return [pulse for n in range(3) for pulse in _shifted(_even(chance, _frame(chance)), n * chance.uniform(0.4, 0.9))]


def _shifted(pulses: Pulses, by: float) -> Pulses:
    return [(round(at + by, 6), line) for at, line in pulses]


def flipped(chance: random.Random) -> Pulses:
    """One wrong bit."""
    bits = _frame(chance)
    place = chance.randrange(len(bits))
    return _even(chance, bits[:place] + "10"[int(bits[place])] + bits[place + 1 :])


def one_less(chance: random.Random) -> Pulses:
    """A pulse was lost."""
    bits = _frame(chance)
    place = chance.randrange(len(bits))
    return _timed(bits[:place] + bits[place + 1 :], _gaps(chance, (200, 12_000)))


def one_more(chance: random.Random) -> Pulses:
    """A pulse of somebody else's."""
    bits = _frame(chance)
    place = chance.randrange(len(bits))
    return _even(chance, bits[:place] + chance.choice("01") + bits[place:])


def glitch(chance: random.Random) -> Pulses:
    """A pulse right beside another one, or on both lines at once."""
    pulses = _even(chance, _frame(chance))
    at, line = chance.choice(pulses)
    return [*pulses, (at + chance.randint(0, 99) / 1e6, chance.choice((line, 1 - line)))]


def flood(chance: random.Random) -> Pulses:
    """Lines that never rest, with cards in what they carry."""
    bits = "".join(_frame(chance) for _ in range(MOST // 26 + 2))
    return _timed(bits, _gaps(chance, (20, 3000)))


#: What may say something, and what may not, whatever its parity comes to; each with its share.
MAY: tuple[Callable[[random.Random], Pulses], ...] = (chaos, lengths, torn)
NEVER: tuple[Callable[[random.Random], Pulses], ...] = (flipped, one_less, one_more, glitch)
SHARES = {chaos: 300, lengths: 300, torn: 40, flipped: 90, one_less: 90, one_more: 90, glitch: 85, flood: 5}


def fuzz(rig: Rig, count: int, seed: int) -> dict[str, int]:
    """Pass so many inputs through pins, driver and decoder. How many there were, cards, keys and pieces of garbage
    that they came to; AssertionError at the first false credential."""
    chance = random.Random(seed)
    told = {"inputs": 0, "cards": 0, "keys": 0, "garbage": 0}
    for make in chance.choices(list(SHARES), list(SHARES.values()), k=count):
        pulses = make(chance)
        heard = chance.sample(pulses, len(pulses))  # each line's in whatever order its thread comes by
        rig.pulses(heard if make is not flood else pulses)
        rig.settle()
        expected = ([], "") if make in NEVER or make is flood else second_opinion(pulses)
        assert (rig.heard.cards, rig.heard.keys) == expected, (make.__name__, seed, pulses)
        if make is flood:
            rig.bench.clock.turn(DEAF_S)
        told["inputs"] += 1
        told["cards"] += len(rig.heard.cards)
        told["keys"] += len(rig.heard.keys)
        told["garbage"] += len(rig.heard.garbage)
        rig.heard.cards.clear()
        rig.heard.garbage.clear()
        rig.heard.keys = ""
    return told

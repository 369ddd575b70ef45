"""What fingers, bouncing contacts and noise make of a matrix keypad: keys that were told though they were not down
alone, or told again though they never came up.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

from lockd.gpio.keypad import KEYS, MatrixKeypad
from tests.gpio.clockwork import Bench

#: Seconds that contacts stay as they are: bouncing, as long as their rest is waited for, and as long as a finger.
LASTS = ((0.00005, 0.002), (0.002, 0.03), (0.03, 0.3))


class Watched:
    """A keypad whose keys are compared with what is down as they are told. `told`, `false`: how many."""

    def __init__(self, folder: Path) -> None:
        self.told = self.false = 0
        self.bench = Bench(folder)
        self._down = self._last = ""
        self.keypad = MatrixKeypad(self.bench.pins, self.bench.settings, self._press, self.bench.clock)

    def hold(self, keys: str, seconds: float) -> None:
        """Exactly these are down for so long."""
        assert self.bench.door._matrix
        self._down = keys
        if self._last not in keys:
            self._last = ""
        self.bench.door._matrix.hold(keys)
        self.bench.clock.turn(seconds)

    def _press(self, key: str) -> None:
        self.told += 1
        self.false += self._down != key or self._last == key
        self._last = key

    def forget(self) -> None:
        """What gpiozero's mock keeps of each level that a column had."""
        for column in self.bench.settings.keypad.columns:
            self.bench.line(column).clear_states()

    def close(self) -> None:
        self.keypad.close()
        self.bench.close()


def fuzz(folder: Path, inputs: int, seed: int) -> tuple[int, int]:
    """Keys told and false ones; then a key that is pressed as people do is told, whatever came before."""
    watched, chance = Watched(folder), Random(seed)
    for each in range(inputs):
        if each % 1000 == 0:
            watched.forget()
        count = chance.choice((0, 0, 1, 1, 1, 2, 3, 12))
        watched.hold("".join(chance.sample(KEYS, count)), chance.uniform(*chance.choice(LASTS)))
    watched.hold("", 1.0)
    before = watched.told
    watched.hold("5", 1.0)
    watched.hold("", 1.0)
    told = watched.told
    watched.close()
    assert told == before + 1
    return before, watched.false

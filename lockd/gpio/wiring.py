"""The wires between the modelled door and the mock pins: contacts that bounce, coils and lamps
that are driven, and a keypad whose keys really join a row to a column."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from lockd.gpio.keypad import LAYOUT, matrix_pins
from lockd.gpio.timeline import Timeline, Timer
from lockd.settings import Pin, Settings

#: When a closing or opening contact changes its mind, in seconds; at the end it stays.
BOUNCES_S = (0.001, 0.002, 0.003, 0.004)

def drive(line: Any, high: bool) -> None:
    """Pull a line from outside; what is an output does not care."""
    if line.function == "input":
        line.drive_high() if high else line.drive_low()


class Coil:
    """Something that an output of lockd's switches: a motor's winding, a lamp, the buzzer.
    `switched` is called in the loop, some time after."""

    def __init__(self, factory: Any, pin: Pin, timeline: Timeline, switched: Callable[[], None]) -> None:
        self._line = factory.pin(pin.number)
        self._high = pin.active == "high"
        self._timeline = timeline
        self._switched = switched
        self._was_on = self.on
        self._line.heard = self._hear

    @property
    def on(self) -> bool:
        """Whether it is driven to its active level."""
        return bool(self._line.function == "output" and self._line.state == self._high)

    def close(self) -> None:
        """Cut the wire."""
        self._line.heard = None

    def _hear(self) -> None:
        before, self._was_on = self._was_on, self.on
        if self._was_on == before:
            return
        with suppress(RuntimeError):  # pins are also switched off at exit, when the loop is closed
            self._timeline.call_soon_threadsafe(self._switched)


class Switch:
    """A mechanical contact on an input of lockd's."""

    def __init__(self, factory: Any, pin: Pin, timeline: Timeline, on: bool) -> None:
        self._line = factory.pin(pin.number)
        self._high = pin.active == "high"
        self._timeline = timeline
        self._touching = self._on = on
        self._bounces: list[Timer] = []
        self._line.heard = self._pull
        self._pull()

    def set(self, on: bool) -> None:
        """Close or open it, with the bounce of one."""
        if on == self._on:
            return
        self._on = on
        self._still()
        self._touch(on)
        for n, delay in enumerate(BOUNCES_S):
            self._bounces.append(self._timeline.call_later(delay, self._touch, on == bool(n % 2)))

    def close(self) -> None:
        """Cut the wire."""
        self._still()
        self._line.heard = None

    def _still(self) -> None:
        for bounce in self._bounces:
            bounce.cancel()
        self._bounces.clear()

    def _touch(self, on: bool) -> None:
        self._touching = on
        self._pull()

    def _pull(self) -> None:
        drive(self._line, self._touching == self._high)


class Matrix:
    """The keypad's foil. A pressed key joins its row to its column, and so, with others, columns
    to columns. A finger presses one key after the other."""

    def __init__(self, factory: Any, settings: Settings, timeline: Timeline) -> None:
        rows, columns = matrix_pins(settings.keypad)
        self._rows = [factory.pin(pin.number) for pin in rows]
        self._columns = [factory.pin(pin.number) for pin in columns]
        self._idle_high = [pin.active == "low" for pin in columns]
        self._timeline = timeline
        #: How long a key is down, and up, before the next one: so that it can be felt.
        self._press_s = 0.02 + 2 * settings.gpio.debounce_ms / 1000
        self._down: set[str] = set()
        self._queue: list[str] = []
        self._finger: Timer | None = None
        self._bounces: list[Timer] = []
        self._places = {
            key: (row, column)
            for row, line in enumerate(LAYOUT[: len(rows)])
            for column, key in enumerate(line[: len(columns)])
        }
        for line in (*self._rows, *self._columns):
            line.heard = self._join
        self._join()

    @property
    def keys(self) -> str:
        """The keys there are."""
        return "".join(self._places)

    @property
    def waiting(self) -> int:
        """Keys still to be pressed."""
        return len(self._queue)

    def press(self, keys: str) -> None:
        """One after the other; behind those that are still to be pressed."""
        self._queue += keys
        if self._finger is None:
            self._press_next()

    def hold(self, keys: str) -> None:
        """Exactly these keys are down now."""
        self._down = set(keys)
        self._join()

    def close(self) -> None:
        """Cut the wires."""
        for timer in (*self._bounces, *([self._finger] if self._finger else [])):
            timer.cancel()
        for line in (*self._rows, *self._columns):
            line.heard = None

    def _press_next(self) -> None:
        self._finger = None
        if self._queue:
            key = self._queue.pop(0)
            self._strike(key, "")
            self._linger(partial(self._lift, key))

    def _lift(self, key: str) -> None:
        self._strike("", key)
        self._linger(self._press_next)

    def _linger(self, then: Callable[[], None], halves: int = 2) -> None:
        """Half the time twice: when a busy machine wakes the lock and the finger late, the lock still has one half."""
        deed = then if halves == 1 else partial(self._linger, then, halves - 1)
        self._finger = self._timeline.call_later(self._press_s / 2, deed)

    def _strike(self, after: str, before: str) -> None:
        """The key that is down from now on, with the bounce towards the one before."""
        self.hold(after)
        self._bounces = [
            self._timeline.call_later(delay, self.hold, after if n % 2 else before) for n, delay in enumerate(BOUNCES_S)
        ]

    def _join(self) -> None:
        """Each column takes the level of the driven row that it is joined to, else of its pull."""
        for index, line in enumerate(self._columns):
            rows = [self._rows[row] for row in self._joined(index)]
            levels = [row.state for row in rows if row.function == "output"]
            drive(line, levels[0] if levels else self._idle_high[index])

    def _joined(self, column: int) -> set[int]:
        """The rows that pressed keys connect the column to, by way of other columns too."""
        places = [self._places[key] for key in self._down]
        rows: set[int] = set()
        columns = {column}
        while fresh := {row for row, c in places if c in columns} - rows:
            rows |= fresh
            columns |= {c for row, c in places if row in rows}
        return rows

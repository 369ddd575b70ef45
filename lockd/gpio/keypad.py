"""A matrix keypad: asleep until a key makes an edge, then scanned once.

At rest every row is driven, so that any key pulls its column over. When the columns have come to
rest and differ from before, the rows are driven one by one, the others left open (two keys in one
column would short two driven rows). A held key is neither repeated nor asked about: its release
makes the next edge. One key at a time: of several pressed together none counts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from lockd.gpio.lines import Attempts, telling
from lockd.gpio.pins import Input, Output, Pins
from lockd.gpio.timeline import Timeline, Timer
from lockd.settings import KeypadSettings, Pin, Settings

log = logging.getLogger("lockd.keypad")

#: The print on the keys, row by row. The fourth column's letters mean nothing to a lock.
LAYOUT = ("123A", "456B", "789C", "*0#D")
KEYS = "0123456789*#"

#: A key held for longer is stuck: said once.
STUCK_S = 30.0


def matrix_pins(keypad: KeypadSettings) -> tuple[tuple[Pin, ...], tuple[Pin, ...]]:
    """Rows and columns with the level that a pressed key has: the one opposite to the columns'
    pull, whatever else is said of them; without a pull as the columns say."""
    columns = tuple(pin.but(active=_pressed_level(pin)) for pin in keypad.columns)
    level = columns[0].active if columns else "low"
    return tuple(pin.but(active=level) for pin in keypad.rows), columns


def _pressed_level(column: Pin) -> str:
    return {"up": "low", "down": "high", "none": column.active}[column.pull]


class MatrixKeypad:
    """`press(key)` is called in the loop for each key of KEYS, as it goes down; `told` when `trouble` came or went."""

    def __init__(
        self, pins: Pins, settings: Settings, press: Callable[[str], None], timeline: Timeline | None = None,
        told: Callable[[], object] = lambda: None,
    ) -> None:  # fmt: skip
        self._timeline = timeline or asyncio.get_running_loop()
        self._pins, self._keypad = pins, settings.keypad
        self._press = press
        self._rest_s = settings.gpio.debounce_ms / 1000
        self._rows: tuple[Output, ...] = ()
        self._columns: tuple[Input, ...] = ()
        self._down: tuple[bool, ...] = ()  # columns pulled over
        self._resting: Timer | None = None
        self._stuck: Timer | None = None
        self._held = ""  # the key that was reported last and is not known to be up
        self._closed = False
        self._attempts = Attempts(self._rested, self._timeline, telling(log, "the keypad", told))
        self._attempts.make(self._begin)

    @property
    def trouble(self) -> str:
        """Why no key can be felt now; empty while they can."""
        return self._attempts.trouble

    def close(self) -> None:
        """No more keys."""
        self._closed = True
        self._attempts.close()
        for timer in (self._resting, self._stuck):
            if timer is not None:
                timer.cancel()
        self._resting = self._stuck = None
        for column in self._columns:
            column.watch(None)

    def _begin(self) -> None:
        """A key that is down already counts as none."""
        rows, columns = matrix_pins(self._keypad)
        self._rows = tuple(self._pins.output(pin) for pin in rows)
        self._columns = tuple(self._pins.input(pin) for pin in columns)
        self._held = ""
        self._rest_rows()
        self._down = self._read()
        for column in self._columns:
            column.watch(partial(self._timeline.call_soon_threadsafe, self._edge))
        if any(self._read()):
            self._edge()

    def _edge(self) -> None:
        if self._closed:  # it was on its way at the end
            return
        if self._resting is not None:
            self._resting.cancel()
        self._resting = self._timeline.call_later(self._rest_s, self._rested)

    def _rested(self) -> None:
        """The columns are at rest. Scanning makes edges itself, and so one more rest, which finds
        nothing new."""
        self._resting = None
        self._attempts.make(self._begin if self.trouble else self._compare)

    def _compare(self) -> None:
        before, self._down = self._down, self._read()
        if self._stuck is None and any(self._down):
            self._stuck = self._timeline.call_later(STUCK_S, self._say_stuck)
        if self._down == before:
            return
        if not any(self._down):
            self._released()
            return
        keys = self._scan()
        fresh = self._held or not any(before)  # else what is left of several pressed together
        if len(keys) == 1 and fresh and keys[0] != self._held:
            self._held = keys[0]
            if self._held in KEYS:
                self._press(self._held)

    def _released(self) -> None:
        self._held = ""
        if self._stuck is not None:
            self._stuck.cancel()
        self._stuck = None

    def _scan(self) -> list[str]:
        found = []
        try:
            for row in self._rows:
                row.release()
            for row, line in zip(self._rows, LAYOUT, strict=False):
                row.set(True)
                found += [key for key, down in zip(line, self._read(), strict=False) if down]
                row.release()
        finally:
            self._rest_rows()
        return found

    def _rest_rows(self) -> None:
        for row in self._rows:
            row.set(True)

    def _read(self) -> tuple[bool, ...]:
        return tuple(column.on for column in self._columns)

    def _say_stuck(self) -> None:
        log.warning("a key of the keypad is stuck: down for %d s", STUCK_S)

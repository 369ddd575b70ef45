"""A line whose short pulses count, each with the kernel's own time of it.

Only the edge into the pulse is asked for: between two edges of some 50 µs the kernel could not tell which
it was that it saw. The time is that of the interrupt, however late lockd hears of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lockd.errors import Failure
from lockd.gpio.backend import naming
from lockd.settings import Pin

PULLS = {"up": "up", "down": "down", "none": "floating"}


class PulseLine:
    """A read line that rests at the level opposite to the active one."""

    def __init__(self, pin: Pin, factory: Any) -> None:
        self.pin = pin
        self._pulse: Callable[[float], object] | None = None
        with naming(pin):
            self._line = factory.pin(pin.number)
            self._line.input_with_pull(PULLS[pin.pull])
            self._line.edges = "falling" if pin.active == "low" else "rising"

    @property
    def on(self) -> bool:
        """Whether it is in a pulse now; a line at rest, or whose reader is whole, hardly ever is."""
        with naming(self.pin):
            return bool(self._line.state) == (self.pin.active == "high")

    def watch(self, pulse: Callable[[float], object] | None) -> None:
        """Call at each pulse with its time, in a thread of the library's: seconds since the kernel knows
        when, good for telling pulses apart and nothing else. None: no more calls."""
        self._pulse = pulse
        with naming(self.pin):
            self._line.when_changed = self._changed if pulse is not None else None

    def close(self) -> None:
        """Let go; no more calls."""
        try:
            self.watch(None)
        except Failure:
            self._pulse = None  # the chip is gone; so are its calls
        with naming(self.pin):
            self._line.close()

    def _changed(self, at: float, _level: bool) -> None:
        pulse = self._pulse
        if pulse is not None:
            pulse(at)

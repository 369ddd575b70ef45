"""A timeline that stands still until a test turns it, and a lock wired on it."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from lockd.gpio.backend import mock_factory
from lockd.gpio.mechanism import Mechanism
from lockd.gpio.pins import Pins
from lockd.reading import Reading
from lockd.settings import Pin, Settings, simulation


class Call:
    """A call to come."""

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        self.callback, self.args, self.cancelled = callback, args, False

    def cancel(self) -> None:
        self.cancelled = True


class Clockwork:
    """Calls come in the order of their time, and of their asking."""

    def __init__(self) -> None:
        self.now = 100.0
        self.wakeups = 0
        self._calls: list[tuple[float, int, Call]] = []
        self._order = count()
        self._lock = threading.Lock()

    @property
    def idle(self) -> bool:
        """Whether nothing is to come."""
        return all(call.cancelled for _, _, call in self._calls)

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any) -> Call:
        call = Call(callback, args)
        with self._lock:
            heapq.heappush(self._calls, (self.now + delay, next(self._order), call))
        return call

    def call_soon_threadsafe(self, callback: Callable[..., object], *args: Any) -> Call:
        return self.call_later(0.0, callback, *args)

    def turn(self, seconds: float = 0.0) -> None:
        """Let that much time pass."""
        end = self.now + seconds
        while self._calls and self._calls[0][0] <= end + 1e-9:
            when, _, call = heapq.heappop(self._calls)
            self.now = max(self.now, when)
            if not call.cancelled:
                self.wakeups += 1
                call.callback(*call.args)
        self.now = max(self.now, end)


class Bench:
    """Settings, a modelled door and claimed pins on one clockwork."""

    def __init__(self, folder: Path, settings: Settings | None = None) -> None:
        self.settings = settings or simulation()
        self.clock = Clockwork()
        self.factory = mock_factory()
        self.file = folder / "door.json"
        self.moved: list[float] = []
        self.changed: dict[str, Any] = {}
        self.readings: list[Reading] = []
        told = (self.moved.append, self.changed.update, self.readings.append)
        self.door = Mechanism(self.factory, self.settings, self.file, *told, self.clock)
        self.pins = Pins(self.settings, folder, self.factory)

    def line(self, pin: Pin | None) -> Any:
        """The mock line itself."""
        assert pin is not None
        return self.factory.pin(pin.number)

    def on(self, pin: Pin | None) -> bool:
        """Whether the line is driven, or pulled, to its active level."""
        assert pin is not None
        return bool(self.line(pin).state == (pin.active == "high"))

    def drive(self, *pins: Pin | None) -> None:
        """Exactly these of the bolt's lines on, as lockd's motor would."""
        bolt = self.settings.bolt
        for pin in (bolt.enable, bolt.forward, bolt.backward):
            if pin is not None:
                self.pins.output(pin).set(pin in pins)
        self.clock.turn()

    def close(self) -> None:
        self.pins.close()
        self.door.close()

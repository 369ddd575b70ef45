"""Every GPIO line that lockd holds: claimed once, by name, and let go in the right order."""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from lockd.errors import Failure
from lockd.gpio.actuators import motor_pins
from lockd.gpio.backend import naming, open_factory
from lockd.gpio.library import GPIODevice
from lockd.settings import Pin, Settings

log = logging.getLogger("lockd.gpio")


class Output:
    """A driven line: on or off, whichever level that is. Safe from any thread; a line that does
    not obey is a Failure."""

    def __init__(self, pin: Pin, factory: Any) -> None:
        self.pin = pin
        self._lock = threading.Lock()
        self._wanted: bool | None = False
        with naming(pin):
            self._device = GPIODevice(pin.number, pin_factory=factory)
            try:
                self._device.pin.output_with_state(self._level(False))
            except BaseException:
                self._device.close()  # it may be claimed again
                raise

    @property
    def on(self) -> bool:
        """What it was last set to."""
        return bool(self._wanted)

    def set(self, on: bool) -> None:
        """Drive it."""
        with self._lock, naming(self.pin):
            if self._wanted is None:
                self._device.pin.output_with_state(self._level(on))
            else:
                self._device.pin.state = self._level(on)
            self._wanted = on

    def release(self) -> None:
        """Drive it neither way until the next `set`."""
        with self._lock, naming(self.pin):
            self._device.pin.function = "input"
            self._wanted = None

    def check(self) -> None:
        """Failure when the line is not as it was set."""
        with self._lock, naming(self.pin):
            on = None if self._wanted is None else bool(self._device.value) == self._level(True)
        if on != self._wanted:
            raise Failure(f"{self.pin.key}: GPIO{self.pin.number} is {'on' if on else 'off'} and should not be")

    def close(self) -> None:
        """Off, and let go."""
        try:
            self.set(False)
        finally:
            with naming(self.pin):
                self._device.close()

    def _level(self, on: bool) -> bool:
        """Whether the line is high then."""
        return on == (self.pin.active == "high")


class Input:
    """A read line, by its polarity and pull."""

    def __init__(self, pin: Pin, factory: Any) -> None:
        self.pin = pin
        self._edge: Callable[[], object] | None = None
        with naming(pin):
            self._device = GPIODevice(pin.number, pin_factory=factory)
            try:
                self._device.pin.input_with_pull({"none": "floating"}.get(pin.pull, pin.pull))
                self._device.pin.edges = "both"
                self._device.pin.when_changed = self._changed
            except BaseException:
                self._device.close()  # it may be claimed again
                raise

    @property
    def on(self) -> bool:
        """The level now, not debounced."""
        with naming(self.pin):
            return bool(self._device.value) == (self.pin.active == "high")

    def watch(self, edge: Callable[[], object] | None) -> None:
        """Call at each change of level, in a thread of the library's; None: no more."""
        self._edge = edge

    def close(self) -> None:
        """Let go; no more calls."""
        self._edge = None
        with naming(self.pin):
            self._device.close()

    def _changed(self, _ticks: object, _level: object) -> None:
        edge = self._edge
        if edge is not None:
            edge()


class Claimable(Protocol):
    """A kind of line. `close`: let go; a line that is driven is off then."""

    pin: Pin

    def __init__(self, pin: Pin, factory: Any) -> None: ...

    def close(self) -> None: ...


Line = TypeVar("Line", bound=Claimable)


class Pins:
    """The factory and every line claimed from it. The motor's are claimed, inactive, before
    anything else; at any end that Python sees they are switched off first."""

    def __init__(self, settings: Settings, runtime_dir: Path, factory: Any = None) -> None:
        self._factory = factory if factory is not None else open_factory(settings.gpio, runtime_dir)
        self._lines: dict[int, Claimable] = {}
        atexit.register(self.close)
        try:
            self._motor = [self.output(pin) for pin in motor_pins(settings.bolt)]
        except Failure:
            self.close()
            raise

    def output(self, pin: Pin) -> Output:
        """The line as an output, off when it is claimed now. The same line twice is the same one."""
        return self.claim(pin, Output)

    def input(self, pin: Pin) -> Input:
        """The line as an input."""
        return self.claim(pin, Input)

    def claim(self, pin: Pin, kind: type[Line]) -> Line:
        """The line as one of that kind; Failure when it is taken by another."""
        line = self._lines.get(pin.number)
        if line is None:
            line = self._lines[pin.number] = kind(pin, self._factory)
        if not isinstance(line, kind) or line.pin != pin:
            raise Failure(f"{pin.key}: GPIO{pin.number} is taken by {line.pin.key}")
        return line

    def check(self) -> None:
        """Failure when a line of the motor's is not as it was set, or the chip is gone."""
        for output in self._motor:
            output.check()

    def close(self) -> None:
        """Everything off and let go, the motor first. A line that fails keeps no other on."""
        atexit.unregister(self.close)
        for line in self._lines.values():  # in the order they were claimed
            try:
                line.close()
            except Failure as fault:
                log.error("cannot let go of a pin: %s", fault)
        self._lines.clear()
        self._factory.close()

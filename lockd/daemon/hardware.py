"""Everything with pins, claimed in the order that is safe: the motor's first, and inactive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lockd.core.effects import DriveBolt, DriveLatch, Show, StopBolt
from lockd.daemon.felt import Felt
from lockd.gpio.backend import open_factory
from lockd.gpio.contacts import Contacts
from lockd.gpio.keypad import MatrixKeypad
from lockd.gpio.motor import Motor
from lockd.gpio.panel import Panel
from lockd.gpio.pins import Pins
from lockd.gpio.supply_lines import SupplyLines
from lockd.reader import Reader
from lockd.reading import Reading
from lockd.settings import Settings
from lockd.words import Contact

if TYPE_CHECKING:
    from lockd.gpio.wiegand import Wiegand


class Listener(Protocol):
    """Who hears of it. All in the loop."""

    def sensed(self, contact: Contact, on: bool | None) -> None:
        """A contact changed, debounced; None: it cannot be read any more."""

    def troubled(self) -> None:
        """What `troubles` says has changed."""

    def moved(self, bolt: float) -> None:
        """The modelled bolt is here: 0 locked, 1 unlocked."""

    def modelled(self, values: Mapping[str, Any]) -> None:
        """Properties of org.lockd1.Simulator that have new values."""

    def supply(self, reading: Reading) -> None:
        """A line that feels outside power, or the modelled supply, has changed."""


class Hardware:
    """`door`: the modelled door behind the mock backend, else None."""

    def __init__(self, settings: Settings, runtime_dir: Path, state_dir: Path, listener: Listener) -> None:
        self.door: Any = None
        self._keypad: MatrixKeypad | None = None
        self._wiegand: Wiegand | None = None
        self._settings = settings
        factory = open_factory(settings.gpio, runtime_dir)
        if settings.gpio.backend == "mock":
            from lockd.gpio.mechanism import Mechanism

            file = state_dir / "door.json"
            self.door = Mechanism(factory, settings, file, listener.moved, listener.modelled, listener.supply)
        self.pins = Pins(settings, runtime_dir, factory)
        self.motor = Motor(self.pins, settings)
        self.felt = Felt(settings)
        self._listener = listener
        self._begun = False
        self.contacts = Contacts(self.pins, settings, self._sensed, told=self._troubled)
        self.panel = Panel(self.pins, settings, told=self._troubled)
        self.lines = SupplyLines(self.pins, settings, listener.supply, told=self._troubled)

    def listen(self, press: Callable[[str], None], reader: Callable[[str], Reader]) -> None:
        """Keys and cards from here on. `reader(name)`: a new one, for its driver."""
        self._begun = True
        if self._settings.keypad.kind == "matrix":
            self._keypad = MatrixKeypad(self.pins, self._settings, press, told=self._troubled)
        wired = self._settings.wiegand.data0 is not None
        if wired:
            from lockd.gpio.wiegand import Wiegand

            self._wiegand = Wiegand(self.pins, self._settings.wiegand, reader("wiegand"))
        if self.door is not None and not wired:
            self.door.reader = reader("simulated")
            self.door.reader.found()

    def readings(self) -> tuple[Reading, ...]:
        """What the lines feel now, and what the modelled supply gives."""
        return (*self.lines.readings(), *(self.door.readings() if self.door is not None else ()))

    def check(self) -> None:
        """Whether what is felt by its edges alone is still as it was told."""
        self.contacts.check()

    def troubles(self) -> list[tuple[str, str]]:
        """Each part that does not work, and why."""
        keypad = self._keypad.trouble if self._keypad is not None else ""
        return [
            *(("contact", trouble) for trouble in self.contacts.troubles().values()),
            *(("outside power", trouble) for trouble in self.lines.troubles()),
            *([("keypad", keypad)] if keypad else []),
            *(("panel", trouble) for trouble in self.panel.troubles()),
        ]

    def _sensed(self, contact: Contact, on: bool | None) -> None:
        if on is not None:
            self.felt.changed(contact)
        self._listener.sensed(contact, on)

    def _troubled(self) -> None:
        if self._begun:  # what is wrong at the start is asked for when somebody can be told
            self._listener.troubled()

    def drive(self, effect: DriveBolt) -> None:
        """Sink of DriveBolt."""
        self.motor.drive(effect.direction)
        self.felt.driven(effect.direction)

    def stop(self, _effect: StopBolt) -> None:
        """Sink of StopBolt."""
        self.motor.stop()

    def latch(self, effect: DriveLatch) -> None:
        """Sink of DriveLatch."""
        self.motor.latch(effect.on)

    def show(self, effect: Show) -> None:
        """Sink of Show."""
        self.panel.show(effect.sign)

    def close(self) -> None:
        """Motor off before anything else; what fails keeps nothing else from being ended."""
        with ExitStack() as ends:
            if self.door is not None:
                ends.callback(self.door.close)
            ends.callback(self.pins.close)
            ends.callback(self.panel.close)
            ends.callback(self.lines.close)
            ends.callback(self.contacts.close)
            if self._keypad is not None:
                ends.callback(self._keypad.close)
            if self._wiegand is not None:
                ends.callback(self._wiegand.close)
            ends.callback(self.motor.close)

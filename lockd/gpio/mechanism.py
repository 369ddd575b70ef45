"""The modelled door behind the mock pins: bolt, motor, contacts, key, supply. Physics, nothing else.

It knows lockd by its pins alone, as a real door does: it moves while they drive it, and its
contacts move them. What a hand can do to it is in hands.py, what feeds it in supply_model.py. Time
passes on a Timeline, and only while something moves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lockd.gpio.contacts import contact_pins
from lockd.gpio.hands import AWAKE_S, Hands
from lockd.gpio.supply_lines import supply_pins
from lockd.gpio.supply_model import Supply
from lockd.gpio.timeline import Timeline, Timer
from lockd.gpio.travel import Travel
from lockd.gpio.wiring import Coil, Matrix, Switch
from lockd.gpio.world import load, save
from lockd.reading import Reading
from lockd.settings import Pin, Settings
from lockd.words import Contact, Direction

log = logging.getLogger("lockd.mechanism")

#: How often the bolt's place is told and kept while it moves.
TICK_S = 0.04
#: The end contacts close this near to the ends.
NEAR = 0.02


def _ignore(_what: object) -> None:
    """Who does not listen."""


class Mechanism(Hands):
    """`moved(bolt)`: the bolt is here. `changed(values)`: properties of org.lockd1.Simulator that
    have new ones. `supply(reading)`: what a battery or a socket says by itself. All in the loop."""

    def __init__(
        self,
        factory: Any,
        settings: Settings,
        state_file: Path,
        moved: Callable[[float], None] = _ignore,
        changed: Callable[[Mapping[str, Any]], None] = _ignore,
        supply: Callable[[Reading], None] = _ignore,
        timeline: Timeline | None = None,
    ) -> None:
        self._timeline = timeline or asyncio.get_running_loop()
        self._file, self._file_works = state_file, True
        self._moved, self._changed, self._told = moved, changed, supply
        self._world = load(state_file)
        self._strike = settings.bolt.kind == "strike"
        self._was_driven = False
        self._timers: dict[str, Timer] = {}
        self._travel = Travel(self._world.bolt, self._timeline.time())
        lines = supply_pins(settings.power)
        self._supply = Supply(self._world, self._timeline.time(), felt=lines.keys())
        self._closed = False
        self._coils = {
            name: Coil(factory, pin, self._timeline, self._coils_switched)
            for name, pin in _coil_pins(settings).items()
            if pin is not None
        }
        self._switches = {
            contact: Switch(factory, pin, self._timeline, self._touches(contact))
            for contact, pin in contact_pins(settings).items()
        }
        self._lines = {kind: Switch(factory, pin, self._timeline, False) for kind, pin in lines.items()}
        wired = settings.keypad.kind == "matrix"
        self._matrix = Matrix(factory, settings, self._timeline) if wired else None
        if settings.wiegand.data0 is not None:
            from lockd.gpio.wiegand_model import WiegandReader

            self._card_reader = WiegandReader(factory, settings.wiegand, self._timeline)
        self._shown = self.properties()
        self.readings()
        self._coils_switched()
        if self._world.plug == "Generator":  # whose handle woke us
            self._later("crank", AWAKE_S, self.unplug)

    @property
    def bolt(self) -> float:
        """0 locked .. 1 unlocked."""
        return self._world.bolt

    @property
    def door_open(self) -> bool:
        """Whether the door stands open."""
        return self._world.door_open

    @property
    def jammed(self) -> bool:
        """Whether something is in the bolt's way."""
        return self._world.jammed

    @property
    def cover_off(self) -> bool:
        """Whether the outer cover is off."""
        return self._world.cover_off

    @property
    def motor_on(self) -> bool:
        """Whether the motor, or the strike's coil, is driven."""
        return self.powered and self._driven() is not None

    @property
    def green(self) -> bool:
        """Whether the green lamp is lit."""
        return self._on("green")

    @property
    def red(self) -> bool:
        """Whether the red lamp is lit."""
        return self._on("red")

    @property
    def buzzer(self) -> bool:
        """Whether the buzzer sounds."""
        return self._on("buzzer")

    @property
    def powered(self) -> bool:
        """Whether the supply can drive the motor."""
        return self._supply.source(self._world, self._is_driven) != ""

    def readings(self) -> tuple[Reading, ...]:
        """Every supply, asked now."""
        return self._supply.readings(self._world, self._is_driven)

    def properties(self) -> dict[str, Any]:
        """Every property of org.lockd1.Simulator."""
        world = self._world
        return {
            "Bolt": self.bolt,
            "DoorOpen": self.door_open,
            "Jammed": self.jammed,
            "CoverOff": self.cover_off,
            "CodeWheelOpen": world.code_open,
            "PinInHole": world.pin_in,
            "MotorOn": self.motor_on,
            "Buzzer": self.buzzer,
            "Green": self.green,
            "Red": self.red,
            "Charge": round(world.percent, 2),
            "Volts": self._supply.volts(world, self._is_driven),
            "Wear": world.wear,
            "Gauge": world.gauge,
            "Plugged": world.plug,
            "PluggedVolts": world.plug_volts,
        }

    def close(self) -> None:
        """Time stops; the door is kept as it is."""
        self._change()
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        wires: tuple[Coil | Switch, ...] = (*self._coils.values(), *self._switches.values(), *self._lines.values())
        for wire in wires:
            wire.close()
        if self._matrix is not None:
            self._matrix.close()

    def _change(self, **values: Any) -> None:
        now, before = self._timeline.time(), self._world
        bolt = self._travel.advance(now, before.jammed)
        spent = self._supply.advance(before, now, self._was_driven)
        self._world = spent.but(bolt=bolt, **values)
        self._was_driven = self._is_driven
        if self._world != before:
            self._keep()
        self._feel()
        self._go_on()

    def _go_on(self) -> None:
        """Move as pushed from now on, and look again before long; or rest."""
        seconds = self._travel.push(self._way(), self._world.jammed)
        if seconds:
            self._later("bolt", min(TICK_S, seconds), self._change)
        else:
            self._forget("bolt")
        if gathered_s := self._supply.gathered_s(self._world):
            self._later("store", gathered_s, self._change)

    @property
    def _is_driven(self) -> bool:
        return self._driven() is not None

    def _driven(self) -> Direction | None:
        """Which way the pins drive; a bridge with both sides on brakes."""
        forward, backward = self._on("forward"), self._on("backward")
        if self._strike:
            return "Unlocking" if forward else None
        if forward == backward or ("enable" in self._coils and not self._on("enable")):
            return None
        return "Locking" if forward else "Unlocking"

    def _way(self) -> Direction | None:
        """Which way the bolt is pushed: a hand is stronger, a strike's spring always there."""
        driven = self._driven() if self.powered else None
        return self._turning or driven or ("Locking" if self._strike else None)

    def _coils_switched(self) -> None:
        """The pins drive otherwise than before."""
        if not self._closed:
            self._change()

    def _feel(self) -> None:
        """Bring contacts and listeners up to the world."""
        for contact, switch in self._switches.items():
            switch.set(self._touches(contact))
        values = self.properties()
        news = {name: value for name, value in values.items() if value != self._shown[name]}
        self._shown = values
        if "Bolt" in news:
            self._moved(self.bolt)
            if self._loose and self._is_driven and NEAR < self.bolt < 1 - NEAR:
                self._later("loose", 0.0, self.unplug)
        if news:
            self._changed(news)
        for kind, line in self._lines.items():
            line.set(self._supply.delivers(self._world, kind, self._is_driven))
        for reading in self._supply.news(self._world, self._is_driven):
            self._told(reading)

    def _touches(self, contact: Contact) -> bool:
        world = self._world
        touching: dict[Contact, bool] = {
            "locked": world.bolt <= NEAR,
            "unlocked": world.bolt >= 1 - NEAR,
            "closed": not world.door_open,
            "tamper": world.cover_off,
            "inside": self._finger_in,
            "spindle": self._key_in,
            "code": world.code_open,
            "hole": world.pin_in,
        }
        return touching[contact]

    def _on(self, coil: str) -> bool:
        return coil in self._coils and self._coils[coil].on

    def _later(self, name: str, delay: float, callback: Callable[[], None]) -> None:
        self._forget(name)
        self._timers[name] = self._timeline.call_later(delay, callback)

    def _forget(self, name: str) -> None:
        if name in self._timers:
            self._timers.pop(name).cancel()

    def _keep(self) -> None:
        try:
            save(self._file, self._world)
            self._file_works = True
        except OSError as fault:
            if self._file_works:
                log.warning("the modelled door cannot be kept in %s: %s", self._file, fault)
            self._file_works = False


def _coil_pins(settings: Settings) -> dict[str, Pin | None]:
    bolt, panel = settings.bolt, settings.panel
    return {
        "forward": bolt.forward,
        "backward": bolt.backward,
        "enable": bolt.enable,
        "green": panel.green,
        "red": panel.red,
        "buzzer": panel.buzzer,
    }

"""The modelled door behind the mock pins: bolt, motor, contacts, key, supply. Physics, nothing else.

It knows lockd by its pins alone, as a real door does: it moves while they drive it, and its
contacts move them. What a hand can do to a door are the methods. Time passes on a Timeline, and
only while something moves.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lockd.errors import Busy, Failure, InvalidField, UnsupportedCommand
from lockd.gpio.contacts import contact_pins
from lockd.gpio.timeline import Timeline, Timer
from lockd.gpio.travel import Travel
from lockd.gpio.wiring import Coil, Matrix, Switch
from lockd.gpio.world import load, save
from lockd.settings import Pin, Settings
from lockd.words import PLUGS, Contact, Direction

log = logging.getLogger("lockd.mechanism")

#: How often the bolt's place is told and kept while it moves.
TICK_S = 0.04
#: A hand's turn of key or thumbturn, and a finger on the inside button.
TURN_S = 0.5
FINGER_S = 0.2
#: The end contacts close this near to the ends.
NEAR = 0.02
#: The bolt no longer reaches the frame.
CLEAR = 0.9
#: A motor on the battery needs at least this.
MOTOR_VOLTS = 4.0
#: Keys that may wait to be pressed.
KEYS_MAX = 100
HANDS: dict[str, Direction] = {"lock": "Locking", "unlock": "Unlocking"}


def _ignore(_what: object) -> None:
    """Who does not listen."""


class Mechanism:
    """`moved(bolt)`: the bolt is here. `changed(values)`: properties of org.lockd1.Simulator that
    have new ones. `power(ok)`: whether the supply can drive the motor. All in the loop."""

    def __init__(
        self,
        factory: Any,
        settings: Settings,
        state_file: Path,
        moved: Callable[[float], None] = _ignore,
        changed: Callable[[Mapping[str, Any]], None] = _ignore,
        power: Callable[[bool], None] = _ignore,
        timeline: Timeline | None = None,
    ) -> None:
        self._timeline = timeline or asyncio.get_running_loop()
        self._file, self._file_works = state_file, True
        self._moved, self._changed, self._power = moved, changed, power
        self._world = load(state_file)
        self._strike = settings.bolt.kind == "strike"
        self._turning: Direction | None = None
        self._key_in = self._finger_in = False
        self._timers: dict[str, Timer] = {}
        self._travel = Travel(self._world.bolt, self._timeline.time())
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
        wired = settings.keypad.kind == "matrix"
        self._matrix = Matrix(factory, settings, self._timeline) if wired else None
        self._shown = self._properties()
        self._coils_switched()

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
        world = self._world
        low, _, high = PLUGS.get(world.plug, (math.inf, 0.0, -math.inf))
        return bool(low <= world.plug_volts <= high or (world.percent > 0 and world.volts >= MOTOR_VOLTS))

    def press(self, keys: str) -> None:
        """Press keys one after the other; returns at once."""
        if self._matrix is None:
            raise UnsupportedCommand("this lock has no keypad: see keypad.kind")
        if not keys or not set(keys) <= set(self._matrix.keys):
            raise InvalidField(f"keys: only {self._matrix.keys} can be pressed")
        if len(keys) + self._matrix.waiting > KEYS_MAX:
            raise Busy(f"keys: at most {KEYS_MAX} can wait to be pressed")
        self._matrix.press(keys)

    def open_door(self) -> None:
        """Pull the door open; by force when the bolt is out."""
        self._change(door_open=True)

    def close_door(self) -> None:
        """Push it shut; Failure when the bolt is out, which only a strike's would give way to."""
        if self._world.door_open and self._world.bolt < CLEAR and not self._strike:
            raise Failure("the bolt is out, so the door does not shut: draw it first", "door-open")
        self._change(door_open=False)

    def turn_key(self, direction: str) -> None:
        """Turn the mechanical key, "lock" or "unlock"; the cylinder's contact feels it."""
        self._turn(direction, key=True)

    def turn_thumb(self, direction: str) -> None:
        """Turn the thumbturn on the inside, "lock" or "unlock"."""
        self._turn(direction, key=False)

    def jam(self, jammed: bool) -> None:
        """Put something in the bolt's way, or take it away."""
        self._change(jammed=jammed)

    def set_battery(self, percent: float, volts: float) -> None:
        """What the battery gives."""
        if not (0 <= percent <= 100 and 0 <= volts <= 60):
            raise InvalidField(f"battery: {percent} % and {volts} V; 0 to 100 and 0 to 60 can be had")
        self._change(percent=float(percent), volts=float(volts))

    def plug(self, source: str, volts: float) -> None:
        """Plug in outside power, of a kind of PLUGS."""
        if source not in PLUGS:
            raise InvalidField(f"source: {source!r} is none of {', '.join(PLUGS)}")
        if not 0 <= volts <= 60:
            raise InvalidField(f"volts: {volts}; 0 to 60 can be had")
        self._change(plug=source, plug_volts=float(volts))

    def unplug(self) -> None:
        """Pull it out."""
        self._change(plug="", plug_volts=0.0)

    def tamper(self, removed: bool) -> None:
        """Take the outer cover off, or put it back."""
        self._change(cover_off=removed)

    def press_inside(self) -> None:
        """Press the button on the inside for a moment."""
        self._finger_in = True
        self._later("finger", FINGER_S, self._finger_out)
        self._feel()

    def close(self) -> None:
        """Time stops; the door is kept as it is."""
        self._change()
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        wires: tuple[Coil | Switch, ...] = (*self._coils.values(), *self._switches.values())
        for wire in wires:
            wire.close()
        if self._matrix is not None:
            self._matrix.close()

    def _turn(self, direction: str, key: bool) -> None:
        if direction not in HANDS:
            raise InvalidField(f"direction: {direction!r} is neither lock nor unlock")
        self._change()  # up to now it was pushed otherwise
        self._turning, self._key_in = HANDS[direction], key
        self._later("hand", TURN_S, self._let_go)
        self._change()

    def _let_go(self) -> None:
        self._change()  # up to now it was turned
        self._turning, self._key_in = None, False
        self._change()

    def _finger_out(self) -> None:
        self._finger_in = False
        self._feel()

    def _change(self, **values: Any) -> None:
        """Time has passed, and the world is another one from now on."""
        before, powered = self._world, self.powered
        bolt = self._travel.advance(self._timeline.time(), before.jammed)
        self._world = before.but(bolt=bolt, **values)
        if self._world != before:
            self._keep()
        if self.powered != powered:
            self._power(self.powered)
        self._feel()
        self._go_on()

    def _go_on(self) -> None:
        """Move as pushed from now on, and look again before long; or rest."""
        seconds = self._travel.push(self._way(), self._world.jammed)
        if seconds:
            self._later("bolt", min(TICK_S, seconds), self._change)
        elif "bolt" in self._timers:
            self._timers.pop("bolt").cancel()

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
        values = self._properties()
        news = {name: value for name, value in values.items() if value != self._shown[name]}
        self._shown = values
        if "Bolt" in news:
            self._moved(self.bolt)
        if news:
            self._changed(news)

    def _touches(self, contact: Contact) -> bool:
        world = self._world
        touching: dict[Contact, bool] = {
            "locked": world.bolt <= NEAR,
            "unlocked": world.bolt >= 1 - NEAR,
            "closed": not world.door_open,
            "tamper": world.cover_off,
            "inside": self._finger_in,
            "spindle": self._key_in,
        }
        return touching[contact]

    def _properties(self) -> dict[str, Any]:
        return {
            "Bolt": self.bolt,
            "DoorOpen": self.door_open,
            "Jammed": self.jammed,
            "CoverOff": self.cover_off,
            "MotorOn": self.motor_on,
            "Buzzer": self.buzzer,
            "Green": self.green,
            "Red": self.red,
        }

    def _on(self, coil: str) -> bool:
        return coil in self._coils and self._coils[coil].on

    def _later(self, name: str, delay: float, callback: Callable[[], None]) -> None:
        """One timer of each name; its callback comes once."""
        if name in self._timers:
            self._timers[name].cancel()
        self._timers[name] = self._timeline.call_later(delay, callback)

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

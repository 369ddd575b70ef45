"""What feeds the modelled door, as physics: a battery that sags, ages and runs down, and what is plugged in.

A worn battery (`wear` of 2) is one of half the capacity and twice the inner resistance, so that
everything costs twice the percent and sags twice the volts. A generator's handle and a phone's
coil give little: their energy gathers in a small store, and the source counts as present once that
is good for a throw, as the power-good line of a harvesting chip has it.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Container, Iterator
from itertools import pairwise

from lockd.gpio.travel import TRAVEL_S
from lockd.gpio.world import World
from lockd.reading import Reading
from lockd.words import PLUGS, PowerSource

#: Volts at rest by percent of the charge.
CURVE = ((0.0, 3.6), (3.0, 4.35), (10.0, 4.7), (20.0, 4.95), (50.0, 5.3), (80.0, 5.6), (100.0, 6.0))
#: What the motor takes from them while it is driven, and what it has to be left with.
SAG_VOLTS = 0.25
MOTOR_VOLTS = 4.0
#: Percent of a new battery's charge that a throw costs, and an hour of waiting.
THROW_PERCENT = 0.05
IDLE_PERCENT_H = 0.025
#: Percent of a new battery that an hour of charging brings; other plugs do not charge.
CHARGE_PERCENT_H = {"Mains": 25.0, "EmergencyUsb": 25.0, "Wireless": 5.0}
#: Sources that are too weak for the motor itself: how long they take to gather a throw's energy.
GATHER_S = {"Generator": 2.0, "Wireless": 5.0}
#: What the store holds, in throws.
STORE = 1.2

BATTERY = "BAT0"
#: The sockets of the modelled lock, as the kernel might name them.
SOCKETS: dict[str, tuple[str, PowerSource]] = {
    "Mains": ("AC", "Mains"),
    "EmergencyUsb": ("usb", "EmergencyUsb"),
    "Emergency9V": ("nine-volt", "Emergency9V"),
    "Generator": ("generator", "Generator"),
    "Wireless": ("wireless", "Wireless"),
}

#: What a gauge measures where there is nothing to measure.
LEAST_VOLTS = 0.01
#: What an absurd gauge says.
ABSURD = Reading(BATTERY, "Battery", True, 255.0, -1.0)


def rest_volts(percent: float) -> float:
    """What a battery of that charge gives while nothing is taken from it."""
    index = min(max(bisect(CURVE, (percent,)), 1), len(CURVE) - 1)
    (low, low_volts), (high, high_volts) = tuple(pairwise(CURVE))[index - 1]
    return low_volts + (high_volts - low_volts) * (percent - low) / (high - low)


def drained(world: World, percent: float) -> World:
    """That much less of the charge; the volts fall as the curve does."""
    left = max(0.0, round(world.percent - percent, 9))
    fall = rest_volts(world.percent) - rest_volts(left)
    return world.but(percent=left, volts=max(0.0, round(world.volts - fall, 9)))


def charged(world: World, percent: float) -> World:
    """That much more; it gives at least what any battery of that charge does."""
    full = min(100.0, round(world.percent + percent, 9))
    return world.but(percent=full, volts=max(world.volts, round(rest_volts(full), 9)))


def waited(world: World, hours: float) -> World:
    """So many hours have passed at rest."""
    gain = CHARGE_PERCENT_H.get(world.plug, 0.0) if fits(world) else 0.0
    change = (gain - IDLE_PERCENT_H) * world.wear * hours
    return charged(world, change) if change > 0 else drained(world, -change)


def fits(world: World) -> bool:
    """Whether something is plugged in whose volts drive the motor."""
    low, _, high = PLUGS.get(world.plug, (1.0, 0.0, 0.0))
    return low <= world.plug_volts <= high


class Supply:
    """What is not kept with the door: whether the plug makes contact just now, the store, and what
    was said. `felt`: kinds of plugs that a GPIO line feels; they have no driver that could say more.
    What is plugged in at the beginning has gathered enough: lockd's computer takes more to start."""

    def __init__(self, world: World, now: float, felt: Container[str] = ()) -> None:
        self.contact = True
        self._felt = felt
        self._store = STORE if world.plug in GATHER_S else 0.0
        self._then = now
        self._frozen: Reading | None = None
        self._told: dict[str, Reading] = {}

    def advance(self, world: World, now: float, driven: bool) -> World:
        """Let the time since the last look pass; what is left of the battery."""
        seconds, self._then = now - self._then, now
        spent = world.wear * seconds / TRAVEL_S if driven else 0.0
        source = self.source(world, driven)
        if source in GATHER_S:
            self._store = max(0.0, self._store - spent)
        if self._gathers(world):
            self._store = min(STORE, self._store + seconds / GATHER_S[world.plug])
        elif world.plug not in GATHER_S:
            self._store = 0.0
        return drained(world, spent * THROW_PERCENT) if spent and source == "Battery" else world

    def source(self, world: World, driven: bool) -> str:
        """What drives the motor, or would: a plug that fits, else the battery; empty: nothing can."""
        if self.contact and fits(world) and self._good(world, driven):
            return world.plug
        return "Battery" if world.percent > 0 and self._loaded(world) >= MOTOR_VOLTS else ""

    def gathered_s(self, world: World) -> float:
        """Seconds until a weak source is good for a throw; 0: it is, or none is there."""
        if not self._gathers(world) or self._good(world, False):
            return 0.0
        return (min(world.wear, STORE) - self._store) * GATHER_S[world.plug]

    def delivers(self, world: World, kind: str, driven: bool) -> bool:
        """Whether power of some sort comes from this socket."""
        return kind == world.plug and self.contact and (self._good(world, driven) or not fits(world))

    def volts(self, world: World, driven: bool) -> float:
        """What the battery gives at this moment."""
        taxed = driven and self.source(world, driven) in ("Battery", "")
        return round(self._loaded(world) if taxed else world.volts, 2)

    def readings(self, world: World, driven: bool) -> tuple[Reading, ...]:
        """What every supply answers when it is asked; one that is not there does not."""
        self._told = {reading.name: reading for reading in self._measured(world, driven)}
        return tuple(reading for reading in self._told.values() if reading.present or reading.source != "Battery")

    def news(self, world: World, driven: bool) -> tuple[Reading, ...]:
        """What they say by themselves: whatever changed since they last said or answered something."""
        measured = {reading.name: reading for reading in self._measured(world, driven)}
        if world.gauge == "silent":
            measured.pop(BATTERY)
        fresh = tuple(reading for name, reading in measured.items() if reading != self._told.get(name))
        self._told.update(measured)
        return fresh

    def _measured(self, world: World, driven: bool) -> Iterator[Reading]:
        yield self._gauge(world, driven)
        for kind, (name, source) in SOCKETS.items():
            if kind in self._felt:
                continue
            on = self.delivers(world, kind, driven)
            yield Reading(name, source, on, volts=world.plug_volts if on else None)

    def _gauge(self, world: World, driven: bool) -> Reading:
        """What the fuel gauge says: whole percents, and the volts of this moment."""
        charging = self.contact and fits(world) and world.plug in CHARGE_PERCENT_H and world.percent < 100
        volts = max(self.volts(world, driven), LEAST_VOLTS)
        true = Reading(BATTERY, "Battery", True, float(int(world.percent)), volts, charging)
        self._frozen = (self._frozen or true) if world.gauge == "frozen" else None
        said = {"frozen": self._frozen, "absurd": ABSURD, "absent": Reading(BATTERY, "Battery", False)}
        return said.get(world.gauge) or true

    def _loaded(self, world: World) -> float:
        """The battery's volts while it drives the motor."""
        return max(0.0, world.volts - SAG_VOLTS * world.wear)

    def _gathers(self, world: World) -> bool:
        return world.plug in GATHER_S and self.contact and fits(world)

    def _good(self, world: World, driven: bool) -> bool:
        """Whether a weak source has a throw's energy, or what is left of one under way."""
        least = 1e-9 if driven else min(world.wear, STORE) - 1e-6
        return world.plug not in GATHER_S or self._store >= least

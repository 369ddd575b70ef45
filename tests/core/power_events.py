"""What can happen to the power of a lock, in any order, and what must never be otherwise meanwhile."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lockd.core.events import DrillAsked, SettingsLoaded, SuppliesRead
from lockd.core.port import BEST
from lockd.reading import Reading
from tests.core.world import World

sources = st.sampled_from(BEST)


class PowerEvents(RuleBasedStateMachine):
    """Rules and invariants; who inherits makes the world."""

    world: World
    asked: int

    def request(self) -> int:
        self.asked += 1
        return self.asked

    @rule(enough=st.booleans())
    def power(self, enough: bool) -> None:
        self.world.power(enough)

    @rule(percent=st.sampled_from((None, -5.0, 0.0, 2.0, 9.0, 15.0, 24.0, 90.0)), volts=st.sampled_from(
        (None, float("nan"), 0.0, 2.0, 3.5, 4.2)), charging=st.booleans())  # fmt: skip
    def read_battery(self, percent: float | None, volts: float | None, charging: bool) -> None:
        self.world.battery(percent, volts, charging=charging)

    @rule(source=sources, volts=st.sampled_from((None, -5.0, 3.0, 6.0, 40.0)))
    def plug(self, source: Any, volts: float | None) -> None:
        self.world.plug(source, volts if volts != 6.0 else GOOD[source])

    @rule(source=sources, volts=st.sampled_from((None, float("nan"), float("inf"), 5.0, 9.0, 20.0, 40.0)),
          negotiated=st.booleans(), watts=st.sampled_from((None, 7.5, float("nan"))))  # fmt: skip
    def read_port(self, source: Any, volts: float | None, negotiated: bool, watts: float | None) -> None:
        """A driver speaks, perhaps nonsense, perhaps beside a line that feels the same plug."""
        self.world.supply(Reading(source, source, True, volts=volts, negotiated=negotiated, watts=watts))

    @rule(source=sources, there=st.booleans())
    def feel(self, source: Any, there: bool) -> None:
        self.world.supply(Reading(f"line of {source}", source, there))

    @rule(battery=st.sampled_from(("auto", "none", "battery")))
    def other_rules(self, battery: str) -> None:
        now = self.world.settings
        self.world.submit(SettingsLoaded(now.but(power=now.power.but(battery=battery))))

    @rule(contact=st.sampled_from(("spindle", "code", "hole")), on=st.booleans())
    def hand(self, contact: Any, on: bool) -> None:
        self.world.sense(contact, on)

    @rule(source=st.sampled_from(("Battery", *BEST)))
    def unplug(self, source: Any) -> None:
        self.world.supply(Reading("battery" if source == "Battery" else source, source, False))

    @rule(source=sources, times=st.integers(2, 9))
    def flap(self, source: Any, times: int) -> None:
        for number in range(times):
            self.world.unplug(source) if number % 2 else self.world.plug(source, GOOD[source])
            self.world.wait(0.02)

    @rule(names=st.frozensets(st.sampled_from(("battery", *BEST))))
    def read_all(self, names: frozenset[str]) -> None:
        for name, reading in self.world.supplies.items():
            if name not in names:
                self.world.supplies[name] = reading.but(present=False)
        self.world.submit(SuppliesRead(names))

    @rule(answering=st.booleans())
    def answer_when_asked(self, answering: bool) -> None:
        self.world.answering = answering

    @rule()
    def drill(self) -> None:
        self.world.submit(DrillAsked(self.request()))

    @invariant()
    def a_motor_that_is_on_has_power(self) -> None:
        world = self.world
        if world.motor is not None and not world.springs:
            assert world.lock.parts.shortage is None
            assert world.fed or not world.fed_at_drive, "all that fed the throw has gone"

    @invariant()
    def what_drives_no_motor_is_no_source(self) -> None:
        """Neither volts that are wrong, nor a line that says nothing of them, nor what is too old."""
        supply = self.world.lock.parts.feed.supply
        wrong = {port.source for port in supply.ports.values() if port.fault is not None}
        for port in supply.sound:
            low, high = port.window(supply.settings)
            assert port.source not in wrong if port.volts is None else low <= port.volts <= high
            assert self.world.mono - port.read_at <= supply.settings.stale_s + 0.001

    @invariant()
    def at_most_one_throw_with_a_weak_source(self) -> None:
        assert all(throws <= 1 for throws in self.world.weak_throws)


#: Volts that each outside power should have.
GOOD = {"Mains": 12.0, "EmergencyUsb": 5.0, "Emergency9V": 9.0, "Generator": 5.0, "Wireless": 5.0}

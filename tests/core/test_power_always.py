"""No sequence of power events ever unlocks, loses a record, or leaves the motor on."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from lockd.core.events import Started
from lockd.core.lockout import HELD_RECORDED, RECURRING_S
from lockd.core.power import UNTOLD
from lockd.settings import Pin
from tests.core.power_events import GOOD, PowerEvents
from tests.core.world import AT_LOCKED, World, wired

WEAK_OR_NOT = ("Generator", "Wireless", "EmergencyUsb", "Emergency9V")


class Emergency(PowerEvents):
    """A lock whose battery has run out, and people with one PIN and all kinds of plugs."""

    @initialize(kind=st.sampled_from(("motor", "strike")), relock=st.sampled_from(("with-energy", "always", "never")),
                percent=st.sampled_from((1.0, 0.0)))  # fmt: skip
    def begin(self, kind: str, relock: str, percent: float) -> None:
        bolt = {"kind": kind, "latch": Pin(9)} if kind == "strike" else {}
        made = wired({"auto_relock_s": 7}, bolt)
        self.world = World(made.but(power=made.power.but(relock=relock)), AT_LOCKED).enrol(1, "123456")
        self.asked = self.seen = self.wanted = 0
        self.lives, self.began = 1, self.world.wall
        self.first = self.world.lock.power(self.world.at)
        self.world.submit(Started())
        self.world.battery(percent, 3.0)

    @rule(source=st.sampled_from(WEAK_OR_NOT), bounces=st.sampled_from((0, 0, 0, 1, 5)),
          wishes=st.sampled_from(((True,), (True, False), (False, True, False))),
          seconds=st.sampled_from((0.1, 1.0, 1.0)))  # fmt: skip
    def emergency(self, source: Any, bounces: int, wishes: tuple[bool, ...], seconds: float) -> None:
        """As it is meant to be, or nearly: the battery is dead, plug in, type, come in, and again."""
        for other in GOOD.keys() - {source}:
            self.world.unplug(other)  # type: ignore[arg-type]
        self.world.battery(1.0, 1.0)
        for _ in range(bounces):
            self.world.plug(source, GOOD[source])
            self.world.unplug(source)
        self.world.plug(source, GOOD[source])
        for unlocks in wishes:
            self.unlock() if unlocks else self.lock()
            self.world.wait(seconds)

    @rule()
    def unlock(self) -> None:
        self.wanted += 1
        self.world.type("123456", request=self.request())

    @rule()
    def lock(self) -> None:
        self.world.ask("Lock", request=self.request())

    @rule(seconds=st.sampled_from((0.05, 0.2, 0.6, 1, 2, 3, 8, 20, 700, 4000)))
    def pass_time(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule()
    def crash(self) -> None:
        self.world.motor = None
        self.lives += 1
        before = dict(self.world.supplies)
        self.world = self.world.restarted(boot="another boot")
        self.asked = self.seen = self.wanted = 0
        self.first = self.world.lock.power(self.world.at)
        self.world.submit(Started())
        self.world.supply(*before.values())
        assert self.world.drives == 0

    @invariant()
    def nothing_opens_that_nobody_asked_to_be_opened(self) -> None:
        assert self.world.unlocks <= self.wanted

    @invariant()
    def no_record_is_lost(self) -> None:
        assert [seq for seq, _ in self.world.trail] == list(range(1, len(self.world.trail) + 1))
        assert self.world.lock.parts.trail._waiting == {}

    @invariant()
    def what_is_told_is_what_is(self) -> None:
        now, told = self.world.lock.power(self.world.at), {**self.first, **self.world.told_power}
        assert {name: value for name, value in now.items() if told.get(name) != value and name not in UNTOLD} == {}

    @invariant()
    def each_end_has_its_beginning(self) -> None:
        told = [entry.fields for _, entry in self.world.trail]
        begun = sum(fields.get("alarm") == "EmergencyPowerAttached" for fields in told)
        over = sum(fields.get("detail") == "session-ended" and not fields.get("throws") for fields in told)
        assert over <= begun

    @invariant()
    def records_of_the_power_do_not_flood(self) -> None:
        told = [entry for _, entry in self.world.trail if entry.fields.get("alarm") == "EmergencyPowerFault"]
        assert len({entry.time // 1000 for entry in told}) >= len(told) / 5
        hours = 1 + (self.world.wall - self.began) // int(RECURRING_S * 1e6)
        assert len(told) <= HELD_RECORDED * hours * self.lives

    def teardown(self) -> None:
        """In the end the motor rests, and everybody has his answer."""
        if hasattr(self, "world"):
            self.world.wait(100)
            assert self.world.motor is None
            assert set(self.world.answers) == set(range(1, self.asked + 1))
            assert self.world.unlocks <= self.wanted


TestEmergency = Emergency.TestCase
TestEmergency.settings = settings(max_examples=60, stateful_step_count=20)

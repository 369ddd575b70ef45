"""What the battery spends and how far it goes: measured, kept, and told as an honest range."""

from __future__ import annotations

from math import floor
from random import Random
from typing import Any

import pytest

from lockd.core.energy import DAY_S, DAYS_KEPT, HOUR_S, Energy, Estimate, cost_of, reach
from lockd.core.events import Started
from lockd.reading import Reading
from lockd.settings import Settings
from tests.core.world import WIRED, World, wired


class Model(World):
    """A battery that idles and throws empty, behind a gauge that counts in steps and speaks when asked."""

    def __init__(self, idle_day: float, throw: float, step: float, settings: Settings = WIRED) -> None:
        super().__init__(settings)
        self.idle_day, self.throw, self.step = idle_day, throw, step
        self.begun = self.mono
        self.charge = 100.0

    @property
    def left(self) -> float:
        return max(0.0, self.charge - self.idle_day * (self.mono - self.begun) / DAY_S - self.throw * self.drives)

    def _read(self) -> None:
        percent = floor(self.left / self.step) * self.step
        self.battery(round(percent, 3), 3.0 + self.left / 100)

    def live_day(self, uses: int, random: Random) -> None:
        """People come and go, whenever they like."""
        end = self.mono + DAY_S
        for moment in sorted(random.uniform(0, DAY_S - 600) for _ in range(uses)):
            self.wait(max(0.0, end - DAY_S + moment - self.mono))
            for wish in ("Unlock", "Lock"):
                self.ask(wish)  # type: ignore[arg-type]
                self.wait(30)
        self.wait(end - self.mono)


def run_down(model: Model, seed: int) -> list[tuple[float, int, Any, str]]:
    """From full to dead: for each day its beginning, the throws so far, what is told, the level."""
    random, days = Random(seed), []
    model._read()
    while model.lock.parts.shortage is None:
        days.append((model.mono, model.drives, model.lock.parts.feed.estimate, model.lock.parts.feed.supply.level))
        model.live_day(random.choice((2, 3, 5, 8)), random)
    return days


@pytest.mark.no_cover  # years of it, through lines that others run too
@pytest.mark.parametrize(("idle_day", "throw", "step", "seed"), [
    (1.0, 0.1, 0.1, 8), (2.0, 0.01, 1.0, 10),
], ids=str)  # fmt: skip
def test_from_full_to_dead(idle_day: float, throw: float, step: float, seed: int) -> None:
    """Warned weeks ahead, again at critical with throws left, never let down in a throw, and what was
    estimated was so."""
    model = Model(idle_day, throw, step)
    days = run_down(model, seed)
    dead_at, total = model.mono, model.drives
    told = [(entry.time, entry.fields) for _, entry in model.trail if "alarm" in entry.fields]
    first, critical = (next(each for each in told if each[1]["alarm"] == name) for name in
                       ("BatteryLow", "BatteryCritical"))  # fmt: skip
    ahead = (model.wall - first[0]) / 1e6 / DAY_S
    assert ahead >= min(14, 0.4 * (dead_at - model.begun) / DAY_S), "weeks ahead, or a good part of a short life"
    after = sum(e.fields.get("phase") == "done" and e.time > critical[0] for _, e in model.trail)
    assert 50 <= after <= 150
    known = [(estimate, total - throws) for _, throws, estimate, _ in days if estimate is not None]
    honest = sum(estimate.low <= true <= estimate.high for estimate, true in known) / len(known)
    print(f"{len(days)} days, warned {ahead:.0f} ahead, {after} throws after critical, known on {len(known)},"
          f" honest on {honest:.0%}; half-way {known[len(known) // 2]}")  # fmt: skip
    assert len(known) > 0.6 * len(days)
    assert honest > 0.9
    half_way = known[len(known) // 2][0]
    assert half_way.high <= 2.5 * half_way.low, "a range that says something"
    assert not [e for _, e in model.trail if e.fields.get("detail") == "power-lost"]


def test_before_enough_was_seen_there_is_no_estimate() -> None:
    energy = Energy({})
    assert (energy.estimate(90.0, 3.0), energy.estimate(None, 3.0), energy.cost, energy.sag) == (None, None, None, 0.0)


def test_duty_throws_and_drain_are_kept_and_told() -> None:
    model = Model(1.0, 0.1, 0.1)
    model._read()
    for day in range(5):
        model.live_day(4, Random(day))
    told = dict(model.lock.power(model.at))
    assert told["Throws"] == 40
    assert 15 <= told["MotorSeconds"] <= 16, "0.4 s each"
    assert told["ThrowsPerDay"] == pytest.approx(8.0, abs=1.5)
    assert told["DrainPerDay"] == pytest.approx(1.8, abs=0.3)
    again = model.restarted(boot="another boot")
    assert again.lock.power(again.at)["Throws"] == 40


def test_at_another_pace_idling_weighs_otherwise() -> None:
    assert reach(left=50.0, drain=2.0, pace=10.0, cost=0.1, later=10.0) == pytest.approx(250.0)
    assert reach(left=50.0, drain=2.0, pace=10.0, cost=0.1, later=20.0) == pytest.approx(1000 / 3)
    assert reach(left=50.0, drain=2.0, pace=10.0, cost=9.9, later=20.0) == pytest.approx(250.0), "no more than all"


def test_the_cost_of_a_throw_is_as_fine_as_the_gauge() -> None:
    assert cost_of([0.08] * 50, step=0.01) == pytest.approx((0.08, 0.08), abs=0.001)
    low, high = cost_of([0.0] * 46 + [1.0] * 4, step=1.0) or (0.0, 0.0)
    assert low == 0.0
    assert 0.15 < high < 0.2


@pytest.mark.parametrize("charging", [True, False])
def test_what_is_read_while_something_charges_measures_nothing(charging: bool) -> None:
    world = World()
    for number in range(40):
        world.battery(90.0 - number / 10, 4.0, charging=charging)
        if not charging:
            world.plug()
        world.ask(("Unlock", "Lock")[number % 2])
        world.wait(HOUR_S)
    energy = world.lock.parts.feed.energy
    assert (energy.drops, energy.estimate(80.0, 3.0)) == ([], None)
    assert energy.throws == 40


def test_a_battery_that_was_changed_begins_a_new_span() -> None:
    world = World()
    for number in range(24):
        world.battery(20.0 + 50.0 * (number >= 12) - number / 10, 3.0 + (number >= 12))
        world.wait(HOUR_S)
    drain = world.lock.parts.feed.energy._drain
    assert 1.8 < drain < 2.4


def test_of_two_batteries_only_the_fuller_tells_what_a_throw_takes() -> None:
    world = World()
    world.answering = False
    full, spare = Reading("full", "Battery", True, 80.0, 4.0), Reading("spare", "Battery", True, 40.0, 3.8)
    world.supply(spare, full)
    for number in range(4):
        world.ask(("Unlock", "Lock")[number % 2])
        world.wait(0.6)
        world.supply(spare, full.but(percent=79.0 - number))
        world.wait(10)
    energy = world.lock.parts.feed.energy
    assert energy.drops == [1.0] * 4
    world.supply(full.but(present=False))
    world.wait(HOUR_S)
    world.supply(spare)
    world.wait(HOUR_S)
    world.supply(spare)
    assert (energy.drops, energy._drain) == ([1.0] * 4, 0.0)


def test_throws_without_a_reading_between_them_say_nothing_of_one() -> None:
    world = World()
    world.battery(90.0, 4.0)
    world.answering = False
    for wish in ("Unlock", "Lock", "Unlock"):
        world.ask(wish)
        world.wait(0.5)
    world.battery(80.0, 4.0)
    assert world.lock.parts.feed.energy.drops == []
    assert world.lock.parts.feed.energy.throws == 3


def test_what_is_measured_outlives_a_restart() -> None:
    model = Model(1.0, 0.1, 0.1)
    model._read()
    for _ in range(5):
        model.live_day(4, Random(1))
    before = model.lock.parts.feed.energy
    again = model.restarted(boot="another boot")
    after = again.lock.parts.feed.energy
    assert (after.throws, after.drops) == (40, before.drops[: len(after.drops)])
    assert len(after.drops) == 39, "what the last throw took is written with the next"
    assert after.duty_s == pytest.approx(before.duty_s, abs=0.5)
    assert after.estimate(90.0, 3.0) is not None
    history = again.lock.history(30, again.at)
    assert len(history) > 4 * 24
    assert history == model.lock.history(30, model.at)[: len(history)]


def test_history_has_one_sample_an_hour_for_sixty_days_and_no_row_grows() -> None:
    model = Model(0.5, 0.0, 1.0)
    model._read()
    model.wait(70 * DAY_S)
    history = model.lock.history(365, model.at)
    assert 59 * 24 <= len(history) <= DAYS_KEPT * 24
    assert history == sorted(history, key=lambda sample: sample["time"])
    assert history[-1]["throws"] == 0
    assert len(model.lock.history(2, model.at)) <= 49
    rows = {key: row.value for (_, key), row in model.rows.items() if key.startswith("samples:")}
    assert len(rows) <= DAYS_KEPT + 1
    assert max(len(row["samples"]) for row in rows.values()) <= 25
    assert len(model.entries(detail="battery")) == 70, "without a throw it is written once a day"


def test_a_sample_has_what_is_known_and_none_is_taken_by_a_clock_that_is_not() -> None:
    world = World()
    world.trust = "Unknown"
    world.battery(50.0, 4.0)
    assert world.lock.history(1, world.at) == []
    world.trust = "Floor"
    world.battery(None, 4.0)
    assert world.lock.history(1, world.at) == [{"time": world.wall // 1_000_000, "volts": 4.0, "throws": 0}]
    world.answering = False
    world.wait(HOUR_S + 1)
    world.battery(None, None)
    world.battery(50.0, None)
    sample = {"time": world.wall // 1_000_000, "percent": 50.0, "throws": 0}
    assert world.lock.history(1, world.at)[1:] == [sample]


def test_the_days_left_warn_before_any_level_does() -> None:
    model = Model(3.0, 0.05, 0.1)
    model._read()
    random = Random(3)
    while not model.alarms:
        model.live_day(4, random)
    (told, *_) = model.signals("DoorLockAlarm")
    assert (told["alarm"], told["level"]) == ("BatteryLow", "Ok")
    assert told["days"] == WIRED.power.warn_days - 1
    assert told["remaining"] > 50


def test_few_throws_left_are_critical_whatever_the_level() -> None:
    world = World(wired().but(power=WIRED.power.but(critical_percent=5.0)))
    world.lock.parts.feed.energy._days, world.lock.parts.feed.energy._throws = 10.0, 20.0
    world.lock.parts.feed.energy._drain = 30.0
    world.battery(18.0, 3.6)
    assert world.alarms == ["BatteryCritical"]
    assert world.lock.power(world.at)["RemainingOperations"] < 50
    assert world.lock.parts.feed.estimate is not None
    assert world.lock.management_refusal is None


def test_a_dead_batterys_throws_are_none() -> None:
    energy = Energy({})
    energy._days, energy._throws, energy._drain = 10.0, 20.0, 30.0
    assert energy.estimate(2.0, 3.0) == Estimate(0, 0, 2, 0)


def test_retries_are_one_throw_and_all_of_the_motors_time_is_duty() -> None:
    world = World()
    world.submit(Started())
    world.stick()
    world.ask()
    world.wait(20)
    energy = world.lock.parts.feed.energy
    assert (energy.throws, world.drives, energy.duty_s) == (1, 3, pytest.approx(9.0))
    world.ask()
    world.wait(20)
    assert energy.throws == 2

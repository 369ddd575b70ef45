"""What the battery spends: on each throw, in idling, and how far it will go at that pace.

Everything is measured, and a gauge is believed only as finely as it counts: the estimate is a
range, and there is none before enough has been seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import ceil, exp, floor, sqrt
from typing import Any

from lockd.core.effects import Drop, Put, Write
from lockd.core.snapshot import Kept
from lockd.value import Value

ROW, SAMPLES = "energy", "samples:"  #: rows of the table `state`
HOUR_S, DAY_S = 3600.0, 86_400.0
DAYS_KEPT = 60  #: days of samples, at most one an hour
MEMORY_DAYS = 30.0  #: drain and pace of older days count less and less
DROPS_KEPT, DROPS_LEAST = 50, 5  #: throws whose cost is remembered, and how many make a measurement
SAGS_KEPT = 5
GROUPED = 2.0  #: throws come in pairs
PACE_MOST = 0.9  #: the pace to come is at least a tenth of the one so far
THROWS_LEAST, STEPS_LEAST = 20, 2  #: an estimate needs so many throws, and steps of the gauge


class Estimate(Value):
    """How far the battery goes: throws at the least, at the pace so far, and at the most, and days."""

    low: int
    usual: int
    high: int
    days: int


class Energy:
    """`throws`, `duty_s`: of the motor's whole life. `step`: the finest change the gauge ever showed, in percent.
    `cost`: percent that a throw takes, at the least and at the most; None: not measured yet."""

    def __init__(self, state: Mapping[str, Kept]) -> None:
        kept = state[ROW].value if ROW in state else {}
        self.throws: int = kept.get("throws", 0)
        self.duty_s: float = kept.get("duty_s", 0.0)
        self.step: float = kept.get("step", 1.0)
        self.drops: list[float] = list(kept.get("drops", ()))
        self.cost = cost_of(self.drops, self.step)
        self.sags: list[float] = list(kept.get("sags", ()))
        #: Of late, older days less and less: days on the battery, throws in them, percent that they took.
        self._days, self._throws, self._drain = kept.get("sums", (0.0, 0.0, 0.0))
        self.samples: dict[int, list[list[Any]]] = {
            int(key.removeprefix(SAMPLES)): list(row.value["samples"])
            for key, row in state.items() if key.startswith(SAMPLES)
        }  # fmt: skip
        self._on_since = 0.0
        self._before: tuple[float | None, float | None] | None = None
        self._base: tuple[float, float, int] | None = None
        self._percent: float | None = None
        self._sampled_at = float("-inf")
        self._changed: set[int] = set()
        self._gone: set[int] = set()
        #: Since when there is something that `rows` has not given out.
        self.unsaved_since: float | None = None

    # What is seen -------------------------------------------------------------------------------

    def driven(self, percent: float | None, volts: float | None, retry: bool, at: float) -> None:
        """The motor was switched on, at this much at rest; None: nobody knows. A retry belongs to its throw."""
        self._on_since = at
        if not retry:
            self.throws += 1
            self._dirty(at)
            # What two throws took together says nothing of one.
            self._before = (percent, volts) if self._before is None else (None, volts)

    def stopped(self, at: float) -> None:
        """It was switched off."""
        self.duty_s += at - self._on_since

    def loaded(self, volts: float | None) -> None:
        """The battery was read while the motor ran."""
        if self._before is not None and self._before[1] is not None and volts is not None:
            self.sags = [*self.sags, round(max(0.0, self._before[1] - volts), 3)][-SAGS_KEPT:]

    def rested(self, percent: float | None, drawing: bool, at: float) -> None:
        """The battery was read at rest. `drawing`: nothing else feeds the lock, and nothing charges it."""
        before, self._before = self._before, None
        if not drawing or percent is None:
            self._base = self._percent = None
            return
        if self._percent is not None and percent != self._percent:
            self.step = min(self.step, max(0.01, round(abs(percent - self._percent), 2)))
        self._percent = percent
        if before is not None and before[0] is not None:
            self.drops = [*self.drops, round(before[0] - percent, 3)][-DROPS_KEPT:]
        self.cost = cost_of(self.drops, self.step)
        self._span(percent, at)

    def sample(self, percent: float | None, volts: float | None, at: float, wall: int) -> None:
        """For the history, once an hour. `wall`: microseconds since 1970."""
        if at - self._sampled_at < HOUR_S or (percent is None and volts is None):
            return
        self._sampled_at = at
        seconds = wall // 1_000_000
        day = seconds // int(DAY_S)
        self.samples.setdefault(day, []).append([seconds, percent, volts, self.throws])
        self._changed.add(day)
        for old in sorted(self.samples)[:-DAYS_KEPT]:
            del self.samples[old]
            self._gone.add(old)
            self._changed.discard(old)
        self._dirty(at)

    def _dirty(self, at: float) -> None:
        self.unsaved_since = at if self.unsaved_since is None else self.unsaved_since

    def _span(self, percent: float, at: float) -> None:
        """Sum up about an hour of nothing but the battery."""
        if self._base is None or percent > self._base[1] + 3 * self.step:
            self._base = (at, percent, self.throws)
            return
        since, before, throws = self._base
        if at - since < HOUR_S:
            return
        days = (at - since) / DAY_S
        fade = exp(-days / MEMORY_DAYS)
        self._days = self._days * fade + days
        self._throws = self._throws * fade + self.throws - throws
        self._drain = self._drain * fade + before - percent
        self._base = (at, percent, self.throws)

    # What follows from it -----------------------------------------------------------------------

    @property
    def pace(self) -> tuple[float, float] | None:
        """Throws a day on the battery, and the percent that all of it takes; None: seen for less than a day."""
        return (self._throws / self._days, self._drain / self._days) if self._days >= 1 else None

    @property
    def sag(self) -> float:
        """Volts that the battery gave way under the last throws' load."""
        return sorted(self.sags)[len(self.sags) // 2] if self.sags else 0.0

    def estimate(self, percent: float | None, dead: float) -> Estimate | None:
        """How far this much goes; None: too little has been seen. What is uncertain, the cost of a
        throw, the pace to come, the last step of the gauge, makes the range."""
        if percent is None or self._throws < THROWS_LEAST or self._drain < STEPS_LEAST * self.step:
            return None
        left = max(0.0, percent - dead)
        pace = self._throws / self._days
        usual = left * self._throws / self._drain
        scatter = pace * min(PACE_MOST, 2 * sqrt(GROUPED / self._throws + GROUPED / max(usual, 1.0)))
        costs = self.cost or (0.0, self._drain / self._throws)
        ends = [
            reach(max(0.0, left + side * self.step), (self._drain - side * self.step) / self._days, pace, cost, later)
            for side, cost, later in product((-1, 1), costs, (pace - scatter, pace + scatter))
        ]
        days = left / (self._drain / self._days)
        return Estimate(floor(min(ends)), floor(usual), ceil(max(ends)), floor(days))

    # What is kept -------------------------------------------------------------------------------

    def rows(self) -> tuple[Write, ...]:
        """What has changed since this was asked last."""
        if self.unsaved_since is None:
            return ()
        kept = {
            "throws": self.throws, "duty_s": round(self.duty_s, 1), "step": self.step, "drops": self.drops,
            "sags": self.sags, "sums": [self._days, self._throws, self._drain],
        }  # fmt: skip
        days = (Put("state", f"{SAMPLES}{day}", {"samples": self.samples[day]}) for day in sorted(self._changed))
        gone = (Drop("state", f"{SAMPLES}{day}") for day in sorted(self._gone))
        writes: tuple[Write, ...] = (Put("state", ROW, kept), *days, *gone)
        self.unsaved_since, self._changed, self._gone = None, set(), set()
        return writes

    def history(self, days: int, wall: int) -> list[dict[str, Any]]:
        """The samples of the last days, oldest first. `wall`: now, in microseconds since 1970."""
        first = wall // 1_000_000 - days * int(DAY_S)
        every = sorted((sample for kept in self.samples.values() for sample in kept), key=lambda sample: sample[0])
        return [_told(*sample) for sample in every if sample[0] >= first]


def cost_of(drops: Sequence[float], step: float) -> tuple[float, float] | None:
    """What a throw takes, at the least and at the most; None: too few were seen. `drops`: percent that each
    took; `step`: of the gauge that told so."""
    count, total = len(drops), sum(drops)
    if count < DROPS_LEAST:
        return None
    scatter = sum(drop * drop for drop in drops) - total * total / count
    spread = 2 * sqrt(max(0.0, scatter) + step**2)
    return max(0.0, (total - spread) / count), max(0.0, (total + spread) / count)


def reach(left: float, drain: float, pace: float, cost: float, later: float) -> float:
    """Throws that are left at the pace to come. `left`: percent; `drain`: percent a day at the `pace`
    (throws a day) so far; `cost`: of a throw, and what it does not explain is idling."""
    cost = min(cost, drain / pace)
    return later * left / (drain - pace * cost + later * cost)


def _told(seconds: int, percent: float | None, volts: float | None, throws: int) -> dict[str, Any]:
    sample = {"time": seconds, "percent": percent, "volts": volts, "throws": throws}
    return {name: value for name, value in sample.items() if value is not None}

"""Wrong tries and what they cost, counted for each source by itself.

Two counts: a right code ends that of the window; that of the day ends by time alone, so that nobody who has a
code of his own can hunt for others between two openings. No lockout is longer than the longest of the settings.
Everything runs on the monotonic clock, so no clock that is set can shorten or lengthen a
penalty. What is kept across a power cut are ages and remainders, never dates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lockd.value import Value

HELD_RECORDED = 10  #: tries during a lockout that get a record each; the rest are counted
TRICKLE_S = 300.0  #: within this, what is no try of a code gets no more records than that
RECURRING_S = 3600.0  #: nor within this what begins and ends again and again
HOUR_S, DAY_S = 3600.0, 86_400.0
CHECKPOINT_S = 30.0  #: how often the remainder is saved: what a power cut can add at the most


class Policy(Value):
    """`limit` wrong tries within `window_s` cost `first_s`, doubling each time up to `max_s`; from `day_limit` within
    a day on each costs the longest."""

    limit: int
    window_s: float
    first_s: float
    max_s: float
    day_limit: int

    @property
    def longest_s(self) -> float:
        """No lockout is longer."""
        return max(self.max_s, self.first_s)


class Daily:
    """What happened within the last day, and an hour at the most, counted by the hour. Times: mono seconds. Nothing
    but time makes it forgotten."""

    def __init__(self, hours: Iterable[tuple[float, int]] = ()) -> None:
        self._hours = tuple(hours)  # since when, and how often

    def add(self, at: float) -> None:
        """Once more."""
        *before, (since, count) = self._recent(at) or ((at, 0),)
        last = ((since, count + 1),) if at - since < HOUR_S else ((since, count), (at, 1))
        self._hours = (*before, *last)

    def count(self, at: float) -> int:
        """How often."""
        return sum(count for _, count in self._recent(at))

    def ages(self, at: float) -> list[list[float]]:
        """As it is stored: how long ago each hour began, and how often."""
        return [[at - since, count] for since, count in self._recent(at)]

    def _recent(self, at: float) -> tuple[tuple[float, int], ...]:
        return tuple((since, count) for since, count in self._hours if at - since < DAY_S + HOUR_S)


class Trickle:
    """Records of what somebody may do without end: so many within the window, the rest as a count."""

    def __init__(self, window_s: float = TRICKLE_S) -> None:
        self._window_s = window_s
        self._recent: tuple[float, ...] = ()
        self._untold = 0

    @property
    def room_at(self) -> float:
        """When the next may be told, once there were too many."""
        return self._recent[0] + self._window_s

    def take(self, at: float) -> int | None:
        """How many went untold before this one; None: this one goes untold too."""
        self._recent = tuple(moment for moment in self._recent if at < moment + self._window_s)
        if len(self._recent) >= HELD_RECORDED:
            self._untold += 1
            return None
        self._recent = (*self._recent, at)
        untold, self._untold = self._untold, 0
        return untold


class Recurring:
    """Something that begins and ends, perhaps without end: so many times it gets both its records, then
    it is counted; one that goes on is told when there is room for it."""

    def __init__(self) -> None:
        self.told = False
        self.deadline: float | None = None
        self._trickle = Trickle(RECURRING_S)

    def begin(self, at: float) -> int | None:
        """How many went untold before; None: this one goes untold too, for now."""
        untold = self._trickle.take(at)
        self.told = untold is not None
        self.deadline = self._trickle.room_at if untold is None else None
        return untold

    def late(self, at: float) -> int | None:
        """As `begin`, of the one that goes on; None: it is not time for that."""
        if self.deadline is None or at < self.deadline:
            return None
        return (self.begin(at) or 1) - 1  # it was counted itself

    def end(self) -> bool:
        """Whether its end is to be told: if its beginning was."""
        self.deadline = None
        return self.told


class Tries:
    """The wrong tries of one source. Times: mono seconds."""

    def __init__(self) -> None:
        self.failures: tuple[float, ...] = ()
        self.day = Daily()
        self.until: float | None = None
        self.level = 0
        self.held = 0
        self.checkpoint: float | None = None

    def remaining(self, at: float) -> float:
        """Seconds still to wait; 0: none."""
        return max(0.0, self.until - at) if self.until is not None else 0.0

    def fail(self, policy: Policy, at: float) -> bool:
        """A wrong try. True: this one starts the lockout."""
        self.failures = (*(f for f in self.failures if at - f < policy.window_s), at)
        self.day.add(at)
        if len(self.failures) < policy.limit and not self._exhausted(policy, at):
            return False
        self.shut(policy, at)
        return True

    def shut(self, policy: Policy, at: float) -> None:
        """The lockout begins."""
        doubled = policy.first_s * 2 ** min(self.level, 20)
        penalty = policy.longest_s if self._exhausted(policy, at) else min(doubled, policy.longest_s)
        self.until = at + penalty
        self.checkpoint = at + CHECKPOINT_S
        self.level += 1
        self.failures = ()

    def _exhausted(self, policy: Policy, at: float) -> bool:
        return self.day.count(at) >= policy.day_limit

    def checked(self, at: float) -> int:
        """The remainder is being saved, the next time is due later; answers how many tries were
        only counted since the last time."""
        self.checkpoint = at + CHECKPOINT_S
        return self._uncounted()

    def _uncounted(self) -> int:
        uncounted = max(0, self.held - HELD_RECORDED)
        self.held -= uncounted
        return uncounted

    def hold(self) -> bool:
        """A try during the lockout. True: it gets a record of its own."""
        self.held += 1
        return self.held <= HELD_RECORDED

    def succeed(self) -> bool:
        """A right PIN: the day's count stays. True: there was something to forget, so that it must be saved."""
        stale = bool(self.failures or self.level)
        self.failures = ()
        self.level = 0
        return stale

    def end(self) -> int:
        """The lockout is over; answers as `checked`."""
        self.until = self.checkpoint = None
        uncounted, self.held = self._uncounted(), 0
        return uncounted

    def kept(self, boot: str, at: float) -> dict[str, Any]:
        """As a row of the store."""
        return {
            "boot": boot, "at": at, "ages": [at - f for f in self.failures],
            "remaining": self.remaining(at), "level": self.level, "day": self.day.ages(at),
        }  # fmt: skip

    @classmethod
    def restored(cls, row: Mapping[str, Any], boot: str, at: float) -> Tries:
        """From a row. In the same boot the clock went on while lockd was away; in another one, or
        where boots have no name, nobody knows for how long, so nothing has passed. A lockout that
        goes on is saved at once, as one of this boot."""
        passed = max(0.0, at - row["at"]) if boot and row["boot"] == boot else 0.0
        tries = cls()
        tries.level = row["level"]
        tries.failures = tuple(at - passed - age for age in row["ages"])
        tries.day = Daily((at - passed - age, count) for age, count in row.get("day", ()))
        if row["remaining"] > passed:
            tries.until = at + row["remaining"] - passed
            tries.checkpoint = at
        return tries

"""The operating mode while a holiday lasts. What was before is kept beside it, and comes back by itself.

The newest word counts: a mode that a person sets while a holiday lasts holds at once, and that
holiday has no more to say, until it is set anew.
"""

from __future__ import annotations

from collections.abc import Iterable

from lockd.core.calendar import Calendar
from lockd.core.instant import Instant
from lockd.words import OperatingMode


class Holidays:
    """`now`: the index and the mode of the one that counts, the lowest of those that last. `over`: those
    that have no more to say. `deadline`: when that may change, in mono seconds."""

    def __init__(self, over: Iterable[int] = ()) -> None:
        self.over = frozenset(over)
        self.now: tuple[int, OperatingMode] | None = None
        self.deadline: float | None = None

    def follow(self, calendar: Calendar, at: Instant) -> bool:
        """See which it is now; whether that is another one."""
        before, self.now = self.now, self.at(calendar, at)
        self.deadline = calendar.deadline(at)
        return self.now != before

    def at(self, calendar: Calendar, at: Instant) -> tuple[int, OperatingMode] | None:
        """Which counts at a moment."""
        index = next((index for index in calendar.lasting(at) if index not in self.over), 0)
        return (index, calendar.mode(index)) if index else None

"""Windows of time, as managers set them: which are open at a moment, and when that changes.

Weekly windows go by what a clock on the wall shows in the lock's time zone: a minute that daylight
saving leaves out is in no window, one that comes twice counts twice. All else is seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

from lockd.core.spans import Span
from lockd.value import Value
from lockd.words import UserType

DAY_MINUTES = 1440
#: A window of one day of the week may fall into a minute that is left out, and open a week later.
AHEAD_DAYS = 15


class Weekly(Value):
    """`days`: those of its start, Sunday 1 … Saturday 64. `start`, `end`: minutes since midnight, the
    end outside; an end before the start is past midnight, an equal one makes a whole day."""

    days: int
    start: int
    end: int

    def open(self, local: datetime) -> bool:
        """Whether it is open when the clock on the wall shows this."""
        minute, day = local.hour * 60 + local.minute, local.isoweekday() % 7
        if self.start < self.end:
            return self._on(day) and self.start <= minute < self.end
        return (self._on(day) and minute >= self.start) or (self._on(day - 1) and minute < self.end)

    def _on(self, day: int) -> bool:
        return bool(self.days >> day % 7 & 1)


class Timetable(Value):
    """All windows of one user, those of a week and those of the calendar."""

    weekly: tuple[Weekly, ...] = ()
    yearly: tuple[Span, ...] = ()


def timetable(rows: Iterable[Mapping[str, Any]]) -> Timetable:
    """From a user's entries, with the values that D-Bus gave (names.py)."""
    weekly, yearly = [], []
    for row in rows:
        if "days" in row:
            start, end = (row[f"{edge}_hour"] * 60 + row[f"{edge}_minute"] for edge in ("start", "end"))
            weekly.append(Weekly(row["days"], start, end))
        else:
            yearly.append(Span(**row))
    return Timetable(tuple(weekly), tuple(yearly))


def is_open(kind: UserType, table: Timetable, seconds: int, zone: Callable[[], tzinfo]) -> bool:
    """Whether a user of this type may come in then, as far as his windows go. Of each kind that his
    type asks for one has to be open; a ScheduleRestrictedUser's are those that are set, at least one."""
    week = bool(table.weekly) and _any_weekly(table, seconds, zone())
    year = any(span.open(seconds) for span in table.yearly)
    if kind == "WeekDayScheduleUser":
        return week
    if kind == "YearDayScheduleUser":
        return year
    return (week or not table.weekly) and (year or not table.yearly) and table != Timetable()


def next_change(kind: UserType, table: Timetable, seconds: int, zone: Callable[[], tzinfo]) -> int:
    """When `is_open` next becomes what it is not now; 0: never, as far as can be seen."""
    now = is_open(kind, table, seconds, zone)
    edges = _edges(table, seconds, zone)
    return next((edge for edge in edges if is_open(kind, table, edge, zone) is not now), 0)


def _any_weekly(table: Timetable, seconds: int, zone: tzinfo) -> bool:
    local = datetime.fromtimestamp(seconds, zone)
    return any(weekly.open(local) for weekly in table.weekly)


def _edges(table: Timetable, seconds: int, zone: Callable[[], tzinfo]) -> Iterator[int]:
    """Every moment at which anything may change, in order: the year's, and the weeks' after each of them."""
    years = sorted({edge for span in table.yearly for edge in (span.start, span.end) if edge > seconds})
    minutes = _turns(table.weekly)
    for base, following in zip((seconds, *years), (*years, None), strict=True):
        if base > seconds:
            yield base
        if table.weekly:
            week = _week_edges(minutes, base, zone())
            yield from sorted({edge for edge in week if base < edge and (following is None or edge < following)})


def _turns(weekly: tuple[Weekly, ...]) -> set[int]:
    """The minutes of the day at which it may open or close: of windows that leave no gap there are none."""
    sunday = datetime(2023, 1, 1)  # as a clock on the wall shows it
    minutes = {minute for each in weekly for minute in (each.start, each.end)}

    def turns(shown: datetime) -> bool:
        before = shown - timedelta(minutes=1)
        return any(each.open(shown) for each in weekly) != any(each.open(before) for each in weekly)

    return {m for m in minutes if any(turns(sunday + timedelta(days=day, minutes=m)) for day in range(7))}


def _week_edges(minutes: set[int], base: int, zone: tzinfo) -> Iterator[int]:
    """Those times of day on the days after `base`, and the moments at which the clock is put."""
    midnight = datetime.fromtimestamp(base, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    for ahead in range(AHEAD_DAYS + 1):
        day = midnight + timedelta(days=ahead)
        for minute in minutes:
            shown = day.replace(hour=minute // 60, minute=minute % 60)
            yield from (int(shown.replace(fold=fold).timestamp()) for fold in (0, 1))
        begun, over = int(day.timestamp()), int((day + timedelta(days=1)).timestamp())
        if _offset(begun, zone) != _offset(over, zone):
            yield _put(begun, over, zone)


def _offset(seconds: int, zone: tzinfo) -> timedelta | None:
    return datetime.fromtimestamp(seconds, zone).utcoffset()


def _put(before: int, after: int, zone: tzinfo) -> int:
    """The first second of another offset."""
    was = _offset(before, zone)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(middle, zone) == was else (before, middle)
    return after

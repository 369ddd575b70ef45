"""Hours of a week and days of a calendar told to people. Pure: local times, `now` is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from lockd.cli.hours import DAYS, Days, Week

MIDNIGHT = datetime.min.time()
DAY_MINUTES = 1440


def tell_weeks(hours: Sequence[Week]) -> str:
    """`Monday to Friday 08:00 to 17:00, and Saturday 22:00 to 06:00 the next day`."""
    by_days: dict[int, list[str]] = {}
    for each in hours:
        by_days.setdefault(each.days, []).append(_tell_times(each))
    return ", and ".join(f"{_tell_days(days)} {' and '.join(times)}" for days, times in by_days.items())


def tell_days(spans: Sequence[Days], now: datetime) -> str:
    """`from Thu 24 Dec 2026 to the end of Thu 31 Dec 2026`; of what has begun: `until the end of Thu 31 Dec 2026`."""
    return ", and ".join(_tell_span(_local(each.start), _local(each.end), now) for each in spans)


def told(when: datetime, now: datetime) -> str:
    """`today 17:00`, `tomorrow`, `Thu 24 Dec 2026 17:00`: a day alone is its midnight."""
    ahead_days = (when.date() - now.date()).days
    day = {0: "today", 1: "tomorrow"}.get(ahead_days) or f"{DAYS[when.weekday()][:3]} {when.day} {when:%b %Y}"
    return day if when.time() == MIDNIGHT and ahead_days != 0 else f"{day} {when:%H:%M}"


def end_told(when: datetime, now: datetime) -> str:
    """As `told`, but a midnight is the end of the day before it."""
    if when.time() != MIDNIGHT:
        return told(when, now)
    return f"the end of {told(when - timedelta(days=1), now).removesuffix(' 00:00')}"


def written(week: Week) -> str:
    """`Mon-Fri 08:00-17:00`, which `weeks` reads."""
    days = ",".join("-".join(each) for each in _runs(week.days, 3))
    return f"{days} {_minutes(week.start)}-{_minutes(week.end or DAY_MINUTES)}"


def _tell_span(start: datetime, end: datetime, now: datetime) -> str:
    ends = end_told(end, now)
    return f"until {ends}" if start <= now < end else f"from {told(start, now)} to {ends}"


def _tell_days(mask: int) -> str:
    if mask == 127:
        return "every day"
    parts = [" to ".join(each) for each in _runs(mask)]
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def _tell_times(week: Week) -> str:
    if week.start == week.end == 0:
        return "all day"
    past = " the next day" if 0 < week.end <= week.start else ""
    return f"{_minutes(week.start)} to {_minutes(week.end or DAY_MINUTES)}{past}"


def _runs(mask: int, letters: int | None = None) -> list[tuple[str, ...]]:
    """Days in a row, three or more by the first and the last of them."""
    chosen = [day for day in range(7) if mask >> (day + 1) % 7 & 1]
    rows: list[list[int]] = []
    for day in chosen:
        if rows and rows[-1][-1] == day - 1:
            rows[-1].append(day)
        else:
            rows.append([day])
    ends = [each for row in rows for each in ([row] if len(row) > 2 else [[day] for day in row])]
    return [tuple(DAYS[day][:letters] for day in dict.fromkeys((each[0], each[-1]))) for each in ends]


def _minutes(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _local(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds)

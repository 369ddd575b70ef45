"""Times and durations, to and from the words that people use: local times, and `now` is an argument."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

#: A clock that shows an earlier moment was never set (seconds since 1970; 2020-01-01).
NEVER_SET = 1_577_836_800
#: Nor does any clock show the year 9999.
BEYOND = 253_370_764_800
#: The longest that `2w` and its kin reach back, in seconds.
LONG_AGO = 100 * 366 * 86_400


def moment(text: str, now: datetime) -> datetime:
    """`2026-11-01`, `2026-11-01 14:30`, `14:30`, `2h`, `90 min`, `today`, `yesterday` or `now`, in local
    time without a zone, as `now` is; ValueError for anything else."""
    word = text.strip().lower()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    named = {"now": now, "today": midnight, "yesterday": midnight - timedelta(days=1)}
    if word in named:
        return named[word]
    ago = re.fullmatch(r"(\d{1,6}) ?(s|m|min|h|d|w)", word)
    if ago:
        seconds = int(ago[1]) * UNITS[ago[2]]
        if seconds > LONG_AGO:
            raise ValueError(text)
        return now - timedelta(seconds=seconds)
    clock = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", word)
    if clock:
        return midnight.replace(hour=int(clock[1]), minute=int(clock[2]), second=int(clock[3] or 0))
    given = datetime.fromisoformat(text.strip())
    return given.astimezone().replace(tzinfo=None) if given.tzinfo else given


def told(micros: int, now: datetime) -> str:
    """A moment (microseconds since 1970) in local time: the nearer, the shorter."""
    if not NEVER_SET <= micros // 1_000_000 < BEYOND:
        return "clock not set"
    then = datetime.fromtimestamp(micros / 1e6)
    clock = f"{then:%H:%M:%S}"
    days = (now.date() - then.date()).days
    if days in (0, 1):
        return f"{('today', 'yesterday')[days]} {clock}"
    if then.year == now.year:
        return f"{_DAYS[then.weekday()]} {then.day} {_MONTHS[then.month - 1]} {clock}"
    return f"{then:%Y-%m-%d} {clock}"


def duration(seconds: int) -> str:
    """`45 s`, `1 min 30 s`, `2 h 5 min`, `2 days`."""
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    day = "day" if days == 1 else "days"
    parts = [(days, day), (hours, "h"), (minutes, "min"), (rest, "s")]
    said = [f"{n} {unit}" for n, unit in parts if n]
    return " ".join(said[:2]) or "0 s"

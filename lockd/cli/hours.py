"""Hours of a week and days of a calendar, read as people write them.

Pure: local times, `now` is an argument. Weekly hours go by the lock's clock, whatever its zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from lockd.cli.exits import Usage
from lockd.value import Value

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_GROUPS = {"daily": range(7), "everyday": range(7), "weekdays": range(5), "weekday": range(5), "weekend": range(5, 7),
           "weekends": range(5, 7)}  # fmt: skip
_FILLERS = {"every", "each", "on", "at", "and", "from", "the"}
_UNITS = {"h": 3600, "d": 86_400, "w": 604_800}
AS_WRITTEN = "say it as “Mon-Fri 08:00-17:00”, “Mon-Fri 8-12 13-17; Sat 9-12” or “Fri-Sun 22:00-06:00”"


class Week(Value):
    """As lockd keeps it: `days` Sunday 1 … Saturday 64, minutes since midnight; an end that is not after
    the start is on the next day."""

    days: int
    start: int
    end: int


class Days(Value):
    """Seconds since 1970, the end outside."""

    start: int
    end: int


def weeks(text: str) -> tuple[Week, ...]:
    """`Mon-Fri 08:00-17:00; Sat 9-12` and whatever else people write; Usage for what is not understood.
    Without a day it is every day, without hours all day."""
    found: dict[tuple[int, int], set[int]] = {}
    for days, times in _clauses(_words(text), text):
        for hours in times or [(0, 0)]:
            found.setdefault(hours, set()).update(days or range(7))
    if not found:
        raise Usage(f"“{text}” are no hours; {AS_WRITTEN}")
    return tuple(Week(_mask(days), *hours) for hours, days in found.items())


def ahead(text: str, now: datetime, ends: bool = False) -> datetime:
    """A moment to come: `2026-12-24`, `24.12.2026 15:00`, `15:00`, `tomorrow`, `Fri 15:00`, `3d`, `2 weeks`;
    `ends`: a day alone means its end, 24:00. Usage for anything else."""
    word = re.sub(r"\s+", " ", text.strip().lower())
    lasting = re.fullmatch(r"(\d{1,4}) ?(h|d|w)(?:ours?|ays?|eeks?)?", word)
    if word == "now":
        return now
    if lasting:
        return now + timedelta(seconds=int(lasting[1]) * _UNITS[lasting[2]])
    day, clock = _split(word)
    try:
        base = _day(day, now) if day or not clock else now.replace(hour=0, minute=0, second=0, microsecond=0)
        minutes = _clock(clock) if clock else (1440 if ends else 0)
        return base + timedelta(minutes=minutes)
    except (ValueError, OverflowError):
        raise Usage(f"“{text}” is no time: say it as 2026-12-24, 2026-12-24 15:00, 15:00, tomorrow, Fri 15:00 or 3d"
                    ) from None  # fmt: skip


def days(begin: str | None, until: str | None, now: datetime) -> Days:
    """From `begin` (None: now) to `until`; an end like `17:00` is the next one after the start."""
    if until is None:
        raise Usage("it has a beginning and no end: say --until DATE as well")
    starts = ahead(begin, now) if begin else now
    ends = ahead(until, now, ends=True)
    if re.fullmatch(r"[\d:]+", until.strip()):
        ends = datetime.combine(starts.date(), ends.time())
        ends += timedelta(days=ends <= starts)
    if ends <= starts:
        raise Usage(f"the end, {ends:%Y-%m-%d %H:%M}, is not after the start, {starts:%Y-%m-%d %H:%M}")
    return Days(int(starts.timestamp()), int(ends.timestamp()))


def _words(text: str) -> list[str]:
    """In small letters, with `-` for every word and sign of a range and no blank around it."""
    plain = re.sub(r"[\u2010-\u2015]|\b(?:to|until|till|through)\b", "-", text.lower())
    plain = re.sub(r"\ball[ -]day\b|\balways\b", "00:00-24:00", plain)
    plain = plain.replace("midnight", "24:00").replace("noon", "12:00").replace("every day", "daily")
    plain = re.sub(r"(\d) ?([ap])\.?m\b\.?", r"\1\2m", plain)
    plain = re.sub(r"\s*-\s*", "-", plain).replace(";", " ; ")
    return [word for word in re.split(r"[\s,&+]+", plain) if word and word not in _FILLERS]


def _clauses(words: Iterable[str], text: str) -> Iterator[tuple[set[int], list[tuple[int, int]]]]:
    """The days and the times that belong together: a day after a time begins anew, and so does `;`."""
    days: set[int] = set()
    times: list[tuple[int, int]] = []
    for word in words:
        named = re.fullmatch(r"[a-z]+(?:-[a-z]+)?", word) is not None
        if word == ";" or (named and times):
            if days or times:
                yield days, times
            days, times = set(), []
        try:
            if named:
                days |= _weekdays(word)
            elif word != ";":
                times.append(_times(word))
        except ValueError:
            raise Usage(f"“{word}” in “{text}” is neither a day nor hours; {AS_WRITTEN}") from None
    if days or times:
        yield days, times


def _weekdays(word: str) -> set[int]:
    """Monday 0; a range may pass Sunday."""
    if word in _GROUPS:
        return set(_GROUPS[word])
    first, _, last = word.partition("-")
    begin = _weekday(first)
    end = _weekday(last) if last else begin
    return {day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)}


def _weekday(name: str) -> int:
    """`mo`, `mon`, `Monday` or `mondays`, Monday 0."""
    stem = name.lower().removesuffix("s") if len(name) > 5 else name.lower()
    found = [n for n, day in enumerate(DAYS) if len(stem) > 1 and day.lower().startswith(stem)]
    if len(found) != 1:
        raise ValueError(name)
    return found[0]


def _times(word: str) -> tuple[int, int]:
    """`8-17`, `08:00-17:30` or `8am-5pm` in minutes; 24:00 is 0."""
    start, dash, end = word.partition("-")
    if not dash:
        raise ValueError(word)
    return _clock(start) % 1440, _clock(end) % 1440


def _clock(word: str) -> int:
    given = re.fullmatch(r"(\d{1,2})(?:[:.](\d{2}))?(am|pm)?", word)
    if not given:
        raise ValueError(word)
    hour, minute = int(given[1]), int(given[2] or 0)
    if given[3]:
        if not 1 <= hour <= 12:
            raise ValueError(word)
        hour = hour % 12 + 12 * (given[3] == "pm")
    if minute > 59 or hour * 60 + minute > 1440:
        raise ValueError(word)
    return hour * 60 + minute


def _split(word: str) -> tuple[str, str]:
    """The day and the time of it, each may be empty."""
    clock = re.search(r"(?:^|[ t])(\d{1,2}:\d{2}|\d{1,2}[ap]m)(?::00)?$", word)
    return (word[: clock.start()], clock[1]) if clock else (word, "")


def _day(word: str, now: datetime) -> datetime:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if word in ("today", "tomorrow"):
        return midnight + timedelta(days=word == "tomorrow")
    if word.isalpha():
        return midnight + timedelta(days=(_weekday(word) - now.weekday()) % 7)
    dotted = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", word)
    if dotted:
        return datetime(int(dotted[3]), int(dotted[2]), int(dotted[1]))
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", word):
        raise ValueError(word)
    return datetime.fromisoformat(word)


def _mask(chosen: Iterable[int]) -> int:
    return sum(1 << (day + 1) % 7 for day in set(chosen))

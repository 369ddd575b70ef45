"""Windows in the words of people: from what was typed to a code's window, and from there to a sentence.

Local times, `now` is an argument; inside, hours since 1970.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from lockd.cli.exits import Usage
from lockd.cli.keyfile import Key
from lockd.cli.when import moment
from lockd.codes import DAY, WEEK, WEEKS, Label, Window
from lockd.errors import NotFound

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


# What was typed ------------------------------------------------------------------------------------------


def hours(text: str) -> tuple[int, ...]:
    """`1-12`, `2,3,4`, `1d-7d` or `24` as hours, ascending."""
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        given = re.fullmatch(r"(\d{1,3})(d?)(?:-(\d{1,3})(d?))?", part)
        if not given:
            raise Usage(f"“{text}” are no lengths: say hours as 1-12 or 2,3,4, or days as 1d-7d")
        step = DAY if given[2] else 1
        last = int(given[3]) * (DAY if given[4] else 1) if given[3] else int(given[1]) * step
        found.update(range(int(given[1]) * step, last + 1, step))
    return tuple(sorted(found))


def instant(text: str, now: datetime) -> datetime:
    """A moment from now on: as when.moment, or `tomorrow 8:00`, `Fri 15:00`."""
    named = re.fullmatch(r"([A-Za-z]+) +(\d{1,2}:\d{2})", text.strip())
    try:
        if named is None:
            return moment(text, now)
        clock = moment(named[2], now)
        if named[1].lower() == "tomorrow":
            return clock + timedelta(days=1)
        return clock + timedelta(days=(_weekday(named[1]) - clock.weekday()) % 7)
    except ValueError:
        raise Usage(
            f"“{text}” is no time: say it as 2026-12-24 08:00, 08:00, tomorrow 08:00 or Fri 15:00"
        ) from None


def _weekday(name: str) -> int:
    found = [n for n, day in enumerate(DAYS) if len(name) >= 2 and day.lower().startswith(name.lower())]
    if len(found) != 1:
        raise ValueError(name)
    return found[0]


def whole_hour(when: datetime) -> int:
    """The hour since 1970 that begins then."""
    hour, rest = divmod(int(when.timestamp()), 3600)
    if rest:
        near = " or ".join(f"{datetime.fromtimestamp(each * 3600):%H:%M}" for each in (hour, hour + 1))
        raise Usage(f"codes begin and end with the hour, and {when:%H:%M} is within one: say {near}")
    return hour


def span(when: str | None, until: str | None, now: datetime) -> tuple[int, int]:
    """The first hour, and how many there are; an end like `17:00` is the next one after the start,
    and so is a `Mon 11:00`."""
    begins = instant(when, now) if when else now.replace(minute=0, second=0, microsecond=0)
    start = whole_hour(begins)
    if until is None:
        return start, 0
    ends = instant(until, now if until.lower().startswith(("today", "tomorrow")) else begins)
    if ends <= begins and re.fullmatch(r"\d{1,2}:\d{2}", until.strip()):
        ends += timedelta(days=1)
    if ends <= begins:
        raise Usage(f"the end, {told(whole_hour(ends), now)}, is not after the start")
    return start, whole_hour(ends) - start


def weekly(text: str, when: str | None, now: datetime) -> tuple[int, int]:
    """`Mon 08:00-10:00` as the first hour from `when` on, and how many there are."""
    given = re.fullmatch(r"([A-Za-z]+) +(\d{1,2}:\d{2}) *- *(\d{1,2}:\d{2})", text.strip())
    if given is None:
        raise Usage(f"“{text}” are no weekly hours: say them as Mon 08:00-10:00")
    since = instant(when, now) if when else now
    first = instant(f"{given[1]} {given[2]}", since)
    if first + timedelta(hours=1) <= since:
        first += timedelta(days=7)
    start = whole_hour(first)
    ends = instant(given[3], first)
    return start, whole_hour(ends if ends > first else ends + timedelta(days=1)) - start


# Which window it is --------------------------------------------------------------------------------------


def window(key: Key, name: str | None, kind: str, start: int, length: int, now: datetime) -> tuple[Label, Window]:
    """The window with its label; NotFound or Usage say which there are instead."""
    known = [label for label in key.labels if label.name == name or name is None]
    if not known:
        raise NotFound(f"there is no label “{name}”; there are: {offers(key.labels)}")
    right = [label for label in known if label.kind == kind]
    if not right:
        raise Usage(f"no such code for this label; there are: {offers(known if name else key.labels)}")
    fitting = [label for label in right if not length or length in label.lengths]
    if not fitting:
        raise Usage(f"no code lasts {_length(length)} here; there are: {offers(right)}")
    label = fitting[0]
    if start + label.waits(length) <= int(now.timestamp()) // 3600:
        raise Usage(f"it would have to be used first before {told(start + label.waits(length), now)}, which is over")
    return label, Window(key.epoch, label.name, label.number, label.kind, start, length)


def offers(labels: Iterable[Label]) -> str:
    """What codes there are, in a line."""
    kinds = {"once": "opens once", "span": "for", "weekly": "each week for"}
    told_ = (f"{label.name} ({kinds[label.kind]} {_lengths(label)}".rstrip() + ")" for label in labels)
    return ", ".join(told_) or "none"


def _lengths(label: Label) -> str:
    by_day = all(length % DAY == 0 for length in label.lengths) and label.lengths
    unit = DAY if by_day else 1
    numbers = [length // unit for length in label.lengths]
    in_row = len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1))
    said = f"{numbers[0]} to {numbers[-1]}" if in_row else ", ".join(map(str, numbers))
    return f"{said} {'days' if by_day else 'hours'}" if said else ""


def _length(length: int) -> str:
    return f"{length // DAY} days" if length % DAY == 0 and length > DAY else f"{length} hours"


# What it means -------------------------------------------------------------------------------------------


def sentence(label: Label, made: Window, now: datetime) -> str:
    """When the code works, in one sentence."""
    before = told(made.start + label.waits(made.length), now)
    if made.kind == "once":
        return f"Opens once, from {told(made.start, now)} until {before}."
    first = f"used for the first time before {before}"
    if made.kind == "span":
        return f"Opens from {told(made.start, now)} until {told(made.start + made.length, now)}, if {first}."
    begins = datetime.fromtimestamp(made.start * 3600)
    changed = next((text for text in _hours_of_weeks(made) if text != _hours_of(made, 0)), "")
    other = f", {changed} while the clocks are changed" if changed else ""
    return (f"Opens every {DAYS[begins.weekday()]} {_hours_of(made, 0)}{other}, from {begins:%-d %b %Y} on"
            f" for a year, if {first}.")  # fmt: skip


def _hours_of_weeks(made: Window) -> Iterable[str]:
    return (_hours_of(made, week) for week in range(WEEKS))


def _hours_of(made: Window, week: int) -> str:
    begin = (made.start + week * WEEK) * 3600
    ends = (datetime.fromtimestamp(moment) for moment in (begin, begin + made.length * 3600))
    return " to ".join(f"{end:%H:%M}" for end in ends)


def told(hour: int, now: datetime) -> str:
    """The beginning of an hour, in local time."""
    then = datetime.fromtimestamp(hour * 3600)
    if then.date() == now.date():
        return f"today {then:%H:%M}"
    return f"{then:%a %-d %b %H:%M}" if then.year == now.year else f"{then:%a %-d %b %Y %H:%M}"


def aloud(code: str) -> str:
    """Nine digits as they are read out: in threes."""
    return " ".join(code[at : at + 3] for at in range(0, len(code), 3))

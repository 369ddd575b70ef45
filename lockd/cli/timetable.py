"""A user's schedules over D-Bus: read, added to or replaced, and the type of user that goes with them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from lockd.cli.exits import Usage
from lockd.cli.hours import Days, Week, days, weeks
from lockd.cli.link import Lockd
from lockd.cli.parser import Parser
from lockd.cli.people import SHORT, User, called
from lockd.dbus.names import ALL, HOLIDAY_FIELDS, USERS
from lockd.errors import ResourceExhausted
from lockd.value import Value
from lockd.words import SCHEDULES_AT_ONCE

#: Types that hours may make of one another.
BY_KIND: dict[tuple[bool, bool], str] = {
    (True, False): "WeekDayScheduleUser", (False, True): "YearDayScheduleUser", (True, True): "ScheduleRestrictedUser",
}  # fmt: skip
_FREE = ("UnrestrictedUser", *BY_KIND.values())


class Timetable(Value):
    """Entries by their index: hours of the week, days of the calendar."""

    weekly: Mapping[int, Week] = {}
    yearly: Mapping[int, Days] = {}


def hour_options(parser: Parser) -> None:
    """--when, --from and --until."""
    parser.add_argument("--when", metavar="HOURS", help="hours of the week: Mon-Fri 08:00-17:00; days and hours may"
                        " be several, and an end before the start is on the next day")
    parser.add_argument("--from", dest="begin", metavar="DATE", help="from then on (default: now)")
    parser.add_argument("--until", metavar="DATE", help="until then; of a day alone: to its end")


def wanted(args: Namespace, now: datetime) -> Timetable:
    """What `hour_options` gave, numbered from 1."""
    weekly = weeks(args.when) if args.when is not None else ()
    yearly = (days(args.begin, args.until, now),) if args.begin is not None or args.until is not None else ()
    return Timetable(dict(enumerate(weekly, 1)), dict(enumerate(yearly, 1)))


def type_with(user: User, table: Timetable) -> str:
    """The type that goes by these hours; Usage for a user whom hours do not concern."""
    kind = str(user.get("type", "UnrestrictedUser"))
    if kind not in _FREE:
        raise Usage(f"{called(user)} is of the type {SHORT.get(kind, kind)}, whom hours do not concern;"
                    " give --type unrestricted first")
    return kind if kind == "ScheduleRestrictedUser" else BY_KIND.get((bool(table.weekly), bool(table.yearly)), kind)


async def read(lockd: Lockd, user: int) -> Timetable:
    """All of a user's."""
    return (await tables(lockd, user, user)).get(user, Timetable())


async def tables(lockd: Lockd, first: int = 1, last: int = ALL - 1) -> dict[int, Timetable]:
    """Those of everybody who has any, by the user's index; of a user with none there is none."""
    found: dict[int, tuple[dict[int, Week], dict[int, Days]]] = {}
    for row in await _entries(lockd, first, last):
        weekly, yearly = found.setdefault(row["user"], ({}, {}))
        if row["type"] == "WeekDaySchedule":
            weekly[row["index"]] = _week(row)
        else:
            yearly[row["index"]] = Days(row["start"], row["end"])
    return {user: Timetable(*both) for user, both in found.items()}


async def write(lockd: Lockd, user: int, there: Timetable, new: Timetable, replaces: bool) -> Timetable:
    """Add entries, or put them in place of those of the same kind; ResourceExhausted before anything is
    changed. Gives what there is then."""
    weekly = await _places(lockd, "WeekDay", there.weekly, len(new.weekly), replaces)
    yearly = await _places(lockd, "YearDay", there.yearly, len(new.yearly), replaces)
    set_weekly = dict(zip(weekly, new.weekly.values(), strict=True))
    set_yearly = dict(zip(yearly, new.yearly.values(), strict=True))
    for index, week in set_weekly.items():
        if there.weekly.get(index) != week:
            numbers = (*divmod(week.start, 60), *divmod(week.end, 60))
            await lockd.call(USERS.name, "SetWeekDaySchedule", index, user, week.days, *numbers)
    for index, span in set_yearly.items():
        if there.yearly.get(index) != span:
            await lockd.call(USERS.name, "SetYearDaySchedule", index, user, span.start, span.end)
    kept_weekly = await _kept(lockd, "WeekDay", user, there.weekly, set_weekly, replaces)
    kept_yearly = await _kept(lockd, "YearDay", user, there.yearly, set_yearly, replaces)
    return Timetable({**kept_weekly, **set_weekly}, {**kept_yearly, **set_yearly})


async def holidays(lockd: Lockd) -> dict[int, Mapping[str, Any]]:
    """Every holiday by its index: start, end (seconds since 1970), mode."""
    rows = await _entries(lockd, 0, 0)
    return {row["index"]: {field: row[field] for field in HOLIDAY_FIELDS} for row in rows}


async def room(lockd: Lockd, kind: str) -> int:
    """How many entries fit; `kind` is WeekDay, YearDay or Holiday."""
    each = "" if kind == "Holiday" else "PerUser"
    return int(await lockd.get(USERS.name, f"NumberOf{kind}SchedulesSupported{each}"))


async def _entries(lockd: Lockd, first: int, last: int) -> list[Mapping[str, Any]]:
    """Of the users from `first` to `last`, as ListSchedules has them; an answer that is full is not the last."""
    found: list[Mapping[str, Any]] = []
    while first <= last:
        rows = await lockd.call(USERS.name, "ListSchedules", first, last)
        found += rows
        if len(rows) < SCHEDULES_AT_ONCE:
            break
        first = rows[-1]["user"] + 1
    return found


async def _places(lockd: Lockd, kind: str, taken: Collection[int], count: int, replaces: bool) -> Sequence[int]:
    """Indexes for new entries."""
    if not count:
        return ()
    most = await room(lockd, kind)
    free = [index for index in range(1, most + 1) if index not in taken]
    places = [*sorted(taken), *free] if replaces else free
    if len(places) < count:
        raise ResourceExhausted(f"{count} more of this kind do not fit: a user has room for {most}")
    return places[:count]


async def _kept(
    lockd: Lockd, kind: str, user: int, there: Mapping[int, Any], new: Collection[int], replaces: bool
) -> Mapping[int, Any]:
    """What stays beside the new ones; the rest of what they replace is cleared."""
    gone = [index for index in there if index not in new] if replaces and new else []
    for index in gone:
        await lockd.call(USERS.name, f"Clear{kind}Schedule", index, user)
    return {index: entry for index, entry in there.items() if index not in gone}


def _week(row: Mapping[str, Any]) -> Week:
    return Week(row["days"], row["start_hour"] * 60 + row["start_minute"], row["end_hour"] * 60 + row["end_minute"])

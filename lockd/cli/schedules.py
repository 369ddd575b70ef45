"""schedule, holiday: when users may come in, and when the lock has another mode."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime
from typing import Any, get_args

from lockd.cli import ask
from lockd.cli.behaviour import mode_named
from lockd.cli.copyable import copyable
from lockd.cli.exits import Usage
from lockd.cli.explain import explained
from lockd.cli.hours import Days, days
from lockd.cli.hours_told import tell_days, tell_weeks
from lockd.cli.link import Lockd
from lockd.cli.output import Output
from lockd.cli.parser import command, group
from lockd.cli.people import SHORT, User, called, everybody, find, free_place
from lockd.cli.session import on_bus
from lockd.cli.timetable import Timetable, holidays, hour_options, read, room, tables, type_with, wanted, write
from lockd.dbus.names import ALL_SCHEDULES, USERS
from lockd.errors import NotFound
from lockd.words import SCHEDULED, OperatingMode

KINDS = {"week": "WeekDay", "days": "YearDay"}


def add_parser(subparsers: Any) -> None:
    """Add `schedule` and `holiday`."""
    _add_schedule(subparsers)
    _add_holiday(subparsers)


def _add_schedule(subparsers: Any) -> None:
    example = 'lockctl schedule add Anna --when "Mon-Fri 08:00-17:00"'
    parser, commands = group(subparsers, "schedule", "when users may come in", (example, "lockctl schedule list"),
                             "Hours go by the lock's clock. Without a command: the list.")
    parser.set_defaults(run=on_bus(show_list), user=None)

    listing = command(commands, "list", "everybody's hours, or one user's", ("lockctl schedule list Anna",))
    listing.add_argument("user", metavar="USER", nargs="?", help="index or name")
    listing.set_defaults(run=on_bus(show_list))

    adding = command(commands, "add", "hours or days beside those that a user has",
                     (example, "lockctl schedule add Anna --from 2026-12-24 --until 2026-12-31"),
                     "A user who may always come in may do so in these hours only from then on.")
    adding.add_argument("user", metavar="USER", help="index or name")
    hour_options(adding)
    adding.set_defaults(run=on_bus(add))

    removing = command(commands, "remove", "take hours away from a user",
                       ("lockctl schedule remove Anna week-1", "lockctl schedule remove Anna all"),
                       "Whoever has none left can no longer come in.")
    removing.add_argument("user", metavar="USER", help="index or name")
    removing.add_argument("entry", metavar="ENTRY", help="as lockctl schedule list shows it: week-1, days-2; or all")
    removing.set_defaults(run=on_bus(remove))


def _add_holiday(subparsers: Any) -> None:
    example = "lockctl holiday add --from 2026-12-24 --until 2026-12-26 --mode Vacation"
    parser, commands = group(subparsers, "holiday", "days on which the lock has another mode", (example,),
                             "Without a command: the list.")
    parser.set_defaults(run=on_bus(show_holidays))

    listing = command(commands, "list", "every holiday", ("lockctl holiday list",))
    listing.set_defaults(run=on_bus(show_holidays))

    adding = command(commands, "add", "another mode from a day to a day", (example,),
                     "What was before comes back by itself.")
    adding.add_argument("--from", dest="begin", metavar="DATE", help="from then on (default: now)")
    adding.add_argument("--until", metavar="DATE", required=True, help="until then; of a day alone: to its end")
    adding.add_argument("--mode", required=True, type=mode_named, choices=get_args(OperatingMode), metavar="MODE",
                        help=f"while it lasts: {', '.join(get_args(OperatingMode))}")
    adding.set_defaults(run=on_bus(add_holiday))

    removing = command(commands, "remove", "one holiday, or all", ("lockctl holiday remove 1",))
    removing.add_argument("entry", metavar="NUMBER", help="as lockctl holiday list shows it, or all")
    removing.add_argument("--yes", metavar="WORD", help="for all: the word that would be asked for")
    removing.set_defaults(run=on_bus(remove_holiday))


# Hours of users ------------------------------------------------------------------------------------------


async def show_list(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Of one user, or of everybody who goes by hours."""
    users = await everybody(lockd)
    chosen = [find(users, args.user)] if args.user else [user for user in users if user.get("type") in SCHEDULED]
    only = (chosen[0]["index"],) * 2 if args.user else ()
    there = await tables(lockd, *only)
    hours = [(user["index"], user.get("name", ""), there.get(user["index"], Timetable())) for user in chosen]
    if out.as_json:
        out.document([{"user": index, "name": name, **_plain(table)} for index, name, table in hours])
        return
    rows = [(index, name, *row) for index, name, table in hours for row in _rows(table)]
    if rows:
        out.table(("Index", "Name", "Entry", "Hours"), rows)
    else:
        whom = f"{called(chosen[0])} has no hours" if args.user else "There are no hours"
        out.say(copyable(f'{whom}. Add some: lockctl schedule add NAME --when "Mon-Fri 08:00-17:00"'))
    for user in chosen if args.user else ():
        out.say(await explained(lockd, user, datetime.now()))


async def add(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Further entries, and the type that goes with them."""
    new = wanted(args, datetime.now())
    if new == Timetable():
        raise Usage("say when, with --when, or with --from and --until; see: lockctl schedule add --help")
    user = find(await everybody(lockd), args.user)
    kind = await give_hours(lockd, user, new, replaces=False)
    out.done(await hours_said(lockd, user["index"], kind != user.get("type")), user=user["index"], type=kind)


async def give_hours(lockd: Lockd, user: User, new: Timetable, replaces: bool) -> str:
    """Write them, then make the user one who goes by them; gives his type."""
    there = await read(lockd, user["index"])
    after = Timetable(
        new.weekly if replaces and new.weekly else {**there.weekly, **new.weekly},
        new.yearly if replaces and new.yearly else {**there.yearly, **new.yearly},
    )
    kind = type_with(user, after)
    await write(lockd, user["index"], there, new, replaces)
    if kind != user.get("type"):
        await lockd.call(USERS.name, "SetUser", "Modify", user["index"], {"type": kind})
    return kind


async def hours_said(lockd: Lockd, index: int, new_type: bool) -> str:
    """The sentence about a user as he is now, and his type if it is another one."""
    user = find(await everybody(lockd), str(index))
    kind = SHORT.get(user.get("type", ""), user.get("type", ""))
    return await explained(lockd, user, datetime.now()) + (f" The type is now {kind}." if new_type else "")


async def remove(lockd: Lockd, args: Namespace, out: Output) -> None:
    """One entry, or all."""
    user = find(await everybody(lockd), args.user)
    for kind, index in _entries(args.entry):
        await lockd.call(USERS.name, f"Clear{kind}Schedule", index, user["index"])
    out.done(f"Removed. {await hours_said(lockd, user['index'], False)}", user=user["index"])


def _entries(text: str) -> list[tuple[str, int]]:
    if text == "all":
        return [(kind, ALL_SCHEDULES) for kind in KINDS.values()]
    given = re.fullmatch(r"(week|days)-([1-9]\d{0,2})", text)
    if not given or int(given[2]) >= ALL_SCHEDULES:
        raise Usage(f"“{text}” is no entry: say week-1, days-1 (lockctl schedule list shows them) or all")
    return [(KINDS[given[1]], int(given[2]))]


def _rows(table: Timetable) -> Iterator[tuple[str, str]]:
    now = datetime.now()
    yield from ((f"week-{index}", tell_weeks([week])) for index, week in table.weekly.items())
    yield from ((f"days-{index}", tell_days([span], now)) for index, span in table.yearly.items())


def _plain(table: Timetable) -> dict[str, Any]:
    return {
        "week": [{"index": i, "days": w.days, "start": w.start, "end": w.end} for i, w in table.weekly.items()],
        "days": [{"index": i, "start": s.start, "end": s.end} for i, s in table.yearly.items()],
    }


# Holidays ------------------------------------------------------------------------------------------------


async def show_holidays(lockd: Lockd, args: Namespace, out: Output) -> None:
    """All of them."""
    rows = await holidays(lockd)
    if out.as_json:
        out.document([{"index": index, **row} for index, row in rows.items()])
    elif not rows:
        out.say("No holidays.")
    else:
        out.table(("Number", "Mode", "When"), ((i, row["mode"], _told(row)) for i, row in rows.items()))


async def add_holiday(lockd: Lockd, args: Namespace, out: Output) -> None:
    """At the first free place."""
    span = days(args.begin, args.until, datetime.now())
    index = free_place(await holidays(lockd), await room(lockd, "Holiday"), "holidays")
    await lockd.call(USERS.name, "SetHolidaySchedule", index, span.start, span.end, args.mode)
    out.done(f"Holiday {index}: {args.mode} {tell_days([span], datetime.now())}.", index=index)


async def remove_holiday(lockd: Lockd, args: Namespace, out: Output) -> None:
    """One, or all after a typed yes."""
    if args.entry == "all":
        ask.sure("This removes every holiday.", "all", args.yes)
        await lockd.call(USERS.name, "ClearHolidaySchedule", ALL_SCHEDULES)
        out.done("Removed every holiday.")
        return
    if not re.fullmatch(r"[1-9]\d{0,2}", args.entry):
        raise Usage(f"“{args.entry}” is no holiday: give its number (lockctl holiday list) or all")
    if int(args.entry) >= ALL_SCHEDULES:
        raise NotFound(f"there is no holiday {args.entry}")
    await lockd.call(USERS.name, "ClearHolidaySchedule", int(args.entry))
    out.done(f"Removed holiday {args.entry}.", index=int(args.entry))


def _told(row: Any) -> str:
    return tell_days([Days(row["start"], row["end"])], datetime.now())

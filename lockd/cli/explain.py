"""When a person can come in, in one sentence; and `why`: whether now, or at another time, and if not, why not."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lockd.cli.exits import FAILURE, OK
from lockd.cli.hours import ahead
from lockd.cli.hours_told import end_told, tell_days, tell_weeks, told
from lockd.cli.link import Lockd
from lockd.cli.output import Output
from lockd.cli.parser import command
from lockd.cli.people import User, called, everybody, find, marked
from lockd.cli.session import on_bus
from lockd.cli.timetable import Timetable, read
from lockd.dbus.names import USERS
from lockd.words import SCHEDULED

#: What each type that needs no hours may do.
MAY = {
    "UnrestrictedUser": "may always come in",
    "ProgrammingUser": "may always come in, in every mode",
    "DisposableUser": "may come in once",
    "ExpiringUser": "may come in for a time after the first use",
    "RemoteOnlyUser": "may operate the lock over D-Bus only",
    "NonAccessUser": "may never come in (tries are recorded)",
    "ForcedUser": "may always come in, under a silent alarm",
}
_RULES = {"Dual": ", with two credentials", "Tri": ", with three credentials"}


def add_parser(subparsers: Any) -> None:
    """Add `why`."""
    asking = command(subparsers, "why", "whether a user could come in, and if not, why not",
                     ("lockctl why Anna", 'lockctl why Anna --at "2026-12-24 20:00"', "lockctl why Anna --at tomorrow"),
                     "By the same rules that decide at the door. The exit status is 0 for yes and 1 for no.")
    asking.add_argument("user", metavar="USER", help="index or name")
    asking.add_argument("--at", metavar="TIME", help="at another time: 2026-12-24 20:00, 20:00, Fri 15:00, 3h")
    asking.set_defaults(run=on_bus(why))


async def why(lockd: Lockd, args: Namespace, out: Output) -> int:
    """Yes or no, and the reason."""
    now = datetime.now()
    at = ahead(args.at, now) if args.at is not None else None
    user = find(await everybody(lockd), args.user)
    seconds = int(at.timestamp()) if at else 0
    answer = await lockd.call(USERS.name, "Explain", user["index"], seconds)
    if out.as_json:
        out.document({**answer, "user": user["index"], "name": user.get("name", ""), "at": seconds})
    else:
        when, said = told(at, now) if at else "now", "yes" if answer["allowed"] else "no"
        out.say(f"{called(user)}, {when}: {said}. {answer['reason']}{_then(answer, now)}")
    return OK if answer["allowed"] else FAILURE


async def explained(lockd: Lockd, user: User, now: datetime) -> str:
    """The sentence about a user, as things are now."""
    table = await read(lockd, user["index"]) if user.get("type") in SCHEDULED else Timetable()
    terms = [await _terms(lockd, kind, index, now) for kind, index in user.get("limited", ())]
    answer = await lockd.call(USERS.name, "Explain", user["index"], 0)
    used_up = user.get("status") == "OccupiedDisabled" and answer["detail"] == "used-up"
    said = f"{_who(user)} has used up the right to come in" if used_up else may(user, table, now)
    return "; ".join(filter(None, (said + _today(user, table, answer, now), *terms))) + "."


def may(user: User, table: Timetable, now: datetime) -> str:
    """`Anna may come in Monday to Friday 08:00 to 17:00`."""
    who = _who(user)
    if user.get("status") == "OccupiedDisabled":
        return f"{who} is disabled"
    kind = user.get("type", "")
    said = MAY.get(kind) or _by_hours(kind, table, now)
    if _all_limited(user):
        said = said.replace("always ", "", 1)
    return f"{who} {said}{_RULES.get(user.get('rule', ''), '')}"


def _all_limited(user: User) -> bool:
    """Whether there is nothing that opens without end for him."""
    own = [each for each in user.get("credentials", ()) if each[0] != "ProgrammingPIN"]
    return bool(own) and all(marked(user, "limited", *each) for each in own)


def _who(user: User) -> str:
    return user.get("name") or f"User {user['index']}"


def _by_hours(kind: str, table: Timetable, now: datetime) -> str:
    weekly = tell_weeks(list(table.weekly.values())) if kind != "YearDayScheduleUser" else ""
    yearly = tell_days(list(table.yearly.values()), now) if kind != "WeekDayScheduleUser" else ""
    hours = ", ".join(filter(None, (weekly, yearly)))
    return f"may come in {hours}" if hours else "may never come in, as no hours are set"


def _today(user: User, table: Timetable, answer: Mapping[str, Any], now: datetime) -> str:
    """How it is at this moment, as far as `may` has not said it."""
    if answer["allowed"]:
        known = user.get("type") == "YearDayScheduleUser" and answer["until"] in [d.end for d in table.yearly.values()]
        return f"; {_until(answer['until'], now)}" if answer["until"] and not known else ""
    if user.get("status") == "OccupiedDisabled" or user.get("type") == "NonAccessUser":
        return ""
    if answer["detail"] == "schedule-shut" and table == Timetable():
        return ""
    if answer["detail"] == "schedule-shut":
        return "; not now, " + (f"next {_at(answer['next_open'], now)}" if answer["next_open"] else "nor ever again")
    return f"; not now: {str(answer['reason'])[:1].lower()}{str(answer['reason'])[1:].rstrip('.')}"


def _then(answer: Mapping[str, Any], now: datetime) -> str:
    if answer["next_open"]:
        return f" Next: {_at(answer['next_open'], now)}."
    return f" Until {end_told(datetime.fromtimestamp(answer['until']), now)}." if answer["until"] else ""


def _until(seconds: int, now: datetime) -> str:
    ends = datetime.fromtimestamp(seconds)
    return f"today until {ends:%H:%M}" if ends.date() == now.date() else f"now until {end_told(ends, now)}"


def _at(seconds: int, now: datetime) -> str:
    return told(datetime.fromtimestamp(seconds), now)


async def _terms(lockd: Lockd, kind: str, index: int, now: datetime) -> str:
    """`PIN 3: 2 of 3 uses left, until the end of Thu 31 Dec 2026`."""
    status = await lockd.call(USERS.name, "GetCredentialStatus", kind, index)
    uses = f"{status.get('left', 0)} of {status['uses']} uses left" if status.get("uses") else ""
    begin = f"from {_at(status['from'], now)}" if status.get("from") else ""
    until = f"until {end_told(datetime.fromtimestamp(status['until']), now)}" if status.get("until") else ""
    return f"{kind} {index}: " + ", ".join(filter(None, (uses, begin, until)))

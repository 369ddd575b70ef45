"""user: who may come in."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from lockd.cli import ask, transfer
from lockd.cli.copyable import copyable
from lockd.cli.exits import Usage
from lockd.cli.explain import explained
from lockd.cli.link import Lockd
from lockd.cli.output import Output
from lockd.cli.parser import Parser, command, group, place, whole
from lockd.cli.people import (
    RULES,
    SHORT,
    STATUSES,
    TYPES,
    called,
    counted,
    credentials,
    everybody,
    find,
    free_place,
    name_fault,
    namesake,
)  # fmt: skip
from lockd.cli.pins import advice, give_pin, new_user, pin_options, rated, wants_pin
from lockd.cli.schedules import give_hours, hours_said
from lockd.cli.session import on_bus
from lockd.cli.timetable import Timetable, hour_options, type_with, wanted, write
from lockd.dbus.names import ALL, USERS
from lockd.errors import ConstraintError, LockdError

WHO = "index or name"


def add_parser(subparsers: Any) -> None:
    """Add `user` and its commands."""
    examples = ("lockctl user list", "lockctl user add Anna --pin")
    parser, commands = group(subparsers, "user", "who may come in", examples, "Without a command: the list.")
    parser.set_defaults(run=on_bus(show_list))
    command(commands, "list", "everybody", ("lockctl user list --json",)).set_defaults(run=on_bus(show_list))

    one = command(commands, "show", "one user", ("lockctl user show Anna", "lockctl user show 3"))
    one.add_argument("user", metavar="USER", help=WHO)
    one.set_defaults(run=on_bus(show))

    adding = command(commands, "add", "a new user",
                     ("lockctl user add Anna --pin", "lockctl user add Plumber --type disposable --pin",
                      "lockctl user add Guest --pin --uses 3",
                      'lockctl user add Cleaner --when "Mon,Thu 8-12" --until 2026-12-31 --pin'))
    adding.add_argument("name", metavar="NAME", type=str.strip)
    adding.add_argument("--index", type=place, metavar="PLACE",
                        help="number of the place (default: the first free one)")
    pin_options(adding)
    adding.add_argument("--uses", type=whole(1, 255), metavar="NUMBER", help="that PIN opens so often (1 to 255)")
    _fields(adding)
    adding.set_defaults(run=on_bus(add))

    changing = command(commands, "set", "change a user",
                       ("lockctl user set Anna --name Anne", "lockctl user set 3 --disable",
                        'lockctl user set Anna --when "Mon-Fri 8-17"'),
                       "Hours and days that are given take the place of those that there are.")
    changing.add_argument("user", metavar="USER", help=WHO)
    changing.add_argument("--name", type=str.strip)
    _fields(changing)
    changing.set_defaults(run=on_bus(change))

    transfer.add_commands(commands)
    removing = command(commands, "remove", "remove a user with all PINs",
                       ("lockctl user remove Anna", "lockctl user remove all --yes all"))
    removing.add_argument("user", metavar="USER", help=f"{WHO}, or all")
    removing.add_argument("--yes", metavar="WORD", help="for all: the word that would be asked for")
    removing.set_defaults(run=on_bus(remove))


def _fields(parser: Parser) -> None:
    parser.add_argument("--type", type=str.lower, choices=tuple(TYPES), metavar="TYPE",
                        help=f"what the user may do: {', '.join(TYPES)} (default: unrestricted)")
    parser.add_argument("--unique-id", type=whole(0, 0xFFFF_FFFE), metavar="NUMBER",
                        help="a number of yours, below 4294967295")
    parser.add_argument("--rule", type=str.lower, choices=tuple(RULES), metavar="RULE",
                        help="how many credentials it takes: single, dual or tri")
    hour_options(parser)
    status = parser.add_mutually_exclusive_group()
    status.add_argument("--enable", dest="status", action="store_const", const="OccupiedEnabled",
                        help="the user's PINs work")
    status.add_argument("--disable", dest="status", action="store_const", const="OccupiedDisabled",
                        help="the user's PINs are refused")


def _given(args: Namespace) -> dict[str, Any]:
    fields = {"name": args.name, "unique_id": args.unique_id, "status": args.status,
              "type": TYPES[args.type] if args.type else None, "rule": RULES[args.rule] if args.rule else None}
    return {key: value for key, value in fields.items() if value is not None}


async def show_list(lockd: Lockd, args: Namespace, out: Output) -> None:
    """A table of everybody."""
    users = await everybody(lockd)
    if out.as_json:
        out.document(users)
    elif not users:
        out.say(copyable("Nobody yet. Add someone: lockctl user add NAME --pin"))
    else:
        out.table(("Index", "Name", "Type", "Status", "Credentials"), (
            (u["index"], u.get("name", ""), SHORT.get(u.get("type", ""), u.get("type", "")),
             STATUSES.get(u.get("status", ""), u.get("status", "")), credentials(u))
            for u in users
        ), wraps=("Name", "Credentials"))


async def show(lockd: Lockd, args: Namespace, out: Output) -> None:
    """One user, line by line, and when he can come in."""
    user = find(await everybody(lockd), args.user)
    said = await explained(lockd, user, datetime.now())
    if out.as_json:
        out.document({**user, "text": said})
        return
    for label, value in (
        ("Index", user["index"]), ("Name", user.get("name", "")),
        ("Type", SHORT.get(user.get("type", ""), "")), ("Status", STATUSES.get(user.get("status", ""), "")),
        ("Credentials", credentials(user)), ("Added by", user.get("creator", "")),
        ("Changed by", user.get("modifier", "")),
    ):
        out.say(f"{label:<13}{value}")
    out.say(said)


async def add(lockd: Lockd, args: Namespace, out: Output) -> None:
    """A new user, with a PIN if wanted; the PIN is asked for before anything is changed."""
    if args.uses and not wants_pin(args):
        raise Usage("it is the PIN that opens so often: give --pin beside --uses")
    if fault := name_fault(args.name):
        raise Usage(f"name: {fault}")
    terms = {"uses": args.uses} if args.uses else {}
    users = await everybody(lockd)
    hours = wanted(args, datetime.now())
    fields = _typed(_given(args), hours)
    pin = ask.new_pin(f"PIN for {args.name}: ", args.pin_stdin, "--pin-stdin") if wants_pin(args) else None
    faults = await rated(lockd, pin, 0) if pin is not None else []
    if pin is not None and args.index is None:
        index = await _add_with_pin(lockd, pin, fields, terms)
    else:
        room = await lockd.get(USERS.name, "NumberOfTotalUsersSupported")
        index = args.index or free_place((u["index"] for u in users), room, "users")
        await lockd.call(USERS.name, "SetUser", "Add", index, fields)
        if pin is not None:
            async with _or_nobody(lockd, index):
                await give_pin(lockd, {"index": index}, pin, fields=terms)
    times = f" of {args.uses} {'use' if args.uses == 1 else 'uses'}" if args.uses else ""
    done = f"Added {args.name} (user {index})" + (f" with a PIN{times}." if pin else ".")
    if hours != Timetable():
        async with _or_nobody(lockd, index):
            await write(lockd, index, Timetable(), hours, replaces=False)
        done += " " + await hours_said(lockd, index, args.type is None)
    out.done(done + namesake(users, args.name) + advice(faults), index=index, advice=faults)


def _typed(fields: dict[str, Any], hours: Timetable) -> dict[str, Any]:
    """The fields of a new user, of the type that goes by his hours; Usage if another one was given."""
    if hours == Timetable():
        return fields
    kind = type_with({"index": 0, **fields}, hours)
    if fields.get("type", "UnrestrictedUser") not in ("UnrestrictedUser", kind):
        raise Usage(f"the type {SHORT[fields['type']]} does not go by such hours; leave --type away")
    return {**fields, "type": kind}


async def _add_with_pin(lockd: Lockd, pin: str, fields: dict[str, Any], terms: Mapping[str, Any]) -> int:
    """The PIN makes the user, so that a refused one leaves no trace of him in the log."""
    made_with = {f"user_{key}": fields.pop(key) for key in ("status", "type") if key in fields}
    index = await new_user(lockd, pin, {**made_with, **terms})
    async with _or_nobody(lockd, index):
        await lockd.call(USERS.name, "SetUser", "Modify", index, fields)
    return index


@contextlib.asynccontextmanager
async def _or_nobody(lockd: Lockd, index: int) -> AsyncIterator[None]:
    """What is refused in here takes the user just added away again."""
    try:
        yield
    except LockdError:
        await lockd.call(USERS.name, "ClearUser", index)
        raise


async def change(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Some fields of a user."""
    fields, hours = _given(args), wanted(args, datetime.now())
    if args.name and (fault := name_fault(args.name)):
        raise Usage(f"name: {fault}")
    if not fields and hours == Timetable():
        raise Usage("nothing to change was given; see: lockctl user set --help")
    user = find(await everybody(lockd), args.user)
    wished = {**user, **fields}
    if hours != Timetable():
        type_with(wished, hours)
    if fields:
        await lockd.call(USERS.name, "SetUser", "Modify", user["index"], fields)
    done = f"Changed {called(user)}."
    if hours != Timetable():
        kind = await give_hours(lockd, wished, hours, replaces=True)
        done += " " + await hours_said(lockd, user["index"], kind != user.get("type"))
    out.done(done, index=user["index"])


async def remove(lockd: Lockd, args: Namespace, out: Output) -> None:
    """One user, or all after a typed yes."""
    users = await everybody(lockd)
    if args.user == "all":
        ask.sure(f"This removes {counted(len(users))} with every PIN.", "all", args.yes)
        with contextlib.suppress(ConstraintError):  # lockd wants to be asked twice
            await lockd.call(USERS.name, "ClearUser", ALL)
        await lockd.call(USERS.name, "ClearUser", ALL)
        out.done("Removed everybody.", removed=[user["index"] for user in users])
        return
    user = find(users, args.user)
    await lockd.call(USERS.name, "ClearUser", user["index"])
    out.done(f"Removed {called(user)}.", removed=[user["index"]])

"""pin: the PINs of users. They are asked for without echo and never shown."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from lockd.cli import ask
from lockd.cli.copyable import copyable
from lockd.cli.exits import Usage
from lockd.cli.link import Lockd
from lockd.cli.output import Output
from lockd.cli.parser import Parser, command, group, place
from lockd.cli.people import User, called, everybody, find, free_place, pins
from lockd.cli.session import on_bus
from lockd.dbus.names import USERS
from lockd.errors import LockdError, NotFound


def add_parser(subparsers: Any) -> None:
    """Add `pin` and its commands."""
    parser, commands = group(subparsers, "pin", "the PINs of users", ("lockctl pin set Anna", "lockctl pin list"),
                             "They are asked for without echo and never shown. Without a command: the list.")
    parser.set_defaults(run=on_bus(show_list))
    listing = command(commands, "list", "which PINs there are, and whose", ("lockctl pin list",))
    listing.set_defaults(run=on_bus(show_list))

    setting = command(commands, "set", "give a user a PIN, or a new one in place of the old",
                      ("lockctl pin set Anna", "lockctl pin set Anna --another",
                       "pass annas-pin | lockctl pin set Anna --stdin"), "Asks twice, without echo.")
    setting.add_argument("user", metavar="USER", help="index or name")
    which = setting.add_mutually_exclusive_group()
    which.add_argument("--another", action="store_true", help="beside the PINs that the user has")
    which.add_argument("--index", type=place, help="which of the user's PINs to replace")
    setting.add_argument("--stdin", action="store_true", help="read the PIN from a pipe, one line")
    setting.set_defaults(run=on_bus(change))

    removing = command(commands, "remove", "take a user's PIN away",
                       ("lockctl pin remove Anna", "lockctl pin remove Anna --index 4"),
                       "A user whose last credential goes is removed too.")
    removing.add_argument("user", metavar="USER", help="index or name")
    removing.add_argument("--index", type=place, help="which one, if the user has several")
    removing.add_argument("--yes", metavar="WORD", help="for the last one: the word that would be asked for")
    removing.set_defaults(run=on_bus(remove))


def pin_options(parser: Parser) -> None:
    """--pin and --pin-stdin, for commands that may set a PIN on the way."""
    parser.add_argument("--pin", action="store_true", help="ask for a PIN (twice, without echo)")
    parser.add_argument("--pin-stdin", action="store_true", help="read the PIN from a pipe, one line")


def wants_pin(args: Namespace) -> bool:
    """Whether one of `pin_options` was given."""
    return bool(args.pin or args.pin_stdin)


async def show_list(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Whose PIN is where."""
    owners = sorted(pins(await everybody(lockd)).items())
    if out.as_json:
        out.document([{"index": index, "user": user["index"], "name": user.get("name", "")} for index, user in owners])
    elif not owners:
        out.say(copyable("No PIN yet. Add one: lockctl pin set USER"))
    else:
        out.table(("PIN", "User", "Name"), ((i, user["index"], user.get("name", "")) for i, user in owners))


async def change(lockd: Lockd, args: Namespace, out: Output) -> None:
    """A first, a new or a further PIN."""
    user = find(await everybody(lockd), args.user)
    index = None if args.another else _which(user, args.index)
    pin = ask.new_pin(f"New PIN for {called(user)}: ", args.stdin, "--stdin")
    done = await give_pin(lockd, user, pin, index)
    verb = "added" if index is None else "changed"
    out.done(f"PIN {done} of {called(user)} {verb}.", index=done, user=user["index"])


async def remove(lockd: Lockd, args: Namespace, out: Output) -> None:
    """One PIN; with the last credential the user goes, which is asked for."""
    user = find(await everybody(lockd), args.user)
    index = _which(user, args.index)
    if index is None:
        raise NotFound(f"{called(user)} has no PIN")
    last = len(user.get("credentials", ())) == 1
    if last:
        ask.sure(f"It is the last credential of {called(user)}, who is removed with it.", "remove", args.yes)
    await lockd.call(USERS.name, "ClearCredential", "PIN", index)
    gone = f"PIN {index} of {called(user)} removed"
    out.done(f"{gone}, and the user with it." if last else f"{gone}.", index=index, user_removed=last)


async def give_pin(lockd: Lockd, user: User, pin: str, index: int | None = None) -> int:
    """Set PIN `index` of a user, or a further one at the first free index; gives the index."""
    if index is not None:
        await _set(lockd, "Modify", index, pin, user["index"], {})
        return index
    index = await _free_pin(lockd)
    await _set(lockd, "Add", index, pin, user["index"], {})
    return index


async def new_user(lockd: Lockd, pin: str, fields: Mapping[str, Any]) -> int:
    """Make a user out of a PIN, in one step; gives the user's index. `fields`: user_status, user_type."""
    return await _set(lockd, "Add", await _free_pin(lockd), pin, 0, fields)


async def _free_pin(lockd: Lockd) -> int:
    room = await lockd.get(USERS.name, "NumberOfPINUsersSupported")
    return free_place(pins(await everybody(lockd)), room, "PINs")


async def _set(lockd: Lockd, operation: str, index: int, pin: str, user: int, fields: Mapping[str, Any]) -> int:
    """SetCredential, which gives the user. lockd calls the PIN by its argument, people do not."""
    try:
        owner, _ = await lockd.call(USERS.name, "SetCredential", operation, "PIN", index, pin.encode(), user, fields)
    except LockdError as error:
        raise type(error)(str(error).removeprefix("data: "), error.detail) from None
    return int(owner)


def _which(user: User, wanted: int | None) -> int | None:
    """The PIN that is meant: the wanted one if it is his, the only one, None if there is none."""
    own = [index for kind, index in user.get("credentials", ()) if kind == "PIN"]
    if wanted is not None:
        if wanted not in own:
            raise NotFound(f"{called(user)} has no PIN {wanted} (lockctl pin list)")
        return wanted
    if len(own) > 1:
        raise Usage(f"{called(user)} has PINs {', '.join(map(str, own))}: say which with --index")
    return own[0] if own else None

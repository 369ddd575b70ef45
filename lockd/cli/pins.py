"""pin: the PINs of users. They are asked for without echo and never shown."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from lockd.cli import ask
from lockd.cli.copyable import copyable
from lockd.cli.exits import Usage
from lockd.cli.hours import ahead
from lockd.cli.link import Lockd
from lockd.cli.output import Output
from lockd.cli.parser import Parser, command, group, place, whole
from lockd.cli.people import MARKS, User, called, everybody, find, forget, free_place, marked, marks, owners, pins
from lockd.cli.session import on_bus
from lockd.dbus.names import USERS
from lockd.errors import LockdError, NotFound

PIN, PROGRAMMING = "PIN", "ProgrammingPIN"


def add_parser(subparsers: Any) -> None:
    """Add `pin` and its commands."""
    parser, commands = group(subparsers, "pin", "the PINs of users", ("lockctl pin set Anna", "lockctl pin list"),
                             "They are asked for without echo and never shown. Without a command: the list.")
    parser.set_defaults(run=on_bus(show_list))
    listing = command(commands, "list", "which PINs there are, and whose", ("lockctl pin list",))
    listing.set_defaults(run=on_bus(show_list))

    setting = command(commands, "set", "give a user a PIN, or a new one in place of the old",
                      ("lockctl pin set Anna", "lockctl pin set Anna --another",
                       "lockctl pin set Anna --spare --uses 1", "lockctl pin set Anna --until 2026-12-31",
                       "lockctl pin set Anna --programming",
                       "pass annas-pin | lockctl pin set Anna --stdin"),
                      "Asks twice, without echo. Limits that are not given stay as they were.")
    setting.add_argument("user", metavar="USER", help="index or name")
    which = setting.add_mutually_exclusive_group()
    which.add_argument("--another", action="store_true", help="beside the PINs that the user has")
    which.add_argument("--index", type=place, help="which of the user's PINs to replace")
    which.add_argument("--spare", action="store_true", help="a spare PIN beside the usual one, at most 2 of a user")
    which.add_argument("--duress", action="store_true",
                       help="a further PIN that opens as usual, and raises a silent alarm")
    which.add_argument("--programming", action="store_true",
                       help="the one that a programming user makes changes with at the keypad; it opens nothing")
    term_options(setting)
    setting.add_argument("--stdin", action="store_true", help="read the PIN from a pipe, one line")
    setting.set_defaults(run=on_bus(change))

    removing = command(commands, "remove", "take a user's PIN away",
                       ("lockctl pin remove Anna", "lockctl pin remove Anna --index 4"),
                       "A user whose last credential goes is removed too.")
    removing.add_argument("user", metavar="USER", help="index or name")
    gone = removing.add_mutually_exclusive_group()
    gone.add_argument("--index", type=place, help="which one, if the user has several")
    gone.add_argument("--programming", action="store_true", help="the one for making changes at the keypad")
    removing.add_argument("--yes", metavar="WORD", help="for the last one: the word that would be asked for")
    removing.set_defaults(run=on_bus(remove))


def pin_options(parser: Parser) -> None:
    """--pin and --pin-stdin, for commands that may set a PIN on the way."""
    parser.add_argument("--pin", action="store_true", help="ask for a PIN (twice, without echo)")
    parser.add_argument("--pin-stdin", action="store_true", help="read the PIN from a pipe, one line")


def term_options(parser: Parser) -> None:
    """--uses, --from and --until."""
    parser.add_argument("--uses", type=whole(0, 255), metavar="NUMBER",
                        help="it opens so often (1 to 255); 0: without end again")
    parser.add_argument("--from", dest="begin", metavar="DATE", help="it opens from then on; always: no beginning")
    parser.add_argument("--until", metavar="DATE", help="and until then, of a day alone to its end; always: no end")


def terms(args: Namespace, now: datetime) -> dict[str, Any]:
    """What `term_options` gave, and --spare and --duress, as SetCredential takes them."""
    begin, until = (_moment(text, now, ends) for text, ends in ((args.begin, False), (args.until, True)))
    if begin and until and until <= begin:
        raise Usage("the end of the PIN is not after its beginning")
    if until and until <= now.timestamp():
        raise Usage(f"the end of the PIN, {args.until}, is over already")
    given = {"uses": args.uses, "from": begin, "until": until, "spare": args.spare or None,
             "duress": args.duress or None}  # fmt: skip
    return {key: value for key, value in given.items() if value is not None}


def _moment(text: str | None, now: datetime, ends: bool) -> int | None:
    if text is None:
        return None
    return 0 if text == "always" else int(ahead(text, now, ends).timestamp())


def wants_pin(args: Namespace) -> bool:
    """Whether one of `pin_options` was given."""
    return bool(args.pin or args.pin_stdin)


async def show_list(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Whose PIN is where."""
    owners = sorted(pins(await everybody(lockd)).items())
    if out.as_json:
        out.document([{"index": index, "user": user["index"], "name": user.get("name", ""),
                       **{mark: True for mark in MARKS if marked(user, mark, "PIN", index)}}
                      for index, user in owners])  # fmt: skip
    elif not owners:
        out.say(copyable("No PIN yet. Add one: lockctl pin set USER"))
    else:
        out.table(("PIN", "User", "What", "Name"), (
            (i, user["index"], marks(user, "PIN", i), user.get("name", "")) for i, user in owners
        ))


async def change(lockd: Lockd, args: Namespace, out: Output) -> None:
    """A first, a new or a further PIN; the usual one if none is named."""
    user = find(await everybody(lockd), args.user)
    fields = terms(args, datetime.now())
    kind = PROGRAMMING if args.programming else PIN
    if args.programming:
        index = _which(_own(user, kind), None, user)
    else:
        index = None if args.another or args.spare or args.duress else _which(_usual(user), args.index, user)
    pin = ask.new_pin(f"New {spoken(kind)} for {called(user)}: ", args.stdin, "--stdin")
    faults = await rated(lockd, pin, user["index"])
    done = await give_pin(lockd, user, pin, index, fields, kind)
    verb = "added" if index is None else "changed"
    told = f"{spoken(kind)} {done} of {called(user)} {verb}.{advice(faults)}"
    out.done(told[:1].upper() + told[1:], index=done, user=user["index"], advice=faults)


async def remove(lockd: Lockd, args: Namespace, out: Output) -> None:
    """One PIN; with the last credential the user goes, which is asked for."""
    user = find(await everybody(lockd), args.user)
    kind = PROGRAMMING if args.programming else PIN
    index = _which(_own(user, kind), args.index, user)
    if index is None:
        raise NotFound(f"{called(user)} has no {spoken(kind)}")
    last = await forget(lockd, user, kind, index, args.yes)
    gone = f"{spoken(kind)} {index} of {called(user)} removed"
    told = f"{gone}, and the user with it." if last else f"{gone}."
    out.done(told[:1].upper() + told[1:], index=index, user_removed=last)


async def rated(lockd: Lockd, pin: str, user: int) -> list[str]:
    """What is wrong with a PIN that this user (0: a new one) is to get, where the lock warns of it; where it refuses
    such a PIN, setting it says so."""
    if await lockd.get(USERS.name, "PINQuality") != "warn":
        return []
    with _as_people_say():
        return list(await lockd.call(USERS.name, "RatePIN", pin.encode(), user))


def advice(faults: Sequence[str]) -> str:
    """What `rated` gave, after the sentence that says what was done."""
    return f" The PIN could be better: {'; '.join(faults)}." if faults else ""


async def give_pin(
    lockd: Lockd, user: User, pin: str, index: int | None = None, fields: Mapping[str, Any] | None = None,
    kind: str = PIN,
) -> int:  # fmt: skip
    """Set PIN `index` of a user, or a further one at the first free index; gives the index."""
    operation = "Add" if index is None else "Modify"
    index = await _free_pin(lockd, kind) if index is None else index
    await _set(lockd, operation, index, pin, user["index"], fields or {}, kind)
    return index


async def new_user(lockd: Lockd, pin: str, fields: Mapping[str, Any]) -> int:
    """Make a user out of a PIN, in one step; gives the user's index. `fields`: user_status, user_type, and the
    PIN's terms."""
    return await _set(lockd, "Add", await _free_pin(lockd), pin, 0, fields)


async def _free_pin(lockd: Lockd, kind: str = PIN) -> int:
    room = await lockd.get(USERS.name, "NumberOfPINUsersSupported")
    return free_place(owners(await everybody(lockd), kind), room, f"{spoken(kind)}s")


async def _set(
    lockd: Lockd, operation: str, index: int, pin: str, user: int, fields: Mapping[str, Any], kind: str = PIN
) -> int:
    """SetCredential, which gives the user."""
    with _as_people_say():
        owner, _ = await lockd.call(USERS.name, "SetCredential", operation, kind, index, pin.encode(), user, fields)
    return int(owner)


@contextlib.contextmanager
def _as_people_say() -> Iterator[None]:
    """lockd calls the PIN by its argument, people do not."""
    try:
        yield
    except LockdError as error:
        raise type(error)(str(error).removeprefix("data: "), error.detail) from None


def spoken(kind: str) -> str:
    """As people call it."""
    return "programming PIN" if kind == PROGRAMMING else kind


def _own(user: User, kind: str = PIN) -> list[int]:
    return [index for each, index in user.get("credentials", ()) if each == kind]


def _usual(user: User) -> list[int]:
    """His PINs but for the spare ones and those for duress."""
    return [i for i in _own(user) if not any(marked(user, mark, "PIN", i) for mark in ("spare", "duress"))]


def _which(choice: Sequence[int], wanted: int | None, user: User) -> int | None:
    """The PIN that is meant: the wanted one if it is his, the only one of the choice, None if there is none."""
    if wanted is not None:
        if wanted not in _own(user):
            raise NotFound(f"{called(user)} has no PIN {wanted} (lockctl pin list)")
        return wanted
    if len(choice) > 1:
        raise Usage(f"{called(user)} has PINs {', '.join(map(str, choice))}: say which with --index")
    return choice[0] if choice else None

"""card, finger: what cannot be typed, given to a user by showing it at the door; who has it, and taking it away."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from lockd.cli.copyable import copyable
from lockd.cli.link import Lockd
from lockd.cli.output import Output
from lockd.cli.parser import command, group, place, whole
from lockd.cli.people import called, everybody, find, forget, marks, owners
from lockd.cli.session import on_bus
from lockd.dbus.names import USERS
from lockd.errors import NotFound

#: Of each command: the type of credential, what it is, and what to do within the time.
KINDS = {
    "card": ("RFID", "cards", "Show the card to the reader within {} s."),
    "finger": ("Fingerprint", "fingers", "Within {} s lay the finger on the sensor for a second, lift it, and lay it"
                                         " there again."),
}  # fmt: skip
WAIT_S = 30


def add_parser(subparsers: Any) -> None:
    """Add `card` and `finger`."""
    for name, (_, what, _) in KINDS.items():
        parser, commands = group(subparsers, name, f"the {what} of users", (f"lockctl {name} add Anna",),
                                 "Without a command: the list.")
        parser.set_defaults(run=on_bus(show_list), kind=name)
        listing = command(commands, "list", f"which {what} there are, and whose", (f"lockctl {name} list",))
        listing.set_defaults(run=on_bus(show_list), kind=name)
        adding = command(commands, "add", f"give a user a {name}", (f"lockctl {name} add Anna",),
                         "It is shown at the door while the command waits.")
        adding.add_argument("user", metavar="USER", help="index or name")
        adding.add_argument("--wait", type=whole(5, 60), default=WAIT_S, metavar="SECONDS",
                            help=f"how long to wait for it, 5 to 60 (default: {WAIT_S})")
        adding.set_defaults(run=on_bus(add), kind=name)
        removing = command(commands, "remove", f"take a {name} away, lost or not", (f"lockctl {name} remove 4",),
                           "A user whose last credential goes is removed too.")
        removing.add_argument("index", metavar="NUMBER", type=place, help=f"as lockctl {name} list shows it")
        removing.add_argument("--yes", metavar="WORD", help="for a user's last credential: the word that would be asked"
                              " for")
        removing.set_defaults(run=on_bus(remove), kind=name)


async def show_list(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Whose is which."""
    kind, what, _ = KINDS[args.kind]
    rows = sorted(owners(await everybody(lockd), kind).items())
    if out.as_json:
        out.document([{"index": index, "user": user["index"], "name": user.get("name", "")} for index, user in rows])
    elif not rows:
        out.say(copyable(f"There are no {what}. Add one: lockctl {args.kind} add USER"))
    else:
        out.table((args.kind.capitalize(), "User", "What", "Name"), (
            (i, user["index"], marks(user, kind, i), user.get("name", "")) for i, user in rows
        ))


async def remove(lockd: Lockd, args: Namespace, out: Output) -> None:
    """One; with the last credential the user goes, which is asked for."""
    kind = KINDS[args.kind][0]
    users = owners(await everybody(lockd), kind)
    if args.index not in users:
        raise NotFound(f"there is no {args.kind} {args.index} (lockctl {args.kind} list)")
    last = await forget(lockd, users[args.index], kind, args.index, args.yes)
    gone = f"{args.kind.capitalize()} {args.index} of {called(users[args.index])} removed"
    out.done(f"{gone}, and the user with it." if last else f"{gone}.", index=args.index, user_removed=last)


async def add(lockd: Lockd, args: Namespace, out: Output) -> None:
    """The next card, or a finger."""
    kind, _, how = KINDS[args.kind]
    user = find(await everybody(lockd), args.user)
    if not out.as_json:
        out.say(how.format(args.wait))
    index = await lockd.call(USERS.name, "Enrol", kind, user["index"], {"timeout": args.wait})
    out.done(f"{args.kind.capitalize()} {index} now belongs to {called(user)}.", index=index, user=user["index"])

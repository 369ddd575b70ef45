"""card, finger: give a user what cannot be typed, by showing it at the door."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from lockd.cli.link import Lockd
from lockd.cli.output import Output
from lockd.cli.parser import command, group, whole
from lockd.cli.people import called, everybody, find
from lockd.cli.session import on_bus
from lockd.dbus.names import USERS

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
        _, commands = group(subparsers, name, f"the {what} of users", (f"lockctl {name} add Anna",))
        adding = command(commands, "add", f"give a user a {name}", (f"lockctl {name} add Anna",),
                         "It is shown at the door while the command waits.")
        adding.add_argument("user", metavar="USER", help="index or name")
        adding.add_argument("--wait", type=whole(5, 60), default=WAIT_S, metavar="SECONDS",
                            help=f"how long to wait for it, 5 to 60 (default: {WAIT_S})")
        adding.set_defaults(run=on_bus(add), kind=name)


async def add(lockd: Lockd, args: Namespace, out: Output) -> None:
    """The next card, or a finger."""
    kind, _, how = KINDS[args.kind]
    user = find(await everybody(lockd), args.user)
    if not out.as_json:
        out.say(how.format(args.wait))
    index = await lockd.call(USERS.name, "Enrol", kind, user["index"], {"timeout": args.wait})
    out.done(f"{args.kind.capitalize()} {index} now belongs to {called(user)}.", index=index, user=user["index"])

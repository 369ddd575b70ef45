"""ble: this machine as a phone, that opens locks over Bluetooth.

Only the parser is here: what the commands do is imported when one runs, because the protocol's libraries
are slow to import.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import Any

from lockd.cli.parser import Parser, command, group, place, whole

LOCK = "name of a lock (default: the default one)"


def add_parser(subparsers: Any) -> None:
    """Add `ble` and its commands."""
    parser, commands = group(subparsers, "ble", "open locks over Bluetooth, with this machine as the phone", (
        "lockctl ble scan", "lockctl ble enrol 'lkp:1?k=...'", "lockctl ble unlock",
    ), "Needs no lockd here, but BlueZ and bleak. Without a command: the locks that this machine knows.")
    parser.set_defaults(run=_deed("list"))
    _add_known(commands)
    _add_orders(commands)

    inviting = command(commands, "invite", "let one more phone in, with a QR code",
                       ("lockctl ble invite --role admin",), "For the phones of owners and admins.")
    inviting.add_argument("--role", choices=("owner", "admin", "user"), metavar="ROLE", default="user",
                          help="what the phone may do: owner, admin, user (default: user)")
    inviting.add_argument("--user", type=place, metavar="INDEX", help="whose phone it is (default: a new user's)")
    inviting.add_argument("--no-qr", action="store_true", help="only the text, no QR code")
    _lock_option(inviting)
    _adapter_option(inviting)
    inviting.set_defaults(run=_deed("invite"))
    _add_passes(commands)


def _add_known(commands: Any) -> None:
    command(commands, "list", "the locks that this machine knows",
            ("lockctl ble list",)).set_defaults(run=_deed("list"))
    scanning = command(commands, "scan", "look for locks nearby", ("lockctl ble scan", "lockctl ble scan --for 20"))
    scanning.add_argument("--for", dest="seconds", type=whole(1, 300), default=5, metavar="SECONDS",
                          help="how long (default: 5)")
    _adapter_option(scanning)
    scanning.set_defaults(run=_deed("scan"))

    enrolling = command(commands, "enrol", "become known to a lock, with its invitation",
                        ("lockctl ble enrol 'lkp:1?k=...' --name Home", "lockctl ble enrol --stdin"),
                        "The invitation is a secret until it is used: with --stdin no other process can read it.")
    enrolling.add_argument("uri", metavar="URI", nargs="?", help="what the QR code says")
    enrolling.add_argument("--stdin", action="store_true", help="read the URI from a pipe, one line")
    enrolling.add_argument("--name", metavar="NAME", help="what the lock is called here (default: its own name)")
    enrolling.add_argument("--label", metavar="LABEL",
                           help="what this phone is called there (default: this machine's name)")
    _adapter_option(enrolling)
    enrolling.set_defaults(run=_deed("enrol"))

    preferring = command(commands, "default", "make a lock the default one", ("lockctl ble default Home",))
    preferring.add_argument("lock", metavar="LOCK", help="its name")
    preferring.set_defaults(run=_deed("default"))
    forgetting = command(commands, "forget", "forget a lock, with the key to it", ("lockctl ble forget Home",),
                         "The lock still knows the key: revoke it there.")
    forgetting.add_argument("lock", metavar="LOCK", help="its name")
    forgetting.add_argument("--yes", metavar="WORD", help="the word that would be asked for")
    forgetting.set_defaults(run=_deed("forget"))


def _add_orders(commands: Any) -> None:
    for name, help in (("unlock", "draw the bolt"), ("lock", "throw the bolt")):
        moving = command(commands, name, help, (f"lockctl ble {name}", f"lockctl ble {name} Home --pin"),
                         "Answers when the bolt has arrived.")
        moving.add_argument("--pin", action="store_true", help="ask for a PIN (without echo) and send it along")
        moving.add_argument("--pin-stdin", action="store_true", help="read the PIN from a pipe, one line")
        _lock_argument(moving)
        _adapter_option(moving)
        moving.set_defaults(run=_deed(name))
    asking = command(commands, "status", "what the lock is doing", ("lockctl ble status",))
    _lock_argument(asking)
    _adapter_option(asking)
    asking.set_defaults(run=_deed("status"))
    reading = command(commands, "log", "what happened", ("lockctl ble log --max 100", "lockctl ble log --follow"),
                      "For the phones of owners and admins. A silent alarm is told to owners, but for those under"
                      " threat themselves.")
    reading.add_argument("--follow", action="store_true", help="go on telling what happens, until Ctrl-C")
    reading.add_argument("--max", type=whole(1, 10_000), default=30, metavar="COUNT",
                         help="only the newest COUNT entries (default: 30)")
    _lock_argument(reading)
    _adapter_option(reading)
    reading.set_defaults(run=_deed("log"))


def _add_passes(commands: Any) -> None:
    passes = command(commands, "pass", "guest passes", ("lockctl ble pass key", "lockctl ble pass show"),
                     "A guest's machine makes a key, an owner's a pass for it, and only that guest can use it.")
    under = passes.add_subparsers(title="commands", metavar="COMMAND", required=True, prog="lockctl ble pass")
    command(under, "key", "the key of this machine, for whoever makes a pass for it",
            ("lockctl ble pass key",)).set_defaults(run=_deed("pass key"))

    making = command(under, "create", "make a pass for a guest's key", (
        "lockctl ble pass create Eva KEY --until tomorrow",
        "lockctl ble pass create Eva KEY --until 2026-12-24 --uses 3",
    ), "For the phones of owners and admins; the lock is not asked. Times are local.")
    making.add_argument("guest", metavar="NAME", help="for whom it is, to revoke it by")
    making.add_argument("key", metavar="KEY", help="what lockctl ble pass key prints on the guest's machine")
    making.add_argument("--from", dest="begins", metavar="TIME", help="when it begins (default: now)")
    making.add_argument("--until", metavar="TIME", required=True, help="when it ends, as 2026-12-24 18:00 or 18:00")
    making.add_argument("--uses", type=whole(1, 65535), default=0, metavar="COUNT", help="how often it unlocks"
                        " (default: any number)")
    making.add_argument("--hours", metavar="HOURS", action="append", default=[],
                        help="only then, as Mon-Fri 08:00-17:00; may be given again")
    making.add_argument("--all", action="store_true", help="also for lock and status")
    making.add_argument("--epoch", type=whole(0, 2**32 - 1), default=0, metavar="NUMBER", help="the lock's pass epoch")
    _lock_option(making)
    making.set_defaults(run=_deed("pass create"))

    adding = command(under, "add", "keep a pass that was made for this machine", ("lockctl ble pass add PASS",),
                     "From then on lockctl ble unlock shows it.")
    adding.add_argument("given", metavar="PASS", help="the text of the pass")
    adding.add_argument("--name", metavar="NAME", help="what the lock is called here (default: lock)")
    adding.set_defaults(run=_deed("pass add"))

    showing = command(under, "show", "what a pass allows, or which were made here",
                      ("lockctl ble pass show", "lockctl ble pass show PASS"))
    showing.add_argument("given", metavar="PASS", nargs="?", help="the text of a pass (default: those made here)")
    _lock_option(showing)
    showing.set_defaults(run=_deed("pass show"))

    ending = command(under, "revoke", "make a guest's passes void", (
        "lockctl ble pass revoke Eva", "lockctl ble pass revoke Eva --text", "lockctl ble pass revoke --all",
    ), "Tells the lock over Bluetooth.")
    ending.add_argument("guest", metavar="NAME", nargs="?", help="for whom they were made")
    ending.add_argument("--text", action="store_true", help="only print the signed list, for another phone to carry")
    ending.add_argument("--all", action="store_true", help="every pass of every guest, whoever made it")
    ending.add_argument("--yes", metavar="WORD", help="the word that --all would ask for")
    _lock_option(ending)
    _adapter_option(ending)
    ending.set_defaults(run=_deed("pass revoke"))

    carrying = command(under, "carry", "tell a lock that passes are void, for somebody else",
                       ("lockctl ble pass carry LIST",), "For any phone that the lock knows.")
    carrying.add_argument("given", metavar="LIST", help="what lockctl ble pass revoke --text prints")
    _adapter_option(carrying)
    carrying.set_defaults(run=_deed("pass carry"))


def _lock_argument(parser: Parser) -> None:
    parser.add_argument("lock", metavar="LOCK", nargs="?", help=LOCK)


def _lock_option(parser: Parser) -> None:
    parser.add_argument("--lock", metavar="LOCK", help=LOCK)


def _adapter_option(parser: Parser) -> None:
    parser.add_argument("--adapter", metavar="NAME", help="this machine's Bluetooth adapter, as hci1, where it has more"
                        " than one")


def _deed(name: str) -> Callable[[Namespace], int]:
    def run(args: Namespace) -> int:
        from lockd.cli import bledeeds

        return bledeeds.run(name, args)

    return run

"""rotate-key, factory-reset, time: lockd itself."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime
from typing import Any

from lockd.cli import ask
from lockd.cli.copyable import copyable
from lockd.cli.exits import Usage
from lockd.cli.link import Lockd
from lockd.cli.output import Output
from lockd.cli.parser import command, group
from lockd.cli.session import on_bus
from lockd.cli.when import moment
from lockd.dbus.names import MANAGER

RESET_WORD = "erase everything"

TIME_STATES = {
    "Trusted": "trusted",
    "Floor": "not trusted: only known not to be earlier; timed codes are refused",
    "Unknown": "not set; timed codes are refused",
}


def add_parser(subparsers: Any) -> None:
    """Add the three commands."""
    rotating = command(subparsers, "rotate-key", "seal the whole store with a new key", ("lockctl rotate-key",),
                       "The lock works on meanwhile.")
    rotating.set_defaults(run=on_bus(rotate_key))

    resetting = command(subparsers, "factory-reset", "erase every user, PIN and setting kept in the store",
                        ("lockctl factory-reset", f"lockctl factory-reset --yes '{RESET_WORD}'"),
                        "The log stays, and says so. The mechanical key and the inside button go on working.")
    resetting.add_argument("--yes", metavar="WORDS", help="the words that would be asked for")
    resetting.set_defaults(run=on_bus(factory_reset))

    parser, commands = group(subparsers, "time", "what the lock's clock is worth", ("lockctl time", "lockctl time set"),
                             "Timed codes need a clock that is trusted.")
    parser.set_defaults(run=on_bus(show_time))
    setting = command(commands, "set", "say on your word that the clock is right, or set it",
                      ("lockctl time set", "lockctl time set '2026-11-21 14:30'"), "Trusted until the next boot.")
    setting.add_argument("time", nargs="?", default="now", metavar="TIME", help="local time (default: this clock's)")
    setting.set_defaults(run=on_bus(set_time))


async def rotate_key(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Manager.RotateKey."""
    await lockd.call(MANAGER.name, "RotateKey")
    out.done("The store is sealed with a new key.")


async def factory_reset(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Manager.FactoryReset, after the words were typed."""
    ask.sure("This erases every user, every PIN and every setting of this lock.", RESET_WORD, args.yes)
    await lockd.call(MANAGER.name, "FactoryReset", RESET_WORD)
    out.done(copyable("Erased. Add the first user: lockctl user add NAME --type programming --pin"))


async def show_time(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Manager.TimeState."""
    state = await lockd.get(MANAGER.name, "TimeState")
    if out.as_json:
        out.document({"TimeState": state})
    else:
        out.say(f"The clock is {TIME_STATES.get(state, state)}.")


async def set_time(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Manager.SetTime."""
    now = datetime.now()
    try:
        wanted = moment(args.time, now)
    except ValueError:
        raise Usage(f"“{args.time}” is not a time; write it as '{now:%Y-%m-%d %H:%M}'") from None
    await lockd.call(MANAGER.name, "SetTime", int(wanted.timestamp()))
    out.done(f"The lock's clock is set to {wanted:%Y-%m-%d %H:%M:%S} and trusted.", time=int(wanted.timestamp()))

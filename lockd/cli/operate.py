"""lock, unlock, home: move the bolt."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from lockd.cli import ask
from lockd.cli.link import Lockd
from lockd.cli.output import Output
from lockd.cli.parser import Parser, command, whole
from lockd.cli.session import on_bus
from lockd.cli.when import duration
from lockd.dbus.names import LOCK
from lockd.errors import InvalidCredential


def add_parser(subparsers: Any) -> None:
    """Add the three commands."""
    locking = command(subparsers, "lock", "throw the bolt", ("lockctl lock", "lockctl lock --pin"),
                      "Answers when the bolt has arrived.")
    _operating(locking)
    locking.set_defaults(run=on_bus(lock))

    unlocking = command(subparsers, "unlock", "draw the bolt, and pull the latch if there is one",
                        ("lockctl unlock", "lockctl unlock --for 30", "pass door-pin | lockctl unlock --pin-stdin"),
                        "Answers when the bolt has arrived.")
    how = unlocking.add_mutually_exclusive_group()
    how.add_argument("--for", dest="seconds", type=whole(1, 0xFFFF), metavar="SECONDS",
                     help="lock again after so long (1 to 65535)")
    how.add_argument("--unbolt", action="store_true", help="leave the latch alone")
    _operating(unlocking)
    unlocking.set_defaults(run=on_bus(unlock))

    homing = command(subparsers, "home", "find the bolt again after a jam or a fault", ("lockctl home",),
                     "Throws the bolt, or draws it while the door is open.")
    homing.set_defaults(run=on_bus(home))


def _operating(parser: Parser) -> None:
    parser.add_argument("--no-wait", action="store_true", help="answer as soon as it is granted")
    parser.add_argument("--pin", action="store_true", help="ask for a PIN (without echo) and send it along")
    parser.add_argument("--pin-stdin", action="store_true", help="read the PIN from a pipe, one line")


async def lock(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Throw the bolt."""
    await _operate(lockd, args, "LockDoor")
    await _report(lockd, args, out, "Locked.")


async def unlock(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Draw it."""
    if args.seconds is None:
        await _operate(lockd, args, "UnboltDoor" if args.unbolt else "UnlockDoor")
        await _report(lockd, args, out, "Unlocked.")
    else:
        await _operate(lockd, args, "UnlockWithTimeout", args.seconds)
        await _report(lockd, args, out, f"Unlocked; locks again in {duration(args.seconds)}.")


async def home(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Find the bolt."""
    await lockd.call(LOCK.name, "Home")
    state = await lockd.get(LOCK.name, "LockState")
    out.done(f"The bolt is found: {state.lower()}.", LockState=state)


async def _operate(lockd: Lockd, args: Namespace, method: str, *first: int) -> None:
    options: dict[str, Any] = {"wait": not args.no_wait}
    if args.pin or args.pin_stdin:
        options["pin"] = ask.pin("PIN: ", args.pin_stdin, "--pin-stdin")
    try:
        await lockd.call(LOCK.name, method, *first, options)
    except InvalidCredential:
        if "pin" in options:
            raise
        raise InvalidCredential("a PIN is required; give yours with --pin") from None


async def _report(lockd: Lockd, args: Namespace, out: Output, text: str) -> None:
    state = await lockd.get(LOCK.name, "LockState")
    out.done("Granted; the bolt is on its way." if args.no_wait else text, LockState=state, arrived=not args.no_wait)

"""status: what a person wants to know about the lock at a glance."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lockd.cli import power
from lockd.cli.behaviour import MODES
from lockd.cli.copyable import copyable
from lockd.cli.link import Lockd
from lockd.cli.output import Output, clean
from lockd.cli.parser import command
from lockd.cli.service import TIME_STATES
from lockd.cli.session import on_bus
from lockd.cli.when import duration
from lockd.cli.wording import COLOURS, DOORS, FAULTS, STATES
from lockd.dbus.names import LOCK, MANAGER, POWER

if TYPE_CHECKING:
    from rich.console import RenderableType

Values = Mapping[str, Any]

MOTIONS = {
    "Locking": "locking …", "Unlocking": "unlocking …", "Unlatching": "pulling the latch …",
    "Homing": "finding the bolt …",
}  # fmt: skip

GONE = "lockd is not running; waiting for it"


def add_parser(subparsers: Any) -> None:
    """Add `status`."""
    parser = command(subparsers, "status", "what the lock is doing, at a glance",
                     ("lockctl status", "lockctl status --watch", "lockctl status --json | jq -r .LockState"))
    parser.add_argument("--watch", action="store_true", help="go on showing it as it changes, until Ctrl-C")
    parser.set_defaults(run=on_bus(status))


async def status(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Once, or for ever."""
    if not args.watch:
        _show(await _read(lockd), out)
    elif out.terminal and not out.as_json:
        await _watch_screen(lockd, out)
    else:
        await _watch_lines(lockd, out)


async def _read(lockd: Lockd) -> Values:
    feed = power.known(await lockd.get_all(POWER.name))
    return {**await lockd.get_all(LOCK.name), **feed, **await lockd.get_all(MANAGER.name)}


def _show(values: Values, out: Output) -> None:
    if out.as_json:
        out.document(values)
    else:
        out.show(picture(values))


async def _watch_screen(lockd: Lockd, out: Output) -> None:
    from rich.live import Live

    with Live(console=out.console(), auto_refresh=False) as live:
        async with contextlib.aclosing(lockd.nudges()) as changes:
            async for here in changes:
                live.update(picture(await _read(lockd)) if here else GONE, refresh=True)


async def _watch_lines(lockd: Lockd, out: Output) -> None:
    """A line (or document) for each change of what it shows."""
    before = ""
    async with contextlib.aclosing(lockd.nudges()) as changes:
        async for here in changes:
            values = await _read(lockd) if here else None
            now = repr(values) if out.as_json else line(values) if values else GONE
            if now != before and out.as_json:
                out.document(values or {"ok": False, "error": "NotRunning"})
            elif now != before:
                out.say(f"{datetime.now():%H:%M:%S} {now}")
            before = now


def line(values: Values) -> str:
    """Everything in one line."""
    return "; ".join((headline(values), *(f"{label.lower()} {words}" for label, words in facts(values))))


def headline(values: Values) -> str:
    """Locked or not, and what moves."""
    state, motion = values["LockState"], MOTIONS.get(values["Motion"], "")
    said = STATES.get(state, str(state))
    return f"{said}, {motion}" if motion else said


def facts(values: Values) -> list[tuple[str, str]]:
    """What is worth knowing beside it, as label and words; faults first, nothing that is as always."""
    mode, relock = values["OperatingMode"], values["AutoRelockTime"]
    lines = [
        ("Fault", _fault(values)),
        ("Door", DOORS.get(values["DoorState"], values["DoorState"])),
        ("Mode", f"{mode}: {MODES.get(mode, '')}" if mode != "Normal" else ""),
        ("Relocks", f"{duration(relock)} after unlocking" if relock else ""),
        ("Power", power_words(values)),
        *power.drill(values),
        ("Lockout", f"after too many wrong codes; {duration(values['LockoutRemaining'])} to go"
         if values["LockoutRemaining"] else ""),
        ("Clock", "" if values["TimeState"] == "Trusted" else TIME_STATES.get(values["TimeState"], "")),
        *(("Degraded", line) for line in values["Degraded"]),
    ]  # fmt: skip
    return [(label, words) for label, words in lines if words]


def power_words(values: Values) -> str:
    """What feeds the lock, when it is neither a good battery nor the mains."""
    if not values["SessionActive"] and (values["Source"] in ("Mains", "Unknown") or values["BatteryLevel"] == "Ok"):
        return ""
    return "; ".join((power.headline(values), *(words for label, words in power.facts(values) if label != "Read")))


def _fault(values: Values) -> str:
    fault = values["Fault"]
    return "" if fault == "None" else copyable("; ".join(FAULTS.get(fault, (str(fault),))))


def picture(values: Values) -> RenderableType:
    """The headline in colour, and the facts under it."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    for label, words in facts(values):
        alarming = label in ("Fault", "Lockout", "Degraded") or words.isupper()
        grid.add_row(f"  {label}", Text(clean(words), style="red" if alarming else ""))
    colour = COLOURS.get(values["LockState"], "red")
    return Group(Text(clean(headline(values)), style=f"bold {colour}"), grid)

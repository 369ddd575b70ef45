"""power: what feeds the lock, how long it will, and the ways in when it does not."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lockd.cli.copyable import copyable
from lockd.cli.exits import FOUND_FAULTS
from lockd.cli.link import Lockd
from lockd.cli.output import Output, clean
from lockd.cli.parser import command, group, whole
from lockd.cli.plot import plot
from lockd.cli.session import on_bus
from lockd.cli.when import duration, told
from lockd.dbus.names import POWER

if TYPE_CHECKING:
    from rich.console import RenderableType

Values = Mapping[str, Any]

DAY_S = 86_400
#: How long a drill waits for a way to be proved (core/ways.py).
DRILL_S = 600
#: What D-Bus sends for a whole number that is not known.
UNKNOWN = 0xFFFF_FFFF

SOURCES = {
    "Mains": "mains", "Battery": "battery", "EmergencyUsb": "the USB-C port", "Emergency9V": "a 9 V battery",
    "Generator": "the generator's handle", "Wireless": "a phone that charges it", "Unknown": "not known",
}  # fmt: skip
LEVELS = {
    "Ok": "good", "Low": "LOW", "Critical": "ALMOST EMPTY", "Dead": "EMPTY", "Unknown": "not known",
}  # fmt: skip
COLOURS = {"Ok": "green", "Low": "yellow", "Unknown": "yellow"}
TO_DO = {
    "Low": "change or charge the battery in the next days",
    "Critical": "change or charge the battery now; PINs still open, managing users waits for it",
    "Dead": "give it power from outside and type the usual PIN (how: lockctl power ways)",
    "Unknown": "check the battery and its gauge (lockctl doctor power); a PIN still opens",
}
IN_SESSION = "type the usual PIN; then charge or change the battery before you lock again"
BEGIN = "Leave the door open. Use each within 10 minutes; it is ticked off when the lock has seen it (Ctrl-C ends):"
OVERDUE = "overdue: lockctl power drill"
WAYS = {
    "key": "mechanical key",
    "code": "mechanical code",
    "hole": "emergency hole",
    "usb": "power bank at the USB-C port",
    "9v": "9 V battery at its contacts",
    "generator": "generator handle",
    "wireless": "phone's wireless charging",
    "spare-pin": "spare PIN at the keypad",
    "granted-code": "code granted from afar",
    "phone": "phone over Bluetooth",
    "remote": "somebody far away, over D-Bus",
}  # fmt: skip


def add_parser(subparsers: Any) -> None:
    """Add `power`, `power ways` and `power drill`."""
    parser, commands = group(
        subparsers, "power", "what feeds the lock, how long it will, and the ways in when it does not",
        ("lockctl power", "lockctl power --days 90", "lockctl power ways", "lockctl power drill"),
    )  # fmt: skip
    parser.add_argument("--days", type=whole(1, 366), default=30, metavar="DAYS", help="how far back the plot goes"
                        " (default: 30)")
    parser.set_defaults(run=on_bus(power))
    ways = command(commands, "ways", "every emergency way in, and when each was last proved to work",
                   ("lockctl power ways",), "Exit status 2 if a drill is overdue.")
    ways.set_defaults(run=on_bus(show_ways))
    drill = command(commands, "drill", "prove the emergency ways, one after the other", ("lockctl power drill",),
                    "Shows what to do, and ticks each way off as the lock sees it work; ends when all are proved,"
                    " after 10 minutes, or with Ctrl-C. Do it with the door open.")
    drill.set_defaults(run=on_bus(run_drill))


async def power(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Now, and the last days."""
    values = known(await lockd.get_all(POWER.name))
    samples = await lockd.call(POWER.name, "History", args.days)
    if out.as_json:
        out.document({**values, "History": samples})
    else:
        out.show(picture(values, samples, args.days, int(time.time())))


def known(values: Values) -> dict[str, Any]:
    """With None for what is not known."""
    return {name: None if _unknown(value) else value for name, value in values.items()}


def _unknown(value: Any) -> bool:
    return value == UNKNOWN or (isinstance(value, float) and math.isnan(value))


def headline(values: Values) -> str:
    """`Battery 62 %, 5.9 V: good`."""
    measured = [f"{values['BatteryPercent']:.0f} %"] if values["BatteryPercent"] is not None else []
    if values["Voltage"] is not None and values["Source"] == "Battery":
        measured.append(f"{values['Voltage']:.1f} V")
    return f"{' '.join(('Battery', ', '.join(measured))).rstrip()}: {LEVELS.get(values['BatteryLevel'], 'not known')}"


def facts(values: Values) -> list[tuple[str, str]]:
    """What is worth knowing, as label and words."""
    fed = SOURCES.get(values["Source"], str(values["Source"]))
    if values["Voltage"] is not None and values["Source"] not in ("Battery", "Unknown"):
        fed += f", {values['Voltage']:.1f} V"
    age = values["ReadingAge"]
    lines = [
        ("Fed by", f"{fed} (emergency power)" if values["SessionActive"] else fed),
        ("Read", f"{duration(age)} ago" if age is not None and age >= 1 else ""),
        ("Good for", _estimate(values)),
        ("What to do", IN_SESSION if values["SessionActive"] else copyable(TO_DO.get(values["BatteryLevel"], ""))),
    ]
    return [(label, words) for label, words in lines if words]


def spent(values: Values) -> list[tuple[str, str]]:
    """What the motor and the battery have done, and how many a day of late."""
    pace, throws = values["ThrowsPerDay"], values["Throws"]
    late = "" if pace is None else f"{pace:g} throws and {values['DrainPerDay']:g} % a day of late"
    motor = f"{throws} throws in its life, on for {duration(values['MotorSeconds'])} in all" if throws else ""
    return [(label, words) for label, words in (("Spends", late), ("Motor", motor)) if words]


def drill(values: Values) -> list[tuple[str, str]]:
    """Whether one is overdue."""
    return [("Drill", copyable(OVERDUE))] if values["DrillOverdue"] else []


def _estimate(values: Values) -> str:
    least, most, days = (values[f"Remaining{name}"] for name in ("Operations", "OperationsMost", "Days"))
    if least is None:
        return ""
    throws = f"{least} more throws" if most in (None, least) else f"{least} to {most} more throws"
    return throws if days is None else f"{throws}; empty in some {days} days at this pace"


def picture(values: Values, samples: Sequence[Values], days: int, now: int) -> RenderableType:
    """The headline in colour, the facts, and the plot."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    for label, words in (*facts(values), *spent(values), *drill(values)):
        grid.add_row(f"  {label}", clean(words))
    points = [(sample["time"], sample["percent"]) for sample in samples if sample.get("percent") is not None]
    drawn = plot(points, now - days * DAY_S, now)
    colour = COLOURS.get(values["BatteryLevel"], "red")
    history = (Text("\n".join(("", *drawn))),) if drawn else ()
    return Group(Text(headline(values), style=f"bold {colour}"), grid, *history)


async def show_ways(lockd: Lockd, args: Namespace, out: Output) -> int:
    """A table; the exit status tells of an overdue drill."""
    ways = await lockd.call(POWER.name, "Ways")
    now = datetime.now()
    if out.as_json:
        out.document(ways)
    else:
        out.table(("Way", "Last proved", "How"), ((_name(way), _proved(way, now), _how(way)) for way in ways))
    overdue = [way for way in ways if way["overdue"]]
    if overdue:
        out.say(copyable(f"A drill is {OVERDUE}"))
    return FOUND_FAULTS if overdue else 0


def _name(way: Values) -> str:
    return WAYS.get(way["way"], str(way["way"]))


def _proved(way: Values, now: datetime) -> str:
    when = told(way["proved"] * 1_000_000, now) if way["proved"] else "never"
    return f"{when} (overdue)" if way["overdue"] else when


def _how(way: Values) -> str:
    return copyable(way["text"] if way["ready"] else f"{way['text']} Not now: {way['why']}.")


async def run_drill(lockd: Lockd, args: Namespace, out: Output) -> int:
    """Begin one, and go on until every way is proved."""
    began = int(time.time())
    ways = await lockd.call(POWER.name, "Drill")
    if ways:
        out.say(BEGIN)
    for number, way in enumerate(ways, 1):
        out.say(f"{number}. {_name(way)}: {_how(way)}")
    unproved = {way["way"]: _name(way) for way in ways}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRILL_S):
            await _watch(lockd, began, unproved, out)
    if unproved:
        out.done(f"Not proved: {', '.join(unproved.values())}.", ok=False, unproved=sorted(unproved))
        return FOUND_FAULTS
    out.done("Every emergency way works." if ways else "This lock has no emergency way that could be proved.")
    return 0


async def _watch(lockd: Lockd, began: int, unproved: dict[str, str], out: Output) -> None:
    """Tick off what is proved, until nothing is left."""
    async with contextlib.aclosing(lockd.nudges()) as changes:
        async for here in changes:
            for way in await lockd.call(POWER.name, "Ways") if here else ():
                if way["proved"] >= began and unproved.pop(way["way"], ""):
                    out.say(f"Proved: {_name(way)}.")
            if not unproved:
                return

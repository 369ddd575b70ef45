"""mode and set: how the lock behaves, changed while it runs."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import Any, get_args

from lockd.cli.exits import Usage
from lockd.cli.link import Lockd
from lockd.cli.output import Output
from lockd.cli.parser import command
from lockd.cli.session import on_bus
from lockd.cli.when import duration
from lockd.dbus.names import LOCK
from lockd.errors import InvalidField
from lockd.value import Value
from lockd.words import OperatingMode

MODES = {
    "Normal": "codes, cards, phones and D-Bus all work",
    "Vacation": "only remote operation works from outside",
    "Privacy": "nothing works from outside but a programming user's code",
    "NoRemoteLockUnlock": "D-Bus and phones are off; the keypad works",
    "Passage": "no code is needed, and the lock does not relock",
}


def _seconds(value: int) -> str:
    return duration(value) if value else "off"


def _whether(value: bool) -> str:
    return "on" if value else "off"


class Knob(Value):
    """A property of org.lockd1.Lock that `set` sets: what it does, `read` from and `tell` to people.
    `most`: all that fits through D-Bus; lockd itself knows the narrower limits."""

    property: str
    meaning: str
    read: Callable[[str], Any]
    tell: Callable[[Any], str]
    most: int = 0xFFFF_FFFF


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise Usage(f"“{text}” is not a whole number")
    return int(text)


def _number_or_off(text: str) -> int:
    return 0 if text == "off" else _number(text)


def _switch(text: str) -> bool:
    words = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}
    if text not in words:
        raise Usage(f"“{text}” is neither on nor off")
    return words[text]


KNOBS = {
    "auto-relock": Knob("AutoRelockTime", "seconds from unlocking to locking again, or off", _number_or_off, _seconds),
    "wrong-code-limit": Knob("WrongCodeEntryLimit", "wrong codes that start a lockout, 1-255", _number, str, 0xFF),
    "lockout-time": Knob("UserCodeTemporaryDisableTime", "seconds of the first lockout, 1-255; then it doubles",
                         _number, _seconds, 0xFF),
    "require-pin": Knob("RequirePINforRemoteOperation", "whether lock and unlock over D-Bus need a PIN, on or off",
                        _switch, _whether),
    "expiring-timeout": Knob("ExpiringUserTimeout", "minutes that an expiring user lasts after the first use, 1-2880",
                             _number, lambda minutes: duration(minutes * 60)),
}  # fmt: skip


def mode_named(text: str) -> str:
    """A mode by its name, large or small letters; else the text, which is none."""
    return next((mode for mode in get_args(OperatingMode) if mode.lower() == text.lower()), text)


def add_parser(subparsers: Any) -> None:
    """Add `mode` and `set`."""
    listed = "; ".join(f"{mode}: {meaning}" for mode, meaning in MODES.items())
    moding = command(subparsers, "mode", "show or change the operating mode", ("lockctl mode", "lockctl mode Privacy"),
                     f"{listed}. The inside button and the mechanical key always work.")
    moding.add_argument("mode", nargs="?", type=mode_named, choices=get_args(OperatingMode), metavar="MODE",
                        help=", ".join(MODES))
    moding.set_defaults(run=on_bus(mode))

    listed = "; ".join(f"{name}: {knob.meaning}" for name, knob in KNOBS.items())
    setting = command(subparsers, "set", "show or change how the lock behaves",
                      ("lockctl set", "lockctl set auto-relock 30", "lockctl set require-pin on"),
                      f"{listed}. What is set outlives a restart.")
    setting.add_argument("name", nargs="?", choices=tuple(KNOBS), metavar="NAME", help=", ".join(KNOBS))
    setting.add_argument("value", nargs="?", metavar="VALUE")
    setting.set_defaults(run=on_bus(turn))


async def mode(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Show or set OperatingMode."""
    if args.mode is None:
        now = await lockd.get(LOCK.name, "OperatingMode")
        if out.as_json:
            out.document({"OperatingMode": now})
        else:
            out.say(f"{now}: {MODES.get(now, '')}".rstrip(": "))
        return
    await lockd.set(LOCK.name, "OperatingMode", args.mode)
    out.done(f"The mode is {args.mode}: {MODES[args.mode]}.", OperatingMode=args.mode)


async def turn(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Show all, show one, or set one."""
    if args.value is None:
        await _show(lockd, [args.name] if args.name else list(KNOBS), out)
        return
    knob = KNOBS[args.name]
    value = knob.read(args.value)
    if value > knob.most:
        raise InvalidField(f"{args.name}: {args.value} is too much; it takes {knob.meaning}")
    await lockd.set(LOCK.name, knob.property, value)
    out.done(f"{args.name} is {knob.tell(value)}.", **{knob.property: value})


async def _show(lockd: Lockd, names: list[str], out: Output) -> None:
    values = await lockd.get_all(LOCK.name)
    if out.as_json:
        out.document({KNOBS[name].property: values[KNOBS[name].property] for name in names})
        return
    rows = ((name, KNOBS[name].tell(values[KNOBS[name].property]), KNOBS[name].meaning) for name in names)
    out.table(("Name", "Now", "What it is"), rows)

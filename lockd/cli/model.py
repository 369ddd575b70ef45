"""Hands on the modelled door of a simulation: press keys, open the door, jam the bolt."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable, Mapping
from typing import Any

from lockd.cli.link import Lockd
from lockd.cli.output import Output
from lockd.cli.parser import command
from lockd.cli.session import on_bus
from lockd.dbus.names import SIMULATOR
from lockd.errors import UnsupportedCommand
from lockd.value import Value
from lockd.words import PLUGS

ONLY_SIMULATED = "this lockd drives a real lock; hands on the door are simulated only (lockctl simulate)"


class Hand(Value):
    """One command with one word, `metavar` in its usage: `choices` say which method each word calls,
    with what, and what to say."""

    name: str
    metavar: str
    help: str
    choices: Mapping[str, tuple[str, tuple[Any, ...], str]]


HANDS = (
    Hand("door", "MOVE", "pull the door open, or push it shut", {
        "open": ("OpenDoor", (), "The door is pulled."), "close": ("CloseDoor", (), "The door is pushed shut.")}),
    Hand("key", "DIRECTION", "turn the mechanical key", {
        "lock": ("TurnKey", ("lock",), "The key is turned to lock."),
        "unlock": ("TurnKey", ("unlock",), "The key is turned to unlock.")}),
    Hand("thumb", "DIRECTION", "turn the thumbturn on the inside", {
        "lock": ("TurnThumb", ("lock",), "The thumbturn is turned to lock."),
        "unlock": ("TurnThumb", ("unlock",), "The thumbturn is turned to unlock.")}),
    Hand("jam", "STATE", "put something in the bolt's way, or take it away", {
        "on": ("Jam", (True,), "Something is in the bolt's way."), "off": ("Jam", (False,), "The way is clear.")}),
    Hand("tamper", "STATE", "take the outer cover off, or put it back", {
        "on": ("Tamper", (True,), "The cover is off."), "off": ("Tamper", (False,), "The cover is back.")}),
    Hand("wheel", "STATE", "dial the mechanical code, which draws the bolt, or put the wheel out of it", {
        "open": ("OpenCodeWheel", (True,), "The code is dialled, and the bolt drawn."),
        "close": ("OpenCodeWheel", (False,), "The wheel is out of the code.")}),
    Hand("hole", "MOVE", "push a pin into the emergency hole, which draws the bolt, or pull it out", {
        "push": ("PushPin", (True,), "The pin is in, and the bolt drawn."),
        "pull": ("PushPin", (False,), "The pin is out.")}),
    Hand("gauge", "STATE", "say how the battery's fuel gauge works", {
        "ok": ("SetGauge", ("ok",), "The gauge works."),
        "silent": ("SetGauge", ("silent",), "The gauge answers, and says nothing by itself."),
        "frozen": ("SetGauge", ("frozen",), "The gauge says for ever what it said last."),
        "absurd": ("SetGauge", ("absurd",), "The gauge says nonsense."),
        "absent": ("SetGauge", ("absent",), "The gauge is gone.")}),
    Hand("clock", "STATE", "say what the clock is worth", {
        "trusted": ("SetTimeState", ("Trusted",), "The clock is trusted."),
        "floor": ("SetTimeState", ("Floor",), "The clock is known not to be earlier."),
        "unknown": ("SetTimeState", ("Unknown",), "The clock is not set.")}),
)  # fmt: skip


#: Commands with one number: name, metavar, type, method, help, example, what is said.
NUMBERS: tuple[tuple[str, str, Callable[[str], float], str, str, str, str], ...] = (
    ("wear", "FACTOR", float, "SetWear", "say how worn the battery is: 1 new, 2 half its capacity", "2",
     "The battery is worn."),
    ("pass-time", "HOURS", int, "PassTime", "let hours pass: the battery runs down, or is charged", "168",
     "The time has passed."),
    ("crank", "SECONDS", float, "Crank", "turn the generator's handle", "10", "The handle is turned."),
    ("flap", "TIMES", int, "Flap", "have the plug's contact come and go", "20", "The contact flaps."),
)


def add_parser(subparsers: Any) -> None:
    """Add the commands of the simulation."""
    pressing = command(subparsers, "press", "press keys of the keypad (simulated)",
                       ("lockctl press '123456#'", "lockctl press '#'", "lockctl press '*'"),
                       "0-9, # enters, * clears; # alone locks. Quote them from the shell. Made for trying out: PINs"
                       " of real locks belong on no command line.")
    pressing.add_argument("keys", type=_keys, metavar="KEYS")
    pressing.set_defaults(run=_does("Press", "Pressed.", lambda args: (args.keys,)))
    presenting = command(subparsers, "present", "hold a card to the reader (simulated)",
                         ("lockctl present 04a1b2c3d4e5f6", "lockctl present W26-188-24910"),
                         "Where a Wiegand reader is wired, cards are W26-FFF-NNNNN, W34-FFFFF-NNNNN and"
                         " W37-FFFFF-NNNNNN, with facility and card number. Made for trying out: cards of real locks"
                         " belong on no command line.")
    presenting.add_argument("card", type=_card, metavar="CARD", help="its data: in hex, or W26-FFF-NNNNN and its like")
    presenting.set_defaults(run=_does("PresentCard", "The card is held to the reader.", lambda args: (args.card,)))
    for hand in HANDS:
        _add_hand(subparsers, hand)
    inside = command(subparsers, "inside", "press the button on the inside (simulated)", ("lockctl inside",))
    inside.set_defaults(run=_does("PressInside", "The inside button is pressed."))

    _add_power(subparsers)


def _add_power(subparsers: Any) -> None:
    """The hands on battery and plug."""
    battery = command(subparsers, "battery", "say what the battery gives (simulated)", ("lockctl battery 12 5.1",))
    battery.add_argument("percent", type=float, metavar="PERCENT")
    battery.add_argument("volts", type=float, metavar="VOLTS")
    battery.set_defaults(run=_does("SetBattery", "The battery is set.", lambda args: (args.percent, args.volts)))
    for name, metavar, kind, method, help_, example, said in NUMBERS:
        parser = command(subparsers, name, f"{help_} (simulated)", (f"lockctl {name} {example}",))
        parser.add_argument("number", type=kind, metavar=metavar)
        parser.set_defaults(run=_does(method, said, lambda args: (args.number,)))
    plugging = command(subparsers, "plug", "plug outside power in (simulated)",
                       ("lockctl plug EmergencyUsb", "lockctl plug Emergency9V 8.4", "lockctl plug EmergencyUsb -5"))
    plugging.add_argument("source", choices=tuple(PLUGS), metavar="SOURCE", help=", ".join(PLUGS))
    plugging.add_argument("volts", type=float, nargs="?", metavar="VOLTS",
                          help="default: what it should give; negative: the wrong way round")
    plugging.set_defaults(run=_does("Plug", "Plugged in.", _plug))
    unplugging = command(subparsers, "unplug", "pull outside power out (simulated)", ("lockctl unplug",))
    unplugging.set_defaults(run=_does("Unplug", "Unplugged."))
    loosening = command(subparsers, "loosen", "have the plug slip out in mid-throw (simulated)", ("lockctl loosen",))
    loosening.set_defaults(run=_does("Loosen", "It will slip out in the middle of the next throw."))


def _add_hand(subparsers: Any, hand: Hand) -> None:
    examples = [f"lockctl {hand.name} {word}" for word in hand.choices]
    parser = command(subparsers, hand.name, f"{hand.help} (simulated)", examples)
    parser.add_argument("what", choices=tuple(hand.choices), metavar=hand.metavar, help=", ".join(hand.choices))

    async def move(lockd: Lockd, args: Namespace, out: Output) -> None:
        method, values, said = hand.choices[args.what]
        await _touch(lockd, method, *values)
        out.done(said)

    parser.set_defaults(run=on_bus(move))


def _does(
    method: str, said: str, values: Callable[[Namespace], tuple[Any, ...]] = lambda args: ()
) -> Callable[[Namespace], int]:
    async def touch(lockd: Lockd, args: Namespace, out: Output) -> None:
        await _touch(lockd, method, *values(args))
        out.done(said)

    return on_bus(touch)


async def _touch(lockd: Lockd, method: str, *values: Any) -> None:
    try:
        await lockd.call(SIMULATOR.name, method, *values)
    except UnsupportedCommand:
        raise UnsupportedCommand(ONLY_SIMULATED) from None


def _keys(text: str) -> str:
    if not text or set(text) - set("0123456789#*"):
        raise ArgumentTypeError("keys are 0-9, # and *")
    return text


def _card(text: str) -> bytes:
    if text.startswith("W") and text.isascii():
        return text.encode()
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if not data:
        raise ArgumentTypeError("a card is its data in hex, or W26-FFF-NNNNN and its like")
    return data


def _plug(args: Namespace) -> tuple[str, float]:
    _, usual, _ = PLUGS[args.source]
    return args.source, usual if args.volts is None else args.volts

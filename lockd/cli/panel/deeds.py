"""What a person can do at the front panel, as one table: a key, and the D-Bus call it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from lockd.cli.panel.scene import Scene
from lockd.value import Value
from lockd.words import PLUGS, OperatingMode

MODES = get_args(OperatingMode)
#: Percent and volts of the battery, as `b` goes through them.
BATTERY = ((100.0, 6.0), (18.0, 4.9), (8.0, 4.6), (2.0, 4.2))


class Call(Value):
    """A call to `org.lockd1.<interface>` (`assign`: set the property `member`). `told`: in words;
    `after`: what the scene remembers of it, because no property says so."""

    told: str
    interface: str
    member: str
    args: tuple[Any, ...] = ()
    assign: bool = False
    after: Mapping[str, Any] = {}


class Deed(Value):
    """`key`: on the keyboard; `label`: in the bar of keys; `call`: what it means just now."""

    key: str
    label: str
    call: Callable[[Scene], Call]


def _hand(told: str, method: str, *args: Any, **after: Any) -> Call:
    return Call(f"You {told}", "Simulator", method, args, after=after)


def _door(scene: Scene) -> Call:
    if scene.door_open:
        return _hand("push the door shut", "CloseDoor")
    return _hand("pull the door open", "OpenDoor")


def _thumbturn(scene: Scene) -> Call:
    direction = "unlock" if scene.bolt < 0.5 else "lock"
    return _hand(f"turn the thumbturn inside to {direction}", "TurnThumb", direction)


def _jam(scene: Scene) -> Call:
    told = "take the thing out of the bolt's way" if scene.jammed else "put something in the bolt's way"
    return _hand(told, "Jam", not scene.jammed)


def _cover(scene: Scene) -> Call:
    told = "put the outer cover back" if scene.cover_off else "take the outer cover off"
    return _hand(told, "Tamper", not scene.cover_off)


def _plug(scene: Scene) -> Call:
    if scene.plugged:
        return _hand("pull the emergency power out", "Unplug", plugged="")
    _, volts, _ = PLUGS["EmergencyUsb"]
    return _hand("plug emergency power in at the USB socket", "Plug", "EmergencyUsb", volts, plugged="USB power")


def _battery(scene: Scene) -> Call:
    step = (scene.battery + 1) % len(BATTERY)
    percent, volts = BATTERY[step]
    return _hand(f"set the battery to {percent:g} %", "SetBattery", percent, volts, battery=step)


def _mode(scene: Scene) -> Call:
    following = MODES.index(scene.mode) + 1 if scene.mode in MODES else 0
    mode = MODES[following % len(MODES)]
    return Call(f"You set the mode to {mode}", "Lock", "OperatingMode", (mode,), assign=True)


def _remote(scene: Scene) -> Call:
    method = "UnlockDoor" if scene.lock_state == "Locked" else "LockDoor"
    word = method.removesuffix("Door").lower()
    return Call(f"You {word} the door by remote", "Lock", method, ({},))


DEEDS = (
    Deed("o", "door", _door),
    Deed("k", "key-unlock", lambda _: _hand("turn the mechanical key to unlock", "TurnKey", "unlock")),
    Deed("l", "key-lock", lambda _: _hand("turn the mechanical key to lock", "TurnKey", "lock")),
    Deed("t", "thumbturn", _thumbturn),
    Deed("i", "inside-button", lambda _: _hand("press the button inside", "PressInside")),
    Deed("j", "jam", _jam),
    Deed("c", "cover", _cover),
    Deed("p", "plug", _plug),
    Deed("b", "battery", _battery),
    Deed("m", "mode", _mode),
    Deed("r", "remote", _remote),
    Deed("h", "home", lambda _: Call("You ask the lock to find its bolt again", "Lock", "Home")),
)

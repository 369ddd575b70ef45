"""What a person can do at the front panel, as one table: a key, and the D-Bus call it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from lockd.cli.panel.scene import Scene
from lockd.value import Value
from lockd.words import GAUGES, PLUGS, OperatingMode

MODES = get_args(OperatingMode)
#: Percent and volts of the battery, as `b` goes down through them and then begins anew.
BATTERY = ((100.0, 6.0), (50.0, 5.3), (18.0, 4.9), (8.0, 4.6), (2.0, 4.2))
WEARS = (1.0, 2.0, 4.0)
WEEK_H = 168
CRANK_S = 20.0
FLAPS = 20


class Call(Value):
    """A call to `org.lockd1.<interface>` (`assign`: set the property `member`). `told`: in words.
    `kept`: what it makes of the modelled door, so that it can be done without lockd; the scene has
    `bolt` and its like by the same names. `feeds`: power comes with it. `starves`: it may go with it."""

    told: str
    interface: str
    member: str
    args: tuple[Any, ...] = ()
    assign: bool = False
    kept: Mapping[str, Any] = {}
    feeds: bool = False
    starves: bool = False


class Deed(Value):
    """`key`: on the keyboard; `label`: in the bar of keys; `call`: what it means just now."""

    key: str
    label: str
    call: Callable[[Scene], Call]


def _hand(told: str, method: str, *args: Any, **more: Any) -> Call:
    return Call(f"You {told}", "Simulator", method, args, **more)


def _door(scene: Scene) -> Call:
    if scene.door_open:
        return _hand("push the door shut", "CloseDoor", kept={"door_open": scene.bolt < 0.9})
    return _hand("pull the door open", "OpenDoor", kept={"door_open": True})


def _turned(scene: Scene, direction: str) -> Mapping[str, Any]:
    """Where the bolt is after a hand has turned it."""
    return {} if scene.jammed else {"bolt": 1.0 if direction == "unlock" else 0.0}


def _key(direction: str) -> Callable[[Scene], Call]:
    told = f"turn the mechanical key to {direction}"
    return lambda scene: _hand(told, "TurnKey", direction, kept=_turned(scene, direction))


def _thumbturn(scene: Scene) -> Call:
    direction = "unlock" if scene.bolt < 0.5 else "lock"
    told = f"turn the thumbturn inside to {direction}"
    return _hand(told, "TurnThumb", direction, kept=_turned(scene, direction))


def _code(scene: Scene) -> Call:
    if scene.code_open:
        return _hand("put the mechanical wheel out of its code", "OpenCodeWheel", False, kept={"code_open": False})
    kept = {"code_open": True, **_turned(scene, "unlock")}
    return _hand("dial the mechanical code, and turn its knob", "OpenCodeWheel", True, kept=kept)


def _hole(scene: Scene) -> Call:
    if scene.pin_in:
        return _hand("pull the pin out of the emergency hole", "PushPin", False, kept={"pin_in": False})
    kept = {"pin_in": True, **_turned(scene, "unlock")}
    return _hand("push a pin into the emergency hole", "PushPin", True, kept=kept)


def _jam(scene: Scene) -> Call:
    told = "take the thing out of the bolt's way" if scene.jammed else "put something in the bolt's way"
    return _hand(told, "Jam", not scene.jammed, kept={"jammed": not scene.jammed})


def _cover(scene: Scene) -> Call:
    told = "put the outer cover back" if scene.cover_off else "take the outer cover off"
    return _hand(told, "Tamper", not scene.cover_off, kept={"cover_off": not scene.cover_off})


def _plug(kind: str, told: str, back: str) -> Callable[[Scene], Call]:
    _, volts, _ = PLUGS[kind]

    def call(scene: Scene) -> Call:
        if scene.plugged == kind:
            return _hand(back, "Unplug", starves=True)
        return _hand(told, "Plug", kind, volts, kept={"plug": kind, "plug_volts": volts}, feeds=True)

    return call


def _crank(_scene: Scene) -> Call:
    kept = {"plug": "Generator", "plug_volts": PLUGS["Generator"][1]}
    told = f"turn the generator's handle for {CRANK_S:g} s"
    return _hand(told, "Crank", CRANK_S, kept=kept, feeds=True, starves=True)


def _battery(scene: Scene) -> Call:
    percent, volts = next((step for step in BATTERY if step[0] < scene.charge - 0.5), BATTERY[0])
    told = f"put in a battery with {percent:g} %" if percent == 100 else f"run the battery down to {percent:g} %"
    kept = {"percent": percent, "volts": volts}
    return _hand(told, "SetBattery", percent, volts, kept=kept, feeds=percent == 100)


def _gauge(scene: Scene) -> Call:
    following = GAUGES.index(scene.gauge) + 1 if scene.gauge in GAUGES else 0
    mode = GAUGES[following % len(GAUGES)]
    return _hand(f"make the battery's gauge {mode}", "SetGauge", mode)


def _wear(scene: Scene) -> Call:
    factor = next((wear for wear in WEARS if wear > scene.wear), WEARS[0])
    told = "make the battery new" if factor == 1 else f"wear the battery: everything costs {factor:g} times the charge"
    return _hand(told, "SetWear", factor)


def _mode(scene: Scene) -> Call:
    following = MODES.index(scene.mode) + 1 if scene.mode in MODES else 0
    mode = MODES[following % len(MODES)]
    return Call(f"You set the mode to {mode}", "Lock", "OperatingMode", (mode,), assign=True)


def _remote(scene: Scene) -> Call:
    method = "UnlockDoor" if scene.lock_state == "Locked" else "LockDoor"
    word = method.removesuffix("Door").lower()
    return Call(f"You {word} the door by remote", "Lock", method, ({},))


#: In the order of the bar of keys; a line of it each.
DOOR = (
    Deed("o", "door", _door),
    Deed("k", "key-unlock", _key("unlock")),
    Deed("l", "key-lock", _key("lock")),
    Deed("t", "thumbturn", _thumbturn),
    Deed("i", "inside", lambda _: _hand("press the button inside", "PressInside")),
    Deed("d", "dial", _code),
    Deed("e", "hole", _hole),
    Deed("j", "jam", _jam),
)
POWER = (
    Deed("b", "battery", _battery),
    Deed("w", "week", lambda _: _hand("let a week pass", "PassTime", WEEK_H, starves=True)),
    Deed("x", "dies", lambda _: _hand("see the battery die", "SetBattery", 0.0, 0.0, starves=True)),
    Deed("p", "powerbank", _plug("EmergencyUsb", "plug a power bank in", "pull the power bank out")),
    Deed("n", "9V", _plug("Emergency9V", "hold a 9 V battery to the contacts", "take the 9 V battery away")),
    Deed("g", "crank", _crank),
    Deed("f", "phone", _plug("Wireless", "hold a phone to the coil", "take the phone away")),
    Deed("u", "pull", lambda _: _hand("pull out whatever is plugged in", "Unplug", starves=True)),
    Deed("y", "flap", lambda _: _hand("wiggle the plug: its contact comes and goes", "Flap", FLAPS)),
)
LOCK = (
    Deed("c", "cover", _cover),
    Deed("v", "gauge", _gauge),
    Deed("z", "wear", _wear),
    Deed("m", "mode", _mode),
    Deed("r", "remote", _remote),
    Deed("h", "home", lambda _: Call("You ask the lock to find its bolt again", "Lock", "Home")),
)
#: In no line of the bar, which has no room: the panel tells of it when it is of use.
LOOSE = Deed("U", "loose", lambda _: _hand("plug it in loosely: it slips out in mid-throw", "Loosen", starves=True))
DEEDS = (*DOOR, *POWER, *LOCK, LOOSE)

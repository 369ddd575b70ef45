"""The tour's chapter of the flat battery: it warns, dies, and is woken from outside."""

from __future__ import annotations

from typing import Any

from lockd.cli.tour.expect import (
    alarmed,
    gone,
    hears_no,
    lights,
    logs,
    operated,
    refused,
    refuses,
    shows,
    travels,
)
from lockd.cli.tour.stage import Stage
from lockd.cli.tour.steps import LOCKED, PIN, UNLOCKED, Act, Step, begin_it, call, end_it, hand

#: Percent and volts of the battery as it runs down.
LOW, CRITICAL, DEAD = (18.0, 4.8), (8.0, 4.6), (0.0, 0.0)


def meanwhile(**values: Any) -> Act:
    """Hands on the modelled door while lockd is off."""
    return lambda stage: stage.world.touch(values)


async def until_locked(stage: Stage) -> None:
    """Let the throw end."""
    await shows(LOCKED, LockState="Locked").holds(stage)


async def pull_in_mid_throw(stage: Stage) -> None:
    """Once the bolt has left its end: no plug, and no computer that could tell of it."""

    async def moving() -> bool:
        return any(0.1 < place < 0.9 for place in stage.bolt)

    await stage.until(moving, 5.0)
    await end_it(stage)
    await stage.world.touch({"plug": "", "plug_volts": 0.0})


POWER_BANK = meanwhile(plug="EmergencyUsb", plug_volts=5.0)

EMERGENCY = (
    Step(
        "The cover is put back. Months pass, and the battery is down to 18 %.",
        (hand("Tamper", False), hand("SetBattery", *LOW)),
        (
            shows("the lock says that it is low", BatteryLevel="Low", Source="Battery"),
            alarmed("one alarm says so", alarm="BatteryLow"),
        ),
    ),
    Step(
        "Anna comes home and types her PIN. She will be told at each use from now on.", (hand("Press", f"{PIN}#"),),
        (
            operated("the lock says that Anna unlocked", type="Unlock", source="Keypad", user=1),
            shows(UNLOCKED, LockState="Unlocked"),
            lights("green says that it is open, and then red warns", "Green", "Red"),
        ),
    ),
    Step(
        "Nobody cares, and more weeks pass: 8 %. Somebody wants to manage users.",
        (hand("SetBattery", *CRITICAL), call("Users", "SetUser", "Add", 2, {"name": "Bert"})),
        (
            shows("the lock says that it is critical", BatteryLevel="Critical"),
            alarmed("one alarm says so", alarm="BatteryCritical"),
            refused("what is left is kept for opening", "InsufficientBattery"),
        ),
    ),
    Step(
        "Anna locks once more. Then the battery dies, and with it the lock's computer.",
        (hand("Press", "#"), until_locked, hand("SetBattery", *DEAD), end_it),
        (gone("nothing of it answers any more"),),
    ),
    Step(
        "Anna stands outside. She plugs in a power bank that is almost empty itself, and types her PIN.",
        (meanwhile(plug="EmergencyUsb", plug_volts=4.1), begin_it, hand("Press", f"{PIN}#")),
        (
            refuses("it wakes the lock, but would not do for the whole throw", error="InsufficientBattery"),
            logs("the log says what is wrong with it", alarm="EmergencyPowerFault", detail="under-voltage"),
            shows("the motor was not even begun with", LockState="Locked", Motion="Idle", Bolt=0.0),
        ),
    ),
    Step(
        "She plugs in a better one.", (hand("Unplug"), hand("Plug", "EmergencyUsb", 5.0)),
        (
            shows("the lock lives on the power bank", Source="EmergencyUsb", SessionActive=True),
            alarmed("one alarm says so", alarm="EmergencyPowerAttached", power="EmergencyUsb"),
            lights("and its green lamp: ready for a PIN", "Green"),
            shows("that opened nothing", LockState="Locked", Motion="Idle"),
        ),
    ),
    Step(
        "She types her usual PIN.", (hand("Press", f"{PIN}#"),),
        (
            travels("the bolt is seen moving all the way in", 1.0),
            operated("it opened once, for Anna", type="Unlock", source="Keypad", user=1),
            logs("the log says so", kind="LockOperation", type="Unlock", user=1, phase="done"),
        ),
    ),
    Step(
        "She locks, and the power bank is pulled out while the bolt moves: dark again.",
        (hand("Press", "#"), pull_in_mid_throw), (gone("nothing of it answers any more"),),
    ),
    Step(
        "The power bank is plugged in again.", (POWER_BANK, begin_it),
        (
            shows("the lock knows that its bolt is neither in nor out", LockState="NotFullyLocked"),
            logs("the log says what was cut off", kind="LockOperationError", type="Lock", phase="interrupted"),
            hears_no("and nothing moves until somebody asks", "LockOperation"),
        ),
    ),
    Step(
        "She presses # again.", (hand("Press", "#"),),
        (
            operated("now it is locked", type="Lock", source="Keypad"),
            shows(LOCKED, LockState="Locked", Fault="None"),
        ),
    ),
    Step(
        "A new battery is put in, and the power bank taken away.",
        (hand("SetBattery", 100.0, 6.0), hand("Unplug")),
        (
            shows("the lock lives on its battery", Source="Battery", BatteryLevel="Ok", SessionActive=False),
            logs("the log says how long the emergency was", kind="System", detail="session-ended", throws=1),
        ),
    ),
)  # fmt: skip

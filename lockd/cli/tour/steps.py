"""The steps of the tour: what is told, what is done, and what must then have happened."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from lockd.cli.tour.expect import (
    Expectation,
    alarmed,
    answers,
    hears,
    hears_no,
    logs,
    operated,
    refused,
    shows,
    travels,
)
from lockd.cli.tour.stage import Stage
from lockd.value import Value

Act = Callable[[Stage], Awaitable[Any]]

#: Of a lock that is thrown away with the tour.
PIN, WRONG = "246810", "135799"
#: Wrong PINs that start a lockout here, and its seconds: long enough to outlast a restart.
LIMIT, LOCKOUT_S = 3, 12
RELOCK_S = 1


class Step(Value):
    """`told`: what is about to happen, in words. `acts`: done one after the other."""

    told: str
    acts: tuple[Act, ...]
    expect: tuple[Expectation, ...]


def call(interface: str, method: str, *args: Any) -> Act:
    """A D-Bus call to org.lockd1.<interface>."""
    return lambda stage: stage.call(interface, method, *args)


def hand(method: str, *args: Any) -> Act:
    """A hand on the modelled door."""
    return call("Simulator", method, *args)


def put(name: str, value: Any) -> Act:
    """A property of the lock is set."""
    return lambda stage: stage.put(name, value)


async def end_it(stage: Stage) -> None:
    """kill -9, as a power cut ends it."""
    stage.world.cut()
    await stage.world.lockd.wait()
    await stage.until(stage.is_gone, 5.0)


async def begin_it(stage: Stage) -> None:
    """Start lockd again. Raises Failure when it does not."""
    await stage.world.start_lockd()
    await stage.until(stage.is_here, 20.0)


async def sit_it_out(stage: Stage) -> None:
    """Wait until the lockout that the log tells of is over."""
    entries = await stage.call("Log", "Read", 1, 1000) or []
    began = max((entry["time"] / 1e6 for entry in entries if entry.get("alarm") == "WrongCodeEntryLimit"), default=0.0)
    await asyncio.sleep(max(0.0, began + LOCKOUT_S + 0.5 - time.time()))


LOCKED, UNLOCKED = "the bolt's contact says locked", "the bolt's contact says unlocked"

STEPS = (
    Step(
        "A lock as it comes out of its box: nobody has a PIN.", (),
        (
            shows(LOCKED, LockState="Locked", Motion="Idle", Fault="None"),
            shows("the door is closed", DoorState="DoorClosed"),
        ),
    ),
    Step(
        f"For this tour {LIMIT} wrong PINs shall mean {LOCKOUT_S} seconds of lockout.",
        (put("WrongCodeEntryLimit", LIMIT), put("UserCodeTemporaryDisableTime", LOCKOUT_S)),
        (shows("the lock took both", WrongCodeEntryLimit=LIMIT, UserCodeTemporaryDisableTime=LOCKOUT_S),),
    ),
    Step(
        f"Anna gets the PIN {PIN}.",
        (
            call("Users", "SetUser", "Add", 1, {"name": "Anna"}),
            call("Users", "SetCredential", "Add", "PIN", 1, PIN.encode(), 1, {}),
        ),
        (
            answers("the lock knows Anna", "Users", "GetUser", 1, name="Anna", status="OccupiedEnabled"),
            answers("PIN 1 is hers", "Users", "GetCredentialStatus", "PIN", 1, exists=True, user=1),
        ),
    ),
    Step(
        "Anna types it on the keypad, then #.", (hand("Press", f"{PIN}#"),),
        (
            travels("the bolt is seen moving all the way in", 1.0),
            operated("the lock says that Anna unlocked at the keypad", type="Unlock", source="Keypad", user=1),
            shows(UNLOCKED, LockState="Unlocked", Motion="Idle"),
        ),
    ),
    Step(
        "She presses # alone: that locks.", (hand("Press", "#"),),
        (
            travels("the bolt is seen moving all the way out", 0.0),
            operated("the lock says that it was locked at the keypad", type="Lock", source="Keypad"),
            shows(LOCKED, LockState="Locked"),
        ),
    ),
    Step(
        f"The lock shall lock itself {RELOCK_S} s after unlocking. It is unlocked over D-Bus, and the door opened.",
        (put("AutoRelockTime", RELOCK_S), call("Lock", "UnlockDoor", {}), hand("OpenDoor")),
        (
            operated("the lock says that it was unlocked over D-Bus", type="Unlock", source="Remote"),
            shows("the door is open", DoorState="DoorOpen"),
            hears_no("while the door is open the bolt is not thrown", "LockOperation", RELOCK_S + 1.0, type="Lock"),
            shows(UNLOCKED, LockState="Unlocked"),
        ),
    ),
    Step(
        "The door is pushed shut.", (hand("CloseDoor"),),
        (
            operated("now it locks by itself, and names no user", without="user", type="Lock", source="Auto"),
            shows(LOCKED, LockState="Locked", DoorState="DoorClosed"),
        ),
    ),
    Step(
        f"Relocking is switched off. Somebody types {LIMIT} wrong PINs.",
        (put("AutoRelockTime", 0), *(hand("Press", f"{WRONG}#") for _ in range(LIMIT))),
        (
            alarmed("exactly one alarm says that a lockout began", alarm="WrongCodeEntryLimit", source="Keypad"),
            hears(f"{LIMIT} wrong tries were told", "LockOperationError", LIMIT, error="InvalidCredential"),
            shows("the bolt stayed where it was", LockState="Locked", Motion="Idle"),
        ),
    ),
    Step(
        "Anna types her right PIN, too early.", (hand("Press", f"{PIN}#"),),
        (
            logs("the log says that it was refused in the lockout", kind="LockOperationError", detail="locked-out"),
            hears_no("no signal is sent for it", "LockOperationError"),
            hears_no("and no second alarm", "DoorLockAlarm", 0.1),
            shows("the bolt stayed where it was", LockState="Locked", Motion="Idle"),
        ),
    ),
    Step(
        "Who is inside presses the button to get out.", (hand("PressInside"),),
        (
            operated("the lock says that the button unlocked it", type="Unlock", source="Button"),
            shows(UNLOCKED, LockState="Unlocked"),
        ),
    ),
    Step(
        "It is locked again over D-Bus, which the keypad's lockout does not touch.", (call("Lock", "LockDoor", {}),),
        (
            operated("the lock says that it was locked over D-Bus", type="Lock", source="Remote"),
            shows(LOCKED, LockState="Locked"),
        ),
    ),
    Step(
        "lockd is killed (kill -9) and started again; Anna tries her PIN once more.",
        (end_it, begin_it, hand("Press", f"{PIN}#")),
        (
            shows("the bolt was not moved by that", LockState="Locked", Motion="Idle"),
            logs("the lockout goes on", kind="LockOperationError", detail="locked-out"),
            hears_no("nothing opened", "LockOperation", 0.2),
        ),
    ),
    Step(
        "Something is stuck in the bolt's way, and the lock is told to unlock.",
        (hand("Jam", True), call("Lock", "UnlockDoor", {})),
        (
            refused("the call answers Jammed", "Jammed"),
            alarmed("one alarm says so", alarm="LockJammed"),
            shows("the motor is off and the fault is told", Fault="Jammed", Motion="Idle", MotorOn=False),
        ),
    ),
    Step(
        "The thing is taken away, and the lock asked to find its bolt again (lockctl home).",
        (hand("Jam", False), call("Lock", "Home")),
        (shows(f"{LOCKED}, and nothing is wrong", LockState="Locked", Fault="None", Motion="Idle"),),
    ),
    Step(
        "When the lockout is over, Anna types her PIN.", (sit_it_out, hand("Press", f"{PIN}#")),
        (
            operated("the lock says that Anna unlocked", type="Unlock", source="Keypad", user=1),
            shows(UNLOCKED, LockState="Unlocked"),
        ),
    ),
    Step(
        "She locks with the mechanical key.", (hand("TurnKey", "lock"),),
        (
            operated("the lock says that it was done by hand", type="Lock", source="Manual"),
            shows(LOCKED, LockState="Locked"),
        ),
    ),
    Step(
        "Somebody takes the outer cover off.", (hand("Tamper", True),),
        (
            alarmed("one alarm says so", alarm="FrontEscutcheonRemoved"),
            shows("the bolt stayed where it was", LockState="Locked", CoverOff=True),
        ),
    ),
)  # fmt: skip

END = Step(
    "The audit trail of all this is walked from end to end.", (),
    (answers("every entry is whole and in its place", "Log", "Verify", ok=True, first=1, bad=0),),
)  # fmt: skip

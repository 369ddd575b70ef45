"""From a PIN to a moved bolt, through the real process."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from lockd.dbus.client import Client
from lockd.errors import InvalidCredential, LockedOut
from tests.daemon.process import (
    LOCK, LOG, NIMBLE, PATIENCE_S, SIMULATOR, Lockd, enrol, heard, on_the_bus, press, trail,
)  # fmt: skip

PIN = "135790"


async def test_a_pin_moves_the_bolt_and_leaves_two_records(caller: Client) -> None:
    await enrol(caller, PIN)
    async with caller.signals() as news, asyncio.timeout(PATIENCE_S):
        await press(caller, PIN + "#")
        told = await heard(news, "LockOperation")
    granted, done = (await trail(caller))[-2:]
    assert told == {name: value for name, value in done.items() if name != "kind"}
    assert (granted["phase"], done["phase"], done["grant"]) == ("granted", "done", granted["seq"])
    assert done["credentials"] == [["PIN", 1]]
    assert (done["source"], done["user"]) == ("Keypad", 1)
    assert await caller.get(LOCK, "LockState") == "Unlocked"
    assert await caller.get(SIMULATOR, "Bolt") == 1.0
    assert await caller.get(SIMULATOR, "MotorOn") is False
    assert await caller.get(LOG, "LastSequence") == done["seq"]


async def test_a_pin_works_at_the_moment_of_ready(lockd: Lockd) -> None:
    lockd.start()
    async with on_the_bus(lockd) as caller:
        await enrol(caller, PIN)
    lockd.end()
    lockd.start()
    assert lockd.notes[0].splitlines()[0] == "READY=1"
    async with on_the_bus(lockd) as caller, caller.signals() as news, asyncio.timeout(PATIENCE_S):
        await press(caller, PIN + "#")
        await heard(news, "LockOperation", phase="done", user=1)


async def test_without_any_bus_a_pin_opens(lockd: Lockd, private_bus: object) -> None:
    lockd.start()
    async with on_the_bus(lockd) as caller:
        await enrol(caller, PIN)
        await caller.set(LOCK, "AutoRelockTime", 1)
        await caller.call(LOCK, "UnlockDoor", {"pin": PIN})
    lockd.kill()

"""From a PIN to a moved bolt, and from wrong ones to the lockout, through the real process."""

from __future__ import annotations

import asyncio

import pytest

from lockd.dbus.client import Client
from lockd.errors import InvalidCredential, LockedOut
from tests.daemon.process import (
    LOCK,
    LOG,
    NIMBLE,
    PATIENCE_S,
    SIMULATOR,
    Lockd,
    enrol,
    heard,
    on_the_bus,
    press,
    trail,
    until,
)  # fmt: skip
from tests.fakes.bus import PrivateBus

PIN, WRONG = "135790", "864209"
LIMIT = 3
STRICT = f"{NIMBLE}[lock]\nwrong_code_limit = {LIMIT}\nlockout_s = 200\n"


async def test_a_pin_moves_the_bolt_and_leaves_two_records(caller: Client) -> None:
    await enrol(caller, PIN)
    async with caller.signals() as news, asyncio.timeout(PATIENCE_S):
        await press(caller, PIN + "#")
        told = await heard(news, "LockOperation")
    granted, done = (await trail(caller))[-2:]
    assert told == {name: value for name, value in done.items() if name != "kind"}
    assert (granted["phase"], done["phase"], done["grant"]) == ("granted", "done", granted["seq"])
    assert (done["source"], done["user"], done["credentials"]) == ("Keypad", 1, [["PIN", 1]])
    assert await caller.get(LOCK, "LockState") == "Unlocked"
    assert await caller.get(SIMULATOR, "Bolt") == 1.0
    assert await caller.get(SIMULATOR, "MotorOn") is False
    assert await caller.get(LOG, "LastSequence") == done["seq"]


async def test_a_pin_opens_while_the_bus_is_gone_and_lockd_comes_back_with_the_bus(
    lockd: Lockd, private_bus: PrivateBus
) -> None:
    lockd.start()
    async with on_the_bus(lockd) as caller:
        await enrol(caller, PIN)
        await press(caller, PIN + "#")
    private_bus.kill()
    await until(lambda: lockd.bolt == 1.0)
    private_bus.start()
    async with asyncio.timeout(5), on_the_bus(lockd) as caller:
        done = (await trail(caller))[-1]
    assert (done["source"], done["phase"], done["user"]) == ("Keypad", "done", 1)


async def test_with_wait_the_answer_comes_when_the_bolt_has_arrived(caller: Client) -> None:
    await caller.call(LOCK, "UnlockDoor", {})
    assert (await caller.get(LOCK, "LockState"), await caller.get(SIMULATOR, "Bolt")) == ("Unlocked", 1.0)


async def test_without_wait_the_answer_comes_when_the_grant_is_on_disk(caller: Client) -> None:
    async with caller.signals() as news, asyncio.timeout(PATIENCE_S):
        await caller.call(LOCK, "UnlockDoor", {"wait": False})
        assert await caller.get(LOCK, "LockState") != "Unlocked"
        assert (await trail(caller))[-1]["phase"] == "granted"
        await heard(news, "LockOperation", phase="done")


async def test_wrong_pins_lead_to_one_lockout_that_a_kill_does_not_end(lockd: Lockd) -> None:
    lockd.config.write_text(STRICT)
    lockd.start()
    async with on_the_bus(lockd) as caller, asyncio.timeout(2 * PATIENCE_S):
        await enrol(caller, PIN)
        for _ in range(LIMIT):
            with pytest.raises(InvalidCredential):
                await caller.call(LOCK, "UnlockDoor", {"pin": WRONG})
        with pytest.raises(LockedOut):
            await caller.call(LOCK, "UnlockDoor", {"pin": PIN})
        left = await caller.get(LOCK, "LockoutRemaining")
        assert 190 < left <= 200
    lockd.kill()
    lockd.start()
    async with on_the_bus(lockd) as caller, asyncio.timeout(2 * PATIENCE_S):
        with pytest.raises(LockedOut):
            await caller.call(LOCK, "UnlockDoor", {"pin": PIN})
        assert left - 30 < await caller.get(LOCK, "LockoutRemaining") <= left
        alarms = [event for event in await trail(caller) if event.get("alarm") == "WrongCodeEntryLimit"]
        assert len(alarms) == 1
        assert await caller.get(SIMULATOR, "Bolt") == 0.0
        async with caller.signals() as news:
            await press(caller, PIN + "#")  # who stands at the door is not shut out by somebody on D-Bus
            await heard(news, "LockOperation", phase="done", source="Keypad")


async def test_wrong_pins_at_the_keypad_lock_out_the_right_one_and_signal_no_more_tries(lockd: Lockd) -> None:
    lockd.config.write_text(STRICT)
    lockd.start()
    async with on_the_bus(lockd) as caller, caller.signals() as news, asyncio.timeout(2 * PATIENCE_S):
        await enrol(caller, PIN)
        await press(caller, (WRONG + "#") * LIMIT)
        alarm = await heard(news, "DoorLockAlarm")
        assert (alarm["alarm"], alarm["source"]) == ("WrongCodeEntryLimit", "Keypad")
        errors = [event for event in await trail(caller) if event["kind"] == "LockOperationError"]
        assert [event["error"] for event in errors] == ["InvalidCredential"] * LIMIT
        before = (await trail(caller))[-1]["seq"]
        await press(caller, PIN + "#")
        async for signal in news:
            assert signal.name not in ("LockOperation", "LockOperationError", "DoorLockAlarm")
            if signal.name == "PropertiesChanged" and signal.value[1].get("LastSequence", 0) > before:
                break
        last = (await trail(caller))[-1]
        assert (last["error"], last["detail"], last.get("user")) == ("Restricted", "locked-out", None)
        assert await caller.get(SIMULATOR, "Bolt") == 0.0

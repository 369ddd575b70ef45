"""Promise 4: with a disk that hangs, fails or is full the rightful person still gets in; and after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from time import monotonic

import pytest

from lockd.core.trail import BOUND_S
from lockd.dbus.client import Client
from lockd.errors import LockdError
from tests.daemon.disk import Disk, disk, trouble
from tests.daemon.process import (
    LOCK,
    LOG,
    MANAGER,
    PATIENCE_S,
    SIMULATOR,
    USERS,
    Lockd,
    changed,
    enrol,
    heard,
    on_the_bus,
    press,
    trail,
)

__all__ = ["disk", "trouble"]

ORDINARY, ONCE = "135790", "246802"
STALL_S = 10.0
#: Pressing the keys, hashing, and the bolt's way.
OTHERWISE_S = 2.0


@pytest.fixture
async def home(disk: Disk, lockd: Lockd) -> AsyncIterator[Client]:
    """Somebody who lives there, and somebody who may come in once."""
    lockd.start()
    async with on_the_bus(lockd) as caller, asyncio.timeout(3 * PATIENCE_S):
        await enrol(caller, ORDINARY)
        await enrol(caller, ONCE, 2, "DisposableUser")
        yield caller


async def _opened(caller: Client, pin: str) -> float:
    """Type the PIN; seconds until the bolt is drawn."""
    async with caller.signals() as news:
        begun = monotonic()
        await press(caller, pin + "#")
        await changed(news, "LockState", "Unlocked")
        return monotonic() - begun


async def _refused(caller: Client, pin: str) -> dict[str, object]:
    """Type the PIN; what lockd says against it, while the bolt rests."""
    async with caller.signals() as news:
        await press(caller, pin + "#")
        told = await heard(news, "LockOperationError")
    assert await caller.get(SIMULATOR, "Bolt") == 0.0
    return told


async def _status(caller: Client, index: int) -> str:
    return str((await caller.call(USERS, "GetUser", index))["status"])


async def _mended(caller: Client, lockd: Lockd) -> None:
    """As if nothing had been: one more record, and what lockd says of itself."""
    lockd.wait_until("can be written again")
    assert await caller.get(MANAGER, "Degraded") == []
    assert await _opened(caller, ORDINARY) < BOUND_S
    await caller.call(LOCK, "LockDoor")
    assert (await caller.call(LOG, "Verify"))["ok"]


@pytest.mark.slow
async def test_a_disk_that_hangs_delays_an_ordinary_pin_and_refuses_one_that_is_used_up(
    home: Client, disk: Disk, lockd: Lockd
) -> None:
    stalled = monotonic()
    disk.hangs()
    async with home.signals() as news:
        assert BOUND_S < await _opened(home, ORDINARY) < BOUND_S + OTHERWISE_S
        alarm = await heard(news, "DoorLockAlarm")
    assert alarm["alarm"] == "AuditDegraded"
    assert any("cannot be written" in line for line in await home.get(MANAGER, "Degraded"))
    await home.call(LOCK, "LockDoor")
    assert (await _refused(home, ONCE))["detail"] == "storage"
    await asyncio.sleep(stalled + STALL_S - monotonic())
    disk.works()
    await home.call(LOCK, "LockDoor")
    assert await home.get(MANAGER, "Degraded") == []
    assert (await home.call(LOG, "Verify"))["ok"]
    assert await _status(home, 2) == "OccupiedEnabled"
    await _opened(home, ONCE)
    assert await _status(home, 2) == "OccupiedDisabled"


@pytest.mark.slow
async def test_a_disk_that_hangs_keeps_lockd_from_ending_for_seconds_only(
    home: Client, disk: Disk, lockd: Lockd
) -> None:
    disk.hangs()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await home.call(LOCK, "UnlockDoor")
    begun = monotonic()
    assert lockd.end() == 0
    assert monotonic() - begun < 8.0
    assert "Traceback" not in lockd.log


@pytest.mark.parametrize("trouble_of", [Disk.fails, Disk.is_full], ids=["EIO", "ENOSPC"])
async def test_a_disk_that_fails_lets_an_ordinary_pin_in_at_once_and_none_that_is_used_up(
    home: Client, disk: Disk, lockd: Lockd, trouble_of: Callable[[Disk], None]
) -> None:
    before = await trail(home)
    trouble_of(disk)
    async with home.signals() as news:
        assert await _opened(home, ORDINARY) < OTHERWISE_S
        assert (await heard(news, "DoorLockAlarm"))["alarm"] == "AuditDegraded"
    await home.call(LOCK, "LockDoor")
    assert (await _refused(home, ONCE))["detail"] == "storage"
    with pytest.raises(LockdError, match="storage"):
        await home.call(USERS, "SetUser", "Add", 3, {"name": "too late"})
    with pytest.raises(LockdError, match="storage"):
        await home.set(LOCK, "AutoRelockTime", 77)
    assert lockd.log.count("could not be written") == 1
    assert "Traceback" not in lockd.log
    disk.works()
    await home.set(LOCK, "AutoRelockTime", 88)
    await _mended(home, lockd)
    assert await _status(home, 2) == "OccupiedEnabled"
    assert (await trail(home))[: len(before)] == before
    assert [user["index"] for user in await home.call(USERS, "ListUsers")] == [1, 2]


async def test_what_a_failing_disk_took_is_still_there_after_a_crash(home: Client, disk: Disk, lockd: Lockd) -> None:
    before = await trail(home)
    disk.fails()
    await _opened(home, ORDINARY)
    lockd.kill()
    disk.works()
    lockd.start()
    async with on_the_bus(lockd) as caller:
        assert (await trail(caller))[: len(before)] == before
        assert (await caller.call(LOG, "Verify"))["ok"]
        assert len(await caller.call(USERS, "ListUsers")) == 2

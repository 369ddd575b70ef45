"""kill -9 at random moments of real work: nothing acknowledged is lost, nothing opens, nothing needs repair."""

from __future__ import annotations

import asyncio
import os
import random

import pytest

from lockd.dbus.client import Client
from tests.daemon.process import PATIENCE_S, SIMULATOR, Lockd, on_the_bus
from tests.fakes.bus import PrivateBus, private_bus
from tests.slow.visits import CONFIG, Ledger

__all__ = ["private_bus"]

ROUNDS = int(os.environ.get("LOCKD_KILLS", "300"))
SEED = int(os.environ.get("LOCKD_SEED", "1"))
#: How long lockd works at the most before it is killed, and how many in a hundred are killed while starting.
WORK_S = 0.8
EARLY = 15
START_S = 0.3

pytestmark = pytest.mark.slow


async def _round(lockd: Lockd, ledger: Ledger) -> None:
    """Start, look, work, be killed."""
    chance = ledger.chance
    killed_at = lockd.bolt
    if chance.random() * 100 < EARLY:
        lockd.launch()
        await asyncio.sleep(chance.random() * START_S)
        lockd.kill()
        assert lockd.bolt == killed_at
    lockd.start()
    async with on_the_bus(lockd) as caller, asyncio.timeout(PATIENCE_S):
        assert lockd.bolt == killed_at == await caller.get(SIMULATOR, "Bolt")
        await ledger.check(caller)
        await _until_killed(lockd, ledger, caller)


async def _until_killed(lockd: Lockd, ledger: Ledger, caller: Client) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(ledger.work(caller))
        await asyncio.sleep(ledger.chance.random() * WORK_S)
        lockd.kill()


async def test_a_kill_at_any_moment_loses_nothing_and_opens_nothing(private_bus: PrivateBus) -> None:
    ledger = Ledger(random.Random(SEED))
    with Lockd(private_bus.address, CONFIG) as lockd:
        for _ in range(ROUNDS):
            await _round(lockd, ledger)
        lockd.start()
        async with on_the_bus(lockd) as caller:
            await ledger.check(caller)
        assert lockd.end() == 0
        troubles = [line for line in lockd.log.splitlines() if " ERROR " in line or "Traceback" in line]
        assert troubles == []
    found = ", ".join(f"{number} {what}" for what, number in sorted(ledger.acknowledged.items()))
    print(f"{ROUNDS} kills. Acknowledged, and found again: {found}; {ledger.newest['seq']} events in the trail")
    assert all(ledger.acknowledged[what] for what in ("change", "granted", "wrong", "use", "told"))

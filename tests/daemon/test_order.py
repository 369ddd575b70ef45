"""Promise 1: nothing moves that is not on disk; and nothing is left moving at the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lockd.core.trail import BOUND_S
from tests.daemon.inside import Inside, inside
from tests.daemon.process import PATIENCE_S, until

PIN = "135790"


def _motor(events: Iterable[tuple[str, Any]]) -> list[bool]:
    return [on for what, on in events if what == "motor"]


def _phases(events: Iterable[tuple[str, Any]]) -> list[str]:
    return [entry.fields["phase"] for what, entry in events if what == "durable" and "phase" in entry.fields]


def _assert_in_order(lock: Inside) -> None:
    """At each moment there were as many grants on the disk as the motor had started."""
    assert _motor(lock.events)
    for n, (what, on) in enumerate(lock.events):
        if what == "motor" and on:
            before = lock.events[:n]
            assert _phases(before).count("granted") > _motor(before).count(True)


async def test_the_motor_never_moves_before_the_commit_of_its_record(tmp_path: Path) -> None:
    async with inside(tmp_path / "state") as lock:
        await lock.enrol(PIN)
        for _ in range(2):
            lock.press(PIN + "#")
            await lock.until("Unlocked")
            lock.press("#")
            await lock.until("Locked")
        await lock.ask("Unlock", PIN)
        await lock.ask("Lock")
        assert len(_motor(lock.events)) == 12  # six throws, each on and off again
        _assert_in_order(lock)


async def test_while_a_commit_is_under_way_the_motor_waits_for_it(tmp_path: Path) -> None:
    commit_may_go_on = threading.Event()
    async with inside(tmp_path / "state") as lock:
        await lock.enrol(PIN)
        lock.before_commit = lambda: commit_may_go_on.wait(PATIENCE_S)
        asked = asyncio.create_task(lock.ask("Unlock", PIN))
        await asyncio.sleep(BOUND_S / 2)
        assert _motor(lock.events) == []
        commit_may_go_on.set()
        await asked
        _assert_in_order(lock)


async def test_ending_in_mid_throw_switches_the_motor_off(tmp_path: Path) -> None:
    async with inside(tmp_path / "state") as lock:
        asked = asyncio.create_task(lock.ask("Unlock", wait=False))
        await until(lambda: 0.1 < lock.bolt < 0.9)
        assert _motor(lock.events) == [True]
    assert _motor(lock.events) == [True, False]
    assert 0.1 < lock.bolt < 0.95
    await asked


async def test_starting_moves_nothing_whatever_was_under_way(tmp_path: Path) -> None:
    async with inside(tmp_path / "state") as lock:
        asked = asyncio.create_task(lock.ask("Unlock", wait=False))
        await until(lambda: 0.1 < lock.bolt < 0.9)
    await asked
    stopped_at = lock.bolt
    async with inside(tmp_path / "state") as lock:
        await until(lambda: _phases(lock.events)[-1:] == ["interrupted"])
        assert not any(level for line in lock.motor for _, level in line.states)
        assert lock.bolt == stopped_at
        assert lock.daemon.pump.lock.lock_state == "NotFullyLocked"
        await lock.ask("Home")
        assert lock.daemon.pump.lock.lock_state == "Locked"


async def test_without_any_bus_a_pin_opens(tmp_path: Path) -> None:
    async with inside(tmp_path / "state") as lock:
        await lock.enrol(PIN)
        lock.press(PIN + "#")
        await lock.until("Unlocked")
        assert [line for line in lock.daemon.health.degraded() if line.startswith("dbus: no D-Bus")]

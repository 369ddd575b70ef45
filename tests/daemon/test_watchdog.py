"""A sign of life is one only after a look at the loop, the store and the pins."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lockd.core.effects import Show
from lockd.core.events import Sensed
from lockd.daemon import health, notify
from lockd.errors import Failure
from tests.daemon.inside import Inside, inside
from tests.daemon.process import PATIENCE_S, Lockd, until


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each sign of life that is given."""
    given: list[str] = []
    monkeypatch.setattr(notify, "alive", lambda: given.append("tick"))
    return given


@asynccontextmanager
async def _watching(lock: Inside) -> AsyncIterator[list[bool]]:
    """The watchdog at work; its looks so far, and what each found."""
    looks: list[bool] = []
    look = lock.daemon.health.fit

    async def counted() -> bool:
        looks.append(await look())
        return looks[-1]

    lock.daemon.health.fit = counted  # type: ignore[method-assign]
    watching = asyncio.create_task(lock.daemon.health.watch(0.001, lambda: None))
    try:
        yield looks
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        lock.daemon.health.fit = look  # type: ignore[method-assign]


async def _watched(lock: Inside, rounds: int = 3) -> None:
    """Let it look so often, and say what it found."""
    async with _watching(lock) as looks:
        await until(lambda: len(looks) > rounds)


async def test_a_lockd_that_is_well_ticks(tmp_path: Path, ticks: list[str]) -> None:
    async with inside(tmp_path / "state") as lock:
        await _watched(lock)
    assert len(ticks) >= 2


async def test_no_tick_when_a_motor_pin_is_not_as_it_was_set(
    tmp_path: Path, ticks: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with inside(tmp_path / "state") as lock:
        forward = lock.daemon.settings.bolt.forward
        assert forward is not None
        line = lock.daemon.hardware.pins._lines[forward.number]
        line._device.pin._set_state(True)
        await _watched(lock)
        line._device.pin._set_state(False)
        assert ticks == []
        assert len([r for r in caplog.records if r.name == "lockd.health"]) == 1
        await _watched(lock)
    assert ticks


async def test_no_tick_when_the_writer_has_ended(
    tmp_path: Path, ticks: list[str]
) -> None:
    async with inside(tmp_path / "state") as lock:
        lock.daemon.journal._work.put(None)
        await until(lambda: not lock.daemon.journal.alive)
        await _watched(lock)
    assert ticks == []


async def test_no_tick_when_codes_can_no_longer_be_checked(tmp_path: Path, ticks: list[str]) -> None:
    async with inside(tmp_path / "state") as lock:
        lock.daemon.digests._work.put(None)
        await until(lambda: not lock.daemon.digests.alive)
        await _watched(lock)
    assert ticks == []


async def test_a_mistake_of_its_own_ends_it_with_the_motor_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What is half done cannot be relied on: systemd begins anew from what is on disk."""

    def broken(_effect: Show) -> None:
        raise ZeroDivisionError

    async with inside(tmp_path / "state", status=1) as lock:
        await lock.enrol("123456")
        lock.press("123456#")
        await until(lambda: any(line.state for line in lock.motor))
        lock.daemon.pump._sinks = {**lock.daemon.pump._sinks, Show: broken}
        with pytest.raises(ZeroDivisionError):
            lock.daemon.pump.submit(Sensed("tamper", True))
        assert not any(line.state for line in lock.motor)
        await asyncio.wait_for(lock.daemon._stop.wait(), PATIENCE_S)
    assert [record.levelname for record in caplog.records].count("CRITICAL") == 1


async def test_a_tick_waits_for_the_store_to_answer(
    tmp_path: Path, ticks: list[str]
) -> None:
    go_on = threading.Event()
    async with inside(tmp_path / "state") as lock:
        lock.daemon.journal._work.put(lambda: go_on.wait(PATIENCE_S) and None)
        async with _watching(lock) as looks:
            await until(lambda: lock.daemon.journal._work.qsize() > 0)  # its question waits in the line
            assert (looks, ticks) == ([], [])
            go_on.set()
            await until(lambda: bool(ticks))


async def test_a_store_that_fails_is_said_once_and_does_not_restart_lockd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ticks: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A restart would only forget who may come in (promise 4)."""

    def fail(_vault: object) -> None:
        raise Failure("the disk is gone")

    monkeypatch.setattr(health.Vault, "check", fail)
    async with inside(tmp_path / "state") as lock:
        await _watched(lock)
    assert ticks
    assert len([r for r in caplog.records if r.name == "lockd.health"]) == 1


def test_the_process_gives_signs_of_life_while_somebody_expects_them(lockd: Lockd) -> None:
    lockd.start(WATCHDOG_USEC="100000")
    lockd.wait_for_note("WATCHDOG=1")
    lockd.wait_for_note("WATCHDOG=1")


def test_a_watchdog_of_somebody_else_is_left_alone(lockd: Lockd) -> None:
    lockd.start(WATCHDOG_USEC="20000", WATCHDOG_PID="1")
    lockd.wait_until("is ours on the bus")
    assert lockd.end() == 0
    assert not [note for note in lockd.notes if "WATCHDOG" in note]

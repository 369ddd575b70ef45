"""The daemon in this process: its pins can be watched, its disk held, its health asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from lockd.core.effects import Entry, Write
from lockd.daemon.app import Daemon, Options
from lockd.gpio.actuators import motor_pins
from lockd.settings import Settings, simulation
from tests.daemon.process import PATIENCE_S, until


class Inside:
    """`events`, in their true order: `("durable", entry)` when a commit returned, `("motor", on)` when a
    line that moves something changed; `moves`: when each of those was, by perf_counter."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.events: list[tuple[str, Any]] = []
        self.moves: list[float] = []
        #: Called in the writer's thread before each commit.
        self.before_commit: Callable[[], object] = lambda: None
        self.motor = [daemon.hardware.pins._lines[pin.number]._device.pin for pin in motor_pins(daemon.settings.bolt)]
        self._door = daemon.hardware.door
        for line in self.motor:
            line.heard = self._watching(line, line.heard)
        vault = daemon.journal.vault
        assert vault is not None
        self._commit: Callable[[Entry, tuple[Write, ...]], int] = vault.commit
        vault.commit = self._committing  # type: ignore[method-assign]

    @property
    def bolt(self) -> float:
        return float(self._door.bolt)

    async def until(self, state: str) -> None:
        """The bolt's contacts say so."""
        await until(lambda: self.daemon.pump.lock.lock_state == state)

    def press(self, keys: str) -> None:
        self._door.press(keys)

    async def enrol(self, pin: str, index: int = 1, kind: str = "UnrestrictedUser") -> None:
        desk = self.daemon.desk
        await desk.set_user("Add", index, {"name": f"user {index}", "type": kind}, "test")
        await desk.set_credential("Add", "PIN", index, pin.encode(), index, {}, "test")

    async def ask(self, wish: Any, pin: str | None = None, wait: bool = True) -> None:
        """As a caller on D-Bus does."""
        async with asyncio.timeout(PATIENCE_S):
            await self.daemon.desk.operate(wish, "test", pin, wait, None)

    def _committing(self, entry: Entry, writes: tuple[Write, ...]) -> int:
        self.before_commit()
        seq = self._commit(entry, writes)
        self.events.append(("durable", entry))
        return seq

    def _watching(self, line: Any, heard: Callable[[], object]) -> Callable[[], object]:
        before = bool(line.state)

        def hear() -> object:
            nonlocal before
            if bool(line.state) != before:
                before = not before
                self.moves.append(perf_counter())
                self.events.append(("motor", before))
            return heard()

        return hear


def nimble() -> Settings:
    """The simulation, with contacts that come to rest soon."""
    settings = simulation()
    return settings.but(gpio=settings.gpio.but(debounce_ms=5))


@asynccontextmanager
async def inside(folder: Path, status: int = 0, settings: Settings | None = None) -> AsyncIterator[Inside]:
    """It runs until the end of the block, and then ends as by SIGTERM, with this exit status. There
    is no bus."""
    folder.mkdir(mode=0o700, exist_ok=True)
    options = Options(None, folder, folder, f"unix:path={folder}/no-bus", True)
    with ExitStack() as ends:
        daemon = Daemon(options, settings or nimble(), ends)
        lock = Inside(daemon)
        running = asyncio.create_task(daemon.run())
        try:
            yield lock
        finally:
            daemon._stop.set()
            ended = await running
    assert ended == status, "lockd made a mistake" if ended else "lockd made none"

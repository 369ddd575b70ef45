"""The daemon in the test's own loop: its pins can be watched, its disk held, its health asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lockd.core.effects import Entry, Write
from lockd.daemon.app import Daemon, Options
from lockd.gpio import loud
from lockd.gpio.pins import motor_pins
from lockd.settings import Settings, simulation

#: Longer than anything here takes.
PATIENCE_S = 10.0


class Inside:
    """`events`: in their true order `("durable", entry)` when a commit returned, and `("motor", on)`
    when a line that moves something changed; `log` may be added to by the test."""

    def __init__(self, daemon: Daemon, events: list[tuple[str, Any]]) -> None:
        self.daemon, self.events = daemon, events
        self._door = daemon.hardware.door
        vault = daemon.journal.vault
        assert vault is not None
        self._commit: Callable[[Entry, tuple[Write, ...]], int] = vault.commit
        #: Called in the writer's thread before each commit.
        self.before_commit: Callable[[], None] = lambda: None
        vault.commit = self._watched  # type: ignore[method-assign]

    @property
    def bolt(self) -> float:
        return float(self._door.bolt)

    async def until(self, state: str) -> None:
        """The bolt's contacts say so."""
        await self.when(lambda: self.daemon.pump.lock.lock_state == state)

    async def when(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                await asyncio.sleep(0.005)

    def press(self, keys: str) -> None:
        self._door.press(keys)

    async def enrol(self, pin: str, index: int = 1, kind: str = "UnrestrictedUser") -> None:
        desk = self.daemon.desk
        await desk.set_user("Add", index, {"name": f"user {index}", "type": kind}, "test")
        await desk.set_credential("Add", "PIN", index, pin.encode(), index, {}, "test")

    def _watched(self, entry: Entry, writes: tuple[Write, ...]) -> int:
        self.before_commit()
        seq = self._commit(entry, writes)
        self.events.append(("durable", entry))
        return seq


def nimble() -> Settings:
    """The simulation, with contacts that come to rest soon."""
    settings = simulation()
    return settings.but(gpio=settings.gpio.but(debounce_ms=5))


@asynccontextmanager
async def inside(
    folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings | None = None
) -> AsyncIterator[Inside]:
    """It runs until the end of the block, and then ends as by SIGTERM. There is no bus."""
    settings = settings or nimble()
    events: list[tuple[str, Any]] = []
    lines = {pin.number for pin in motor_pins(settings.bolt)}

    class Watched(loud.LoudPin):
        def _set_state(self, value: Any) -> None:
            if self._function == "output" and self._number in lines and value != self._state:
                events.append(("motor", bool(value)))
            super()._set_state(value)

    monkeypatch.setattr(loud, "LoudPin", Watched)
    folder.mkdir(mode=0o700, exist_ok=True)
    options = Options(None, folder, folder, f"unix:path={folder}/no-bus", True)
    daemon = Daemon(options, settings)
    running = asyncio.create_task(daemon.run())
    try:
        yield Inside(daemon, events)
    finally:
        daemon._stop.set()
        await running

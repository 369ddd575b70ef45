"""What a reader's driver tells, kept for the test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PATIENCE_S = 10.0


class Ear:
    """`told`: everything in its order, as ("card", data), ("finger", slot), ("unknown",), ("key", key),
    ("garbled",), ("found",), ("lost", why)."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []
        self._more = asyncio.Event()

    def card(self, data: bytes) -> None:
        self._tell("card", data)

    def finger(self, slot: int) -> None:
        self._tell("finger", slot)

    def unknown_finger(self) -> None:
        self._tell("unknown")

    def key(self, key: str) -> None:
        self._tell("key", key)

    def garbled(self, why: str) -> None:
        self._tell("garbled")

    def found(self) -> None:
        self._tell("found")

    def lost(self, why: str) -> None:
        self._tell("lost", why)

    def all(self, kind: str) -> list[object]:
        """The second word of each of that kind."""
        return [each[1] if len(each) > 1 else None for each in self.told if each[0] == kind]

    async def until(self, said: Callable[[], object]) -> None:
        """Until what was told makes it so."""
        async with asyncio.timeout(PATIENCE_S):
            while not said():
                self._more.clear()
                await self._more.wait()

    async def hears(self, kind: str, times: int = 1) -> None:
        """Until it was told so often."""
        await self.until(lambda: len(self.all(kind)) >= times)

    def _tell(self, *what: object) -> None:
        self.told.append(what)
        self._more.set()


class Touch:
    """A line that a finger, or a chip, pulls over."""

    def __init__(self) -> None:
        self.on = False
        self._edge: Callable[[], object] | None = None

    def watch(self, edge: Callable[[], object] | None) -> None:
        self._edge = edge

    def set(self, on: bool) -> None:
        if on != self.on:
            self.on = on
            if self._edge is not None:
                self._edge()

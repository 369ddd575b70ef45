"""Where the tour plays: what the lock has told since a step began, and hands to act with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from lockd.cli.panel.news import Changed, Dictionary, Gone, Happened, Here, Link, News
from lockd.cli.simulation.world import World
from lockd.errors import LockdError

#: How often an expectation is looked at again when nothing is told meanwhile.
LOOK_S = 0.25
LAMPS = ("Green", "Red")


class Stage:
    """`properties`: the newest of each. `heard`, `bolt`, `lamps`: events, bolt positions and lamps that
    were lit, since `begin`. `refusal`: what the last call was refused with. `since`: the newest log
    entry at `begin`."""

    def __init__(self, link: Link, world: World) -> None:
        self.link = link
        self.world = world
        self.here = False
        self.properties: dict[str, Any] = {}
        self.heard: list[Dictionary] = []
        self.bolt: list[float] = []
        self.lamps: list[str] = []
        self.refusal: LockdError | None = None
        self.since = 0
        self._told = asyncio.Event()

    async def begin(self) -> None:
        """A new step: forget what was told before."""
        self.since = max((entry["seq"] for entry in await self.logged()), default=self.since)
        self.heard, self.bolt, self.lamps, self.refusal = [], [], [], None

    def take(self, news: News) -> None:
        """One piece of news from the lock."""
        match news:
            case Here(properties):
                self.here = True
                self.properties.update(properties)
            case Gone():
                self.here = False
            case Changed(properties):
                self.properties.update(properties)
                if "Bolt" in properties:
                    self.bolt.append(properties["Bolt"])
                self.lamps += [lamp for lamp in LAMPS if properties.get(lamp)]
            case Happened(event):
                self.heard.append(event)
        self._told.set()

    async def logged(self) -> list[Dictionary]:
        """The entries of the audit trail since `begin`."""
        entries: list[Dictionary] = await self.call("Log", "Read", self.since + 1, 1000) or []
        return entries

    async def call(self, interface: str, method: str, *args: Any) -> Any:
        """A call; a refusal is kept for the expectations to judge."""
        try:
            return await self.link.act(interface, method, *args)
        except LockdError as error:
            self.refusal = error
        return None

    async def put(self, name: str, value: Any) -> None:
        """Set a property of the lock."""
        try:
            await self.link.assign("Lock", name, value)
        except LockdError as error:
            self.refusal = error

    async def is_here(self) -> bool:
        """Whether lockd answers."""
        return self.here

    async def is_gone(self) -> bool:
        """Whether it does not."""
        return not self.here

    async def until(self, met: Callable[[], Awaitable[bool]], seconds: float) -> bool:
        """Whether it is met within so long; looked at after everything that is told."""
        try:
            async with asyncio.timeout(seconds):
                while not await met():
                    await self._news()
        except TimeoutError:
            return False
        return True

    async def _news(self) -> None:
        self._told.clear()
        try:
            async with asyncio.timeout(LOOK_S):
                await self._told.wait()
        except TimeoutError:
            pass

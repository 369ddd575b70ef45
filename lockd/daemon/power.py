"""Everybody who tells what feeds the lock, gathered: lines, the modelled supply, the kernel's drivers.

A modelled door has a modelled supply: what feeds this machine is none of its business.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from lockd.core.effects import ReadSupplies
from lockd.core.events import Event, SuppliesRead, SupplyRead
from lockd.reading import Reading
from lockd.settings import PowerSettings

if TYPE_CHECKING:
    from lockd.udev.supply import Watcher

log = logging.getLogger("lockd.power")

#: What was read so many seconds ago is as good as new.
FRESH_S = 2.0


class Feelers(Protocol):
    """What can be asked at once (daemon/hardware.py). `door`: the modelled one, or None."""

    door: Any

    def readings(self) -> tuple[Reading, ...]:
        """What lines and the modelled supply say now."""


class Power:
    """`submit`: to the core. `told` is called when `trouble` has changed: one line for people, empty
    while nothing is wrong."""

    def __init__(
        self, feelers: Feelers, settings: PowerSettings, submit: Callable[[Event], None], told: Callable[[], None]
    ) -> None:
        self.trouble = ""
        self._feelers, self._settings = feelers, settings
        self._submit, self._told = submit, told
        self._loop = asyncio.get_running_loop()
        self._drivers = feelers.door is None  # whether this machine's are asked
        self._watcher: Watcher | None = None
        self._asked = -FRESH_S

    def ask(self) -> None:
        """Everybody, now; drivers answer later."""
        self._asked = self._loop.time()
        for reading in self._feelers.readings():
            self.supply(reading)
        if self._watcher is not None:
            self._watcher.read_all()
        elif not self._drivers:
            self._all_read(frozenset())

    def read(self, _effect: ReadSupplies) -> None:
        """Sink of ReadSupplies."""
        self._loop.call_soon(self.ask)

    def refresh(self) -> None:
        """Somebody begins to use the lock."""
        if self._loop.time() >= self._asked + FRESH_S:
            self.ask()

    def supply(self, reading: Reading) -> None:
        """One supply was read."""
        self._submit(SupplyRead(reading))

    def take(self, settings: PowerSettings) -> None:
        """Other rules from now on."""
        self._settings = settings
        if self._watcher is not None:
            self._watcher.take(settings)

    async def watch(self) -> None:
        """The kernel's drivers, until cancelled. Without libudev there are lines only."""
        if not self._drivers:
            return
        try:
            self._watcher = await self._begin()
        except ImportError as fault:
            self._drivers = False
            self.trouble = f"batteries and chargers cannot be watched: {fault}"
            log.error("%s", self.trouble)
            self._told()
            self.ask()
            return
        try:
            await asyncio.Event().wait()
        finally:
            await self._watcher.close()

    async def _begin(self) -> Watcher:
        from lockd.udev.apart import apart

        def load() -> Any:
            from lockd.udev import supply

            return supply

        module = await apart(load)  # the library is large
        watcher: Watcher = await module.begin(self._settings, self.supply, self._all_read)
        return watcher

    def _all_read(self, names: frozenset[str]) -> None:
        felt = (reading.name for reading in self._feelers.readings())
        self._submit(SuppliesRead(names.union(felt)))

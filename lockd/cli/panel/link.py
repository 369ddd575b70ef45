"""The Link of the real world: one lockd on a D-Bus address, and its news for as long as asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from lockd.cli.panel.news import Changed, Gone, Happened, Here, Known, News
from lockd.dbus.client import Client, NoBus, NotRunning, Signal
from lockd.dbus.names import BUS_NAME
from lockd.errors import LockdError

#: How long to wait for a bus that is gone before looking again.
RETRY_S = 1.0
#: Log entries told at the arrival.
EVENTS = 200

Tell = Callable[[News], None]


class BusLink:
    """See panel.news.Link. Nothing is connected before `follow` runs."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock: Client | None = None

    async def act(self, interface: str, method: str, *args: Any) -> Any:
        """Call a method of `org.lockd1.<interface>`."""
        return await self._connected().call(f"{BUS_NAME}.{interface}", method, *args)

    async def assign(self, interface: str, name: str, value: Any) -> None:
        """Set a property."""
        await self._connected().set(f"{BUS_NAME}.{interface}", name, value)

    async def follow(self, tell: Tell) -> None:
        """Tell all news for ever. A bus that is gone is told once, and looked for each second."""
        is_told = False
        while True:
            try:
                async with Client.connect(self._address) as self._lock, self._lock.signals() as signals:
                    is_told = False
                    await self._listen(self._lock, signals, tell)
            except NoBus:
                self._lock = None
                if not is_told:
                    tell(Gone("the simulation has ended"))
                    is_told = True
            await asyncio.sleep(RETRY_S)

    def _connected(self) -> Client:
        if self._lock is None:
            raise NotRunning("the simulation does not run")
        return self._lock

    async def _listen(self, lock: Client, signals: AsyncIterator[Signal], tell: Tell) -> None:
        await _arrive(lock, tell)
        async for signal in signals:
            match signal.name:
                case "Lost":
                    tell(Gone("lockd has ended"))
                case "Back":
                    await _arrive(lock, tell)
                case "Moved":
                    tell(Changed({"Bolt": signal.value}))
                case "PropertiesChanged":
                    tell(Changed(signal.value[1]))
                case kind:
                    tell(Happened({**signal.value, "kind": kind}))
                    if kind == "LockUserChange":
                        await _ask_who(lock, tell)


async def _arrive(lock: Client, tell: Tell) -> None:
    """All that is known of the lock now."""
    try:
        properties: dict[str, Any] = {}
        for interface in ("Lock", "Users", "Log", "Power", "Simulator"):
            properties |= await lock.get_all(f"{BUS_NAME}.{interface}")
        first = max(1, properties["LastSequence"] - EVENTS + 1)
        events = await lock.call(f"{BUS_NAME}.Log", "Read", first, EVENTS)
        tell(Here(properties, events, await lock.call(f"{BUS_NAME}.Users", "ListUsers")))
    except NoBus:
        raise
    except NotRunning:
        pass  # it is not there yet, or has left; signals tell of both
    except LockdError as error:
        tell(Gone(str(error)))


async def _ask_who(lock: Client, tell: Tell) -> None:
    try:
        tell(Known(await lock.call(f"{BUS_NAME}.Users", "ListUsers")))
    except NoBus:
        raise
    except LockdError as error:
        tell(Gone(str(error)))

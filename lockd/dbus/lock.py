"""org.lockd1.Lock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockd.dbus.desk import Caller, Desk
from lockd.words import Wish


class Lock:
    """Moves the bolt."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def LockDoor(self, caller: Caller, options: Mapping[str, Any]) -> None:
        await self._operate("Lock", caller, options)

    async def UnlockDoor(self, caller: Caller, options: Mapping[str, Any]) -> None:
        await self._operate("Unlock", caller, options)

    async def UnlockWithTimeout(self, caller: Caller, relock_s: int, options: Mapping[str, Any]) -> None:
        await self._operate("Unlock", caller, options, relock_s)

    async def UnboltDoor(self, caller: Caller, options: Mapping[str, Any]) -> None:
        await self._operate("Unbolt", caller, options)

    async def Home(self, caller: Caller) -> None:
        await self._operate("Home", caller, {})

    async def _operate(
        self, wish: Wish, caller: Caller, options: Mapping[str, Any], relock_s: int | None = None
    ) -> None:
        await self._desk.operate(wish, caller.by, options.get("pin"), options.get("wait", True), relock_s)

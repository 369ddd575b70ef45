"""org.lockd1.Manager."""

from __future__ import annotations

from typing import Any

from lockd.dbus.desk import Caller, Desk


class Manager:
    """lockd itself."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def Diagnose(self, _caller: Caller) -> list[dict[str, Any]]:
        return self._desk.diagnose()

    async def SetTime(self, caller: Caller, seconds: int) -> None:
        await self._desk.set_time(seconds, caller.by)

    async def RotateKey(self, caller: Caller) -> None:
        await self._desk.rotate_key(caller.by)

    async def Backup(self, caller: Caller, handle: int) -> None:
        await self._desk.backup(handle, caller.by)

    async def Restore(self, caller: Caller, handle: int) -> None:
        await self._desk.restore(handle, caller.by)

    async def FactoryReset(self, caller: Caller, _word: str) -> None:
        await self._desk.factory_reset(caller.by)

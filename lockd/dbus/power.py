"""org.lockd1.Power."""

from __future__ import annotations

from typing import Any

from lockd.dbus.desk import Caller, Desk


class Power:
    """What feeds the lock, and the other ways in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def Drill(self, caller: Caller) -> list[dict[str, Any]]:
        return await self._desk.drill(caller.by)

    async def Ways(self, _caller: Caller) -> list[dict[str, Any]]:
        return self._desk.ways()

    async def History(self, _caller: Caller, days: int) -> list[dict[str, Any]]:
        return self._desk.power_history(days)

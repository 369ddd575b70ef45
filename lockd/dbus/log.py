"""org.lockd1.Log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockd.dbus.desk import Caller, Desk


class Log:
    """The audit trail, read only."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def Read(self, _caller: Caller, first: int, most: int) -> list[dict[str, Any]]:
        return await self._desk.read_log(first, most)

    async def Verify(self, _caller: Caller) -> Mapping[str, Any]:
        return await self._desk.verify_log()

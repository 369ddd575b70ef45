"""org.lockd1.Phones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockd.dbus.desk import Caller, Desk


class Phones:
    """Phones over Bluetooth LE."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def CreateInvite(self, caller: Caller, fields: Mapping[str, Any]) -> tuple[str, str]:
        return self._desk.phone_desk().create_invite(fields, caller.by)

    async def CancelInvite(self, _caller: Caller, number: str) -> None:
        self._desk.phone_desk().cancel_invite(number)

    async def List(self, _caller: Caller) -> list[dict[str, Any]]:
        return self._desk.phone_desk().listed()

    async def Revoke(self, caller: Caller, number: str) -> None:
        await self._desk.phone_desk().revoke(number, caller.by)

    async def Bar(self, caller: Caller, number: str) -> None:
        await self._desk.phone_desk().bar(bytes.fromhex(number), caller.by)

    async def Unbar(self, caller: Caller, number: str) -> None:
        await self._desk.phone_desk().unbar(bytes.fromhex(number), caller.by)

    async def ListBarred(self, _caller: Caller) -> list[dict[str, Any]]:
        return self._desk.phone_desk().barred()

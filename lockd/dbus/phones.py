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
        return await self._desk.create_invite(fields, caller.by)

    async def CancelInvite(self, _caller: Caller, number: str) -> None:
        await self._desk.cancel_invite(number)

    async def List(self, _caller: Caller) -> list[dict[str, Any]]:
        return self._desk.list_phones()

    async def Revoke(self, caller: Caller, number: str) -> None:
        await self._desk.revoke_phone(number, caller.by)

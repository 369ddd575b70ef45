"""org.lockd1.Codes."""

from __future__ import annotations

from typing import Any

from lockd.codes import CodeKind
from lockd.dbus.desk import Caller, Desk


class Codes:
    """Codes granted from afar."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def CreateKey(self, caller: Caller) -> bytes:
        return await self._desk.new_codes_key(caller.by)

    async def RaiseEpoch(self, caller: Caller) -> None:
        await self._desk.change_codes("epoch", "", caller.by)

    async def SetLabel(
        self, caller: Caller, label: str, kind: CodeKind, lengths: tuple[int, ...], accept: int
    ) -> None:
        await self._desk.set_label(label, kind, lengths, accept, caller.by)

    async def RevokeLabel(self, caller: Caller, label: str) -> None:
        await self._desk.change_codes("revoke", label, caller.by)

    async def RemoveLabel(self, caller: Caller, label: str) -> None:
        await self._desk.change_codes("remove", label, caller.by)

    async def ListLabels(self, _caller: Caller) -> list[dict[str, Any]]:
        return self._desk.list_labels()

    async def ListOpen(self, _caller: Caller) -> list[dict[str, Any]]:
        return self._desk.list_open_codes()

"""org.lockd1.Users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lockd.dbus.desk import Caller, Desk
from lockd.errors import InvalidField

#: Enough to find the card and to walk to the door.
ENROL_S = 30

#: Fields of SetCredential that are of the user it makes.
NEW_USER = frozenset({"user_status", "user_type"})


def _digits(data: bytes) -> str:
    if not (data.isascii() and data.isdigit()):
        raise InvalidField("data: a PIN must be digits 0-9 in ASCII")
    return data.decode("ascii")


class Users:
    """People and what they open with."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def SetUser(self, caller: Caller, operation: str, index: int, fields: Mapping[str, Any]) -> None:
        await self._desk.set_user(operation, index, fields, caller.by)

    async def GetUser(self, _caller: Caller, index: int) -> Mapping[str, Any]:
        return self._desk.get_user(index)

    async def ListUsers(self, _caller: Caller) -> Iterable[Mapping[str, Any]]:
        return self._desk.list_users()

    async def ClearUser(self, caller: Caller, index: int) -> None:
        await self._desk.clear_user(index, caller.by)

    async def SetCredential(
        self,
        caller: Caller,
        operation: str,
        kind: str,
        index: int,
        data: bytes,
        user: int,
        fields: Mapping[str, Any],
    ) -> tuple[int, int]:
        if kind in ("PIN", "ProgrammingPIN"):
            _digits(data)
        if user and not NEW_USER.isdisjoint(fields):
            raise InvalidField(f"fields: {', '.join(sorted(NEW_USER))} only for a new user (user 0)")
        return await self._desk.set_credential(operation, kind, index, data, user, fields, caller.by)

    async def RatePIN(self, _caller: Caller, data: bytes, user: int) -> list[str]:
        return await self._desk.rate_pin(_digits(data), user)

    async def Enrol(self, caller: Caller, kind: str, user: int, options: Mapping[str, Any]) -> int:
        return await self._desk.enrol(kind, user, options.get("timeout", ENROL_S), caller.by)

    async def GetCredentialStatus(self, _caller: Caller, kind: str, index: int) -> Mapping[str, Any]:
        return self._desk.credential_status(kind, index)

    async def ClearCredential(self, caller: Caller, kind: str, index: int) -> None:
        await self._desk.clear_credential(kind, index, caller.by)

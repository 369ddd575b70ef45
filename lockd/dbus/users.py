"""org.lockd1.Users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lockd.core.calendar import LOCKS_OWN
from lockd.dbus.desk import Caller, Desk
from lockd.dbus.names import ALL
from lockd.dbus.twice import Twice
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
    """People, what they open with, and when."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._twice = Twice()

    async def SetUser(self, caller: Caller, operation: str, index: int, fields: Mapping[str, Any]) -> None:
        await self._desk.set_user(operation, index, fields, caller.by)

    async def GetUser(self, _caller: Caller, index: int) -> Mapping[str, Any]:
        return self._desk.get_user(index)

    async def ListUsers(self, _caller: Caller) -> Iterable[Mapping[str, Any]]:
        return self._desk.list_users()

    async def ClearUser(self, caller: Caller, index: int) -> None:
        if index == ALL:
            self._twice.sure("everybody", caller.by, "ClearUser")
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
        if index == ALL:
            self._twice.sure(f"every {kind or 'credential'} of everybody", caller.by, "ClearCredential", kind)
        await self._desk.clear_credential(kind, index, caller.by)

    async def Explain(self, _caller: Caller, user: int, seconds: int) -> Mapping[str, Any]:
        return self._desk.explain(user, seconds)

    async def SetWeekDaySchedule(
        self,
        caller: Caller,
        index: int,
        user: int,
        days: int,
        start_hour: int,
        start_minute: int,
        end_hour: int,
        end_minute: int,
    ) -> None:
        fields = {"days": days, "start_hour": start_hour, "start_minute": start_minute, "end_hour": end_hour,
                  "end_minute": end_minute}  # fmt: skip
        await self._desk.set_schedule("WeekDaySchedule", index, user, fields, caller.by)

    async def GetWeekDaySchedule(self, _caller: Caller, index: int, user: int) -> Mapping[str, Any]:
        return self._desk.get_schedule("WeekDaySchedule", index, user)

    async def ClearWeekDaySchedule(self, caller: Caller, index: int, user: int) -> None:
        await self._desk.clear_schedule("WeekDaySchedule", index, user, caller.by)

    async def SetYearDaySchedule(self, caller: Caller, index: int, user: int, start: int, end: int) -> None:
        await self._desk.set_schedule("YearDaySchedule", index, user, {"start": start, "end": end}, caller.by)

    async def GetYearDaySchedule(self, _caller: Caller, index: int, user: int) -> Mapping[str, Any]:
        return self._desk.get_schedule("YearDaySchedule", index, user)

    async def ClearYearDaySchedule(self, caller: Caller, index: int, user: int) -> None:
        await self._desk.clear_schedule("YearDaySchedule", index, user, caller.by)

    async def SetHolidaySchedule(self, caller: Caller, index: int, start: int, end: int, mode: str) -> None:
        fields = {"start": start, "end": end, "mode": mode}
        await self._desk.set_schedule("HolidaySchedule", index, LOCKS_OWN, fields, caller.by)

    async def GetHolidaySchedule(self, _caller: Caller, index: int) -> Mapping[str, Any]:
        return self._desk.get_schedule("HolidaySchedule", index, LOCKS_OWN)

    async def ClearHolidaySchedule(self, caller: Caller, index: int) -> None:
        await self._desk.clear_schedule("HolidaySchedule", index, LOCKS_OWN, caller.by)

    async def ListSchedules(self, _caller: Caller, first: int, last: int) -> Iterable[Mapping[str, Any]]:
        return self._desk.list_schedules(first, last)

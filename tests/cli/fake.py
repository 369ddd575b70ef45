"""A lockd in memory for the commands of lockctl: it keeps what it is given, and refuses as told."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from lockd.cli import timetable
from lockd.dbus import names
from lockd.errors import LockdError, UnsupportedCommand

LOCK = {
    "LockState": "Locked", "Motion": "Idle", "Fault": "None", "DoorState": "DoorClosed", "ActuatorEnabled": True,
    "OperatingMode": "Normal", "AutoRelockTime": 0, "WrongCodeEntryLimit": 5, "UserCodeTemporaryDisableTime": 90,
    "RequirePINforRemoteOperation": False, "ExpiringUserTimeout": 2880, "LockoutRemaining": 0,
}  # fmt: skip
POWER = {
    "Source": "Battery", "BatteryLevel": "Ok", "BatteryPercent": 80.0, "Voltage": 5.9, "ReadingAge": 3,
    "RemainingOperations": 900, "RemainingOperationsMost": 1500, "RemainingDays": 200, "SessionActive": False,
    "DrillOverdue": False, "Throws": 1234, "MotorSeconds": 1851, "ThrowsPerDay": 8.2, "DrainPerDay": 0.45,
}  # fmt: skip
MANAGER = {"Version": "1.2.3", "TimeState": "Trusted", "Degraded": []}


#: Methods that only ask, and what answers them.
ANSWERS = {
    "ListUsers": "users", "Verify": "report", "Diagnose": "findings", "ListLabels": "labels", "ListOpen": "open_codes",
    "Ways": "ways", "History": "samples", "Explain": "explanation", "RatePIN": "pin_faults",
    "GetCredentialStatus": "terms", "List": "phones", "ListBarred": "barred",
}  # fmt: skip


class FakeLockd:
    """`done`: every call that changes something; `asked`: those that asked for schedules or for what a PIN is
    worth. `refuse`: method -> what it raises. `made`: the user that a credential for user 0 makes. `changes`: what
    happens before each further nudge, False when lockd went away; after the last the nudges end, or never if it
    `waits`."""

    def __init__(self) -> None:
        self.users: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.findings: list[dict[str, Any]] = []
        self.ways: list[dict[str, Any]] = []
        self.samples: list[dict[str, Any]] = []
        self.report: dict[str, Any] = {"ok": True, "first": 1, "last": 3, "bad": 0, "reason": ""}
        self.properties: dict[str, dict[str, Any]] = {
            names.LOCK.name: dict(LOCK),
            names.POWER.name: dict(POWER),
            names.MANAGER.name: dict(MANAGER),
            names.USERS.name: {
                "NumberOfTotalUsersSupported": 4, "NumberOfPINUsersSupported": 40, "PINQuality": "warn",
                "NumberOfWeekDaySchedulesSupportedPerUser": 3, "NumberOfYearDaySchedulesSupportedPerUser": 2,
                "NumberOfHolidaySchedulesSupported": 2,
            },
            names.CODES.name: {"Key": "", "Epoch": 0},
            names.LOG.name: {},
        }
        self.labels: list[dict[str, Any]] = []
        self.open_codes: list[dict[str, Any]] = []
        self.explanation: dict[str, Any] = {
            "allowed": True, "reason": "May come in at the keypad.", "detail": "", "next_open": 0, "until": 0,
        }
        self.pin_faults: list[str] = []
        self.terms: dict[str, Any] = {"exists": True}
        self.schedules: dict[tuple[Any, ...], dict[str, Any]] = {}
        self.phones: list[dict[str, Any]] = []
        self.barred: list[dict[str, Any]] = []
        self.done: list[tuple[Any, ...]] = []
        self.asked: list[tuple[Any, ...]] = []
        self.refuse: dict[str, LockdError] = {}
        self.changes: list[Any] = []
        self.made = 1
        self.waits = False
        self.simulated = True

    @contextlib.asynccontextmanager
    async def connected(self, bus: str | None, starts: bool = True) -> AsyncIterator[FakeLockd]:
        """In place of lockd.cli.connect.connected."""
        self.bus, self.starts = bus, starts
        yield self

    async def call(self, interface: str, method: str, *args: Any) -> Any:
        if method in self.refuse:
            raise self.refuse[method]
        if interface == names.SIMULATOR.name and not self.simulated:
            raise UnsupportedCommand("there is no such interface")
        if method == "Read":
            return [event for event in self.events if args[0] <= event["seq"]][: args[1]]
        if method in ("ListSchedules", "RatePIN"):
            self.asked.append((method, *args))
        if method in ANSWERS:
            return copy.deepcopy(getattr(self, ANSWERS[method]))
        if method == "ListSchedules":
            return self._schedules(*args)
        self.done.append((method, *args))
        self._keep(method, args)
        if method == "CreateKey":
            self.properties[names.CODES.name] = {"Key": "name", "Epoch": 1}
        answers: dict[str, Any] = {
            "Drill": [dict(way) for way in self.ways], "Enrol": 4, "CreateKey": bytes(range(32)),
            "CreateInvite": ("lkp:1?k=kkk&p=ppp&i=iii&n=SG9tZQ", "77"),
            "SetCredential": (args[4] or self.made, 2) if method == "SetCredential" else None,
        }  # fmt: skip
        return answers.get(method)

    def _schedules(self, first: int, last: int) -> list[dict[str, Any]]:
        """In whole users, as lockd does."""
        entries = sorted(((*place[2:], 0)[0], place[0], place[1], fields) for place, fields in self.schedules.items())
        rows: list[dict[str, Any]] = []
        for user, kind, index, fields in entries:
            full = len(rows) >= timetable.SCHEDULES_AT_ONCE and user != rows[-1]["user"]
            if first <= user <= last and not full:
                rows.append({"type": kind, "user": user, "index": index, **fields})
        return rows

    def _keep(self, method: str, args: tuple[Any, ...]) -> None:
        """What a change does to users and schedules."""
        kind, known = method[3:], {"WeekDaySchedule": names.WEEK_FIELDS, "YearDaySchedule": names.YEAR_FIELDS}
        if method.startswith("Set") and kind in known:
            self.schedules[kind, *args[:2]] = dict(zip(known[kind], args[2:], strict=True))
        elif method == "SetHolidaySchedule":
            self.schedules[kind, args[0]] = dict(zip(names.HOLIDAY_FIELDS, args[1:], strict=True))
        elif method.startswith("Clear") and method.endswith("Schedule"):
            cleared = (method[5:], *args)
            for place in [each for each in self.schedules if each[0] == cleared[0] and each[2:] == cleared[2:]]:
                if args[0] in (place[1], names.ALL_SCHEDULES):
                    del self.schedules[place]
        elif method == "SetUser":
            known_users = {user["index"]: dict(user) for user in self.users}
            known_users.setdefault(args[1], {"index": args[1], "type": "UnrestrictedUser"}).update(args[2])
            self.users = list(known_users.values())

    async def get(self, interface: str, name: str) -> Any:
        return (await self.get_all(interface))[name]

    async def get_all(self, interface: str) -> dict[str, Any]:
        if interface == names.SIMULATOR.name:
            if not self.simulated:
                raise UnsupportedCommand("there is no such interface")
            return {}
        last = {"LastSequence": self.events[-1]["seq"] if self.events else 0} if interface == names.LOG.name else {}
        return {**self.properties[interface], **last}

    async def set(self, interface: str, name: str, value: Any) -> None:
        if name in self.refuse:
            raise self.refuse[name]
        self.properties[interface][name] = value

    async def nudges(self) -> AsyncGenerator[bool, None]:
        yield True
        for change in self.changes:
            yield change(self) is not False
        if self.waits:
            await asyncio.Event().wait()

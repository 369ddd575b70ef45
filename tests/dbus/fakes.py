"""A desk that remembers what it was asked, and a bus that misbehaves."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dbus_next.constants import MessageType
from dbus_next.message import Message

from lockd.dbus import names

#: A value for each type of property.
VALUES: dict[str, Any] = {"s": "Locked", "b": True, "u": 7, "y": 5, "t": 9, "d": 0.5, "as": ("a lamp is broken",)}

USER = {"index": 1, "name": "Anna", "credentials": [["PIN", 1]], "status": "OccupiedEnabled", "next": 0, "secret": b"x"}
EVENT = {"seq": 4, "time": 1_700_000_000_000_000, "kind": "LockOperation", "type": "Unlock", "user": 1, "error": None}
WAY = {"way": "key", "ready": True, "proved": 1_700_000_000, "overdue": False, "text": "turn it"}
EXPLANATION = {"allowed": False, "reason": "not now", "detail": "schedule-shut", "next_open": 1, "until": 0}
WEEK = {"days": 127, "start_hour": 8, "start_minute": 0, "end_hour": 17, "end_minute": 30}
HOLIDAY = {"start": 3, "end": 4, "mode": "Vacation"}
ENTRY = {"type": "WeekDaySchedule", "user": 2, "index": 1, **WEEK}
SAMPLE = {"time": 1_700_000_000, "percent": 55.5, "volts": None, "throws": 9}
LABEL = {"label": "guest", "kind": "span", "lengths": "24,48", "accept": 2, "number": 3, "windows": 4}
OPEN = {"label": "guest", "kind": "span", "start": 1_800_000_000, "end": 1_800_086_400, "length": 24}

PHONE = {
    "id": "0a1b", "label": "Anna's", "role": "owner", "user": 1, "index": 1, "created": 1_700_000_000, "connected": True
}
BARRED = {"id": "ab" * 16, "kind": "pass"}


class FakeDoor:
    """Stands for the modelled door."""

    def __init__(self, calls: list[tuple[Any, ...]]) -> None:
        self._calls = calls

    def properties(self) -> dict[str, Any]:
        return {each.name: VALUES[each.signature] for each in names.SIMULATOR.properties}

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args: self._calls.append((name, *args))


class FakeDesk:
    """Stands for the daemon: `calls` is what it saw; `error` is what the next ones meet; `gate` holds them."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.traces: list[tuple[str, str, str]] = []
        self.operated = asyncio.Event()
        self.simulator: Any = FakeDoor(self.calls)

    def refused(self, by: str, method: str, error: str) -> None:
        self.traces.append((by, method, error))

    def _saw(self, *call: Any) -> None:
        self.calls.append(call)
        if self.error:
            raise self.error

    async def operate(self, *args: Any) -> None:
        self._saw("operate", *args)
        self.operated.set()
        if self.gate:
            await self.gate.wait()

    async def set_property(self, *args: Any) -> None:
        self._saw("set_property", *args)

    def get_property(self, interface: str, name: str) -> Any:
        (found,) = (p for each in names.INTERFACES if each.name == interface for p in each.properties if p.name == name)
        return VALUES[found.signature]

    async def set_user(self, *args: Any) -> None:
        self._saw("set_user", *args)

    def get_user(self, *args: Any) -> dict[str, Any]:
        self._saw("get_user", *args)
        return dict(USER)

    def list_users(self) -> list[dict[str, Any]]:
        self._saw("list_users")
        return [dict(USER)]

    async def clear_user(self, *args: Any) -> None:
        self._saw("clear_user", *args)

    async def set_credential(self, *args: Any) -> tuple[int, int]:
        self._saw("set_credential", *args)
        return 3, 4

    async def rate_pin(self, *args: Any) -> list[str]:
        self._saw("rate_pin", *args)
        return ["Its digits count up or down"]

    async def enrol(self, *args: Any) -> int:
        self._saw("enrol", *args)
        return 4

    def credential_status(self, *args: Any) -> dict[str, Any]:
        self._saw("credential_status", *args)
        return {"exists": True, "user": 3, "next": 0}

    async def clear_credential(self, *args: Any) -> None:
        self._saw("clear_credential", *args)

    def explain(self, *args: Any) -> dict[str, Any]:
        self._saw("explain", *args)
        return dict(EXPLANATION)

    async def set_schedule(self, *args: Any) -> None:
        self._saw("set_schedule", *args)

    def get_schedule(self, kind: str, *args: Any) -> dict[str, Any]:
        self._saw("get_schedule", kind, *args)
        span = {"start": HOLIDAY["start"], "end": HOLIDAY["end"]}
        return {"WeekDaySchedule": WEEK, "YearDaySchedule": span, "HolidaySchedule": HOLIDAY}[kind]

    def list_schedules(self, *args: Any) -> list[dict[str, Any]]:
        self._saw("list_schedules", *args)
        return [dict(ENTRY)]

    async def clear_schedule(self, *args: Any) -> None:
        self._saw("clear_schedule", *args)

    async def new_codes_key(self, *args: Any) -> bytes:
        self._saw("new_codes_key", *args)
        return b"k" * 32

    async def change_codes(self, *args: Any) -> None:
        self._saw("change_codes", *args)

    async def set_label(self, *args: Any) -> None:
        self._saw("set_label", *args)

    def list_labels(self) -> list[dict[str, Any]]:
        self._saw("list_labels")
        return [dict(LABEL)]

    def list_open_codes(self) -> list[dict[str, Any]]:
        self._saw("list_open_codes")
        return [dict(OPEN)]

    def phone_desk(self) -> FakeDesk:
        return self

    def create_invite(self, *args: Any) -> tuple[str, str]:
        self._saw("create_invite", *args)
        return "lkp:1?k=", "0102"

    def cancel_invite(self, *args: Any) -> None:
        self._saw("cancel_invite", *args)

    def listed(self) -> list[dict[str, Any]]:
        self._saw("listed")
        return [dict(PHONE)]

    async def revoke(self, *args: Any) -> None:
        self._saw("revoke", *args)

    async def bar(self, *args: Any) -> None:
        self._saw("bar", *args)

    async def unbar(self, *args: Any) -> None:
        self._saw("unbar", *args)

    def barred(self) -> list[dict[str, Any]]:
        self._saw("barred")
        return [dict(BARRED)]

    async def read_log(self, *args: Any) -> list[dict[str, Any]]:
        self._saw("read_log", *args)
        return [dict(EVENT)]

    async def verify_log(self) -> dict[str, Any]:
        self._saw("verify_log")
        return {"ok": True, "first": 1, "last": 4, "bad": 0, "reason": ""}

    async def drill(self, *args: Any) -> list[dict[str, Any]]:
        self._saw("drill", *args)
        return [dict(WAY)]

    def ways(self) -> list[dict[str, Any]]:
        self._saw("ways")
        return [dict(WAY)]

    def power_history(self, *args: Any) -> list[dict[str, Any]]:
        self._saw("power_history", *args)
        return [dict(SAMPLE)]

    def diagnose(self) -> list[dict[str, Any]]:
        self._saw("diagnose")
        return [{"part": "store", "ok": True, "text": "fine", "remedy": ""}]

    async def set_time(self, *args: Any) -> None:
        self._saw("set_time", *args)

    async def rotate_key(self, *args: Any) -> None:
        self._saw("rotate_key", *args)

    async def factory_reset(self, *args: Any) -> None:
        self._saw("factory_reset", *args)

    async def backup(self, handle: int, by: str) -> None:
        self._saw("backup", os.fstat(handle).st_rdev, by)

    async def restore(self, handle: int, by: str) -> None:
        self._saw("restore", os.fstat(handle).st_rdev, by)

    def set_time_state(self, *args: Any) -> None:
        self._saw("set_time_state", *args)


class ScriptedBus:
    """Plays the bus up to Hello, and leaves the stream to the test. `start` gives the address."""

    def __init__(self, folder: Path, answer: bytes = b"OK 0123456789abcdef\r\n") -> None:
        self._path = folder / "bus"
        self._answer = answer
        self.streams: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> str:
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        return f"unix:path={self._path}"

    async def stop(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        line = await reader.readline()
        assert line == f"\0AUTH EXTERNAL {str(os.getuid()).encode().hex()}\r\n".encode()
        writer.write(self._answer)
        if not self._answer.startswith(b"OK"):
            writer.close()
            return
        assert await reader.readline() == b"BEGIN\r\n"
        await reader.readuntil(b"Hello")
        writer.write(marshalled(hello()))
        await self.streams.put((reader, writer))


def marshalled(message: Message) -> bytes:
    message.serial = message.serial or 1
    return bytes(message._marshall())  # type: ignore[no-untyped-call]


def hello() -> Message:
    return Message(message_type=MessageType.METHOD_RETURN, reply_serial=1, signature="s", body=[":1.1"])


def ping(serial: int) -> Message:
    return Message(path="/", member="Ping", sender=":1.2", serial=serial)

"""A lock for the panel's tests: answers calls as told, and tells what the test wants told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from lockd.cli.panel.news import Here, News
from lockd.errors import LockdError

PROPERTIES = {
    "LockState": "Locked", "Motion": "Idle", "Fault": "None", "DoorState": "DoorClosed", "OperatingMode": "Normal",
    "AutoRelockTime": 0, "LockoutRemaining": 0, "UserCodeTemporaryDisableTime": 90, "MinPINCodeLength": 6,
    "MaxPINCodeLength": 8, "Bolt": 0.0, "DoorOpen": False, "Jammed": False, "CoverOff": False, "MotorOn": False,
    "Buzzer": False, "Green": False, "Red": False, "CodeWheelOpen": False, "PinInHole": False,
    "Charge": 100.0, "Volts": 6.0, "Wear": 1.0, "Gauge": "ok", "Plugged": "", "PluggedVolts": 0.0,
    "Source": "Battery", "BatteryLevel": "Ok", "BatteryPercent": 100.0, "Voltage": 6.0, "SessionActive": False,
    "DrillOverdue": False, "Throws": 1234, "MotorSeconds": 1851, "ThrowsPerDay": 8.2, "DrainPerDay": 0.45,
    "RemainingOperations": 1900, "RemainingDays": 160,
}  # fmt: skip


class FakeLink:
    """`done`: every call, in order. `refuse`: method -> what it raises. `users`: as ListUsers answers."""

    def __init__(self, *users: dict[str, Any]) -> None:
        self.users = list(users)
        self.done: list[tuple[Any, ...]] = []
        self.refuse: dict[str, LockdError] = {}
        self.tell: Callable[[News], None] = lambda _: None
        self.followed = asyncio.Event()

    async def act(self, interface: str, method: str, *args: Any) -> Any:
        self.done.append((interface, method, *args))
        if method in self.refuse:
            raise self.refuse[method]
        return self.users if method == "ListUsers" else (len(self.users) + 1, 2) if method == "SetCredential" else None

    async def assign(self, interface: str, name: str, value: Any) -> None:
        self.done.append((interface, name, value))

    async def follow(self, tell: Callable[[News], None]) -> None:
        self.tell = tell
        tell(Here(PROPERTIES, (), self.users))
        self.followed.set()
        await asyncio.Event().wait()


class FakeKeeper:
    """Who would run lockd: `done` is what it did. Reviving lets lockd arrive again."""

    def __init__(self, link: FakeLink) -> None:
        self.link = link
        self.done: list[Any] = []

    async def revive(self) -> None:
        self.done.append("revive")
        self.link.tell(Here(PROPERTIES, (), self.link.users))

    def cut(self) -> None:
        self.done.append("cut")

    async def touch(self, values: Mapping[str, Any]) -> None:
        self.done.append(dict(values))

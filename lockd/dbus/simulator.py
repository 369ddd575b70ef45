"""org.lockd1.Simulator: hands on the modelled door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockd.dbus.desk import Caller, Desk

#: Property -> attribute of the modelled door.
ATTRIBUTES: Mapping[str, str] = {
    "Bolt": "bolt",
    "DoorOpen": "door_open",
    "Jammed": "jammed",
    "CoverOff": "cover_off",
    "MotorOn": "motor_on",
    "Buzzer": "buzzer",
    "Green": "green",
    "Red": "red",
}


class Simulator:
    """Passes everything on to the modelled door of the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def _door(self) -> Any:
        return self._desk.simulator

    def get(self, name: str) -> Any:
        """The value of a property."""
        return getattr(self._door, ATTRIBUTES[name])

    async def Press(self, _caller: Caller, keys: str) -> None:
        self._door.press(keys)

    async def OpenDoor(self, _caller: Caller) -> None:
        self._door.open_door()

    async def CloseDoor(self, _caller: Caller) -> None:
        self._door.close_door()

    async def TurnKey(self, _caller: Caller, direction: str) -> None:
        self._door.turn_key(direction)

    async def TurnThumb(self, _caller: Caller, direction: str) -> None:
        self._door.turn_thumb(direction)

    async def Jam(self, _caller: Caller, jammed: bool) -> None:
        self._door.jam(jammed)

    async def SetBattery(self, _caller: Caller, percent: float, volts: float) -> None:
        self._door.set_battery(percent, volts)

    async def Plug(self, _caller: Caller, source: str, volts: float) -> None:
        self._door.plug(source, volts)

    async def Unplug(self, _caller: Caller) -> None:
        self._door.unplug()

    async def Tamper(self, _caller: Caller, removed: bool) -> None:
        self._door.tamper(removed)

    async def PressInside(self, _caller: Caller) -> None:
        self._door.press_inside()

    async def SetTimeState(self, _caller: Caller, state: str) -> None:
        self._desk.set_time_state(state)

"""org.lockd1.Simulator: hands on the modelled door."""

from __future__ import annotations

from typing import Any

from lockd.dbus.desk import Caller, Desk


class Simulator:
    """Passes everything on to the modelled door of the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def _door(self) -> Any:
        return self._desk.simulator

    def get(self, name: str) -> Any:
        """The value of a property."""
        return self._door.properties()[name]

    async def Press(self, _caller: Caller, keys: str) -> None:
        self._door.press(keys)

    async def PresentCard(self, _caller: Caller, data: bytes) -> None:
        self._door.present_card(data)

    async def OpenDoor(self, _caller: Caller) -> None:
        self._door.open_door()

    async def CloseDoor(self, _caller: Caller) -> None:
        self._door.close_door()

    async def TurnKey(self, _caller: Caller, direction: str) -> None:
        self._door.turn_key(direction)

    async def TurnThumb(self, _caller: Caller, direction: str) -> None:
        self._door.turn_thumb(direction)

    async def OpenCodeWheel(self, _caller: Caller, is_open: bool) -> None:
        self._door.open_code_wheel(is_open)

    async def PushPin(self, _caller: Caller, is_in: bool) -> None:
        self._door.push_pin(is_in)

    async def Jam(self, _caller: Caller, jammed: bool) -> None:
        self._door.jam(jammed)

    async def SetBattery(self, _caller: Caller, percent: float, volts: float) -> None:
        self._door.set_battery(percent, volts)

    async def Plug(self, _caller: Caller, source: str, volts: float) -> None:
        self._door.plug(source, volts)

    async def Unplug(self, _caller: Caller) -> None:
        self._door.unplug()

    async def Loosen(self, _caller: Caller) -> None:
        self._door.loosen()

    async def Crank(self, _caller: Caller, seconds: float) -> None:
        self._door.crank(seconds)

    async def Flap(self, _caller: Caller, times: int) -> None:
        self._door.flap(times)

    async def SetWear(self, _caller: Caller, factor: float) -> None:
        self._door.set_wear(factor)

    async def SetGauge(self, _caller: Caller, mode: str) -> None:
        self._door.set_gauge(mode)

    async def PassTime(self, _caller: Caller, hours: int) -> None:
        self._door.pass_time(hours)

    async def Tamper(self, _caller: Caller, removed: bool) -> None:
        self._door.tamper(removed)

    async def PressInside(self, _caller: Caller) -> None:
        self._door.press_inside()

    async def SetTimeState(self, _caller: Caller, state: str) -> None:
        self._desk.set_time_state(state)

"""What the front panel knows of the lock, as one immutable record built from D-Bus properties."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from typing import Any

from lockd.cli.output import clean
from lockd.value import Value

#: Property of org.lockd1.Lock, .Power or .Simulator -> field of Scene.
PROPERTIES = {
    "LockState": "lock_state", "Motion": "motion", "Fault": "fault", "DoorState": "door_state",
    "OperatingMode": "mode", "AutoRelockTime": "relock_s", "LockoutRemaining": "lockout_s",
    "Bolt": "bolt", "DoorOpen": "door_open", "Jammed": "jammed", "CoverOff": "cover_off",
    "CodeWheelOpen": "code_open", "PinInHole": "pin_in",
    "MotorOn": "motor_on", "Buzzer": "buzzer", "Green": "green", "Red": "red",
    "Source": "source", "BatteryLevel": "level", "BatteryPercent": "percent", "Voltage": "voltage",
    "SessionActive": "session", "DrillOverdue": "drill", "RemainingOperations": "throws", "RemainingDays": "days",
    "Charge": "charge", "Volts": "volts", "Wear": "wear", "Gauge": "gauge", "Plugged": "plugged",
}
#: What lockd says of a number that it does not know.
UNKNOWN = 0xFFFFFFFF


class Scene(Value):
    """`bolt`: 0 fully out (locked) .. 1 fully in. `lockout_s`: seconds until every source may try
    again. `typed`: keys pressed since the last `#` or `*`. `cause`: why lockd is not `here`; `dark`:
    because it has no power. `percent` to `days` are what lockd knows of its power (not a number, or
    UNKNOWN), `drill`: one is overdue; `charge` to `plugged` what is so."""

    here: bool = False
    lock_state: str = "Unknown"
    motion: str = "Idle"
    fault: str = "None"
    door_state: str = "Unknown"
    mode: str = "Normal"
    relock_s: int = 0
    lockout_s: int = 0
    bolt: float = 0.0
    door_open: bool = False
    jammed: bool = False
    cover_off: bool = False
    code_open: bool = False
    pin_in: bool = False
    motor_on: bool = False
    buzzer: bool = False
    green: bool = False
    red: bool = False
    typed: int = 0
    cause: str = ""
    dark: bool = False
    source: str = "Unknown"
    level: str = "Unknown"
    percent: float = nan
    voltage: float = nan
    session: bool = False
    throws: int = UNKNOWN
    days: int = UNKNOWN
    drill: bool = False
    charge: float = 100.0
    volts: float = 6.0
    wear: float = 1.0
    gauge: str = "ok"
    plugged: str = ""

    @property
    def starved(self) -> bool:
        """Whether nothing feeds the lock."""
        return self.charge <= 0 and not self.plugged

    def darkened(self) -> Scene:
        """The scene without power: nothing of the lock's own moves or shines any more."""
        dead = dict.fromkeys(("here", "motor_on", "buzzer", "green", "red", "session"), False)
        return self.but(**dead, dark=True, typed=0, lockout_s=0)

    def seen(self, properties: Mapping[str, Any]) -> Scene:
        """The scene after these properties changed; those the panel does not show are ignored."""
        shown = {PROPERTIES[name]: value for name, value in properties.items() if name in PROPERTIES}
        return self.but(**{field: clean(v) if isinstance(v, str) else v for field, v in shown.items()})

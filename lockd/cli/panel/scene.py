"""What the front panel knows of the lock, as one immutable record built from D-Bus properties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockd.cli.output import clean
from lockd.value import Value

#: Property of org.lockd1.Lock or .Simulator -> field of Scene.
PROPERTIES = {
    "LockState": "lock_state", "Motion": "motion", "Fault": "fault", "DoorState": "door_state",
    "OperatingMode": "mode", "AutoRelockTime": "relock_s", "LockoutRemaining": "lockout_s",
    "Bolt": "bolt", "DoorOpen": "door_open", "Jammed": "jammed", "CoverOff": "cover_off",
    "MotorOn": "motor_on", "Buzzer": "buzzer", "Green": "green", "Red": "red",
}


class Scene(Value):
    """`bolt`: 0 fully out (locked) .. 1 fully in. `lockout_s`: seconds until every source may try
    again. `typed`: keys pressed since the last `#` or `*`. `plugged`: what is plugged in from
    outside; `battery`: the step that `b` is at; `cause`: why lockd is not `here`."""

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
    motor_on: bool = False
    buzzer: bool = False
    green: bool = False
    red: bool = False
    typed: int = 0
    plugged: str = ""
    battery: int = 0
    cause: str = ""

    def seen(self, properties: Mapping[str, Any]) -> Scene:
        """The scene after these properties changed; those the panel does not show are ignored."""
        shown = {PROPERTIES[name]: value for name, value in properties.items() if name in PROPERTIES}
        return self.but(**{field: clean(v) if isinstance(v, str) else v for field, v in shown.items()})

"""What the front panel knows of the lock, as one immutable record built from D-Bus properties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockd.value import Value

#: Property of org.lockd1.Lock or .Simulator -> field of Scene.
PROPERTIES = {
    "LockState": "lock_state", "Motion": "motion", "Fault": "fault", "DoorState": "door_state",
    "OperatingMode": "mode", "AutoRelockTime": "relock_s", "LockoutRemaining": "remote_lockout_s",
    "Bolt": "bolt", "DoorOpen": "door_open", "Jammed": "jammed", "CoverOff": "cover_off",
    "MotorOn": "motor_on", "Buzzer": "buzzer", "Green": "green", "Red": "red",
}


class Scene(Value):
    """`bolt`: 0 fully out (locked) .. 1 fully in. `typed`: keys pressed since the last `#` or `*`.
    `plugged`: what is plugged in from outside; `battery`: the step that `b` is at; `cause`: why
    lockd is not `here`."""

    here: bool = False
    lock_state: str = "Unknown"
    motion: str = "Idle"
    fault: str = "None"
    door_state: str = "Unknown"
    mode: str = "Normal"
    relock_s: int = 0
    remote_lockout_s: int = 0
    keypad_lockout_s: int = 0
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
        return self.but(**{PROPERTIES[name]: value for name, value in properties.items() if name in PROPERTIES})

    @property
    def lockout_s(self) -> int:
        """Seconds until every source may try again."""
        return max(self.remote_lockout_s, self.keypad_lockout_s)

"""How the lock's state is told to people, the same in `lockctl status` and on the front panel."""

from __future__ import annotations

STATES = {
    "Locked": "Locked",
    "Unlocked": "Unlocked",
    "Unlatched": "Unlatched: pull the door",
    "NotFullyLocked": "NOT FULLY LOCKED",
    "Unknown": "Not known whether locked",
}
#: Of the states; red is every other.
COLOURS = {"Locked": "green", "Unlocked": "yellow", "Unlatched": "yellow"}
DOORS = {
    "DoorOpen": "open", "DoorClosed": "closed", "DoorJammed": "jammed", "DoorForcedOpen": "FORCED OPEN",
    "DoorUnspecifiedError": "contact reports an error", "DoorAjar": "left ajar", "Unknown": "not known",
}  # fmt: skip
#: What is wrong, and what to do.
FAULTS = {
    "Jammed": ("bolt jammed", "clear its way, then run: lockctl home"),
    "Stalled": ("motor stalled", "look for what holds the bolt, then run: lockctl home"),
    "PositionUnknown": ("bolt position not known", "run: lockctl home"),
    "ActuatorDisabled": ("motor cannot be driven", "run: lockctl doctor"),
    "PowerLost": ("no power for the motor", "plug in power, then run: lockctl home"),
}

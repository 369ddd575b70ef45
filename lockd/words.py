"""The words of the Matter Door Lock cluster and lockd's own, as they stand on every interface.

Plain strings with `Literal` types: checked by mypy, free at start-up, equal to what goes on the
wire. The sets for checking input are made with `typing.get_args` where they are needed.
"""

from __future__ import annotations

from typing import Literal

LockState = Literal["NotFullyLocked", "Locked", "Unlocked", "Unlatched", "Unknown"]
Motion = Literal["Idle", "Locking", "Unlocking", "Unlatching", "Homing"]
Fault = Literal["None", "Jammed", "Stalled", "PositionUnknown", "ActuatorDisabled", "PowerLost"]
DoorState = Literal[
    "DoorOpen", "DoorClosed", "DoorJammed", "DoorForcedOpen", "DoorUnspecifiedError", "DoorAjar", "Unknown"
]
OperatingMode = Literal["Normal", "Vacation", "Privacy", "NoRemoteLockUnlock", "Passage"]
OperationType = Literal["Lock", "Unlock", "NonAccessUserEvent", "ForcedUserEvent", "Unlatch"]
Source = Literal[
    "Unspecified", "Manual", "ProprietaryRemote", "Keypad", "Auto", "Button", "Schedule", "Remote", "RFID", "Biometric"
]
OperationError = Literal[
    "Unspecified", "InvalidCredential", "DisabledUserDenied", "Restricted", "InsufficientBattery"
]
Alarm = Literal[
    "LockJammed", "LockFactoryReset", "WrongCodeEntryLimit", "FrontEscutcheonRemoved", "DoorForcedOpen", "DoorAjar",
    "ForcedUser", "BatteryLow", "BatteryCritical", "EmergencyPowerAttached", "EmergencyPowerFault",
    "EmergencyKeyUsed", "BoltNotOut", "AuditDegraded", "StoreRolledBack", "PowerLost", "SparePINUsed",
]
UserStatus = Literal["Available", "OccupiedEnabled", "OccupiedDisabled"]
UserType = Literal[
    "UnrestrictedUser", "YearDayScheduleUser", "WeekDayScheduleUser", "ProgrammingUser", "NonAccessUser",
    "ForcedUser", "DisposableUser", "ExpiringUser", "ScheduleRestrictedUser", "RemoteOnlyUser",
]
CredentialType = Literal["ProgrammingPIN", "PIN", "RFID", "Fingerprint", "Face", "Phone"]
#: Kinds that may be set; a face has to be computed somewhere else, and is stored never.
ACCEPTED: tuple[CredentialType, ...] = ("ProgrammingPIN", "PIN", "RFID", "Fingerprint", "Phone")
#: The fewest and the most bytes of their data, but for PINs, whose digits are counted by the settings: a
#: card's UID or number, the sensor's slot (big-endian), a public key.
DATA_BYTES: dict[str, tuple[int, int]] = {"RFID": (3, 20), "Fingerprint": (2, 2), "Phone": (32, 32)}
#: Types whose right is one of certain times.
SCHEDULED: tuple[UserType, ...] = ("WeekDayScheduleUser", "YearDayScheduleUser", "ScheduleRestrictedUser")
#: How many different credentials of a user it takes to operate the lock.
CredentialRule = Literal["Single", "Dual", "Tri"]
#: What is done about a PIN that is easy to guess.
PINQuality = Literal["allow", "warn", "refuse"]
#: Windows of a user's week, windows of his calendar, and days on which the lock has another mode.
ScheduleKind = Literal["WeekDaySchedule", "YearDaySchedule", "HolidaySchedule"]
#: An answer with schedules ends after the user with whom there are as many entries as this, or more.
SCHEDULES_AT_ONCE = 2000
TimeState = Literal["Trusted", "Floor", "Unknown"]

#: What a check comes to; `unchecked`: it could not be looked at, and the text says why.
Verdict = Literal["ok", "warning", "fault", "unchecked"]

#: What feeds the lock. Outside power is everything but the battery.
PowerSource = Literal["Mains", "Battery", "EmergencyUsb", "Emergency9V", "Generator", "Wireless", "Unknown"]
BatteryLevel = Literal["Ok", "Low", "Critical", "Dead", "Unknown"]
#: What is wrong with outside power: too much, too little, the wrong way round, a contact that comes and goes.
PortFault = Literal["over-voltage", "under-voltage", "reversed", "flapping"]
#: What can be spared while power is short: the D-Bus API, the phones' radio, the buzzer, the tone of each key.
Service = Literal["bus", "phones", "buzzer", "key-tones"]

#: What a contact says when it is on: bolt fully out, bolt fully in, door closed, cover off, inside
#: button pressed, key turning in the cylinder, code wheel opened, pin pushed into the emergency hole.
Contact = Literal["locked", "unlocked", "closed", "tamper", "inside", "spindle", "code", "hole"]

#: What is asked of the bolt. Unbolt is Unlock without pulling the latch.
Wish = Literal["Lock", "Unlock", "Unbolt", "Home"]
Direction = Literal["Locking", "Unlocking"]

#: What is answered to a new PIN, or is against it.
PINVerdict = Literal["good", "weak", "refused"]

#: What the lamps and the buzzer say (docs: the manual's table of signals).
Sign = Literal[
    "key", "clear", "ready", "working", "granted", "locked", "wrong", "refused", "locked-out", "jammed", "alarm",
    "ajar", "quiet", "emergency", "battery-low", "battery-critical", "no-power", "power-fault",
    "more", "menu", "weak", "saved", "full", "left",
]
#: What a person who programs at the keypad is asked for: what to do, whose number, a new PIN, the PIN once
#: more, the number once more; saving: what he has answered is on its way to the disk.
Step = Literal["choice", "number", "pin", "again", "sure", "saving"]

#: Kinds of entries; all but System are also the D-Bus signals of the same name. PowerChange is a
#: signal alone: what of it is worth keeping is in the audit trail as an alarm or as System.
EntryKind = Literal[
    "LockOperation", "LockOperationError", "DoorLockAlarm", "DoorStateChange", "LockUserChange", "PowerChange", "System"
]

#: Numbers that may be set while lockd runs, and their limits.
LIMITS: dict[str, tuple[int, int]] = {
    "AutoRelockTime": (0, 86_400),
    "WrongCodeEntryLimit": (1, 255),
    "UserCodeTemporaryDisableTime": (1, 255),
    "ExpiringUserTimeout": (1, 2880),
}

#: Outside power by its plug: the least volts that drive the motor, those it should give, and the most.
PLUGS: dict[str, tuple[float, float, float]] = {
    "EmergencyUsb": (4.4, 5.0, 5.5),
    "Emergency9V": (6.0, 9.0, 10.5),
    "Generator": (4.4, 5.0, 10.5),
    "Wireless": (4.4, 5.0, 10.5),
    "Mains": (4.4, 12.0, 30.0),
}

#: How the modelled battery's fuel gauge works: as it should; it says nothing by itself; it says for
#: ever what it said last; it says nonsense; it is not there.
GAUGES = ("ok", "silent", "frozen", "absurd", "absent")

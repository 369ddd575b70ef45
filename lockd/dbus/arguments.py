"""What each argument and each writable property may be, as data. A method not in here cannot be called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from lockd import RELEASED, words
from lockd.codes import LONGEST, MOST_ACCEPT, NAME, NAME_WORDS, CodeKind
from lockd.dbus import names
from lockd.dbus.checks import Check, anything, ascending, descriptor, fields, matching, number, octets, real, text, word

_UINT = 0xFFFFFFFF
#: Matter's indexes: 0 is none, 0xFFFE all, 0xFFFF reserved.
_index = number(1, names.ALL - 1)
_index_or_all = number(1, names.ALL - 1, names.ALL)
_user_or_none = number(0, names.ALL - 1)
_change = word("Add", "Modify")
_credential = word(*get_args(words.CredentialType))
_digits = matching(r"[0-9]{1,256}", "1 to 256 digits")
_turn = word("lock", "unlock")
_volts = real(0, 30)
_status = word(*get_args(words.UserStatus))
_type = word(*get_args(words.UserType))

_operation = fields(names.OPERATION_OPTIONS, {"pin": _digits, "wait": anything})
_user_fields = fields(
    names.SET_USER_OPTIONS,
    {
        "name": text,
        "unique_id": number(0, _UINT),
        "status": _status,
        "type": _type,
        "rule": word(*get_args(words.CredentialRule)),
    },
)
_invitation = fields(
    names.INVITE_OPTIONS,
    {"role": word("owner", "admin", "user"), "user": _user_or_none, "name": text},
)
_barred = matching(r"[0-9a-f]{32}|[0-9a-f]{64}", "32 (a pass's number) or 64 (a guest's key) of 0-9 and a-f")
_hex = matching(r"[0-9a-f]{1,64}", "1 to 64 of 0-9 and a-f")
_label = matching(NAME, NAME_WORDS)
_credential_fields = fields(
    names.SET_CREDENTIAL_OPTIONS,
    {
        "user_status": _status,
        "user_type": _type,
        "uses": number(0, 255),
        "from": number(0, 4_102_444_800),
        "until": number(0, 4_102_444_800),
        "spare": anything,
        "duress": anything,
    },
)
_enrol = fields(names.ENROL_OPTIONS, {"timeout": number(5, 60)})

#: From when this lockd was made, as a clock before that is never trusted, to what no clock of ours will see.
_seconds = number(RELEASED // 1_000_000, 4_102_444_800)

_place = number(1, 253)
_place_or_all = number(1, 253, names.ALL_SCHEDULES)
_hour, _minute = number(0, 23), number(0, 59)
_moment = number(0, 2**33)

#: Method -> argument -> check.
ARGUMENTS: Mapping[str, Mapping[str, Check]] = {
    "LockDoor": {"options": _operation},
    "UnlockDoor": {"options": _operation},
    "UnlockWithTimeout": {"timeout": number(1, 65535), "options": _operation},
    "UnboltDoor": {"options": _operation},
    "Home": {},
    "SetUser": {"operation": _change, "index": _index, "fields": _user_fields},
    "GetUser": {"index": _index},
    "ListUsers": {},
    "ClearUser": {"index": _index_or_all},
    "SetCredential": {
        "operation": _change,
        "type": _credential,
        "index": _index,
        "data": octets,
        "user": _user_or_none,
        "fields": _credential_fields,
    },
    "RatePIN": {"data": octets, "user": _user_or_none},
    "Enrol": {"type": word("RFID", "Fingerprint"), "user": _index, "options": _enrol},
    "GetCredentialStatus": {"type": _credential, "index": _index},
    "ClearCredential": {"type": word("", *get_args(words.CredentialType)), "index": _index_or_all},
    "Explain": {"user": _index, "time": _moment},
    "SetWeekDaySchedule": {
        "index": _place,
        "user": _index,
        "days": number(1, 127),
        "start_hour": _hour,
        "start_minute": _minute,
        "end_hour": _hour,
        "end_minute": _minute,
    },
    "GetWeekDaySchedule": {"index": _place, "user": _index},
    "ClearWeekDaySchedule": {"index": _place_or_all, "user": _index},
    "SetYearDaySchedule": {"index": _place, "user": _index, "start": _moment, "end": _moment},
    "GetYearDaySchedule": {"index": _place, "user": _index},
    "ClearYearDaySchedule": {"index": _place_or_all, "user": _index},
    "SetHolidaySchedule": {
        "index": _place,
        "start": _moment,
        "end": _moment,
        "mode": word(*get_args(words.OperatingMode)),
    },
    "GetHolidaySchedule": {"index": _place},
    "ClearHolidaySchedule": {"index": _place_or_all},
    "ListSchedules": {"first": _user_or_none, "last": _user_or_none},
    "CreateKey": {},
    "RaiseEpoch": {},
    "SetLabel": {
        "label": _label,
        "kind": word(*get_args(CodeKind)),
        "lengths": ascending(1, max(LONGEST.values())),
        "accept": number(1, MOST_ACCEPT),
    },
    "RevokeLabel": {"label": _label},
    "RemoveLabel": {"label": _label},
    "ListLabels": {},
    "ListOpen": {},
    "CreateInvite": {"options": _invitation},
    "CancelInvite": {"id": _hex},
    "List": {},
    "Revoke": {"id": _hex},
    "Bar": {"id": _barred},
    "Unbar": {"id": _barred},
    "ListBarred": {},
    "Read": {"from": number(0, 2**63 - 1), "max": number(1, 1000)},
    "Verify": {},
    "Drill": {},
    "Ways": {},
    "History": {"days": number(1, 366)},
    "Diagnose": {},
    "SetTime": {"time": _seconds},
    "RotateKey": {},
    "Backup": {"handle": descriptor},
    "Restore": {"handle": descriptor},
    "FactoryReset": {"word": matching("erase everything", 'the words "erase everything"')},
    "Press": {"keys": matching(r"[0-9*#]{1,64}", "1 to 64 of the keys 0-9, * and #")},
    "PresentCard": {"data": octets},
    "OpenDoor": {},
    "CloseDoor": {},
    "TurnKey": {"direction": _turn},
    "TurnThumb": {"direction": _turn},
    "OpenCodeWheel": {"open": anything},
    "PushPin": {"in": anything},
    "Jam": {"jammed": anything},
    "SetBattery": {"percent": real(0, 100), "volts": _volts},
    "SetWear": {"factor": real(1, 20)},
    "SetGauge": {"mode": word(*words.GAUGES)},
    "PassTime": {"hours": number(1, 8760)},
    "Plug": {"source": word(*words.PLUGS), "volts": real(-30, 30)},
    "Crank": {"seconds": real(0.1, 600)},
    "Flap": {"times": number(1, 1000)},
    "Unplug": {},
    "Loosen": {},
    "Tamper": {"removed": anything},
    "PressInside": {},
    "SetTimeState": {"state": word(*get_args(words.TimeState))},
}

#: Writable property -> check.
PROPERTIES: Mapping[str, Check] = {
    "OperatingMode": word(*get_args(words.OperatingMode)),
    "RequirePINforRemoteOperation": anything,
    **{name: number(*limits) for name, limits in words.LIMITS.items()},
}

"""What happened, in one plain sentence: an event dictionary of org.lockd1 told to a person.

Pure. Every word that lockd may use has its line in a table here; a word from a newer lockd is
told as it stands, so that nothing is ever hidden.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lockd.cli.when import duration
from lockd.dbus.names import ALL, ALL_SCHEDULES

Event = Mapping[str, Any]
Names = Mapping[int, str]

VERBS = {
    "Lock": ("lock", "locked"),
    "Unlock": ("unlock", "unlocked"),
    "Unlatch": ("pull the latch", "pulled the latch"),
    "Unbolt": ("draw the bolt", "drew the bolt"),
    "Home": ("bring the bolt home", "brought the bolt home"),
}

#: Who did it when no user is known, and how, by source.
SOURCES = {
    "Unspecified": ("Someone", ""),
    "Manual": ("Someone", "by hand"),
    "ProprietaryRemote": ("Someone", "with a phone"),
    "Keypad": ("Someone", "at the keypad"),
    "Auto": ("The lock", "by itself"),
    "Button": ("Someone", "with the inside button"),
    "Schedule": ("The lock", "on schedule"),
    "Remote": ("Someone", "over D-Bus"),
    "RFID": ("Someone", "with a card"),
    "Biometric": ("Someone", "with a fingerprint or face"),
}

#: Details that say how more exactly than the source does.
WAYS = {
    "mechanical-key": "with the mechanical key",
    "mechanical-code": "with the mechanical code",
    "thumbturn": "with the thumbturn inside",
    "emergency-hole": "through the emergency hole",
    "ble": "with a phone over Bluetooth",
    "dbus": "over D-Bus",
    "relock-timer": "by itself (auto-relock)",
    "after-hand": "by itself (a hand had left the bolt between its ends)",
    "spare-pin": "with a spare PIN at the keypad",
    "one-time-code": "with a one-time code at the keypad",
    "timed-code": "with a timed code at the keypad",
    "guest-pass": "with a guest pass",
}

SECRETS = {
    "ProgrammingPIN": "the programming PIN",
    "PIN": "a PIN",
    "RFID": "a card",
    "Fingerprint": "a fingerprint",
    "Face": "a face",
    "Phone": "a phone",
}

#: Why it was refused or failed: by detail, else by error.
REASONS = {
    "locked-out": "locked out after too many wrong codes",
    "mode-forbids": "the operating mode forbids it",
    "pin-required": "a PIN is required",
    "door-open": "the door is open",
    "jammed": "the bolt is jammed",
    "motor-timeout": "the bolt did not move",
    "actuator-disabled": "the motor cannot be driven",
    "power-lost": "the power failed",
    "contacts": "its contacts contradict each other",
    "expired": "this user's time is over",
    "busy": "the bolt was busy",
    "clock-unset": "the clock is not set",
    "schedule-shut": "it was outside this user's hours",
    "tamper-hold": "the cover had been taken off",
    "storage": "the store could not write it",
    "damaged": "part of the store could not be read",
    "code-used": "the code was used up",
    "code-closed": "the code is for other hours",
    "codes-full": "too many other codes are in use",
    "codes-held": "too many wrong codes within a day",
    "held-open": "it is still open",
    "over-voltage": "its voltage is too high",
    "under-voltage": "its voltage is too low",
    "reversed": "plus and minus are the wrong way round",
    "flapping": "its contact comes and goes (dirt or corrosion)",
    "InvalidCredential": "wrong code",
    "used-up": "it has been used as often as it may be",
    "DisabledUserDenied": "this user is disabled, or has used up his right",
    "Restricted": "not allowed now",
    "InsufficientBattery": "not enough power to move the bolt",
    "Unspecified": "it failed",
}

ALARMS = {
    "LockJammed": "the bolt is jammed",
    "LockFactoryReset": "the lock was reset: every user and setting was erased",
    "WrongCodeEntryLimit": "too many wrong codes: a lockout began",
    "FrontEscutcheonRemoved": "the outer cover was taken off",
    "DoorForcedOpen": "the door was forced open",
    "DoorAjar": "the door has been open for too long",
    "ForcedUser": "a PIN for emergencies was used: someone may be under threat",
    "BatteryLow": "the battery is low",
    "BatteryCritical": "the battery is almost empty",
    "EmergencyPowerAttached": "emergency power was plugged in",
    "EmergencyPowerFault": "the emergency power that was plugged in does not fit",
    "EmergencyKeyUsed": "the emergency key was used",
    "SparePINUsed": "a spare PIN was used",
    "BoltNotOut": "the bolt is not fully out",
    "AuditDegraded": "the log or the store is impaired",
    "StoreRolledBack": "an older copy of the store was put back",
    "PowerLost": "there is no power left to move the bolt",
}

SUPPLIES = {
    "Mains": "mains",
    "Battery": "the battery",
    "EmergencyUsb": "a power bank at the USB-C port",
    "Emergency9V": "a 9 V battery",
    "Generator": "the generator's handle",
    "Wireless": "a phone that charges it",
}

DOORS = {
    "DoorOpen": "The door was opened",
    "DoorClosed": "The door was closed",
    "DoorJammed": "The door is jammed",
    "DoorForcedOpen": "The door was forced open",
    "DoorUnspecifiedError": "The door's contact reports an error",
    "DoorAjar": "The door has been open for too long",
    "Unknown": "The door's position is not known",
}

#: Details of entries that save what a power cut would lose, and say nothing new.
BOOKKEEPING = ("lockout-goes-on",)

CHANGES = {"Add": "added", "Modify": "changed", "Clear": "removed"}


def is_grant(event: Event) -> bool:
    """Whether it is the record from before the bolt moved, which its outcome tells again."""
    return event.get("phase") == "granted"


def is_news(event: Event) -> bool:
    """Whether it tells people anything: neither lockd's own bookkeeping nor a grant, but for one that calls for
    help, as no other record does."""
    return ("alarm" in event or not is_grant(event)) and event.get("detail") not in BOOKKEEPING


def sentence(event: Event, names: Names) -> str:
    """One sentence without its full stop. `names`: the users' names by index."""
    teller = _TELLERS.get(str(event.get("kind", "")), _system)
    return teller(event, names)


def sentences(events: Sequence[Event], names: Names) -> list[str]:
    """A sentence for each of the newest events, the oldest first. A place may have been another's
    before: nobody is named in events from before he was added."""
    known = dict(names)
    told = []
    for event in reversed(events):
        told.append(sentence(event, known))
        if event.get("alarm") == "LockFactoryReset" or _comes_or_goes(event, ALL):
            known.clear()
        elif _comes_or_goes(event, event.get("user")):
            known.pop(event.get("user", 0), None)
    return told[::-1]


def _comes_or_goes(event: Event, user: int | None) -> bool:
    return event.get("data_type") == "UserIndex" and event.get("operation") != "Modify" and event.get("user") == user


def _operation(event: Event, names: Names) -> str:
    kind = event.get("type", "")
    if kind == "NonAccessUserEvent":
        return f"{_who(event, names)} showed {_secret(event)}{_place(event)}, which opens nothing"
    if kind == "ForcedUserEvent":
        return f"{_who(event, names)} used a PIN for emergencies{_place(event)}: someone may be under threat"
    infinitive, past = VERBS.get(kind, (f"do “{kind}”", f"did “{kind}”"))
    who, how = _who(event, names), _how(event)
    if event.get("detail") == "found":
        return f"The bolt was found {past}: no contact saw it move"
    if event.get("detail") == "home":
        return f"{who} had the bolt find its place"
    if event.get("phase") == "granted" and "alarm" in event:
        return _alarm(event, names)
    if event.get("phase") == "granted":
        return f"{who} was allowed to {infinitive}{how}"
    return f"{who} {past}{how}"


def _operation_error(event: Event, names: Names) -> str:
    if event.get("count", 0) > 1:
        return f"{event['count']} tries{_place(event)} were refused: {_reason(event)}"
    kind = event.get("type", "")
    if kind in ("NonAccessUserEvent", "ForcedUserEvent"):
        return f"{_who(event, names)} was refused{_place(event)}: {_reason(event)}"
    infinitive, _ = VERBS.get(kind, (f"do “{kind}”" if kind else "operate the lock", ""))
    why = "lockd was interrupted" if event.get("phase") == "interrupted" else _reason(event)
    return f"{_who(event, names)} tried to {infinitive}{_how(event)}: {why}"


#: Alarms that a bad contact could raise without end; `count` says how many got no record of their own.
COUNTED = frozenset({
    "EmergencyPowerAttached", "EmergencyPowerFault", "EmergencyKeyUsed", "PowerLost", "BatteryLow", "BatteryCritical",
})  # fmt: skip


def _alarm(event: Event, names: Names) -> str:
    alarm = event.get("alarm", "")
    told = f"Alarm: {ALARMS.get(alarm, alarm)}"
    if alarm == "WrongCodeEntryLimit":
        return f"Alarm: too many wrong codes{_place(event)}: a lockout began"
    if "user" in event:
        told += f" ({_who(event, names)})"
    untold = event.get("count", 0) if alarm in COUNTED else 0
    more = f"; {untold} more before it were only counted" if untold else ""
    return _because(told, event) + _measured(event) + more


def _door(event: Event, names: Names) -> str:
    state = event.get("state", "")
    return DOORS.get(state, f"The door reports “{state}”")


def _power_change(event: Event, names: Names) -> str:
    fed = SUPPLIES.get(event.get("source", ""), event.get("source", ""))
    return f"The lock is fed by {fed or 'nobody knows what'}{_measured(event)}"


def _measured(event: Event) -> str:
    """How much there is, how long it lasted, what was done with it: what of that is known."""
    power = event.get("power", "")
    parts = (
        SUPPLIES.get(power, power),
        _number(event, "percent", "{:.0f} %"),
        _number(event, "volts", "{:.1f} V"),
        _number(event, "remaining", "about {} more throws"),
        _number(event, "days", "some {} days"),
        duration(event["seconds"]) if event.get("seconds") else "",
        _number(event, "throws", "throws: {}"),
        _number(event, "watt_hours", "{:.2f} Wh"),
        ", ".join(str(event.get("ways", "")).split()),
    )
    told = ", ".join(part for part in parts if part)
    return f" ({told})" if told else ""


def _number(event: Event, key: str, form: str) -> str:
    return form.format(event[key]) if key in event else ""


def _user_change(event: Event, names: Names) -> str:
    change = CHANGES.get(event.get("operation", ""), f"did “{event.get('operation', '')}” to")
    what = event.get("data_type", "")
    user = names.get(event.get("user", 0), "")
    if what in ("User", "UserIndex", ""):
        number = event.get("user") or event.get("index", 0)
        target = "every user" if number == ALL else f"user {number}" + (f" ({user})" if user else "")
    else:
        target = _belonging(what, event, user)
    if event.get("detail") == "used-up":
        return f"{target} has been used as often as it may be"
    return f"{_by(event) or 'lockd'} {change} {target}"


def _belonging(what: str, event: Event, user: str) -> str:
    index = event.get("index", 0)
    number = "every " if index == (ALL_SCHEDULES if what.endswith("Schedule") else ALL) else ""
    thing = f"{number}{spaced(what)}" + (f" {index}" if not number and index else "")
    owner = user or (f"user {event['user']}" if event.get("user") else "")
    return f"{thing} of {owner}" if owner else thing


def _system(event: Event, names: Names) -> str:
    by = _by(event)
    if event.get("detail") in HOLIDAYS:
        told = HOLIDAYS[event["detail"]].format(event.get("index", ""))
        return f"{told}: the operating mode is {event.get('value', '?')}"
    if event.get("detail") == "credential-shown":
        return f"{_who(event, names)} showed {_secret(event)}{_place(event)}; {event.get('count', 'one')} more needed"
    if event.get("detail") in PROGRAMMING:
        return PROGRAMMING[event["detail"]].format(_who(event, names))
    if "property" in event:
        return f"{by or 'lockd'} set {spaced(event['property'])} to {event.get('value', '?')}"
    detail = str(event.get("detail", "")) or str(event.get("kind", "something happened"))
    if detail == "power-returned" and "type" in event:
        infinitive, _ = VERBS.get(event["type"], ("operate the lock", ""))
        doing = f"when it failed, {_who(event, names)} tried to {infinitive}{_how(event)}"
        return f"Power is back{_measured(event)}; {doing}"
    told = SYSTEM.get(detail, detail.replace("-", " ")) + _place(event)
    started = told if told.startswith("lockd") else told[:1].upper() + told[1:]
    if detail == "lockout-ended" and event.get("count"):
        started += f"; {event['count']} more tries were refused"
    if detail == "restored" or detail.endswith("barred"):
        started += f" ({event['value']})" if event.get("value") else ""
    if detail == "restore-refused":
        why = str(event.get("value", "")).rstrip(".")
        started += f" ({why[:1].lower()}{why[1:]})" + (f"; {event['count']} more before" if event.get("count") else "")
    started += f" ({event['label']})" if event.get("label") else ""
    started += _measured(event)
    return started + (f", by {by}" if by else "")


HOLIDAYS = {"holiday-began": "Holiday {} began", "holiday-ended": "Holiday {} is over"}

#: What came of programming at the keypad.
PROGRAMMING = {
    "programming-began": "{} began to program at the keypad",
    "programming-left": "{} ended programming at the keypad",
    "programming-timed-out": "{} typed nothing more, so programming at the keypad ended",
    "programming-interrupted": "A credential was shown, so programming by {} at the keypad ended",
    "programming-locked-out": "Too many wrong codes: programming by {} at the keypad ended",
    "programming-refused": "Programming by {} at the keypad was ended: it may not be done now",
    "programming-duplicate": "{} typed as a new PIN at the keypad what is in use already",
    "programming-near": "{} typed a new PIN at the keypad that is one digit from somebody else's",
}

SYSTEM = {
    "session-ended": "emergency power has gone, or is no longer needed",
    "power-fault-ended": "the emergency power is as it should be again",
    "drill-began": "a drill of the emergency ways began",
    "drill-proved": "an emergency way was proved to work",
    "started": "lockd started",
    "key-rotated": "the store was sealed with a new key",
    "time-set": "the clock was set",
    "backed-up": "a backup of everything was made",
    "restored": "everything was restored from a backup",
    "restore-refused": "a restore was refused",
    "codes-key": "a new issuing key was made, and every code from before is void",
    "codes-epoch": "every code was made void",
    "codes-label": "a label for codes was set",
    "codes-revoke": "the codes of a label were made void",
    "codes-remove": "a label for codes was removed",
    "settings-loaded": "new settings were loaded",
    "guest-barred": "a guest was barred",
    "pass-barred": "a guest's pass was barred",
    "guest-unbarred": "a guest is barred no more",
    "pass-unbarred": "a guest's pass is barred no more",
    "power-returned": "power is back",
    "cover-back": "the outer cover is back",
    "late-record": "an earlier event could be recorded only now",
    "lockout-ended": "the lockout ended",
    "lockout-goes-on": "the lockout goes on",
}

_TELLERS = {
    "LockOperation": _operation,
    "LockOperationError": _operation_error,
    "DoorLockAlarm": _alarm,
    "DoorStateChange": _door,
    "LockUserChange": _user_change,
    "PowerChange": _power_change,
    "System": _system,
}


def _who(event: Event, names: Names) -> str:
    user = event.get("user")
    if user:
        name = names.get(user) or f"User {user}"
        return f"A guest of {name} ({_by(event)})" if event.get("detail") == "guest-pass" else name
    if event.get("label"):
        return f"“{event['label']}”"
    return _by(event) or SOURCES.get(event.get("source", ""), ("Someone", ""))[0]


def _by(event: Event) -> str:
    """The D-Bus caller: "uid 1000 (anna)" becomes "anna"."""
    by = str(event.get("by", ""))
    named = re.fullmatch(r"uid \d+ \((.+)\)", by)
    return named[1] if named else by


def _how(event: Event) -> str:
    way = WAYS.get(event.get("detail", ""), "")
    if way:
        return f" {way}"
    shown = _secret(event) if event.get("credentials") and _place(event).strip() in _BARE else ""
    return (f" with {shown}" if shown else "") + _place(event)


#: Places that do not say themselves what was shown there.
_BARE = ("at the keypad", "over D-Bus", "")


def _secret(event: Event) -> str:
    kinds = [SECRETS.get(kind, kind) for kind, _ in event.get("credentials", ())]
    return " and ".join(kinds) or "a code"


def _place(event: Event) -> str:
    source = event.get("source", "")
    place = SOURCES.get(source, ("", f"({source})" if source else ""))[1]
    return f" {place}" if place else ""


def _reason(event: Event) -> str:
    detail, error = event.get("detail", ""), event.get("error", "")
    return REASONS.get(detail) or detail.replace("-", " ") or REASONS.get(error) or error or "it failed"


def _because(told: str, event: Event) -> str:
    detail = event.get("detail", "")
    said = WAYS.get(detail) or REASONS.get(detail) or str(detail).replace("-", " ")
    return f"{told}: {said}" if said and said.lower() not in told.lower() else told


def spaced(name: str) -> str:
    """AutoRelockTime -> auto relock time; PIN stays, before small letters too."""
    words = re.findall(r"PIN|[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|\d+", name)
    return " ".join(word if word.isupper() else word.lower() for word in words) or name

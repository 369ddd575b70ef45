"""Every event is one plain sentence."""

from __future__ import annotations

from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd import words
from lockd.cli.sentences import ALARMS, DOORS, REASONS, SECRETS, SOURCES, VERBS, WAYS, sentence, sentences, spaced
from lockd.dbus.names import ALL, EVENT_FIELDS, INTERFACES

NAMES = {1: "Anna", 2: "Bert"}
ANNA = "uid 1000 (anna)"
PIN = [("PIN", 1)]

OPERATIONS: list[tuple[dict[str, Any], str]] = [
    ({"type": "Unlock", "source": "Keypad", "user": 1, "credentials": PIN}, "Anna unlocked with a PIN at the keypad"),
    ({"type": "Lock", "source": "Keypad", "user": 7, "credentials": PIN}, "User 7 locked with a PIN at the keypad"),
    ({"type": "Lock", "source": "Keypad"}, "Someone locked at the keypad"),
    ({"type": "Unlock", "source": "Manual", "detail": "mechanical-key"}, "Someone unlocked with the mechanical key"),
    ({"type": "Unlock", "source": "Manual", "detail": "thumbturn"}, "Someone unlocked with the thumbturn inside"),
    ({"type": "Lock", "source": "Manual"}, "Someone locked by hand"),
    ({"type": "Lock", "source": "Auto"}, "The lock locked by itself"),
    ({"type": "Lock", "source": "Auto", "detail": "relock-timer"}, "The lock locked by itself (auto-relock)"),
    ({"type": "Unlock", "source": "Unspecified", "detail": "found"},
     "The bolt was found unlocked: no contact saw it move"),
    ({"type": "Lock", "source": "Auto", "detail": "after-hand"},
     "The lock locked by itself (a hand had left the bolt between its ends)"),
    ({"type": "Unlock", "source": "Button"}, "Someone unlocked with the inside button"),
    ({"type": "Unlock", "source": "Remote", "by": ANNA}, "anna unlocked over D-Bus"),
    ({"type": "Unlock", "source": "Remote", "by": ANNA, "user": 2, "credentials": PIN},
     "Bert unlocked with a PIN over D-Bus"),
    ({"type": "Unlock", "source": "ProprietaryRemote", "user": 1, "credentials": [("Phone", 1)]},
     "Anna unlocked with a phone"),
    ({"type": "Unlock", "source": "ProprietaryRemote", "user": 1, "detail": "guest-pass", "by": "phone 3f2a"},
     "A guest of Anna (phone 3f2a) unlocked with a guest pass"),
    ({"type": "Unlock", "source": "RFID", "user": 1, "credentials": [("RFID", 1)]}, "Anna unlocked with a card"),
    ({"type": "Unlock", "source": "Keypad", "user": 1, "detail": "one-time-code"},
     "Anna unlocked with a one-time code at the keypad"),
    ({"type": "Unlock", "source": "Keypad", "label": "visitor", "detail": "timed-code"},
     "“visitor” unlocked with a timed code at the keypad"),
    ({"type": "Unlatch", "source": "Remote", "by": ANNA}, "anna pulled the latch over D-Bus"),
    ({"type": "Unlock", "source": "Keypad", "user": 1, "credentials": PIN, "phase": "granted"},
     "Anna was allowed to unlock with a PIN at the keypad"),
    ({"type": "Lock", "source": "Remote", "by": ANNA, "detail": "home"},
     "anna had the bolt find its place"),
    ({"type": "NonAccessUserEvent", "source": "Keypad", "user": 2, "credentials": PIN},
     "Bert showed a PIN at the keypad, which opens nothing"),
]  # fmt: skip

ERRORS: list[tuple[dict[str, Any], str]] = [
    ({"type": "Unlock", "source": "Keypad", "error": "InvalidCredential"},
     "Someone tried to unlock at the keypad: wrong code"),
    ({"type": "Unlock", "source": "Keypad", "user": 2, "error": "DisabledUserDenied", "credentials": PIN},
     "Bert tried to unlock with a PIN at the keypad: this user is disabled, or has used up his right"),
    ({"type": "Lock", "source": "Remote", "by": ANNA, "error": "Unspecified", "detail": "door-open"},
     "anna tried to lock over D-Bus: the door is open"),
    ({"type": "Unlock", "source": "Remote", "by": ANNA, "error": "InvalidCredential", "detail": "pin-required"},
     "anna tried to unlock over D-Bus: a PIN is required"),
    ({"type": "Unlock", "source": "Keypad", "user": 1, "error": "Restricted", "detail": "schedule-shut"},
     "Anna tried to unlock at the keypad: it was outside this user's hours"),
    ({"type": "Unlock", "source": "Keypad", "error": "Restricted", "detail": "locked-out", "count": 17},
     "17 tries at the keypad were refused: locked out after too many wrong codes"),
    ({"type": "Unlock", "source": "Keypad", "user": 1, "phase": "interrupted", "error": "Unspecified"},
     "Anna tried to unlock at the keypad: lockd was interrupted"),
    ({"type": "Lock", "source": "Remote", "by": ANNA, "phase": "failed", "error": "Unspecified", "detail": "jammed"},
     "anna tried to lock over D-Bus: the bolt is jammed"),
    ({"type": "Unlock", "source": "Keypad", "error": "DisabledUserDenied", "detail": "code-used", "label": "once"},
     "“once” tried to unlock at the keypad: the code was used up"),
    ({"type": "Unlock", "source": "Keypad", "error": "Restricted", "detail": "never-heard-of"},
     "Someone tried to unlock at the keypad: never heard of"),
]  # fmt: skip

OTHERS: list[tuple[dict[str, Any], str]] = [
    ({"kind": "DoorLockAlarm", "alarm": "LockJammed"}, "Alarm: the bolt is jammed"),
    ({"kind": "DoorLockAlarm", "alarm": "LockJammed", "detail": "jammed"}, "Alarm: the bolt is jammed"),
    ({"kind": "DoorLockAlarm", "alarm": "LockJammed", "detail": "motor-timeout"},
     "Alarm: the bolt is jammed: the bolt did not move"),
    ({"kind": "DoorLockAlarm", "alarm": "WrongCodeEntryLimit", "source": "Keypad"},
     "Alarm: too many wrong codes at the keypad: a lockout began"),
    ({"kind": "DoorLockAlarm", "alarm": "ForcedUser", "user": 2},
     "Alarm: a PIN for emergencies was used: someone may be under threat (Bert)"),
    ({"kind": "LockOperation", "type": "Unlock", "phase": "granted", "alarm": "ForcedUser", "user": 2,
      "source": "Keypad", "credentials": [["PIN", 1]]},
     "Alarm: a PIN for emergencies was used: someone may be under threat (Bert)"),
    ({"kind": "LockOperationError", "type": "Unlock", "error": "DisabledUserDenied", "detail": "used-up", "user": 2,
      "source": "Keypad", "credentials": [["PIN", 1]]},
     "Bert tried to unlock with a PIN at the keypad: it has been used as often as it may be"),
    ({"kind": "DoorLockAlarm", "alarm": "PowerLost", "count": 90},
     f"Alarm: {ALARMS['PowerLost']}; 90 more before it were only counted"),
    ({"kind": "System", "detail": "session-ended", "seconds": 60, "watt_hours": 0.25},
     "Emergency power has gone, or is no longer needed (1 min, 0.25 Wh)"),
    ({"kind": "System", "detail": "power-returned", "power": "EmergencyUsb"},
     "Power is back (a power bank at the USB-C port)"),
    ({"kind": "System", "detail": "power-returned", "power": "EmergencyUsb", "type": "Unlock", "source": "Keypad",
      "user": 1, "credentials": PIN},
     "Power is back (a power bank at the USB-C port); when it failed, Anna tried to unlock with a PIN at the keypad"),
    ({"kind": "DoorStateChange", "state": "DoorOpen"}, "The door was opened"),
    ({"kind": "LockUserChange", "data_type": "UserIndex", "operation": "Add", "user": 2, "by": ANNA},
     "anna added user 2 (Bert)"),
    ({"kind": "LockUserChange", "data_type": "UserIndex", "operation": "Clear", "user": ALL, "by": ANNA},
     "anna removed every user"),
    ({"kind": "LockUserChange", "data_type": "PIN", "operation": "Modify", "user": 1, "index": 4, "by": ANNA},
     "anna changed PIN 4 of Anna"),
    ({"kind": "LockUserChange", "data_type": "PIN", "operation": "Clear", "user": 9, "index": 4, "by": ANNA},
     "anna removed PIN 4 of user 9"),
    ({"kind": "LockUserChange", "data_type": "WeekDaySchedule", "operation": "Add", "user": 1, "index": 2, "by": ANNA},
     "anna added week day schedule 2 of Anna"),
    ({"kind": "LockUserChange", "data_type": "YearDaySchedule", "operation": "Clear", "user": 1, "index": 254,
      "by": ANNA},
     "anna removed every year day schedule of Anna"),
    ({"kind": "LockUserChange", "data_type": "HolidaySchedule", "operation": "Modify", "index": 1, "by": ANNA},
     "anna changed holiday schedule 1"),
    ({"kind": "System", "detail": "holiday-began", "index": 1, "property": "OperatingMode", "value": "Vacation"},
     "Holiday 1 began: the operating mode is Vacation"),
    ({"kind": "System", "detail": "holiday-ended", "index": 1, "property": "OperatingMode", "value": "Normal"},
     "Holiday 1 is over: the operating mode is Normal"),
    ({"kind": "System", "detail": "credential-shown", "source": "Keypad", "user": 1, "credentials": PIN, "count": 1},
     "Anna showed a PIN at the keypad; 1 more needed"),
    ({"kind": "System", "property": "AutoRelockTime", "value": "30", "by": ANNA}, "anna set auto relock time to 30"),
    ({"kind": "System", "detail": "backed-up", "by": ANNA}, "A backup of everything was made, by anna"),
    ({"kind": "System", "detail": "guest-barred", "by": ANNA, "value": "0a1b"}, "A guest was barred (0a1b), by anna"),
    ({"kind": "System", "detail": "restored", "by": ANNA, "value": "made 2026-11-21 19:09 UTC at pi, record 4"},
     "Everything was restored from a backup (made 2026-11-21 19:09 UTC at pi, record 4), by anna"),
    ({"kind": "System", "detail": "restore-refused", "by": ANNA, "value": "This is no backup that can be read: cut."},
     "A restore was refused (this is no backup that can be read: cut), by anna"),
    ({"kind": "System", "detail": "restore-refused", "by": ANNA, "value": "The bolt is moving.", "count": 3},
     "A restore was refused (the bolt is moving); 3 more before, by anna"),
    ({"kind": "System", "detail": "key-rotated", "by": ANNA}, "The store was sealed with a new key, by anna"),
    ({"kind": "System", "detail": "lockout-ended", "source": "Keypad"}, "The lockout ended at the keypad"),
    ({"kind": "System", "detail": "programming-began", "source": "Keypad", "user": 1},
     "Anna began to program at the keypad"),
    ({"kind": "System", "detail": "programming-locked-out", "source": "Keypad", "user": 1},
     "Too many wrong codes: programming by Anna at the keypad ended"),
    ({"kind": "System", "detail": "lockout-ended", "source": "Remote", "count": 9},
     "The lockout ended over D-Bus; 9 more tries were refused"),
    ({"kind": "System", "detail": "codes-revoke", "label": "guest", "by": ANNA},
     "The codes of a label were made void (guest), by anna"),
    ({"kind": "System", "detail": "some-news"}, "Some news"),
    ({"kind": "FromTheFuture"}, "FromTheFuture"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "told"), OPERATIONS)
def test_an_operation_says_who_what_and_how(fields: dict[str, Any], told: str) -> None:
    assert sentence({"kind": "LockOperation", **fields}, NAMES) == told


@pytest.mark.parametrize(("fields", "told"), ERRORS)
def test_a_refusal_says_why(fields: dict[str, Any], told: str) -> None:
    assert sentence({"kind": "LockOperationError", **fields}, NAMES) == told


@pytest.mark.parametrize(("name", "told"), [
    ("RequirePINforRemoteOperation", "require PIN for remote operation"), ("AutoRelockTime", "auto relock time"),
    ("MinPINCodeLength", "min PIN code length"), ("ProgrammingPIN", "programming PIN"), ("RFID", "RFID"),
])  # fmt: skip
def test_names_are_told_in_words(name: str, told: str) -> None:
    assert spaced(name) == told


@pytest.mark.parametrize("name", [each.name for interface in INTERFACES for each in interface.properties])
def test_every_property_is_told_in_words_and_none_is_torn(name: str) -> None:
    said = spaced(name).split()
    assert "".join(said).lower() == name.lower()
    assert all(word.islower() or word in ("PIN", "RFID") for word in said)
    assert all(len(word) > 1 for word in said)


@pytest.mark.parametrize(("event", "told"), OTHERS)
def test_everything_else_is_told_too(event: dict[str, Any], told: str) -> None:
    assert sentence(event, NAMES) == told


def test_every_word_of_lockd_has_words_for_people() -> None:
    assert set(get_args(words.Source)) == set(SOURCES)
    assert set(get_args(words.Alarm)) == set(ALARMS)
    assert set(get_args(words.DoorState)) == set(DOORS)
    assert set(get_args(words.OperationError)) <= set(REASONS)
    assert set(get_args(words.CredentialType)) == set(SECRETS)
    assert {"Lock", "Unlock", "Unlatch"} <= set(get_args(words.OperationType)) & set(VERBS)


@pytest.mark.parametrize(("kind", "source"), [*product(get_args(words.OperationType), get_args(words.Source))])
def test_every_kind_and_source_and_detail_makes_a_sentence(kind: str, source: str) -> None:
    for detail, entry in product(("", *WAYS, *REASONS), ("LockOperation", "LockOperationError")):
        event = {"kind": entry, "type": kind, "source": source, "detail": detail, "error": "Unspecified"}
        told = sentence(event, NAMES)
        assert told[0].isupper()
        assert "  " not in told
        assert not told.endswith((" ", ":", ".", "-")), told


_values = {
    "s": st.text(max_size=12), "t": st.integers(0, 2**64 - 1), "u": st.integers(0, 2**32 - 1),
    "d": st.floats(),
    "a(su)": st.lists(st.tuples(st.text(max_size=6), st.integers(0, 9)), max_size=2),
}  # fmt: skip


@given(st.fixed_dictionaries({}, optional={key: _values[sign] for key, sign in EVENT_FIELDS.items()}))
def test_no_event_however_odd_breaks_it(event: dict[str, Any]) -> None:
    for kind in get_args(words.EntryKind):
        assert sentence({**event, "kind": kind}, NAMES)


def opened(user: int) -> dict[str, Any]:
    return {"kind": "LockOperation", "type": "Unlock", "source": "Keypad", "user": user}


def changed(operation: str, user: int) -> dict[str, Any]:
    return {"kind": "LockUserChange", "data_type": "UserIndex", "operation": operation, "user": user, "by": ANNA}


def test_who_had_a_place_before_is_not_called_by_the_name_of_who_has_it_now() -> None:
    events = [opened(2), changed("Clear", 2), opened(1), changed("Add", 2), opened(2), changed("Modify", 2), opened(2)]
    assert sentences(events, NAMES) == [
        "User 2 unlocked at the keypad", "anna removed user 2", "Anna unlocked at the keypad",
        "anna added user 2 (Bert)", "Bert unlocked at the keypad", "anna changed user 2 (Bert)",
        "Bert unlocked at the keypad",
    ]  # fmt: skip


@pytest.mark.parametrize("event", [changed("Clear", ALL), {"kind": "DoorLockAlarm", "alarm": "LockFactoryReset"}])
def test_nobody_is_named_from_before_everybody_was_removed(event: dict[str, Any]) -> None:
    assert sentences([opened(1), event, opened(1)], NAMES)[::2] == [
        "User 1 unlocked at the keypad", "Anna unlocked at the keypad",
    ]  # fmt: skip

"""Every method and property, used rightly."""

from __future__ import annotations

import os
import pwd
from typing import Any

import pytest

from lockd import errors
from lockd.dbus import names
from lockd.dbus.bus import Bus
from lockd.dbus.client import Client
from lockd.dbus.twice import WITHIN_S, Twice
from lockd.errors import LockdError
from tests.dbus.conftest import Raw
from tests.dbus.fakes import (
    BARRED,
    ENTRY,
    EVENT,
    EXPLANATION,
    HOLIDAY,
    LABEL,
    OPEN,
    PHONE,
    SAMPLE,
    VALUES,
    WAY,
    WEEK,
    FakeDesk,
)  # fmt: skip

UID = os.getuid()
BY = f"uid {UID} ({pwd.getpwuid(UID).pw_name})"
LOCK, USERS, CODES, LOG, POWER, PHONES, MANAGER, SIMULATOR = (each.name for each in names.INTERFACES)
USER = {"index": 1, "name": "Anna", "credentials": [["PIN", 1]], "status": "OccupiedEnabled", "next": 0}
#: A file descriptor, and how it is known again in another process.
NULL, NULL_DEVICE = os.open(os.devnull, os.O_RDONLY), os.stat(os.devnull).st_rdev

ERRORS = [
    kind
    for kind in LockdError.__subclasses__()
    if kind.__module__ == errors.__name__ and kind is not errors.ConfigurationError
]
#: interface, method, what is given, what the desk sees, what comes back
CALLS: list[tuple[str, str, tuple[Any, ...], tuple[Any, ...], Any]] = [
    (LOCK, "LockDoor", ({},), ("operate", "Lock", BY, None, True, None), None),
    (LOCK, "UnlockDoor", ({"pin": "1234", "wait": False},), ("operate", "Unlock", BY, "1234", False, None), None),
    (LOCK, "UnlockWithTimeout", (30, {}), ("operate", "Unlock", BY, None, True, 30), None),
    (LOCK, "UnboltDoor", ({"wait": True},), ("operate", "Unbolt", BY, None, True, None), None),
    (LOCK, "Home", (), ("operate", "Home", BY, None, True, None), None),
    (USERS, "SetUser", ("Add", 1, {"name": "Ännä", "unique_id": 8, "status": "OccupiedEnabled", "rule": "Single"}),
     ("set_user", "Add", 1, {"name": "Ännä", "unique_id": 8, "status": "OccupiedEnabled", "rule": "Single"}, BY), None),
    (USERS, "GetUser", (1,), ("get_user", 1), USER),
    (USERS, "ListUsers", (), ("list_users",), [USER]),
    (USERS, "ClearUser", (7,), ("clear_user", 7, BY), None),
    (USERS, "SetCredential", ("Add", "PIN", 1, b"123456", 0, {"user_type": "ExpiringUser", "uses": 3}),
     ("set_credential", "Add", "PIN", 1, b"123456", 0, {"user_type": "ExpiringUser", "uses": 3}, BY), (3, 4)),
    (USERS, "RatePIN", (b"123456", 3), ("rate_pin", "123456", 3), ["Its digits count up or down"]),
    (USERS, "Enrol", ("RFID", 3, {"timeout": 9}), ("enrol", "RFID", 3, 9, BY), 4),
    (USERS, "GetCredentialStatus", ("PIN", 1), ("credential_status", "PIN", 1), {"exists": True, "user": 3, "next": 0}),
    (USERS, "ClearCredential", ("", 7), ("clear_credential", "", 7, BY), None),
    (USERS, "Explain", (1, 0), ("explain", 1, 0), EXPLANATION),
    (USERS, "SetWeekDaySchedule", (1, 2, 127, 8, 0, 17, 30), ("set_schedule", "WeekDaySchedule", 1, 2, WEEK, BY), None),
    (USERS, "GetWeekDaySchedule", (1, 2), ("get_schedule", "WeekDaySchedule", 1, 2), WEEK),
    (USERS, "ClearWeekDaySchedule", (254, 2), ("clear_schedule", "WeekDaySchedule", 254, 2, BY), None),
    (USERS, "SetYearDaySchedule", (1, 2, 3, 4), ("set_schedule", "YearDaySchedule", 1, 2, {"start": 3, "end": 4}, BY),
     None),
    (USERS, "GetYearDaySchedule", (1, 2), ("get_schedule", "YearDaySchedule", 1, 2), {"start": 3, "end": 4}),
    (USERS, "ClearYearDaySchedule", (1, 2), ("clear_schedule", "YearDaySchedule", 1, 2, BY), None),
    (USERS, "SetHolidaySchedule", (1, 3, 4, "Vacation"), ("set_schedule", "HolidaySchedule", 1, 0, HOLIDAY, BY), None),
    (USERS, "GetHolidaySchedule", (1,), ("get_schedule", "HolidaySchedule", 1, 0), HOLIDAY),
    (USERS, "ClearHolidaySchedule", (254,), ("clear_schedule", "HolidaySchedule", 254, 0, BY), None),
    (USERS, "ListSchedules", (0, 65533), ("list_schedules", 0, 65533), [ENTRY]),
    (CODES, "CreateKey", (), ("new_codes_key", BY), b"k" * 32),
    (CODES, "RaiseEpoch", (), ("change_codes", "epoch", "", BY), None),
    (CODES, "SetLabel", ("guest", "span", "24,48", 2), ("set_label", "guest", "span", (24, 48), 2, BY), None),
    (CODES, "RevokeLabel", ("guest",), ("change_codes", "revoke", "guest", BY), None),
    (CODES, "RemoveLabel", ("guest",), ("change_codes", "remove", "guest", BY), None),
    (CODES, "ListLabels", (), ("list_labels",), [LABEL]),
    (CODES, "ListOpen", (), ("list_open_codes",), [OPEN]),
    (LOG, "Read", (0, 1000), ("read_log", 0, 1000), [{key: value for key, value in EVENT.items() if key != "error"}]),
    (LOG, "Verify", (), ("verify_log",), {"ok": True, "first": 1, "last": 4, "bad": 0, "reason": ""}),
    (POWER, "Drill", (), ("drill", BY), [WAY]),
    (POWER, "Ways", (), ("ways",), [WAY]),
    (POWER, "History", (30,), ("power_history", 30), [{key: value for key, value in SAMPLE.items() if value}]),
    (PHONES, "CreateInvite", ({"role": "owner", "user": 3},),
     ("create_invite", {"role": "owner", "user": 3}, BY), ("lkp:1?k=", "0102")),
    (PHONES, "CancelInvite", ("0102",), ("cancel_invite", "0102"), None),
    (PHONES, "List", (), ("listed",), [PHONE]),
    (PHONES, "Revoke", ("0a1b",), ("revoke", "0a1b", BY), None),
    (PHONES, "Bar", ("ab" * 16,), ("bar", b"\xab" * 16, BY), None),
    (PHONES, "Unbar", ("cd" * 32,), ("unbar", b"\xcd" * 32, BY), None),
    (PHONES, "ListBarred", (), ("barred",), [BARRED]),
    (MANAGER, "Diagnose", (), ("diagnose",), [{"part": "store", "ok": True, "text": "fine", "remedy": ""}]),
    (MANAGER, "SetTime", (1_800_000_000,), ("set_time", 1_800_000_000, BY), None),
    (MANAGER, "RotateKey", (), ("rotate_key", BY), None),
    (MANAGER, "Backup", (NULL,), ("backup", NULL_DEVICE, BY), None),
    (MANAGER, "Restore", (NULL,), ("restore", NULL_DEVICE, BY), None),
    (MANAGER, "FactoryReset", ("erase everything",), ("factory_reset", BY), None),
    (SIMULATOR, "Press", ("123#",), ("press", "123#"), None),
    (SIMULATOR, "PresentCard", (b"\x04\xa1",), ("present_card", b"\x04\xa1"), None),
    (SIMULATOR, "OpenDoor", (), ("open_door",), None),
    (SIMULATOR, "CloseDoor", (), ("close_door",), None),
    (SIMULATOR, "TurnKey", ("unlock",), ("turn_key", "unlock"), None),
    (SIMULATOR, "TurnThumb", ("lock",), ("turn_thumb", "lock"), None),
    (SIMULATOR, "OpenCodeWheel", (True,), ("open_code_wheel", True), None),
    (SIMULATOR, "PushPin", (False,), ("push_pin", False), None),
    (SIMULATOR, "Jam", (True,), ("jam", True), None),
    (SIMULATOR, "SetBattery", (55.5, 6.0), ("set_battery", 55.5, 6.0), None),
    (SIMULATOR, "SetWear", (1.5,), ("set_wear", 1.5), None),
    (SIMULATOR, "SetGauge", ("silent",), ("set_gauge", "silent"), None),
    (SIMULATOR, "PassTime", (168,), ("pass_time", 168), None),
    (SIMULATOR, "Plug", ("EmergencyUsb", -5.0), ("plug", "EmergencyUsb", -5.0), None),
    (SIMULATOR, "Crank", (4.0,), ("crank", 4.0), None),
    (SIMULATOR, "Flap", (20,), ("flap", 20), None),
    (SIMULATOR, "Unplug", (), ("unplug",), None),
    (SIMULATOR, "Loosen", (), ("loosen",), None),
    (SIMULATOR, "Tamper", (False,), ("tamper", False), None),
    (SIMULATOR, "PressInside", (), ("press_inside",), None),
    (SIMULATOR, "SetTimeState", ("Unknown",), ("set_time_state", "Unknown"), None),
]  # fmt: skip


async def test_every_method_reaches_the_desk_with_its_caller_and_answers(client: Client, desk: FakeDesk) -> None:
    for interface, method, given, seen, answer in CALLS:
        desk.calls.clear()
        assert await client.call(interface, method, *given) == answer, method
        assert desk.calls == [seen]


async def test_everybody_is_removed_by_the_second_call(client: Client, desk: FakeDesk) -> None:
    for method, given, seen in (
        ("ClearUser", (names.ALL,), ("clear_user", names.ALL, BY)),
        ("ClearCredential", ("", names.ALL), ("clear_credential", "", names.ALL, BY)),
        ("ClearCredential", ("PIN", names.ALL), ("clear_credential", "PIN", names.ALL, BY)),
    ):
        for _ in range(2):  # what was done is asked for twice again
            desk.calls.clear()
            with pytest.raises(errors.ConstraintError, match=r"\(confirm\): to do it make the same call once more"):
                await client.call(USERS, method, *given)
            assert desk.calls == []
            await client.call(USERS, method, *given)
            assert desk.calls == [seen]


def test_only_the_same_caller_confirms_the_same_call_and_soon() -> None:
    now = [100.0]
    twice = Twice(lambda: now[0])

    def done(*call: str) -> bool:
        try:
            twice.sure("everybody", *call)
        except errors.ConstraintError:
            return False
        return True

    assert [done(by, "ClearUser") for by in ("uid 0", "uid 7", "uid 0")] == [False] * 3
    assert [done("uid 0", "ClearCredential", kind) for kind in ("", "PIN", "PIN", "PIN")] == [False, False, True, False]
    now[0] += WITHIN_S + 1
    assert not done("uid 0", "ClearCredential", "PIN")
    now[0] += WITHIN_S
    assert done("uid 0", "ClearCredential", "PIN")


def test_the_calls_above_are_all_there_are() -> None:
    assert [(interface, method) for interface, method, *_ in CALLS] == [
        (each.name, method.name) for each in names.INTERFACES for method in each.methods
    ]


async def test_every_property_can_be_read_alone_and_with_the_others(client: Client) -> None:
    for interface in names.INTERFACES:
        values = await client.get_all(interface.name)
        wanted = {prop.name: VALUES[prop.signature] for prop in interface.properties}
        assert values == {name: list(value) if isinstance(value, tuple) else value for name, value in wanted.items()}
        for prop in interface.properties:
            assert await client.get(interface.name, prop.name) == values[prop.name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OperatingMode", "Privacy"),
        ("AutoRelockTime", 0),
        ("WrongCodeEntryLimit", 255),
        ("UserCodeTemporaryDisableTime", 1),
        ("RequirePINforRemoteOperation", True),
        ("ExpiringUserTimeout", 2880),
    ],
)
async def test_a_property_is_set_in_the_callers_name(client: Client, desk: FakeDesk, name: str, value: Any) -> None:
    await client.set(LOCK, name, value)
    assert desk.calls == [("set_property", name, value, BY)]


async def test_a_call_without_interface_is_answered(raw: Raw, desk: FakeDesk) -> None:
    assert await raw.say(None, "LockDoor", "a{sv}", {}) == []
    assert await raw.say(None, "Ping") == []
    assert await raw.say(None, "Nothing") == "org.freedesktop.DBus.Error.UnknownMethod"
    assert len(desk.calls) == 1


def test_no_two_methods_share_a_name() -> None:
    found = [method for each in names.INTERFACES for method in each.methods]
    assert len({method.name for method in found}) == len(found)


async def test_peer_answers(raw: Raw) -> None:
    assert await raw.say("org.freedesktop.DBus.Peer", "Ping", path="/") == []
    answer = await raw.say("org.freedesktop.DBus.Peer", "GetMachineId")
    assert answer == "org.freedesktop.DBus.Error.Failed" or len(answer[0]) == 32


@pytest.mark.parametrize("kind", ERRORS)
async def test_errors_keep_their_name_and_text(client: Client, desk: FakeDesk, kind: type[Exception]) -> None:
    desk.error = kind("the bolt is stuck; look at it")
    with pytest.raises(kind, match=r"^the bolt is stuck; look at it$") as caught:
        await client.call(LOCK, "Home")
    assert type(caught.value) is kind


async def test_an_unexpected_fault_is_logged_once_and_not_shown(
    client: Client, desk: FakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.error = ZeroDivisionError("in the machine room")
    with pytest.raises(errors.Failure, match="its journal says why"):
        await client.call(LOCK, "Home")
    (record,) = caplog.records
    assert record.exc_info
    assert record.exc_info[1] is desk.error


async def test_every_signal_arrives_with_its_values(client: Client, served: Bus) -> None:
    async with client.signals() as news:
        for interface in names.INTERFACES:
            for signal in interface.signals:
                value: Any = 0.75 if signal.carries[0].signature == "d" else EVENT | {"unheard_of": 1, "by": ""}
                served.emit(interface.name, signal.name, value)
                told = await anext(news)
                assert (told.interface, told.name) == (interface.name, signal.name)
                if isinstance(value, dict):
                    known = signal.carries[0].fields
                    value = {key: each for key, each in value.items() if key in known and each is not None}
                assert told.value == value


async def test_what_is_no_text_is_told_as_well_as_can_be(
    client: Client, served: Bus, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, clean = "a file \udcff\0", "a file ??"
    monkeypatch.setitem(VALUES, "as", (broken,))
    monkeypatch.setattr(desk, "list_users", lambda: [{"name": broken, "credentials": [[broken, 1]]}])
    monkeypatch.setattr(desk, "get_user", lambda _index: {"name": broken})
    assert await client.get(MANAGER, "Degraded") == [clean]
    assert (await client.get_all(MANAGER))["Degraded"] == [clean]
    assert await client.call(USERS, "ListUsers") == [{"name": clean, "credentials": [[clean, 1]]}]
    assert await client.call(USERS, "GetUser", 1) == {"name": clean}
    async with client.signals() as news:
        served.emit(LOCK, "LockOperation", EVENT | {"detail": broken})
        served.properties_changed(MANAGER, {"Degraded": (broken,)})
        assert (await anext(news)).value["detail"] == clean
        assert (await anext(news)).value == (MANAGER, {"Degraded": [clean]})
    desk.error = errors.Failure(broken)
    with pytest.raises(errors.Failure, match=r"^a file \?\?$"):
        await client.call(LOCK, "Home")


async def test_what_is_no_text_is_not_sent_as_another_one(client: Client, desk: FakeDesk) -> None:
    for name in ("\udcff", "a\0"):
        with pytest.raises(errors.InvalidField, match="UTF-8"):
            await client.call(USERS, "SetUser", "Add", 1, {"name": name})
        with pytest.raises(errors.InvalidField, match="UTF-8"):
            await client.call(SIMULATOR, "Press", name)
    assert desk.calls == []


def test_every_signal_carries_one_argument() -> None:
    assert all(len(signal.carries) == 1 for each in names.INTERFACES for signal in each.signals)


async def test_changed_properties_are_told(client: Client, served: Bus) -> None:
    async with client.signals() as news:
        served.properties_changed(LOCK, {"LockState": "Unlocked", "AutoRelockTime": 5})
        served.properties_changed(MANAGER, {"Degraded": ("no polkit",)})
        assert (await anext(news)).value == (LOCK, {"LockState": "Unlocked", "AutoRelockTime": 5})
        assert (await anext(news)).value == (MANAGER, {"Degraded": ["no polkit"]})


def test_a_signal_or_property_that_is_not_in_the_tables_is_a_mistake(desk: FakeDesk) -> None:
    bus = Bus("unix:path=/nowhere", desk, "same-user")
    with pytest.raises(KeyError):
        bus.emit(LOCK, "Nothing", {})
    with pytest.raises(KeyError):
        bus.properties_changed(LOCK, {"Nothing": 1})
    bus.emit(LOCK, "LockOperation", EVENT)

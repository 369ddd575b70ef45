"""Every method and property, used wrongly: each gets its named error, and the desk sees nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from dbus_next.signature import Variant

from lockd.dbus import names
from lockd.dbus.arguments import ARGUMENTS, PROPERTIES
from lockd.dbus.shape import Arg, Interface, Method, Property
from lockd.dbus.variants import to_wire
from lockd.errors import InvalidField
from tests.dbus.conftest import Raw
from tests.dbus.fakes import FakeDesk
from tests.dbus.test_calls import CALLS

INVALID = names.ERROR + "InvalidField"
STANDARD = "org.freedesktop.DBus.Error."
PROPS = "org.freedesktop.DBus.Properties"

METHODS = [(each, method) for each in names.INTERFACES for method in each.methods]
OWN = [(each, prop) for each in names.INTERFACES for prop in each.properties]
GOOD = {method: given for _, method, given, *_ in CALLS}
LONG = "x" * 257
HUGE = "x" * 300_000

#: A value of each type, to be put where it does not belong.
TYPES: dict[str, Any] = {
    "s": "Add", "u": 1, "t": 1, "y": 1, "b": True, "d": 1.0, "x": -1, "ay": b"1234", "as": ["PIN"], "a{sv}": {},
    "v": Variant("s", "Lock"), "o": "/org/lockd1", "g": "s", "(su)": ["PIN", 1],
    "av": [Variant("v", Variant("b", True))], "a{us}": {1: "x"}, "aaaaaaaay": [],
}  # fmt: skip
#: Of the right type, and wrong wherever that type stands.
WRONG: dict[str, list[Any]] = {
    "s": [LONG, "no such word", "Lock\n", "ADD", "\U0010ffff", "'; DROP TABLE user", HUGE],
    "u": [2**32 - 1, 0xFFFF + 1],
    "t": [2**64 - 1, 2**63],
    "y": [128, 255],
    "d": [math.nan, math.inf, -math.inf, -1.0, 1e9, -1e-9],
    "ay": [b"", b"1" * 1025, b"1" * 300_000],
    "a{sv}": [{"": Variant("s", "")}, {"no such key": Variant("b", True)}, {LONG: Variant("u", 1)},
              {str(n): Variant("u", n) for n in range(1025)}, {"name": Variant("s", HUGE)}],
    "b": [],
    "h": [0, 1, 2**32 - 1],  # as no file descriptor comes with it
}  # fmt: skip
#: Wrong just there.
JUST_THERE: dict[tuple[str, str], list[Any]] = {
    ("UnlockWithTimeout", "timeout"): [0],
    ("SetUser", "operation"): [""],
    ("SetUser", "index"): [0, 65534, 65535],
    ("GetUser", "index"): [0, 65534, 65535],
    ("ClearUser", "index"): [0, 65535],
    ("SetCredential", "operation"): [""],
    ("SetCredential", "type"): ["", "Pin"],
    ("SetCredential", "index"): [0, 65534, 65535],
    ("SetCredential", "data"): [b"12a4", b"\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4", b"1234\n", b"1234\0", b"-1234"],
    ("SetCredential", "user"): [65534, 65535],
    ("RatePIN", "data"): [b"12a4", b"1234\n"],
    ("RatePIN", "user"): [65534, 65535],
    ("Enrol", "type"): ["", "PIN"],
    ("Enrol", "user"): [0, 65534, 65535],
    ("Enrol", "options"): [{"timeout": Variant("u", 4)}, {"timeout": Variant("u", 61)}, {"timeout": Variant("s", "9")}],
    ("GetCredentialStatus", "type"): [""],
    ("GetCredentialStatus", "index"): [0, 65534, 65535],
    ("ClearCredential", "index"): [0, 65535],
    ("Explain", "user"): [0, 65534],
    ("Explain", "time"): [2**33 + 1],
    **{(f"{verb}{kind}Schedule", "index"): [0, 255] if verb == "Clear" else [0, 254, 255]
       for verb in ("Set", "Get", "Clear") for kind in ("WeekDay", "YearDay", "Holiday")},
    **{(f"{verb}{kind}Schedule", "user"): [0, 65534] for verb in ("Set", "Get", "Clear")
       for kind in ("WeekDay", "YearDay")},
    ("ListSchedules", "first"): [65534],
    ("ListSchedules", "last"): [65534],
    ("SetWeekDaySchedule", "days"): [0],
    ("SetWeekDaySchedule", "start_hour"): [24],
    ("SetWeekDaySchedule", "start_minute"): [60],
    ("SetWeekDaySchedule", "end_hour"): [24],
    ("SetWeekDaySchedule", "end_minute"): [60],
    ("SetYearDaySchedule", "end"): [2**33 + 1],
    ("SetHolidaySchedule", "mode"): ["", "normal"],
    ("SetLabel", "label"): ["", "-a", "a" * 25, "a:b", "Gast"],
    ("SetLabel", "lengths"): ["0", "3,2", "2,2", "673", "1,", ",", "1, 2", "-1", "\u0661"],
    ("SetLabel", "accept"): [0, 25],
    ("RevokeLabel", "label"): [""],
    ("RemoveLabel", "label"): [""],
    ("CancelInvite", "id"): ["", "0A", "g", "a" * 65],
    ("Revoke", "id"): ["", "0A", "g", "a" * 65],
    ("Read", "max"): [0, 1001],
    ("SetTime", "time"): [0, 1_700_000_000, 5_000_000_000, 1_800_000_000_000_000],
    ("FactoryReset", "word"): ["", "erase everything ", "Erase everything"],
    ("Press", "keys"): ["", "1" * 65, "12a", "1 2", "\u0661"],
    ("TurnKey", "direction"): ["", "Lock"],
    ("TurnThumb", "direction"): ["", "Lock"],
    ("SetBattery", "percent"): [100.1],
    ("SetBattery", "volts"): [30.1],
    ("Plug", "source"): ["", "Battery"],
    ("SetWear", "factor"): [0.99, 20.1],
    ("SetGauge", "mode"): ["", "OK"],
    ("PassTime", "hours"): [0, 8761],
    ("Plug", "volts"): [30.1, -30.1],
    ("Crank", "seconds"): [0.0, 600.1],
    ("Flap", "times"): [0, 1001],
    ("SetTimeState", "state"): [""],
}  # fmt: skip
#: What is wrong everywhere else: contacts may be reversed.
RIGHT_THERE = (("Plug", -1.0), ("Plug", -1e-9))
#: Values that no key of that type may have in a dictionary of options.
BAD_FIELDS: dict[str, list[Any]] = {
    "pin": ["", "12a4", "1" * 257, "\u0661\u0662\u0663\u0664", "1234\n"],
    "name": [LONG, "a\nb", "a\x7fb"],
    "status": ["", "Free"], "type": ["", "Owner"], "rule": ["", "Quad"],
    "uses": [256, 2**32 - 1], "from": [4_102_444_801, 2**64 - 1], "until": [2**63],
    "user_status": ["", "Free"], "user_type": ["", "Owner"],
}  # fmt: skip
BAD_PROPERTIES: dict[str, list[Any]] = {
    "OperatingMode": ["", "Open", "normal", LONG, HUGE],
    "AutoRelockTime": [],
    "WrongCodeEntryLimit": [0],
    "UserCodeTemporaryDisableTime": [0],
    "RequirePINforRemoteOperation": [],
    "ExpiringUserTimeout": [0, 2881, 2**32 - 1],
}


def wrong_values(method: Method, arg: Arg) -> Iterator[Any]:
    """Everything that has the argument's type and may not stand there."""
    yield from (value for value in WRONG[arg.signature] if (method.name, value) not in RIGHT_THERE)
    yield from JUST_THERE.get((method.name, arg.name), [])
    for key, kind in arg.fields.items():
        yield from ({key: Variant(kind, value)} for value in BAD_FIELDS.get(key, []))
        yield from ({key: Variant(other, value)} for other, value in TYPES.items() if other != kind)


def test_every_argument_and_every_writable_property_has_a_check() -> None:
    for _, method in METHODS:
        assert list(ARGUMENTS[method.name]) == [arg.name for arg in method.takes]
    assert set(PROPERTIES) == {prop.name for _, prop in OWN if prop.write} == set(BAD_PROPERTIES)
    assert {(name, arg) for name, checks in ARGUMENTS.items() for arg in checks} >= set(JUST_THERE)


@pytest.mark.parametrize(("interface", "method"), METHODS, ids=lambda each: each.name)
async def test_arguments_of_the_wrong_type_are_refused(
    raw: Raw, desk: FakeDesk, caplog: pytest.LogCaptureFixture, interface: Interface, method: Method
) -> None:
    takes = [arg.signature for arg in method.takes]
    good = [to_wire(arg, value) for arg, value in zip(method.takes, GOOD[method.name], strict=True)]
    for place, arg in enumerate(method.takes):
        for other, value in TYPES.items():
            if other != arg.signature:
                signature = "".join([*takes[:place], other, *takes[place + 1 :]])
                body = [*good[:place], value, *good[place + 1 :]]
                assert await raw.say(interface.name, method.name, signature, *body) == INVALID, (arg.name, other)
    if takes:
        assert await raw.say(interface.name, method.name, "".join(takes[:-1]), *good[:-1]) == INVALID
    assert await raw.say(interface.name, method.name, "".join([*takes, "s"]), *good, "more") == INVALID
    assert desk.calls == []
    assert caplog.records == []


@pytest.mark.parametrize(("interface", "method"), METHODS, ids=lambda each: each.name)
async def test_arguments_out_of_range_are_refused(
    raw: Raw, desk: FakeDesk, caplog: pytest.LogCaptureFixture, interface: Interface, method: Method
) -> None:
    signature = "".join(arg.signature for arg in method.takes)
    good = [to_wire(arg, value) for arg, value in zip(method.takes, GOOD[method.name], strict=True)]
    for place, arg in enumerate(method.takes):
        for value in wrong_values(method, arg):
            body = [*good[:place], value, *good[place + 1 :]]
            answer = await raw.say(interface.name, method.name, signature, *body)
            assert answer == INVALID, (arg.name, str(value)[:60])
    assert desk.calls == []
    assert caplog.records == []


async def test_fields_for_a_user_who_is_there_are_refused(raw: Raw, desk: FakeDesk) -> None:
    body = ["Add", "PIN", 1, b"1234", 5, {"user_type": Variant("s", "ExpiringUser")}]
    assert await raw.say(names.USERS.name, "SetCredential", "ssuayua{sv}", *body) == INVALID
    assert desk.calls == []


def test_an_error_never_repeats_what_was_sent() -> None:
    for check, value in ((ARGUMENTS["Press"]["keys"], "1234a"), (ARGUMENTS["SetUser"]["operation"], "1234")):
        with pytest.raises(InvalidField) as caught:
            check(value, "x")
        assert "1234" not in str(caught.value)


@pytest.mark.parametrize(("interface", "prop"), OWN, ids=lambda each: each.name)
async def test_properties_refuse_what_they_cannot_be(
    raw: Raw, desk: FakeDesk, interface: Interface, prop: Property
) -> None:
    error = INVALID if prop.write else STANDARD + "PropertyReadOnly"
    for kind, value in TYPES.items():
        if kind != prop.signature or not prop.write:
            assert await raw.say(PROPS, "Set", "ssv", interface.name, prop.name, Variant(kind, value)) == error
    for value in BAD_PROPERTIES.get(prop.name, []):
        assert await raw.say(PROPS, "Set", "ssv", interface.name, prop.name, Variant(prop.signature, value)) == error
    assert await raw.say(PROPS, "Get", "s", prop.name) == INVALID
    assert await raw.say(PROPS, "Set", "sss", interface.name, prop.name, "Normal") == INVALID
    assert desk.calls == []


@pytest.mark.parametrize("interface", [*(each.name for each in names.INTERFACES), "org.freedesktop.DBus.Peer"])
async def test_unknown_methods_and_properties_have_the_standard_errors(
    raw: Raw, desk: FakeDesk, interface: str
) -> None:
    assert await raw.say(interface, "Open") == STANDARD + "UnknownMethod"
    assert await raw.say(interface, "lockdoor", "s", HUGE) == STANDARD + "UnknownMethod"
    for name in ("", "Nothing", "lockstate", LONG):
        assert await raw.say(PROPS, "Get", "ss", interface, name) == STANDARD + "UnknownProperty"
        assert await raw.say(PROPS, "Set", "ssv", interface, name, Variant("b", True)) == STANDARD + "UnknownProperty"
    assert desk.calls == []


@pytest.mark.parametrize("interface", ["", "org.lockd1.Nothing", "org.lockd1", "x" * 300])
async def test_unknown_interfaces_have_the_standard_error(raw: Raw, interface: str) -> None:
    assert await raw.say(PROPS, "Get", "ss", interface, "LockState") == STANDARD + "UnknownInterface"
    assert await raw.say(PROPS, "GetAll", "s", interface) == STANDARD + "UnknownInterface"
    assert await raw.say("org.lockd1.Nothing", "LockDoor", "a{sv}", {}) == STANDARD + "UnknownInterface"


@pytest.mark.parametrize("path", ["/", "/org", "/org/lockd", "/org/lockd1/x", "/" + "x" * 50_000])
async def test_another_object_has_no_lock(raw: Raw, desk: FakeDesk, path: str) -> None:
    answer = await raw.say(names.LOCK.name, "LockDoor", "a{sv}", {}, path=path)
    assert answer in (STANDARD + "UnknownObject", STANDARD + "UnknownInterface")
    assert desk.calls == []


async def test_after_all_that_the_connection_still_works(raw: Raw, desk: FakeDesk) -> None:
    assert await raw.say(names.LOCK.name, "LockDoor", "a{sv}", {"pin": Variant("s", "x" * 15_000_000)}) == INVALID
    assert await raw.say(names.LOCK.name, "LockDoor", "a{sv}", {}) == []
    assert len(desk.calls) == 1

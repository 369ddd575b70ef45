"""Kinds of credentials and their terms: cards, fingers and phones, spare and duress PINs, times and uses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd.core.access import LOCAL
from lockd.core.credentials import SPARES_MAX, USES_MAX, Credential, Terms, credential_of, credential_row
from lockd.core.effects import Answer, Publish
from lockd.core.events import (
    CredentialCleared,
    CredentialSet,
    OperationAsked,
    Presented,
    Recorded,
    ResetAsked,
    UserCleared,
)  # fmt: skip
from lockd.core.roster import ALL
from lockd.core.trail import BOUND_S
from lockd.errors import (
    Busy,
    ConstraintError,
    DisabledUserDenied,
    Duplicate,
    InvalidCredential,
    InvalidField,
    LockdError,
    ResourceExhausted,
    Restricted,
    UnsupportedCommand,
)  # fmt: skip
from lockd.settings import UserSettings
from lockd.words import CredentialType, Source
from tests.core.world import AT_UNLOCKED, NOON, World, digest, wired

PIN, OTHER, VARIANT = "123456", "654321", "123457"
KINDS: list[tuple[CredentialType, Source]] = [
    ("RFID", "RFID"), ("Fingerprint", "Biometric"), ("Phone", "ProprietaryRemote"),
]  # fmt: skip
DURESS = wired({"duress_digit": True})
HOUR = 3600
NOW = NOON // 1_000_000


def home(**terms: Any) -> World:
    """User 1 has a PIN on these terms."""
    world = World().enrol(1, OTHER)
    assert world.give(PIN, 2, **terms) == (1, 3)
    return world


def comes_in(world: World, pin: str = PIN) -> bool:
    """Whether this PIN opens now; the door is locked again after."""
    drives = world.drives
    world.type(pin)
    world.wait(3)
    came = world.drives > drives
    world.ask("Lock", "Remote")
    world.wait(1)
    return came


def alarms(world: World) -> list[Any]:
    """What only those are told who may read the log."""
    return [e.entry.fields["alarm"] for e in world.effects if isinstance(e, Publish) and e.private]


def enrolled(kind: CredentialType, data: str, **more: Any) -> World:
    world = World(**more).enrol(1, PIN)
    world.submit(CredentialSet("Add", kind, 1, 1, digest(data), request=1))
    assert world.answers[1] == (1, 2)
    return world


# Cards, fingers, phones ------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "source"), KINDS)
def test_it_opens_from_its_source_and_is_told_as_what_it_is(kind: CredentialType, source: Source) -> None:
    world = enrolled(kind, "data")
    world.present(kind, "data", source, request=2)
    world.wait(1)
    assert world.lock.lock_state == "Unlocked"
    assert world.answers[2] is None
    told = world.signals("LockOperation")[-1]
    assert (told["source"], told["user"], told["credentials"]) == (source, 1, [[kind, 1]])
    assert world.signals("LockUserChange")[-1]["data_type"] == kind
    assert ("working" in world.signs) == (source in LOCAL)


def test_a_phone_hears_that_it_is_granted_and_then_what_came_of_it() -> None:
    world = enrolled("Phone", "key")
    shown = Presented("Phone", digest("key"))
    world.submit(OperationAsked("Unlock", "ProprietaryRemote", shown, 2, by="it", stages=True, detail="ble"))
    assert world.granted == [2]
    assert 2 not in world.answers
    world.wait(1)
    assert world.answers[2] is None
    assert world.granted == [2]
    assert world.signals("LockOperation")[-1]["detail"] == "ble"


@pytest.mark.parametrize("answers", [True, False])
def test_a_phone_hears_that_it_is_granted_when_the_disk_answers_or_after_two_seconds(answers: bool) -> None:
    world = enrolled("Phone", "key")
    world.disk = "hangs"
    shown = Presented("Phone", digest("key"))
    world.submit(OperationAsked("Unlock", "ProprietaryRemote", shown, 2, by="it", stages=True, detail="ble"))
    granted = Answer(2, last=False)
    world.wait(0.2 if answers else BOUND_S - 0.01)
    assert granted not in world.effects
    (record,) = world.unwritten
    later = world.lock.handle(Recorded(record.ticket, 9), world.at) if answers else world.wait(0.01)
    assert granted in later  # nothing of lockd's own takes any time


@pytest.mark.parametrize(("kind", "source"), KINDS)
def test_one_of_nobody_is_wrong_and_its_source_alone_is_locked_out(kind: CredentialType, source: Source) -> None:
    world = enrolled(kind, "data")
    for _ in range(5):
        world.present(kind, "another", source)
    assert world.lock.lockout_remaining(source, world.at) == 90
    assert world.lock.lockout_remaining("Keypad", world.at) == 0
    world.present(kind, "data", source, request=2)
    assert world.answers[2].name == "LockedOut"
    assert ("wrong" in world.signs) == (source in LOCAL)
    assert comes_in(world)


@pytest.mark.parametrize(("kind", "source"), KINDS)
def test_data_of_one_kind_is_nothing_as_another(kind: CredentialType, source: Source) -> None:
    world = enrolled(kind, "data")
    others: list[CredentialType] = ["PIN", *(k for k, _ in KINDS if k != kind)]
    for request, other in enumerate(others, 2):
        world.submit(OperationAsked("Unlock", source, Presented(other, digest("data")), request))
        assert isinstance(world.answers[request], InvalidCredential)
    assert world.drives == 0


@pytest.mark.parametrize(("kind", "source"), KINDS)
def test_modes_shut_a_source_whatever_is_shown_there(kind: CredentialType, source: Source) -> None:
    local = source in LOCAL
    world = enrolled(kind, "data", settings=wired({"mode": "Vacation" if local else "NoRemoteLockUnlock"}))
    world.present(kind, "data", source, request=2)
    assert world.answers[2].detail == "mode-forbids"


@pytest.mark.parametrize("kind", ["RFID", "Fingerprint", "Phone"])
def test_the_same_data_twice_is_a_duplicate_whoever_has_it(kind: CredentialType) -> None:
    world = enrolled(kind, "data").enrol(2, OTHER)
    world.submit(CredentialSet("Add", kind, 2, 2, digest("data"), request=2))
    assert isinstance(world.answers[2], Duplicate)
    assert "2" not in str(world.answers[2])


def test_each_kind_has_places_of_its_own() -> None:
    world = enrolled("RFID", "card", settings=wired().but(users=UserSettings(max=2, credentials=3)))
    others: tuple[CredentialType, ...] = ("Fingerprint", "Phone")
    for request, kind in enumerate(others, 2):
        world.submit(CredentialSet("Add", kind, 1, 0, digest(kind), request=request))
    assert world.answers[2] == (2, 2)
    assert isinstance(world.answers[3], ResourceExhausted)
    assert {c.key for c in world.lock.people.credentials.values()} == {"PIN:1", "RFID:1", "Fingerprint:1"}


def test_credentials_are_removed_by_kind_and_the_user_stays_while_he_has_another() -> None:
    world = enrolled("RFID", "card")
    world.submit(CredentialCleared("", 1, request=2))
    assert world.answers[2] is None
    assert world.signals("LockUserChange")[-2]["data_type"] == "Unspecified"
    assert not world.lock.people.users
    world = enrolled("RFID", "card")
    world.submit(CredentialCleared("RFID", ALL))
    assert world.signals("LockUserChange")[-1]["data_type"] == "RFID"
    assert list(world.lock.people.users) == [1]


def test_a_face_is_stored_never() -> None:
    world = World().enrol(1, PIN)
    world.submit(CredentialSet("Add", "Face", 1, 1, digest("face"), request=2))
    assert isinstance(world.answers[2], UnsupportedCommand)


# ProgrammingPIN --------------------------------------------------------------------------------------


def programming(pin: str, request: int = 2) -> CredentialSet:
    return CredentialSet("Add", "ProgrammingPIN", 1, 1, digest(pin), {}, request)


def test_a_programming_pin_belongs_to_a_programming_user_and_never_equals_a_pin() -> None:
    world = World().enrol(1, PIN, type="ProgrammingUser").enrol(2, OTHER)
    for request, taken in enumerate((PIN, OTHER), 2):
        world.submit(programming(taken, request))
        assert isinstance(world.answers[request], Duplicate)
    world.submit(programming("999999", 4))
    assert world.answers[4] == (1, 2)
    assert world.signals("LockUserChange")[-1]["data_type"] == "ProgrammingCode"
    assert isinstance(world.give("999999", 5), Duplicate)
    world = World().enrol(1, PIN)
    world.submit(programming("999999"))
    assert isinstance(world.answers[2], ConstraintError)


def test_a_programming_pin_opens_nothing_and_is_no_wrong_code() -> None:
    world = World().enrol(1, PIN, type="ProgrammingUser")
    world.submit(programming("999999"))
    for request in range(3, 13):
        world.type("999999", request=request)
        assert isinstance(world.answers[request], Restricted)
    assert world.drives == 0
    assert world.lock.lockout_remaining("Keypad", world.at) == 0
    assert comes_in(world)


def test_a_programming_pin_is_not_used_up() -> None:
    world = World().enrol(1, PIN, type="ProgrammingUser")
    world.submit(programming("999999").but(fields={"uses": 3}))
    assert isinstance(world.answers[2], InvalidField)


# Terms -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("terms", "error"), [
    ({"uses": -1}, InvalidField), ({"uses": USES_MAX + 1}, InvalidField),
    ({"from": -1}, InvalidField), ({"until": -1}, InvalidField), ({"from": 9, "until": 9}, InvalidField),
    ({"duress": True, "spare": True}, InvalidField), ({"duress": True, "uses": 1}, InvalidField),
    ({"duress": True, "until": NOW}, InvalidField), ({"user_type": "ForcedUser", "uses": 1}, InvalidField),
])  # fmt: skip
def test_terms_that_make_no_sense_are_refused(terms: dict[str, Any], error: type[LockdError]) -> None:
    world = World().enrol(1, PIN)
    before = dict(world.rows)
    assert isinstance(world.give(OTHER, 2, **terms), error)
    assert world.rows == before


@pytest.mark.parametrize("terms", [{"spare": True}, {"duress": True}])
def test_only_a_pin_is_a_spare_or_calls_for_help(terms: dict[str, Any]) -> None:
    world = World().enrol(1, PIN)
    world.submit(CredentialSet("Add", "RFID", 1, 1, digest("card"), terms, request=1))
    assert isinstance(world.answers[1], InvalidField)


def test_a_card_may_be_limited_too() -> None:
    world = World().enrol(1, PIN)
    world.submit(CredentialSet("Add", "RFID", 1, 1, digest("card"), {"uses": 1}, request=1))
    for request, came in ((2, None), (3, DisabledUserDenied)):
        world.present("RFID", "card", "RFID", request)
        world.wait(1)
        assert world.answers[request] is None if came is None else isinstance(world.answers[request], came)


def test_modify_leaves_what_is_not_given_and_0_ends_a_limit() -> None:
    world = home(uses=2, until=NOW + HOUR, spare=True)
    world.give("111222", 2, op="Modify", uses=5)
    assert world.lock.people.credentials["PIN", 2].terms == Terms(5, 0, NOW + HOUR, True)
    world.give("111222", 2, op="Modify", uses=0, until=0, spare=False)
    assert world.lock.people.credentials["PIN", 2].terms == Terms()
    assert "terms" not in world.rows["credential", "PIN:2"].value


@pytest.mark.parametrize("credential", [
    Credential("RFID", 3, 7, b"digest", "a", "b"),
    Credential("PIN", 3, 7, b"digest", "a", "b", Terms(3, 1, 2, True), b"forced"),
])  # fmt: skip
def test_a_row_is_read_as_it_was_written(credential: Credential) -> None:
    assert credential_of(credential_row(credential).value) == credential


# Times -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("terms", "opens"), [
    ({"from": NOW}, True), ({"from": NOW + 1}, False), ({"until": NOW + 1}, True), ({"until": NOW}, False),
    ({"from": NOW - HOUR, "until": NOW + HOUR}, True), ({"from": NOW + HOUR, "until": NOW + 2 * HOUR}, False),
])  # fmt: skip
def test_a_timed_pin_opens_from_its_first_second_to_before_its_last(terms: dict[str, int], opens: bool) -> None:
    world = home(**terms)
    world.type(PIN, request=1)
    if opens:
        world.wait(1)
        assert world.answers[1] is None
    else:
        assert isinstance(world.answers[1], Restricted)
        assert world.entries(error="Restricted", credentials=[["PIN", 2]])
    assert world.lock.lockout_remaining("Keypad", world.at) == 0


@pytest.mark.parametrize("trust", ["Floor", "Unknown"])
def test_without_a_clock_that_is_set_a_timed_pin_opens_nothing_and_says_so(trust: Any) -> None:
    world = home(**{"from": NOW - HOUR, "until": NOW + HOUR})
    world.trust = trust
    world.type(PIN, request=1)
    assert world.answers[1].detail == "clock-unset"
    assert comes_in(world, OTHER)


def test_with_a_dead_disk_a_limited_pin_opens_nothing_and_another_does() -> None:
    for terms in ({"uses": 1}, {"until": NOW + HOUR}):
        world = home(**terms)
        world.disk = "fails"
        assert not comes_in(world)
        assert comes_in(world, OTHER)


def test_a_right_ends_with_the_last_credential_that_ends_and_is_explained_so() -> None:
    world = World().enrol(1, OTHER)
    world.give(PIN, 2, until=NOW + HOUR)
    assert world.lock.explain(1, 0, world.at)["until"] == 0
    world.give(OTHER, 1, op="Modify", until=NOW + 2 * HOUR)
    assert world.lock.explain(1, 0, world.at)["until"] == NOW + 2 * HOUR
    later = world.lock.explain(1, NOW + 3 * HOUR, world.at)
    assert (later["allowed"], later["detail"]) == (False, "expired")


# Uses ------------------------------------------------------------------------------------------------


def test_a_pin_for_three_uses_opens_three_times_and_says_when_it_is_used_up() -> None:
    world = home(uses=3)
    assert [comes_in(world) for _ in range(2)] == [True] * 2
    changes = len(world.signals("LockUserChange"))
    assert comes_in(world)
    assert world.signals("LockUserChange")[changes:] == [{
        "data_type": "PIN", "operation": "Modify", "source": "Keypad", "detail": "used-up", "user": 1, "index": 2,
    }]  # fmt: skip
    world.type(PIN, request=1)
    assert isinstance(world.answers[1], DisabledUserDenied)
    assert world.answers[1].detail == world.signals("LockOperationError")[-1]["detail"] == "used-up"
    assert world.lock.lockout_remaining("Keypad", world.at) == 0
    assert comes_in(world, OTHER)


@pytest.mark.parametrize("kind", ["UnrestrictedUser", "DisposableUser", "ExpiringUser"])
def test_to_lock_uses_nothing_up(kind: str) -> None:
    world = World().enrol(1, OTHER, type=kind)
    world.give(PIN, 2, uses=1)
    for wish in ("Lock", "Home"):
        world.ask(wish, "Remote", PIN)
        world.wait(1)
    assert world.lock.people.spent == {}
    assert not world.entries(detail="used-up")
    assert comes_in(world)
    world.ask("Lock", "Remote")
    world.wait(1)
    assert not comes_in(world)


@pytest.mark.parametrize("boot", ["", "another boot"])
def test_what_is_used_is_used_after_a_restart_too(boot: str) -> None:
    world = home(uses=2)
    assert comes_in(world)
    world = world.restarted(boot=boot)
    assert world.lock.people.left(world.lock.people.credentials["PIN", 2]) == 1
    assert [comes_in(world) for _ in range(2)] == [True, False]


def test_a_use_that_is_on_its_way_to_the_disk_keeps_the_next_one_waiting() -> None:
    world = home(uses=2)
    world.disk = "hangs"
    for request in (1, 2):
        world.type(PIN, request=request)
    world.write()
    world.wait(1)
    assert (world.answers[1], type(world.answers[2])) == (None, Busy)
    assert world.lock.people.left(world.lock.people.credentials["PIN", 2]) == 1


def test_two_who_come_in_by_one_throw_use_two_and_both_are_given_back_when_it_fails() -> None:
    world = home(uses=3)
    credential = world.lock.people.credentials["PIN", 2]
    world.sticks = True
    world.type(PIN)
    world.type(PIN)
    assert world.lock.people.left(credential) == 1
    world.wait(20)
    assert world.lock.people.left(credential) == 3
    world.sticks = False
    assert [comes_in(world.restarted()) for _ in range(1)] == [True]
    assert [comes_in(world) for _ in range(4)] == [True] * 3 + [False]


def test_a_use_is_used_and_told_when_the_bolt_stuck_on_the_way() -> None:
    world = home(uses=1, spare=True)
    world.type(PIN)
    world.wait(0.2)
    world.stick()
    world.wait(20)
    assert world.entries(detail="used-up")
    assert "SparePINUsed" in world.alarms
    world.sticks = False
    assert not comes_in(world)


def test_what_is_given_back_late_is_no_use_of_who_came_after() -> None:
    """A PIN is set anew and used while an older opening by it still waits for the bolt."""
    world = home(uses=1)
    world.sticks = True
    world.type(PIN)  # takes the only use; its throw will fail
    world.give(PIN, 2, op="Modify")
    world.type(PIN)
    assert ("state", "spent:PIN:2:1") in world.rows
    world.wait(20)
    assert not [key for _, key in world.rows if key.startswith("spent:")]
    world.sticks = False
    assert [comes_in(world) for _ in range(2)] == [True, False]


def test_setting_it_anew_gives_its_uses_back_and_removing_it_leaves_nothing() -> None:
    world = home(uses=2)
    assert [comes_in(world) for _ in range(3)] == [True, True, False]
    world.give(PIN, 2, op="Modify")
    assert [comes_in(world) for _ in range(3)] == [True, True, False]
    world.submit(CredentialCleared("PIN", 2))
    assert not [key for _, key in world.rows if key.startswith("spent:")]
    assert world.give(PIN, 2, uses=1) == (1, 3)
    assert [comes_in(world) for _ in range(2)] == [True, False]
    world.submit(UserCleared(1))
    assert not [key for _, key in world.rows if key.startswith(("spent:", "PIN:"))]


def test_a_reset_leaves_nothing() -> None:
    world = home(uses=2)
    assert comes_in(world)
    world.submit(ResetAsked())
    assert not [key for _, key in world.rows if key.startswith(("spent:", "PIN:"))]


def test_what_was_used_may_be_lost_with_a_damaged_store_so_it_has_to_be_set_anew() -> None:
    world = home(uses=2)
    world = World(snapshot=world.snapshot().but(incomplete=True))
    world.wait(100)  # the lockouts that may have been lost are over
    assert not comes_in(world)
    world.give(PIN, 2, op="Modify")
    assert comes_in(world)


# Spare PINs ------------------------------------------------------------------------------------------


def test_a_spare_pin_opens_is_marked_in_the_log_and_announced() -> None:
    world = home(spare=True, uses=1)
    assert comes_in(world)
    assert world.signals("LockOperation")[0]["detail"] == "spare-pin"
    assert world.entries(detail="spare-pin", phase="granted", user=1)
    assert world.entries(alarm="SparePINUsed", user=1, source="Keypad", credentials=[["PIN", 2]])
    assert world.signals("LockUserChange")[-1]["detail"] == "used-up"
    assert not comes_in(world)
    assert comes_in(world, OTHER)
    assert world.alarms == ["SparePINUsed"]


def test_without_a_limit_it_may_be_used_again() -> None:
    world = home(spare=True)
    assert [comes_in(world) for _ in range(3)] == [True] * 3
    assert world.alarms == ["SparePINUsed"] * 3


def test_a_user_has_two_spare_pins_at_the_most() -> None:
    world = home(spare=True)
    assert world.give("111111", 3, spare=True) == (1, 4)
    assert isinstance(world.give("222222", 4, spare=True), ResourceExhausted)
    assert world.give("111112", 3, op="Modify", spare=True) == (1, 4)
    assert isinstance(world.give(OTHER, 1, op="Modify", spare=True), ResourceExhausted)
    assert SPARES_MAX == 2


# Duress ----------------------------------------------------------------------------------------------


def everything_public(world: World) -> list[Any]:
    told = [(e.seq, e.entry) for e in world.effects if isinstance(e, Publish) and not e.private]
    return [told[-1], world.signs, world.answers]


@pytest.mark.parametrize("settings", [wired(), DURESS])
def test_a_duress_pin_opens_as_the_usual_one_does_under_a_silent_alarm(settings: Any) -> None:
    public = {}
    for pin in (PIN, OTHER):
        world = World(settings).enrol(1, PIN)
        assert world.give(OTHER, 2, duress=True) == (1, 3)
        world.answers.clear()
        world.type(pin, request=1)
        world.wait(1)
        public[pin] = everything_public(world)
        assert alarms(world) == (["ForcedUser"] if pin == OTHER else [])
        assert bool(world.entries(alarm="ForcedUser", phase="granted")) == (pin == OTHER)
    assert public[PIN] == public[OTHER]


def test_a_pin_with_its_last_digit_one_higher_opens_under_a_silent_alarm() -> None:
    public = {}
    for pin in (PIN, VARIANT):
        world = World(DURESS).enrol(1, OTHER)
        assert world.give(PIN, 2, variant=VARIANT) == (1, 3)
        world.answers.clear()
        world.type(pin, request=1)
        world.wait(1)
        public[pin] = everything_public(world)
        assert alarms(world) == (["ForcedUser"] if pin == VARIANT else [])
        assert alarms(world.restarted()) == []
    assert public[PIN] == public[VARIANT]


def test_where_it_is_not_set_so_the_variant_is_a_wrong_code() -> None:
    world = World().enrol(1, OTHER)
    world.give(PIN, 2, variant=VARIANT)
    world.type(VARIANT, request=1)
    assert isinstance(world.answers[1], InvalidCredential)
    assert "user" not in world.signals("LockOperationError")[0]


def test_a_variant_uses_up_what_its_pin_does() -> None:
    world = World(DURESS).enrol(1, OTHER)
    world.give(PIN, 2, variant=VARIANT, uses=1)
    assert [comes_in(world, VARIANT), comes_in(world, PIN), comes_in(world, VARIANT)] == [True, False, False]


def test_a_refused_duress_pin_is_told_as_the_usual_one() -> None:
    world = World(wired({"mode": "Vacation"})).enrol(1, PIN)
    world.give(OTHER, 2, duress=True)
    world.type(OTHER)
    assert world.signals("LockOperationError")[-1]["credentials"] == [["PIN", 1]]


def test_a_duress_pin_without_a_usual_one_stands_for_itself() -> None:
    world = World()
    world.give(PIN, 1, user=0, duress=True)
    world.type(PIN)
    world.wait(1)
    assert world.signals("LockOperation")[-1]["credentials"] == [["PIN", 1]]
    assert alarms(world) == ["ForcedUser"]


@pytest.mark.parametrize(("pin", "variant"), [(VARIANT, "123458"), ("123455", PIN), (PIN, VARIANT), (VARIANT, "")])
def test_neither_a_pin_nor_its_variant_may_be_taken_as_either(pin: str, variant: str) -> None:
    world = World(DURESS).enrol(1, OTHER).enrol(2, "999999")
    world.give(PIN, 3, variant=VARIANT)
    assert isinstance(world.give(pin, 4, user=2, variant=variant), Duplicate)
    assert isinstance(world.give(pin, 4, user=2, variant=variant, duress=True), Duplicate)


def test_a_pin_may_become_its_own_variant() -> None:
    world = World(DURESS).enrol(1, OTHER)
    world.give(PIN, 2, variant=VARIANT)
    assert world.give(VARIANT, 2, variant="123458", op="Modify") == (1, 3)
    world.type(PIN, request=1)
    assert isinstance(world.answers[1], InvalidCredential)
    assert comes_in(world, "123458")
    assert alarms(world) == ["ForcedUser"]


changes = st.tuples(
    st.sampled_from(("Add", "Modify", "Clear")), st.integers(1, 5), st.integers(0, 3), st.integers(0, 9),
    st.booleans(), st.booleans(),
)  # fmt: skip


@given(st.lists(changes, max_size=40))
def test_no_pin_is_ever_another_ones_duress_variant(done: list[tuple[str, int, int, int, bool, bool]]) -> None:
    world = World(DURESS).enrol(1, "a").enrol(2, "b").enrol(3, "c")
    for op, index, user, pin, varies, duress in done:
        if op == "Clear":
            world.submit(CredentialCleared("PIN", 10 + index))
        else:
            variant = str((pin + 1) % 10) if varies and not duress else ""
            world.give(str(pin), 10 + index, user, variant, op, duress=duress)
        held = list(world.lock.people.credentials.values())
        digests = [each for c in held for each in c.digests]
        assert len(digests) == len(set(digests))
        assert all(world.lock.people.find("PIN", each) == (world.lock.people.users[c.user], c)
                   for c in held for each in c.digests)  # fmt: skip


def test_a_lock_is_locked_by_a_limited_pin_too() -> None:
    world = World(contacts=AT_UNLOCKED).enrol(1, OTHER)
    world.give(PIN, 2, uses=1)
    world.ask("Lock", "Remote", PIN, request=1)
    world.wait(1)
    assert (world.answers[1], world.lock.lock_state) == (None, "Locked")


# Two credentials at once -----------------------------------------------------------------------------


def pair(**terms: Any) -> World:
    """A user who has to show two: a PIN on these terms, and another one."""
    world = World(DURESS).enrol(1, OTHER, rule="Dual")
    world.give(PIN, 2, variant=VARIANT, **terms)
    return world


def both(world: World, *pins: str) -> bool:
    """Whether these open, one after the other; the door is locked again after."""
    drives = world.drives
    for pin in pins:
        world.type(pin)
    world.wait(3)
    came = world.drives > drives
    world.ask("Lock", "Remote")
    world.wait(1)
    return came


@pytest.mark.parametrize("pins", [(PIN, OTHER), (OTHER, PIN)])
def test_of_two_that_open_together_each_is_used(pins: tuple[str, str]) -> None:
    world = pair(uses=2, spare=True)
    assert [both(world, *pins) for _ in range(3)] == [True, True, False]
    assert world.alarms == ["SparePINUsed"] * 2


@pytest.mark.parametrize("pins", [(VARIANT, OTHER), (OTHER, VARIANT)])
def test_either_of_two_calls_for_help(pins: tuple[str, str]) -> None:
    world = pair()
    assert both(world, *pins)
    assert alarms(world) == ["ForcedUser"]
    assert both(world, PIN, OTHER)
    assert alarms(world) == ["ForcedUser"]


def test_a_first_one_that_has_ended_meanwhile_does_not_count() -> None:
    world = pair(until=NOW + 10)
    world.type(PIN)
    world.wait(15)
    assert not both(world, OTHER)
    world = pair(until=NOW + 10)
    world.type(PIN)
    world.wait(5)
    assert both(world, OTHER)


def test_a_timed_first_one_does_not_count_once_the_clock_is_not_to_be_trusted() -> None:
    world = pair(until=NOW + HOUR)
    world.type(PIN)
    world.trust = "Floor"
    assert not both(world, OTHER)
    world = pair(until=NOW + HOUR)
    assert both(world, PIN, OTHER)

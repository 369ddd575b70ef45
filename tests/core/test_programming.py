"""Programming at the keypad: each deed, each way it ends, and that nothing else comes of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from lockd.core.credentials import Terms
from lockd.core.effects import Effect, Record, Show
from lockd.core.events import (
    CredentialCleared,
    CredentialSet,
    EnterPressed,
    LineTyped,
    OperationAsked,
    Presented,
    ProgrammingLeft,
    PropertySet,
    SettingsLoaded,
    UserCleared,
    UserSet,
)  # fmt: skip
from lockd.core.programming import STEP_S
from lockd.core.roster import ALL
from lockd.reading import Reading
from lockd.settings import KeypadSettings, UserSettings
from tests.core.world import World, digest, wired

MASTER, KEY, ANNA, NEW = "111111", "999999", "222222", "333333"
BY = "Eva (user 1) at the keypad"


def home(**more: Any) -> World:
    """Eva programs, Anna is user 2."""
    world = World(wired(**more)).enrol(1, MASTER, type="ProgrammingUser", name="Eva").enrol(2, ANNA)
    world.submit(CredentialSet("Add", "ProgrammingPIN", 1, 1, digest(KEY)))
    return world


def line(world: World, text: str, **more: Any) -> list[Effect]:
    """A line at the keypad, as the daemon makes an event of it."""
    asked = world.lock.programming
    if asked is None:
        return world.type(text)
    number = int(text) if asked.step in ("choice", "number", "sure") and len(text) < 4 else None
    return world.submit(LineTyped(asked.number, number, digest(text), **more))


def lines(world: World, *texts: str) -> list[str]:
    """Several; what the lamps said to each, in one word."""
    said = []
    for text in texts:
        signs = [effect.sign for effect in told(world, lambda text=text: line(world, text)) if isinstance(effect, Show)]  # type: ignore[misc]
        said.append(" ".join(signs))
    return said


def told(world: World, happens: Any) -> list[Effect]:
    begun = len(world.effects)
    happens()
    return world.effects[begun:]


def step(world: World) -> str:
    asked = world.lock.programming
    return asked.step if asked is not None else ""


def opens(world: World, pin: str) -> bool:
    """Whether it does at a lock that is locked; it is locked again."""
    before = world.drives
    world.type(pin)
    world.wait(1)
    opened = world.drives > before
    world.ask("Lock", "Remote")
    world.wait(1)
    return opened


def changes(world: World) -> list[tuple[Any, ...]]:
    keys = ("data_type", "operation", "source", "by", "user", "index")
    return [tuple(fields.get(key) for key in keys) for fields in world.signals("LockUserChange")]


# Each deed ---------------------------------------------------------------------------------------


def test_a_new_person_gets_a_pin_that_opens() -> None:
    world = home()
    assert lines(world, KEY, "1", "7", NEW, NEW) == ["menu", "more", "more", "more", "saved"]
    assert step(world) == "choice"
    assert changes(world)[-2:] == [
        ("PIN", "Add", "Keypad", BY, 7, 3), ("UserIndex", "Add", "Keypad", BY, 7, None),
    ]  # fmt: skip
    user = world.lock.people.users[7]
    assert (user.type, user.status, user.creator) == ("UnrestrictedUser", "OccupiedEnabled", BY)
    world.submit(ProgrammingLeft())
    assert opens(world, NEW)


def test_a_pin_is_changed_and_its_terms_stay() -> None:
    world = home()
    world.give(ANNA, 2, 2, op="Modify", uses=3)
    assert lines(world, KEY, "2", "2", NEW, NEW)[-1] == "saved"
    assert changes(world)[-1] == ("PIN", "Modify", "Keypad", BY, 2, 2)
    assert world.lock.people.credentials["PIN", 2].terms == Terms(uses=3)
    world.submit(ProgrammingLeft())
    assert opens(world, NEW)
    assert not opens(world, ANNA)


def test_who_has_a_spare_pin_alone_gets_a_usual_one_beside_it() -> None:
    world = home()
    world.give(ANNA, 2, 2, op="Modify", spare=True)
    assert lines(world, KEY, "2", "2", NEW, NEW)[-1] == "saved"
    assert changes(world)[-1] == ("PIN", "Add", "Keypad", BY, 2, 3)
    assert [c.terms.spare for c in world.lock.people.of(2)] == [True, False]


def test_all_pins_of_a_person_are_taken_away_and_who_has_nothing_else_goes() -> None:
    world = home()
    world.give("444444", 4, 2, spare=True)
    assert lines(world, KEY, "3", "2", "2") == ["menu", "more", "more", "saved"]
    assert changes(world)[-2:] == [
        ("PIN", "Clear", "Keypad", BY, 2, ALL), ("UserIndex", "Clear", "Keypad", BY, 2, None),
    ]  # fmt: skip
    assert list(world.lock.people.users) == [1]
    world.submit(ProgrammingLeft())
    assert not opens(world, ANNA)


def test_his_card_stays_with_who_loses_his_pin() -> None:
    world = home()
    world.submit(CredentialSet("Add", "RFID", 1, 2, digest("card")))
    assert lines(world, KEY, "3", "2", "2")[-1] == "saved"
    assert [c.kind for c in world.lock.people.of(2)] == ["RFID"]


def test_the_programming_pin_itself_is_changed() -> None:
    world = home()
    assert lines(world, KEY, "0", NEW, NEW, "1") == ["menu", "more", "more", "saved", "more"]
    assert changes(world)[-1] == ("ProgrammingCode", "Modify", "Keypad", BY, 1, 1)
    world.submit(ProgrammingLeft())
    assert lines(world, NEW, KEY) == ["menu", "wrong"]  # which ends it, as it is no choice


def test_several_changes_in_one_go() -> None:
    world = home()
    assert lines(world, KEY, "1", "7", NEW, NEW, "3", "7", "7", "2", "1", "555555", "555555").count("saved") == 3
    assert changes(world)[-1] == ("PIN", "Modify", "Keypad", BY, 1, 1)  # the programmer's own


def test_what_is_typed_again_is_his_pin_already() -> None:
    world = home()
    assert lines(world, KEY, "2", "2", ANNA, ANNA)[-1] == "saved"


def test_the_duress_variant_comes_with_the_pin() -> None:
    world = home(lock={"duress_digit": True})
    lines(world, KEY, "1", "7")
    line(world, "222221", forced=digest(ANNA))
    assert (world.signs[-1], step(world)) == ("refused", "pin"), "it is Anna's PIN"
    line(world, NEW, forced=digest("333334"))
    line(world, NEW, forced=digest("333334"))
    assert world.lock.people.credentials["PIN", 3].forced == digest("333334")


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "sign", "then"), [
    (("4",), "wrong", "choice"), (("12",), "wrong", "choice"), (("",), "wrong", "choice"),
    (("1", "2"), "refused", "number"), (("1", "0"), "wrong", "number"), (("1", "101"), "wrong", "number"),
    (("2", "7"), "wrong", "number"), (("3", "7"), "wrong", "number"), (("3", "1"), "refused", "number"),
    (("1", "7", ANNA), "refused", "pin"), (("1", "7", MASTER), "refused", "pin"), (("1", "7", KEY), "refused", "pin"),
    (("0", MASTER), "refused", "pin"), (("2", "2", MASTER), "refused", "pin"),
    (("1", "7", NEW, "444444"), "wrong", "pin"), (("3", "2", "1"), "wrong", "number"),
])  # fmt: skip
def test_what_does_not_go_is_said_and_asked_for_again(typed: tuple[str, ...], sign: str, then: str) -> None:
    world = home()
    before = dict(world.lock.people.credentials)
    said = lines(world, KEY, *(text or "none" for text in typed))
    assert (said[-1], step(world)) == (sign, then)
    assert world.lock.people.credentials == before


def test_another_programming_user_is_neither_changed_nor_removed() -> None:
    world = home()
    world.submit(UserSet("Modify", 2, {"type": "ProgrammingUser"}))
    assert lines(world, KEY, "2", "2")[-1] == "refused"
    world.submit(ProgrammingLeft())
    assert lines(world, KEY, "3", "2")[-1] == "refused"


def test_a_weak_pin_is_said_to_be_and_taken_or_refused_as_the_setting_says() -> None:
    world = home()
    lines(world, KEY, "1", "7")
    said = [effect.sign for effect in line(world, "123456", verdict="weak") if isinstance(effect, Show)]
    assert said == ["weak"]
    assert lines(world, "123456") == ["saved"]
    lines(world, "1", "8")
    said = [effect.sign for effect in line(world, "654321", verdict="refused") if isinstance(effect, Show)]
    assert (said, step(world)) == (["refused"], "pin")


def test_a_pin_that_could_not_be_read_is_none() -> None:
    world = home()
    lines(world, KEY, "1", "7")
    asked = world.lock.programming
    assert asked is not None
    world.submit(LineTyped(asked.number))
    assert (world.signs[-1], step(world)) == ("refused", "pin")


def test_a_full_lock_says_so() -> None:
    world = home(users=UserSettings(max=2))
    assert lines(world, KEY, "1") == ["menu", "full"]
    world = home(users=UserSettings(max=3, credentials=2))
    world.submit(UserSet("Add", 3, {}))
    for index in (1, 2):
        world.submit(CredentialSet("Add", "RFID", index, 3, digest(f"card {index}")))
    assert lines(world, KEY, "2", "3") == ["menu", "more", "full"]


def test_room_that_was_taken_meanwhile_is_told_at_the_end() -> None:
    world = home(users=UserSettings(credentials=2))
    world.submit(UserSet("Add", 3, {}))
    lines(world, KEY, "2", "3", NEW)
    for index in (1, 2):
        world.submit(CredentialSet("Add", "RFID", index, 3, digest(f"card {index}")))
    assert lines(world, NEW) == ["full"]
    assert step(world) == "choice"


def test_a_place_that_was_taken_meanwhile_is_refused_at_the_end() -> None:
    world = home()
    lines(world, KEY, "1", "7", NEW)
    world.enrol(7, "444444")
    assert lines(world, NEW) == ["refused"]
    assert not world.lock.people.find("PIN", digest(NEW))


# Who may, and when -------------------------------------------------------------------------------


def refused(world: World, sign: str = "refused") -> bool:
    said = lines(world, KEY)[0].split()
    return world.lock.programming is None and said[0] == sign


def test_switched_off_it_is_refused() -> None:
    world = home(keypad=KeypadSettings(programming=False))
    assert refused(world)
    assert world.entries(error="Restricted", detail="programming-off", user=1)
    world.submit(SettingsLoaded(wired()))
    assert lines(world, KEY) == ["menu"]
    world.submit(SettingsLoaded(wired(keypad=KeypadSettings(programming=False))))
    assert lines(world, "1") == ["refused"]
    assert world.lock.programming is None


@pytest.mark.parametrize("fields", [
    {"type": "UnrestrictedUser"}, {"status": "OccupiedDisabled"}, {"rule": "Dual"},
])  # fmt: skip
def test_only_an_enabled_programming_user_with_a_single_credential_may(fields: dict[str, str]) -> None:
    world = home()
    world.submit(UserSet("Modify", 1, fields))
    assert refused(world)
    world = home()
    lines(world, KEY)
    world.submit(UserSet("Modify", 1, fields))
    assert lines(world, "1") == ["refused"]
    assert world.lock.programming is None


@pytest.mark.parametrize("event", [
    UserCleared(1), CredentialCleared("ProgrammingPIN", 1),
    CredentialSet("Modify", "ProgrammingPIN", 1, 0, digest("777777")),
])  # fmt: skip
def test_who_is_removed_meanwhile_goes_no_further(event: Any) -> None:
    world = home()
    lines(world, KEY, "1", "7", NEW)
    world.submit(event)
    assert lines(world, NEW) == ["refused"]
    assert 7 not in world.lock.people.users


def test_a_critical_battery_keeps_its_energy_for_opening() -> None:
    world = home()
    world.battery(8.0)
    assert refused(world, "no-power")
    assert opens(world, ANNA)
    world.battery(50.0)
    assert lines(world, KEY, "1") == ["menu", "more"]
    world.battery(8.0)
    assert lines(world, "7")[0].split()[0] == "no-power"
    assert world.lock.programming is None


def test_a_weak_source_is_kept_for_opening() -> None:
    world = home()
    world.supply(Reading("battery", "Battery", False))
    world.plug("Generator")
    assert world.lock.power(world.at)["SessionActive"]
    assert refused(world, "no-power")
    world.unplug("Generator")
    world.wait(5)
    world.plug("EmergencyUsb")
    assert lines(world, KEY) == ["menu"]


def test_an_open_cover_holds_it() -> None:
    world = home()
    world.sense("tamper", True)
    assert refused(world)


@pytest.mark.parametrize("mode", ["Vacation", "Privacy", "NoRemoteLockUnlock", "Passage"])
def test_modes_do_not_hold_a_programming_user(mode: str) -> None:
    world = home()
    world.submit(PropertySet("OperatingMode", mode))
    assert lines(world, KEY, "1", "7", NEW, NEW)[-1] == "saved"


def test_a_lockout_holds_it_and_a_programming_pin_makes_no_wrong_code_forgotten() -> None:
    world = home()
    lines(world, "1234", "1234", "1234", "1234", KEY)
    world.submit(ProgrammingLeft())
    assert lines(world, "1234") == ["wrong locked-out"]
    assert refused(world, "locked-out")


def test_a_programming_pin_anywhere_else_begins_nothing() -> None:
    world = home()
    world.ask("Unlock", "Remote", KEY, 1)
    world.ask("Lock", "Remote", KEY, 2)
    assert {type(world.answers[n]).__name__ for n in (1, 2)} == {"Restricted"}
    assert world.lock.programming is None


def test_whose_pin_it_is_is_hunted_for_in_vain() -> None:
    world = home()
    lines(world, KEY, "1", "7")
    assert lines(world, *[ANNA] * 5) == ["refused"] * 4 + ["refused locked-out"]
    assert world.lock.programming is None
    assert world.alarms == ["WrongCodeEntryLimit"]
    assert len(world.entries(detail="programming-duplicate", user=1)) == 5
    assert world.lock.lockout_remaining("Keypad", world.at) == 90
    assert world.restarted(0).lock.lockout_remaining("Keypad", world.at) == 90


def test_a_pin_near_anothers_counts_too_whether_it_is_taken_or_not() -> None:
    world = home()
    lines(world, KEY, "1", "7")
    line(world, NEW, near=True, verdict="weak")
    assert (world.signs[-1], step(world)) == ("weak", "again")
    lines(world, "444444")
    for _ in range(4):
        line(world, NEW, near=True, verdict="refused")
    assert world.signs[-2:] == ["refused", "locked-out"]
    assert len(world.entries(detail="programming-near", user=1)) == 5
    assert world.lock.programming is None


# How it ends -------------------------------------------------------------------------------------


def test_star_leaves_at_any_step_and_changes_nothing() -> None:
    for typed in ((), ("1",), ("1", "7"), ("1", "7", NEW), ("3", "2")):
        world = home()
        lines(world, KEY, *typed)
        world.submit(ProgrammingLeft(5))
        assert (world.signs[-1], world.lock.programming, world.answers[5]) == ("left", None, None)
        assert world.entries(detail="programming-left", user=1)
        assert set(world.lock.people.users) == {1, 2}
        assert world.lock.next_deadline() is None


def test_it_ends_by_itself_when_nobody_types() -> None:
    world = home()
    lines(world, KEY, "1")
    world.wait(STEP_S - 1)
    lines(world, "7")
    world.wait(STEP_S - 0.01)
    assert step(world) == "pin"
    world.wait(0.02)
    assert (step(world), world.signs[-1]) == ("", "left")
    assert world.entries(detail="programming-timed-out")
    assert opens(world, ANNA)


def test_a_line_for_an_earlier_question_answers_nothing() -> None:
    world = home()
    lines(world, KEY, "1", "7")
    old = world.lock.programming
    assert old is not None
    world.wait(STEP_S)
    world.submit(LineTyped(old.number, None, digest(NEW), request=1))
    lines(world, KEY, "1", "8")
    now, said = world.lock.programming, list(world.signs)
    world.submit(LineTyped(old.number, None, digest(NEW), request=2))
    assert (world.answers, world.lock.programming, world.signs) == ({1: None, 2: None}, now, said)
    assert step(world) == "pin"


def test_what_comes_before_any_programming_is_answered() -> None:
    world = home()
    world.submit(LineTyped(1, request=1))
    world.submit(ProgrammingLeft(2))
    assert world.answers == {1: None, 2: None}


def test_a_card_ends_it_and_opens() -> None:
    world = home()
    world.submit(CredentialSet("Add", "RFID", 1, 2, digest("card")))
    lines(world, KEY, "1", "7", NEW)
    world.present("RFID", "card", "RFID")
    world.wait(1)
    assert (world.lock.programming, world.lock.lock_state) == (None, "Unlocked")
    assert world.entries(detail="programming-interrupted")
    assert lines(world, NEW) == ["wrong"]


def test_a_pin_instead_of_a_choice_ends_it_and_opens() -> None:
    world = home()
    lines(world, KEY)
    world.type(ANNA)
    world.wait(1)
    assert (world.lock.programming, world.lock.lock_state) == (None, "Unlocked")


def test_enter_pressed_ends_it_and_a_phone_or_a_caller_do_not() -> None:
    world = home()
    lines(world, KEY)
    world.ask("Unlock", "Remote")
    world.ask("Unlock", "ProprietaryRemote", ANNA)
    assert step(world) == "choice"
    world.submit(EnterPressed())
    assert world.lock.programming is None


# The disk ----------------------------------------------------------------------------------------


def test_the_first_question_waits_for_the_record() -> None:
    world = home()
    world.disk = "hangs"
    assert lines(world, KEY) == [""]
    world.write()
    assert world.signs == ["menu"]
    assert world.entries(detail="programming-began", user=1, source="Keypad", credentials=[["ProgrammingPIN", 1]])


def test_without_the_record_it_does_not_begin() -> None:
    world = home()
    world.disk = "fails"
    assert lines(world, KEY) == ["refused"]
    assert world.lock.programming is None
    assert refused(world)  # as nothing could be kept


def test_who_types_ahead_of_the_record_goes_no_further_without_it() -> None:
    world = home()
    world.disk = "hangs"
    assert lines(world, KEY, "1", "7") == ["", "more", "more"]
    world.fail()
    assert (world.signs[-1], world.lock.programming) == ("refused", None)
    world = home()
    world.disk = "hangs"
    lines(world, KEY, "1")
    world.write()
    assert (world.signs, step(world)) == (["more"], "number")


def test_who_left_before_the_record_failed_is_told_nothing_more() -> None:
    world = home()
    world.disk = "hangs"
    lines(world, KEY)
    world.submit(ProgrammingLeft())
    world.fail()
    assert world.signs == ["left"]


def test_a_change_is_saved_when_it_is_on_disk_and_answered_then() -> None:
    world = home()
    lines(world, KEY, "1", "7", NEW)
    world.disk = "hangs"
    assert lines(world, NEW) == [""]
    assert step(world) == "saving"
    stale = world.lock.programming
    assert stale is not None
    world.submit(LineTyped(stale.number, 1, request=1))
    assert (world.answers, step(world)) == ({1: None}, "saving")
    world.write()
    assert (world.signs[-1], step(world)) == ("saved", "choice")


def test_a_change_that_fails_says_so() -> None:
    world = home()
    lines(world, KEY, "1", "7", NEW)
    world.disk = "fails"
    assert lines(world, NEW)[0].split()[0] == "refused"
    assert 7 not in world.lock.people.users
    assert lines(world, "1")[0].split()[0] == "refused"
    assert world.lock.programming is None


def test_who_leaves_while_it_is_saved_has_saved_it() -> None:
    world = home()
    lines(world, KEY, "1", "7", NEW)
    world.disk = "hangs"
    lines(world, NEW)
    world.submit(ProgrammingLeft())
    world.write()
    assert 7 in world.lock.people.users
    assert world.signs[-1] == "left"


# Whatever is typed -------------------------------------------------------------------------------

KEYS = ("0", "1", "2", "3", "7", "101", ANNA, NEW, "444444", "*", "wait", "#", "card", "stale")


def play(world: World, typed: list[str]) -> None:
    """Lines without the ProgrammingPIN but for those that hold it."""
    old = world.lock.programming
    for text in typed:
        if text == "*":
            world.submit(ProgrammingLeft())
        elif text == "#":
            world.submit(EnterPressed())
        elif text == "wait":
            world.wait(STEP_S / 2)
        elif text == "card":
            world.submit(OperationAsked("Unlock", "RFID", Presented("RFID", digest("nobody's card"))))
        elif text == "stale":
            world.submit(LineTyped(old.number if old is not None else 1, 1, digest(NEW)))
        else:
            line(world, text)
        old = world.lock.programming or old


def drive_free(world: World) -> None:
    """Nobody else's opening is under way."""
    world.wait(5)
    world.drives = 0


@trials(max_examples=60)
@given(st.lists(st.sampled_from(KEYS), max_size=20))
def test_without_the_programming_pin_nothing_typed_changes_people(typed: list[str]) -> None:
    world = home()
    before = (dict(world.lock.people.users), dict(world.lock.people.credentials))
    play(world, typed)
    assert (world.lock.people.users, world.lock.people.credentials) == before


@trials(max_examples=150)
@given(st.lists(st.sampled_from((*KEYS, KEY, KEY)), max_size=30))
def test_whatever_is_typed_it_ends_in_time_admits_nobody_and_spares_the_programmer(typed: list[str]) -> None:
    world = home(lock={"wrong_code_limit": 255})
    play(world, [KEY, *typed])
    people = world.lock.people
    assert people.find("PIN", digest(MASTER)) or any(
        change[1:5] == ("Modify", "Keypad", BY, 1) for change in changes(world)
    )  # fmt: skip
    assert people.users[1].type == "ProgrammingUser"
    twice = [text for text in ("444444", NEW) if typed.count(text) < 2]
    assert not any(people.find("PIN", digest(text)) for text in twice), "stored without the second entry"
    grants = [x.entry.fields for x in world.effects if isinstance(x, Record) and "phase" in x.entry.fields]
    assert not any(["ProgrammingPIN", 1] in fields.get("credentials", ()) for fields in grants)
    world.wait(STEP_S)
    assert world.lock.programming is None
    drive_free(world)
    lines(world, KEY)
    assert world.drives == 0

"""A contact that cannot be read any more: what it said last is not what is, and nobody's hand is made up for it."""

from __future__ import annotations

from typing import Any

import pytest

from lockd.core.bolt import ADRIFT_S
from lockd.core.events import EnterPressed, Started
from lockd.core.hands import CALM_S
from lockd.settings import LockSettings
from lockd.words import Contact
from tests.core.test_programming import KEY, home
from tests.core.test_ways import HANDY, half_turned
from tests.core.world import AT_UNLOCKED, WIRED, World

RELOCKING = WIRED.but(lock=LockSettings(auto_relock_s=30))


def test_a_bolt_whose_locked_contact_is_lost_is_locked_no_longer_and_is_again_when_it_is_found() -> None:
    world = World()
    world.lose("locked")
    assert world.told["LockState"] == "Unknown"
    world.wait(ADRIFT_S)
    assert world.told["Fault"] == "PositionUnknown"
    assert world.signals("DoorLockAlarm") == [{"alarm": "BoltNotOut", "detail": "contacts"}]
    world.find("locked")
    assert (world.told["LockState"], world.told["Fault"]) == ("Locked", "None")
    assert not world.signals("LockOperation"), "nobody moved it"


def test_with_either_contact_of_the_bolt_lost_a_pin_still_opens() -> None:
    for contact in ("locked", "unlocked"):
        world = World().enrol(1, "123456")
        world.lose(contact)
        world.type("123456", request=1)
        world.wait(WIRED.bolt.travel_s)
        assert (world.answers, world.lock.lock_state) == ({1: None}, "Unlocked")
        assert world.motor is None


def test_a_bolt_that_is_unlocked_is_seen_there_by_the_contact_that_is_left() -> None:
    for contact in ("locked", "unlocked"):
        world = World(contacts=AT_UNLOCKED)
        world.lose(contact)
        world.wait(2 * ADRIFT_S)
        assert (world.lock.lock_state, world.alarms) == ("Unlocked", [])


def test_a_bolt_between_its_ends_comes_to_none_by_losing_a_contact() -> None:
    world = World()
    world.sense("locked", False)
    world.wait(ADRIFT_S)
    world.lose("unlocked")
    world.wait(1)
    assert world.lock.lock_state == "NotFullyLocked"
    world.lose("locked")
    assert world.lock.lock_state == "Unknown"
    assert not world.signals("LockOperation")
    assert world.alarms == ["BoltNotOut"]


def test_a_bolt_that_is_found_at_its_other_end_was_brought_there_by_nobody_who_was_seen() -> None:
    world = World(RELOCKING)
    world.lose("locked")
    world.lose("unlocked")
    world.by_hand("unlocked")
    world.find("unlocked")
    world.find("locked")
    assert world.signals("LockOperation") == [{"type": "Unlock", "source": "Unspecified", "detail": "found"}]
    world.wait(31)
    assert world.lock.lock_state == "Locked", "what is found open is locked again"
    assert world.signals("LockOperation")[-1]["source"] == "Auto"


def test_a_bolt_that_is_found_open_ends_no_privacy() -> None:
    world = World(WIRED.but(lock=LockSettings(mode="Privacy")))
    world.lose("locked")
    world.lose("unlocked")
    world.by_hand("unlocked")
    world.find("unlocked")
    assert world.lock.lock_state == "Unlocked"
    assert world.property("OperatingMode") == "Privacy"


def test_a_throw_that_cannot_be_seen_to_end_ends_all_the_same_and_says_so() -> None:
    world = World(contacts=AT_UNLOCKED)
    world.ask("Lock", request=1)
    world.wait(0.2)
    world.lose("locked")
    world.wait(60)
    assert world.motor is None
    assert world.answers[1].name == "Jammed"
    assert world.alarms == ["LockJammed"]
    world.find("locked")
    assert (world.lock.lock_state, world.lock.fault) == ("Locked", "None")


def test_a_door_whose_contact_is_lost_is_known_to_be_neither_open_nor_closed() -> None:
    world = World(contacts=AT_UNLOCKED | {"closed": False})
    world.lose("closed")
    assert world.told["DoorState"] == "Unknown"
    assert world.signals("DoorStateChange") == [{"state": "Unknown"}]
    world.wait(10 * WIRED.door.ajar_s)
    assert world.alarms == [], "nobody knows that it is ajar"
    world.find("closed")
    assert world.told["DoorState"] == "DoorOpen"
    world.sense("closed", True)
    world.lose("closed")
    world.find("closed")
    assert [told["state"] for told in world.signals("DoorStateChange")] == [
        "Unknown", "DoorOpen", "DoorClosed", "Unknown", "DoorClosed",
    ]  # fmt: skip


def test_no_bolt_is_homed_onto_a_door_that_nobody_sees_nor_while_the_hand_may_still_be_there() -> None:
    lost: tuple[Contact, ...] = ("closed", "spindle")
    for contact in lost:
        world = half_turned(World(HANDY))
        world.lose(contact)
        world.wait(CALM_S + 1)
        assert world.drives == 0


def test_a_bolt_that_is_lost_while_a_key_turns_was_not_left_half_way_by_it() -> None:
    world = World(HANDY)
    world.sense("spindle", True)
    world.lose("locked")
    world.sense("spindle", False)
    world.wait(2 * CALM_S)
    assert world.drives == 0


def test_a_key_that_cannot_be_felt_keeps_nobody_out() -> None:
    world = World(HANDY)
    world.sense("spindle", True)
    world.lose("spindle")
    world.ask(request=1)
    world.wait(1)
    assert world.answers == {1: None}


@pytest.mark.parametrize("at_start", [True, False])
@pytest.mark.parametrize("contact", ["spindle", "code", "hole"])
def test_while_a_hand_may_go_unfelt_nobody_says_that_it_was_inside(contact: Any, at_start: bool) -> None:
    private = HANDY.but(lock=LockSettings(mode="Privacy"))
    world = World(private, blind=(contact,)) if at_start else World(private)
    world.lose(contact)
    world.by_hand("unlocked")
    assert world.signals("LockOperation") == [{"type": "Unlock", "source": "Manual"}]
    assert world.property("OperatingMode") == "Privacy"
    world.find(contact)
    world.wait(10)
    world.by_hand("locked")
    assert world.signals("LockOperation")[-1]["detail"] == "thumbturn"


@pytest.mark.parametrize("contact", ["code", "hole"])
def test_a_hand_that_is_found_at_its_contact_is_told(contact: Any) -> None:
    world = World(HANDY)
    world.lose(contact)
    world.contacts[contact] = True
    world.find(contact)
    assert world.alarms == ["EmergencyKeyUsed"]


def test_an_inside_button_that_is_lost_and_found_opens_nothing() -> None:
    world = World()
    world.lose("inside")
    world.find("inside")
    world.wait(1)
    assert world.drives == 0
    world.press_inside()
    world.wait(1)
    assert world.lock.lock_state == "Unlocked"


def test_a_cover_that_nobody_can_feel_is_held_for_one_that_is_off_but_raises_no_alarm() -> None:
    passage = WIRED.but(lock=LockSettings(mode="Passage"))
    at_start, lost = World(passage, blind=("tamper",)), World(passage)
    at_start.submit(Started())
    lost.lose("tamper")
    for world in (at_start, lost):
        world.enrol(1, "123456")
        world.submit(EnterPressed())
        world.wait(1)
        assert (world.drives, world.alarms) == (0, [])
        assert world.entries(error="Restricted", detail="tamper-hold")
        world.type("123456")
        world.wait(1)
        assert world.lock.lock_state == "Unlocked"


def test_a_cover_is_told_of_once_whether_or_not_its_contact_was_lost_meanwhile() -> None:
    world = World()
    world.lose("tamper")
    world.find("tamper")
    assert (world.alarms, world.entries(detail="cover-back")) == ([], [])
    world.sense("tamper", True)
    world.lose("tamper")
    world.find("tamper")
    assert (world.alarms, world.entries(detail="cover-back")) == (["FrontEscutcheonRemoved"], [])
    world.lose("tamper")
    world.contacts["tamper"] = False
    world.find("tamper")
    assert (world.alarms, len(world.entries(detail="cover-back"))) == (["FrontEscutcheonRemoved"], 1)


def test_nobody_programs_at_a_keypad_whose_cover_cannot_be_felt() -> None:
    world = home()
    world.lose("tamper")
    world.ask("Unlock", "Keypad", KEY, request=1)
    assert world.answers[1].detail == "tamper-hold"
    world.find("tamper")
    world.ask("Unlock", "Keypad", KEY, request=2)
    assert world.lock.programming is not None

"""The inside button, the key and the thumbturn: the inside always gets out (promise 5)."""

from __future__ import annotations

import pytest

from lockd.core.contacts import PANIC_S
from lockd.core.hands import HAND_S, HELD_S
from lockd.errors import Busy
from tests.core.world import AT_UNLOCKED, WIRED, World, wired


def test_the_button_opens_what_is_locked_and_locks_what_is_unlocked() -> None:
    world = World()
    world.press_inside()
    world.wait(PANIC_S + 2)
    assert world.lock.lock_state == "Unlocked"
    world.press_inside()
    world.wait(2)
    assert world.lock.lock_state == "Locked"


def test_pressed_again_in_haste_it_does_not_lock() -> None:
    world = World()
    for _ in range(20):
        world.press_inside()
        world.wait(0.3)
    assert world.lock.lock_state == "Unlocked"
    assert not world.entries(source="Button", type="Lock")


def test_pressed_while_the_bolt_is_being_thrown_it_opens_at_the_end() -> None:
    world = World(contacts=AT_UNLOCKED)
    world.ask("Lock")
    world.wait(0.2)
    world.press_inside()
    world.wait(2)
    assert world.lock.lock_state == "Unlocked"


def test_pressed_while_somebody_waits_to_lock_it_has_the_last_word() -> None:
    world = World()
    world.ask("Unlock")
    world.ask("Lock", request=1)
    world.press_inside()
    world.wait(2)
    assert world.lock.lock_state == "Unlocked"
    assert isinstance(world.answers[1], Busy)


@pytest.mark.parametrize("contacts", [
    {"locked": False, "unlocked": False, "closed": True},
    {"locked": True, "unlocked": True, "closed": True},
    {"locked": False, "unlocked": True, "closed": False},
])  # fmt: skip
def test_where_the_bolt_is_not_seen_to_be_unlocked_on_a_closed_door_it_opens(contacts: dict[str, bool]) -> None:
    world = World(contacts=contacts)
    world.press_inside()
    assert world.entries(source="Button", phase="granted")[0].fields["type"] == "Unlock"


def test_letting_the_button_go_does_nothing() -> None:
    world = World()
    assert world.sense("inside", False) == []


def test_it_works_during_a_lockout() -> None:
    world = World()
    for _ in range(5):
        world.type("999999")
    world.press_inside()
    world.wait(1)
    assert world.lock.lock_state == "Unlocked"


def test_the_button_is_answered_by_lamps() -> None:
    world = World()
    world.press_inside()
    world.wait(1)
    assert world.signs == ["working", "granted"]


# The key and the thumbturn -------------------------------------------------------------------------


@pytest.mark.parametrize(("contact", "kind"), [("unlocked", "Unlock"), ("locked", "Lock")])
def test_a_bolt_moved_by_hand_is_told_as_manual(contact: str, kind: str) -> None:
    world = World() if contact == "unlocked" else World(contacts=AT_UNLOCKED)
    world.by_hand(contact)
    assert world.signals("LockOperation") == [{"type": kind, "source": "Manual", "detail": "thumbturn"}]
    assert world.drives == 0


def test_a_bolt_that_moves_while_the_key_turns_or_soon_after_was_moved_by_the_key() -> None:
    world = World()
    world.sense("spindle", True)
    world.wait(60)  # somebody has time
    world.by_hand("unlocked")
    world.sense("spindle", False)
    world.wait(HAND_S - 0.5)
    world.by_hand("locked")
    world.wait(1)
    world.by_hand("unlocked")
    assert [f["detail"] for f in world.signals("LockOperation")] == ["mechanical-key", "mechanical-key", "thumbturn"]


def test_without_a_spindle_contact_nobody_says_whose_hand_it_was() -> None:
    world = World(WIRED.but(spindle=None))
    world.by_hand("unlocked")
    assert world.signals("LockOperation") == [{"type": "Unlock", "source": "Manual"}]


def test_the_motor_is_never_held_against_the_key() -> None:
    world = World()
    world.ask(request=1)
    world.wait(0.2)
    world.sense("spindle", True)
    assert world.motor is None
    assert isinstance(world.answers[1], Busy)
    assert world.entries(phase="failed", detail="busy")


def test_the_motor_does_not_start_against_a_key_that_is_being_turned() -> None:
    world = World()
    world.sense("spindle", True)
    world.ask(request=1)
    assert isinstance(world.answers[1], Busy)
    world.sense("spindle", False)
    world.ask(request=2)
    world.wait(1)
    assert world.answers[2] is None


def test_a_spindle_contact_that_hangs_keeps_nobody_out() -> None:
    world = World()
    world.sense("spindle", True)
    world.wait(HELD_S + 1)
    world.ask(request=1)
    world.sense("spindle", False)  # a key let go is no hand against the motor
    world.wait(1)
    assert world.answers[1] is None


def test_a_key_that_ends_a_throw_may_bring_the_bolt_where_it_wants() -> None:
    world = World()
    world.ask()
    world.wait(0.2)
    world.stick()
    world.sense("spindle", True)
    world.sense("unlocked", True)
    assert world.lock.lock_state == "Unlocked"
    assert world.signals("LockOperation")[-1]["detail"] == "mechanical-key"
    world.wait(100)
    assert world.alarms == ["EmergencyKeyUsed"]


def test_a_bolt_that_a_key_left_between_raises_an_alarm() -> None:
    world = World(wired(ways=WIRED.ways.but(home=False)))
    world.ask()
    world.wait(0.2)
    world.stick()
    world.sense("spindle", True)
    world.sense("spindle", False)
    world.wait(100)
    assert world.alarms == ["BoltNotOut"]

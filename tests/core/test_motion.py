"""Motion: joined, queued, superseded, refused; stalled, jammed, torn; and the way back."""

from __future__ import annotations

import pytest

from lockd.core.bolt import ADRIFT_S, REST_S
from lockd.core.events import (
    CredentialCleared,
    CredentialSet,
    EffectFailed,
    Event,
    PropertySet,
    Started,
    UserCleared,
    UserSet,
)  # fmt: skip
from lockd.core.throws import WAITING_MAX
from lockd.errors import Busy, Failure, InsufficientBattery, Jammed
from lockd.settings import Pin
from tests.core.world import AT_UNLOCKED, LEAVES_S, NOON, World, digest, wired


def outcomes(world: World) -> list[tuple[str, str]]:
    return [
        (e.fields["type"], e.fields["phase"]) for _, e in world.trail if e.fields.get("phase") not in (None, "granted")
    ]


def jammed() -> World:
    """A world whose bolt has jammed between its ends, and is free again."""
    world = World()
    world.ask(request=99)
    world.wait(0.2)
    world.stick()
    world.wait(20)
    world.sticks = False
    assert world.property("Fault") == "Jammed"
    return world


# One wish and another ------------------------------------------------------------------------------


def test_the_same_wish_while_moving_joins_the_one_under_way() -> None:
    world = World()
    for request in (1, 2, 3):
        world.ask(request=request)
    world.wait(1)
    assert world.answers == {1: None, 2: None, 3: None}
    assert world.drives == 1
    assert outcomes(world) == [("Unlock", "done")] * 3


def test_the_opposite_wish_waits_and_has_its_turn_at_the_end() -> None:
    world = World()
    world.ask("Unlock", request=1)
    world.ask("Lock", request=2)
    world.wait(0.5)
    assert world.answers == {1: None}
    world.wait(0.5)
    assert world.answers == {1: None, 2: None}
    assert world.lock.lock_state == "Locked"


def test_who_wants_what_another_waits_for_waits_with_him_but_not_without_end() -> None:
    world = World()
    world.ask("Unlock", request=1)
    for request in range(2, WAITING_MAX + 3):
        world.ask("Lock", request=request)
    assert isinstance(world.answers[WAITING_MAX + 2], Busy)
    world.wait(2)
    assert [world.answers[request] for request in range(1, WAITING_MAX + 2)] == [None] * (WAITING_MAX + 1)


@pytest.mark.parametrize(
    ("meanwhile", "detail"),
    [
        (PropertySet("OperatingMode", "Privacy"), "mode-forbids"),
        (UserCleared(1), ""),
        (UserSet("Modify", 1, {"status": "OccupiedDisabled"}), ""),
        (UserSet("Modify", 1, {"type": "NonAccessUser"}), ""),
        (CredentialCleared("PIN", 2), ""),
        (CredentialSet("Modify", "PIN", 2, 1, digest("135791")), ""),
    ],
    ids=["the mode shuts him out", "he is removed", "he is disabled", "he may move nothing", "his PIN is removed",
         "his PIN is changed"],
)  # fmt: skip
def test_who_waits_may_lose_his_right_meanwhile(meanwhile: Event, detail: str) -> None:
    world = World(contacts=AT_UNLOCKED).enrol(1, "246810")
    world.give("864208", 2)
    world.ask("Lock", request=1)
    world.ask("Unlock", pin="864208", request=2)
    world.submit(meanwhile)
    world.wait(2)
    assert world.answers[2].detail == detail
    assert world.lock.lock_state == "Locked"


def left(world: World) -> int:
    return world.lock.people.left(world.lock.people.credentials["PIN", 2])


def test_one_too_many_who_waits_has_his_use_back() -> None:
    world = World(contacts=AT_UNLOCKED).enrol(1, "246810")
    world.give("864208", 2, uses=1)
    world.ask("Lock")
    for _ in range(WAITING_MAX):
        world.ask("Unlock")
    world.type("864208", request=1)
    assert isinstance(world.answers[1], Busy)
    assert left(world) == 1
    assert left(world.restarted()) == 1


def test_who_waits_has_his_use_back_when_the_motor_is_stopped_and_who_joined_has_not() -> None:
    world = World(contacts=AT_UNLOCKED).enrol(1, "246810")
    world.give("864208", 2, uses=1)
    world.ask("Lock")
    world.type("864208", request=1)
    assert left(world) == 0
    world.wait(LEAVES_S + 0.1)
    world.sense("spindle", True)
    assert isinstance(world.answers[1], Busy)
    assert left(world) == 1
    world = World().enrol(1, "246810")
    world.give("864208", 2, uses=1)
    world.type("864208", request=1)
    world.wait(LEAVES_S + 0.1)
    world.sense("spindle", True)
    assert isinstance(world.answers[1], Busy)
    assert left(world) == 0


def test_who_comes_while_a_hand_is_at_the_bolt_has_his_use_back() -> None:
    world = World(contacts=AT_UNLOCKED).enrol(1, "246810")
    world.give("864208", 2, uses=1)
    world.sense("spindle", True)
    world.type("864208", request=1)
    assert isinstance(world.answers[1], Busy)
    assert left(world) == 1


@pytest.mark.parametrize(("kind", "trusted", "detail"), [
    ("ExpiringUser", True, ""), ("ExpiringUser", False, "clock-unset"), ("WeekDayScheduleUser", False, "clock-unset"),
    ("UnrestrictedUser", False, None),
])  # fmt: skip
def test_who_waits_is_held_to_the_clock_when_his_turn_comes(kind: str, trusted: bool, detail: str | None) -> None:
    world = World(contacts=AT_UNLOCKED).enrol(1, "246810", type=kind).week()
    world.ask("Lock")
    world.ask("Unlock", pin="246810", request=2)
    world.wall += 30 * 86_400 * 1_000_000
    world.trust = "Trusted" if trusted else "Unknown"
    world.wait(2)
    assert getattr(world.answers[2], "detail", None) == detail
    assert world.lock.lock_state == ("Unlocked" if detail is None else "Locked")


def test_who_takes_the_place_of_one_who_waits_lends_him_no_right() -> None:
    world = World(contacts=AT_UNLOCKED).enrol(1, "246810")
    world.ask("Lock", request=1)
    world.ask("Unlock", pin="246810", request=2)
    world.submit(UserCleared(1))
    world.enrol(1, "864208")
    world.wait(2)
    assert world.answers[2].name == "DisabledUserDenied"
    assert world.lock.lock_state == "Locked"


def test_a_code_that_ends_while_it_waits_opens_nothing() -> None:
    world = World(contacts=AT_UNLOCKED).enrol(1, "246810")
    world.give("864208", 2, until=NOON // 1_000_000 + 1)
    world.stick()
    world.ask("Lock")
    world.ask("Unlock", pin="864208", request=2)
    world.wait(1.5)
    world.sense("unlocked", False)
    world.sense("locked", True)
    assert world.answers[2].detail == "expired"
    assert world.lock.lock_state == "Locked"


def test_a_door_that_opens_in_mid_throw_stops_the_motor() -> None:
    world = World(contacts=AT_UNLOCKED)
    world.ask("Lock", request=1)
    world.wait(LEAVES_S + 0.1)
    world.sense("closed", False)
    assert world.motor is None
    assert world.answers[1].detail == "door-open"
    world.stick()
    world.wait(1)
    assert world.lock.lock_state == "NotFullyLocked"


def test_who_asks_to_open_after_somebody_asked_to_lock_has_the_last_word() -> None:
    world = World()
    world.ask("Unlock", request=1)
    world.ask("Lock", request=2)
    world.ask("Unlock", request=3)
    world.wait(2)
    assert isinstance(world.answers[2], Busy)
    assert (world.answers[1], world.answers[3]) == (None, None)
    assert world.lock.lock_state == "Unlocked"


def test_who_waits_to_open_is_not_overtaken_by_somebody_who_locks() -> None:
    world = World(contacts=AT_UNLOCKED)
    world.ask("Lock", request=1)
    world.ask("Unlock", request=2)
    world.ask("Lock", request=3)
    world.wait(2)
    assert world.answers == {1: None, 3: None, 2: None}
    assert world.lock.lock_state == "Unlocked"


def test_what_is_wished_already_is_done_without_the_motor() -> None:
    world = World()
    world.ask("Lock", request=1)
    assert world.answers == {1: None}
    assert world.drives == 0


def test_who_waits_gets_his_turn_after_a_jam() -> None:
    world = World(wired(bolt={"retries": 0}), AT_UNLOCKED)
    world.sticks = True
    world.ask("Lock", request=1)
    world.ask("Unlock", request=2)
    world.wait(4)
    assert isinstance(world.answers[1], Jammed)
    assert world.answers[2] is None


# Stall and jam -------------------------------------------------------------------------------------


def test_a_bolt_that_does_not_move_is_tried_again_then_told_of_once() -> None:
    world = World()
    world.sticks = True
    world.ask(request=1)
    world.wait(3 * 3 + 2 * REST_S)
    assert world.drives == 3
    assert world.motor is None
    assert isinstance(world.answers[1], Jammed)
    assert world.answers[1].detail == "motor-timeout"
    assert (world.property("Fault"), world.property("LockState"), world.property("Motion")) == (
        "Stalled", "Locked", "Idle",
    )  # fmt: skip
    assert world.alarms == ["LockJammed"]
    assert world.signs[-1] == "jammed"
    assert world.signals("LockOperationError")[0]["detail"] == "motor-timeout"


def test_a_jam_is_never_folded_into_the_lock_state() -> None:
    world = jammed()
    assert world.property("LockState") == "NotFullyLocked"
    assert world.answers[99].detail == "jammed"
    assert world.alarms == ["LockJammed"]


def test_a_bolt_that_arrives_at_the_second_try_has_arrived() -> None:
    world = World()
    world.sticks = True
    world.ask(request=1)
    world.wait(3.1)
    world.sticks = False
    world.wait(1)
    assert world.answers == {1: None}
    assert world.alarms == []


def test_contacts_that_contradict_each_other_stop_the_motor_at_once() -> None:
    world = World()
    world.sticks = True
    world.ask(request=1)
    world.sense("unlocked", True)
    assert world.motor is None
    assert isinstance(world.answers[1], Jammed)
    assert (world.property("Fault"), world.property("LockState")) == ("PositionUnknown", "Unknown")
    assert world.alarms == ["LockJammed"]


def test_contacts_that_contradict_each_other_at_rest_raise_an_alarm() -> None:
    world = World()
    world.sense("unlocked", True)
    assert (world.property("Fault"), world.property("LockState")) == ("PositionUnknown", "Unknown")
    assert world.signals("DoorLockAlarm") == [{"alarm": "BoltNotOut", "detail": "contacts"}]


def test_a_bolt_that_is_found_between_its_ends_at_start_raises_an_alarm() -> None:
    world = World(contacts={"locked": False, "unlocked": False, "closed": True})
    world.submit(Started())
    assert world.alarms == ["BoltNotOut"]
    assert (world.property("LockState"), world.property("Fault")) == ("NotFullyLocked", "PositionUnknown")
    assert world.drives == 0


def test_a_bolt_that_leaves_its_end_by_itself_raises_an_alarm() -> None:
    world = World()
    world.sense("locked", False)
    world.wait(ADRIFT_S - 0.1)
    assert world.alarms == []
    assert world.property("LockState") == "NotFullyLocked"
    world.wait(0.2)
    assert world.alarms == ["BoltNotOut"]


# The way back --------------------------------------------------------------------------------------


def test_home_throws_a_jammed_bolt_to_locked_while_the_door_is_closed() -> None:
    world = jammed()
    world.ask("Home", request=1)
    assert world.property("Motion") == "Homing"
    world.wait(1)
    assert world.answers[1] is None
    assert (world.property("LockState"), world.property("Fault")) == ("Locked", "None")
    assert world.entries(phase="done")[-1].fields["type"] == "Lock"


def test_home_never_throws_the_bolt_onto_an_open_door() -> None:
    world = jammed()
    world.sense("closed", False)
    world.ask("Home", request=1)
    world.wait(1)
    assert world.answers[1] is None
    assert (world.property("LockState"), world.property("Fault")) == ("Unlocked", "None")
    assert world.entries(phase="done")[-1].fields["type"] == "Unlock"


def test_home_without_a_door_contact_goes_to_locked() -> None:
    world = World(contacts={"locked": False, "unlocked": False})
    world.ask("Home", request=1)
    world.wait(1)
    assert world.lock.lock_state == "Locked"


@pytest.mark.parametrize(("contacts", "kind"), [(None, "Lock"), (AT_UNLOCKED, "Unlock")])
def test_home_leaves_a_bolt_that_is_seen_at_an_end_where_it_is(contacts: dict[str, bool] | None, kind: str) -> None:
    world = World(contacts=contacts) if contacts else World()
    world.ask("Home", request=1)
    assert world.answers == {1: None}
    assert world.drives == 0
    assert world.entries(phase="done")[0].fields["type"] == kind


def test_home_mends_a_stall_of_a_bolt_that_never_left() -> None:
    world = World(wired(bolt={"retries": 0}))
    world.sticks = True
    world.ask()
    world.wait(4)
    assert world.property("Fault") == "Stalled"
    world.ask("Home", request=1)
    assert world.answers == {1: None}
    assert world.property("Fault") == "None"


def test_a_jammed_bolt_may_be_asked_again_and_the_fault_is_gone_when_it_arrives() -> None:
    world = jammed()
    world.ask(request=1)
    assert world.property("Fault") == "None"
    world.wait(1)
    assert world.answers[1] is None
    assert world.property("Fault") == "None"


def test_a_jammed_bolt_may_be_freed_by_hand() -> None:
    world = jammed()
    world.sense("unlocked", True)
    assert (world.property("LockState"), world.property("Fault")) == ("Unlocked", "None")


# Power and pins ------------------------------------------------------------------------------------


def test_power_lost_in_mid_travel_stops_the_motor_and_tells_everybody() -> None:
    world = World()
    world.ask("Unlock", request=1)
    world.ask("Lock", request=2)
    world.wait(0.2)
    world.power(False)
    assert world.motor is None
    assert {type(world.answers[n]) for n in (1, 2)} == {InsufficientBattery}
    assert world.answers[1].detail == "power-lost"
    assert world.property("Fault") == "PowerLost"
    assert world.alarms == ["PowerLost"]
    assert {f["error"] for f in world.signals("LockOperationError")} == {"InsufficientBattery"}


def test_when_the_power_is_back_nothing_goes_on_by_itself_and_home_is_the_way() -> None:
    world = World()
    world.ask()
    world.wait(0.2)
    world.power(False)
    drives = world.drives
    world.wait(100)
    world.power(True)
    world.wait(100)
    assert world.drives == drives
    assert world.property("Fault") == "PositionUnknown"
    assert world.alarms == ["PowerLost", "BoltNotOut"]
    world.ask("Home", request=1)
    world.wait(1)
    assert (world.answers[1], world.property("Fault"), world.lock.lock_state) == (None, "None", "Locked")


def test_without_power_everybody_is_told_so_even_at_the_inside_button() -> None:
    world = World().enrol(1, "123456")
    world.power(False)
    world.type("123456", request=1)
    world.ask(request=2)
    world.press_inside()
    assert {type(world.answers[n]) for n in (1, 2)} == {InsufficientBattery}
    assert world.drives == 0
    assert world.property("Fault") == "PowerLost"
    world.power(True)
    assert world.property("Fault") == "None"
    world.type("123456")
    world.wait(1)
    assert world.lock.lock_state == "Unlocked"


def test_power_that_fails_between_the_grant_and_the_motor_is_seen() -> None:
    world = World()
    world.disk = "hangs"
    world.ask(request=1)
    world.power(False)
    world.write()
    assert isinstance(world.answers[1], InsufficientBattery)
    assert world.drives == 0


def test_a_jam_is_still_a_jam_when_the_power_was_away() -> None:
    world = jammed()
    world.power(False)
    world.power(True)
    assert world.property("Fault") == "Jammed"


def test_pins_that_do_not_answer_are_told_of_once_and_tried_again_each_time() -> None:
    world = World().enrol(1, "123456")
    world.sticks = True
    for request in (1, 2, 3):
        world.type("123456", request=request)
        world.submit(EffectFailed(0, "the chip is gone"))
        assert isinstance(world.answers[request], Failure)
        assert world.motor is None
    assert (world.property("Fault"), world.property("ActuatorEnabled")) == ("ActuatorDisabled", False)
    assert world.lock.degraded() == ("motor: the chip is gone",)
    assert world.signals("DoorLockAlarm") == [{"alarm": "LockJammed", "detail": "actuator-disabled"}]
    world.sticks = False
    world.type("123456", request=4)
    world.wait(1)
    assert world.answers[4] is None
    assert (world.property("Fault"), world.property("ActuatorEnabled")) == ("None", True)
    assert world.lock.degraded() == ()


# The latch -----------------------------------------------------------------------------------------


def latched() -> World:
    return World(wired(bolt={"latch": Pin(9), "latch_hold_s": 3.0}))


def test_unlock_pulls_the_latch_for_its_time() -> None:
    world = latched()
    world.ask("Unlock", request=1)
    world.wait(1)
    assert world.latch == [True]
    assert (world.property("LockState"), world.property("Motion")) == ("Unlatched", "Unlatching")
    assert world.signals("LockOperation")[0]["type"] == "Unlatch"
    world.wait(3)
    assert world.latch == [True, False]
    assert (world.property("LockState"), world.property("Motion")) == ("Unlocked", "Idle")


def test_unbolt_leaves_the_latch_alone() -> None:
    world = latched()
    world.ask("Unbolt")
    world.wait(1)
    assert world.latch == []
    assert world.signals("LockOperation")[0]["type"] == "Unlock"


def test_the_latch_is_let_go_before_the_bolt_is_thrown() -> None:
    world = latched()
    world.ask("Unlock")
    world.wait(1)
    world.ask("Lock")
    assert world.latch == [True, False]
    world.wait(1)
    assert world.property("LockState") == "Locked"

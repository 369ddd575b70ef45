"""The bolt by itself: its table, its contacts, its time limits."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd.core.bolt import (
    ADRIFT_S,
    REST_S,
    TABLE,
    Act,
    Adrift,
    Arrived,
    Bolt,
    Failed,
    HandMoved,
    IllegalTransition,
    Input,
    Joined,
    Queued,
    State,
    Stopped,
    position,
)  # fmt: skip
from lockd.core.effects import DriveBolt, StopBolt
from lockd.settings import BoltSettings

MOTOR = BoltSettings(travel_s=3.0, retries=2)
WISHES = ("LockWanted", "UnlockWanted")
SEEN = ("AtLocked", "AtUnlocked", "Between", "Contradiction")
MOVING = ("Locking", "Unlocking")


def bolt(locked: bool | None = True, unlocked: bool | None = False, **more: object) -> Bolt:
    return Bolt(MOTOR.but(**more), locked, unlocked)


# The table -----------------------------------------------------------------------------------------


def test_every_state_answers_every_wish_every_sight_and_the_loss_of_the_motor() -> None:
    for state, given_ in product(get_args(State), (*WISHES, *SEEN, "Halted")):
        assert (state, given_) in TABLE


def test_only_a_bolt_that_is_driven_runs_out_of_time() -> None:
    assert {state for state, given_ in TABLE if given_ in ("TimedOut", "GaveUp")} == set(MOVING)


def test_the_table_names_nothing_that_does_not_exist() -> None:
    for (state, given_), (after, act) in TABLE.items():
        assert state in get_args(State)
        assert after in get_args(State)
        assert given_ in get_args(Input)
        assert act in get_args(Act)
    assert {act for _, act in TABLE.values()} == set(get_args(Act))


def test_locked_is_reached_by_the_locked_contact_alone() -> None:
    reached = {given_ for (state, given_), (after, _) in TABLE.items() if after == "Locked" and state != "Locked"}
    assert reached == {"AtLocked"}


def test_only_a_wish_moves_the_bolt() -> None:
    driven = {given_ for (_, given_), (_, act) in TABLE.items() if act == "drive"}
    assert driven == set(WISHES)


def test_a_moving_bolt_is_never_turned_round() -> None:
    for state, given_ in product(MOVING, WISHES):
        assert TABLE[state, given_][0] == state


def test_what_the_table_does_not_name_is_an_error_that_changes_nothing() -> None:
    it = bolt()
    before = dict(vars(it))
    with pytest.raises(IllegalTransition, match="TimedOut while Locked"):
        it._step("TimedOut", 0)
    assert vars(it) == before


@given(
    st.sampled_from([True, False, None]), st.sampled_from([True, False, None]),
    st.lists(st.tuples(st.sampled_from(["lock", "unlock", "locked", "unlocked", "halt", "time"]), st.booleans())),
    st.sampled_from(["motor", "strike"]),
)  # fmt: skip
def test_no_sequence_leads_outside_the_table_nor_leaves_a_moving_bolt_without_a_limit(
    locked: bool | None, unlocked: bool | None, events: list[tuple[str, bool]], kind: str
) -> None:
    it, at = bolt(locked, unlocked, kind=kind), 0.0
    for event, on in events:
        match event:
            case "lock" | "unlock":
                it.want("Locking" if event == "lock" else "Unlocking", at)
            case "halt":
                it.halt("PowerLost", at)
            case "time" if it.deadline is not None:
                at = it.deadline
                it.tick(at)
            case "locked" | "unlocked" if getattr(it, event) is not None:
                it.sense(event, on, at)
        assert (it.direction is not None) <= (it.deadline is not None)
        assert it.deadline is None or it.deadline > at
        assert (it.lock_state == "Locked") == bool(it.locked and not it.unlocked)


# The contacts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locked", "unlocked", "resting", "moving"),
    [
        (True, False, "AtLocked", "AtLocked"),
        (False, True, "AtUnlocked", "AtUnlocked"),
        (False, False, "Between", "Between"),
        (True, True, "Contradiction", "Contradiction"),
        (True, None, "AtLocked", "AtLocked"),
        (False, None, "AtUnlocked", "Between"),
        (None, None, "Between", "Between"),
        (None, False, "Between", "Between"),
        (None, True, "AtUnlocked", "AtUnlocked"),
    ],
)
def test_what_both_contacts_say_together(
    locked: bool | None, unlocked: bool | None, resting: Input, moving: Input
) -> None:
    assert position(locked, unlocked, moving=False) == resting
    assert position(locked, unlocked, moving=True) == moving


@pytest.mark.parametrize(
    ("locked", "unlocked", "state", "said", "fault"),
    [
        (True, False, "Locked", "Locked", "None"),
        (False, True, "Unlocked", "Unlocked", "None"),
        (False, False, "Unknown", "NotFullyLocked", "PositionUnknown"),
        (True, True, "Unknown", "Unknown", "PositionUnknown"),
        (False, None, "Unlocked", "Unlocked", "None"),
    ],
)
def test_at_start_the_contacts_say_where_it_is(
    locked: bool, unlocked: bool | None, state: State, said: str, fault: str
) -> None:
    it = bolt(locked, unlocked)
    assert (it.state, it.lock_state, it.fault, it.deadline) == (state, said, fault, None)


def test_it_is_unlocked_when_the_unlocked_contact_says_so() -> None:
    it = bolt()
    assert it.want("Unlocking", 0) == (DriveBolt("Unlocking"),)
    assert it.sense("locked", False, 0.1) == ()
    assert it.sense("unlocked", True, 0.4) == (StopBolt(), Arrived("Unlocking"))
    assert (it.state, it.fault, it.deadline) == ("Unlocked", "None", None)


def test_without_an_unlocked_contact_it_is_driven_for_the_whole_time() -> None:
    it = bolt(True, None)
    it.want("Unlocking", 0)
    assert it.sense("locked", False, 0.1) == ()
    assert it.lock_state == "NotFullyLocked"
    assert it.deadline == 3.0
    assert it.tick(3.0) == (StopBolt(), Arrived("Unlocking"))
    assert it.lock_state == "Unlocked"


def test_without_an_unlocked_contact_a_bolt_that_stays_locked_has_not_arrived() -> None:
    it = bolt(True, None, retries=0)
    it.want("Unlocking", 0)
    assert it.tick(3.0) == (StopBolt(), Failed("Unlocking", "Stalled", "motor-timeout"))
    assert it.lock_state == "Locked"


def test_without_an_unlocked_contact_a_bolt_stopped_on_its_way_is_not_called_unlocked() -> None:
    it = bolt(True, None)
    it.want("Unlocking", 0)
    it.sense("locked", False, 0.1)
    it.halt("PowerLost", 0.2)
    assert (it.state, it.lock_state, it.fault) == ("Unknown", "NotFullyLocked", "PositionUnknown")


# Time ----------------------------------------------------------------------------------------------


def test_it_is_tried_again_after_a_rest_and_then_given_up() -> None:
    it = bolt()
    it.want("Unlocking", 0)
    it.sense("locked", False, 0.1)
    for began in (0.0, 3.0 + REST_S):
        assert it.tick(began + 3.0) == (StopBolt(),)
        assert it.deadline == began + 3.0 + REST_S
        assert it.direction == "Unlocking"
        assert it.tick(began + 3.0 + REST_S) == (DriveBolt("Unlocking"),)
    last = 3 * 3.0 + 2 * REST_S
    assert it.deadline == pytest.approx(last)
    assert it.tick(last) == (StopBolt(), Failed("Unlocking", "Jammed", "jammed"))
    assert (it.state, it.fault, it.deadline) == ("Jammed", "Jammed", None)


def test_each_throw_has_all_its_retries() -> None:
    it = bolt(retries=1)
    for _ in range(2):
        it.want("Unlocking", 0)
        assert it.tick(3.0) == (StopBolt(),)
        it.tick(3.0 + REST_S)
        assert it.tick(7.0)[1] == Failed("Unlocking", "Stalled", "motor-timeout")


def test_a_contact_that_comes_while_the_motor_rests_counts() -> None:
    it = bolt()
    it.want("Unlocking", 0)
    it.tick(3.0)
    it.sense("locked", False, 3.1)
    assert it.sense("unlocked", True, 3.1) == (StopBolt(), Arrived("Unlocking"))


def test_one_that_never_left_is_stalled_and_one_that_stays_between_is_jammed() -> None:
    it = bolt(retries=0)
    it.want("Unlocking", 0)
    assert it.tick(3.0)[1] == Failed("Unlocking", "Stalled", "motor-timeout")
    assert (it.state, it.fault, it.lock_state) == ("Jammed", "Stalled", "Locked")
    it = bolt(False, True, retries=0)
    it.want("Locking", 0)
    assert it.tick(3.0)[1] == Failed("Locking", "Stalled", "motor-timeout")
    it = bolt(False, True, retries=0)
    it.want("Locking", 0)
    it.sense("unlocked", False, 0.2)
    assert it.tick(3.0)[1] == Failed("Locking", "Jammed", "jammed")
    assert it.lock_state == "NotFullyLocked"


# Wishes --------------------------------------------------------------------------------------------


def test_where_it_is_wanted_the_motor_does_not_run() -> None:
    assert bolt().want("Locking", 0) == (Arrived("Locking"),)
    assert bolt(False, True).want("Unlocking", 0) == (Arrived("Unlocking"),)


def test_the_same_wish_joins_and_the_opposite_one_waits() -> None:
    it = bolt()
    it.want("Unlocking", 0)
    assert it.want("Unlocking", 1) == (Joined(),)
    assert it.want("Locking", 1) == (Queued(),)
    assert it.deadline == 3.0


def test_a_stalled_bolt_that_is_seen_at_the_wished_end_has_arrived() -> None:
    it = bolt(retries=0)
    it.want("Unlocking", 0)
    it.tick(3.0)
    assert it.want("Locking", 4.0) == (Arrived("Locking"),)
    assert (it.state, it.fault) == ("Locked", "None")


def test_a_stalled_bolt_may_be_asked_again() -> None:
    it = bolt(retries=0)
    it.want("Unlocking", 0)
    it.tick(3.0)
    assert it.want("Unlocking", 4.0) == (DriveBolt("Unlocking"),)
    assert it.fault == "None"


# By hand, and taken away ---------------------------------------------------------------------------


def test_a_bolt_that_moves_without_the_motor_was_moved_by_hand() -> None:
    it = bolt()
    assert it.sense("locked", False, 0) == ()
    assert it.sense("unlocked", True, 1) == (HandMoved("Unlocked"),)
    assert it.deadline is None


def test_one_that_comes_back_to_its_end_was_not_moved() -> None:
    it = bolt()
    it.sense("locked", False, 0)
    assert it.sense("locked", True, 1) == ()
    assert (it.state, it.deadline) == ("Locked", None)


def test_one_that_stays_between_is_adrift_after_a_while() -> None:
    it = bolt()
    it.sense("locked", False, 0)
    assert it.deadline == ADRIFT_S
    assert it.tick(ADRIFT_S) == (Adrift(),)
    assert (it.fault, it.deadline) == ("PositionUnknown", None)


def test_contradiction_at_rest_is_told_at_once() -> None:
    it = bolt()
    assert it.sense("unlocked", True, 0) == (Adrift(),)
    assert (it.fault, it.lock_state) == ("PositionUnknown", "Unknown")
    assert it.sense("unlocked", False, 1) == ()
    assert (it.state, it.fault) == ("Locked", "None")


def test_contradiction_in_a_throw_stops_it_at_once() -> None:
    it = bolt()
    it.want("Unlocking", 0)
    assert it.sense("unlocked", True, 0.1) == (StopBolt(), Failed("Unlocking", "PositionUnknown", "jammed"))
    assert (it.state, it.fault) == ("Unknown", "PositionUnknown")
    assert it.want("Locking", 1) == (DriveBolt("Locking"),)


def test_halted_on_its_way_it_is_nowhere_until_seen() -> None:
    it = bolt()
    it.want("Unlocking", 0)
    it.sense("locked", False, 0.1)
    assert it.halt("PowerLost", 0.2) == (StopBolt(), Stopped("Unlocking", "PowerLost"))
    assert (it.state, it.fault, it.deadline) == ("Unknown", "PositionUnknown", 0.2 + ADRIFT_S)
    assert it.tick(0.2 + ADRIFT_S) == (Adrift(),)


def test_halted_before_it_left_it_is_where_it_was() -> None:
    it = bolt()
    it.want("Unlocking", 0)
    assert it.halt("ActuatorDisabled", 0) == (StopBolt(), Stopped("Unlocking", "ActuatorDisabled"))
    assert (it.state, it.fault, it.deadline) == ("Locked", "None", None)


def test_halted_at_rest_nothing_happens() -> None:
    it = bolt()
    assert it.halt("PowerLost", 0) == ()
    assert (it.state, it.fault) == ("Locked", "None")


# A strike ------------------------------------------------------------------------------------------


def test_a_strike_stays_energised_until_it_is_to_lock() -> None:
    it = bolt(kind="strike")
    it.want("Unlocking", 0)
    it.sense("locked", False, 0.1)
    assert it.sense("unlocked", True, 0.1) == (Arrived("Unlocking"),)
    assert it.want("Locking", 5.0) == (DriveBolt("Locking"),)
    it.sense("unlocked", False, 5.1)
    assert it.sense("locked", True, 5.1) == (StopBolt(), Arrived("Locking"))


def test_a_strike_is_let_go_when_the_power_fails_or_it_locks_by_itself() -> None:
    it = bolt(False, True, kind="strike")
    assert it.halt("PowerLost", 0) == (StopBolt(),)
    it.sense("unlocked", False, 1)
    assert it.sense("locked", True, 1) == (StopBolt(),)
    it = bolt(False, True, kind="strike")
    assert it.sense("unlocked", False, 0) == ()
    assert it.sense("locked", True, 1) == (StopBolt(), HandMoved("Locked"))

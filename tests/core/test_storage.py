"""Nothing opens that is not on disk (promise 1), and what holds when the disk is dead (promise 4)."""

from __future__ import annotations

import pytest

from lockd.core.effects import DriveBolt, Publish
from lockd.core.events import Noted, PropertySet, Recorded, UserSet
from lockd.core.throws import INSIDE_BOUND_S
from lockd.core.trail import BOUND_S
from lockd.errors import LockdError
from tests.core.world import World


def test_the_motor_never_moves_before_the_store_has_answered() -> None:
    world = World()
    world.disk = "hangs"
    world.ask()
    world.wait(BOUND_S - 0.1)
    assert world.drives == 0
    (record,) = world.unwritten
    effects = world.lock.handle(Recorded(record.ticket, 1), world.at)
    assert DriveBolt("Unlocking") in effects


def test_an_answer_for_somebody_else_moves_nothing() -> None:
    world = World()
    world.disk = "hangs"
    world.ask()
    ticket = world.unwritten[0].ticket
    for other in (ticket - 1, ticket + 1, 999):
        assert world.lock.handle(Recorded(other, 1), world.at) == ()
    assert world.drives == 0


def test_an_answer_that_comes_twice_counts_once() -> None:
    world = World().unlocked()
    assert world.submit(Recorded(1, 1)) == []


def test_a_disk_that_hangs_keeps_an_ordinary_right_waiting_for_a_bounded_time() -> None:
    world = World().enrol(1, "123456")
    world.disk = "hangs"
    world.type("123456", request=1)
    world.wait(BOUND_S - 0.01)
    assert world.drives == 0
    world.wait(1)
    assert world.answers == {1: None}
    assert world.lock.lock_state == "Unlocked"


def test_a_disk_that_fails_keeps_nobody_waiting() -> None:
    world = World().enrol(1, "123456")
    world.disk = "fails"
    world.type("123456", request=1)
    world.wait(1)
    assert world.answers == {1: None}


def test_a_dead_disk_keeps_who_wants_out_a_shorter_time() -> None:
    world = World()
    world.disk = "hangs"
    world.press_inside()
    world.wait(INSIDE_BOUND_S - 0.1)
    assert world.drives == 0
    world.wait(0.2)
    assert world.drives == 1


def test_a_dead_disk_raises_one_alarm_that_has_no_number() -> None:
    world = World()
    world.disk = "fails"
    for _ in range(5):
        world.ask("Lock")
        world.wait(10)
    told = [e for e in world.effects if isinstance(e, Publish) and e.entry.fields.get("alarm") == "AuditDegraded"]
    assert [(e.seq, e.entry.fields["detail"]) for e in told] == [(0, "storage")]
    assert world.lock.degraded() == ("store: records cannot be written; codes without a limit of use still open",)


def test_a_disk_that_is_well_again_is_believed_and_the_next_failure_told_of() -> None:
    world = World()
    for _ in range(2):
        world.disk = "fails"
        world.ask("Lock")
        world.disk = "works"
        world.ask("Lock")
        assert world.lock.degraded() == ()
    assert world.alarms == ["AuditDegraded"] * 2


def test_a_disk_that_hangs_is_not_well_before_it_has_written_everything() -> None:
    world = World()
    world.disk = "hangs"
    world.ask("Lock")
    world.ask("Lock")
    world.wait(3)
    first, *_ = world.unwritten
    world.submit(Recorded(first.ticket, 1))
    assert world.lock.degraded()
    world.unwritten.remove(first)
    world.write()
    assert world.lock.degraded() == ()


def test_what_is_told_while_the_disk_is_dead_has_no_number() -> None:
    world = World()
    world.disk = "hangs"
    world.ask()
    world.wait(6)
    assert [e.seq for e in world.effects if isinstance(e, Publish)] == [0, 0]
    assert world.signals("LockOperation") == [{"type": "Unlock", "source": "Remote", "phase": "done"}]


def test_a_grant_that_reaches_the_disk_late_leaves_no_open_row() -> None:
    world = World()
    world.disk = "hangs"
    world.ask()
    world.wait(6)
    world.write()
    assert not [key for _, key in world.rows if key.startswith("grant:")]
    assert world.entries(detail="late-record", grant=1)
    assert world.drives == 1


def test_a_grant_that_fails_late_is_forgotten() -> None:
    world = World()
    world.disk = "hangs"
    world.ask()
    world.wait(6)
    world.fail()
    world.disk = "works"
    world.ask("Lock")
    assert not world.entries(detail="late-record")


def test_refusals_are_answered_after_the_bound_too() -> None:
    world = World()
    world.disk = "hangs"
    world.ask(pin="999999", request=1)
    for request in range(2, 9):
        world.ask(pin="999999", request=request)
    world.wait(BOUND_S)
    assert len(world.answers) == 8
    assert world.lock.lockout_remaining("Remote", world.at) > 0


# Changes -------------------------------------------------------------------------------------------


def test_a_change_that_cannot_be_written_is_not_made() -> None:
    world = World()
    world.disk = "fails"
    world.submit(PropertySet("AutoRelockTime", 9, request=1))
    world.submit(UserSet("Add", 1, {}, request=2))
    assert {world.answers[n].detail for n in (1, 2)} == {"storage"}
    assert world.property("AutoRelockTime") == 0
    assert world.lock.people.users == {}


def test_a_change_holds_from_the_moment_it_is_on_disk() -> None:
    world = World()
    world.disk = "hangs"
    world.submit(PropertySet("AutoRelockTime", 9, request=1))
    assert (world.property("AutoRelockTime"), world.answers) == (0, {})
    world.write()
    assert (world.property("AutoRelockTime"), world.answers) == (9, {1: None})


def test_changes_are_made_one_after_the_other() -> None:
    world = World()
    world.disk = "hangs"
    world.submit(UserSet("Add", 1, {}, request=1))
    world.submit(UserSet("Modify", 1, {"name": "Anna"}, request=2))
    world.submit(UserSet("Add", 1, {}, request=3))
    assert len(world.unwritten) == 1
    world.write()
    assert world.answers[1] is world.answers[2] is None
    assert world.answers[3].name == "Occupied"
    assert world.lock.people.users[1].name == "Anna"


def test_too_many_that_wait_are_busy() -> None:
    world = World()
    world.disk = "hangs"
    for request in range(1, 101):
        world.submit(UserSet("Add", request, {}, request=request))
    assert {world.answers[n].name for n in world.answers} == {"Busy"}
    assert len(world.answers) == 100 - 64
    world.write()
    assert len(world.answers) == 100


def test_a_change_that_reaches_the_disk_late_holds_though_it_was_answered_as_failed() -> None:
    world = World()
    world.disk = "hangs"
    world.submit(UserSet("Add", 1, {}, request=1))
    world.wait(3)
    assert world.answers[1].detail == "storage"
    assert world.lock.people.users == {}
    world.write()
    assert list(world.lock.people.users) == [1]
    assert [f["user"] for f in world.signals("LockUserChange")] == [1]
    assert list(world.restarted().lock.people.users) == [1]


def test_until_the_disk_has_said_whether_it_holds_no_other_change_is_made() -> None:
    """Two changes that do not know of each other could give the same PIN to two users."""
    world = World()
    world.disk = "hangs"
    world.submit(UserSet("Add", 1, {}, request=1))
    world.submit(UserSet("Add", 2, {}, request=2))
    world.wait(3)
    world.submit(UserSet("Add", 3, {}, request=3))
    assert {world.answers[n].detail for n in (1, 2, 3)} == {"storage"}
    world.write()
    world.submit(UserSet("Add", 4, {}, request=4))
    assert world.answers[4] is None
    assert list(world.lock.people.users) == [1, 4]


def test_a_change_that_fails_late_lets_the_next_one_be_made() -> None:
    world = World()
    world.disk = "hangs"
    world.submit(UserSet("Add", 1, {}, request=1))
    world.wait(3)
    world.fail()
    world.disk = "works"
    world.submit(UserSet("Add", 2, {}, request=2))
    assert world.answers[2] is None
    assert list(world.lock.people.users) == [2]


@pytest.mark.parametrize("alarm", [None, "BatteryLow"])
def test_what_the_daemon_notes_is_recorded_and_answered(alarm: str | None) -> None:
    world = World()
    world.submit(Noted("time-set", "uid 0", alarm, request=1))
    assert world.answers == {1: None}
    assert world.entries(detail="time-set", by="uid 0")
    assert world.alarms == ([alarm] if alarm else [])


def test_a_flood_while_the_disk_hangs_is_forgotten_when_it_has_answered() -> None:
    world = World()
    world.disk = "hangs"
    for _ in range(200):
        world.ask("Lock")
    world.wait(5)
    world.fail()
    trail = world.lock.parts.trail
    assert (trail._waiting, trail._overdue, world.lock.throws._under_way) == ({}, {}, ())


def test_a_failure_is_an_error_for_people() -> None:
    world = World()
    world.disk = "fails"
    world.submit(PropertySet("AutoRelockTime", 9, request=1))
    assert isinstance(world.answers[1], LockdError)
    assert "lockctl doctor" in str(world.answers[1])

"""Who may come in when: schedules as they are set, kept, lost and gone by at the door."""

from __future__ import annotations

from typing import Any

import pytest

from lockd.core.calendar import ALL_SCHEDULES, FIELDS, LOCKS_OWN
from lockd.core.events import (
    CredentialCleared,
    CredentialSet,
    Event,
    ResetAsked,
    ScheduleCleared,
    ScheduleSet,
    UserCleared,
    UserSet,
)  # fmt: skip
from lockd.core.roster import ALL
from lockd.core.why import USED_UP
from lockd.errors import DisabledUserDenied, NotFound, Restricted
from lockd.settings import UserSettings
from lockd.words import SCHEDULED, ScheduleKind, TimeState
from tests.core.world import DAY_S, LEAVES_S, WIRED, World, digest

PIN = "123456"
BY = "uid 1000 (anna)"
WEEK = {"days": 127, "start_hour": 8, "start_minute": 0, "end_hour": 17, "end_minute": 30}
YEAR = {"start": 1_700_000_000, "end": 1_900_000_000}
#: World's clock shows 08:00 of Friday, 15 January 2027, in UTC.
FRIDAY = 32


def home(kind: str = "WeekDayScheduleUser", **more: Any) -> World:
    return World(**more).enrol(1, PIN, type=kind)


def tries(world: World, request: int = 90) -> Any:
    """The answer to the PIN at the keypad; the bolt is out again after."""
    world.answers.pop(request, None)
    world.type(PIN, request=request)
    world.wait(1)
    answer = world.answers[request]
    if answer is None:
        world.ask("Lock", "Remote")
        world.wait(1)
    return answer


def detail(world: World) -> str:
    """Why the PIN is refused; empty: it is not."""
    answer = tries(world)
    return answer.detail if answer is not None else ""


# At the door ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SCHEDULED)
def test_who_has_hours_and_none_set_never_comes_in(kind: str) -> None:
    world = home(kind)
    answer = tries(world)
    assert (type(answer), answer.detail) == (Restricted, "schedule-shut")
    assert "schedule-shut" in str(answer)
    assert world.signs == ["refused"]
    assert world.entries(error="Restricted", detail="schedule-shut", user=1)
    assert world.drives == 0


def test_a_week_opens_and_shuts_by_the_lock_s_own_zone() -> None:
    world = home(zone="Asia/Kathmandu").week(days=FRIDAY, start="13:44", end="13:50")  # it shows 13:45
    assert detail(world) == ""
    world.wait(300)
    assert detail(world) == "schedule-shut"
    assert detail(home(zone="UTC").week(days=FRIDAY, start="13:44", end="13:50")) == "schedule-shut"


def test_the_calendar_opens_at_its_first_second_and_shuts_at_its_last() -> None:
    world = home("YearDayScheduleUser").year(start=100, end=200)
    world.wait(99)
    assert detail(world) == "schedule-shut"
    world.wait(1)
    assert detail(world) == ""
    world.wait(200 - 105.1)
    assert detail(world) == ""
    world.wait(10)
    assert detail(world) == "schedule-shut"


def test_outside_his_hours_he_may_not_lock_either_and_nothing_is_counted() -> None:
    world = home().unlocked()
    for _ in range(6):
        world.ask("Lock", "Keypad", PIN, request=1)
        assert world.answers.pop(1).detail == "schedule-shut"
    assert world.lock.lockout_remaining("Keypad", world.at) == 0


@pytest.mark.parametrize("trust", ["Floor", "Unknown"])
@pytest.mark.parametrize("kind", SCHEDULED)
def test_without_a_clock_that_is_right_nobody_with_hours_comes_in_and_it_says_so(kind: str, trust: TimeState) -> None:
    world = home(kind).week().year()
    world.trust = trust
    assert detail(world) == "clock-unset"
    world.trust = "Trusted"
    assert detail(world) == ""


@pytest.mark.parametrize("kind", SCHEDULED)
def test_where_nothing_can_be_recorded_nobody_with_hours_comes_in(kind: str) -> None:
    world = home(kind).week().year()
    world.disk = "fails"
    world.type(PIN, request=1)
    world.wait(3)
    assert (world.answers[1].detail, world.drives) == ("storage", 0)


@pytest.mark.parametrize("change", [
    ScheduleCleared("WeekDaySchedule", 1, 1), ScheduleSet("WeekDaySchedule", 1, 1, WEEK | {"days": 1}),
])  # fmt: skip
def test_who_waits_for_the_bolt_loses_his_right_with_his_hours(change: Event) -> None:
    world = home().week().unlocked()
    world.ask("Lock", "Remote")
    world.wait(LEAVES_S + 0.1)
    world.type(PIN, request=1)  # waits until the bolt is out
    world.submit(change)
    world.wait(3)
    assert world.answers[1].detail == "schedule-shut"
    assert world.lock.lock_state == "Locked"


def test_schedules_of_another_type_of_user_do_nothing() -> None:
    world = home("UnrestrictedUser").week(days=1)
    assert detail(world) == ""
    world.submit(UserSet("Modify", 1, {"type": "WeekDayScheduleUser"}))
    assert detail(world) == "schedule-shut"


# Set and cleared -----------------------------------------------------------------------------------


def do(world: World, event: Any) -> Any:
    world.answers.pop(1, None)
    world.submit(event.but(request=1, by=BY))
    return world.answers[1]


@pytest.mark.parametrize(("kind", "fields"), [("WeekDaySchedule", WEEK), ("YearDaySchedule", YEAR)])
def test_an_entry_is_set_told_of_kept_changed_and_cleared(kind: ScheduleKind, fields: dict[str, int]) -> None:
    world = World().enrol(2, PIN)
    assert do(world, ScheduleSet(kind, 3, 2, fields)) is None
    told = {"data_type": kind, "operation": "Add", "source": "Remote", "by": BY, "user": 2, "index": 3}
    assert world.signals("LockUserChange")[-1] == told
    assert world.lock.people.calendar.of(2) == {(kind, 3): fields}
    assert world.restarted().lock.people.calendar.of(2) == {(kind, 3): fields}

    assert do(world, ScheduleSet(kind, 3, 2, fields)) is None
    assert world.signals("LockUserChange")[-1] == told | {"operation": "Modify"}
    assert do(world, ScheduleCleared(kind, 3, 2)) is None
    assert world.signals("LockUserChange")[-1] == told | {"operation": "Clear"}
    assert world.lock.people.calendar.users() == []
    assert ("schedule", f"{kind}:2:3") not in world.rows


def test_a_holiday_is_nobody_s() -> None:
    world = World()
    holiday = {**YEAR, "mode": "Vacation"}
    assert do(world, ScheduleSet("HolidaySchedule", 2, LOCKS_OWN, holiday)) is None
    assert world.signals("LockUserChange")[-1] == {
        "data_type": "HolidaySchedule", "operation": "Add", "source": "Remote", "by": BY, "index": 2,
    }  # fmt: skip
    assert world.restarted().lock.people.calendar.of(LOCKS_OWN) == {("HolidaySchedule", 2): holiday}


REFUSED: list[tuple[Event, str]] = [
    (ScheduleSet("WeekDaySchedule", 1, 2, WEEK), "NotFound"),
    (ScheduleCleared("WeekDaySchedule", 1, 2), "NotFound"),
    (ScheduleCleared("WeekDaySchedule", ALL_SCHEDULES, 2), "NotFound"),
    (ScheduleSet("WeekDaySchedule", 0, 1, WEEK), "InvalidField"),
    (ScheduleSet("WeekDaySchedule", 3, 1, WEEK), "InvalidField"),
    (ScheduleSet("WeekDaySchedule", ALL_SCHEDULES, 1, WEEK), "InvalidField"),
    (ScheduleCleared("WeekDaySchedule", 3, 1), "InvalidField"),
    (ScheduleCleared("WeekDaySchedule", 1, 1), "NotFound"),
    (ScheduleSet("YearDaySchedule", 1, 1, {"start": 5, "end": 5}), "InvalidField"),
    (ScheduleSet("HolidaySchedule", 1, LOCKS_OWN, {"start": 6, "end": 5, "mode": "Vacation"}), "InvalidField"),
    (ScheduleCleared("HolidaySchedule", 1, LOCKS_OWN), "NotFound"),
]


@pytest.mark.parametrize(("event", "error"), REFUSED)
def test_what_will_not_do_is_refused_and_changes_nothing(event: Event, error: str) -> None:
    world = World(WIRED.but(users=UserSettings(schedules=2))).enrol(1, PIN)
    before = dict(world.rows)
    assert do(world, event).name == error
    assert world.rows == before


def test_entries_are_listed_user_by_user_and_each_of_them_whole() -> None:
    world = World().enrol(2, PIN).enrol(1, "222222").week(2, index=10).week(2, index=9).year(2).year(1)
    world.holiday("Vacation")
    calendar = world.lock.people.calendar

    def listed(first: int, last: int, most: int = 9) -> list[tuple[Any, ...]]:
        return [(row["type"], row["user"], row["index"]) for row in calendar.listed(first, last, most)]

    of_2 = [("WeekDaySchedule", 2, 9), ("WeekDaySchedule", 2, 10), ("YearDaySchedule", 2, 1)]
    assert listed(0, 9) == [("HolidaySchedule", 0, 1), ("YearDaySchedule", 1, 1), *of_2]
    assert listed(1, 9, most=2) == [("YearDaySchedule", 1, 1), *of_2]
    assert listed(1, 9, most=1) == [("YearDaySchedule", 1, 1)]
    assert listed(2, 2) == of_2
    assert listed(3, 9) == listed(2, 1) == []
    entries = calendar.listed(2, 2, 9)
    hours = dict.fromkeys(FIELDS["WeekDaySchedule"], 0) | {"days": 127}
    assert next(entries) == {"type": "WeekDaySchedule", "user": 2, "index": 9, **hours}
    world.submit(ScheduleCleared("WeekDaySchedule", ALL_SCHEDULES, 2))
    assert [row["index"] for row in entries] == [10, 1]
    assert listed(2, 2) == of_2[2:]


def test_all_of_a_kind_go_at_once_and_the_others_stay() -> None:
    world = World().enrol(1, PIN).enrol(2, "222222")
    world.week(1).week(1, index=2).year(1).week(2)
    assert do(world, ScheduleCleared("WeekDaySchedule", ALL_SCHEDULES, 1)) is None
    assert list(world.lock.people.calendar.of(1)) == [("YearDaySchedule", 1)]
    assert list(world.lock.people.calendar.of(2)) == [("WeekDaySchedule", 1)]
    assert do(world, ScheduleCleared("WeekDaySchedule", ALL_SCHEDULES, 1)) is None


@pytest.mark.parametrize("event", [
    UserCleared(1), UserCleared(ALL), CredentialCleared("PIN", 1), CredentialCleared("", ALL),
])  # fmt: skip
def test_who_is_removed_takes_his_schedules_along(event: Event) -> None:
    world = home().week().year().holiday("Vacation")
    world.submit(event)
    assert [key for table, key in world.rows if table == "schedule"] == ["HolidaySchedule:0:1"]
    assert world.lock.people.calendar.users() == [LOCKS_OWN]
    world.enrol(1, PIN, type="WeekDayScheduleUser")
    assert detail(world) != ""


def test_a_reset_leaves_no_schedule_and_no_holiday() -> None:
    world = home().week().holiday("Privacy")
    world.submit(ResetAsked())
    assert world.rows == {}
    assert world.lock.people.calendar.users() == []
    assert world.property("OperatingMode") == "Normal"


def test_a_new_user_has_nothing_of_one_whose_row_was_damaged() -> None:
    world = home().week()
    snapshot = world.snapshot().but(users={}, credentials={})
    world = World(snapshot=snapshot).enrol(1, PIN, type="WeekDayScheduleUser")
    assert detail(world) == "schedule-shut"


# Lost ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", ["WeekDaySchedule:1:1", "YearDaySchedule:1:1"])
def test_a_schedule_that_was_damaged_makes_nobody_s_right_wider(lost: str) -> None:
    world = home("ScheduleRestrictedUser").week(days=1).year(start=DAY_S, end=2 * DAY_S)
    snapshot = world.snapshot()
    kept = {key: row for key, row in snapshot.schedules.items() if key != lost}
    world = World(snapshot=snapshot.but(schedules=kept, damaged=(lost,), incomplete=True))
    world.wait(100)  # the lockouts that may have been lost are over
    world.week(days=127).year(index=2)
    assert isinstance(tries(world), DisabledUserDenied)
    world.submit(UserSet("Modify", 1, {"type": "ScheduleRestrictedUser"}))
    assert detail(world) == ""


@pytest.mark.parametrize("kind", ["WeekDayScheduleUser", "YearDayScheduleUser"])
def test_the_only_schedule_lost_leaves_no_right(kind: str) -> None:
    world = home(kind).week().year()
    world = World(snapshot=world.snapshot().but(schedules={}, incomplete=True))
    world.wait(100)
    assert detail(world) == "schedule-shut"


# Explained -----------------------------------------------------------------------------------------


def explain(world: World, seconds: int = 0) -> dict[str, Any]:
    """What the lock says of user 1; the same as what it does, if it is about now."""
    said = world.lock.explain(1, seconds, world.at)
    assert set(said) == {"allowed", "reason", "detail", "next_open", "until"}
    assert said["reason"].endswith(".")
    if not seconds:
        assert said["allowed"] is (tries(world) is None)
    return said


def test_who_may_come_in_is_told_until_when() -> None:
    world = home().week(start="07:00", end="09:00")
    said = explain(world)
    assert said == {"allowed": True, "reason": "May come in at the keypad.", "detail": "", "next_open": 0,
                    "until": 1_800_000_000 + 3600}  # fmt: skip


def test_who_is_outside_his_hours_is_told_when_they_begin() -> None:
    world = home().week(start="09:00", end="10:00")
    said = explain(world)
    assert (said["allowed"], said["detail"], said["next_open"]) == (False, "schedule-shut", 1_800_000_000 + 3600)
    later = explain(world, said["next_open"])
    assert (later["allowed"], later["until"]) == (True, 1_800_000_000 + 7200)
    assert explain(world, later["until"])["allowed"] is False


def test_about_another_time_the_clock_the_lockout_and_the_power_do_not_count() -> None:
    world = home().week()
    world.trust = "Unknown"
    assert explain(world)["detail"] == "clock-unset"
    for _ in range(5):
        world.type("999999")
    assert explain(world)["detail"] == "locked-out"
    assert explain(world, 1_800_000_000)["allowed"] is True
    world.wait(100)
    world.trust = "Trusted"
    world.power(False)
    assert world.lock.explain(1, 0, world.at)["allowed"] is False
    assert explain(world, 1_800_000_000)["allowed"] is True


def test_a_holiday_to_come_is_known_beforehand() -> None:
    world = home("UnrestrictedUser").holiday("Vacation", start=1000, end=2000)
    assert explain(world)["allowed"] is True
    assert explain(world, 1_800_001_500)["detail"] == "mode-forbids"
    assert explain(world, 1_800_002_000)["allowed"] is True


@pytest.mark.parametrize(("kind", "allowed"), [
    ("UnrestrictedUser", True), ("ProgrammingUser", True), ("ForcedUser", True), ("DisposableUser", True),
    ("ExpiringUser", True), ("NonAccessUser", False),
])  # fmt: skip
def test_the_other_types_are_explained_as_well(kind: str, allowed: bool) -> None:
    assert explain(home(kind))["allowed"] is allowed


@pytest.mark.parametrize("kind", ["DisposableUser", "ExpiringUser"])
def test_a_right_that_is_used_up_is_told_from_one_that_was_taken(kind: str) -> None:
    world = home(kind)
    assert explain(world)["allowed"] is True
    world.wait(3 * DAY_S)
    said = explain(world)
    assert (said["detail"], said["reason"]) == ("used-up", USED_UP)
    world.submit(UserSet("Modify", 1, {"status": "OccupiedDisabled"}))
    assert explain(world)["detail"] == ""


def test_a_remote_only_user_is_told_where() -> None:
    said = home("RemoteOnlyUser").lock.explain(1, 0, World().at)
    assert (said["allowed"], said["reason"]) == (True, "May come in over D-Bus.")


def test_an_expiring_user_is_told_until_when_once_he_has_begun() -> None:
    world = home("ExpiringUser")
    assert explain(world)["until"] == 0
    assert explain(world)["until"] == 1_800_000_000 + 2880 * 60
    world.wait(2880 * 60)
    assert explain(world)["allowed"] is False


def test_who_has_too_few_credentials_is_told_so() -> None:
    world = World()
    world.submit(UserSet("Add", 1, {}))
    assert "none" in world.lock.explain(1, 0, world.at)["reason"]
    world = home("UnrestrictedUser", settings=WIRED)
    world.submit(UserSet("Modify", 1, {"rule": "Dual"}))
    assert world.lock.explain(1, 0, world.at)["allowed"] is False
    world.submit(CredentialSet("Add", "PIN", 2, 1, digest("222222")))
    assert "2 different credentials within 30 s" in world.lock.explain(1, 0, world.at)["reason"]


def test_nobody_is_not_explained() -> None:
    with pytest.raises(NotFound, match="There is no user 7"):
        World().lock.explain(7, 0, World().at)

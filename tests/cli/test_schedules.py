"""schedule, holiday, why, and hours given with a user."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from lockd.cli.explain import may
from lockd.cli.hours import Week, days
from lockd.cli.timetable import Timetable
from lockd.dbus.names import ALL_SCHEDULES
from tests.cli.conftest import Ctl
from tests.cli.fake import FakeLockd

ANNA: dict[str, Any] = {"index": 1, "name": "Anna", "type": "UnrestrictedUser", "status": "OccupiedEnabled",
                        "credentials": [["PIN", 1]]}  # fmt: skip
WORKDAYS = 62


@pytest.fixture(autouse=True)
def anna(lockd: FakeLockd) -> None:
    lockd.users = [ANNA]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def test_hours_make_anybody_one_who_goes_by_hours_and_are_said_back(ctl: Ctl, lockd: FakeLockd) -> None:
    ran = ctl("schedule", "add", "anna", "--when", "Mon-Fri 08:00-17:00")
    assert lockd.done == [("SetWeekDaySchedule", 1, 1, WORKDAYS, 8, 0, 17, 0),
                          ("SetUser", "Modify", 1, {"type": "WeekDayScheduleUser"})]  # fmt: skip
    assert ran.out == "Anna may come in Monday to Friday 08:00 to 17:00. The type is now week-day-schedule.\n"


def test_further_hours_take_free_places_and_days_beside_them_restrict_both(ctl: Ctl, lockd: FakeLockd) -> None:
    ctl("schedule", "add", "Anna", "--when", "Mon-Fri 8-17")
    lockd.done.clear()
    assert ctl("schedule", "add", "Anna", "--when", "Fri 22-6").out.endswith("Friday 22:00 to 06:00 the next day.\n")
    ran = ctl("schedule", "add", "Anna", "--from", "2030-01-01", "--until", "2030-12-31", "--json")
    assert ran.document == {"ok": True, "user": 1, "type": "ScheduleRestrictedUser"}
    assert lockd.done == [
        ("SetWeekDaySchedule", 2, 1, 32, 22, 0, 6, 0),
        ("SetYearDaySchedule", 1, 1, at("2030-01-01"), at("2031-01-01")),
        ("SetUser", "Modify", 1, {"type": "ScheduleRestrictedUser"}),
    ]


def test_more_hours_than_fit_change_nothing(ctl: Ctl, lockd: FakeLockd) -> None:
    ran = ctl("schedule", "add", "Anna", "--when", "Mon 8-9, Tue 9-10, Wed 10-11, Thu 11-12")
    assert (ran.status, lockd.done) == (5, [])
    assert "room for 3" in ran.err


@pytest.mark.parametrize("kind", ["DisposableUser", "ForcedUser", "ProgrammingUser"])
def test_hours_do_not_concern_every_type(ctl: Ctl, lockd: FakeLockd, kind: str) -> None:
    lockd.users = [{**ANNA, "type": kind}]
    ran = ctl("schedule", "add", "Anna", "--when", "Mon 8-9")
    assert (ran.status, lockd.done) == (64, [])
    assert "--type unrestricted" in ran.err


@pytest.mark.parametrize("words", [(), ("--when", "never"), ("--from", "2030-01-01"), ("--until", "2020-01-01")])
def test_hours_that_are_none_are_wrong_usage(ctl: Ctl, lockd: FakeLockd, words: tuple[str, ...]) -> None:
    assert ctl("schedule", "add", "Anna", *words).status == 64
    assert lockd.done == []


def test_hours_are_listed_and_removed_by_their_entry(ctl: Ctl, lockd: FakeLockd) -> None:
    assert ctl("schedule", "list").out.startswith("There are no hours. Add some: ")
    assert ctl("schedule", "list", "Anna").out.startswith("Anna (user 1) has no hours. Add some: ")
    ctl("user", "set", "Anna", "--when", "Mon-Fri 8-17; Sat 9-12")
    assert [" ".join(line.split()) for line in ctl("schedule").out.splitlines()[1:]] == [
        "1 Anna week-1 Monday to Friday 08:00 to 17:00", "1 Anna week-2 Saturday 09:00 to 12:00",
    ]  # fmt: skip
    week = [{"index": 1, "days": 62, "start": 480, "end": 1020}, {"index": 2, "days": 64, "start": 540, "end": 720}]
    assert ctl("schedule", "--json").document == [{"user": 1, "name": "Anna", "week": week, "days": []}]
    assert ctl("schedule", "remove", "Anna", "week-1").out == "Removed. Anna may come in Saturday 09:00 to 12:00.\n"
    ran = ctl("schedule", "remove", "Anna", "all")
    assert ran.out == "Removed. Anna may never come in, as no hours are set.\n"
    assert lockd.done[-2:] == [("ClearWeekDaySchedule", ALL_SCHEDULES, 1), ("ClearYearDaySchedule", ALL_SCHEDULES, 1)]
    assert ctl("schedule", "remove", "Anna", "week-0").status == 64


def test_a_user_is_added_with_hours_in_one_step(ctl: Ctl, lockd: FakeLockd) -> None:
    ran = ctl("user", "add", "Carla", "--when", "Mon 8-12", "--until", "2030-12-31")
    assert lockd.done[0] == ("SetUser", "Add", 2, {"name": "Carla", "type": "ScheduleRestrictedUser"})
    assert ran.out.startswith("Added Carla (user 2). Carla may come in Monday 08:00 to 12:00, until the end of ")
    assert ran.out.endswith(" until the end of Tue 31 Dec 2030. The type is now schedule-restricted.\n")


def test_a_type_that_does_not_go_by_the_hours_is_refused_before_anything(ctl: Ctl, lockd: FakeLockd) -> None:
    for kind in ("disposable", "year-day-schedule"):
        assert ctl("user", "add", "Carla", "--type", kind, "--when", "Mon 8-12").status == 64
    assert ctl("user", "set", "Anna", "--type", "expiring", "--when", "Mon 8-12").status == 64
    assert lockd.done == []


def test_new_hours_take_the_place_of_the_old(ctl: Ctl, lockd: FakeLockd) -> None:
    ctl("user", "set", "Anna", "--when", "Mon 8-9, Tue 9-10")
    lockd.done.clear()
    assert ctl("user", "set", "Anna", "--when", "Wed 7-8").status == 0
    assert lockd.done == [("SetWeekDaySchedule", 1, 1, 8, 7, 0, 8, 0), ("ClearWeekDaySchedule", 2, 1)]


def test_holidays_are_added_listed_and_removed(ctl: Ctl, lockd: FakeLockd) -> None:
    ran = ctl("holiday", "add", "--from", "2030-12-24", "--until", "2030-12-26", "--mode", "vacation")
    assert ran.out == "Holiday 1: Vacation from Tue 24 Dec 2030 to the end of Thu 26 Dec 2030.\n"
    assert lockd.done == [("SetHolidaySchedule", 1, at("2030-12-24"), at("2030-12-27"), "Vacation")]
    assert ctl("holiday", "--json").document == [
        {"index": 1, "start": at("2030-12-24"), "end": at("2030-12-27"), "mode": "Vacation"}
    ]
    assert "Vacation" in ctl("holiday", "list").out
    assert [ctl("holiday", "remove", word).status for word in ("all", "x", "300", "1")] == [64, 64, 4, 0]
    assert ctl("holiday").out == "No holidays.\n"
    assert ctl("holiday", "remove", "all", "--yes", "all").status == 0
    assert lockd.done[-1] == ("ClearHolidaySchedule", ALL_SCHEDULES)


def test_why_says_yes_with_0_and_no_with_1(ctl: Ctl, lockd: FakeLockd) -> None:
    ran = ctl("why", "anna")
    assert (ran.status, ran.out) == (0, "Anna (user 1), now: yes. May come in at the keypad.\n")
    lockd.explanation = {"allowed": False, "reason": "It is outside this user's hours.", "detail": "schedule-shut",
                         "next_open": at("2030-12-24 08:00"), "until": 0}  # fmt: skip
    ran = ctl("why", "1", "--at", "2030-12-23 20:00")
    assert (ran.status, ran.out) == (
        1, "Anna (user 1), Mon 23 Dec 2030 20:00: no. It is outside this user's hours. Next: Tue 24 Dec 2030 08:00.\n"
    )  # fmt: skip
    ran = ctl("why", "1", "--at", "2030-12-23 20:00", "--json")
    assert ran.document == {**lockd.explanation, "user": 1, "name": "Anna", "at": at("2030-12-23 20:00")}
    assert [ctl("why", "Anna", "--at", "whenever").status, ctl("why", "Bert").status] == [64, 4]


def show(ctl: Ctl) -> str:
    return ctl("user", "show", "Anna").out.splitlines()[-1]


def test_show_says_how_it_is_now(ctl: Ctl, lockd: FakeLockd) -> None:
    assert show(ctl) == "Anna may always come in."
    tonight = datetime.now().replace(hour=23, minute=59, second=0, microsecond=0)
    ctl("schedule", "add", "Anna", "--when", "daily")
    lockd.explanation["until"] = int(tonight.timestamp())
    assert show(ctl) == "Anna may come in every day all day; today until 23:59."
    lockd.explanation["until"] = at("2030-12-24 08:00")
    assert show(ctl).endswith("; now until Tue 24 Dec 2030 08:00.")
    lockd.explanation = {"allowed": False, "reason": "Shut (schedule-shut).", "detail": "schedule-shut",
                         "next_open": at("2030-12-24"), "until": 0}  # fmt: skip
    assert show(ctl).endswith("; not now, next Tue 24 Dec 2030.")
    lockd.explanation["next_open"] = 0
    assert show(ctl).endswith("; not now, nor ever again.")
    lockd.explanation = {**lockd.explanation, "reason": "Refused (mode-forbids): Privacy.", "detail": "mode-forbids"}
    assert show(ctl).endswith("; not now: refused (mode-forbids): Privacy.")


def test_days_that_have_begun_are_told_by_their_end_and_once(ctl: Ctl, lockd: FakeLockd) -> None:
    ran = ctl("schedule", "add", "Anna", "--until", "2099-12-31")
    lockd.explanation["until"] = at("2100-01-01")
    assert show(ctl) == "Anna may come in until the end of Thu 31 Dec 2099."
    assert ran.out.startswith("Anna may come in until the end of Thu 31 Dec 2099. The type")
    assert ctl("schedule", "list", "Anna").out.splitlines()[1].endswith("days-1  until the end of Thu 31 Dec 2099")
    lockd.explanation["until"] = at("2050-01-01")
    assert show(ctl).endswith("until the end of Thu 31 Dec 2099; now until the end of Fri 31 Dec 2049.")
    ctl("schedule", "remove", "Anna", "all")
    lockd.explanation = {"allowed": False, "reason": "Shut.", "detail": "schedule-shut", "next_open": 0, "until": 0}
    assert show(ctl) == "Anna may never come in, as no hours are set."


def test_show_tells_the_terms_of_credentials(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [{**ANNA, "rule": "Dual", "limited": [["PIN", 1]]}]
    lockd.terms = {"exists": True, "uses": 3, "left": 2, "from": at("2030-12-24"), "until": at("2031-01-01")}
    assert show(ctl) == (
        "Anna may come in, with two credentials; PIN 1: 2 of 3 uses left, from Tue 24 Dec 2030,"
        " until the end of Tue 31 Dec 2030."
    )
    lockd.users[0]["credentials"] = [["PIN", 1], ["RFID", 1]]
    assert show(ctl).startswith("Anna may always come in, with two credentials; PIN 1: 2 of 3 uses left, from")


def test_who_is_disabled_or_never_admitted_is_said_once(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.explanation = {**lockd.explanation, "allowed": False, "reason": "This user is disabled."}
    lockd.users = [{**ANNA, "status": "OccupiedDisabled"}]
    assert show(ctl) == "Anna is disabled."
    lockd.explanation = {**lockd.explanation, "detail": "used-up"}
    assert show(ctl) == "Anna has used up the right to come in."
    lockd.users = [{**ANNA, "type": "NonAccessUser"}]
    assert show(ctl) == "Anna may never come in (tries are recorded)."


def test_only_the_hours_that_the_type_goes_by_are_told() -> None:
    now = datetime(2026, 11, 21, 16, 30)
    table = Timetable({1: Week(2, 480, 720)}, {1: days("2026-12-24", "2026-12-24", now)})
    said = {kind: may({**ANNA, "type": kind}, table, now) for kind in ("WeekDayScheduleUser", "YearDayScheduleUser")}
    assert said == {
        "WeekDayScheduleUser": "Anna may come in Monday 08:00 to 12:00",
        "YearDayScheduleUser": "Anna may come in from Thu 24 Dec 2026 to the end of Thu 24 Dec 2026",
    }

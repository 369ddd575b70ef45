"""Windows of time: held against an oracle that counts the minutes of a clock on the wall."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lockd.core.calendar import Calendar, schedule_row, utc
from lockd.core.schedule import Timetable, Weekly, _edges, is_open, next_change, timetable
from lockd.core.spans import Span
from lockd.words import SCHEDULED, UserType

SUN, MON, TUE, WED, THU, FRI, SAT = (1 << day for day in range(7))
EVERY_DAY = 127
MINUTE, HOUR, DAY = 60, 3600, 86_400


def moment(zone: str, text: str, fold: int = 0) -> int:
    """Seconds since 1970, of what a clock there shows."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())


def hours(days: int, start: str, end: str) -> Timetable:
    """One weekly window, from hh:mm to hh:mm."""
    minutes = [int(text[:2]) * 60 + int(text[3:]) for text in (start, end)]
    return Timetable((Weekly(days, *minutes),))


def opens(table: Timetable, zone: str, text: str, fold: int = 0, kind: UserType = "WeekDayScheduleUser") -> bool:
    return is_open(kind, table, moment(zone, text, fold), lambda: ZoneInfo(zone))


# What a window is ----------------------------------------------------------------------------------

#: Monday 2026-11-23. Days, start, end, what the clock shows, whether it is open.
WINDOWS: list[tuple[int, str, str, str, bool]] = [
    # the start is inside, the end is outside
    (MON, "08:00", "17:00", "2026-11-23T07:59:59", False),
    (MON, "08:00", "17:00", "2026-11-23T08:00:00", True),
    (MON, "08:00", "17:00", "2026-11-23T16:59:59", True),
    (MON, "08:00", "17:00", "2026-11-23T17:00:00", False),
    (TUE, "08:00", "17:00", "2026-11-23T12:00:00", False),
    # every day of the mask by itself
    *((bit, "08:00", "17:00", f"2026-11-{22 + day}T12:00:00", bit == 1 << own)
      for own, day in enumerate(range(7)) for bit in (SUN, MON, TUE, WED, THU, FRI, SAT)),
    # past midnight it is the day of the start that counts
    (MON, "22:00", "06:00", "2026-11-23T05:59:00", False),
    (MON, "22:00", "06:00", "2026-11-23T22:00:00", True),
    (MON, "22:00", "06:00", "2026-11-24T05:59:59", True),
    (MON, "22:00", "06:00", "2026-11-24T06:00:00", False),
    (MON, "22:00", "06:00", "2026-11-24T22:00:00", False),
    (SAT, "22:00", "06:00", "2026-11-22T03:00:00", True),
    (SUN, "22:00", "06:00", "2026-11-22T03:00:00", False),
    # until midnight, and from midnight on
    (MON, "20:00", "00:00", "2026-11-23T23:59:59", True),
    (MON, "20:00", "00:00", "2026-11-24T00:00:00", False),
    (MON, "00:00", "06:00", "2026-11-23T00:00:00", True),
    (MON, "00:00", "06:00", "2026-11-22T23:59:59", False),
    # start and end alike: a whole day
    (MON, "00:00", "00:00", "2026-11-23T00:00:00", True),
    (MON, "00:00", "00:00", "2026-11-23T23:59:59", True),
    (MON, "00:00", "00:00", "2026-11-24T00:00:00", False),
    (MON, "09:30", "09:30", "2026-11-23T09:29:59", False),
    (MON, "09:30", "09:30", "2026-11-24T09:29:59", True),
    (MON, "09:30", "09:30", "2026-11-24T09:30:00", False),
    (EVERY_DAY, "09:30", "09:30", "2026-11-24T09:30:00", True),
]  # fmt: skip


@pytest.mark.parametrize(("days", "start", "end", "shown", "expected"), WINDOWS)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati"])
def test_a_weekly_window_goes_by_the_clock_on_the_wall(
    zone: str, days: int, start: str, end: str, shown: str, expected: bool
) -> None:
    assert opens(hours(days, start, end), zone, shown) is expected


#: Where the clock is put: zone, window, what it shows, the first or the second time, whether it is open.
PUT: list[tuple[str, str, str, str, int, bool]] = [
    # Berlin, 2026-03-29: 02:00 is 03:00
    ("Europe/Berlin", "02:00", "03:00", "2026-03-29T01:59:59", 0, False),
    ("Europe/Berlin", "02:00", "03:00", "2026-03-29T03:00:00", 0, False),
    ("Europe/Berlin", "02:30", "04:00", "2026-03-29T03:00:00", 0, True),
    ("Europe/Berlin", "02:30", "04:00", "2026-03-29T03:59:59", 0, True),
    ("Europe/Berlin", "22:00", "06:00", "2026-03-29T05:59:59", 0, True),
    ("Europe/Berlin", "22:00", "06:00", "2026-03-29T06:00:00", 0, False),
    # Berlin, 2026-10-25: 03:00 is 02:00, and the hour before comes twice
    ("Europe/Berlin", "01:30", "02:30", "2026-10-25T02:29:59", 0, True),
    ("Europe/Berlin", "01:30", "02:30", "2026-10-25T02:30:00", 0, False),
    ("Europe/Berlin", "01:30", "02:30", "2026-10-25T02:00:00", 1, True),
    ("Europe/Berlin", "01:30", "02:30", "2026-10-25T02:30:00", 1, False),
    ("Europe/Berlin", "08:00", "17:00", "2026-10-25T08:00:00", 0, True),
    # Lord Howe Island goes by half an hour
    ("Australia/Lord_Howe", "02:00", "02:30", "2026-10-04T02:30:00", 0, False),
    ("Australia/Lord_Howe", "01:30", "02:00", "2026-04-05T01:45:00", 1, True),
    # Havana's midnight comes twice
    ("America/Havana", "00:00", "00:30", "2026-11-01T00:15:00", 1, True),
    # Samoa had no 30 December 2011, a Friday
    ("Pacific/Apia", "08:00", "17:00", "2011-12-29T12:00:00", 0, True),
    ("Pacific/Apia", "08:00", "17:00", "2011-12-31T12:00:00", 0, True),
]


@pytest.mark.parametrize(("zone", "start", "end", "shown", "fold", "expected"), PUT)
def test_where_the_clock_is_put_a_minute_counts_as_often_as_it_is_shown(
    zone: str, start: str, end: str, shown: str, fold: int, expected: bool
) -> None:
    assert opens(hours(EVERY_DAY, start, end), zone, shown, fold) is expected


def test_a_window_of_the_calendar_is_the_same_moment_everywhere() -> None:
    table = Timetable((), (Span(1000, 2000),))
    for zone in ("UTC", "Asia/Tokyo"):
        seen = [is_open("YearDayScheduleUser", table, at, lambda: ZoneInfo(zone)) for at in (999, 1000, 1999, 2000)]  # noqa: B023
        assert seen == [False, True, True, False]


#: Open or shut or not set, of the week and of the year: who may come in.
KINDS = [
    # week, year, WeekDay, YearDay, ScheduleRestricted
    (None, None, False, False, False),
    (True, None, True, False, True),
    (False, None, False, False, False),
    (None, True, False, True, True),
    (None, False, False, False, False),
    (True, True, True, True, True),
    (True, False, True, False, False),
    (False, True, False, True, False),
    (False, False, False, False, False),
]


@pytest.mark.parametrize(("week", "year", "by_week", "by_year", "by_both"), KINDS)
def test_each_type_asks_for_its_kinds_of_windows(
    week: bool | None, year: bool | None, by_week: bool, by_year: bool, by_both: bool
) -> None:
    noon = 12 * HOUR  # of a Thursday
    weekly = {None: (), True: (Weekly(THU, 0, 0),), False: (Weekly(FRI, 0, 0),)}[week]
    yearly = {None: (), True: (Span(0, DAY),), False: (Span(DAY, 2 * DAY),)}[year]
    seen = [is_open(kind, Timetable(weekly, yearly), noon, utc) for kind in SCHEDULED]
    assert dict(zip(SCHEDULED, seen, strict=True)) == {
        "WeekDayScheduleUser": by_week, "YearDayScheduleUser": by_year, "ScheduleRestrictedUser": by_both,
    }  # fmt: skip


def test_of_several_windows_of_a_kind_one_is_enough() -> None:
    table = Timetable((Weekly(FRI, 0, 0), Weekly(THU, 0, 0)), (Span(0, 1), Span(2, DAY)))
    assert is_open("ScheduleRestrictedUser", table, 12 * HOUR, utc)


# The oracle ----------------------------------------------------------------------------------------


def last_sunday(year: int, month: int) -> date:
    day = date(year, month, 31)
    return day - timedelta(days=(day.weekday() + 1) % 7)


def berlin(seconds: int) -> datetime:
    """The clock on a wall in Berlin, by the rule and not by any table: an hour more from the last
    Sunday of March to that of October, each at 01:00 UTC."""
    now = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    begin, end = (datetime.combine(last_sunday(now.year, month), datetime.min.time(), UTC) + timedelta(hours=1)
                  for month in (3, 10))  # fmt: skip
    return (now + timedelta(hours=2 if begin <= now < end else 1)).replace(tzinfo=None)


def oracle(kind: UserType, table: Timetable, seconds: int) -> bool:
    """Each window as it lies on the paper of a calendar, that of today and that of yesterday."""
    shown = berlin(seconds)
    names = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

    def in_week(each: Weekly) -> bool:
        length = timedelta(minutes=(each.end - each.start) % 1440 or 1440)
        days = {names[bit] for bit in range(7) if each.days & 2**bit}
        midnights = [datetime.combine(shown.date() - timedelta(days=ago), datetime.min.time()) for ago in (0, 1)]
        starts = [midnight + timedelta(minutes=each.start) for midnight in midnights if f"{midnight:%A}" in days]
        return any(start <= shown < start + length for start in starts)

    week = [in_week(each) for each in table.weekly]
    year = [seconds in range(each.start, each.end) for each in table.yearly]
    if kind == "ScheduleRestrictedUser":
        return all(any(kinds) for kinds in (week, year) if kinds) and bool(week or year)
    return any(week if kind == "WeekDayScheduleUser" else year)


#: Around both Sundays on which the clock is put, in three years.
YEARS = [moment("UTC", f"{year}-{day}T00:00:00") for year in (2025, 2026, 2027) for day in ("03-27", "10-23", "12-30")]
moments = st.builds(lambda base, more: base + more, st.sampled_from(YEARS), st.integers(0, 5 * DAY))
minutes = st.sampled_from((0, 30, 90, 119, 120, 150, 180, 210, 480, 1380, 1439))
weeklies = st.builds(Weekly, st.integers(1, 127), minutes, minutes)
spans = st.builds(lambda start, length: Span(start, start + length), moments, st.integers(1, 3 * DAY))
several = st.lists(weeklies, max_size=3).map(tuple), st.lists(spans, max_size=3).map(tuple)
tables = st.builds(Timetable, *several)
kinds = st.sampled_from(SCHEDULED)


def in_berlin() -> ZoneInfo:
    return ZoneInfo("Europe/Berlin")


@settings(max_examples=200)
@given(kinds, tables, moments)
@example("WeekDayScheduleUser", hours(SUN, "01:30", "02:30"), moment("Europe/Berlin", "2026-10-25T02:15:00", 1))
@example("WeekDayScheduleUser", hours(SUN, "02:30", "02:45"), moment("Europe/Berlin", "2026-03-29T03:00:00"))
def test_nobody_is_admitted_outside_his_windows_nor_shut_out_inside(kind: UserType, table: Timetable, at: int) -> None:
    assert is_open(kind, table, at, in_berlin) is oracle(kind, table, at)


@settings(max_examples=100)
@given(kinds, tables, moments, st.lists(st.integers(1, 15 * DAY), min_size=8, max_size=8))
@example("WeekDayScheduleUser", hours(SUN, "02:30", "04:00"), moment("Europe/Berlin", "2026-03-28T12:00:00"), [])
@example("WeekDayScheduleUser", hours(SUN, "02:00", "02:30"), moment("Europe/Berlin", "2026-03-28T12:00:00"), [DAY])
@example("WeekDayScheduleUser", hours(SUN, "01:30", "02:30"), moment("Europe/Berlin", "2026-10-25T02:45:00"), [])
def test_until_the_next_change_nothing_changes_and_then_it_does(
    kind: UserType, table: Timetable, at: int, laters: list[int]
) -> None:
    now, change = oracle(kind, table, at), next_change(kind, table, at, in_berlin)
    if change:
        assert change > at
        assert oracle(kind, table, change) is not now
        assert oracle(kind, table, change - 1) is now
    for later in laters:
        if at + later < (change or at + 15 * DAY):
            assert oracle(kind, table, at + later) is now


def test_however_many_windows_there_are_only_moments_at_which_the_week_turns_are_looked_at() -> None:
    years = tuple(Span(DAY * 30 * n, DAY * 30 * n + DAY) for n in range(1, 101))
    always = tuple(Weekly(EVERY_DAY, minute, minute) for minute in range(100))
    assert len(list(_edges(Timetable(always, years), 0, utc))) == 200
    assert len(list(_edges(Timetable((Weekly(EVERY_DAY, 60, 120),), years), 0, utc))) > 2000


def test_the_next_change_of_what_never_changes_is_none() -> None:
    at = moment("UTC", "2026-11-23T12:00:00")
    assert next_change("WeekDayScheduleUser", hours(EVERY_DAY, "00:00", "00:00"), at, utc) == 0
    assert next_change("YearDayScheduleUser", Timetable((), (Span(0, 1),)), at, utc) == 0
    assert next_change("ScheduleRestrictedUser", Timetable(), at, utc) == 0


def test_a_window_that_the_clock_leaves_out_opens_a_week_later() -> None:
    at = moment("Europe/Berlin", "2026-03-29T00:00:00")
    change = next_change("WeekDayScheduleUser", hours(SUN, "02:00", "02:30"), at, in_berlin)
    assert change == moment("Europe/Berlin", "2026-04-05T02:00:00")


def test_both_kinds_open_where_they_meet_however_far_away() -> None:
    at = moment("UTC", "2026-01-01T12:00:00")
    july = moment("UTC", "2026-07-01T00:00:00")  # a Wednesday
    table = Timetable((Weekly(FRI, 480, 540),), (Span(july, july + 9 * DAY),))
    assert next_change("ScheduleRestrictedUser", table, at, utc) == july + 2 * DAY + 8 * HOUR


# The calendar --------------------------------------------------------------------------------------


def test_a_lock_without_weekly_windows_never_asks_for_its_time_zone() -> None:
    def never() -> ZoneInfo:
        raise AssertionError("the zone was asked")

    rows = [{"kind": "YearDaySchedule", "user": 1, "index": 1, "start": 5, "end": 10},
            {"kind": "HolidaySchedule", "user": 0, "index": 1, "start": 5, "end": 10, "mode": "Vacation"}]  # fmt: skip
    calendar = Calendar(rows, never)
    assert calendar.open(1, "YearDayScheduleUser", 7)
    assert calendar.next_change(1, "YearDayScheduleUser", 7) == 10
    week = {"days": 1, "start_hour": 0, "start_minute": 0, "end_hour": 0, "end_minute": 0}
    with pytest.raises(AssertionError):
        calendar.apply([schedule_row("WeekDaySchedule", 1, 1, week)])


def test_who_has_no_entries_has_no_hours() -> None:
    calendar = Calendar()
    assert not calendar.open(1, "WeekDayScheduleUser", 0)
    assert calendar.next_change(1, "WeekDayScheduleUser", 0) == 0


def test_entries_are_what_dbus_gave() -> None:
    week = {"days": 5, "start_hour": 8, "start_minute": 30, "end_hour": 17, "end_minute": 45}
    assert timetable([week, {"start": 1, "end": 2}]) == Timetable((Weekly(5, 510, 1065),), (Span(1, 2),))

"""Schedules through the whole daemon: the time zone, a clock that is put, and what a restart keeps."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lockd.daemon import clock, zone
from lockd.daemon.clock import Clock
from lockd.daemon.zone import Zone
from lockd.errors import NotFound, Restricted
from lockd.settings import TimeSettings
from tests.daemon.inside import inside

WEEK = {"days": 127, "start_hour": 0, "start_minute": 0, "end_hour": 0, "end_minute": 0}
DAY_S = 86_400


# The zone ------------------------------------------------------------------------------------------


def test_the_zone_that_is_set_is_read_once() -> None:
    berlin = Zone("Europe/Berlin")
    assert berlin() is berlin()
    assert berlin() == ZoneInfo("Europe/Berlin")


def test_without_one_it_is_that_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zone, "LOCAL", "/usr/share/zoneinfo/Asia/Kathmandu")
    monkeypatch.delenv("TZ", raising=False)
    assert Zone("")().utcoffset(datetime(2026, 11, 23)) == timedelta(hours=5, minutes=45)
    monkeypatch.setenv("TZ", ":Asia/Tokyo")
    assert Zone("")() == ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(("name", "local"), [("", "/nowhere"), ("", "/etc/passwd"), ("No/Where", "")])
def test_a_zone_that_cannot_be_read_is_utc_and_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str, local: str
) -> None:
    monkeypatch.setattr(zone, "LOCAL", local)
    monkeypatch.delenv("TZ", raising=False)
    assert Zone(name)() is UTC
    assert "time zone" in caplog.text


def test_a_lock_without_schedules_starts_without_what_they_take() -> None:
    late = "{'zoneinfo', 'lockd.core.schedule', 'lockd.core.scheduling', 'lockd.core.why'}"
    code = f"import sys, lockd.daemon.app; print(*{late} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout == "\n"


# The clock -----------------------------------------------------------------------------------------


def test_a_clock_that_was_put_or_is_worth_more_has_changed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "NTP_DONE", "/nowhere")
    mine = Clock(TimeSettings(trust="never"), simulated=False)
    mine.changed()
    assert not mine.changed()
    mine.set(0)  # the owner's word: trusted from now on
    assert [mine.changed(), mine.changed()] == [True, False]
    wall = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: wall() + 2_000_000_000)
    assert [mine.changed(), mine.changed()] == [True, False]


# Through the daemon --------------------------------------------------------------------------------


async def test_hours_let_in_and_shut_out_and_outlive_a_restart(tmp_path: Path) -> None:
    async with inside(tmp_path) as lock:
        desk = lock.daemon.desk
        await lock.enrol("123456", kind="WeekDayScheduleUser")
        with pytest.raises(Restricted, match="schedule-shut"):
            await lock.ask("Unlock", "123456")
        await desk.set_schedule("WeekDaySchedule", 1, 1, WEEK, "test")
        assert desk.get_schedule("WeekDaySchedule", 1, 1) == WEEK
        assert desk.explain(1, 0)["allowed"] is True
        await lock.ask("Unlock", "123456")
    async with inside(tmp_path) as lock:
        desk = lock.daemon.desk
        assert desk.get_schedule("WeekDaySchedule", 1, 1) == WEEK
        desk.set_time_state("Unknown")
        with pytest.raises(Restricted, match="clock-unset"):
            await lock.ask("Lock", "123456")
        await desk.clear_schedule("WeekDaySchedule", 1, 1, "test")
        with pytest.raises(NotFound, match="WeekDaySchedule 1 of user 1"):
            desk.get_schedule("WeekDaySchedule", 1, 1)


async def test_a_holiday_is_told_begins_and_ends_with_the_clock(tmp_path: Path) -> None:
    async with inside(tmp_path) as lock:
        desk, now = lock.daemon.desk, int(time.time())
        await desk.set_schedule("HolidaySchedule", 1, 0, {"start": now, "end": now + DAY_S, "mode": "Vacation"}, "test")
        assert desk.get_property("org.lockd1.Lock", "OperatingMode") == "Vacation"
        await desk.set_time(now + 2 * DAY_S, "test")
        assert desk.get_property("org.lockd1.Lock", "OperatingMode") == "Normal"
        await desk.set_time(now, "test")
        assert desk.get_property("org.lockd1.Lock", "OperatingMode") == "Vacation"
        desk.set_time_state("Floor")
        assert desk.get_property("org.lockd1.Lock", "OperatingMode") == "Normal"
        with pytest.raises(NotFound, match="HolidaySchedule 2"):
            desk.get_schedule("HolidaySchedule", 2, 0)


async def test_what_the_watchdog_sees_of_the_clock_begins_a_holiday(tmp_path: Path) -> None:
    async with inside(tmp_path) as lock:
        daemon, now = lock.daemon, int(time.time())
        holiday = {"start": now + DAY_S, "end": now + 2 * DAY_S, "mode": "Privacy"}
        await daemon.desk.set_schedule("HolidaySchedule", 1, 0, holiday, "test")
        daemon._look_round()
        daemon.clock.set(DAY_S * 1_000_000)  # as NTP would
        daemon._look_round()
        assert daemon.desk.get_property("org.lockd1.Lock", "OperatingMode") == "Privacy"

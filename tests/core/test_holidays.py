"""Holidays: another operating mode for a time, and what was before comes back."""

from __future__ import annotations

import pytest

from lockd.core.calendar import ALL_SCHEDULES
from lockd.core.events import (
    ClockChanged,
    Event,
    Noted,
    PropertySet,
    ResetAsked,
    ScheduleCleared,
    SettingsLoaded,
    Started,
)  # fmt: skip
from lockd.settings import LockSettings
from lockd.words import TimeState
from tests.core.world import DAY_S, World, wired

HOUR = 3600


def mode(world: World) -> str:
    """As D-Bus tells it; what was told last is what is."""
    told, now = world.told.get("OperatingMode"), world.property("OperatingMode")
    assert told in (None, now)
    return str(now)


def told(world: World) -> list[tuple[str, int, str]]:
    """What the trail says of holidays."""
    return [(e.fields["detail"], e.fields["index"], e.fields["value"]) for _, e in world.trail
            if e.fields.get("detail", "").startswith("holiday-")]  # fmt: skip


def test_a_holiday_changes_the_mode_by_itself_and_gives_back_what_was_before() -> None:
    world = World(wired({"mode": "NoRemoteLockUnlock"})).holiday("Vacation", HOUR, 3 * HOUR)
    world.wait(HOUR - 1)
    assert mode(world) == "NoRemoteLockUnlock"
    world.wait(1)
    assert mode(world) == "Vacation"
    assert world.told["OperatingMode"] == "Vacation"
    world.wait(2 * HOUR - 1)
    assert mode(world) == "Vacation"
    world.wait(1)
    assert mode(world) == "NoRemoteLockUnlock"
    assert told(world) == [("holiday-began", 1, "Vacation"), ("holiday-ended", 1, "NoRemoteLockUnlock")]
    assert world.lock.next_deadline() is None


def test_the_lock_wakes_for_it_and_for_nothing_else() -> None:
    world = World().holiday("Vacation", 10 * DAY_S, 20 * DAY_S)
    assert world.lock.next_deadline() == pytest.approx(world.mono + 10 * DAY_S)
    world.wait(15 * DAY_S)
    assert world.lock.next_deadline() == pytest.approx(world.mono + 5 * DAY_S)


def test_one_that_it_is_already_counts_at_once_and_no_longer_than_it_is_there() -> None:
    world = World().holiday("Vacation", -HOUR)
    assert mode(world) == "Vacation"
    world.holiday("Privacy", -HOUR)
    assert mode(world) == "Privacy"
    world.submit(ScheduleCleared("HolidaySchedule", 1, 0))
    assert mode(world) == "Normal"
    assert told(world)[-1] == ("holiday-ended", 1, "Normal")


def test_of_several_the_lowest_index_counts() -> None:
    world = World().holiday("Vacation", 0, 4 * HOUR, index=3).holiday("Privacy", HOUR, 2 * HOUR, index=2)
    seen = []
    for _ in range(5):
        seen.append(mode(world))
        world.wait(HOUR)
    assert seen == ["Vacation", "Privacy", "Vacation", "Vacation", "Normal"]


@pytest.mark.parametrize("boot", ["", "another boot"])
def test_it_begins_goes_on_and_ends_across_a_restart(boot: str) -> None:
    world = World().holiday("Vacation", HOUR, 3 * HOUR)
    world = world.restarted(2 * HOUR, boot)
    world.submit(Started())
    assert mode(world) == "Vacation"
    assert [e.fields["detail"] for _, e in world.trail[-2:]] == ["started", "holiday-began"]
    world = world.restarted(2 * HOUR, boot)
    world.submit(Started())
    assert mode(world) == "Normal"


def test_a_try_in_its_first_moment_meets_it_though_no_tick_came_before() -> None:
    world = World().enrol(1, "123456").holiday("Vacation", HOUR, 2 * HOUR)
    world.mono += HOUR
    world.wall += HOUR * 1_000_000
    world.type("123456", request=1)
    assert world.answers[1].detail == "mode-forbids"
    world.mono += HOUR
    world.wall += HOUR * 1_000_000
    world.type("123456", request=2)
    world.wait(1)
    assert world.answers[2] is None


@pytest.mark.parametrize("trust", ["Floor", "Unknown"])
def test_with_a_clock_that_may_be_wrong_it_is_no_holiday_so_that_nobody_is_shut_out(trust: TimeState) -> None:
    world = World().enrol(1, "123456")
    world.trust = trust
    world.holiday("Privacy")
    world.type("123456", request=1)
    world.wait(1)
    assert (world.answers[1], mode(world), world.lock.next_deadline()) == (None, "Normal", None)
    world.trust = "Trusted"
    world.submit(ClockChanged())
    assert mode(world) == "Privacy"
    world.trust = trust
    world.submit(ClockChanged())
    assert mode(world) == "Normal"


@pytest.mark.parametrize(("jump_s", "expected"), [(2 * HOUR, "Vacation"), (5 * HOUR, "Normal"), (-9 * HOUR, "Normal")])
def test_a_clock_that_was_put_begins_and_ends_it(jump_s: int, expected: str) -> None:
    world = World().holiday("Vacation", HOUR, 3 * HOUR)
    world.wall += jump_s * 1_000_000
    world.submit(ClockChanged())
    assert mode(world) == expected
    assert world.lock.next_deadline() == {
        2 * HOUR: pytest.approx(world.mono + HOUR), 5 * HOUR: None, -9 * HOUR: pytest.approx(world.mono + 10 * HOUR),
    }[jump_s]  # fmt: skip


# Who sets a mode meanwhile -------------------------------------------------------------------------


def set_mode(world: World, value: str) -> None:
    world.submit(PropertySet("OperatingMode", value, request=len(world.answers) + 1))
    assert world.answers[len(world.answers)] is None


def test_a_mode_that_is_set_meanwhile_holds_at_once_and_after() -> None:
    world = World().holiday("Vacation", 0, HOUR)
    set_mode(world, "Privacy")
    assert mode(world) == "Privacy"
    world = world.restarted(10)
    world.submit(Started())
    assert mode(world) == "Privacy"
    world.wait(2 * HOUR)
    assert mode(world) == "Privacy"


def test_it_ends_all_that_last_and_none_that_is_to_come() -> None:
    world = World().holiday("Vacation", 0, 4 * HOUR).holiday("Privacy", 0, 4 * HOUR, index=2)
    world.holiday("NoRemoteLockUnlock", 2 * HOUR, 3 * HOUR, index=3)
    set_mode(world, "Passage")
    assert mode(world) == "Passage"
    world.wait(2 * HOUR)
    assert mode(world) == "NoRemoteLockUnlock"
    world.wait(HOUR)
    assert mode(world) == "Passage"


@pytest.mark.parametrize("restart", [False, True])
def test_one_that_is_set_anew_counts_anew(restart: bool) -> None:
    world = World().holiday("Vacation", 0, HOUR).holiday("Vacation", 0, HOUR, index=2)
    set_mode(world, "Normal")
    world.holiday("Privacy", 0, HOUR)
    if restart:
        world = world.restarted()
        world.submit(Started())
    assert mode(world) == "Privacy"
    world.submit(ScheduleCleared("HolidaySchedule", ALL_SCHEDULES, 0))
    assert mode(world) == "Normal"
    world.holiday("Vacation", 0, HOUR, index=2)
    assert mode(world) == "Vacation"


def test_what_is_set_before_it_is_what_comes_back() -> None:
    world = World().holiday("Vacation", HOUR, 2 * HOUR)
    set_mode(world, "Privacy")
    world.wait(HOUR)
    assert mode(world) == "Vacation"
    world.wait(HOUR)
    assert mode(world) == "Privacy"


def test_who_opens_from_inside_ends_a_holiday_s_privacy() -> None:
    world = World().holiday("Privacy")
    world.press_inside()
    world.wait(1)
    assert mode(world) == "Normal"
    assert world.restarted().property("OperatingMode") == "Normal"


def test_a_mode_changed_in_the_file_counts_as_set_and_another_setting_does_not() -> None:
    world = World().holiday("Vacation")
    world.submit(SettingsLoaded(world.settings.but(lock=LockSettings(auto_relock_s=9))))
    assert mode(world) == "Vacation"
    world.submit(SettingsLoaded(world.settings.but(lock=LockSettings(auto_relock_s=9, mode="Passage"))))
    assert mode(world) == "Passage"


@pytest.mark.parametrize("event", [ResetAsked(), PropertySet("AutoRelockTime", 7), Noted("noted")])
def test_another_change_leaves_what_was_said_of_it_but_a_reset(event: Event) -> None:
    world = World().holiday("Vacation", 0, HOUR)
    set_mode(world, "Normal")
    world.submit(event)
    assert mode(world) == "Normal"
    world.holiday("Vacation", 0, HOUR, index=2 if not isinstance(event, ResetAsked) else 1)
    assert mode(world) == "Vacation"


# What it does --------------------------------------------------------------------------------------


def test_a_passage_holiday_opens_without_a_code_and_locks_again_by_itself_after() -> None:
    world = World(wired({"auto_relock_s": 30})).holiday("Passage", 0, HOUR)
    world.ask("Unlock", "Keypad", request=1)
    world.wait(HOUR - 1)
    assert (world.answers[1], world.lock.lock_state) == (None, "Unlocked")
    world.wait(35)
    assert world.lock.lock_state == "Locked"


def test_a_holiday_is_kept_out_of_what_the_store_keeps_of_the_mode() -> None:
    world = World().holiday("Vacation")
    assert [key for _, key in world.rows if key.startswith("property:")] == []

"""Wrong codes, and what they cost: counted for each source, kept across kills and power cuts."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd.core.events import EnterPressed, OperationAsked, Presented, PropertySet
from lockd.core.guard import COUNTED
from lockd.core.lockout import CHECKPOINT_S, HELD_RECORDED, Policy, Tries
from lockd.errors import Busy, DisabledUserDenied, InvalidCredential, LockedOut
from lockd.words import Source, Wish
from tests.core.world import AT_UNLOCKED, World, wired

RIGHT, WRONG = "123456", "999999"


def home(**lock: int) -> World:
    return World(wired(lock)).enrol(1, RIGHT)


def try_wrong(world: World, times: int, source: Source = "Keypad", wish: Wish = "Unlock") -> None:
    for _ in range(times):
        world.ask(wish, source, WRONG)
        world.wait(1)


def held(world: World, source: Source = "Keypad") -> int:
    return world.lock.lockout_remaining(source, world.at)


@pytest.mark.parametrize("limit", [1, 2, 5, 255])
def test_the_nth_wrong_try_itself_starts_the_lockout(limit: int) -> None:
    world = home(wrong_code_limit=limit, wrong_code_window_s=10_000, wrong_code_day_limit=1000)
    try_wrong(world, limit - 1)
    assert (held(world), world.alarms) == (0, [])
    world.type(WRONG)
    assert held(world) == 90
    assert world.alarms == ["WrongCodeEntryLimit"]


def test_during_it_everything_is_refused_the_right_pin_too() -> None:
    world = home()
    try_wrong(world, 5)
    world.type(RIGHT, request=1)
    world.ask("Lock", "Keypad", RIGHT, request=2)
    world.submit(EnterPressed())
    world.wait(1)
    assert isinstance(world.answers[1], LockedOut)
    assert isinstance(world.answers[2], LockedOut)
    assert world.drives == 0
    assert world.signs[-3:] == ["locked-out"] * 3


def test_the_refusal_says_how_long_to_wait_and_never_less() -> None:
    world = home()
    try_wrong(world, 5)
    world.wait(0.5)  # 88.5 s are left
    world.ask("Unlock", "Keypad", RIGHT, request=1)
    assert str(world.answers[1]) == "Too many wrong codes (locked-out): try again in 89 s."
    assert held(world) == 89


def test_no_signal_is_sent_for_a_try_during_it_and_exactly_one_alarm() -> None:
    world = home()
    try_wrong(world, 5)
    told = len(world.signals("LockOperationError"))
    try_wrong(world, 20)
    assert len(world.signals("LockOperationError")) == told == 5
    assert world.alarms == ["WrongCodeEntryLimit"]


def test_ten_tries_during_it_are_recorded_and_the_rest_as_counts() -> None:
    world = home()
    try_wrong(world, 5)
    try_wrong(world, 17)  # 17 s, before the first checkpoint
    assert len(world.entries(detail="locked-out")) == HELD_RECORDED
    world.wait(CHECKPOINT_S)
    assert world.entries(detail="lockout-goes-on", count=7, source="Keypad")  # were lockd killed now, none was lost
    world.wait(world.lock.lockout_remaining("Keypad", world.at) - 5)
    try_wrong(world, 3)
    world.wait(90)
    assert world.entries(detail="lockout-ended", count=3, source="Keypad")
    assert len(world.entries(detail="locked-out")) == HELD_RECORDED


def test_a_flood_writes_nothing_and_answers_everybody() -> None:
    world = home()
    try_wrong(world, 5, "Remote")
    for _ in range(HELD_RECORDED):
        world.ask("Unlock", "Remote", WRONG)
    before = len(world.trail)
    for number in range(1, 2001):
        world.ask("Unlock", "Remote", RIGHT, request=number)
    assert len(world.trail) == before
    assert len(world.answers) == 2000


def test_it_ends_and_the_right_pin_opens() -> None:
    world = home()
    try_wrong(world, 5)
    world.wait(held(world) - 0.5)
    assert held(world) == 1
    world.wait(0.5)
    assert held(world) == 0
    world.type(RIGHT)
    world.wait(1)
    assert world.lock.lock_state == "Unlocked"


def test_each_further_one_is_twice_as_long_up_to_an_hour() -> None:
    world = home()
    lengths = []
    for _ in range(8):
        world.wait(10_000)
        try_wrong(world, 4)
        world.type(WRONG)
        lengths.append(held(world))
    assert lengths == [90, 180, 360, 720, 1440, 2880, 3600, 3600]


def test_a_success_with_a_pin_resets_the_count_and_the_doubling() -> None:
    world = home()
    try_wrong(world, 5)
    world.wait(100)
    try_wrong(world, 4)
    world.type(RIGHT)
    world.wait(1)
    try_wrong(world, 4)
    assert held(world) == 0
    world.type(WRONG)
    assert held(world) == 90
    assert world.restarted(0).lock.lockout_remaining("Keypad", world.at) == 90


def test_a_success_is_remembered_after_a_power_cut() -> None:
    world = home()
    try_wrong(world, 4)
    world.type(RIGHT)
    world.wait(1)
    again = world.restarted(boot="another boot")
    again.type(WRONG)
    assert held(again) == 0


def test_a_success_without_a_pin_resets_nothing() -> None:
    world = home()
    try_wrong(world, 4, "Remote")
    world.ask("Unlock", "Remote")
    world.wait(1)
    world.ask("Lock", "Remote", WRONG)
    assert held(world, "Remote") == 90


def test_a_right_pin_that_is_refused_resets_nothing() -> None:
    world = home()
    try_wrong(world, 4)
    world.submit(PropertySet("OperatingMode", "Vacation"))
    world.type(RIGHT)
    world.type(WRONG)
    assert held(world) == 90


def test_locking_and_unlocking_share_the_count() -> None:
    world = World(wired(), AT_UNLOCKED)
    try_wrong(world, 3, "Remote", "Unlock")
    try_wrong(world, 1, "Remote", "Lock")
    world.ask("Lock", "Remote", WRONG)
    assert held(world, "Remote") == 90


def test_a_wrong_code_older_than_the_window_is_forgotten() -> None:
    world = home()
    try_wrong(world, 4)  # at 0, 1, 2 and 3 s
    world.wait(296)  # now it is 300 s
    world.type(WRONG)
    assert held(world) == 0
    world.type(WRONG)
    assert held(world) == 90


def test_a_disabled_user_does_not_count_nor_does_asking_without_a_pin() -> None:
    world = World(wired({"require_pin_for_remote": True})).enrol(1, RIGHT, status="OccupiedDisabled")
    for number in range(1, 11):
        world.ask("Unlock", "Remote", RIGHT, request=number)
    world.ask("Unlock", "Remote", request=11)
    assert {type(world.answers[n]) for n in range(1, 11)} == {DisabledUserDenied}
    assert (type(world.answers[11]), world.answers[11].detail) == (InvalidCredential, "pin-required")
    assert held(world, "Remote") == 0


@pytest.mark.parametrize("flooded", COUNTED)
def test_a_flood_on_one_source_never_shuts_out_the_person_at_another(flooded: Source) -> None:
    world = home()
    try_wrong(world, 50, flooded)
    for source in set(COUNTED) - {flooded}:
        assert held(world, source) == 0
        world.ask("Unlock", source, RIGHT)
        world.wait(1)
        assert world.lock.lock_state == "Unlocked"
        world.ask("Lock", source, RIGHT)
        world.wait(1)


def test_every_source_that_may_be_asked_is_kept() -> None:
    assert set(COUNTED) == set(get_args(Source)) - {"Unspecified", "Manual", "Auto", "Button", "Schedule"}


# Within a day ------------------------------------------------------------------------------------

DAY_LIMIT, HOUR_S, DAY_S = 50, 3600, 86_400


def hunt(world: World, seconds: float, insider: bool = True, source: Source = "Keypad") -> int:
    """Wrong codes as fast as the lock reads them, four between two openings of the insider's own; how many it read."""
    until, read = world.mono + seconds, 0
    while world.mono < until:
        if held(world, source):
            world.wait(held(world, source))
        elif insider and read % 5 == 4:
            world.ask("Unlock", source, RIGHT)
            world.wait(1)
            read += 1
        else:
            world.ask("Unlock", source, WRONG)
            read += 1
            world.wait(1)
    return len(world.entries(error="InvalidCredential", source=source))


@pytest.mark.parametrize("insider", [True, False])
def test_a_day_of_hunting_finds_a_given_pin_less_than_once_in_ten_thousand(insider: bool) -> None:
    """The figure of docs/codes.md: 50, and one for each of the longest lockouts."""
    read = hunt(home(), DAY_S, insider)
    assert DAY_LIMIT <= read <= DAY_LIMIT + DAY_S / HOUR_S + 1 == 75
    assert read / 10**6 < 1 / 10_000


def test_without_the_count_of_the_day_an_insider_hunts_without_end() -> None:
    assert hunt(home(wrong_code_day_limit=1000), 1200) > 75


def test_from_the_days_limit_on_each_wrong_code_costs_the_longest_lockout_and_no_more() -> None:
    world = home(lockout_max_s=600)
    for _ in range(DAY_LIMIT - 1):
        world.type(WRONG)
        world.type(RIGHT)
        world.wait(1)
    assert (held(world), world.alarms) == (0, [])
    for _ in range(3):
        world.type(WRONG)
        assert held(world) == 600
        world.wait(600)
        world.type(RIGHT, request=len(world.answers) + 1)
        world.wait(1)
        assert world.answers[len(world.answers)] is None, "the rightful person comes in after it"
    assert world.alarms == ["WrongCodeEntryLimit"] * 3


@pytest.mark.parametrize("boot", ["", "another boot"])
def test_neither_a_restart_nor_a_right_code_ends_the_count_of_the_day_but_a_day_does(boot: str) -> None:
    world = home()
    for _ in range(DAY_LIMIT):
        world.type(WRONG)
        world.type(RIGHT)
        world.wait(1)
    world.wait(HOUR_S)
    world.type(RIGHT)
    world.wait(1)
    again = world.restarted(boot=boot)
    again.type(WRONG)
    assert held(again) == HOUR_S
    again.wait(DAY_S + HOUR_S)
    again.type(WRONG)
    assert held(again) == 0


def test_each_source_has_a_day_of_its_own() -> None:
    world = home(wrong_code_day_limit=3)
    try_wrong(world, 3)
    assert held(world) > 90
    try_wrong(world, 2, "Remote")
    assert held(world, "Remote") == 0


def test_a_row_from_before_there_was_a_count_of_the_day_is_read() -> None:
    row = {"boot": "", "at": 100.0, "ages": [1.0], "remaining": 0, "level": 1}
    assert Tries.restored(row, "", 5000.0).day.count(5000.0) == 0


# Across kills, power cuts and clocks ---------------------------------------------------------------


def test_it_goes_on_after_kill_9_for_the_rest_of_its_time() -> None:
    world = home()
    try_wrong(world, 5)
    before = held(world)
    again = world.restarted(after_s=20)
    assert held(again) == before - 20
    again.wait(before - 20)
    assert held(again) == 0


def test_it_is_over_when_its_time_passed_while_lockd_was_away() -> None:
    world = home()
    try_wrong(world, 5)
    assert held(world.restarted(after_s=89)) == 0


def test_a_power_cut_does_not_shorten_it_and_adds_no_more_than_a_checkpoint() -> None:
    world = home()
    try_wrong(world, 5)
    world.wait(70)
    left = held(world)
    again = world.restarted(after_s=3600, boot="another boot")
    assert left <= held(again) <= left + CHECKPOINT_S
    again.type(RIGHT, request=1)
    assert isinstance(again.answers[1], LockedOut)


def test_many_power_cuts_and_kills_do_not_make_it_last_for_ever() -> None:
    world = home()
    try_wrong(world, 5)
    again = world.restarted(boot="another boot")
    left = held(again)
    for _ in range(5):
        again.wait(5)
        again = again.restarted(after_s=1)
    assert held(again) == left - 5 * 6


def test_where_boots_have_no_name_nothing_is_taken_for_passed() -> None:
    row = {"boot": "", "at": 100.0, "ages": [], "remaining": 60.0, "level": 1}
    assert Tries.restored(row, "", 5000.0).remaining(5000.0) == 60


@pytest.mark.parametrize("jump_s", [-(10**9), -3600, 3600, 10**9])
def test_a_clock_jump_neither_shortens_nor_lengthens_it(jump_s: int) -> None:
    world = home()
    try_wrong(world, 5)
    before = held(world)
    world.wall += jump_s * 1_000_000
    assert held(world) == before
    again = world.restarted(after_s=10)
    assert held(again) == before - 10


def test_wrong_tries_and_the_doubling_outlive_a_kill() -> None:
    world = home()
    try_wrong(world, 5)
    world.wait(100)
    try_wrong(world, 4)
    again = world.restarted()
    again.type(WRONG)
    assert held(again) == 180


def test_wrong_tries_outlive_a_power_cut() -> None:
    world = home()
    try_wrong(world, 4)
    again = world.restarted(boot="another boot")
    again.type(WRONG)
    assert held(again) == 90


def test_it_is_kept_even_though_the_power_fails_right_after_the_answer() -> None:
    world = home()
    try_wrong(world, 4)
    world.ask("Unlock", "Keypad", WRONG, request=1)
    assert 1 in world.answers
    assert held(world.restarted(after_s=0)) == 90


def test_a_tick_that_comes_late_ends_it_at_its_time() -> None:
    world = home(wrong_code_limit=1)
    try_wrong(world, 1 + 12)
    world.mono += 1000  # the loop was away
    world.type(WRONG)
    assert [e.fields.get("count") for e in world.entries(detail="lockout-ended")] == [2]
    assert world.alarms == ["WrongCodeEntryLimit"] * 2


def test_its_last_second_is_a_second_of_it() -> None:
    world = home()
    try_wrong(world, 5)
    world.wait(world.lock.guard.tries["Keypad"].remaining(world.at.mono) - 0.5)
    world.type(RIGHT, request=1)
    assert isinstance(world.answers[1], LockedOut)


# As it is told -------------------------------------------------------------------------------------


def test_the_countdown_is_told_at_its_begin_and_at_its_end_only() -> None:
    world = home()
    try_wrong(world, 5, "Remote")
    assert world.told["LockoutRemaining"] == 90
    marks = [e for e in world.wait(200) if "LockoutRemaining" in getattr(e, "values", {})]
    assert [e.values["LockoutRemaining"] for e in marks] == [0]
    assert world.signs == []  # nobody stands at the door


def test_the_person_at_the_keypad_sees_that_it_is_over() -> None:
    world = home()
    try_wrong(world, 5)
    world.wait(90)
    assert world.signs == ["wrong"] * 5 + ["locked-out", "quiet"]


def test_new_limits_hold_from_the_next_wrong_try() -> None:
    world = home()
    try_wrong(world, 2)
    world.submit(PropertySet("WrongCodeEntryLimit", 3))
    world.submit(PropertySet("UserCodeTemporaryDisableTime", 7))
    world.type(WRONG)
    assert held(world) == 7


@given(
    st.lists(st.tuples(st.sampled_from(["wrong", "right"]), st.floats(0, 400)), max_size=60),
    st.integers(1, 6), st.integers(10, 300),
)  # fmt: skip
def test_it_never_starts_with_fewer_than_n_wrong_tries_in_the_window(
    tries: list[tuple[str, float]], limit: int, window: int
) -> None:
    counted, wrong, at = Tries(), [], 0.0
    for kind, gap in tries:
        at += gap
        if counted.remaining(at):
            continue
        if kind == "right":
            counted.succeed()
            wrong = []
            continue
        wrong = [*(f for f in wrong if at - f < window), at]
        started = counted.fail(Policy(limit, window, 90, 3600, 1000), at)
        assert started == (len(wrong) >= limit)
        wrong = [] if started else wrong


def test_a_wrong_code_that_cannot_be_counted_on_disk_starts_it_at_once() -> None:
    world = home()
    world.disk = "fails"
    world.type(WRONG, request=1)
    assert isinstance(world.answers[1], InvalidCredential)
    assert world.alarms.count("WrongCodeEntryLimit") == 1
    world.type(RIGHT, request=2)
    assert isinstance(world.answers[2], LockedOut)
    world.wait(91)
    world.type(RIGHT, request=3)
    world.wait(1)
    assert world.answers[3] is None


def test_one_that_may_have_been_lost_with_a_damaged_store_begins_anew() -> None:
    world = home()
    world = World(snapshot=world.snapshot().but(incomplete=True))
    world.type(RIGHT, request=1)
    assert isinstance(world.answers[1], LockedOut)
    world.wait(91)
    world.type(RIGHT, request=2)
    world.wait(1)
    assert world.answers[2] is None


def test_the_countdown_is_that_of_whoever_has_to_wait_longest() -> None:
    world = home(wrong_code_limit=1)
    world.type(WRONG)
    assert world.property("LockoutRemaining") == 90
    world.wait(30)
    world.ask(pin=WRONG)
    assert world.property("LockoutRemaining") == 90
    world.wait(60)
    assert world.property("LockoutRemaining") == 30


def test_a_flood_of_codes_that_nobody_had_time_to_read_writes_little_and_is_answered() -> None:
    world = home()
    for request in range(1, 100):
        world.submit(OperationAsked("Unlock", "Remote", Presented("PIN", b""), request))
    assert len(world.entries(detail="busy")) == HELD_RECORDED
    assert all(isinstance(world.answers[request], Busy) for request in range(1, 100))
    assert world.property("LockoutRemaining") == 0

"""Codes granted from afar, in the lock: what each comes to, never twice, never outside, never too many."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockd.codes import (
    FIRST,
    HOUR_US,
    LIKELIEST,
    MOST,
    MOST_FRESH,
    MOST_GUESSES,
    MOST_KEPT,
    WEEK,
    Label,
    Window,
    windows_of,
)  # fmt: skip
from lockd.core.codes import FLOOR, GUESSES, ROW, USED, Guesses
from lockd.core.effects import DriveBolt, Drop, Record
from lockd.core.events import CodesSet, OperationAsked, Presented, PropertySet, ResetAsked, Started
from lockd.errors import (
    Busy,
    ConstraintError,
    DisabledUserDenied,
    InvalidCredential,
    LockdError,
    LockedOut,
    NotFound,
    ResourceExhausted,
    Restricted,
)  # fmt: skip
from lockd.words import Source
from tests.core.world import NOON, World, digest, wired

NOW = NOON // HOUR_US
HOUR_S = 3600
ONCE = Window(1, "once", 1, "once", NOW, 0)
SPAN = Window(1, "visitor", 2, "span", NOW, 9)
WEEKLY = Window(1, "cleaner", 4, "weekly", NOW, 2)


def issuing(**lock: Any) -> World:
    """A lock with an issuing key."""
    world = World(wired({"auto_relock_s": 0, **lock}))
    world.submit(CodesSet("key", serial="first"))
    return world


def type_code(world: World, window: Window | None, source: Source = "Keypad", code: str = "no PIN") -> Any:
    """The answer to somebody who types the code of this window; None: nine other digits. As the edge does,
    it finds only what the lock has it compare with."""
    request = len(world.answers) + 1
    known = window if window in world.lock.code_windows(world.at) else None
    world.submit(OperationAsked("Unlock", source, Presented("PIN", digest(code), True, known), request, wait=False))
    world.wait(0)
    return world.answers[request]


def opens(world: World, window: Window | None) -> bool:
    """Whether it does; the bolt is out again after."""
    before = world.unlocks
    type_code(world, window)
    world.wait(2)
    came = world.unlocks > before
    world.ask("Lock")
    world.wait(2)
    return came


def change(world: World, op: Any, name: str = "", **more: Any) -> Any:
    request = len(world.answers) + 1
    world.submit(CodesSet(op, name, request=request, by="anna", **more))
    return world.answers[request]


# What each kind comes to -----------------------------------------------------------------------------


@pytest.mark.parametrize(("window", "detail"), [
    (ONCE, "one-time-code"), (SPAN, "timed-code"), (WEEKLY, "timed-code"),
])  # fmt: skip
def test_a_code_opens_and_is_recorded_with_its_label(window: Window, detail: str) -> None:
    world = issuing()
    assert type_code(world, window) is None
    world.wait(2)
    granted, done = world.entries(detail=detail)
    assert (granted.fields["phase"], done.fields["phase"]) == ("granted", "done")
    assert {entry.fields["label"] for entry in (granted, done)} == {window.label}
    assert "user" not in done.fields
    assert world.drives == 1


def test_its_use_is_in_the_record_that_goes_before_the_motor() -> None:
    world = issuing()
    world.disk = "hangs"
    world.submit(OperationAsked("Unlock", "Keypad", Presented("PIN", digest("x"), True, ONCE)))
    (record,) = world.unwritten
    assert USED + ONCE.key in [write.key for write in record.writes]
    assert not [effect for effect in world.effects if isinstance(effect, DriveBolt)]
    world.write()
    assert world.drives == 1


def test_a_one_time_code_opens_once_in_its_life() -> None:
    world = issuing()
    assert opens(world, ONCE)
    error = type_code(world, ONCE)
    assert isinstance(error, DisabledUserDenied)
    assert error.detail == "code-used"
    assert world.signs[-1] == "refused"
    assert world.drives == 2  # to open, and to lock again
    assert not world.lock.guard.tries["Keypad"].failures


def test_a_second_try_while_the_first_is_on_its_way_to_the_disk_is_used_up_too() -> None:
    world = issuing()
    world.disk = "hangs"
    for _ in range(2):
        world.submit(OperationAsked("Unlock", "Keypad", Presented("PIN", digest("x"), True, ONCE)))
    assert [record.entry.kind for record in world.unwritten] == ["LockOperation", "LockOperationError"]
    world.write()
    assert world.drives == 1


@pytest.mark.parametrize("disk", ["fails", "hangs"])
def test_what_cannot_be_counted_opens_nothing(disk: Any) -> None:
    world = issuing()
    world.disk = disk
    request = len(world.answers) + 1
    world.submit(OperationAsked("Unlock", "Keypad", Presented("PIN", digest("x"), True, SPAN), request))
    world.wait(10)
    assert isinstance(world.answers[request], LockdError)
    assert world.drives == 0


def test_a_use_that_was_written_too_late_is_given_back() -> None:
    world = issuing()
    world.disk = "hangs"
    world.submit(OperationAsked("Unlock", "Keypad", Presented("PIN", digest("x"), True, ONCE)))
    world.wait(5)
    assert world.drives == 0
    world.write()
    world.wait(5)
    assert ("state", USED + ONCE.key) not in world.rows
    assert opens(world, ONCE)


def test_who_comes_in_by_a_first_use_that_may_be_given_back_has_to_wait_for_that() -> None:
    world = issuing()
    world.disk = "hangs"
    for request in (101, 102):
        world.submit(OperationAsked("Unlock", "Keypad", Presented("PIN", digest("x"), True, WEEKLY), request, False))
        world.wait(1.5)
    world.write()
    world.wait(1)
    assert isinstance(world.answers[102], Busy)
    assert ("state", USED + WEEKLY.key) not in world.rows
    assert opens(world, WEEKLY)
    again = world.restarted(after_s=WEEK * HOUR_S)
    assert opens(again, WEEKLY)


def test_a_code_that_found_the_bolt_stuck_is_not_used_up() -> None:
    world = issuing()
    world.sticks = True
    assert type_code(world, ONCE) is None
    world.wait(60)
    assert ("state", USED + ONCE.key) not in world.rows
    assert world.lock.codes.state(ONCE, world.at) == "valid"


@pytest.mark.parametrize(("window", "hours", "trusted", "detail"), [
    (ONCE, 11, True, None), (ONCE, 12, True, "code-closed"), (SPAN, 8, True, None), (SPAN, 9, True, "code-closed"),
    (WEEKLY, 1, True, None), (WEEKLY, 2, True, "code-closed"), (SPAN, 1, False, "clock-unset"),
])  # fmt: skip
def test_a_code_that_waits_for_the_bolt_is_held_to_its_hours(
    window: Window, hours: int, trusted: bool, detail: str | None
) -> None:
    world = issuing()
    world.unlocked()
    world.ask("Lock")
    shown = Presented("PIN", digest("no PIN"), True, window)
    world.submit(OperationAsked("Unlock", "Keypad", shown, 7))
    world.wall += hours * HOUR_US
    world.trust = "Trusted" if trusted else "Unknown"
    world.wait(2)
    assert getattr(world.answers[7], "detail", None) == detail
    assert world.lock.lock_state == ("Unlocked" if detail is None else "Locked")
    assert (window.key in world.lock.codes.uses) == (detail is None), "given back if nothing came of it"


def test_a_span_opens_again_and_again_until_it_ends() -> None:
    world = issuing()
    assert opens(world, SPAN)
    assert opens(world, SPAN)
    world.wait(8 * HOUR_S)
    assert opens(world, SPAN)
    world.wait(HOUR_S)
    assert not opens(world, SPAN)


def test_a_span_that_is_not_used_in_its_first_hours_is_void() -> None:
    used, unused = issuing(), issuing()
    assert opens(used, SPAN)
    for world in (used, unused):
        world.wait(2 * HOUR_S)
    assert (opens(used, SPAN), opens(unused, SPAN)) == (True, False)


def test_a_code_is_nothing_before_its_hour() -> None:
    world = issuing()
    early = SPAN.but(start=NOW + 1)
    assert isinstance(type_code(world, early), InvalidCredential)
    world.wait(HOUR_S)
    assert type_code(world, early) is None


def test_a_weekly_code_comes_back_each_week_and_says_when_it_is_another_time() -> None:
    world = issuing()
    assert opens(world, WEEKLY)
    world.wait(3 * HOUR_S)
    error = type_code(world, WEEKLY)
    assert isinstance(error, Restricted)
    assert error.detail == "code-closed"
    assert world.entries(detail="code-closed")[0].fields["label"] == "cleaner"
    world.wait((WEEK - 3) * HOUR_S)
    assert opens(world, WEEKLY)
    world.wall += 52 * WEEK * HOUR_US
    assert not opens(world, WEEKLY)


def test_only_so_many_codes_go_on_at_a_time() -> None:
    world = issuing()
    change(world, "label", "visitor", kind="span", lengths=tuple(range(4, 14)), accept=1)
    for length in range(4, 4 + MOST_KEPT):
        assert type_code(world, SPAN.but(length=length)) is None
    error = type_code(world, SPAN.but(length=13))
    assert isinstance(error, Restricted)
    assert error.detail == "codes-full"
    assert type_code(world, ONCE) is None


# Who may revoke, and how -------------------------------------------------------------------------------


@pytest.mark.parametrize(("op", "name", "gone"), [
    ("revoke", "visitor", {SPAN}), ("remove", "cleaner", {WEEKLY}), ("epoch", "", {ONCE, SPAN, WEEKLY}),
    ("key", "", {ONCE, SPAN, WEEKLY}),
])  # fmt: skip
@pytest.mark.parametrize("accepted", [True, False])
def test_revoked_is_void_whether_it_was_used_or_not(op: Any, name: str, gone: set[Window], accepted: bool) -> None:
    world = issuing()
    for window in (SPAN, WEEKLY) if accepted else ():
        assert type_code(world, window) is None
    world.ask("Lock")
    world.wait(2)
    assert change(world, op, name, serial="second") is None
    for kept in (world, world.restarted()):
        assert {w for w in (SPAN, WEEKLY, ONCE) if kept.lock.codes.state(w, kept.at) == "unknown"} == gone
    for window in gone:
        assert isinstance(type_code(world, window), InvalidCredential)
    assert world.entries(detail=f"codes-{op}")[-1].fields.get("label", "") == name


def test_a_label_that_was_revoked_or_removed_never_gets_its_old_number_back() -> None:
    world = issuing()
    numbers = {world.lock.codes.labels["once"].number}
    for op in ("revoke", "remove"):
        change(world, op, "once")
        if op == "remove":
            change(world, "label", "once", kind="once", accept=12)
        numbers.add(world.lock.codes.labels["once"].number)
    assert len(numbers) == 3
    assert len({label.number for label in world.lock.codes.labels.values()}) == len(FIRST)


def test_a_wish_that_waits_for_the_bolt_ends_with_its_label() -> None:
    world = issuing()
    world.ask("Unlock")
    world.wait(1)
    world.ask("Lock")
    assert type_code(world, SPAN) is None
    change(world, "revoke", "visitor")
    world.wait(5)
    assert world.lock.lock_state == "Locked"
    assert world.entries(phase="failed", label="visitor")


def test_a_changed_label_leaves_the_codes_that_it_still_allows_as_they_are() -> None:
    world = issuing()
    assert opens(world, SPAN)
    assert change(world, "label", "visitor", kind="span", lengths=(1, 9), accept=1) is None
    world.wait(3 * HOUR_S)
    assert opens(world, SPAN)


@pytest.mark.parametrize("narrower", [
    {"kind": "span", "lengths": (1, 2), "accept": 2}, {"kind": "once", "accept": 2},
    {"kind": "weekly", "lengths": (9,), "accept": 2},
])  # fmt: skip
def test_a_narrowed_label_ends_at_once_what_it_no_longer_allows_and_for_good(narrower: dict[str, Any]) -> None:
    world = issuing()
    stays = SPAN.but(length=2)
    assert opens(world, SPAN)
    assert opens(world, stays)
    assert change(world, "label", "visitor", **narrower) is None
    for kept in (world, world.restarted()):
        assert isinstance(type_code(kept, SPAN), InvalidCredential)
        assert (kept.lock.codes.state(stays, kept.at) == "valid") is (2 in narrower.get("lengths", ()))
    world.wait(3 * HOUR_S)
    change(world, "label", "visitor", kind="span", lengths=tuple(range(1, 11)), accept=2)
    for kept in (world, world.restarted()):
        assert not opens(kept, SPAN)


def test_a_use_that_came_while_its_label_was_narrowed_ends_with_the_next_change() -> None:
    world = issuing()
    world.disk = "hangs"
    world.submit(OperationAsked("Unlock", "Keypad", Presented("PIN", digest("x"), True, SPAN)))
    for lengths in ((1, 2), (1, 2, 9)):
        world.submit(CodesSet("label", "visitor", "span", lengths, 1))
    world.write()
    world.wait(3 * HOUR_S)
    assert not opens(world, SPAN)
    assert ("state", USED + SPAN.key) not in world.rows


def test_a_one_time_code_that_was_used_stays_used_whatever_its_label_becomes_meanwhile() -> None:
    world = issuing()
    assert opens(world, ONCE)
    change(world, "label", "once", kind="span", lengths=(1,), accept=1)
    change(world, "label", "once", kind="once", accept=12)
    for kept in (world, world.restarted()):
        assert isinstance(type_code(kept, ONCE), DisabledUserDenied)


def test_no_more_codes_go_on_than_may_though_a_label_is_narrowed_and_widened() -> None:
    world = issuing()
    for lengths in (range(4, 12), range(12, 20), range(4, 20)):
        change(world, "label", "visitor", kind="span", lengths=tuple(lengths), accept=1)
        for length in lengths:
            type_code(world, SPAN.but(length=length))
    assert len(world.lock.codes.kept(NOW)) == MOST_KEPT


@pytest.mark.parametrize(("event", "error", "words"), [
    (CodesSet("revoke", "nobody"), NotFound, "once, visitor, guest, cleaner"),
    (CodesSet("remove", "nobody"), NotFound, "nobody"),
    (CodesSet("label", "new", "span", (), 1), ConstraintError, "lengths"),
    (CodesSet("label", "new", "once", (3,), 1), ConstraintError, "lengths"),
    (CodesSet("label", "new", "weekly", (25,), 1), ConstraintError, "24 hours"),
    (CodesSet("label", "new", "once", (), 9), ResourceExhausted, "57"),
])  # fmt: skip
def test_a_change_that_cannot_be_says_why_and_changes_nothing(event: CodesSet, error: type, words: str) -> None:
    world = issuing()
    before = (dict(world.rows), dict(world.lock.codes.labels))
    world.submit(event.but(request=1))
    assert isinstance(world.answers[1], error)
    assert words in str(world.answers[1])
    assert (dict(world.rows), dict(world.lock.codes.labels)) == before


def test_without_a_key_there_is_nothing_to_change_and_nothing_to_compare() -> None:
    world = World()
    assert isinstance(change(world, "epoch"), NotFound)
    assert world.lock.code_windows(world.at) == ()
    assert isinstance(type_code(world, None), InvalidCredential)
    assert ("state", GUESSES) not in world.rows


def test_a_new_key_keeps_the_labels() -> None:
    world = issuing()
    change(world, "label", "plumber", kind="once", accept=8)
    change(world, "key", serial="second")
    assert (world.lock.codes.serial, world.lock.codes.epoch) == ("second", 2)
    assert "plumber" in world.lock.codes.labels


def test_the_factory_reset_takes_everything_but_the_floor() -> None:
    world = issuing()
    type_code(world, SPAN)
    world.submit(ResetAsked())
    assert world.lock.codes.serial == ""
    assert [key for table, key in world.rows if table == "state" and key.startswith(("codes", "code:"))] == []


def test_a_revoked_label_stays_in_its_place() -> None:
    world = issuing()
    before = list(world.lock.codes.labels)
    change(world, "revoke", "visitor")
    assert list(world.lock.codes.labels) == before


# Other rules -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trust", ["Floor", "Unknown"])
def test_without_a_trusted_time_no_code_opens_and_that_is_said(trust: Any) -> None:
    world = issuing()
    world.trust = trust
    assert world.lock.code_windows(world.at) == ()
    for window in (ONCE, SPAN, None):
        error = type_code(world, window)
        assert isinstance(error, Restricted)
        assert error.detail == "clock-unset"
        assert "time set" in str(error)
    assert world.signs[-1] == "refused"
    assert len(world.lock.guard.tries["Keypad"].failures) == 3  # it may have been the guess of a PIN
    world.trust = "Trusted"
    assert type_code(world, ONCE) is None


def test_a_span_that_was_accepted_waits_for_the_time_too() -> None:
    world = issuing()
    assert opens(world, SPAN)
    world.trust = "Floor"
    assert not opens(world, SPAN)


@pytest.mark.parametrize("mode", ["Vacation", "Privacy"])
def test_a_mode_that_shuts_the_keypad_shuts_out_codes_and_uses_none(mode: str) -> None:
    world = issuing()
    world.submit(PropertySet("OperatingMode", mode))
    assert type_code(world, ONCE).detail == "mode-forbids"
    world.submit(PropertySet("OperatingMode", "Normal"))
    assert type_code(world, ONCE) is None


def test_a_pin_of_the_same_digits_goes_first_and_uses_no_code() -> None:
    world = issuing().enrol(1, "123456789")
    assert type_code(world, ONCE, code="123456789") is None
    world.wait(2)
    assert world.entries(phase="done")[0].fields["user"] == 1
    assert world.lock.codes.state(ONCE, world.at) == "valid"


def test_a_right_code_makes_wrong_pins_forgotten_and_a_lockout_holds_it() -> None:
    world = issuing(wrong_code_limit=3)
    type_code(world, None)
    assert opens(world, ONCE)
    assert not world.lock.guard.tries["Keypad"].failures
    for _ in range(3):
        type_code(world, None)
    assert isinstance(type_code(world, SPAN), LockedOut)


def test_damage_that_may_have_taken_a_use_gives_the_key_up() -> None:
    world = issuing()
    type_code(world, ONCE)
    world.wait(2)
    broken = World(world.settings, snapshot=world.snapshot().but(incomplete=True))
    assert broken.lock.codes.serial == ""
    assert any(line.startswith("codes:") for line in broken.lock.degraded())
    assert broken.lock.code_windows(broken.at) == ()
    broken.submit(Started())
    written = [write for effect in broken.effects if isinstance(effect, Record) for write in effect.writes]
    assert {Drop("state", ROW), Drop("state", USED + ONCE.key)} <= set(written)


def test_uses_are_remembered_over_a_restart_and_a_power_cut() -> None:
    world = issuing()
    assert opens(world, ONCE)
    assert opens(world, SPAN)
    for again in (world.restarted(), world.restarted(boot="another")):
        assert (opens(again, ONCE), opens(again, SPAN)) == (False, True)


# Never twice, though the clock is set back ---------------------------------------------------------------


def test_uses_are_forgotten_in_time_and_a_clock_set_back_brings_none_back() -> None:
    world = issuing()
    assert opens(world, ONCE)
    world.wall += 2 * 24 * HOUR_US
    later = ONCE.but(start=NOW + 48)
    assert opens(world, later)
    assert ("state", USED + ONCE.key) not in world.rows
    assert world.rows["state", FLOOR].value == {"hour": NOW + 1}
    assert (set(world.lock.codes.uses), world.lock.codes.floor) == ({later.key}, NOW + 1)
    world.wall -= 2 * 24 * HOUR_US
    for again in (world, world.restarted()):
        assert not opens(again, ONCE)
        assert opens(again, ONCE.but(start=NOW + 1)) is False  # it is not that late
        again.wall += HOUR_US
        assert opens(again, ONCE.but(start=NOW + 1))


def test_a_use_is_not_forgotten_while_its_day_or_its_stay_lasts() -> None:
    world = issuing()
    stay = Window(1, "guest", 3, "span", NOW, 72)
    assert opens(world, ONCE)
    assert opens(world, stay)
    world.wall += 11 * HOUR_US
    assert opens(world, ONCE.but(start=NOW + 11))
    assert {ONCE.key, stay.key} <= world.lock.codes.uses.keys()
    assert opens(world, ONCE.but(start=NOW + 1))
    world.wall += 60 * HOUR_US
    assert opens(world, ONCE.but(start=NOW + 71))
    assert opens(world, stay)
    assert world.lock.codes.floor == NOW + 12


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("type"), st.integers(-30, 30), st.sampled_from(("once", "visitor", "guest", "cleaner"))),
        st.tuples(st.just("pass"), st.integers(0, 60), st.none()),
        st.tuples(st.just("set"), st.integers(-80, 80), st.none()),
        st.tuples(st.just("restart"), st.integers(0, 1), st.none()),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.randoms(use_true_random=False))
def test_whatever_happens_no_code_opens_twice_or_outside_its_hours_and_64_are_compared(steps: Any, chance: Any) -> None:
    world = issuing()
    used: list[Window] = []
    for step, number, name in steps:
        match step:
            case "type":
                label = world.lock.codes.labels[name]
                hour = world.wall // HOUR_US
                length = chance.choice(label.lengths or (0,))
                window = Window(1, name, label.number, label.kind, hour + number, length)
                if opens(world, window):
                    assert window.covers(hour)
                    assert window in used or hour - window.start < label.accept
                    assert window not in used or window.kind != "once"
                    used.append(window)
            case "pass":
                world.wait(number * HOUR_S)
            case "set":
                world.wall += number * HOUR_US
            case _:
                world = world.restarted(boot=str(number) if number else "")
        windows = world.lock.code_windows(world.at)
        assert len(windows) == len(set(windows)) <= MOST


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(("once", "span", "weekly")),
                          st.sets(st.integers(1, 30), max_size=9), st.integers(1, 24)), max_size=9))
def test_no_labels_keep_more_windows_waiting_than_there_may_be(changes: Any) -> None:
    world = issuing()
    for name, kind, lengths, accept in changes:
        change(world, "label", name, kind=kind, lengths=tuple(sorted(lengths)), accept=accept)
        assert windows_of(world.lock.codes.labels.values()) <= MOST_FRESH
        assert len(world.lock.code_windows(world.at)) <= MOST


# Guessing ------------------------------------------------------------------------------------------------


def test_under_the_laxest_settings_guesses_are_looked_at_so_often_and_no_more() -> None:
    """Whoever may try every minute, with right PINs in between, has a chance of less than 1 in 10,000 a day."""
    lax = {"wrong_code_limit": 255, "wrong_code_window_s": 10, "lockout_s": 1, "lockout_max_s": 1,
           "wrong_code_day_limit": 1000}  # fmt: skip
    world = issuing(**lax)
    looked_at = 0
    for minute in range(24 * 60):
        looked_at += bool(world.lock.code_windows(world.at))
        world.submit(OperationAsked("Unlock", "Keypad", Presented("PIN", digest("no"), True, None)))
        if minute % 60 == 30:
            world.ask()
        if minute == 700:
            world = world.restarted(boot="after a power cut")
        world.wait(60)
    assert looked_at == MOST_GUESSES
    assert looked_at * MOST * LIKELIEST < 1e-4
    error = type_code(world, ONCE)
    assert isinstance(error, Restricted)
    assert error.detail == "codes-held"
    assert world.signs[-2:] == ["refused", "locked-out"]  # as the laxest limit of a day is reached too
    world.wait(1)
    world.enrol(1, "123456")
    assert world.type("123456")
    world.wait(1)
    assert world.lock.lock_state == "Unlocked"


@given(st.lists(st.integers(0, 4000), max_size=60))
def test_within_any_day_no_more_guesses_are_looked_at(pauses: list[int]) -> None:
    guesses, at, looked_at = Guesses(), 1000.0, []
    for pause in pauses:
        at += pause
        for _ in range(97):
            if not guesses.held(at):
                looked_at.append(at)
                guesses.add(at)
        guesses = Guesses.restored(guesses.row("boot", at).value, "boot", at)
        assert sum(at - moment < 86_400 for moment in looked_at) <= MOST_GUESSES


def test_after_a_day_and_an_hour_guesses_are_forgotten() -> None:
    guesses = Guesses()
    for _ in range(MOST_GUESSES):
        guesses.add(50.0)
    assert guesses.held(50.0 + 86_400)
    assert not guesses.held(50.0 + 86_400 + 3600)


@pytest.mark.parametrize(("boot", "held"), [("this", False), ("other", True), ("", True)])
def test_nobody_knows_how_long_another_boot_was_ago(boot: str, held: bool) -> None:
    guesses = Guesses(((10.0, MOST_GUESSES),))
    row = guesses.row("this" if boot else "", 100.0).value
    assert Guesses.restored(row, boot, 100.0 + 90_000).held(100.0 + 90_000) is held


def test_a_label_has_at_least_one_window() -> None:
    assert Label("a", "once", (), 1, 1).windows == 1

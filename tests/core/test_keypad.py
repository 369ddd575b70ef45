"""Keys: digits, enter, clear, and a pause that forgets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd.core.keypad import MAX_DIGITS, Cleared, Code, Digit, Entered, Entry, Typed


def press(entry: Entry, keys: str, at: float = 0.0) -> list[Typed | None]:
    return [entry.press(key, at) for key in keys]


def test_digits_then_enter_is_a_code() -> None:
    entry = Entry(10)
    assert press(entry, "123#") == [Digit(), Digit(), Digit(), Code("123")]
    assert entry.deadline is None


def test_enter_alone_is_entered() -> None:
    assert press(Entry(10), "#") == [Entered()]


def test_clear_forgets() -> None:
    assert press(Entry(10), "12*3#") == [Digit(), Digit(), Cleared(), Digit(), Code("3")]


@pytest.mark.parametrize("key", ["A", "", "12", "٣", "\n"])
def test_a_key_that_means_nothing_changes_nothing(key: str) -> None:
    entry = Entry(10)
    press(entry, "1")
    assert entry.press(key, 5) is None
    assert entry.deadline == 10
    assert press(entry, "2#")[-1] == Code("12")


def test_a_code_left_unfinished_is_forgotten() -> None:
    entry = Entry(10)
    press(entry, "12")
    assert entry.expire(9.9) is None
    assert entry.expire(10) == Cleared()
    assert entry.deadline is None
    assert entry.expire(11) is None
    assert press(entry, "3#", 11)[-1] == Code("3")


def test_each_digit_begins_the_pause_anew() -> None:
    entry = Entry(10)
    entry.press("1", 0)
    entry.press("2", 9)
    assert entry.deadline == 19
    assert entry.press("#", 18) == Code("12")


def test_a_key_that_comes_after_the_pause_begins_a_new_code() -> None:
    entry = Entry(10)
    press(entry, "12")
    assert press(entry, "3#", 10) == [Digit(), Code("3")]


def test_more_digits_than_any_pin_has_are_a_wrong_code_and_not_a_longer_one() -> None:
    assert press(Entry(10), "1" * MAX_DIGITS + "#")[-1] == Code("1" * MAX_DIGITS)
    assert press(Entry(10), "1" * (MAX_DIGITS + 1) + "#")[-1] == Code(None)
    assert press(Entry(10), "1" * 10_000 + "#")[-1] == Code(None)


@given(st.text("0123456789#*A", max_size=60))
def test_what_is_typed_is_never_shown(keys: str) -> None:
    entry = Entry(10)
    assert not set(repr(press(entry, keys))) & set("0123456789")
    assert len(entry._digits) <= MAX_DIGITS + 1

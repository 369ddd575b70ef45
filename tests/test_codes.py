"""Codes granted from afar: their digits, their windows, and the chance of guessing one."""

from __future__ import annotations

import hmac
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd.codes import (
    DIGITS,
    FIRST,
    LIKELIEST,
    MOST,
    MOST_ACCEPT,
    MOST_FRESH,
    MOST_GUESSES,
    MOST_KEPT,
    WEEK,
    WEEKS,
    Label,
    Window,
    code_of,
    fresh,
    read_key,
    truncated,
    windows_of,
)  # fmt: skip

KEY = bytes(range(32))
HOUR = 500_000
ONCE = Window(1, "once", 1, "once", HOUR, 0)
SPAN = Window(1, "visitor", 2, "span", HOUR, 9)
WEEKLY = Window(1, "cleaner", 4, "weekly", HOUR, 2)

labels = st.builds(
    lambda kind, lengths, accept: Label("some", kind, tuple(sorted(lengths)) if kind != "once" else (), accept, 7),
    st.sampled_from(("once", "span", "weekly")), st.sets(st.integers(1, 24), min_size=1, max_size=5),
    st.integers(1, MOST_ACCEPT),
)  # fmt: skip


@pytest.mark.parametrize(("seconds", "digits"), [
    (59, 46119246), (1111111109, 68084774), (1111111111, 67062674), (1234567890, 91819424), (2000000000, 90698825),
])  # fmt: skip
def test_the_truncation_is_that_of_the_standard(seconds: int, digits: int) -> None:
    """https://www.rfc-editor.org/rfc/rfc6238#appendix-B, the rows of SHA-256."""
    mac = hmac.digest(b"12345678901234567890123456789012", (seconds // 30).to_bytes(8, "big"), "sha256")
    assert truncated(mac) % 10**8 == digits


def test_a_code_never_changes_between_versions() -> None:
    assert [code_of(KEY, window) for window in (ONCE, SPAN, WEEKLY)] == ["223062642", "893564467", "144307658"]


@pytest.mark.parametrize("change", [
    {"epoch": 2}, {"label": "other"}, {"number": 3}, {"kind": "weekly"}, {"start": HOUR + 1}, {"length": 8},
])  # fmt: skip
def test_everything_about_a_window_is_in_its_code(change: dict[str, object]) -> None:
    assert code_of(KEY, SPAN) != code_of(KEY, SPAN.but(**change))
    assert code_of(KEY, SPAN) != code_of(KEY[::-1], SPAN)


@pytest.mark.parametrize("window", [ONCE, SPAN, WEEKLY])
def test_a_window_is_read_back_from_its_key(window: Window) -> None:
    assert read_key(window.key) == window


def test_codes_have_nine_digits_and_each_digit_is_as_likely_as_the_others() -> None:
    codes = [code_of(KEY, SPAN.but(start=hour)) for hour in range(4000)]
    assert {len(code) for code in codes} == {DIGITS}
    for place in range(1, DIGITS):
        counts = Counter(code[place] for code in codes)
        assert all(300 < counts[digit] < 500 for digit in "0123456789")


@given(labels, st.integers(HOUR, HOUR + 1000))
def test_as_many_windows_wait_as_the_label_says_each_within_its_time(label: Label, hour: int) -> None:
    windows = list(fresh(label, 3, hour))
    assert len(windows) == len(set(windows)) == label.windows == windows_of((label,))
    for window in windows:
        assert 0 <= hour - window.start < label.accept
        assert window.covers(hour)
        assert window.epoch == 3


def test_the_first_labels_fit_and_leave_room() -> None:
    assert windows_of(FIRST) == 48 < MOST_FRESH
    assert len({label.number for label in FIRST}) == len({label.name for label in FIRST}) == len(FIRST)


def test_a_span_is_open_from_its_first_hour_to_its_last() -> None:
    assert [hour - HOUR for hour in range(HOUR - 2, HOUR + 12) if SPAN.covers(hour)] == list(range(9))


def test_a_weekly_code_is_open_in_its_hours_of_each_week_for_a_year() -> None:
    hours = [hour - HOUR for hour in range(HOUR - WEEK, HOUR + 60 * WEEK) if WEEKLY.covers(hour)]
    assert hours == [week * WEEK + more for week in range(WEEKS) for more in (0, 1)]
    assert WEEKLY.end == HOUR + hours[-1] + 1


def test_at_most_64_windows_are_valid() -> None:
    assert MOST_FRESH + MOST_KEPT == MOST == 64


def test_the_likeliest_code_is_as_likely_as_counted() -> None:
    """Of the 2^31 values that truncation gives, so many fall on one code."""
    ends = [len(range(code, 2**31, 10**DIGITS)) for code in (0, 2**31 % 10**DIGITS - 1, 2**31 % 10**DIGITS, 10**9 - 1)]
    assert ends == [3, 3, 2, 2]
    assert LIKELIEST == 3 / 2**31


def test_a_day_of_guessing_succeeds_less_than_once_in_ten_thousand() -> None:
    """The guesser takes the likeliest digits, and every window is in use; tests/core/test_codes.py holds the lock to
    MOST_GUESSES under every setting."""
    assert MOST_GUESSES * MOST * LIKELIEST < 1e-4


def test_eight_digits_would_be_too_few() -> None:
    """The control: with them the lock could allow no more than 152 tries a day, fewer than its usual lockout does."""
    assert 153 * MOST * (22 / 2**31) > 1e-4

"""Times and durations in words."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from lockd.cli.when import duration, moment, told

NOW = datetime(2026, 11, 21, 14, 30, 15)


@pytest.fixture(autouse=True)
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-01", datetime(2026, 11, 1)),
        ("2026-11-01 08:15", datetime(2026, 11, 1, 8, 15)),
        ("2026-11-01T08:15+00:00", datetime(2026, 11, 1, 9, 15)),
        ("14:05", datetime(2026, 11, 21, 14, 5)),
        ("2h", datetime(2026, 11, 21, 12, 30, 15)),
        ("30 min", datetime(2026, 11, 21, 14, 0, 15)),
        ("1w", datetime(2026, 11, 14, 14, 30, 15)),
        ("today", datetime(2026, 11, 21)),
        ("Yesterday", datetime(2026, 11, 20)),
        ("now", datetime(2026, 11, 21, 14, 30, 15)),
    ],
)
def test_people_write_times_in_many_ways(text: str, expected: datetime) -> None:
    assert moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "soon", "25:00", "2026-13-01", "2x", "-2h", "99999999h", "999999w"])
def test_what_is_no_time_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="|".join((re.escape(text), "hour", "month"))):
        moment(text, NOW)


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        (datetime(2026, 11, 21, 14, 3, 12), "today 14:03:12"),
        (datetime(2026, 11, 20, 23, 59, 59), "yesterday 23:59:59"),
        (datetime(2026, 11, 14, 9, 0, 0), "Sat 14 Nov 09:00:00"),
        (datetime(2025, 12, 31, 9, 0, 0), "2025-12-31 09:00:00"),
        (datetime(2026, 7, 1, 9, 0, 0), "Wed 1 Jul 09:00:00"),
        (datetime(1970, 1, 1, 3, 0, 0), "clock not set"),
    ],
)
def test_the_nearer_a_moment_the_shorter_its_words(then: datetime, expected: str) -> None:
    assert told(int(then.timestamp() * 1e6), NOW) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (45, "45 s"), (90, "1 min 30 s"), (3600, "1 h"), (7500, "2 h 5 min"), (86_400, "1 day"),
     (172_800, "2 days"), (172_860, "2 days 1 min")],
)  # fmt: skip
def test_durations_have_two_units_at_most(seconds: int, expected: str) -> None:
    assert duration(seconds) == expected


@pytest.mark.parametrize("micros", [0, 2**64 - 1])
def test_a_moment_that_no_clock_shows_is_a_clock_not_set(micros: int) -> None:
    assert told(micros, NOW) == "clock not set"

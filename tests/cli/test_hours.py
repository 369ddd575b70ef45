"""Hours and days, read as people write them and told back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from lockd.cli.exits import Usage
from lockd.cli.hours import Days, Week, ahead, days, weeks
from lockd.cli.hours_told import end_told, tell_days, tell_weeks, told, written

NOW = datetime(2026, 11, 21, 16, 30)  # a Saturday
WORKDAYS, WEEKEND, EVERY = 2 + 4 + 8 + 16 + 32, 1 + 64, 127


@pytest.mark.parametrize(("text", "meant"), [
    ("Mon-Fri 08:00-17:00", [Week(WORKDAYS, 480, 1020)]),
    ("monday to friday, from 8 to 17", [Week(WORKDAYS, 480, 1020)]),
    ("weekdays 8am\N{EN DASH}5pm", [Week(WORKDAYS, 480, 1020)]),
    ("Mondays, Tue and we 9.30 - noon", [Week(2 + 4 + 8, 570, 720)]),
    ("Mon-Fri 8-12 13-17; Sat 9-12", [Week(WORKDAYS, 480, 720), Week(WORKDAYS, 780, 1020), Week(64, 540, 720)]),
    ("Mon 8-12, Tue 8-12", [Week(2 + 4, 480, 720)]),
    ("Fri-Mon 22:00-06:00", [Week(32 + 64 + 1 + 2, 1320, 360)]),
    ("Sat 18:00-24:00", [Week(64, 1080, 0)]),
    ("Sat 6pm-midnight", [Week(64, 1080, 0)]),
    ("weekend all day", [Week(WEEKEND, 0, 0)]),
    ("Sun", [Week(1, 0, 0)]),
    ("8-17", [Week(EVERY, 480, 1020)]),
    ("every day 12am-12pm", [Week(EVERY, 0, 720)]),
])  # fmt: skip
def test_hours_are_read_as_people_write_them(text: str, meant: list[Week]) -> None:
    assert list(weeks(text)) == meant


@pytest.mark.parametrize(("text", "named"), [
    ("", "are no hours"), ("Mon 25-26", "25-26"), ("Mon 8:60-9", "8:60-9"), ("Mon 8", "“8”"), ("T 8-9", "“t”"),
    ("Mon-Noday 8-9", "mon-noday"), ("Mon 24:30-9", "24:30-9"), ("Mon 13pm-14", "13pm-14"), ("Mon 8-9-10", "8-9-10"),
])  # fmt: skip
def test_what_is_not_understood_is_named_and_an_example_given(text: str, named: str) -> None:
    with pytest.raises(Usage, match="Mon-Fri 08:00-17:00") as refused:
        weeks(text)
    assert named in str(refused.value)


@pytest.mark.parametrize(("text", "said"), [
    ("Mon-Fri 08:00-17:00", "Monday to Friday 08:00 to 17:00"),
    ("Mon-Fri 8-12 13-17; Sat 9-12", "Monday to Friday 08:00 to 12:00 and 13:00 to 17:00, and Saturday 09:00 to 12:00"),
    ("Fri Sat 22-6", "Friday and Saturday 22:00 to 06:00 the next day"),
    ("Mon Wed-Fri 18-24", "Monday and Wednesday to Friday 18:00 to 24:00"),
    ("Mon Wed Fri 8-8", "Monday, Wednesday and Friday 08:00 to 08:00 the next day"),
    ("daily", "every day all day"),
])  # fmt: skip
def test_hours_are_told_in_a_sentence_and_midnight_is_said(text: str, said: str) -> None:
    assert tell_weeks(weeks(text)) == said


def test_what_is_written_is_read_as_the_same() -> None:
    for mask in range(1, 128):
        for week in (Week(mask, 0, 0), Week(mask, 480, 1020), Week(mask, 1320, 360), Week(mask, 485, 485)):
            assert weeks(written(week)) == (week,)


@pytest.mark.parametrize(("text", "begins", "ends"), [
    ("2026-12-24", "2026-12-24 00:00", "2026-12-25 00:00"), ("24.12.2026 15:00", "2026-12-24 15:00", None),
    ("2026-12-24T15:00:00", "2026-12-24 15:00", None), ("today", "2026-11-21 00:00", "2026-11-22 00:00"),
    ("tomorrow 8:00", "2026-11-22 08:00", None), ("Fri 3pm", "2026-11-27 15:00", None),
    ("saturday", "2026-11-21 00:00", "2026-11-22 00:00"), ("now", "2026-11-21 16:30", None),
    ("3d", "2026-11-24 16:30", None), ("2 weeks", "2026-12-05 16:30", None), ("15:00", "2026-11-21 15:00", None),
])  # fmt: skip
def test_a_moment_to_come(text: str, begins: str, ends: str | None) -> None:
    assert ahead(text, NOW) == datetime.fromisoformat(begins)
    assert ahead(text, NOW, ends=True) == datetime.fromisoformat(ends or begins)


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30", "26", "25:00", "9999-12-31 24:01", "2026-12-24 25:00"])
def test_what_is_no_time_is_said(text: str) -> None:
    with pytest.raises(Usage, match="is no time"):
        ahead(text, NOW)


def span(begin: datetime, end: datetime) -> Days:
    return Days(int(begin.timestamp()), int(end.timestamp()))


def test_an_end_without_a_day_is_the_next_one_after_the_start() -> None:
    assert days(None, "17:00", NOW) == span(NOW, datetime(2026, 11, 21, 17))
    assert days(None, "8:00", NOW) == span(NOW, datetime(2026, 11, 22, 8))
    assert days("2026-12-24", "18:00", NOW) == span(datetime(2026, 12, 24), datetime(2026, 12, 24, 18))


def test_a_span_needs_an_end_after_its_start() -> None:
    with pytest.raises(Usage, match="--until"):
        days("2026-12-24", None, NOW)
    with pytest.raises(Usage, match="2026-12-24 00:00, is not after the start, 2026-12-31 00:00"):
        days("2026-12-31", "2026-12-23", NOW)


def test_days_are_told_with_their_last_one_included() -> None:
    spans = [days("2026-12-24", "2026-12-31", NOW), days(None, "tomorrow 12:00", NOW)]
    assert tell_days(spans, NOW) == (
        "from Thu 24 Dec 2026 to the end of Thu 31 Dec 2026, and until tomorrow 12:00"
    )


def test_midnights_are_the_beginning_of_a_day_or_the_end_of_one() -> None:
    midnight = datetime(2026, 11, 22)
    assert (told(midnight, NOW), end_told(midnight, NOW)) == ("tomorrow", "the end of today")
    assert told(midnight - timedelta(days=1), NOW) == "today 00:00"

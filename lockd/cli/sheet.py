"""Users as a table of text (CSV), read and written; it never holds a secret. Pure.

Reading finds all faults of a file at once, each with its line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from lockd.cli.exits import Usage
from lockd.cli.hours import Days, Week, days, weeks
from lockd.cli.hours_told import written
from lockd.cli.people import NAME_MAX, RULES, SHORT, STATUSES, TYPES, User
from lockd.cli.timetable import Timetable
from lockd.value import Value

GIVEN = {"enabled": "OccupiedEnabled", "disabled": "OccupiedDisabled"}
#: The columns that are taken over. The index only tells who is meant, and credentials are for people to look at.
TAKEN = ("name", "unique_id", "status", "type", "rule", "when", "dates")
COLUMNS = ("index", *TAKEN, "credentials")
#: Matter's "no unique id".
NO_ID = 0xFFFF_FFFF
#: What a spreadsheet would take for a formula; such a cell gets a quotation mark in front.
_FORMULA = re.compile(r"'*[=+\-@]")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2})?(?:[+-]\d{2}:\d{2})?")


class Row(Value):
    """One user of the file. `index`: his number where it was written, 0: it was not; `name`: empty only beside it.
    `fields`: those given, as SetUser takes them. `weekly`, `yearly`: None: not given."""

    line: int
    index: int
    name: str
    fields: Mapping[str, Any]
    weekly: tuple[Week, ...] | None
    yearly: tuple[Days, ...] | None


# Written -------------------------------------------------------------------------------------------------


def sheet(users: Iterable[tuple[User, Timetable]], credentials: Mapping[int, str]) -> str:
    """The whole file; `credentials`: in words, by user."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    for user, hours in users:
        table.writerow(_guarded(cell) for cell in _cells(user, hours, credentials[user["index"]]))
    return file.getvalue()


def _cells(user: User, hours: Timetable, credentials: str) -> Iterable[object]:
    unique, status = user.get("unique_id", NO_ID), STATUSES.get(user.get("status", ""), "")
    return (
        user["index"], user.get("name", ""), "" if unique == NO_ID else unique, status,
        SHORT.get(user.get("type", ""), ""), user.get("rule", "").lower(),
        "; ".join(map(written, hours.weekly.values())),
        "; ".join(f"{_moment(span.start)} to {_moment(span.end)}" for span in hours.yearly.values()), credentials,
    )  # fmt: skip


def _moment(seconds: int) -> str:
    """Local time; with its offset in the hour that a clock shows twice."""
    when = datetime.fromtimestamp(seconds)
    shown = when.astimezone() if when.fold else when
    return shown.isoformat(" ", "seconds" if when.second else "minutes")


def _guarded(cell: object) -> str:
    return f"'{cell}" if _FORMULA.match(str(cell)) else str(cell)


# Read ----------------------------------------------------------------------------------------------------


def rows(text: str, now: datetime) -> tuple[list[Row], list[str]]:
    """The users of a file, and its faults, `line 3: type: …`."""
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    table = csv.reader(io.StringIO(text), delimiter=";" if ";" in first and "," not in first else ",", strict=True)
    try:
        heading = [cell.strip().lower() for cell in next(table, [])]
        faults = _heading_faults(heading)
        found: list[Row] = []
        for cells in table if not faults else ():
            if any(cell.strip() for cell in cells):
                _take(heading, cells, table.line_num, now, found, faults)
    except csv.Error as fault:
        return [], [f"line {table.line_num}: this is no CSV ({fault})"]
    return found, faults


def _heading_faults(heading: Sequence[str]) -> list[str]:
    odd = [name or "(empty)" for name in dict.fromkeys(heading) if name not in COLUMNS]
    twice = [name for name in COLUMNS if heading.count(name) > 1]
    faults = [f"line 1: there is no column “{name}”; there are: {', '.join(COLUMNS)}" for name in odd]
    faults += [f"line 1: the column “{name}” is there twice" for name in twice]
    return faults + ([] if "name" in heading else ["line 1: the heading with the column “name” is missing"])


def _take(
    heading: Sequence[str], cells: Sequence[str], line: int, now: datetime, found: list[Row], faults: list[str]
) -> None:
    """One line: a row more, or faults more."""
    if len(cells) > len(heading):
        faults.append(f"line {line}: it has {len(cells)} cells, and the heading {len(heading)}")
        return
    given = {name: _unguarded(cell.strip()) for name, cell in zip(heading, cells, strict=False)}
    read: dict[str, Any] = {}
    wrong = []
    for name in ("index", *TAKEN):
        if given.get(name):
            try:
                read[name] = _READERS[name](given[name], now)
            except Usage as fault:
                wrong.append(f"line {line}: {name}: {fault}")
    if not given.get("name") and not given.get("index"):
        wrong.append(f"line {line}: name: it is missing")
    faults += wrong
    if not wrong:
        fields = {name: value for name, value in read.items() if name not in ("index", "when", "dates")}
        about = (read.get("index", 0), read.get("name", ""))
        found.append(Row(line, *about, fields, read.get("when"), read.get("dates")))


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _index(text: str, _now: datetime) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text):
        raise Usage(f"“{text}” is no number of a user")
    return int(text)


def _name(text: str, _now: datetime) -> str:
    if len(text) > NAME_MAX or not text.isprintable():
        raise Usage(f"at most {NAME_MAX} printable characters")
    return text


def _number(text: str, _now: datetime) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) >= NO_ID:
        raise Usage(f"“{text}” is not a whole number below {NO_ID}")
    return int(text)


def _word(text: str, words: Mapping[str, str]) -> str:
    if text.lower() not in words:
        raise Usage(f"“{text}” is not one of {', '.join(words)}")
    return words[text.lower()]


def _dates(text: str, now: datetime) -> tuple[Days, ...]:
    """`2026-12-24 to 2026-12-31; 2027-02-01 08:00 to 2027-02-01 17:00`."""
    return tuple(_span(part.strip(), now) for part in text.split(";") if part.strip())


def _span(text: str, now: datetime) -> Days:
    begin, _, end = (part.strip() for part in text.partition(" to "))
    for edge in (begin, end):
        if not re.match(r"\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.\d{4}", edge):
            raise Usage(f"“{text}” are no dates: say them as 2026-12-24 to 2026-12-31")
    if not (_MOMENT.fullmatch(begin) and _MOMENT.fullmatch(end)):
        return days(begin, end, now)
    try:
        span = Days(*(int(datetime.fromisoformat(edge).timestamp()) for edge in (begin, end)))
    except (ValueError, OverflowError):
        raise Usage(f"“{text}” are no dates: say them as 2026-12-24 to 2026-12-31") from None
    if span.end <= span.start:
        raise Usage(f"“{text}” ends before it begins")
    return span


_READERS: Mapping[str, Any] = {
    "index": _index, "name": _name, "unique_id": _number, "status": lambda text, _now: _word(text, GIVEN),
    "type": lambda text, _now: _word(text, TYPES), "rule": lambda text, _now: _word(text, RULES),
    "when": lambda text, _now: weeks(text), "dates": _dates,
}  # fmt: skip

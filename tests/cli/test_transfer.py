"""Everybody as CSV: what is written, read, refused and done."""

from __future__ import annotations

import stat
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lockd import errors
from lockd.cli import timetable
from lockd.cli.hours import Week
from lockd.cli.sheet import NO_ID, rows, sheet
from lockd.cli.timetable import Timetable
from tests.cli.conftest import Ctl
from tests.cli.fake import FakeLockd

NOW = datetime(2026, 11, 21, 16, 30)
ANNA: dict[str, Any] = {"index": 1, "name": "Anna", "unique_id": 7, "type": "UnrestrictedUser", "rule": "Single",
                        "status": "OccupiedEnabled", "credentials": [["PIN", 1]]}  # fmt: skip
BERT = {**ANNA, "index": 2, "name": "Bert", "unique_id": NO_ID, "credentials": [], "status": "OccupiedDisabled"}


@pytest.fixture(autouse=True)
def people(lockd: FakeLockd) -> None:
    lockd.users = [ANNA, BERT]


@pytest.fixture
def take(ctl: Ctl, tmp_path: Path) -> Any:
    """Imports a text."""

    def run(text: str, *options: str) -> Any:
        (tmp_path / "in.csv").write_text(text)
        return ctl("user", "import", str(tmp_path / "in.csv"), *options)

    return run


def test_the_file_says_everything_but_secrets(ctl: Ctl, lockd: FakeLockd, tmp_path: Path) -> None:
    ctl("schedule", "add", "Anna", "--when", "Mon-Fri 8-17; Fri 22-6")
    ctl("schedule", "add", "Anna", "--from", "2030-12-24", "--until", "2030-12-31 18:00")
    assert ctl("user", "export").out.splitlines() == [
        "index,name,unique_id,status,type,rule,when,dates,credentials",
        "1,Anna,7,enabled,schedule-restricted,single,Mon-Fri 08:00-17:00; Fri 22:00-06:00,"
        "2030-12-24 00:00 to 2030-12-31 18:00,PIN 1",
        "2,Bert,,disabled,unrestricted,single,,,none",
    ]
    file = tmp_path / "users.csv"
    assert ctl("user", "export", str(file)).out == f"{file} holds 2 users.\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ctl("user", "export", str(tmp_path)).status == 1


@pytest.mark.parametrize(("most", "asked"), [
    (2000, [(1, 65533)]), (4, [(1, 65533)]), (3, [(1, 65533), (3, 65533)]), (2, [(1, 65533), (2, 65533)]),
    (1, [(1, 65533), (2, 65533), (3, 65533)]),
])  # fmt: skip
def test_everybodys_hours_are_asked_for_at_once_or_until_there_are_no_more(
    ctl: Ctl, lockd: FakeLockd, monkeypatch: pytest.MonkeyPatch, most: int, asked: list[tuple[int, int]]
) -> None:
    for name in ("Anna", "Bert"):
        ctl("schedule", "add", name, "--when", "Mon 8-17; Fri 22-6" if name == "Anna" else "Tue 9-12")
    expected = ctl("user", "export").out
    lockd.asked.clear()
    monkeypatch.setattr(timetable, "SCHEDULES_AT_ONCE", most)
    assert ctl("user", "export").out == expected
    assert "Fri 22:00-06:00" in expected
    assert "Tue 09:00-12:00" in expected
    assert lockd.asked == [("ListSchedules", *span) for span in asked]


def test_new_users_fit_into_free_places_whoever_is_above_a_lowered_number(take: Any, lockd: FakeLockd) -> None:
    lockd.properties["org.lockd1.Users"]["NumberOfTotalUsersSupported"] = 2
    lockd.users = [ANNA, {**BERT, "index": 9}]
    assert take("name\nCleo\n").status == 0
    assert lockd.done == [("SetUser", "Add", 2, {"name": "Cleo"})]
    assert "no room for 1 new user: 2 of 2 places are taken" in take("name\nDora\n").out


def test_what_was_exported_changes_nothing_when_it_comes_back(ctl: Ctl, lockd: FakeLockd, take: Any) -> None:
    ctl("schedule", "add", "Anna", "--when", "Mon-Fri 8-17; Fri 22-6")
    ctl("schedule", "add", "Anna", "--until", "3d")  # to the second
    text = ctl("user", "export").out
    lockd.done.clear()
    assert take(text).out == "0 added, 0 changed, 2 as they were.\n"
    assert take(text.replace("\n", "\r\n")).out == "0 added, 0 changed, 2 as they were.\n"
    assert lockd.done == []


def test_users_are_added_and_changed_once(take: Any, lockd: FakeLockd) -> None:
    text = ('name;unique_id;status;when\nAnne;7;;\nbert;9;enabled;"Mon 8-12; Tue 9-10"\nBert;;enabled;\n'
            ).replace('"Mon 8-12; Tue 9-10"', '"Mon 8-12"')  # fmt: skip
    ran = take("\ufeff" + text)
    assert lockd.done == [
        ("SetUser", "Modify", 1, {"name": "Anne"}),
        ("SetUser", "Add", 3, {"name": "bert", "unique_id": 9, "status": "OccupiedEnabled",
                               "type": "WeekDayScheduleUser"}),
        ("SetWeekDaySchedule", 1, 3, 2, 8, 0, 12, 0),
        ("SetUser", "Modify", 2, {"status": "OccupiedEnabled"}),
    ]  # fmt: skip
    assert ran.out == ("bert: added, without a PIN\nAnne: name changed\nBert: status changed\n"
                       "1 added, 2 changed, 0 as they were.\n")  # fmt: skip
    lockd.done.clear()
    assert take(text, "--json").document == {"ok": True, "check": False, "added": [], "changed": [], "unchanged": 3}
    assert lockd.done == []


def test_a_check_changes_nothing(take: Any, lockd: FakeLockd) -> None:
    ran = take("name,when\nAnna,Mon 8-9\nCarla,\n", "--check")
    assert (ran.status, lockd.done) == (0, [])
    assert ran.out == ("Carla: would be added, without a PIN\nAnna: type, when would change\n"
                       "1 added, 1 changed, 0 as they were; this was only a check.\n")  # fmt: skip


def test_every_fault_is_told_at_once_and_nothing_is_done(take: Any, lockd: FakeLockd) -> None:
    ran = take(
        "name,unique_id,status,type,rule,when,dates\n"
        "Carla,x,asleep,king,quad,noday,soon\n"
        ",5,,,,,\n"
        "Bert,7,,,,,\n"
        "Dora,,,,,,2030-12-31 to 2030-12-24\n"
        "Dora,,,,,,\n"
        "Dora,,,,,,\n"
        "Emil,,,,,Mon 8-9 Tue 9-10 Wed 10-11 Thu 11-12,\n"
        "Fritz,,,,,,,,,\n"
    )
    assert (ran.status, lockd.done) == (2, [])
    told = ran.out.splitlines()
    assert [line.split(": ")[:2] for line in told[:-1]] == [
        ["line 2", "unique_id"], ["line 2", "status"], ["line 2", "type"], ["line 2", "rule"], ["line 2", "when"],
        ["line 2", "dates"], ["line 3", "name"], ["line 5", "dates"],
        ["line 9", "it has 10 cells, and the heading 7"],
        ["line 4", "“Bert” is user 2, and unique_id 7 is user 1"], ["line 7", "it is the same user as in line 6"],
        ["line 8", "when"], ["no room for 3 new users", "2 of 4 places are taken"],
    ]  # fmt: skip
    assert told[-1].endswith("13 faults; nothing was changed.")
    assert take("name,type\nX,king\n", "--json").document["faults"][0].startswith("line 2: type: “king” is not one of")


@pytest.mark.parametrize(("text", "fault"), [
    ("", "heading"), ("nam\nAnna\n", "no column “nam”"), ("name,name\n", "there twice"), ('name\n"Anna\n', "no CSV"),
    ("index\n1\n", "“name” is missing"), ("name\n" + "x" * 65 + "\n", "at most 64"),
])  # fmt: skip
def test_a_file_that_is_none_is_told_so(take: Any, text: str, fault: str) -> None:
    ran = take(text)
    assert ran.status == 2
    assert fault in ran.out


def test_a_file_that_cannot_be_read_is_wrong_usage(ctl: Ctl, tmp_path: Path) -> None:
    assert ctl("user", "import", str(tmp_path / "none")).status == 64
    (tmp_path / "latin").write_bytes(b"name\nJ\xf6rg\n")
    assert "UTF-8" in ctl("user", "import", str(tmp_path / "latin")).err


def test_hours_that_do_not_go_with_the_type_are_a_fault_with_its_line(take: Any, lockd: FakeLockd) -> None:
    lockd.users = [{**ANNA, "type": "DisposableUser"}]
    ran = take("name,when\nAnna,Mon 8-9\n")
    assert (ran.status, lockd.done) == (2, [])
    assert ran.out.startswith("line 2: Anna (user 1) is of the type disposable")


def test_a_name_of_several_users_asks_for_the_number(take: Any, lockd: FakeLockd) -> None:
    lockd.users = [ANNA, {**BERT, "name": "Anna"}]
    assert "give the index" in take("name\nAnna\n").out
    assert take("name,unique_id\nAnna,7\n").status == 0
    assert take("index,name,status\n1,Anna,\n2,Anna,enabled\n").out == (
        "Anna: status changed\n0 added, 1 changed, 1 as they were.\n")
    assert lockd.done == [("SetUser", "Modify", 2, {"status": "OccupiedEnabled"})]


def test_who_has_no_name_is_known_by_the_index(ctl: Ctl, take: Any, lockd: FakeLockd) -> None:
    lockd.users = [ANNA, {**BERT, "name": ""}, {**BERT, "index": 3, "name": ""}]
    text = ctl("user", "export").out
    assert take(text).out == "0 added, 0 changed, 3 as they were.\n"
    assert take(text.replace("2,,,disabled", "2,,,enabled"), "--json").document["changed"] == ["user 2"]
    assert lockd.done == [("SetUser", "Modify", 2, {"status": "OccupiedEnabled"})]
    lockd.users = [ANNA]
    assert take(text).out.startswith("line 3: name: it is missing, and user 2")
    assert take("index,name\n1,\n").out.startswith("line 2: name: it is missing, and user 1, if there is one")


def test_two_new_ones_of_one_name_are_told_apart_by_the_index(take: Any, lockd: FakeLockd) -> None:
    assert take("name\nCleo\nCleo\n").status == 2
    assert take("index,name\n7,Cleo\n9,Cleo\n").status == 0
    assert [call[:3] for call in lockd.done] == [("SetUser", "Add", 3), ("SetUser", "Add", 4)]


@pytest.mark.parametrize(("row", "fault"), [
    (",all", "name: “all” means everybody"), (",12", "name: “12” means the user with that index"),
    ("x,Cleo", "index: “x” is no number of a user"), ("0,Cleo", "index: “0” is no number of a user"),
])  # fmt: skip
def test_nobody_new_is_called_like_another(take: Any, lockd: FakeLockd, row: str, fault: str) -> None:
    assert take(f"index,name\n{row}\n").out.startswith(f"line 2: {fault}")
    lockd.users = [{**ANNA, "name": "12"}]
    assert take("name\n12\n").status == 0  # who is called so already


def test_what_lockd_refuses_names_the_line(take: Any, lockd: FakeLockd) -> None:
    lockd.refuse["SetUser"] = errors.AccessDenied("not allowed")
    ran = take("name\nAnna\nCarla\n")
    assert ran.status == 77
    assert "line 3: " in ran.err


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-x", "@x", "'=x", "''@", "'quoted'", "a;b", 'a"b,c'])
def test_no_name_becomes_a_formula_and_each_comes_back(name: str) -> None:
    text = sheet([({**ANNA, "name": name}, Timetable({1: Week(2, 480, 720)}))], {1: "none"})
    assert f",{name}," not in text or not name.startswith(tuple("=+-@"))
    found, faults = rows(text, NOW)
    assert ([row.name for row in found], faults) == ([name], [])


def test_the_hour_that_a_clock_shows_twice_comes_back_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    from lockd.cli.hours import Days

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        span = Days(1_792_890_000 - 1800, 1_792_890_000 + 1800)  # 2026-10-25, 02:30 twice
        text = sheet([(ANNA, Timetable({}, {1: span}))], {1: "none"})
        assert "2026-10-25 02:30 to 2026-10-25 02:30:00+01:00" in text.replace("02:30+01:00", "02:30:00+01:00")
        assert rows(text, NOW)[0][0].yearly == (span,)
    finally:
        monkeypatch.undo()
        time.tzset()

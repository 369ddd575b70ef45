"""lockctl code: codes made from a key file alone, and what lockd is asked for the rest."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lockd.cli import issuing, keyfile
from lockd.cli.exits import Usage
from lockd.codes import FIRST, Label, Window, code_of
from lockd.dbus import names
from lockd.errors import Failure, NotFound
from tests.cli.conftest import Ctl
from tests.cli.fake import FakeLockd

KEY = keyfile.Key("name", bytes(range(32)), 3, FIRST)
ROWS = [
    {"label": each.name, "kind": each.kind, "lengths": ",".join(map(str, each.lengths)), "accept": each.accept,
     "number": each.number, "windows": each.windows}
    for each in FIRST
]  # fmt: skip
NOW = datetime(2026, 11, 20, 10, 20)  # a Friday


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time with summer time in it."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "key.json"
    keyfile.write_key(path, KEY)
    return path


def soon(hours: int) -> datetime:
    return datetime.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=hours)


def typed(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M}"


# From the file alone --------------------------------------------------------------------------------------


def test_a_code_is_made_without_lockd_and_read_out_in_threes(ctl: Ctl, lockd: FakeLockd, file: Path) -> None:
    start = soon(30)
    ran = ctl("code", "new", "--key", str(file), "--label", "visitor", "--when", typed(start),
              "--until", typed(start + timedelta(hours=9)))  # fmt: skip
    window = Window(3, "visitor", 2, "span", int(start.timestamp()) // 3600, 9)
    code = code_of(KEY.key, window)
    first, second = ran.out.splitlines()
    assert (ran.status, first) == (0, f"{code[:3]} {code[3:6]} {code[6:]}")
    assert second.startswith("Opens from ")
    assert "if used for the first time before" in second
    assert lockd.done == []


@pytest.mark.parametrize(("options", "kind"), [
    (("--once",), "once"), (("--until", "{end}"), "span"), (("--weekly", "{day} 08:00-10:00"), "weekly"),
])  # fmt: skip
def test_each_kind_as_a_document(ctl: Ctl, lockd: FakeLockd, file: Path, options: tuple[str, ...], kind: str) -> None:
    start = soon(48).replace(hour=8)
    words = [each.format(end=typed(start + timedelta(hours=2)), day=f"{start:%A}") for each in options]
    document = ctl("code", "new", "--json", "--key", str(file), "--when", typed(start), *words).document
    label = next(label for label in FIRST if label.kind == kind)
    length = 0 if kind == "once" else 2
    window = Window(3, label.name, label.number, label.kind, int(start.timestamp()) // 3600, length)
    assert document["code"] == code_of(KEY.key, window)
    assert (document["label"], document["kind"], document["start"]) == (label.name, kind, int(start.timestamp()))
    assert document["first_use_before"] == document["start"] + 3600 * label.waits(length)


@pytest.mark.parametrize(("options", "status", "words"), [
    (("--label", "nobody", "--once"), 4, "visitor (for 1 to 10 hours)"),
    (("--label", "cleaner", "--once"), 64, "cleaner (each week for 2 to 4 hours)"),
    (("--when", "tomorrow 08:00", "--until", "tomorrow 19:00"), 64, "no code lasts 11 hours"),
    (("--when", "tomorrow 08:30", "--once"), 64, "08:00 or 09:00"),
    (("--when", "2020-01-01 08:00", "--once"), 64, "which is over"),
    (("--when", "soon", "--once"), 64, "tomorrow 08:00"),
    (("--when", "tomorrow 08:00", "--until", "2020-01-01"), 64, "not after"),
    (("--weekly", "Mondays"), 64, "Mon 08:00-10:00"),
    (("--weekly", "T 08:00-10:00"), 64, "Fri 15:00"),
    ((), 64, "--once"),
    (("--once", "--until", "17:00"), 64, "--until"),
])  # fmt: skip
def test_what_cannot_be_made_says_what_can(
    ctl: Ctl, lockd: FakeLockd, file: Path, options: tuple[str, ...], status: int, words: str
) -> None:
    ran = ctl("code", "new", "--key", str(file), *options)
    assert (ran.status, ran.out, ran.err.count("\n")) == (status, "", 1)
    assert words in ran.err
    assert "user list" not in ran.err


# The file -------------------------------------------------------------------------------------------------


def test_the_key_goes_into_a_file_for_its_owner_alone_and_nowhere_else(
    ctl: Ctl, lockd: FakeLockd, tmp_path: Path
) -> None:
    lockd.labels = ROWS
    path = tmp_path / "folder" / "key.json"
    ran = ctl("code", "key", "--key", str(path))
    assert ran.status == 0
    assert bytes(range(32)).hex() not in ran.out + ran.err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["key.json"]
    assert keyfile.read_key(path) == KEY.but(epoch=1)
    assert bytes(range(32)).hex() not in repr(keyfile.read_key(path))


def test_without_another_word_the_key_is_in_the_users_configuration(
    ctl: Ctl, lockd: FakeLockd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    lockd.labels = ROWS
    assert ctl("code", "key").status == 0
    assert ctl("code", "new", "--once", "--json").document["label"] == "once"
    assert keyfile.default_file() == tmp_path / "lockd" / "issuing-key.json"


def test_where_no_file_can_be_no_key_is_made(ctl: Ctl, lockd: FakeLockd, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = ctl("code", "key", "--key", str(tmp_path / "file" / "key.json"))
    assert (ran.status, lockd.done) == (1, [])
    assert "another place" in ran.err


def test_a_second_key_has_to_be_wanted(ctl: Ctl, lockd: FakeLockd, tmp_path: Path) -> None:
    lockd.properties[names.CODES.name]["Epoch"] = 1
    assert ctl("code", "key", "--key", str(tmp_path / "a")).status == 64
    assert lockd.done == []
    assert ctl("code", "key", "--key", str(tmp_path / "a"), "--yes", "void").status == 0


def test_a_key_that_others_can_read_is_not_used(file: Path) -> None:
    os.chmod(file, 0o640)
    with pytest.raises(Failure, match="chmod 600"):
        keyfile.read_key(file)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"form": "another"}', "\xff"])
def test_a_file_that_is_no_key_says_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content, encoding="latin-1")
    path.chmod(0o600)
    with pytest.raises(Failure, match="not an issuing key"):
        keyfile.read_key(path)


def test_a_file_that_is_not_there_or_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="at the lock"):
        keyfile.read_key(tmp_path / "key")
    with pytest.raises(Failure, match="cannot be read"):
        keyfile.read_key(tmp_path)


def test_the_file_follows_the_lock(ctl: Ctl, lockd: FakeLockd, file: Path) -> None:
    lockd.labels = [{**ROWS[0], "number": 9}]
    lockd.properties[names.CODES.name] = {"Key": "name", "Epoch": 5}
    ran = ctl("code", "update", "--key", str(file))
    assert ran.out == f"{file} is up to date: once (opens once).\n"
    assert keyfile.read_key(file) == KEY.but(epoch=5, labels=(FIRST[0].but(number=9),))
    lockd.properties[names.CODES.name]["Key"] = "newer"
    assert ctl("code", "update", "--key", str(file)).status == 4


# What lockd is asked -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("arguments", "call"), [
    (("label", "plumber", "--once", "--accept", "6"), ("SetLabel", "plumber", "once", "", 6)),
    (("label", "guest", "--span", "1d-3d,1"), ("SetLabel", "guest", "span", "1,24,48,72", 1)),
    (("label", "maid", "--weekly", "2-3"), ("SetLabel", "maid", "weekly", "2,3", 1)),
    (("revoke", "guest"), ("RevokeLabel", "guest")),
    (("remove", "guest"), ("RemoveLabel", "guest")),
    (("epoch", "--yes", "void"), ("RaiseEpoch",)),
])  # fmt: skip
def test_what_is_asked_of_lockd(ctl: Ctl, lockd: FakeLockd, arguments: tuple[str, ...], call: Any) -> None:
    assert ctl("code", *arguments).status == 0
    assert lockd.done == [call]


def test_the_epoch_is_raised_only_after_a_yes(ctl: Ctl, lockd: FakeLockd) -> None:
    assert ctl("code", "epoch").status == 64
    assert lockd.done == []


def test_the_list_shows_labels_windows_and_codes_in_use(ctl: Ctl, lockd: FakeLockd) -> None:
    assert "Make one: lockctl code key" in ctl("code").out
    lockd.labels, lockd.properties[names.CODES.name]["Epoch"] = ROWS, 2
    lockd.open_codes = [
        {"label": "guest", "kind": "span", "start": 1_800_000_000, "end": 1_800_086_400, "length": 24}
    ]
    said = ctl("code", "list").out
    assert "48 of 56 windows; epoch 2." in said
    assert "In use: guest, again and again, from Fri 15 Jan 2027 09:00 until Sat 16 Jan 2027 09:00." in said
    assert ctl("code", "list", "--json").document["labels"] == ROWS


# Words to hours and back -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "there"), [
    ("2026-12-24 08:00", datetime(2026, 12, 24, 8)), ("17:00", datetime(2026, 11, 20, 17)),
    ("tomorrow 8:00", datetime(2026, 11, 21, 8)), ("Mon 15:00", datetime(2026, 11, 23, 15)),
    ("friday 09:00", datetime(2026, 11, 20, 9)), ("today", datetime(2026, 11, 20)),
])  # fmt: skip
def test_times_to_come(text: str, there: datetime) -> None:
    assert issuing.instant(text, NOW) == there


@pytest.mark.parametrize("text", ["", "someday 08:00", "T 08:00", "tomorrow 25:00", "24.12."])
def test_what_is_no_time_says_how_to_say_it(text: str) -> None:
    with pytest.raises(Usage, match="tomorrow 08:00"):
        issuing.instant(text, NOW)


def test_an_end_that_is_only_a_clock_is_the_next_one() -> None:
    hour = int(datetime(2026, 11, 20, 22).timestamp()) // 3600
    assert issuing.span("22:00", "06:00", NOW) == (hour, 8)
    assert issuing.span(None, "12:00", NOW) == (hour - 12, 2)
    assert issuing.span("Sat 15:00", "Mon 11:00", NOW) == (hour + 17, 44)


def test_weekly_hours_begin_with_the_next_and_may_go_past_midnight() -> None:
    monday = int(datetime(2026, 11, 23, 22).timestamp()) // 3600
    assert issuing.weekly("Mon 22:00-02:00", None, NOW) == (monday, 4)
    assert issuing.weekly("mon 22:00 - 02:00", "2026-12-01", NOW) == (monday + 14 * 24, 4)
    friday = int(datetime(2026, 11, 20, 10).timestamp()) // 3600
    assert issuing.weekly("Fri 10:00-12:00", None, NOW) == (friday, 2)
    assert issuing.weekly("Fri 09:00-12:00", None, NOW) == (friday + 7 * 24 - 1, 3)


@pytest.mark.parametrize("text", ["", "a", "1-", "0.5", "1,,2", "7 weeks"])
def test_what_are_no_lengths_says_how_to_say_them(text: str) -> None:
    with pytest.raises(Usage, match="1d-7d"):
        issuing.hours(text)


@pytest.mark.parametrize(("index", "length", "said"), [
    (0, 0, "Opens once, from today 11:00 until today 23:00."),
    (1, 9, "Opens from today 11:00 until today 20:00, if used for the first time before today 13:00."),
    (2, 48, "Opens from today 11:00 until Sun 22 Nov 11:00, if used for the first time before today 13:00."),
    (3, 2, "Opens every Friday 11:00 to 13:00, 12:00 to 14:00 while the clocks are changed, from 20 Nov 2026 on for a"
           " year, if used for the first time before today 12:00."),
])  # fmt: skip
def test_one_sentence_says_when_a_code_works(index: int, length: int, said: str) -> None:
    label = FIRST[index]
    hour = int(datetime(2026, 11, 20, 11).timestamp()) // 3600
    window = Window(3, label.name, label.number, label.kind, hour, length)
    assert issuing.sentence(label, window, NOW) == said


def test_labels_tell_what_they_allow() -> None:
    assert issuing.offers(FIRST) == (
        "once (opens once), visitor (for 1 to 10 hours), guest (for 1 to 7 days), cleaner (each week for 2 to 4 hours)"
    )
    assert issuing.offers([Label("a", "span", (1, 30), 1, 1)]) == "a (for 1, 30 hours)"
    assert issuing.offers([]) == "none"

"""lockctl backup and restore: files, passphrases, questions and sentences; lockd's end of the socket is played here."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest

from lockd.cli.exits import NotRunning, status_of
from lockd.cli.restored import told
from lockd.errors import AccessDenied
from lockd.passphrase import HEADER_BYTES, KEY_BYTES, derive, new_header
from lockd.store.archive import Contents, seal
from tests.cli.conftest import Ctl
from tests.cli.fake import FakeLockd

WORDS = "correct horse battery"
HEADER = new_header((14, 8, 1))
FILE = HEADER + b"sealed"
REPORT: dict[str, Any] = {
    "made": 1_795_288_154, "host": "pi", "version": "0.1.0", "record": 4, "users": 2, "credentials": 1, "schedules": 0,
    "damaged": 0, "goes_on": True, "disabled": [], "used_up": [], "gone": [], "phones_away": 0, "fingers_away": 0,
    "holidays_away": 0, "codes_given_up": False, "pass_epoch": 0,
}  # fmt: skip


class Other:
    """Plays lockd: `said` is what it was told, the keys too; `reports` what it answers to each restore."""

    def __init__(self) -> None:
        self.said: list[tuple[str, bytes, bytes]] = []
        self.reports = [REPORT]
        self.cut = False  #: it ends in the middle of an answer

    async def call(self, _interface: str, method: str, handle: int) -> None:
        end = socket.socket(fileno=os.dup(handle))
        with end, end.makefile("rwb") as stream:
            await asyncio.to_thread(self._backup if method == "Backup" else self._restore, stream, end)

    def _backup(self, stream: Any, _end: socket.socket) -> None:
        header, key = stream.read(HEADER_BYTES), stream.read(KEY_BYTES)
        self.said.append(("Backup", key, header))
        stream.write(len(FILE).to_bytes(4) + (FILE[:3] if self.cut else FILE))

    def _restore(self, stream: Any, _end: socket.socket) -> None:
        key = stream.read(KEY_BYTES)
        assert stream.read(int.from_bytes(stream.read(4))) == FILE
        report = json.dumps(self.reports[min(len(self.said), len(self.reports) - 1)]).encode()
        stream.write(len(report).to_bytes(4) + report)
        stream.flush()
        self.said.append(("Restore", key, stream.read()))


@pytest.fixture
def other(lockd: FakeLockd, monkeypatch: pytest.MonkeyPatch) -> Other:
    played = Other()
    monkeypatch.setattr(lockd, "call", played.call)
    monkeypatch.setattr("lockd.cli.backup.new_header", lambda: HEADER)
    lockd.changes = [lambda _: True, lambda _: False, lambda _: True]
    return played


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lock.backup"


def test_a_backup_is_whole_and_for_its_owner_alone(ctl: Ctl, other: Other, file: Path) -> None:
    ctl.at_a_terminal(WORDS, WORDS)
    ran = ctl("backup", str(file))
    assert (ran.status, ran.err) == (0, "")
    assert file.read_bytes() == FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert other.said == [("Backup", derive(HEADER, WORDS), HEADER)]
    assert os.listdir(file.parent) == [file.name]


@pytest.mark.parametrize(
    ("answers", "stdin", "why"),
    [
        ((WORDS, WORDS + "!"), None, "the two passphrases differ"),
        (("too short", "too short"), None, "at least 12 characters"),
        (("",), None, "no passphrase was given"),
        (None, "", "no passphrase came"),
    ],
)
def test_without_a_good_passphrase_nothing_is_asked_of_lockd(
    answers: tuple[str, ...] | None, stdin: str | None, why: str, ctl: Ctl, other: Other, file: Path
) -> None:
    if answers:
        ctl.at_a_terminal(*answers)
    ran = ctl("backup", str(file), "--stdin", stdin=stdin)
    assert (ran.status, why in ran.err) == (64, True)
    assert (other.said, os.listdir(file.parent)) == ([], [])


def test_without_a_terminal_the_pipe_has_to_be_meant(ctl: Ctl, other: Other, file: Path) -> None:
    ran = ctl("backup", str(file), stdin=WORDS)
    assert (ran.status, "--stdin" in ran.err) == (64, True)


def test_what_is_there_is_written_over_only_by_force(ctl: Ctl, other: Other, file: Path) -> None:
    file.write_bytes(b"another")
    ran = ctl("backup", str(file), "--stdin", stdin=WORDS)
    assert (ran.status, "--force" in ran.err) == (5, True)
    assert file.read_bytes() == b"another"
    assert ctl("backup", str(file), "--stdin", "--force", stdin=WORDS).status == 0
    assert file.read_bytes() == FILE


@pytest.mark.parametrize("path", ["nowhere/lock.backup", "a\0b"])
def test_where_nothing_can_be_written_no_passphrase_is_asked(path: str, ctl: Ctl, other: Other, tmp_path: Path) -> None:
    ctl.at_a_terminal()
    ran = ctl("backup", f"{tmp_path}/{path}")
    assert (ran.status, "cannot be written" in ran.err) == (1, True)


def test_a_lockd_that_ends_in_the_middle_leaves_no_file(ctl: Ctl, other: Other, file: Path) -> None:
    other.cut = True
    ran = ctl("backup", str(file), "--stdin", stdin=WORDS)
    assert (ran.status, "before everything was said" in ran.err) == (1, True)
    assert os.listdir(file.parent) == []


def test_a_refusal_leaves_no_file(ctl: Ctl, lockd: FakeLockd, file: Path) -> None:
    lockd.refuse["Backup"] = AccessDenied("no")
    assert ctl("backup", str(file), "--stdin", stdin=WORDS).status == 77
    assert os.listdir(file.parent) == []


def test_a_check_says_no_word(ctl: Ctl, other: Other, file: Path) -> None:
    file.write_bytes(FILE)
    ran = ctl("restore", str(file), "--check", "--stdin", stdin=WORDS)
    assert (ran.status, "nothing was changed" in ran.out) == (0, True)
    assert other.said == [("Restore", derive(HEADER, WORDS), b"")]
    assert ctl("restore", str(file), "--check", "--stdin", "--json", stdin=WORDS).document == {
        "ok": True, "restored": False, **REPORT,
    }


def test_a_check_goes_without_lockd_too(ctl: Ctl, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    """Where a backup is kept there is no lock."""

    def missing(*_: object) -> NoReturn:
        raise NotRunning("lockd is not running: start it")

    monkeypatch.setattr("lockd.cli.session.connected", missing)
    rows: dict[str, Any] = {"user": {"1": {}, "2": {}}, "credential": {}, "schedule": {}, "state": {}}
    contents = Contents(REPORT["made"] * 1_000_000, "pi", "0.1.0", 4, b"h", 0, bytes(32), bytes(32), rows)
    sealed = seal(HEADER, derive(HEADER, WORDS), contents.encode())
    file.write_bytes(sealed)
    ran = ctl("restore", str(file), "--check", "--stdin", stdin=WORDS)
    assert ran.status == 0
    assert "It holds 2 users, 0 credentials, 0 schedules, and the settings.\n" in ran.out
    assert ran.out.splitlines()[-2:] == [
        "There is no lockd here to tell what it would do.", "The file is whole, and this is its passphrase.",
    ]  # fmt: skip
    checked = ctl("restore", str(file), "--check", "--stdin", "--json", stdin=WORDS).document
    known = ("made", "host", "version", "record", "schedules", "damaged")
    assert checked == {"ok": True, "restored": False, "users": 2, "credentials": 0} | {n: REPORT[n] for n in known}
    assert ctl("restore", str(file), "--check", "--stdin", stdin="another one of twelve").status == 3
    assert ctl("restore", str(file), "--stdin", "--yes", "restore", stdin=WORDS).status == status_of(NotRunning(""))
    file.write_bytes(sealed[:-1])
    assert ctl("restore", str(file), "--check", "--stdin", stdin=WORDS).status == 3


def test_a_restore_is_told_first_and_done_with_the_word(ctl: Ctl, other: Other, file: Path) -> None:
    file.write_bytes(FILE)
    assert ctl("restore", str(file), "--stdin", "--yes", "yes", stdin=WORDS).status == 64
    assert [word for *_, word in other.said] == [b""]
    ran = ctl("restore", str(file), "--stdin", "--yes", "restore", stdin=WORDS)
    assert ran.status == 0
    assert ran.out.index("2 users") < ran.out.index("Restored")
    assert [word for *_, word in other.said] == [b"", b"", b"restore"]


def test_what_has_changed_since_it_was_told_is_not_done(ctl: Ctl, other: Other, file: Path) -> None:
    file.write_bytes(FILE)
    other.reports = [REPORT, REPORT | {"gone": ["Bert"]}]
    ran = ctl("restore", str(file), "--stdin", "--yes", "restore", stdin=WORDS)
    assert (ran.status, "changed since" in ran.err) == (1, True)
    assert [word for *_, word in other.said] == [b"", b""]


def test_a_lockd_that_does_not_come_back_is_told(
    ctl: Ctl, lockd: FakeLockd, other: Other, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockd.cli.backup.BACK_S", 0.0)
    lockd.changes, lockd.waits = [], True
    file.write_bytes(FILE)
    ran = ctl("restore", str(file), "--stdin", "--yes", "restore", stdin=WORDS)
    assert (ran.status, "was restored, but" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("content", "status", "why"),
    [
        (None, 4, "no file"),
        (b"", 65, "no backup"),
        (b"lockd backup 2\n" + bytes(40), 65, "another version"),
        (HEADER[:20], 65, "cut short"),
        (new_header((30, 8, 1)), 65, "memory"),
    ],
    ids=["missing", "empty", "newer", "short", "costly"],
)
def test_a_file_that_is_none_is_found_before_anything_is_asked(
    content: bytes | None, status: int, why: str, ctl: Ctl, other: Other, file: Path
) -> None:
    if content is not None:
        file.write_bytes(content)
    ctl.at_a_terminal()
    ran = ctl("restore", str(file), "--check")
    assert (ran.status, why in ran.err, other.said) == (status, True, [])


def test_a_file_that_is_too_large_or_a_folder_is_refused(
    ctl: Ctl, other: Other, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockd.cli.backup.LARGEST", 10)
    file.write_bytes(FILE)
    assert ctl("restore", str(file), "--check").status == 65
    assert "cannot be read" in ctl("restore", str(file.parent), "--check").err


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, "What was used up or revoked since stays so."),
        ({"goes_on": False}, "look at those who come back"),
        ({"damaged": 1}, "1 row could not be read"),
        ({"disabled": ["Anna"]}, "disabled then: Anna."),
        ({"used_up": ["Anna", "Bert"]}, "Anna, Bert. Set it anew"),
        ({"gone": [f"G{n}" for n in range(22)]}, "G19 and 2 more."),
        ({"phones_away": 2}, "stay away (2)"),
        ({"fingers_away": 1}, "Fingers are to be taught anew (1)"),
        ({"holidays_away": 1}, "Holidays in Passage mode stay away (1)"),
        ({"codes_given_up": True}, "lockctl code key"),
        ({"pass_epoch": 5}, "--epoch 5"),
        ({"made": 4_000_000_000}, "still to come"),
    ],
)
def test_it_is_said_in_sentences(found: dict[str, Any], said: str) -> None:
    lines = list(told(REPORT | found, datetime.fromtimestamp(1_800_000_000)))
    assert lines[1] == "It holds 2 users, 1 credential, 0 schedules, and the settings."
    assert any(said in line for line in lines)
    usual = told(REPORT, datetime.fromtimestamp(1_800_000_000))
    assert any(said in line for line in usual) == (not found)

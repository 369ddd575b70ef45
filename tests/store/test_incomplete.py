"""What could be missing is said to be incomplete, so that nobody takes it for never having been."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lockd.core.effects import Put
from tests.store.conftest import Opener
from tests.store.trail import entry, execute, fill, page_of, scribble


@pytest.fixture
def filled(opened: Opener) -> Opener:
    vault = opened()
    fill(vault, 300)
    vault.close()
    return opened


@pytest.mark.parametrize("statement", [
    "UPDATE user SET sealed = zeroblob(60) WHERE key = x'37'",
    "UPDATE state SET sealed = zeroblob(60)",
    "DELETE FROM state",
    "DELETE FROM user WHERE key = x'37'",
    "DELETE FROM event WHERE id > 290",
    "UPDATE event SET sealed = zeroblob(9) WHERE id = 300",
])
def test_a_row_or_the_end_of_the_trail_gone_makes_it_incomplete(filled: Opener, folder: Path, statement: str) -> None:
    execute(folder, (statement,))
    assert filled().load("").incomplete


@pytest.mark.parametrize("statement", [
    "UPDATE schedule SET sealed = zeroblob(60)", "DELETE FROM schedule", "DROP TABLE schedule",
])
def test_a_schedule_gone_makes_it_incomplete(filled: Opener, folder: Path, statement: str) -> None:
    vault = filled()
    vault.commit(entry(), (Put("schedule", "WeekDaySchedule:1:1", {"days": 1}),))
    assert not filled().load("").incomplete
    filled().close()
    execute(folder, (statement,))
    assert filled().load("").incomplete
    assert filled().load("").schedules == {}


def test_an_older_row_put_back_makes_it_incomplete(filled: Opener, folder: Path) -> None:
    shutil.copy(folder / "lockd.db", folder / "old.db")
    filled().commit(entry(), (Put("state", "uses", {"left": 0}),))
    filled().close()
    execute(folder, ("ATTACH ? AS old", (str(folder / "old.db"),)),
            ("REPLACE INTO state SELECT * FROM old.state",))
    assert filled().load("").incomplete


@pytest.mark.parametrize("name", ["lockd.db", "anchor"])
def test_a_file_removed_makes_it_incomplete(filled: Opener, folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert filled().load("").incomplete


@pytest.mark.parametrize("page", [b"\xff" * 4096, b""])
def test_a_store_that_lost_its_people_is_incomplete(filled: Opener, folder: Path, page: bytes) -> None:
    if page:
        scribble(folder / "lockd.db", page_of(folder, "user", leaf=3), page)
    else:
        (folder / "lockd.db").write_bytes(b"\xff" * 200_000)
    vault = filled()
    assert vault.set_aside
    assert vault.load("").incomplete


@pytest.mark.parametrize("statement", [
    "UPDATE event SET sealed = zeroblob(99) WHERE id = 17",
    "DELETE FROM event WHERE id = 17",
    "SELECT 1",
])
def test_a_damaged_event_or_nothing_leaves_the_people_complete(filled: Opener, folder: Path, statement: str) -> None:
    execute(folder, (statement,))
    assert not filled().load("").incomplete


def test_a_lost_page_of_events_leaves_the_people_complete(filled: Opener, folder: Path) -> None:
    scribble(folder / "lockd.db", page_of(folder, "event", leaf=3))
    assert not filled().load("").incomplete


def test_a_disk_that_can_be_repaired_is_complete_again(filled: Opener, folder: Path) -> None:
    execute(folder, ("UPDATE user SET sealed = zeroblob(60) WHERE key = x'37'",))
    filled().commit(entry(), (Put("user", "7", {"name": "again"}),))
    assert not filled().load("").incomplete

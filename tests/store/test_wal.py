"""A flipped bit in lockd.db-wal, of which SQLite says nothing, takes little and destroys nothing."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lockd.core.effects import Drop, Put, Write
from lockd.store import database, files, vault
from lockd.store.faults import StoreError
from lockd.store.keys import load_keys
from lockd.store.vault import Vault
from tests.store.conftest import Opener
from tests.store.trail import entry, scribble

#: In the -wal's header; in a frame of its first commit.
PLACES = (17, 32 + 24 + 100)
NAMES = ("lockd.db", "lockd.db-wal", "anchor")
TRIES = Put("state", "lockout:Keypad", {"count": 1})


@pytest.fixture
def reopen(folder: Path, tmp_path: Path) -> Iterator[Callable[[], Vault]]:
    """Opens, again and again, what a kill -9 leaves at the first call."""
    there = tmp_path / "killed"
    vaults: list[Vault] = []

    def open_killed() -> Vault:
        if not there.exists():
            shutil.copytree(folder, there, ignore=shutil.ignore_patterns("*-shm"))
        for each in vaults:
            each.close()
        vaults.append(Vault.open(there, load_keys(there, "auto", None), 1000))
        return vaults[-1]

    yield open_killed
    for each in vaults:
        each.close()


def _commit(vault: Vault, *writes: Write) -> None:
    vault.commit(entry(), writes)
    vault.fold()


def _flip(folder: Path, place: int) -> dict[str, bytes]:
    wal = folder / "lockd.db-wal"
    scribble(wal, place, bytes([wal.read_bytes()[place] ^ 1]))
    return {name: (folder / name).read_bytes() for name in NAMES}


@pytest.mark.parametrize("write", [
    Put("user", "1", {}), Put("credential", "PIN:1", {}), Drop("user", "1"), Put("state", "property:Mode", {"m": 1}),
])
def test_what_people_set_up_is_in_the_database_at_once(
    opened: Opener, folder: Path, reopen: Callable[[], Vault], write: Write
) -> None:
    _commit(opened(), write)
    assert not (folder / "lockd.db-wal").stat().st_size
    assert reopen().load("").last_seq == 1


def test_the_rest_is_there_every_few_commits(opened: Opener, folder: Path) -> None:
    sizes = []
    vault = opened()
    for _ in range(40):
        _commit(vault, TRIES)
        sizes.append((folder / "lockd.db-wal").stat().st_size)
    assert sizes.count(0) == 2
    assert max(sizes) < 400_000


@pytest.mark.parametrize("place", PLACES)
def test_what_a_flipped_bit_cuts_off_is_kept_unharmed_and_said(
    opened: Opener, folder: Path, reopen: Callable[[], Vault], tmp_path: Path, place: int
) -> None:
    vault = opened()
    _commit(vault, Put("user", "1", {}))
    for _ in range(3):
        _commit(vault, TRIES)
    harmed = _flip(folder, place)
    again = reopen()
    assert again.set_aside == tmp_path / "killed" / "set-aside-1"
    assert {name: (again.set_aside / name).read_bytes() for name in NAMES} == harmed
    snapshot = again.load("")
    assert set(snapshot.users) == {"1"}
    assert (snapshot.last_seq, snapshot.rolled_back, snapshot.incomplete) == (1, True, True)
    assert any(str(again.set_aside) in line for line in snapshot.damaged)
    assert again.commit(entry(), ()) == 2
    assert not reopen().load("").damaged


@pytest.mark.parametrize("place", PLACES)
def test_the_copy_opens_with_its_bit_put_right(
    opened: Opener, folder: Path, reopen: Callable[[], Vault], place: int
) -> None:
    vault = opened()
    for _ in range(3):
        _commit(vault, TRIES)
    _flip(folder, place)
    kept = reopen().set_aside
    assert kept
    _flip(kept, place)
    shutil.copy(folder / "key", kept)
    mended = Vault.open(kept, load_keys(kept, "auto", None), 1000)
    assert mended.load("").last_seq == 3
    mended.close()


def test_it_is_kept_once_even_if_lockd_dies_before_it_writes(
    opened: Opener, folder: Path, reopen: Callable[[], Vault], tmp_path: Path
) -> None:
    _commit(opened(), TRIES)
    _flip(folder, PLACES[0])
    reopen()
    shutil.copytree(tmp_path / "killed", tmp_path / "again", ignore=shutil.ignore_patterns("*-shm"))
    again = Vault.open(tmp_path / "again", load_keys(tmp_path / "again", "auto", None), 1000)
    assert again.set_aside is None
    assert again.load("").rolled_back
    again.close()


def test_where_it_cannot_be_kept_nothing_is_written_over(
    opened: Opener, folder: Path, reopen: Callable[[], Vault], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _commit(opened(), TRIES)
    harmed = _flip(folder, PLACES[0])

    def full(path: Path, _content: bytes) -> None:
        raise OSError(errno.ENOSPC, "", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", full)
        again = reopen()
        assert "disk is full" in again.fault
        assert again.load("").rolled_back
        with pytest.raises(StoreError, match="disk is full"):
            again.commit(entry(), ())
        again.close()
        assert {name: (tmp_path / "killed" / name).read_bytes() for name in NAMES} == harmed
    assert reopen().set_aside


def test_a_whole_wal_is_taken_without_a_word(opened: Opener, reopen: Callable[[], Vault]) -> None:
    for _ in range(5):
        _commit(opened(), TRIES)
    again = reopen()
    snapshot = again.load("")
    assert (again.set_aside, snapshot.last_seq, snapshot.damaged, snapshot.incomplete) == (None, 5, (), False)


def test_a_reader_does_not_hold_up_commits(opened: Opener, folder: Path) -> None:
    vault = opened()
    _commit(vault, TRIES)
    other = database.connect_reader(folder / "lockd.db")
    rows = other.execute("SELECT * FROM state UNION ALL SELECT * FROM state")
    rows.fetchone()
    _commit(vault, Put("user", "1", {}))
    assert (folder / "lockd.db-wal").stat().st_size
    rows.close()
    other.close()
    _commit(vault)
    assert not (folder / "lockd.db-wal").stat().st_size


def test_a_fold_that_fails_is_logged_once_and_the_commits_stand(
    opened: Opener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_db: object) -> bool:
        raise StoreError("the storage device reports an error")

    store = opened()
    monkeypatch.setattr(vault.database, "fold", fail)
    for n in range(3):
        _commit(store, Put("user", str(n), {}))
    assert caplog.text.count("reports an error") == 1
    monkeypatch.undo()
    monkeypatch.setattr(database, "SYNCHRONOUS", "OFF")
    assert set(opened().load("").users) == {"0", "1", "2"}
    assert os.path.exists(opened()._path)

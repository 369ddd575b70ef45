"""What is committed is there again after a restart; what fails leaves no trace."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lockd.core.effects import Drop, Entry, Put
from lockd.core.snapshot import Kept, Snapshot
from lockd.store import database
from lockd.store.faults import InUse, StoreError
from lockd.store.keys import KeyRing, load_keys
from lockd.store.vault import Vault
from tests.store.conftest import Opener
from tests.store.trail import entry, execute, fill


def test_a_fresh_store_is_empty(opened: Opener) -> None:
    vault = opened()
    assert vault.load("boot") == Snapshot(boot="boot")
    assert vault.set_aside is None
    assert vault.read(1, 10) == []
    assert vault.verify() == {"ok": True, "first": 1, "last": 0, "bad": 0, "reason": ""}


def test_rows_come_back_after_a_restart_with_the_number_of_their_commit(opened: Opener) -> None:
    vault = opened()
    assert vault.commit(entry(), (Put("user", "1", {"name": "Ännchen"}), Put("credential", "PIN:1", {"user": 1}))) == 1
    assert vault.commit(entry(), (Put("state", "lockout", {"until": 1.5}), Put("user", "2", {}))) == 2
    assert vault.commit(entry(), (Drop("user", "2"), Drop("user", "99"), Put("state", "mode", {"m": "Normal"}))) == 3
    assert vault.commit(entry(), (Put("schedule", "YearDaySchedule:1:1", {"end": 9}),)) == 4
    snapshot = opened().load("next")
    assert snapshot == Snapshot(
        users={"1": {"name": "Ännchen"}},
        credentials={"PIN:1": {"user": 1}},
        state={"lockout": Kept(2, {"until": 1.5}), "mode": Kept(3, {"m": "Normal"})},
        boot="next",
        last_seq=4,
        schedules={"YearDaySchedule:1:1": {"end": 9}},
    )


def test_a_store_of_the_first_lockd_is_given_the_table_that_it_lacks(opened: Opener, folder: Path) -> None:
    vault = opened()
    fill(vault, 20)
    vault.close()
    before = opened().load("")
    opened().close()
    execute(folder, ("DROP TABLE schedule",))
    vault = opened()
    assert vault.load("") == before
    assert vault.set_aside is None
    vault.commit(entry(), (Put("schedule", "WeekDaySchedule:1:1", {"days": 1}),))
    assert opened().load("").schedules == {"WeekDaySchedule:1:1": {"days": 1}}


def test_events_are_read_in_order_from_a_number_on(opened: Opener) -> None:
    vault = opened()
    fill(vault, 5)
    assert [event["seq"] for event in vault.read(2, 3)] == [2, 3, 4]
    assert [event["seq"] for event in vault.read(0, 99)] == [1, 2, 3, 4, 5]
    assert vault.read(6, 1) == []
    assert vault.read(3, 1) == [
        {"seq": 3, "time": 3_000_000, "kind": "LockOperation", "type": "Unlock", "user": 3}]


def test_nothing_about_people_or_events_stands_in_the_files(opened: Opener, folder: Path) -> None:
    vault = opened()
    vault.commit(Entry("System", 1, {"by": "Rumpelstilz"}), (Put("user", "1", {"name": "Rumpelstilz"}),))
    vault.close()
    assert all(b"Rumpel" not in file.read_bytes() for file in folder.iterdir())


def test_the_trail_is_bounded_and_still_provable(opened: Opener) -> None:
    vault = opened(40)
    for n in range(1, 201):
        vault.commit(entry(n), ())
        first = vault.read(1, 1)[0]["seq"]
        assert n - first < 40
    report = opened(40).verify()
    assert report["ok"]
    assert report["last"] == 200
    assert report["first"] > 160


def test_a_lowered_bound_is_reached_in_small_steps(opened: Opener) -> None:
    vault = opened(10_000)
    for n in range(1200):
        vault.commit(entry(n), ())
    vault = opened(100)
    vault.commit(entry(), ())
    assert 500 < vault.read(1, 1)[0]["seq"] < 1100
    for n in range(3):
        vault.commit(entry(n), ())
    assert vault.read(1, 1)[0]["seq"] > 1100
    assert vault.verify()["ok"]


def test_files_are_private_whatever_the_umask(folder: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        vault = Vault.open(folder, load_keys(folder, "auto", None), 100)
        fill(vault, 1)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
        vault.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert modes.keys() == {"key", "lockd.keys", "lockd.db", "lockd.db-wal", "lockd.db-shm", "anchor"}
    assert set(modes.values()) == {0o600}


def test_a_second_lockd_is_refused(opened: Opener, folder: Path, ring: KeyRing) -> None:
    vault = opened()
    with pytest.raises(StoreError, match="another lockd"):
        Vault.open(folder, ring, 100)
    with pytest.raises(StoreError, match="another lockd"):
        load_keys(folder, "auto", None)
    vault.commit(entry(), ())


def test_a_locked_database_is_a_fault_in_words_and_later_commits_work(
    opened: Opener, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.01)
    vault = opened()
    other = sqlite3.connect(folder / "lockd.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another program has locked"):
        vault.commit(entry(), ())
    other.execute("ROLLBACK")
    other.close()
    assert vault.commit(entry(), ()) == 1


def test_a_full_disk_undoes_the_whole_commit(opened: Opener) -> None:
    vault = opened()
    fill(vault, 3)
    assert vault._db
    vault._db.execute("PRAGMA max_page_count = 1")  # as many as there are now
    with pytest.raises(StoreError, match="the disk is full"):
        vault.commit(entry(1, text="x" * 60_000), (Put("user", "9", {}), Put("state", "uses", {"left": 0})))
    vault._db.execute("PRAGMA max_page_count = 1000000")
    assert vault.commit(entry(4), ()) == 4
    snapshot = opened().load("")
    assert set(snapshot.users) == {"1", "2", "3"}
    assert snapshot.state == {"uses": Kept(3, {"left": 3})}
    assert not snapshot.damaged


def test_a_read_only_database_is_a_fault_in_words_and_later_commits_work(opened: Opener) -> None:
    vault = opened()
    assert vault._db
    vault._db.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="read-only"):
        vault.commit(entry(), ())
    assert vault.commit(entry(), ()) == 1, "it was opened afresh"


def test_a_failing_device_is_a_fault_in_words_and_later_commits_work(opened: Opener) -> None:
    vault = opened()
    fill(vault, 3)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        with pytest.raises(StoreError, match="storage device|disk is full"):
            vault.commit(entry(4), ())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert vault.commit(entry(4), ()) == 4
    assert opened().verify()["ok"]


def test_a_disk_full_from_the_start_still_loads(
    opened: Opener, folder: Path, ring: KeyRing, caplog: pytest.LogCaptureFixture
) -> None:
    fill(opened(), 3)
    opened().close()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        vault = Vault.open(folder, ring, 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    snapshot = vault.load("")
    assert set(snapshot.users) == {"1", "2", "3"}
    assert snapshot.last_seq == 3
    assert [line for line in snapshot.damaged if "cannot be written" in line]
    vault.check()
    assert vault.commit(entry(4), ()) == 4
    assert vault.fault == ""
    vault.close()


def test_a_database_replaced_or_removed_under_lockd_is_noticed_at_the_next_commit(
    opened: Opener, folder: Path
) -> None:
    vault = opened()
    fill(vault, 3)
    shutil.copy(folder / "lockd.db", folder / "copy")
    (folder / "copy").rename(folder / "lockd.db")
    with pytest.raises(StoreError, match="replaced"):
        vault.commit(entry(), ())
    with pytest.raises(StoreError, match="replaced"):
        vault.check()
    (folder / "lockd.db").unlink()
    with pytest.raises(StoreError, match="removed"):
        vault.commit(entry(), ())
    assert not (folder / "lockd.db").exists()


def test_a_closed_store_stays_closed(opened: Opener, folder: Path) -> None:
    vault = opened()
    vault.close()
    for use in (lambda: vault.commit(entry(), ()), vault.verify, vault.check, vault.rotate_key):
        with pytest.raises(StoreError, match="closed"):
            use()
    assert not (folder / "lockd.db-wal").exists()


def test_an_unknown_table_is_refused_before_anything_is_written(opened: Opener) -> None:
    vault = opened()
    with pytest.raises(ValueError, match="no table"):
        vault.commit(entry(), (Put("user", "1", {}), Put("sqlite_master", "x", {})))
    assert vault.commit(entry(), ()) == 1
    assert opened().load("").users == {}


def test_reading_and_verifying_from_other_threads_while_commits_go_on(opened: Opener) -> None:
    vault = opened(150)
    fill(vault, 200)
    reports: list[dict[str, object]] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            reports.append(vault.verify())
            assert vault.read(1, 200)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    fill(vault, 300)
    done.set()
    for thread in threads:
        thread.join()
    assert reports
    assert all(report["ok"] for report in reports), reports


def test_an_unknown_file_in_the_folder_is_left_alone(opened: Opener, folder: Path) -> None:
    opened()
    (folder / "notes").write_text("mine")
    fill(opened(), 1)
    assert (folder / "notes").read_text() == "mine"


def test_rows_written_by_hand_beside_lockd_are_reported(opened: Opener, folder: Path) -> None:
    fill(opened(), 2)
    opened().close()
    execute(folder, ("INSERT INTO user VALUES (5, x'00', 1, x'0102')",))
    snapshot = opened().load("")
    assert set(snapshot.users) == {"1", "2"}
    assert any("a row of table user" in line for line in snapshot.damaged)
    assert any("last event" in line for line in snapshot.damaged)


def _by_a_file(folder: Path) -> None:
    folder.write_text("")


def _by_a_loop(folder: Path) -> None:
    folder.symlink_to(folder)


@pytest.mark.parametrize("replace", [_by_a_file, _by_a_loop])
def test_a_folder_that_is_not_there_for_a_while_is_a_fault_in_words(
    opened: Opener, folder: Path, replace: Callable[[Path], None]
) -> None:
    vault = opened()
    folder.rename(folder.with_name("moved"))
    replace(folder)
    for use in (lambda: vault.commit(entry(), ()), vault.check):
        with pytest.raises(StoreError):
            use()
    folder.unlink()
    folder.with_name("moved").rename(folder)
    vault.check()
    assert vault.commit(entry(), ()) == 1


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES])
def test_a_file_that_cannot_be_looked_at_is_a_fault_in_words(
    opened: Opener, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    vault = opened()
    look = os.stat

    def fail(path: object, **how: Any) -> os.stat_result:
        if str(path).endswith("lockd.db"):
            raise OSError(number, "", str(path))
        return look(path, **how)  # type: ignore[call-overload]

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", fail)
        with pytest.raises(StoreError, match="lockd.db"):
            vault.commit(entry(), ())
        with pytest.raises(StoreError, match="lockd.db"):
            vault.check()
        vault.close()
        with pytest.raises(StoreError, match="lockd.db"):
            opened()
    assert opened().commit(entry(), ()) == 1


@pytest.mark.parametrize(("mode", "theirs"), [(0o755, "thesis.tex"), (0o777, "mbox"), (0o1777, None)])
def test_a_folder_shared_with_others_is_left_to_them(folder: Path, mode: int, theirs: str | None) -> None:
    folder.mkdir()
    folder.chmod(mode)
    if theirs:
        (folder / theirs).write_text("")
    with pytest.raises(InUse, match="shared with others"):
        load_keys(folder, "auto", None)
    assert stat.S_IMODE(folder.stat().st_mode) == mode
    assert [file.name for file in folder.iterdir()] == [theirs] * bool(theirs)


@pytest.mark.parametrize("mode", [0o755, 0o770])
def test_a_folder_that_holds_a_store_becomes_private(opened: Opener, folder: Path, mode: int) -> None:
    opened().close()
    (folder / "notes").write_text("mine")
    folder.chmod(mode)
    opened()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_empty_folder_that_is_open_to_others_is_taken(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o755)
    load_keys(folder, "auto", None)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_reader_finds_its_file_whatever_its_folder_is_called(tmp_path: Path) -> None:
    file = tmp_path / "100 %2F #1?mode=memory" / "lockd.db"
    file.parent.mkdir()
    database.connect(file).close()
    with closing(database.connect_reader(file, "ro")) as db:
        assert db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (len(database.TABLES),)

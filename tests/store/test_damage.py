"""Damage is reported, stays where it is, and takes nothing else with it."""

from __future__ import annotations

import random
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from lockd.core.effects import Drop, Put
from lockd.store.keys import KeyRing
from lockd.store.vault import Vault
from tests.store.conftest import Opener
from tests.store.trail import entry, execute, fill, page_of, scribble

#: The concatenation makes text of the blob, as a flipped bit in a record's header may.
FLIP = "UPDATE {} SET sealed = substr(sealed, 1, length(sealed) - 1) || x'0000' WHERE key = ?"


@pytest.fixture
def filled(opened: Opener) -> Opener:
    vault = opened()
    fill(vault, 300)
    vault.close()
    return opened


def test_a_damaged_row_is_named_and_the_others_load(filled: Opener, folder: Path) -> None:
    execute(folder, (FLIP.format("user"), (b"7",)))
    snapshot = filled().load("")
    assert set(snapshot.users) == {str(n) for n in range(1, 301)} - {"7"}
    assert snapshot.damaged == ("user 7 is damaged and left out; set it again",)
    assert not snapshot.rolled_back


@pytest.mark.parametrize("repair", [Put("user", "7", {"name": "again"}), Drop("user", "7")])
def test_a_damaged_row_is_gone_once_set_or_dropped(filled: Opener, folder: Path, repair: Put | Drop) -> None:
    execute(folder, (FLIP.format("user"), (b"7",)))
    filled().commit(entry(), (repair,))
    assert filled().load("").damaged == ()


@pytest.mark.parametrize("statement", [
    "UPDATE user SET sealed = (SELECT sealed FROM user WHERE key = x'38') WHERE key = x'37'",
    "UPDATE user SET seq = 1 WHERE key = x'37'",
    "UPDATE user SET sealed = NULL WHERE key = x'37'",
    "UPDATE user SET sealed = 12, key = 5 WHERE key = x'37'",
    "UPDATE user SET id = 77 WHERE key = x'37'",
    "UPDATE user SET sealed = x'01' WHERE key = x'37'",
])
def test_a_row_swapped_renumbered_or_retyped_is_damaged(filled: Opener, folder: Path, statement: str) -> None:
    execute(folder, (statement,))
    snapshot = filled().load("")
    assert "7" not in snapshot.users
    assert len(snapshot.users) == 299
    assert snapshot.damaged


def test_an_older_row_put_back_is_noticed(filled: Opener, folder: Path) -> None:
    shutil.copy(folder / "lockd.db", folder / "old.db")
    filled().commit(entry(), (Put("state", "uses", {"left": 0}),))
    filled().close()
    execute(folder, ("ATTACH ? AS old", (str(folder / "old.db"),)),
            ("REPLACE INTO state SELECT * FROM old.state",))
    assert any("last event" in line for line in filled().load("").damaged)


def test_a_deleted_row_is_noticed(filled: Opener, folder: Path) -> None:
    execute(folder, ("DELETE FROM state",))
    assert any("last event" in line for line in filled().load("").damaged)


@pytest.mark.parametrize(("statement", "bad", "reason"), [
    ("UPDATE event SET sealed = zeroblob(99) WHERE id = 17", 17, "event 17 is damaged"),
    ("DELETE FROM event WHERE id = 17", 17, "event 17 is missing"),
    ("DELETE FROM event WHERE id <= 17", 1, "event 1 is missing"),
    ("UPDATE event SET sealed = zeroblob(9) WHERE id IN (17, 90, 91)", 17, "event 17 is damaged (and 2 more)"),
    ("UPDATE event SET sealed = zeroblob(9) WHERE id = 300", 300, "event 300 is damaged"),
])
def test_verify_finds_what_is_wrong_with_the_trail(
    filled: Opener, folder: Path, statement: str, bad: int, reason: str
) -> None:
    execute(folder, (statement,))
    vault = filled()
    assert vault.verify() == {"ok": False, "first": 1, "last": 300, "bad": bad, "reason": reason}
    assert vault.commit(entry(), ()) == 301
    assert vault.verify()["bad"] == bad
    assert len(vault.read(1, 1000)) >= 283


def test_the_end_of_the_trail_cut_off_is_a_roll_back(filled: Opener, folder: Path) -> None:
    execute(folder, ("DELETE FROM event WHERE id > 290",))
    snapshot = filled().load("")
    assert snapshot.rolled_back
    assert snapshot.last_seq == 290


def test_a_pruned_trail_does_not_take_back_where_it_begins(opened: Opener, folder: Path) -> None:
    vault = opened(100)
    fill(vault, 50)
    vault.close()
    shutil.copy(folder / "lockd.db", folder / "old.db")
    vault = opened(100)
    fill(vault, 300)
    first = vault.read(1, 1)[0]["seq"]
    vault.close()
    execute(folder, ("DELETE FROM base",))
    report = opened(10_000).verify()
    assert (report["ok"], report["bad"]) == (False, 1)
    execute(folder, ("INSERT INTO base VALUES (0, x'00')",))
    report = opened(10_000).verify()
    assert (report["ok"], report["bad"]) == (False, first)


def test_a_stray_number_does_not_drag_the_count_along(filled: Opener, folder: Path) -> None:
    execute(folder, ("UPDATE event SET id = 1 << 40 WHERE id = 250",), ("UPDATE event SET id = -3 WHERE id = 10",))
    vault = filled()
    assert vault.load("").last_seq == 300
    assert vault.commit(entry(), ()) == 301
    assert vault.verify()["bad"] == 10


@pytest.mark.parametrize("table", ["user", "event"])
def test_rows_around_a_malformed_page_survive(filled: Opener, folder: Path, table: str) -> None:
    scribble(folder / "lockd.db", page_of(folder, table, leaf=3))
    vault = filled()
    snapshot = vault.load("")
    assert len(snapshot.users) > (250 if table == "user" else 299)
    assert vault.commit(entry(), (Put("user", "1", {"name": "one"}),)) == 301
    report = vault.verify()
    assert report["ok"] == (table == "user")
    assert len(vault.read(1, 1000)) > 250
    if table == "user":
        assert vault.set_aside is not None
        assert (vault.set_aside / "lockd.db").exists()
        assert any("set-aside" in line for line in snapshot.damaged)
        assert filled().load("").damaged == (), "the rebuilt store is whole, and the loss was reported"


@pytest.mark.parametrize("while_open", [False, True])
def test_a_lost_trail_takes_no_people_with_it_and_its_numbers_go_on(
    filled: Opener, folder: Path, while_open: bool
) -> None:
    root = page_of(folder, "event", kind="internal")
    if while_open:
        filled().commit(entry(), ())
    else:
        scribble(folder / "lockd.db", root)
    vault = filled()
    if while_open:
        assert vault._db
        vault._db.execute("PRAGMA cache_size = 0")
        scribble(folder / "lockd.db", root)
    last = 301 if while_open else 300
    assert vault.commit(entry(), (Put("user", "1", {"name": "one"}),)) == last + 1
    snapshot = filled().load("")
    assert len(snapshot.users) == 300
    assert snapshot.last_seq == last + 1
    assert not snapshot.rolled_back
    assert filled().verify()["bad"] == 1


def test_pruning_that_meets_a_malformed_page_rebuilds_and_goes_on(
    filled: Opener, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scribble(folder / "lockd.db", page_of(folder, "event", leaf=0))
    vault = filled(120)
    for n in range(5):
        assert vault.commit(entry(n), ()) == 301 + n
    assert vault.set_aside is not None
    assert "kept unharmed" in caplog.text
    assert len(vault.read(1, 1000)) <= 120
    assert vault.verify()["ok"], "the damaged part is pruned by now"


@pytest.mark.parametrize(("offset", "content"), [
    (0, b"\xff" * 4096), (0, b"SQLite format 3\0" + b"\0" * 4080), (0, b"hello"), (18, b"\7"), (47, b"\xff"),
])
def test_a_damaged_first_page_costs_nothing(filled: Opener, folder: Path, offset: int, content: bytes) -> None:
    scribble(folder / "lockd.db", offset, content)
    harmed = (folder / "lockd.db").read_bytes()
    vault = filled()
    assert (folder / "set-aside-1" / "lockd.db").read_bytes() == harmed
    assert len(vault.load("").users) == 300
    assert vault.verify()["ok"]
    assert vault.commit(entry(), ()) == 301
    assert filled().load("").damaged == ()


@pytest.mark.parametrize("content", [b"\xff" * 200_000, b"not a database", b"\0" * 300_000])
def test_an_unreadable_database_is_set_aside_unharmed_and_a_new_one_begun(
    filled: Opener, folder: Path, content: bytes
) -> None:
    (folder / "lockd.db").write_bytes(content)
    harmed = (folder / "lockd.db").read_bytes()
    vault = filled()
    assert vault.set_aside == folder / "set-aside-1"
    assert (folder / "set-aside-1" / "lockd.db").read_bytes() == harmed
    assert {file.name for file in vault.set_aside.iterdir()} == {"lockd.db", "lockd.keys", "anchor"}
    snapshot = vault.load("")
    assert (snapshot.users, snapshot.last_seq, snapshot.rolled_back) == ({}, 0, False)
    assert len(snapshot.damaged) == 1
    assert vault.commit(entry(), ()) == 1
    assert filled().load("").damaged == ()


def test_somebody_elses_database_is_set_aside(opened: Opener, folder: Path) -> None:
    execute(folder, ("CREATE TABLE theirs (a)",))
    assert opened().set_aside == folder / "set-aside-1"


def test_an_interrupted_setting_aside_goes_on_into_the_same_folder(filled: Opener, folder: Path) -> None:
    (folder / "lockd.db").write_bytes(b"\xff" * 5000)
    (folder / "set-aside-1").mkdir()
    (folder / "anchor").rename(folder / "set-aside-1" / "anchor")
    assert filled().set_aside == folder / "set-aside-1"


@pytest.mark.parametrize("half", ["renamed away", "not finished"])
def test_an_interrupted_rebuild_is_completed_or_dropped(filled: Opener, folder: Path, half: str) -> None:
    if half == "renamed away":
        (folder / "lockd.db").rename(folder / "lockd.db.rebuilt")
    else:
        (folder / "lockd.db.rebuilt").write_bytes(b"half")
    assert len(filled().load("").users) == 300
    assert not (folder / "lockd.db.rebuilt").exists()


def test_an_older_copy_put_back_is_noticed_until_it_is_written_down(filled: Opener, folder: Path) -> None:
    shutil.copy(folder / "lockd.db", folder / "old.db")
    filled().commit(entry(), ())
    filled().close()
    (folder / "old.db").rename(folder / "lockd.db")
    assert filled().load("").rolled_back
    assert filled().load("").rolled_back
    assert filled().commit(entry(), ()) == 301
    assert not filled().load("").rolled_back


def test_a_copy_that_went_its_own_way_is_noticed(filled: Opener, folder: Path, ring: KeyRing) -> None:
    shutil.copy(folder / "lockd.db", folder / "old.db")
    filled().commit(entry(1), ())
    filled().close()
    for name in ("lockd.db", "anchor"):
        (folder / name).rename(folder / f"{name}.kept")
    (folder / "old.db").rename(folder / "lockd.db")
    filled().commit(entry(2), ())
    filled().commit(entry(3), ())
    filled().close()
    (folder / "anchor.kept").rename(folder / "anchor")
    assert filled().load("").rolled_back


def test_a_store_emptied_is_noticed(filled: Opener, folder: Path) -> None:
    (folder / "lockd.db").unlink()
    assert filled().load("").rolled_back


def test_a_missing_anchor_is_reported(filled: Opener, folder: Path) -> None:
    (folder / "anchor").unlink()
    assert any("anchor" in line for line in filled().load("").damaged)


def test_one_slot_of_the_anchor_is_enough(filled: Opener, folder: Path) -> None:
    for offset in (0, 4096):
        whole = (folder / "anchor").read_bytes()
        scribble(folder / "anchor", offset, b"\0" * 20)
        assert filled().load("").damaged == ()
        filled().close()
        (folder / "anchor").write_bytes(whole)


def test_the_anchor_is_written_when_nobody_waits_for_the_commit_any_more(
    opened: Opener, folder: Path, ring: KeyRing, tmp_path: Path
) -> None:
    vault = opened()
    before = (folder / "anchor").read_bytes()
    vault.commit(entry(), ())
    assert (folder / "anchor").read_bytes() == before
    shutil.copytree(folder, tmp_path / "killed", ignore=shutil.ignore_patterns("*-shm"))
    vault.fold()
    assert (folder / "anchor").read_bytes() != before
    with closing(Vault.open(tmp_path / "killed", ring, 1000)) as killed:
        told = killed.load("")
        assert (told.last_seq, told.rolled_back, told.damaged) == (1, False, ())


def test_the_kept_slot_is_never_far_behind_however_many_records_an_anchor_stands_for(
    opened: Opener, folder: Path
) -> None:
    vault = opened()
    kept = set()
    for _ in range(60):  # 180 records
        for _ in range(3):
            vault.commit(entry(), ())
        vault.fold()
        kept.add((folder / "anchor").read_bytes()[4096:])
    assert len(kept) == 3


def test_no_flipped_bit_breaks_the_store_or_passes_for_truth(
    opened: Opener, folder: Path, ring: KeyRing, caplog: pytest.LogCaptureFixture
) -> None:
    fill(opened(), 120)
    opened().close()
    whole = {name: (folder / name).read_bytes() for name in ("lockd.db", "anchor")}
    truth = opened().load("")
    opened().close()
    chance = random.Random(2)
    for _ in range(150):
        bit = chance.randrange(len(whole["lockd.db"]) * 8)
        for name, content in whole.items():
            (folder / name).write_bytes(content)
        scribble(folder / "lockd.db", bit // 8, bytes([whole["lockd.db"][bit // 8] ^ 1 << bit % 8]))
        vault = Vault.open(folder, ring, 1000)
        snapshot = vault.load("")
        assert snapshot.users.items() <= truth.users.items()
        assert snapshot.state.items() <= truth.state.items()
        if snapshot.users != truth.users or snapshot.state != truth.state:
            assert snapshot.damaged
        seen = vault.read(1, 1000)
        assert all(event["user"] * 1_000_000 == event["time"] for event in seen)
        if len(seen) < 120:
            assert not vault.verify()["ok"] or snapshot.rolled_back or vault.set_aside
        vault.commit(entry(), ())
        vault.close()
        for shelf in folder.glob("set-aside-*"):
            shutil.rmtree(shelf)

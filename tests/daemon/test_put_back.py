"""A restore in the store itself: its record, its keys, its last look, and that nothing comes after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lockd.core.effects import Entry, Put
from lockd.core.instant import Instant
from lockd.daemon.backups import contents, look, put_back
from lockd.errors import Busy
from lockd.store import database, files
from lockd.store.anchor import Mark
from lockd.store.archive import Contents
from lockd.store.digests import Digester
from lockd.store.keys import load_keys
from lockd.store.vault import StoreError, Vault
from lockd.words import TimeState
from tests.power.restores import household

MADE = 1_800_000_000_000_000
OLD = household("Ash").but(made=MADE)


@pytest.fixture(autouse=True)
def _unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "SYNCHRONOUS", "OFF")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def vault(folder: Path) -> Iterator[Vault]:
    opened = begin(folder)
    yield opened
    opened.close()


def begin(folder: Path) -> Vault:
    """As lockd does."""
    vault = Vault.open(folder, load_keys(folder, "auto", None), 1000)
    vault.load("")
    return vault


def restore(vault: Vault, old: Contents = OLD, wall: int = MADE, trust: TimeState = "Trusted") -> None:
    put_back(vault, old, look(vault, old)[0].told, "uid 0 (root)", Instant(0.0, wall, trust))


@pytest.mark.parametrize(
    ("wall", "trust", "time"),
    [(MADE - 5, "Floor", MADE), (MADE + 5, "Floor", MADE + 5), (MADE - 5, "Trusted", MADE - 5), (5, "Unknown", MADE)],
)
def test_the_clock_does_not_fall_behind_the_backup_unless_it_is_trusted(
    wall: int, trust: TimeState, time: int, vault: Vault, folder: Path
) -> None:
    restore(vault, OLD, wall, trust)
    again = begin(folder)
    (event,) = again.read(1, 10)
    again.close()
    assert (event["time"], event["detail"], event["by"]) == (time, "restored", "uid 0 (root)")
    assert event["value"] == "made 2027-01-15 08:00 UTC at Ash, record 1"


def test_the_digests_are_those_of_the_backup_from_the_next_start_on(vault: Vault, folder: Path) -> None:
    before = vault.digests
    restore(vault)
    assert load_keys(folder, "auto", None).digest_key == before[1]  # until then
    begin(folder).close()
    ring = load_keys(folder, "auto", None)
    assert (ring.salt, ring.digest_key) == (OLD.salt, OLD.digest_key)
    assert Digester(ring).issuing_key("a") != b""
    again = begin(folder)
    again.rotate_key()
    assert again.digests == (OLD.salt, OLD.digest_key)
    assert "digest-keys" not in again.load("").state
    again.close()


def test_they_are_known_even_where_the_keys_cannot_be_written(
    vault: Vault, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    restore(vault)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        ring = load_keys(folder, "auto", None)
        patched.setattr(files, "replace", full)
        again = Vault.open(folder, ring, 1000)
        again.load("")
        assert again.digests == (OLD.salt, OLD.digest_key)
        again.close()
    assert "lockd.keys cannot be written: the disk is full" in caplog.text


def test_nothing_is_written_after_it(vault: Vault) -> None:
    restore(vault)
    with pytest.raises(StoreError, match="closed"):
        vault.commit(Entry("System", 1, {}), ())
    with pytest.raises(StoreError, match="closed"):
        vault.read(1, 1)


def test_what_has_changed_since_the_look_is_looked_at_again(vault: Vault) -> None:
    found, _ = look(vault, OLD)
    someone = {"index": 99, "name": "Zoe", "type": "UnrestrictedUser"}
    vault.commit(Entry("System", 1, {}), (Put("user", "99", someone),))
    with pytest.raises(Busy, match="changed since"):
        put_back(vault, OLD, found.told, "x", Instant(0.0, MADE, "Trusted"))
    assert look(vault, OLD)[0].told["gone"] == ["Zoe"]


def test_only_the_store_that_a_backup_was_made_of_goes_on(vault: Vault, folder: Path) -> None:
    vault.commit(Entry("System", 1, {"detail": "one"}), ())
    backup = contents(vault, 1)
    vault.commit(Entry("System", 2, {"detail": "two"}), ())
    assert look(vault, backup)[0].told["goes_on"]
    assert not look(vault, backup.but(hash=bytes(32)))[0].told["goes_on"]
    assert not look(vault, backup.but(seq=2))[0].told["goes_on"]
    assert not look(vault, backup.but(seq=3))[0].told["goes_on"]
    assert not look(vault, backup.but(salt=bytes(32)))[0].told["goes_on"]
    assert not vault.holds(Mark(9, bytes(32)))


def test_rows_of_the_moment_do_not_travel(vault: Vault) -> None:
    names = ("grant:4", "relock", "time", "digest-keys", "way:key")
    vault.commit(Entry("System", 1, {}), tuple(Put("state", name, {"salt": "", "key": ""}) for name in names))
    assert contents(vault, 1).rows["state"].keys() == {"way:key"}

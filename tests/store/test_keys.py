"""No key, no access; and nothing is touched for want of it."""

from __future__ import annotations

import os
import stat
import threading
import time
from pathlib import Path

import pytest

from lockd.core.effects import Put
from lockd.store.digests import Digester
from lockd.store.faults import KeyUnavailable
from lockd.store.keys import KeyRing, load_keys
from lockd.store.vault import Vault
from tests.store.conftest import Opener
from tests.store.trail import entry, execute, fill, scribble


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in folder.iterdir()}


def refusal(folder: Path, key: str = "auto", credentials: Path | None = None) -> str:
    """The text of the KeyUnavailable, after making sure that nothing was touched."""
    before = contents(folder)
    with pytest.raises(KeyUnavailable) as refused:
        load_keys(folder, key, credentials)
    assert contents(folder) == before
    return str(refused.value)


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "lockd.key").write_bytes(os.urandom(48))
    return tmp_path / "credentials"


@pytest.fixture
def crashed(opened: Opener, folder: Path) -> Path:
    """A store with something in its write-ahead log, as after a kill."""
    vault = opened()
    fill(vault, 3)
    kept = contents(folder)
    vault.close()
    for name, (content, _) in kept.items():
        (folder / name).write_bytes(content)
    return folder


def test_the_key_file_is_made_on_first_use_and_private(folder: Path) -> None:
    load_keys(folder, "auto", None)
    assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600
    assert load_keys(folder, "auto", None).salt == load_keys(folder, "auto", None).salt


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_a_key_file_open_to_others_is_refused_with_the_remedy(crashed: Path, mode: int) -> None:
    (crashed / "key").chmod(mode)
    assert f"chmod 600 {crashed / 'key'}" in refusal(crashed)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_file_of_another_user_is_refused(crashed: Path) -> None:
    os.chown(crashed / "key", 1234, -1)
    assert "must belong to the user" in refusal(crashed)


def test_a_wrong_key_opens_nothing(crashed: Path) -> None:
    (crashed / "key").write_bytes(os.urandom(32))
    assert "does not open" in refusal(crashed)


def test_a_missing_key_is_not_replaced_by_a_new_one(crashed: Path) -> None:
    (crashed / "key").unlink()
    assert "neither the systemd credential lockd.key" in refusal(crashed)


def test_missing_wrapped_keys_are_not_replaced_by_new_ones(crashed: Path) -> None:
    (crashed / "lockd.keys").unlink()
    assert "lockd.keys is missing" in refusal(crashed)
    (crashed / "key").unlink()
    assert "lockd.keys is missing" in refusal(crashed)


def test_a_short_key_is_refused(crashed: Path) -> None:
    (crashed / "key").write_bytes(b"short")
    assert "at least 32" in refusal(crashed)


def test_a_credential_asked_for_and_not_given_is_refused(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    assert "LoadCredentialEncrypted=lockd.key" in refusal(folder, "credential")
    assert "LoadCredentialEncrypted=lockd.key" in refusal(folder, "credential", tmp_path)


def test_a_named_key_file_is_never_made(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    assert "is missing" in refusal(folder, str(tmp_path / "stick" / "key"))
    (tmp_path / "key").write_bytes(os.urandom(32))
    (tmp_path / "key").chmod(0o600)
    load_keys(folder, str(tmp_path / "key"), None)
    assert not (folder / "key").exists()


def test_one_damaged_copy_of_the_wrapped_keys_does_no_harm(crashed: Path) -> None:
    for offset in (0, 4096):
        whole = (crashed / "lockd.keys").read_bytes()
        scribble(crashed / "lockd.keys", offset)
        load_keys(crashed, "auto", None)
        (crashed / "lockd.keys").write_bytes(whole)
    scribble(crashed / "lockd.keys", 0, b"\xff" * 8192)
    assert "does not open" in refusal(crashed)


def test_a_store_moves_from_key_file_to_credential_at_the_next_rotation(
    opened: Opener, folder: Path, credentials: Path
) -> None:
    fill(opened(), 3)
    opened().close()
    vault = opened(keys=load_keys(folder, "auto", credentials))
    vault.rotate_key()
    vault.close()
    (folder / "key").unlink()
    ring = load_keys(folder, "credential", credentials)
    assert set(opened(keys=ring).load("").users) == {"1", "2", "3"}


def test_rotation_reseals_everything_and_forgets_the_old_key(opened: Opener, folder: Path) -> None:
    vault = opened(450)
    fill(vault, 600)
    before = vault.load("")
    vault.rotate_key()
    assert vault.load("") == before
    vault.close()
    ring = load_keys(folder, "auto", None)
    assert list(ring.data) == [2]
    vault = opened(450, ring)
    assert vault.load("") == before
    assert vault.verify()["ok"]
    assert vault.verify()["first"] > 1, "the base is resealed too"


def test_digests_survive_a_rotation(opened: Opener, folder: Path, ring: KeyRing) -> None:
    digest = Digester(ring).digest("PIN", "123456")
    vault = opened()
    vault.rotate_key()
    vault.close()
    assert Digester(load_keys(folder, "auto", None)).digest("PIN", "123456") == digest


def test_an_interrupted_rotation_is_finished_by_the_next(opened: Opener, folder: Path, ring: KeyRing) -> None:
    vault = opened()
    fill(vault, 500)
    ring.next_generation()
    vault._change(lambda db: vault._reseal("event", 0, db))
    vault.commit(entry(501), (Put("user", "501", {}),))
    vault.close()
    again = load_keys(folder, "auto", None)
    assert again.rotating
    vault = opened(keys=again)
    assert len(vault.load("").users) == 501
    vault.rotate_key()
    vault.close()
    last = load_keys(folder, "auto", None)
    assert (list(last.data), last.rotating) == ([2], False)
    assert opened(keys=last).verify()["ok"]


def test_rotation_leaves_damaged_rows_and_goes_on(opened: Opener, folder: Path) -> None:
    fill(opened(), 20)
    opened().close()
    execute(folder, ("UPDATE user SET sealed = x'00' WHERE key = x'37'",),
            ("UPDATE event SET sealed = x'00' WHERE id = 7",))
    vault = opened()
    vault.rotate_key()
    assert len(vault.load("").users) == 19
    assert vault.verify()["bad"] == 7


def test_commits_go_on_while_keys_rotate(opened: Opener) -> None:
    vault = opened(20_000)
    fill(vault, 2000)
    rotation = threading.Thread(target=vault.rotate_key)
    rotation.start()
    waits = []
    while rotation.is_alive():
        start = time.perf_counter()
        vault.commit(entry(), (Put("state", "uses", {"left": 1}),))
        waits.append(time.perf_counter() - start)
    rotation.join()
    assert len(waits) > 5, "a commit gets its turn after each batch"
    assert vault.verify()["ok"]
    assert opened().load("").damaged == ()


def test_a_digest_depends_on_store_kind_and_secret(ring: KeyRing, tmp_path: Path) -> None:
    digester, other = Digester(ring), Digester(load_keys(tmp_path / "other", "auto", None))
    digests = {
        digester.digest("PIN", "123456"), digester.digest("PIN", "123457"),
        digester.digest("ProgrammingPIN", "123456"), other.digest("PIN", "123456"),
    }
    assert len(digests) == 4
    assert {len(digest) for digest in digests} == {32}
    assert digester.digest("PIN", "123456") in digests


def test_no_secret_is_shown(ring: KeyRing) -> None:
    assert ring.digest_key.hex() not in repr(ring)
    assert Vault.__repr__ is object.__repr__

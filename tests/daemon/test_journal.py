"""The store's thread outlives whatever happens in it, and a folder of others ends lockd at start."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockd.daemon import health
from lockd.store.vault import Vault
from tests.daemon.inside import inside
from tests.daemon.process import Lockd

PIN = "135790"


def _fail() -> None:
    raise RuntimeError("nobody thought of this")


async def test_a_mistake_in_a_commit_fails_that_record_and_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with inside(tmp_path / "state") as lock:
        await lock.enrol(PIN)
        lock.before_commit = _fail
        await lock.ask("Unlock", PIN)
        await lock.until("Unlocked")
        assert lock.daemon.journal.alive
        assert caplog.text.count("Traceback") == 1
        lock.before_commit = lambda: None
        await lock.ask("Lock")
        assert "can be written again" in caplog.text


async def test_who_is_enrolled_is_soon_in_the_database_itself(tmp_path: Path) -> None:
    async with inside(tmp_path / "state") as lock:
        await lock.enrol(PIN)
        await lock.daemon.journal.write_thread(lambda _vault: None)
        assert not (tmp_path / "state" / "lockd.db-wal").stat().st_size


async def test_a_mistake_after_a_commit_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with inside(tmp_path / "state") as lock:
        with monkeypatch.context() as patch:
            patch.setattr(Vault, "fold", lambda _vault: _fail())
            await lock.enrol(PIN)
        await lock.ask("Unlock", PIN)
        assert lock.daemon.journal.alive
    assert "nobody thought of this" in caplog.text


async def test_a_mistake_in_looking_at_the_store_is_said_once_and_does_not_end_lockd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with inside(tmp_path / "state") as lock:
        monkeypatch.setattr(health.Vault, "check", lambda _vault: _fail())
        assert await lock.daemon.health.fit()
        assert await lock.daemon.health.fit()
    assert caplog.text.count("Traceback") == 1


def test_a_folder_of_others_ends_lockd_at_once(lockd: Lockd) -> None:
    lockd.state.mkdir(exist_ok=True)
    lockd.state.chmod(0o1777)
    lockd.launch()
    assert lockd.wait() == 1
    assert "shared with others" in lockd.log

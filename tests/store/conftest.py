"""Stores in a temporary folder, closed after the test whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lockd.store import database
from lockd.store.keys import KeyRing, load_keys
from lockd.store.vault import Vault

Opener = Callable[..., Vault]


@pytest.fixture(autouse=True)
def _unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Durability is proved in tests/power; here it only takes time."""
    monkeypatch.setattr(database, "SYNCHRONOUS", "OFF")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def ring(folder: Path) -> KeyRing:
    return load_keys(folder, "auto", None)


@pytest.fixture
def opened(folder: Path, ring: KeyRing) -> Iterator[Opener]:
    """Opens the store of `folder`; a second call is a restart."""
    vaults: list[Vault] = []

    def open_again(max_events: int = 1000, keys: KeyRing = ring) -> Vault:
        for vault in vaults:
            vault.close()
        vaults.append(Vault.open(folder, keys, max_events))
        return vaults[-1]

    yield open_again
    for vault in vaults:
        vault.close()

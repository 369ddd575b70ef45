"""Short ways to say an entry, a write and a damage in tests."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from lockd.core.effects import Entry, Put
from lockd.store.vault import Vault


def entry(n: int = 1, **fields: Any) -> Entry:
    return Entry("LockOperation", 1_000_000 * n, {"type": "Unlock", "user": n, **fields})


def fill(vault: Vault, count: int) -> None:
    """Commit events, each with a user's row and the one row of state."""
    for n in range(1, count + 1):
        vault.commit(entry(n), (Put("user", str(n), {"name": f"user {n}"}), Put("state", "uses", {"left": n})))


def execute(folder: Path, *statements: tuple[Any, ...]) -> None:
    """Meddle with a closed store through plain SQLite."""
    db = sqlite3.connect(folder / "lockd.db", isolation_level=None)
    for statement in statements:
        db.execute(*statement)
    db.close()


def page_of(folder: Path, table: str, leaf: int = 0, kind: str = "leaf") -> int:
    """The file offset of a page of a table; kind internal: the root, if there are several."""
    db = sqlite3.connect(folder / "lockd.db")
    rows = db.execute("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = ? ORDER BY path", (table, kind))
    pages = [number for (number,) in rows]
    db.close()
    return 4096 * (int(pages[leaf]) - 1)


def scribble(path: Path, offset: int, content: bytes = b"\xff" * 4096) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)

"""Damaged databases: set aside unharmed, or rebuilt from what is whole with the original kept.

Everything is done by renaming in an order that a power cut at any moment leaves completable.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from lockd.store import database, files
from lockd.store.faults import Unreadable, in_words
from lockd.store.keys import KeyRing

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger("lockd.store")

DATABASE, WAL, SHM, ANCHOR = "lockd.db", "lockd.db-wal", "lockd.db-shm", "anchor"
_REBUILT = "lockd.db.rebuilt"
_MEMORY = "/dev/shm"


def set_aside(folder: Path, ring: KeyRing, names: tuple[str, ...] = (SHM, WAL, ANCHOR, DATABASE)) -> Path:
    """Move the database with its companions to `set-aside-<n>`, the database last: as long as it
    is here the move is not done, and goes on into the same folder at the next start."""
    with files.worded():
        shelf = _next_shelf(folder, ring)
        for name in names:
            if (folder / name).exists():
                os.rename(folder / name, shelf / name)
        files.sync_folder(shelf)
        files.sync_folder(folder)
    log.error("lockd.db was damaged; it is kept unharmed in %s", shelf)
    return shelf


def keep_copy(folder: Path, ring: KeyRing) -> Path:
    """Copy the database with its companions to `set-aside-<n>`, before they are written over."""
    with files.worded():
        shelf = _next_shelf(folder, ring)
        for name in (WAL, ANCHOR, DATABASE):
            if (folder / name).exists():
                files.replace(shelf / name, files.read(folder / name, (folder / name).stat().st_size) or b"")
        files.sync_folder(folder)
    log.error("the end of the audit trail is missing; lockd.db and lockd.db-wal are kept as they were in %s", shelf)
    return shelf


def _next_shelf(folder: Path, ring: KeyRing) -> Path:
    """A folder that holds no database yet, with the keys."""
    shelf = next(s for s in (folder / f"set-aside-{n}" for n in range(1, 1 << 30)) if not (s / DATABASE).exists())
    if not shelf.exists():
        os.mkdir(shelf, 0o700)
        os.chmod(shelf, 0o700)
    ring.copy_to(shelf)
    return shelf


def rebuild(folder: Path, ring: KeyRing, is_ours: Callable[[sqlite3.Connection], bool]) -> Path:
    """Put a new database of all rows that can be read in place of one with malformed pages.

    Returns where the original is kept. Unreadable when nothing comes of it that `is_ours`."""
    fresh = folder / _REBUILT
    with files.worded():
        _discard(fresh)
    with closing(database.connect(fresh)) as new:
        with _opened(folder, fresh) as old, database.worded(), database.transaction(new):
            for table, columns in database.TABLES.items():
                slots = ", ".join("?" * len(columns.split(",")))
                new.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({slots})", database.salvage(old, table))
        if not is_ours(new):
            raise Unreadable("lockd.db is damaged beyond repair")
    with files.worded():
        files.sync_folder(folder)
        shelf = set_aside(folder, ring, (SHM, WAL, DATABASE))
        os.rename(fresh, folder / DATABASE)
        files.sync_folder(folder)
    return shelf


def finish(folder: Path) -> None:
    """Complete, or drop, a rebuild that a power cut interrupted."""
    fresh = folder / _REBUILT
    with files.worded():
        if not fresh.exists():
            return
        if (folder / DATABASE).exists():
            _discard(fresh)
        else:
            os.rename(fresh, folder / DATABASE)
            files.sync_folder(folder)


def identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from any other; None when it is not there."""
    try:
        about = os.stat(path)
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise in_words(fault) from fault
    return about.st_dev, about.st_ino


@contextmanager
def _opened(folder: Path, fresh: Path) -> Iterator[sqlite3.Connection]:
    """The database, or a copy of it with a new first page if that is what keeps it shut."""
    try:
        db = database.connect(folder / DATABASE)
    except Unreadable:
        with borrowed(folder, database.first_page(fresh)) as db:
            yield db
    else:
        with closing(db):
            yield db


@contextmanager
def borrowed(folder: Path, first_page: bytes = b"") -> Iterator[sqlite3.Connection]:
    """A copy of the database in memory, to read from a disk that takes no writing at all, or with
    another first page."""
    import shutil
    import tempfile
    from pathlib import Path

    with files.worded(), tempfile.TemporaryDirectory(dir=_MEMORY if os.path.isdir(_MEMORY) else None) as place:
        for name in (DATABASE, WAL):
            if (folder / name).exists():
                shutil.copyfile(folder / name, os.path.join(place, name))
        copy = Path(place) / DATABASE
        with copy.open("r+b") as file:
            file.write(first_page)
        with closing(database.connect(copy)) as db:
            yield db


def _discard(path: Path) -> None:
    for name in (path.name, path.name + "-wal", path.name + "-shm"):
        path.with_name(name).unlink(missing_ok=True)

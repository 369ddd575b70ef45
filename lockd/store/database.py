"""The SQLite file: how it is opened, and how it is read around damage.

Every table is keyed by an integer `id`, so that a reader can step over a malformed page.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from lockd.store import files
from lockd.store.faults import ReadOnly, Unreadable, in_words, is_damage, primary_code

if TYPE_CHECKING:
    from pathlib import Path

#: A commit is on the disk when it returns.
SYNCHRONOUS = "FULL"
_BUSY_SECONDS = 1.0
#: Queries that one salvage may cost; each malformed page takes a few.
_PROBES = 400
_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1

ROW_COLUMNS = "id, key, seq, sealed"
#: The columns of every table. `key` is a name for people; what counts is sealed.
TABLES = {
    "user": ROW_COLUMNS,
    "credential": ROW_COLUMNS,
    "state": ROW_COLUMNS,
    "base": "id, sealed",
    "event": "id, sealed",
    "schedule": ROW_COLUMNS,
}
_SCHEMA = tuple(
    f"CREATE TABLE {table} ({columns.replace('id', 'id INTEGER PRIMARY KEY', 1)})" for table, columns in TABLES.items()
)
#: What the first lockd had not. A store of its is given it; rows that were in it are missed all the same (rows.py).
_LATER = {_SCHEMA[-1]}


@contextmanager
def worded() -> Iterator[None]:
    """Turn SQLite's errors inside into StoreError, damage into Unreadable."""
    try:
        yield
    except sqlite3.Error as fault:
        raise in_words(fault) from fault
    except UnicodeDecodeError as fault:  # SQLite's message quotes from a damaged schema
        raise Unreadable("lockd.db is damaged") from fault


def connect(path: Path) -> sqlite3.Connection:
    """Open for writing; an absent or empty file is begun. Unreadable if it is not ours to read."""
    with worded(), files.worded():
        if not path.exists():
            files.create(path)
        if not os.access(path, os.W_OK):
            raise ReadOnly("lockd.db or its file system is read-only")
        db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        db.text_factory = bytes  # a flipped bit may turn a blob into text, and that into bad UTF-8
        try:
            _prepare(db)
            _expect_writable(path)
        except BaseException as fault:
            db.close()
            if isinstance(fault, sqlite3.Error) and primary_code(fault) == sqlite3.SQLITE_ERROR:
                raise Unreadable("lockd.db is damaged") from fault  # "unsupported file format"
            raise
    return db


def connect_reader(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """Open for reading only, beside the writer. With mode ro, closing leaves the -wal as it is."""
    with worded(), files.worded():
        db = sqlite3.connect(_uri(path, mode), timeout=_BUSY_SECONDS, isolation_level=None, uri=True)
        db.text_factory = bytes
        return db


def _uri(path: Path, mode: str) -> str:
    """https://www.sqlite.org/uri.html, section 3.1; pathlib's own takes a fiftieth of the way to READY to load."""
    name = str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{name}?mode={mode}"


def _prepare(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA cell_size_check = ON")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
    db.execute("PRAGMA journal_size_limit = 8388608")
    there = {statement for (statement,) in db.execute("SELECT sql FROM sqlite_master")}
    wanted = {statement.encode(): statement for statement in _SCHEMA}
    missing = [statement for encoded, statement in wanted.items() if encoded not in there]
    if there and (not there <= wanted.keys() or not _LATER.issuperset(missing)):
        raise Unreadable("lockd.db does not hold lockd's tables")
    if missing:
        with transaction(db):
            for statement in missing:
                db.execute(statement)
        fold(db)  # whatever comes over the -wal, the tables are there


def _expect_writable(path: Path) -> None:
    """A flipped bit in the header's version bytes makes SQLite open without a word and never write."""
    header = files.read(path, 100) or b""
    if any(version > 2 for version in header[18:20]):
        raise Unreadable("lockd.db is damaged")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Everything inside, or nothing of it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def fold(db: sqlite3.Connection) -> bool:
    """Move what is in the -wal into the database and empty it, without waiting for anybody; whether
    that came to its end. Emptied, lest SQLite should lay an old page of a damaged -wal over a new
    one of the database."""
    with worded():
        db.execute("PRAGMA busy_timeout = 0")
        try:
            busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
        finally:
            db.execute(f"PRAGMA busy_timeout = {int(1000 * _BUSY_SECONDS)}")


def first_page(path: Path) -> bytes:
    """The header and schema of a database of ours, which are the same in all of them. The size that
    the header tells is made void, so that SQLite goes by the file's."""
    with worded(), closing(connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = bytearray(files.read(path, db.execute("PRAGMA page_size").fetchone()[0]) or b"")
    page[92:96] = bytes(4)
    return bytes(page)


def next_start(rows: list[tuple[Any, ...]], after: int, limit: int) -> int | None:
    """The id to go on after, when `rows` were up to `limit` past `after`; None at the end. A
    damaged page may hold ids in any order: never back."""
    last = max((row[0] for row in rows), default=after)
    return last if len(rows) == limit and last > after else None


def salvage(
    db: sqlite3.Connection, table: str, lowest: int = _LOWEST, highest: int = _HIGHEST
) -> Iterator[tuple[Any, ...]]:
    """Every row that can be reached, from both sides of each malformed page; in no order then."""
    select = f"SELECT {TABLES[table]} FROM {table} WHERE id BETWEEN ? AND ? ORDER BY id"
    gaps = [(lowest, highest)]
    for _ in range(_PROBES):
        if not gaps:
            return
        low, high = gaps.pop(0)
        try:
            for row in db.execute(select, (low, high)):
                yield row
                low = row[0] + 1
            continue
        except sqlite3.DatabaseError as fault:
            if not is_damage(fault):
                raise
        try:
            for row in db.execute(select + " DESC", (low, high)):
                yield row
                high = row[0] - 1
        except sqlite3.DatabaseError as fault:
            if not is_damage(fault):
                raise
        if low < high:
            middle = (low + high) // 2
            gaps += [(low, middle), (middle + 1, high)]

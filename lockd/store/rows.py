"""The tables user, credential, state and schedule: sealed rows by key, and the roll that covers them all.

Every row leaves a mark, a MAC of its table, id and sequence number. The roll is the exclusive-or
of all marks; each audit event holds it as of its commit, so that a row deleted or an older one
put back is noticed though each row alone is whole.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Iterator, Mapping
from struct import Struct
from typing import Any

from lockd.core.effects import Put, Write
from lockd.core.snapshot import Kept
from lockd.store.database import ROW_COLUMNS, next_start, salvage
from lockd.store.keys import KeyRing
from lockd.store.seal import Damaged, Sealer

PEOPLE = ("user", "credential", "state", "schedule")
ROLL_BYTES = 16
_in_json = json.JSONEncoder(separators=(",", ":")).encode
_ID = Struct(">q")
_MARK = Struct(">qq")


class Rows:
    """Reads and writes the sealed rows of these tables."""

    def __init__(self, sealer: Sealer, ring: KeyRing) -> None:
        self._sealer = sealer
        self._mark_key = ring.mark_key

    def roll(self, db: sqlite3.Connection) -> int:
        """The roll of the rows that are there; raises SQLite's error on a malformed page."""
        roll = 0
        for table in PEOPLE:
            for row, seq, _ in db.execute(f"SELECT id, seq, length(sealed) FROM {table} ORDER BY id"):
                roll ^= self._mark(table, row, seq)
        return roll

    def apply(self, db: sqlite3.Connection, writes: tuple[Write, ...], seq: int) -> int:
        """Do the writes as part of commit `seq`; returns what they change in the roll."""
        change = 0
        for write in writes:
            if write.table not in PEOPLE:
                raise ValueError(f"the store has no table {write.table}")
            row = row_id(write.table, write.key)
            old = db.execute(f"SELECT seq FROM {write.table} WHERE id = ?", (row,)).fetchone()
            if old:
                change ^= self._mark(write.table, row, old[0])
            if isinstance(write, Put):
                change ^= self._mark(write.table, row, seq)
                self._put(db, write, row, seq)
            else:
                db.execute(f"DELETE FROM {write.table} WHERE id = ?", (row,))
        return change

    def load(self, db: sqlite3.Connection, damaged: list[str]) -> dict[str, dict[str, Kept]]:
        """Every whole row by table and key; a line is added to `damaged` for each other one."""
        found: dict[str, dict[str, Kept]] = {}
        for table in PEOPLE:
            found[table] = dict(self._load_table(db, table, damaged))
        return found

    def reseal(self, db: sqlite3.Connection, table: str, after: int, limit: int) -> int | None:
        """Seal up to `limit` rows past id `after` with the newest key; the last id, None at the end."""
        rows = db.execute(
            f"SELECT {ROW_COLUMNS} FROM {table} WHERE id > ? ORDER BY id LIMIT ?", (after, limit)).fetchall()
        for row, _, seq, sealed in rows:
            if self._sealer.is_current(sealed):
                continue
            try:
                plain = self._sealer.open(table, row, seq, sealed)
            except Damaged:
                continue
            fresh = self._sealer.seal(table, row, seq, plain)
            db.execute(f"UPDATE {table} SET sealed = ? WHERE id = ?", (fresh, row))
        return next_start(rows, after, limit)

    def _put(self, db: sqlite3.Connection, put: Put, row: int, seq: int) -> None:
        plain = _in_json([put.key, dict(put.value)]).encode()
        sealed = self._sealer.seal(put.table, row, seq, plain)
        db.execute(f"REPLACE INTO {put.table} VALUES (?, ?, ?, ?)", (row, put.key.encode(), seq, sealed))

    def _load_table(self, db: sqlite3.Connection, table: str, damaged: list[str]) -> Iterator[tuple[str, Kept]]:
        for row, name, seq, sealed in salvage(db, table):
            try:
                key, value = json.loads(self._sealer.open(table, row, seq, sealed))
            except Damaged:
                damaged.append(f"{_label(table, row, name)} is damaged and left out; set it again")
            else:
                yield key, Kept(seq, value)

    def _mark(self, table: str, row: int, seq: object) -> int:
        place = table.encode() + _MARK.pack(row, seq if isinstance(seq, int) else -1)
        return int.from_bytes(hmac.digest(self._mark_key, place, "sha256")[:ROLL_BYTES], "big")


def row_id(table: str, key: str) -> int:
    """The id of a key: 64 bits of its hash."""
    digest = hashlib.sha256(f"{table}\0{key}".encode()).digest()
    return int(_ID.unpack(digest[:8])[0])


def values(kept: Mapping[str, Kept]) -> dict[str, Mapping[str, Any]]:
    """The rows without their sequence numbers."""
    return {key: row.value for key, row in kept.items()}


def _label(table: str, row: int, name: object) -> str:
    key = name.decode(errors="replace") if isinstance(name, bytes) else ""
    return f"{table} {key}" if row_id(table, key) == row else f"a row of table {table}"

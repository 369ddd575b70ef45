"""The audit trail: contiguous numbers from 1, each event holding the hash of the one before.

An event's plaintext is: hash of the event before (32 bytes), roll of the rows (16), and the entry
as JSON. The hash of an event covers its number and plaintext, so that it outlives its key. When
the oldest are pruned, the sealed base says where the trail now begins and with which hash.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from typing import Any

from lockd.core.effects import Entry
from lockd.store.database import next_start, salvage
from lockd.store.faults import is_damage
from lockd.store.rows import ROLL_BYTES
from lockd.store.seal import Damaged, Sealer
from lockd.value import Value

_in_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_HASH_BYTES = 32
_BODY = _HASH_BYTES + ROLL_BYTES
#: Before the first event, and after one that cannot be read.
NO_HASH = bytes(_HASH_BYTES)
#: Pruned beyond need, so that not every commit prunes; and the most in one commit.
_SLACK, _PRUNE_MOST = 64, 512
#: Events looked at to find the newest whole one.
_TAIL = 64


class Head(Value):
    """The trail's newest event. `hash`: its own; `roll`: of the rows it left; None: it is damaged."""

    seq: int = 0
    hash: bytes = NO_HASH
    roll: int | None = 0


class Event(Value):
    """One event opened. `before`: the hash of the one before it."""

    seq: int
    before: bytes
    hash: bytes
    roll: int
    body: bytes

    def fields(self) -> dict[str, Any]:
        """As `Vault.read` gives it."""
        kind, time, fields = json.loads(self.body)
        return {"seq": self.seq, "time": time, "kind": kind, **fields}


class Trail:
    """Reads and extends the trail through a connection."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def head(self, db: sqlite3.Connection) -> Head:
        """Where the trail ends. Damaged events hold their number if they follow on a whole one;
        others are strays (a flipped bit in a number), which must not drag the count along."""
        damaged: list[int] = []
        for seq, sealed in db.execute("SELECT id, sealed FROM event ORDER BY id DESC LIMIT ?", (_TAIL,)):
            try:
                event = self.open(seq, sealed)
            except Damaged:
                damaged.insert(0, seq)
                continue
            last = event.seq
            for number in damaged:
                last += number == last + 1
            return Head(last, NO_HASH, None) if last > event.seq else Head(event.seq, event.hash, event.roll)
        return Head(damaged[-1], NO_HASH, None) if damaged else Head()

    def append(self, db: sqlite3.Connection, head: Head, entry: Entry, roll: int) -> Head:
        """Add one event after `head`; returns the new one."""
        seq = head.seq + 1
        body = _in_json([entry.kind, entry.time, dict(entry.fields)])
        plain = head.hash + roll.to_bytes(ROLL_BYTES, "big") + body.encode()
        db.execute("REPLACE INTO event VALUES (?, ?)", (seq, self._sealer.seal("event", seq, seq, plain)))
        return Head(seq, _hash(seq, plain), roll)

    def open(self, seq: int, sealed: object) -> Event:
        """The event sealed under this number, or Damaged."""
        plain = self._sealer.open("event", seq, seq, sealed)
        roll = int.from_bytes(plain[_HASH_BYTES:_BODY], "big")
        return Event(seq, plain[:_HASH_BYTES], _hash(seq, plain), roll, plain[_BODY:])

    def fetch(self, db: sqlite3.Connection, first: int, last: int, limit: int) -> list[tuple[int, object]]:
        """Up to `limit` sealed events from `first` to `last`, ascending, around malformed pages."""
        query = "SELECT id, sealed FROM event WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?"
        try:
            return db.execute(query, (first, last, limit)).fetchall()
        except sqlite3.DatabaseError as fault:
            if not is_damage(fault):
                raise
        return sorted(dict(salvage(db, "event", first, last)).items())[:limit]

    def find(self, db: sqlite3.Connection, seq: int) -> Event | None:
        """The event of this number; None when it is not there or not whole."""
        row = db.execute("SELECT id, sealed FROM event WHERE id = ?", (seq,)).fetchone()
        return self.try_open(*row) if row else None

    def try_open(self, seq: int, sealed: object) -> Event | None:
        """As `open`, None for a damaged one."""
        try:
            return self.open(seq, sealed)
        except Damaged:
            return None

    def base(self, db: sqlite3.Connection) -> Head:
        """The pruned event just before the first one kept; Damaged if the base is."""
        row = db.execute("SELECT sealed FROM base WHERE id = 0").fetchone()
        if row is None:
            return Head()
        plain = self._sealer.open("base", 0, 0, row[0])
        return Head(int.from_bytes(plain[_HASH_BYTES:], "big"), plain[:_HASH_BYTES])

    def prune(self, db: sqlite3.Connection, last: int, most: int) -> None:
        """Delete the oldest events beyond `most`, a bounded number at a time."""
        try:
            first = self.base(db).seq + 1
        except Damaged:
            first = db.execute("SELECT min(id) FROM event WHERE id > 0").fetchone()[0]
        if last - first < most:
            return
        spare = last - most + min(_SLACK, most // 8)
        end = min(spare, first + _PRUNE_MOST)
        kept = self.find(db, end + 1)
        gone = self.find(db, end)
        before = kept.before if kept else gone.hash if gone else NO_HASH
        self._set_base(db, end, before)
        db.execute("DELETE FROM event WHERE id <= ?", (end,))

    def reseal(self, db: sqlite3.Connection, after: int, limit: int) -> int | None:
        """As `Rows.reseal`, for events; the base goes with the first batch."""
        if after < 0:
            self._reseal_base(db)
        rows = db.execute("SELECT id, sealed FROM event WHERE id > ? ORDER BY id LIMIT ?", (after, limit)).fetchall()
        for seq, sealed in rows:
            if self._sealer.is_current(sealed):
                continue
            try:
                fresh = self._sealer.seal("event", seq, seq, self._sealer.open("event", seq, seq, sealed))
            except Damaged:
                continue
            db.execute("UPDATE event SET sealed = ? WHERE id = ?", (fresh, seq))
        return next_start(rows, after, limit)

    def _reseal_base(self, db: sqlite3.Connection) -> None:
        try:
            base = self.base(db)
        except Damaged:
            return
        if base.seq:
            self._set_base(db, base.seq, base.hash)

    def _set_base(self, db: sqlite3.Connection, seq: int, before: bytes) -> None:
        sealed = self._sealer.seal("base", 0, 0, before + seq.to_bytes(8, "big"))
        db.execute("REPLACE INTO base VALUES (0, ?)", (sealed,))


def _hash(seq: int, plain: bytes) -> bytes:
    return hashlib.sha256(seq.to_bytes(8, "big") + plain).digest()

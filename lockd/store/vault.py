"""The store as the daemon sees it: load once, then commit; read and verify from any thread."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from lockd.core.effects import Entry, Write
from lockd.core.snapshot import Kept, Snapshot
from lockd.store import database, files, shelf
from lockd.store.anchor import Anchor, Mark
from lockd.store.audit import NO_HASH, Head, Trail
from lockd.store.faults import KeyUnavailable, ReadOnly, StoreError, Unreadable
from lockd.store.keys import KeyRing
from lockd.store.rows import PEOPLE, Rows, values
from lockd.store.seal import Sealer
from lockd.store.turn import Turn

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KeyUnavailable", "StoreError", "Vault"]

log = logging.getLogger("lockd.store")

T = TypeVar("T")
#: The row of the table `state` with the salt and key of a restored backup's digests: written with its rows, so that a
#: power cut leaves both or neither, and carried over to lockd.keys at the next start.
DIGESTS = "digest-keys"
#: Rows resealed in one transaction while keys rotate: some 10 ms that a commit may wait.
_ROTATE_BATCH = 200
#: Commits that may be in the -wal alone, if they change nothing that people have set up.
_FOLD_EVERY = 16
#: A storage that has not answered for so long is as good as dead.
_STALLED_SECONDS = 30.0


class Vault:
    """The open store. One thread commits; every method may be called from any thread.

    `set_aside`: where a damaged database is kept, None if none was. `fault`: why the store cannot
    be written since it was opened, in words; each commit tries again."""

    def __init__(self, folder: Path, ring: KeyRing, max_events: int) -> None:
        """Takes the folder, and opens nothing yet: use `Vault.open`."""
        with files.worded():
            self._claim = files.claim(folder)
        self._folder, self._ring, self._max_events = folder, ring, max_events
        self._path = folder / shelf.DATABASE
        sealer = Sealer(ring)
        self._rows, self._trail = Rows(sealer, ring), Trail(sealer)
        self._anchor = Anchor(folder / shelf.ANCHOR, ring.anchor_key)
        self._db: sqlite3.Connection | None = None
        self._inode: tuple[int, int] | None = None
        self._mark = self._anchor.read()
        self._head = self._lost = Head()
        self._roll = self._unfolded = 0
        self._turn = Turn()
        self._reading = threading.Lock()
        self._told: list[str] = []
        self._folds = self._whole = True
        self.set_aside: Path | None = None
        self.fault = ""

    @classmethod
    def open(cls, folder: Path, ring: KeyRing, max_events: int) -> Vault:
        """Open the store, begin one where there is none. StoreError when another lockd has it, or
        when there is nothing that could be read. A database that SQLite cannot work with is set
        aside; one that cannot be written (disk full, read-only) still loads, and `fault` says why."""
        vault = cls(folder, ring, max_events)
        try:
            shelf.finish(folder)
            vault._begin()
        except BaseException:
            vault.close()
            raise
        return vault

    def load(self, boot: str) -> Snapshot:
        """What the store holds. `damaged` has a line for each thing that is not as it was left."""
        with self._turn:
            if self._db is not None:
                return self._snapshot(self._db, boot)
            with shelf.borrowed(self._folder) as db:
                try:
                    self._measure(db)
                except Unreadable:  # no rebuilding on such a disk; what can be read loads
                    self._whole = False
                return self._snapshot(db, boot)

    def commit(self, entry: Entry, writes: tuple[Write, ...]) -> int:
        """Make the entry and its writes durable, together; returns the entry's number. On a
        StoreError nothing of it is in the store, and the next commit starts afresh. (Where it was
        the sync that failed, a power cut before the next commit may bring it back, wholly.)"""
        with self._turn:
            self._head, self._roll = head, _ = self._change(lambda db: self._commit(db, entry, writes))
            self._anchor.advance(Mark(head.seq, head.hash))
            self._unfolded += _FOLD_EVERY if any(map(_lasts, writes)) else 1
            return head.seq

    def fold(self) -> None:
        """To be called after commits, when nobody waits: the anchor is written, and what people have
        set up goes from the -wal, where a flipped bit takes all that comes after it, into lockd.db,
        where it takes a page; the rest now and then. A failure is logged, not raised: the commits
        stand, and the next call tries again."""
        with self._turn:
            self._anchor.write()
            if self._db is None or self._unfolded < _FOLD_EVERY:
                return
            try:
                if database.fold(self._db):
                    self._unfolded = 0
                self._folds = True
            except StoreError as fault:
                if self._folds:
                    log.error("what is in lockd.db-wal cannot be moved to lockd.db: %s", fault)
                self._folds = False

    def read(self, first: int, limit: int) -> list[dict[str, Any]]:
        """Up to `limit` events from number `first` on: `seq`, `time`, `kind` and the entry's
        fields. Damaged ones are left out."""
        # The end is looked up only when the connection is there: what was pruned meanwhile is no gap.
        found = self._ask(lambda db: self._trail.fetch(db, max(first, 1), self._head.seq, limit))
        events = (self._trail.try_open(seq, sealed) for seq, sealed in found)
        return [event.fields() for event in events if event]

    def verify(self) -> dict[str, Any]:
        """Walk the whole trail: `ok`, `first`, `last`, `bad` (first bad number, 0: none), `reason`."""
        from lockd.store.proof import Proof  # nobody asks before READY

        return Proof(self._trail, self._head, self._ask).report()

    def rows(self) -> tuple[dict[str, dict[str, Kept]], Mark, int]:
        """Every whole row by table and key, the newest event, and how many rows are damaged; all as of one moment."""
        return self._ask(self._rows_now)

    @property
    def digests(self) -> tuple[bytes, bytes]:
        """The salt and the key that PINs and cards are digested with."""
        return self._ring.salt, self._ring.digest_key

    def holds(self, mark: Mark) -> bool:
        """Whether the trail has this event."""
        event = self._ask(lambda db: self._trail.find(db, mark.seq))
        return event is not None and event.hash == mark.hash

    def check(self) -> None:
        """Whether the store answers and is the one we opened; StoreError says why not."""
        stalled = self._turn.held_for()
        if stalled > _STALLED_SECONDS:
            raise StoreError(f"the storage has not answered for {stalled:.0f} s")
        self._expect_same_file()
        if self._db is not None:
            self._ask(lambda db: db.execute("SELECT id FROM event ORDER BY id DESC LIMIT 1").fetchone())

    def rotate_key(self) -> None:
        """Seal everything again with a new data key and forget the old one, a batch at a time;
        commits go on between. One that was interrupted is finished instead of a new one begun."""
        with self._turn:
            if not self._ring.rotating:
                self._ring.next_generation()
        for table in (*PEOPLE, "event"):
            self._rotate(table)
        with self._turn:
            self._ring.retire()

    def close(self) -> None:
        """Fold everything into the database file, sync the anchor, let go of the folder."""
        with self._turn, self._reading:
            self._disconnect()
            self._anchor.close()
            if self._claim >= 0:
                os.close(self._claim)
                self._claim = -1

    def _begin(self) -> None:
        try:
            self._connect()
        except Unreadable:
            self._start_afresh()
        except StoreError as fault:
            with files.worded():
                if not self._path.exists() or not self._path.stat().st_size:
                    raise
            self.fault = str(fault)
            log.error("the store cannot be written: %s", fault)

    def _start_afresh(self) -> None:
        self.set_aside = shelf.set_aside(self._folder, self._ring)
        self._told.append(f"lockd.db could not be read: it is kept in {self.set_aside}, and a new one was begun")
        self._mark, self._lost, self._whole = None, Head(), False
        self._connect()

    def _connect(self) -> sqlite3.Connection:
        """Open the database; one with malformed pages is rebuilt first."""
        try:
            db = self._open_measured()
        except Unreadable:
            self._rebuild()
            db = self._open_measured()
        if self._head.seq < self._lost.seq:
            self._head = self._lost
        self._inode = shelf.identity(self._path)
        self._db, self.fault = db, ""
        if self._mark is None and not self._head.seq:
            self._mark = Mark(0, self._head.hash)
            self._anchor.advance(self._mark)
            self._anchor.write()  # durable before the first event is, lest it be missed
        return db

    def _open_measured(self) -> sqlite3.Connection:
        cut = self._is_cut_short()
        if cut:
            self.set_aside = shelf.keep_copy(self._folder, self._ring)
            self._told.append(f"lockd.db and its -wal end too early: they are kept in {self.set_aside}")
        db = database.connect(self._path)
        try:
            self._measure(db)
            if cut:
                database.fold(db)  # the next start has nothing to keep
        except BaseException:
            db.close()
            raise
        return db

    def _is_cut_short(self) -> bool:
        """Whether there is a -wal that SQLite will not take, or not all of, and write over: after a
        flipped bit it ends there, and nobody is told."""
        wal = self._path.with_name(shelf.WAL)
        last = max(self._head.seq, self._mark.seq if self._mark else 0)
        with files.worded():
            if not (last and wal.exists() and wal.stat().st_size and os.access(self._path, os.W_OK)):
                return False
        try:
            with database.worded(), closing(database.connect_reader(self._path, "ro")) as db:
                return self._trail.head(db).seq < last
        except Unreadable:
            return True

    def _rebuild(self) -> None:
        """Replace the damaged database. If the trail's end is lost, its numbers and its chain go on
        from where it is known to have come to."""
        mark = self._mark or Mark(0, NO_HASH)
        self._lost = max(self._head, Head(mark.seq, mark.hash), key=lambda head: head.seq).but(roll=None)
        self._disconnect()
        self.set_aside = shelf.rebuild(self._folder, self._ring, self._is_ours)
        self._told.append(f"lockd.db was damaged: it is kept in {self.set_aside}, what could be read goes on")
        self._inode = None

    def _is_ours(self, db: sqlite3.Connection) -> bool:
        """Whether anything in it was sealed by us."""
        head = self._trail.head(db)
        return (head.seq > 0 and head.roll is not None) or any(self._rows.load(db, []).values())

    def _disconnect(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _measure(self, db: sqlite3.Connection) -> None:
        """Note where the trail ends and what the rows add up to; Unreadable on malformed pages."""
        with database.worded():
            self._head = self._trail.head(db)
            self._roll = self._rows.roll(db)

    def _snapshot(self, db: sqlite3.Connection, boot: str) -> Snapshot:
        damaged = [f"the store cannot be written: {self.fault}"] if self.fault else []
        damaged += self._told
        told = len(damaged)
        with database.worded():
            found = self._rows.load(db, damaged)
            self._take_digests(found["state"].pop(DIGESTS, None))
            rolled_back = self._is_rolled_back(db, damaged)
        if self._head.roll is None:
            damaged.append(f"event {self._head.seq}, the newest one, is damaged")
        elif self._head.roll != self._roll:
            damaged.append("users, credentials, schedules or state are not those of the last event: some are gone, or"
                           " older ones were put back")
        return Snapshot(
            values(found["user"]), values(found["credential"]), found["state"],
            boot, self._head.seq, tuple(damaged), rolled_back,
            incomplete=rolled_back or not self._whole or len(damaged) > told,
            schedules=values(found["schedule"]),
        )

    def _rows_now(self, db: sqlite3.Connection) -> tuple[dict[str, dict[str, Kept]], Mark, int]:
        db.execute("BEGIN")  # what follows is read from one state, whatever is committed meanwhile
        damaged: list[str] = []
        found = self._rows.load(db, damaged)
        found["state"].pop(DIGESTS, None)
        head = self._trail.head(db)
        return found, Mark(head.seq, head.hash), len(damaged)

    def _take_digests(self, kept: Kept | None) -> None:
        if kept is not None:
            self._ring.adopt(bytes.fromhex(kept.value["salt"]), bytes.fromhex(kept.value["key"]))

    def _is_rolled_back(self, db: sqlite3.Connection, damaged: list[str]) -> bool:
        mark = self._mark
        if mark is None:
            if self._head.seq:
                damaged.append("the anchor is missing or damaged: an older lockd.db put back would go unnoticed")
            return False
        event = self._trail.find(db, mark.seq)
        return mark.seq > self._trail.head(db).seq or (event is not None and event.hash != mark.hash)

    def _commit(self, db: sqlite3.Connection, entry: Entry, writes: tuple[Write, ...]) -> tuple[Head, int]:
        roll = self._roll ^ self._rows.apply(db, writes, self._head.seq + 1)
        head = self._trail.append(db, self._head, entry, roll)
        self._trail.prune(db, head.seq, self._max_events)
        return head, roll

    def _rotate(self, table: str) -> None:
        after: int | None = -(1 << 63)
        while after is not None:
            with self._turn:
                after = self._change(partial(self._reseal, table, after))
                self._unfolded = _FOLD_EVERY
            self.fold()

    def _reseal(self, table: str, after: int, db: sqlite3.Connection) -> int | None:
        if table == "event":
            return self._trail.reseal(db, after, _ROTATE_BATCH)
        return self._rows.reseal(db, table, after, _ROTATE_BATCH)

    def _change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work in one transaction; over damage that it meets, rebuild and do it again."""
        self._expect_same_file()
        try:
            return self._transact(work)
        except Unreadable:
            with self._reading:
                self._rebuild()
            return self._transact(work)

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        db = self._db or self._connect()
        try:
            with database.worded(), database.transaction(db):
                return work(db)
        except StoreError as fault:
            if db.in_transaction or isinstance(fault, ReadOnly):
                self._disconnect()
            raise

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Answer from a connection of its own, beside the writer."""
        with self._reading, database.worded():
            if self._claim < 0:
                raise StoreError("the store is closed")
            db = database.connect_reader(self._path)
            try:
                return question(db)
            finally:
                db.close()

    def _expect_same_file(self) -> None:
        """What is committed to a file that has left its place would be gone at the next start."""
        if self._claim < 0:
            raise StoreError("the store is closed")
        if self._inode and shelf.identity(self._path) != self._inode:
            raise StoreError("lockd.db was replaced or removed while in use; restart lockd")


def _lasts(write: Write) -> bool:
    """Whether it is of what people have set up: a user, a credential, a schedule, a property."""
    return write.table != "state" or write.key.startswith("property:")

"""Walking the whole audit trail: every number there, every seal whole, every hash following."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from lockd.store.audit import NO_HASH, Head, Trail
from lockd.store.seal import Damaged

T = TypeVar("T")
#: Events read at a time; commits go on between.
_BATCH = 100


class Proof:
    """One walk up to `head`. `ask` runs a function on a connection that is only good for it."""

    def __init__(self, trail: Trail, head: Head, ask: Callable[[Callable[[sqlite3.Connection], Any]], Any]) -> None:
        self._trail = trail
        self._head = head
        self._ask = ask
        self._bad: list[tuple[int, str]] = []
        self._first = self._next = 1
        self._before: bytes | None = NO_HASH

    def report(self) -> dict[str, Any]:
        """`ok`, `first`, `last`, `bad` (the first bad number; 0: none) and `reason`."""
        self._start()
        while self._next <= self._head.seq:
            rows = self._ask(lambda db: self._trail.fetch(db, self._next, self._head.seq, _BATCH))
            if (not rows or rows[0][0] > self._next) and self._pruned():
                continue
            ahead = [row for row in rows if row[0] >= self._next]  # a damaged page may say otherwise
            for seq, sealed in ahead:
                self._see(seq, sealed)
            if not ahead:
                self._note(self._next, "is missing, and all after it")
                break
        at_head = self._next == self._head.seq + 1  # not pruned beyond it meanwhile
        if at_head and self._before and self._head.hash not in (NO_HASH, self._before):
            self._note(self._head.seq, "is not the one that was written last")
        bad, reason = self._bad[0] if self._bad else (0, "")
        if len(self._bad) > 1:
            reason += f" (and {len(self._bad) - 1} more)"
        return {"ok": not bad, "first": self._first, "last": self._head.seq, "bad": bad, "reason": reason}

    def _start(self) -> None:
        try:
            base = self._ask(self._trail.base)
        except Damaged:
            rows = self._ask(lambda db: self._trail.fetch(db, 1, self._head.seq, 1))
            base = Head(rows[0][0] - 1 if rows else 0)
            self._note(base.seq + 1, "is where the trail begins now, but the record of it is damaged")
        self._begin_after(base)
        self._first = base.seq + 1

    def _begin_after(self, base: Head) -> None:
        self._next = base.seq + 1
        self._before = None if base.seq and base.hash == NO_HASH else base.hash

    def _pruned(self) -> bool:
        """Whether the events missing at the front went the right way since we looked."""
        try:
            base = self._ask(self._trail.base)
        except Damaged:
            return False
        if base.seq < self._next:
            return False
        self._begin_after(base)
        return True

    def _see(self, seq: int, sealed: object) -> None:
        if seq != self._next:
            self._note(self._next, "is missing")
            self._before = None
        self._next = seq + 1
        try:
            event = self._trail.open(seq, sealed)
        except Damaged:
            self._note(seq, "is damaged")
            self._before = None
            return
        if self._before is not None and self._before != event.before:
            self._note(seq, "does not follow on the one before")
        self._before = event.hash

    def _note(self, seq: int, what: str) -> None:
        self._bad.append((seq, f"event {seq} {what}"))

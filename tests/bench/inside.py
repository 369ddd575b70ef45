"""lockd's daemon in this process: the way of a PIN, against one bare commit; many people against few."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from lockd.codes import code_of
from lockd.core.effects import Effect, Record
from lockd.core.events import CodesSet, OperationAsked, Presented, Recorded
from lockd.core.instant import Instant
from lockd.core.lock import Lock
from lockd.core.snapshot import Kept, Snapshot
from lockd.daemon.codes import Matcher
from lockd.settings import simulation
from lockd.words import Contact
from tests.bench.row import Row, row
from tests.daemon.inside import Inside, inside

WAYS = 21
CHECKS = 301
PIN = "135790"
#: Between one key and the next, and between two throws: what the ones before have left to do is done by then.
REST_S = 0.1
FEW, MANY = 10, 10_000
#: The issuing key.
KEY = bytes(32)
#: As large as one sealed event.
RECORD = os.urandom(240)


async def measure() -> list[Row]:
    """In a folder on the disk that $TMPDIR is on."""
    with tempfile.TemporaryDirectory(prefix="lockd-bench-") as place:
        return [await _way(Path(place)), _check("PIN"), _check("code")]


async def _way(place: Path) -> Row:
    """From the key that ends the PIN to the motor's pin, less the slow hash; in turns with bare commits."""
    ways, commits = [], []
    async with inside(place / "state") as lock:
        await lock.enrol(PIN)
        hashing = _watch_hashing(lock)
        with _committing(place / "bare.db") as commit:
            for _ in range(WAYS):
                await asyncio.sleep(REST_S)
                commits.append(_ms(commit))
                for digit in PIN:
                    lock.daemon.typing.press(digit)
                await asyncio.sleep(REST_S)
                lock.moves.clear()
                begun = perf_counter()
                lock.daemon.typing.press("#")
                await lock.until("Unlocked")
                ways.append(1000 * (lock.moves[0] - begun - hashing.pop()))
                await lock.ask("Lock")
    return row("key # to motor pin, less the slow hash", ways, commits, "one bare commit, WAL FULL", "ms", 3)


def _watch_hashing(lock: Inside) -> list[float]:
    """The seconds that each hash takes."""
    digester = lock.daemon.digests._digester
    assert digester is not None
    taken: list[float] = []
    digest = digester.digest

    def timed(kind: str, secret: str) -> bytes:
        begun = perf_counter()
        result = digest(kind, secret)
        taken.append(perf_counter() - begun)
        return result

    digester.digest = timed  # type: ignore[method-assign]
    return taken


@contextmanager
def _committing(path: Path) -> Iterator[Callable[[], object]]:
    """One record a call."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE event (id INTEGER PRIMARY KEY, sealed)")
    yield lambda: db.execute("INSERT INTO event (sealed) VALUES (?)", (RECORD,))
    db.close()


def _ms(work: Callable[[], object]) -> float:
    begun = perf_counter()
    work()
    return 1000 * (perf_counter() - begun)


def _check(kind: str) -> Row:
    """Whose PIN it is, or which code granted from afar, and whether it opens. The slow hash would hide any
    difference: it is left out."""
    few, many = Crowd(FEW), Crowd(MANY)
    few_us, many_us = [], []
    for n in range(CHECKS):
        few_us.append(few.check(n % FEW + 1) if kind == "PIN" else few.check_code())
        many_us.append(many.check(n * 31 % MANY + 1) if kind == "PIN" else many.check_code())
    name = f"{kind} check with {MANY:,} people, less the slow hash"
    return row(name, many_us, few_us, f"with {FEW} people", "us", 1.3)


class Crowd:
    """A lock that so many people have a PIN for, and one somebody has made a code for. It may be operated from afar
    alone, so that at the keypad each check ends with a record and no motion."""

    def __init__(self, size: int) -> None:
        everybody = range(1, size + 1)
        users = {str(n): {"index": n, "type": "RemoteOnlyUser"} for n in everybody}
        pins = {f"PIN:{n}": {"kind": "PIN", "index": n, "user": n, "digest": _digest(n).hex()} for n in everybody}
        contacts: dict[Contact, bool] = {"locked": True, "unlocked": False, "closed": True}
        self._at = Instant(0.0, 0, "Trusted")
        state = {"property:OperatingMode": Kept(1, {"value": "Vacation"})}
        self._lock = Lock(simulation(), Snapshot(users, pins, state), contacts, self._at)
        (record,) = self._lock.handle(CodesSet("key", serial="bench"), self._at)
        assert isinstance(record, Record)
        self._lock.handle(Recorded(record.ticket, record.ticket), self._at)
        self._matcher = Matcher(Keys(), self._lock, lambda: self._at)  # type: ignore[arg-type]
        self._code = code_of(KEY, self._lock.code_windows(self._at)[0])

    def check(self, index: int) -> float:
        """Microseconds until the record is on its way."""
        begun = perf_counter()
        effects = self._lock.handle(OperationAsked("Unlock", "Keypad", Presented("PIN", _digest(index))), self._at)
        taken = perf_counter() - begun
        assert self._recorded(effects)["user"] == index
        return 1e6 * taken

    def check_code(self) -> float:
        """The same, with the search for what the code stands for."""
        begun = perf_counter()
        shown = self._matcher.presented(self._code, b"no PIN's")
        effects = self._lock.handle(OperationAsked("Unlock", "Keypad", shown), self._at)
        taken = perf_counter() - begun
        assert self._recorded(effects)["label"] == "once"
        return 1e6 * taken

    def _recorded(self, effects: tuple[Effect, ...]) -> Mapping[str, Any]:
        (record,) = (effect for effect in effects if isinstance(effect, Record))
        self._lock.handle(Recorded(record.ticket, record.ticket), self._at)
        return record.entry.fields


class Keys:
    """In place of the store's."""

    def issuing_key(self, _serial: str) -> bytes:
        return KEY


def _digest(index: int) -> bytes:
    return index.to_bytes(32, "big")

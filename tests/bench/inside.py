"""lockd's daemon in this process: the way of a PIN, against one bare commit; many people against few."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from lockd.core.effects import Record
from lockd.core.events import OperationAsked, Presented, Recorded
from lockd.core.instant import Instant
from lockd.core.lock import Lock
from lockd.core.snapshot import Snapshot
from lockd.settings import simulation
from lockd.words import Contact, CredentialType, Source
from tests.bench.row import Row, row
from tests.daemon.inside import Inside, inside

WAYS = 21
CHECKS = 301
PIN = "135790"
#: Between one key and the next, and between two throws: what the ones before have left to do is done by then.
REST_S = 0.1
FEW, MANY = 10, 10_000
#: As large as one sealed event.
RECORD = os.urandom(240)


async def measure() -> list[Row]:
    """In a folder on the disk that $TMPDIR is on."""
    with tempfile.TemporaryDirectory(prefix="lockd-bench-") as place:
        return [await _way(Path(place)), _check("PIN", "Keypad"), _check("RFID", "RFID"), _memory()]


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


def _check(kind: CredentialType, source: Source) -> Row:
    """Whose PIN or card it is and whether he may come in, by its digest. The slow hash would hide any difference:
    it is left out."""
    few, many = Crowd(FEW, kind, source), Crowd(MANY, kind, source)
    few_us, many_us = [], []
    for n in range(CHECKS):
        few_us.append(few.check(n % FEW + 1))
        many_us.append(many.check(n * 31 % MANY + 1))
    name = f"{kind} check with {MANY:,} people, less the slow hash"
    return row(name, many_us, few_us, f"with {FEW} people", "us", 1.3)


def _memory() -> Row:
    """Of everybody, with a name and a PIN each, as the lock keeps them."""
    tracemalloc.start()
    few = Crowd(FEW)
    before = tracemalloc.get_traced_memory()[0]
    many = Crowd(MANY)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert few is not many
    return row(f"memory of {MANY:,} people", [grown / 2**20], [10.0], "10 MiB", "MiB", 1)


class Crowd:
    """A lock that so many people have a PIN or a card for. They may operate it from afar alone, so that at
    the door each check ends with a record and no motion."""

    def __init__(self, size: int, kind: CredentialType = "PIN", source: Source = "Keypad") -> None:
        self._kind, self._source = kind, source
        everybody = range(1, size + 1)
        about = {"creator": "uid 1000 (anna)", "modifier": "uid 1000 (anna)"}
        users = {str(n): {"index": n, "name": f"person {n}", "type": "RemoteOnlyUser", **about} for n in everybody}
        pins = {
            f"{kind}:{n}": {"kind": kind, "index": n, "user": n, "digest": _digest(n).hex(), **about} for n in everybody
        }
        contacts: dict[Contact, bool] = {"locked": True, "unlocked": False, "closed": True}
        self._at = Instant(0.0, 0, "Trusted")
        self._lock = Lock(simulation(), Snapshot(users, pins), contacts, self._at)

    def check(self, index: int) -> float:
        """Microseconds until the record is on its way."""
        asked = OperationAsked("Unlock", self._source, Presented(self._kind, _digest(index)))
        begun = perf_counter()
        effects = self._lock.handle(asked, self._at)
        taken = perf_counter() - begun
        (record,) = (effect for effect in effects if isinstance(effect, Record))
        assert record.entry.fields["user"] == index
        self._lock.handle(Recorded(record.ticket, record.ticket), self._at)
        return 1e6 * taken


def _digest(index: int) -> bytes:
    return index.to_bytes(32, "big")

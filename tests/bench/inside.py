"""lockd's daemon in this process: the way of a PIN, against one bare commit; many people against few."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
import tracemalloc
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
from lockd.words import Contact, CredentialType, Source
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
        return [await _way(Path(place)), _check("PIN", "Keypad"), _check("RFID", "RFID"), _check_code(), _memory()]


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
    return _compared(kind, lambda n: few.check(n % FEW + 1), lambda n: many.check(n * 31 % MANY + 1))


def _check_code() -> Row:
    """The same of a code granted from afar."""
    few, many = Crowd(FEW), Crowd(MANY)
    return _compared("code", lambda _: few.check_code(), lambda _: many.check_code())


def _compared(what: str, few: Callable[[int], float], many: Callable[[int], float]) -> Row:
    few_us, many_us = [], []
    for n in range(CHECKS):
        few_us.append(few(n))
        many_us.append(many(n))
    name = f"{what} check with {MANY:,} people, less the slow hash"
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
    """A lock that so many people have a PIN or a card for, and one somebody has made a code for. It may be operated
    from afar alone, so that at the door each check ends with a record and no motion."""

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
        state = {"property:OperatingMode": Kept(1, {"value": "Vacation"})}
        self._lock = Lock(simulation(), Snapshot(users, pins, state), contacts, self._at)
        (record,) = self._lock.handle(CodesSet("key", serial="bench"), self._at)
        assert isinstance(record, Record)
        self._lock.handle(Recorded(record.ticket, record.ticket), self._at)
        self._matcher = Matcher(Keys(), self._lock, lambda: self._at)  # type: ignore[arg-type]
        self._code = code_of(KEY, self._lock.code_windows(self._at)[0])

    def check(self, index: int) -> float:
        """Microseconds until the record is on its way."""
        asked = OperationAsked("Unlock", self._source, Presented(self._kind, _digest(index)))
        begun = perf_counter()
        effects = self._lock.handle(asked, self._at)
        taken = perf_counter() - begun
        assert self._recorded(effects)["user"] == index
        return 1e6 * taken

    def check_code(self) -> float:
        """The same, with the search for what the code stands for."""
        begun = perf_counter()
        shown = self._matcher.presented("PIN", self._code, b"no PIN's")
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

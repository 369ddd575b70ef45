"""Power cuts at random moments of a recorded run: `python -m tests.power.crash LOG STATES SEED`.

For each, the disk is left as it might be found, opened by a real Vault and compared with what had
been acknowledged. Prints one JSON object: `states`, and how many of them lost a commit or were
otherwise not as promised, with a line for each of the first few.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from lockd.store.keys import load_keys
from lockd.store.vault import Vault
from tests.power import log
from tests.power.disk import Disk
from tests.power.work import MAX_EVENTS

Rows = dict[str, dict[str, Any]]


class Witness(Protocol):
    """Who was there, and knows what had been promised when the power failed."""

    def note(self, record: log.Record) -> None:
        """One thing more was done."""


W = TypeVar("W", bound=Witness)


class Promise:
    """What the store must hold: the events and rows of every acknowledged commit."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.rows: Rows = {"user": {}, "credential": {}, "state": {}}
        self.begun: tuple[dict[str, Any], list[Any]] | None = None

    def note(self, record: log.Record) -> None:
        if record.kind == "B":
            self.begin(record.rest)
        elif record.kind == "A":
            self.acknowledge(record.number)

    def begin(self, told: bytes) -> None:
        event, writes = json.loads(told)
        self.begun = event, writes

    def acknowledge(self, seq: int) -> None:
        assert self.begun
        event, writes = self.begun
        self.events.append({"seq": seq, **event})
        for table, key, value in writes:
            if value is None:
                self.rows[table].pop(key, None)
            else:
                self.rows[table][key] = (seq, value) if table == "state" else value
        self.begun = None

    def with_begun(self) -> Promise:
        """As if the commit under way had been acknowledged: it may be there or not, but wholly."""
        other = Promise()
        other.events, other.begun = list(self.events), self.begun
        other.rows = {table: dict(rows) for table, rows in self.rows.items()}
        other.acknowledge(len(self.events) + 1)
        return other


def breach(folder: Path, promise: Promise) -> str:
    """How the store breaks the promise; empty if it keeps it."""
    vault = Vault.open(folder, load_keys(folder, "auto", None), MAX_EVENTS)
    try:
        return _breach(vault, promise)
    finally:
        vault.close()


def _breach(vault: Vault, promise: Promise) -> str:
    snapshot = vault.load("")
    if snapshot.last_seq < len(promise.events):
        return f"lost: {len(promise.events) - snapshot.last_seq} acknowledged commits"
    if vault.set_aside or snapshot.damaged or snapshot.rolled_back:
        return f"corrupt: {vault.set_aside} {snapshot.damaged} rolled_back={snapshot.rolled_back}"
    if promise.begun and snapshot.last_seq == len(promise.events) + 1:
        promise = promise.with_begun()
    state = {key: (kept.seq, kept.value) for key, kept in snapshot.state.items()}
    if {"user": snapshot.users, "credential": snapshot.credentials, "state": state} != promise.rows:
        return "corrupt: rows are not those acknowledged"
    report = vault.verify()
    if not report["ok"]:
        return f"corrupt: {report['reason']}"
    if vault.read(1, 2 * MAX_EVENTS) != promise.events[report["first"] - 1:]:
        return "corrupt: events are not those acknowledged"
    return ""


def run(path: Path, states: int, seed: int, promise: W, breach: Callable[[Path, W], str]) -> dict[str, Any]:
    """Cut the power `states` times at random moments of the recorded run, more often in its first
    part, when the store is being made. `breach` says how what is found breaks what was promised."""
    chance = random.Random(seed)
    records = list(log.read(path))
    moments = sorted(int(len(records) * chance.random() ** chance.choice((1, 4))) for _ in range(states))
    disk, at = Disk(), 0
    breaches: list[str] = []
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as place:
        for moment in moments:
            for record in records[at:moment]:
                disk.apply(record)
                promise.note(record)
            at = moment
            folder = Path(place) / "state"
            folder.mkdir()
            disk.power_cut(chance, folder)
            breaches.append(breach(folder, promise))
            shutil.rmtree(folder)
    found = [text for text in breaches if text]
    lost = sum(text.startswith("lost") for text in found)
    corrupt = len(found) - lost
    return {"records": len(records), "states": states, "lost": lost, "corrupt": corrupt, "examples": found[:3]}


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Promise(), breach)))

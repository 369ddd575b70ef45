"""A store that is restored again and again, and loses its power.

`python -m tests.power.restores work FOLDER SESSION SYNCHRONOUS` puts two households in each other's place under the
recorder, whose PINs are digested with different keys; `python -m tests.power.restores cut LOG STATES SEED` cuts the
power at random moments of that: one of them is there, whole, with its keys. SYNCHRONOUS halves makes two commits of
each, as a control.
"""

from __future__ import annotations

import hmac
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from lockd.core.effects import Entry, Write
from lockd.core.instant import Instant
from lockd.daemon.backups import contents, look, put_back
from lockd.store import database
from lockd.store.archive import Contents
from lockd.store.keys import load_keys
from lockd.store.vault import Vault
from tests.power import crash, log
from tests.power.work import MAX_EVENTS

PEOPLE, RESTORES = 30, 6
HOUSEHOLDS = ("Ash", "Birch")
HALVES = "halves"
NOW = Instant(0.0, 1_800_000_000_000_000, "Trusted")


def household(name: str) -> Contents:
    """A backup of some other lock; the same each time."""
    salt, key = (name.encode() * 32)[:32], (name[::-1].encode() * 32)[:32]
    users = {str(n): {"index": n, "name": f"{name} {n}", "type": "UnrestrictedUser"} for n in range(1, PEOPLE + 1)}
    pins = {
        f"PIN:{n}": {"kind": "PIN", "index": n, "user": n, "digest": digest(salt, key, n)} for n in range(1, PEOPLE + 1)
    }
    rows = {"user": users, "credential": pins, "state": {f"way:{name}": {"proved": 1}}, "schedule": {}}
    return Contents(1, name, "1", 1, bytes(32), 0, salt, key, rows)


def digest(salt: bytes, key: bytes, number: int) -> str:
    return hmac.digest(key, salt + bytes([number]), "sha256").hex()


def work(folder: Path, session: int, synchronous: str) -> None:
    """Each restore is followed by a start, as of the lockd that begins anew; the last one by none."""
    database.SYNCHRONOUS = "FULL" if synchronous == HALVES else synchronous
    for turn in range(RESTORES):
        vault = Vault.open(folder, load_keys(folder, "auto", None), MAX_EVENTS)
        vault.load("")
        if synchronous == HALVES:
            vault.commit = halves(vault.commit)  # type: ignore[method-assign]
        name = HOUSEHOLDS[(session + turn) % 2]
        old = household(name)
        log.mark("B", 0, json.dumps(name).encode())
        put_back(vault, old, look(vault, old)[0].told, "test", NOW)
        log.mark("A")
    os._exit(0)


def halves(commit: Callable[[Entry, tuple[Write, ...]], int]) -> Callable[[Entry, tuple[Write, ...]], int]:
    def both(entry: Entry, writes: tuple[Write, ...]) -> int:
        middle = len(writes) // 2
        commit(entry, writes[:middle])
        return commit(entry, writes[middle:])

    return both


class Deed:
    """Whose the store is, as far as was said when the power failed."""

    def __init__(self) -> None:
        self.there = self.begun = ""

    def note(self, record: log.Record) -> None:
        if record.kind == "B":
            self.begun = json.loads(record.rest)
        elif record.kind == "A":
            self.there, self.begun = self.begun, ""

    def breach(self, folder: Path) -> str:
        """What is wrong with the lock that starts from this folder; empty: nothing."""
        vault = Vault.open(folder, load_keys(folder, "auto", None), MAX_EVENTS)
        try:
            return self._breach(vault)
        finally:
            vault.close()

    def _breach(self, vault: Vault) -> str:
        snapshot = vault.load("")
        if snapshot.incomplete or snapshot.damaged or not vault.verify()["ok"]:
            return f"corrupt: {snapshot.damaged}"
        found = contents(vault, 0)
        whose = next(iter(found.rows["user"].values()), {"name": ""})["name"].partition(" ")[0]
        if whose not in (self.there, self.begun):
            return f"lost: it is of {whose or 'nobody'}, and was said to be of {self.there}"
        whole = household(whose) if whose else None
        if whole and (found.salt, found.digest_key, found.rows) != (whole.salt, whole.digest_key, whole.rows):
            return f"corrupt: half of {whose}"
        return ""


if __name__ == "__main__":
    what, place, count, last = sys.argv[1:]
    if what == "work":
        work(Path(place), int(count), last)
    else:
        print(json.dumps(crash.run(Path(place), int(count), int(last), Deed(), lambda at, told: told.breach(at))))

"""Real work through a real Vault, run under the recorder: `python -m tests.power.work FOLDER SESSION [SYNCHRONOUS]`.

Enrolments, granted unlocks that consume a use, outcomes, wrong codes and lockouts, pruning, key
rotation, restarts; every other session ends without a word, as by kill -9.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import Any

from lockd.core.effects import Drop, Entry, Put, Write
from lockd.store import database
from lockd.store.digests import Digester
from lockd.store.keys import KeyRing, load_keys
from lockd.store.vault import Vault
from tests.power.log import mark

MAX_EVENTS = 150
USERS = 12


def main(folder: Path, session: int, synchronous: str) -> None:
    database.SYNCHRONOUS = synchronous
    ring = load_keys(folder, "auto", None)
    day = Day(Vault.open(folder, ring, MAX_EVENTS), session)
    if session == 0:
        day.enrol(ring)
    for _ in range(250):
        day.visit()
        if day.chance.random() < 0.02:
            day.vault.rotate_key()
    if session % 2:
        os._exit(0)
    day.vault.close()


class Day:
    """What people do to a lock."""

    def __init__(self, vault: Vault, session: int) -> None:
        self.vault = vault
        self.chance = random.Random(session)
        self._users = {key: dict(value) for key, value in vault.load("").users.items()}

    def enrol(self, ring: KeyRing) -> None:
        for n in range(1, USERS + 1):
            digest = Digester(ring).digest("PIN", f"{n:06}") if n < 3 else os.urandom(32)
            self._users[str(n)] = {"name": f"user {n}", "uses": 100}
            self._commit("LockUserChange", {"user": n}, Put("user", str(n), self._users[str(n)]),
                         Put("credential", f"PIN:{n}", {"user": n, "digest": digest.hex()}),
                         Put("schedule", f"YearDaySchedule:{n}:1", {"user": n, "start": n, "end": 2 * n}))

    def visit(self) -> None:
        """One person comes to the door."""
        act = self.chance.choices((self._unlock, self._fumble, self._leave), (8, 3, 1))[0]
        act(self.chance.randint(1, USERS))

    def _unlock(self, n: int) -> None:
        user = self._users.setdefault(str(n), {"name": f"user {n}", "uses": 100})
        user["uses"] -= 1
        grant = self._commit("LockOperation", {"type": "Unlock", "phase": "granted", "user": n},
                             Put("user", str(n), user), Put("state", "tries:Keypad", {"count": 0}))
        self._commit("LockOperation", {"type": "Unlock", "phase": "done", "user": n, "grant": grant})

    def _fumble(self, n: int) -> None:
        for count in range(1, 6):
            fields = {"error": "InvalidCredential", "detail": "x" * self.chance.randint(0, 300)}
            self._commit("LockOperationError", fields, Put("state", "tries:Keypad", {"count": count}))
        lockout = Put("state", "lockout:Keypad", {"left": 90, "n": n})
        self._commit("DoorLockAlarm", {"alarm": "WrongCodeEntryLimit"}, lockout)

    def _leave(self, n: int) -> None:
        self._users.pop(str(n), None)
        self._commit("LockUserChange", {"user": n}, Drop("user", str(n)), Drop("credential", f"PIN:{n}"),
                     Drop("schedule", f"YearDaySchedule:{n}:1"))

    def _commit(self, kind: Any, fields: dict[str, Any], *writes: Write) -> int:
        time = self.chance.getrandbits(48)
        told = [[w.table, w.key, dict(w.value) if isinstance(w, Put) else None] for w in writes]
        mark("B", 0, json.dumps([{"time": time, "kind": kind, **fields}, told]).encode())
        seq = self.vault.commit(Entry(kind, time, fields), writes)
        mark("A", seq)
        self.vault.fold()
        return seq


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])

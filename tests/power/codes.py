"""One-time codes typed at a real core over a real Vault, and what power cuts leave of their uses.

`python -m tests.power.codes FOLDER SESSION [SYNCHRONOUS]` does the work under the recorder, in sessions that end
with and without a word; `python -m tests.power.codes cut LOG STATES SEED` cuts the power, and prints one JSON object:
`states`; `lost`: in how many of them a code that had moved the motor would open again; `corrupt`: in how many one
that nobody had typed would not.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from lockd.codes import HOUR_US, Window
from lockd.core.effects import DriveBolt, Effect, Record
from lockd.core.events import CodesSet, OperationAsked, Presented, Recorded
from lockd.core.instant import Instant
from lockd.core.lock import Lock
from lockd.store import database
from lockd.store.keys import load_keys
from lockd.store.vault import Vault
from tests.core.world import AT_LOCKED, NOON, World, wired
from tests.power import log
from tests.power.disk import Disk

SETTINGS = wired({"auto_relock_s": 0})
MAX_EVENTS = 150
VISITS = 40
FIRST = NOON // HOUR_US


class Door(World):
    """A lock whose disk is a store. `hour`: of the code that is being typed."""

    def __init__(self, vault: Vault, session: int) -> None:
        self.vault, self.hour = vault, 0
        super().__init__(SETTINGS, AT_LOCKED, vault.load(""))
        self.wall += session * 400 * HOUR_US

    def visit(self, chance: random.Random) -> None:
        """Somebody types a one-time code that starts about now, which may have been used."""
        self.wall += chance.choice((0, 0, 1, 30)) * HOUR_US
        self.hour = self.wall // HOUR_US - chance.randrange(12)
        window = code(self.hour)
        log.mark("T", self.hour)
        known = window if window in self.lock.code_windows(self.at) else None
        self.submit(OperationAsked("Unlock", "Keypad", Presented("PIN", b"no PIN's", True, known)))
        self.wait(1)
        self.ask("Lock")
        self.wait(400)

    def _commit(self, record: Record) -> None:
        seq = self.vault.commit(record.entry, record.writes)
        self._settle(record, "durable")
        self.submit(Recorded(record.ticket, seq))
        self.vault.fold()

    def _watch(self, effect: Effect) -> None:
        if effect == DriveBolt("Unlocking"):
            log.mark("O", self.hour)
        super()._watch(effect)


def code(hour: int) -> Window:
    """The one-time code of this hour."""
    return Window(1, "once", 1, "once", hour, 0)


def work(folder: Path, session: int, synchronous: str) -> None:
    """One session."""
    database.SYNCHRONOUS = synchronous
    vault = Vault.open(folder, load_keys(folder, "auto", None), MAX_EVENTS)
    door, chance = Door(vault, session), random.Random(session)
    if session == 0:
        door.submit(CodesSet("key", serial="first"))
        log.mark("K")
    for _ in range(VISITS):
        door.visit(chance)
    if session % 2:
        os._exit(0)
    vault.close()


def _breach(folder: Path, typed: set[int], opened: list[int]) -> str:
    """What is wrong with the store that a power cut left; empty: nothing."""
    if len(set(opened)) < len(opened):
        return "lost: a code opened twice"
    vault = Vault.open(folder, load_keys(folder, "auto", None), MAX_EVENTS)
    try:
        snapshot = vault.load("")
    finally:
        vault.close()
    codes = Lock(SETTINGS, snapshot, AT_LOCKED, Instant(0.0, NOON)).codes
    again = [hour for hour in opened if _state(codes, hour) == "valid"]
    if again:
        return f"lost: the use of {len(again)} codes"
    begin = max(codes.floor, FIRST)
    missing = [hour for hour in range(begin, begin + 40) if hour not in typed and _state(codes, hour) != "valid"]
    return f"corrupt: {len(missing)} codes that nobody typed do not open" if missing else ""


def _state(codes: Any, hour: int) -> str:
    """What the code would come to at its own time, to which a clock may have been set back."""
    return str(codes.state(code(hour), Instant(0.0, hour * HOUR_US, "Trusted")))


def cut(path: Path, states: int, seed: int) -> dict[str, Any]:
    """Cut the power at random moments once there is a key."""
    chance = random.Random(seed)
    records = list(log.read(path))
    begin = next(n for n, record in enumerate(records) if record.kind == "K")
    disk, at, breaches = Disk(), 0, []
    typed: set[int] = set()
    opened: list[int] = []
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as place:
        for moment in sorted(chance.randrange(begin, len(records)) for _ in range(states)):
            for record in records[at:moment]:
                disk.apply(record)
                typed |= {record.number} if record.kind == "T" else set()
                opened += [record.number] if record.kind == "O" else []
            at, folder = moment, Path(place) / "state"
            folder.mkdir()
            disk.power_cut(chance, folder)
            breaches.append(_breach(folder, typed, opened))
            shutil.rmtree(folder)
    found = [text for text in breaches if text]
    lost = sum(text.startswith("lost") for text in found)
    return {"states": states, "opened": len(opened), "lost": lost, "corrupt": len(found) - lost, "examples": found[:3]}


if __name__ == "__main__":
    if sys.argv[1] == "cut":
        print(json.dumps(cut(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
    else:
        work(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])

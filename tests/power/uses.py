"""People with PINs of few uses, at a real store that loses its power.

`python -m tests.power.uses work FOLDER SESSION SYNCHRONOUS` lets them come and go under the recorder;
`python -m tests.power.uses cut LOG STATES SEED` cuts the power at random moments of that, starts a lock
from what is found, and counts: each use has opened once, or opens still.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter
from pathlib import Path

from lockd.core.effects import DriveBolt, Effect, Record
from lockd.store import database
from lockd.store.keys import load_keys
from lockd.store.vault import Vault
from tests.core.world import World
from tests.power import crash, log
from tests.power.work import MAX_EVENTS

GUESTS, USES, VISITS = 4, 3, 30


def pin(guest: int) -> str:
    return f"code of guest {guest}"


class Recorded(World):
    """A world whose disk is a vault. Marks: D, the motor starts for a guest (number); B and A around
    each commit, with the guest whose grant it is and the guest who is given uses by it, 0 for none."""

    vault: Vault
    guest = 0

    @classmethod
    def beside(cls, vault: Vault) -> Recorded:
        world = cls(snapshot=vault.load(""))
        world.vault, world._seq = vault, vault.load("").last_seq
        return world

    def _commit(self, record: Record) -> None:
        granted = any(write.key.startswith("spent:") for write in record.writes) and self.guest
        given = next((int(write.key.partition(":")[2]) for write in record.writes if write.table == "credential"), 0)
        log.mark("B", 0, json.dumps([granted, given]).encode())
        log.mark("A", self.vault.commit(record.entry, record.writes))
        self.vault.fold()
        super()._commit(record)

    def _watch(self, effect: Effect) -> None:
        if effect == DriveBolt("Unlocking"):
            log.mark("D", self.guest)
        super()._watch(effect)


def work(folder: Path, session: int, synchronous: str) -> None:
    """Guests come in a random order; who has used up his PIN is given a new one. Every other session ends
    without a word, as by kill -9."""
    database.SYNCHRONOUS = synchronous
    vault = Vault.open(folder, load_keys(folder, "auto", None), MAX_EVENTS)
    world, chance = Recorded.beside(vault), random.Random(session)
    for guest in range(1, GUESTS + 1):
        if guest not in world.lock.people.users:
            world.enrol(guest, f"usual code of {guest}")
            world.give(pin(guest), 10 + guest, guest, uses=USES)
    for _ in range(VISITS):
        guest = world.guest = chance.randint(1, GUESTS)
        if not world.lock.people.left(world.lock.people.credentials["PIN", 10 + guest]):
            world.guest = 0
            world.give(pin(guest), 10 + guest, guest, op="Modify")
            world.guest = guest
        world.type(pin(guest))
        world.wait(2)
        world.guest = 0
        world.ask("Lock", "Keypad")
        world.wait(2)
    if session % 2:
        os._exit(0)
    vault.close()


class Ledger:
    """What has happened to each guest's uses until the power failed."""

    def __init__(self) -> None:
        self.opened: Counter[int] = Counter()
        self.has: set[int] = set()
        self.begun = (0, 0)  #: the grant, and the gift, that may be on disk or not
        self.recorded = 0  #: the guest whose grant is on disk, and whose motor has not started

    def note(self, record: log.Record) -> None:
        if record.kind == "B":
            granted, given = json.loads(record.rest)
            self.begun = granted, given - 10 if given > 10 else 0
        elif record.kind == "A":
            granted, given = self.begun
            self.begun, self.recorded = (0, 0), granted
            if given:
                self.has.add(given)
                self.opened[given] = 0
        elif record.kind == "D":
            self.opened[record.number] += 1
            self.recorded = 0

    def breach(self, folder: Path) -> str:
        """What is wrong with the lock that starts from this folder; empty: nothing."""
        vault = Vault.open(folder, load_keys(folder, "auto", None), MAX_EVENTS)
        snapshot = vault.load("")
        vault.close()
        if snapshot.incomplete:
            return "corrupt: the store is incomplete"
        world = World(snapshot=snapshot)
        said = (self._breach(world, guest) for guest in sorted(self.has - {self.begun[1]}))
        return next(filter(None, said), "")

    def _breach(self, world: World, guest: int) -> str:
        """A use whose grant may or may not have come to the disk, without the motor having started, is
        the only one that may be gone for nothing: promise 1 wants it so."""
        opens = 0
        while _comes_in(world, pin(guest)):
            opens += 1
        in_doubt = guest in (self.begun[0], self.recorded)
        if opens + self.opened[guest] > USES:
            return f"lost: guest {guest} came in {self.opened[guest]} times, and may {opens} times more"
        if opens + self.opened[guest] < USES - in_doubt:
            return f"corrupt: guest {guest} came in {self.opened[guest]} times, and may only {opens} times more"
        return ""


def _comes_in(world: World, code: str) -> bool:
    drives = world.drives
    world.type(code)
    world.wait(2)
    came = world.drives > drives
    world.ask("Lock", "Keypad")
    world.wait(2)
    return came


if __name__ == "__main__":
    what, place, count, last = sys.argv[1:]
    if what == "work":
        work(Path(place), int(count), last)
    else:
        print(json.dumps(crash.run(Path(place), int(count), int(last), Ledger(), lambda at, told: told.breach(at))))

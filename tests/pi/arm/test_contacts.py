"""The contacts, as lockd finds them at its start. Edges are not shown here: QEMU's model has none."""

from __future__ import annotations

import pytest

from tests.pi.arm.pins import CLOSED, LOCKED, UNLOCKED
from tests.pi.arm.raspberry import Raspberry
from tests.pi.lock import Lock

CONTACTS = {LOCKED, UNLOCKED, CLOSED}


@pytest.mark.parametrize(
    ("low", "bolt", "door"),
    [
        ({LOCKED, CLOSED}, "Locked", "DoorClosed"),
        ({UNLOCKED, CLOSED}, "Unlocked", "DoorClosed"),
        ({UNLOCKED}, "Unlocked", "DoorOpen"),
        (set(), "NotFullyLocked", "DoorOpen"),
        ({LOCKED, UNLOCKED}, "Unknown", "DoorOpen"),
    ],
)
def test_lockd_says_what_the_contacts_say(pi: Raspberry, lock: Lock, low: set[int], bolt: str, door: str) -> None:
    pi.sh("systemctl stop lockd")
    pi.wires.wire(high=CONTACTS - low, low=low)
    lock.start()
    assert (lock.get("Lock", "LockState"), lock.get("Lock", "DoorState")) == (bolt, door)
    assert lock.get("Lock", "Motion") == "Idle"

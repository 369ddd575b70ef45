"""Promise 4 on a full disk, and on one that is read-only."""

from __future__ import annotations

import pytest

from tests.pi.lock import Lock
from tests.pi.machine import Machine

PIN = "135790"
FILL = """
dd if=/dev/zero of=/var/full bs=1M 2>/dev/null || true
dd if=/dev/zero of=/var/fuller bs=4k 2>/dev/null || true
dd if=/dev/zero of=/var/lib/lockd/fullest bs=512 2>/dev/null || true
sync; df --output=avail / | tail -1
"""
TROUBLE = {
    "full": (FILL, "rm /var/full /var/fuller /var/lib/lockd/fullest"),
    "read-only": ("echo u >/proc/sysrq-trigger; sleep 1", "mount -o remount,rw /"),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_a_pin_opens_with_a_disk_that_takes_nothing(own_pi: Machine, lock: Lock, trouble: str) -> None:
    begin, end = TROUBLE[trouble]
    own_pi.power_on()
    lock.await_started()
    lock.enrol(PIN)
    own_pi.sh(begin, 240)
    lock.press(f"{PIN}#")
    assert own_pi.door("await_bolt", 0.0, 60.0)
    assert lock.get("Manager", "Degraded"), "it says what does not work"
    own_pi.sh(end)
    lock.call("Lock", "LockDoor", "a{sv}", "0")
    assert own_pi.door("await_bolt", 1.0, 30.0)
    assert lock.verify()["ok"]

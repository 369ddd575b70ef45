"""Promise 4 on a full disk, and on one that is read-only."""

from __future__ import annotations

import pytest

from tests.pi.lock import Lock
from tests.pi.machine import Machine

PIN = "135790"
FREE = "df --output=avail -B1 / | tail -n 1"
#: Until an ordinary user, as lockd is, gets no more: what is left is root's.
FILL = f"""
number=0
while [ "$({FREE})" -gt 0 ] && [ $number -lt 50 ]; do
    number=$((number + 1))
    fallocate -l "$({FREE})" /var/full$number || fallocate -l 4096 /var/full$number || break
done
if runuser -u lockd -- sh -c 'head -c 100000 /dev/zero >/var/lib/lockd/full' 2>/dev/null; then exit 1; fi
"""
TROUBLE = {
    "full": (FILL, "rm -f /var/full* /var/lib/lockd/full"),
    "read-only": ("echo u >/proc/sysrq-trigger; until ! touch /var/new 2>/dev/null; do sleep 0.2; done",
                  "mount -o remount,rw /"),
}  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLE)
def test_a_pin_opens_with_a_disk_that_takes_nothing(pi: Machine, lock: Lock, trouble: str) -> None:
    begin, end = TROUBLE[trouble]
    lock.enrol(PIN)
    assert lock.get("Manager", "Degraded") == []
    pi.sh(begin, 240)
    began = pi.run("true").ended
    lock.press(f"{PIN}#")
    opened = pi.door("await_bolt", 0.0, 60.0)
    assert opened
    said = lock.get("Manager", "Degraded")
    print(f"\nopen {(opened - began) / 1e9:.1f} s after the first key went down; lockd says: {said}")
    assert said, "it says what does not work"
    assert "alarm=AuditDegraded" in pi.sh("journalctl -b -u lockd --no-pager -o cat"), "and has sent the alarm"
    pi.sh(end)
    lock.call("Lock", "LockDoor", "a{sv}", "0")
    assert pi.door("await_bolt", 1.0, 30.0)
    lock.press(f"{PIN}#")
    assert pi.door("await_bolt", 0.0, 30.0)
    assert lock.get("Manager", "Degraded") == []
    assert lock.verify()["ok"]
    assert lock.await_log(kind="LockOperation", type="Unlock", phase="done")

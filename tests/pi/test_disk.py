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
EMPTY = "rm -f /var/full* /var/lib/lockd/full"
#: The store on a disk of its own, with a switch as on an SD card's edge.
ATTACH = """
systemctl stop lockd
modprobe sd_mod
modprobe scsi_debug dev_size_mb=64
until [ -b /dev/sda ]; do sleep 0.2; done
mkfs.ext4 -q /dev/sda
mount -o errors=remount-ro /dev/sda /var/lib/lockd
chown lockd: /var/lib/lockd
chmod 700 /var/lib/lockd
systemctl start lockd
"""
PROTECT = "echo 1 >/sys/module/scsi_debug/parameters/wp"
#: What a person does with such a card: take the switch back, have it checked, start.
MEND = """
systemctl stop lockd
echo 0 >/sys/module/scsi_debug/parameters/wp
umount /var/lib/lockd
fsck.ext4 -p /dev/sda || [ $? = 1 ]
mount /dev/sda /var/lib/lockd
systemctl start lockd
"""
DETACH = "systemctl stop lockd; umount /var/lib/lockd; rmmod scsi_debug; systemctl start lockd"


def open_in_trouble(machine: Machine, lock: Lock, begin: str) -> None:
    """A PIN, enrolled before the trouble begins, opens in it, and lockd says what does not work."""
    lock.enrol(PIN)
    assert lock.get("Manager", "Degraded") == []
    machine.sh(begin)
    began = machine.run("true").ended
    lock.press(f"{PIN}#")
    opened = machine.door("await_bolt", 0.0, 60.0)
    assert opened
    said = lock.get("Manager", "Degraded")
    print(f"\nopen {(opened - began) / 1e9:.1f} s after the first key went down; lockd says: {said}")
    assert said, "it says what does not work"
    assert "alarm=AuditDegraded" in machine.sh("journalctl -b -u lockd --no-pager -o cat"), "and has sent the alarm"


def all_is_well(machine: Machine, lock: Lock) -> None:
    """The PIN opens, with a record, and lockd is whole."""
    lock.call("Lock", "LockDoor", "a{sv}", "0")
    assert machine.door("await_bolt", 1.0, 30.0)
    before = lock.log()[-1]["seq"]
    lock.press(f"{PIN}#")
    assert machine.door("await_bolt", 0.0, 30.0)
    assert lock.await_log(kind="LockOperation", source="Keypad", phase="done")["seq"] > before
    assert lock.get("Manager", "Degraded") == []
    assert lock.verify()["ok"]


def test_a_pin_opens_with_a_full_disk_and_all_is_well_when_there_is_room(pi: Machine, lock: Lock) -> None:
    open_in_trouble(pi, lock, FILL)
    pi.sh(EMPTY)
    all_is_well(pi, lock)


@pytest.mark.full
def test_a_pin_opens_with_a_write_protected_disk_and_all_is_well_when_it_is_mended(pi: Machine, lock: Lock) -> None:
    pi.sh(ATTACH, 120)
    lock.await_started()
    open_in_trouble(pi, lock, PROTECT)
    pi.sh(MEND, 120)
    lock.await_started()
    all_is_well(pi, lock)
    pi.sh(DETACH, 120)

"""The key that seals the store: made on this machine, handed over by systemd, and missed when it is gone."""

from __future__ import annotations

import pytest

from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.trace import Trace

PIN = "135790"
STORE = "cd /var/lib/lockd; stat -c '%n %s %y %U %a' . *; sha256sum *"
#: How the key can be missing, and how it comes back.
GONE = "mv /etc/lockd/lockd.key /root/kept.key; rm /run/credstore.encrypted/lockd.key"
BACK = "mv /root/kept.key /etc/lockd/lockd.key"
SECRET = "/var/lib/systemd/credential.secret"
FOREIGN = f"""
chattr -i {SECRET} 2>/dev/null || true
mv {SECRET} /root/kept.secret
rm /run/credstore.encrypted/lockd.key
systemd-creds setup
"""
HOME_AGAIN = f"mv -f /root/kept.secret {SECRET}"


def test_the_key_was_made_at_the_first_start_and_came_as_a_credential(pi: Machine, lock: Lock) -> None:
    assert pi.sh("stat -c '%a %U' /etc/lockd/lockd.key").strip() == "600 root"
    assert pi.sh("systemctl show --value -p Result -p ActiveState lockd-key").split() == ["success", "active"]
    handed, kept = (
        pi.sh(f"{command} | sha256sum")
        for command in (
            "cat /run/credentials/lockd.service/lockd.key",
            "systemd-creds decrypt --name=lockd.key /etc/lockd/lockd.key -",
        )
    )
    assert handed == kept
    assert pi.sh("stat -c %s /run/credentials/lockd.service/lockd.key").strip() == "32"
    files = pi.sh("ls /var/lib/lockd").split()
    assert "lockd.keys" in files
    assert "key" not in files, "it keeps no key of its own beside"
    read_it = ("cat", "/run/credentials/lockd.service/lockd.key")
    assert pi.run("runuser", "-u", "nobody", "--", *read_it, check=False).status


def without(pi: Machine, lock: Lock, trouble: str) -> str:
    """lockd started with the key missing in this way. It says so, opens to nobody, and leaves the store
    alone; what lockd-key said."""
    pi.sh(f"systemctl stop lockd; systemctl stop lockd-key; {trouble}")
    before = pi.sh(STORE)
    began = pi.sh("date '+%F %T'").strip()
    pi.sh("systemctl start lockd", 120)
    lock.await_started()
    pi.door("forget")
    degraded = " ".join(lock.get("Manager", "Degraded"))
    assert "nothing was changed" in degraded, degraded
    print(f"\nDegraded: {degraded}")
    lock.press(f"{PIN}#")
    assert Trace(pi).still
    assert pi.run("lockctl", "unlock", check=False).status == 0, "root may still"
    pi.sh("lockctl lock; systemctl stop lockd lockd-key")
    assert pi.sh(STORE) == before
    return pi.sh(f"journalctl -u lockd-key --since '{began}' -o cat --no-pager")


@pytest.mark.full
def test_without_its_key_lockd_says_so_and_touches_nothing(pi: Machine, lock: Lock) -> None:
    lock.enrol(PIN)
    without(pi, lock, GONE)
    pi.sh(f"{BACK}; systemctl start lockd", 120)
    lock.await_started()
    lock.press(f"{PIN}#")
    assert pi.door("await_bolt", 0.0, 30.0)


@pytest.mark.full
def test_a_disk_in_another_machine_is_told_of(pi: Machine, lock: Lock) -> None:
    lock.enrol(PIN)
    assert "cannot be decrypted here" in without(pi, lock, FOREIGN)
    pi.sh(f"{HOME_AGAIN}; systemctl start lockd", 120)
    lock.await_started()
    lock.press(f"{PIN}#")
    assert pi.door("await_bolt", 0.0, 30.0)

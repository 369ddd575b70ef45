"""A backup, and the way back, with the unit's own rights: lockd begins anew in the place of itself."""

from __future__ import annotations

import json

from tests.pi.lock import Lock
from tests.pi.machine import Machine

PIN, LATER = "135790", "864209"
PASSPHRASE = "a lock that comes back"
FILE = "/root/lock.backup"


def began(pi: Machine) -> str:
    """When the service's process began, and how often systemd has restarted it."""
    return pi.sh("systemctl show -p MainPID,NRestarts lockd")


def test_a_restored_lock_takes_the_pins_of_its_backup_and_no_others(pi: Machine, lock: Lock) -> None:
    lock.enrol(PIN)
    pi.sh(f"rm -f {FILE}; echo '{PASSPHRASE}' | lockctl backup {FILE} --stdin")
    assert pi.sh(f"stat -c %a {FILE}").strip() == "600"
    lock.call("Users", "ClearUser", "u", "1")
    lock.enrol(LATER)
    before = began(pi)
    found = json.loads(pi.sh(f"echo '{PASSPHRASE}' | lockctl restore {FILE} --yes restore --stdin --json", 240))
    lock.await_started()
    print(f"\n{found}")
    assert began(pi) == before, "systemd had to begin it anew"
    # He was taken away after the backup, so nobody knows whether he should come back.
    assert lock.call("Users", "GetUser", "u", "1")[0]["status"] == "OccupiedDisabled"
    lock.call("Users", "SetUser", "sua{sv}", "Modify", "1", "1", "status", "s", "OccupiedEnabled")
    lock.press(f"{LATER}#")
    lock.await_log(error="InvalidCredential")
    lock.press(f"{PIN}#")
    assert pi.door("await_bolt", 0.0, 30.0)
    assert lock.verify()["ok"]

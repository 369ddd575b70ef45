"""With nothing of it in memory, as at power-up: what lockd reads from the disk until a PIN works."""

from __future__ import annotations

import json

import pytest

from tests.pi.lock import Lock
from tests.pi.machine import Machine

LIMIT_MIB = 25
#: It tells guest/cold.py that it is READY, in place of systemd.
TELLS = """Type=simple
WatchdogSec=0
NotifyAccess=none
Environment=NOTIFY_SOCKET=/run/cold-ready"""


@pytest.mark.full
def test_a_cold_start_reads_no_more_than_25_mib(pi: Machine, lock: Lock) -> None:
    """The Pythons before it (none) and the key's service are systemd's other children: told apart."""
    lock.enrol("135790")
    pi.sh("systemctl stop lockd")
    lock.change_unit(TELLS)
    said = json.loads(pi.run("python3", "/run/rig/cold.py", timeout_s=180).out)
    pi.sh("systemctl stop lockd")
    lockd, everybody = said["lockd"] / 2**20, said["all"] / 2**20
    print(f"\nlockd read {lockd:.1f} MiB until READY; its key, systemd and all others {everybody - lockd:.1f} MiB")
    assert said["note"].startswith("READY=1")
    assert 5 < lockd <= LIMIT_MIB, "a Python alone reads more than 5"

"""From power-up to a PIN: what lockd reads from the disk, and how long the boot takes to get to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pi.lock import Lock
from tests.pi.machine import Machine, overlay
from tests.pi.package import installed
from tests.pi.test_boot import seconds

LIMIT_MIB = 25
#: It tells guest/cold.py that it is READY, in place of systemd.
TELLS = """Type=simple
WatchdogSec=0
NotifyAccess=none
Environment=NOTIFY_SOCKET=/run/cold-ready"""


@pytest.mark.full
def test_a_cold_start_reads_no_more_than_25_mib(pi: Machine, lock: Lock) -> None:
    """What its key's service and systemd read for it is told apart."""
    lock.enrol("135790")
    pi.sh("systemctl stop lockd")
    lock.change_unit(TELLS)
    said = json.loads(pi.run("python3", "/run/rig/cold.py", timeout_s=180).out)
    pi.sh("systemctl stop lockd")
    lockd, everybody = said["lockd"] / 2**20, said["all"] / 2**20
    print(f"\nlockd read {lockd:.1f} MiB until READY; its key, systemd and all others {everybody - lockd:.1f} MiB")
    assert said["note"].startswith("READY=1")
    assert 5 < lockd <= LIMIT_MIB, "a Python alone reads more than 5"


#: What Raspberry Pi OS Lite has too, and lockd could be kept waiting by.
OTHERS = ("network-manager", "modemmanager", "avahi-daemon", "openssh-server", "udisks2", "cloud-init", "console-setup",
          "systemd-timesyncd", "apparmor")  # fmt: skip
#: The boot as it would be without what the package does for it.
WITHOUT = """
cd /etc/systemd/system
mkdir -p lockd.service.d systemd-udev-trigger.service.d
ln -s /dev/null lockd.service.d/first.conf
ln -s /dev/null systemd-udev-trigger.service.d/lockd.conf
printf '[Unit]\\nAfter=local-fs.target systemd-tmpfiles-setup.service\\n' >lockd.service.d/late.conf
"""
WITH = "cd /etc/systemd/system; rm -r lockd.service.d systemd-udev-trigger.service.d"
PRESET = "sed -n 's/^disable //p' /usr/lib/systemd/system-preset/70-lockd.preset | xargs -n 1 systemctl preset || true"


@pytest.mark.full
def test_the_package_makes_the_boot_to_lockd_shorter_and_its_preset_the_whole(tmp_path: Path) -> None:
    with Machine(overlay(installed(OTHERS), tmp_path / "disk.qcow2"), tmp_path) as pi:
        boots = {change: _boot(pi, change, script) for change, script in (
            ("without", WITHOUT), ("as installed", WITH), ("with the preset", PRESET)
        )}  # fmt: skip
    for name, (begun, ready, everything) in boots.items():
        print(f"{name}: lockd begins at {begun:.1f} s, READY at {ready:.1f} s, multi-user.target at {everything:.1f} s")
    assert boots["as installed"][1] < boots["without"][1]
    assert boots["with the preset"][2] < boots["as installed"][2]


def _boot(pi: Machine, name: str, script: str) -> tuple[float, float, float]:
    """Change something, boot anew, and say how that went: lockd's start, its READY, everything, in seconds."""
    lock = Lock(pi)
    lock.await_started(600)
    pi.sh(f"{script}\nsync", 120)
    pi.shut_down()
    pi.power_on()
    lock.await_started(600)
    pi.sh("systemctl is-system-running --wait || true", 300)
    print(f"\n{name}")
    for about in ("time", "critical-chain lockd.service", "blame | head -n 15"):
        print(pi.sh(f"systemd-analyze --no-pager {about}", 120))
    begun = int(pi.sh("systemctl show --value -p ExecMainStartTimestampMonotonic lockd")) / 1e6
    return begun, seconds(pi, "lockd"), seconds(pi, "multi-user.target")

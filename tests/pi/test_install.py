"""The package on a clean Debian 13."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.pi import host
from tests.pi.lock import Lock
from tests.pi.machine import Machine, overlay
from tests.pi.package import ROOT, configure, install, package
from tests.pi.root import disk

PIN = "135790"
OPEN = "busctl --timeout=40 call org.lockd1 /org/lockd1 org.lockd1.Lock LockDoor a{sv} 0"


@pytest.mark.full
def test_lockd_works_right_after_it_was_installed_and_configured(tmp_path: Path) -> None:
    """Without a reboot."""
    host.need_programs()
    with Machine(overlay(disk(), tmp_path / "disk.qcow2"), tmp_path) as machine:
        said = install(machine, package())
        assert "lockctl config check && systemctl restart lockd" in said
        machine.sh("cp /etc/lockd/lockd.toml /root/shipped.toml")
        configure(machine)
        restarted = machine.run("systemctl", "restart", "lockd", timeout_s=120, check=False)
        assert not restarted.status, machine.sh("journalctl -b -u lockd --no-pager | tail -n 20")
        lock = Lock(machine)
        lock.await_started()
        assert lock.get("Lock", "LockState") == "Locked"
        lock.enrol(PIN)
        lock.press(f"{PIN}#")
        assert machine.door("await_bolt", 0.0, 30.0)
        polkit_knows_the_groups(machine)
        assert machine.door("await_bolt", 1.0, 30.0)
        assert lock.verify()["ok"]
        autopkgtest(machine)


def polkit_knows_the_groups(machine: Machine) -> None:
    """Members of lockd lock; who is none does not."""
    machine.sh("useradd -G lockd dweller; useradd stranger")
    refused = machine.run("runuser", "-u", "stranger", "--", *OPEN.split(), check=False)
    assert refused.status, refused.out
    assert refused.err.strip().endswith("Access denied"), refused.err
    machine.sh(f"runuser -u dweller -- {OPEN}")


def autopkgtest(machine: Machine) -> None:
    """debian/tests, as they run on Debian's own machines: on a lock that is not wired yet."""
    machine.sh("systemctl stop lockd; rm -r /var/lib/lockd/*; cp /root/shipped.toml /etc/lockd/lockd.toml")
    for name in ("service", "simulation"):
        shutil.copy(ROOT / "debian/tests" / name, machine.share)
        machine.sh(f"sh /run/share/{name}", 300)

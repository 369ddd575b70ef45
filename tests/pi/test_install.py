"""The package on a clean Debian 13."""

from __future__ import annotations

from pathlib import Path

from tests.pi import host
from tests.pi.lock import Lock
from tests.pi.machine import Machine, overlay
from tests.pi.package import install, package
from tests.pi.root import disk


def test_lockd_works_right_after_it_was_installed_and_configured(tmp_path: Path) -> None:
    host.need_programs()
    with Machine(overlay(disk(), tmp_path / "disk.qcow2"), tmp_path) as machine:
        install(machine, package())
        restarted = machine.run("systemctl", "restart", "lockd", timeout_s=120, check=False)
        assert not restarted.status, machine.sh("journalctl -b -u lockd --no-pager | tail -n 20")
        lock = Lock(machine)
        lock.await_started()
        assert lock.get("Lock", "LockState") == "Locked"
        lock.unlock()
        assert machine.door("await_bolt", 0.0, 30.0)

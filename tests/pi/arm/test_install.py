"""The package on a clean Debian 13 for arm64."""

from __future__ import annotations

from pathlib import Path

from tests.pi.arm.card import SIZE, card
from tests.pi.arm.raspberry import Raspberry
from tests.pi.lock import Lock
from tests.pi.machine import overlay
from tests.pi.package import SETTINGS, configure, install, package


def test_lockd_drives_the_motor_right_after_it_was_installed_and_configured(tmp_path: Path) -> None:
    empty, deb = card(), package()
    machine = Raspberry(empty, overlay(empty.disk, tmp_path / "disk.qcow2", SIZE), tmp_path)
    machine.provide(deb, SETTINGS)
    with machine:
        install(machine, deb)
        configure(machine)
        machine.sh("systemctl restart lockd", 120)
        lock = Lock(machine)
        lock.await_started()
        lock.unlock(wait=False)
        machine.await_level(27, True)

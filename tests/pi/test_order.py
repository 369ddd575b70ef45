"""What lockd waits for at boot, and what waits for it: read from the systemd that runs."""

from __future__ import annotations

import re

from tests.pi.machine import Machine

#: Nothing of this is needed for a PIN.
UNNEEDED = re.compile(
    r"net|dbus|bluetooth|polkit|logind|time-sync|timesync|tmpfiles-setup\.|^(local-fs|sysinit|basic|multi-user)\.target$"
)


def before(machine: Machine, unit: str) -> set[str]:
    """All units that are started first when they are started at all."""
    after: dict[str, list[str]] = {}
    for block in machine.sh("systemctl show -p Id -p After '*'").split("\n\n"):
        shown = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        after[shown["Id"]] = shown["After"].split()
    found: set[str] = set()
    new = {unit}
    while new:
        found |= new
        new = {name for one in new for name in after.get(one, [])} - found
    return found - {unit}


def test_lockd_waits_for_its_disk_its_key_and_the_chip_alone(pi: Machine) -> None:
    control = before(pi, "multi-user.target")
    assert {"lockd.service", "dbus.service", "basic.target"} <= control, control
    waits = before(pi, "lockd.service")
    assert {"systemd-remount-fs.service", "lockd-key.service", "dev-lockd-chip.device"} <= waits
    assert {name for name in waits if UNNEEDED.search(name)} == set()
    print(f"\nbefore lockd: {' '.join(sorted(waits))}")

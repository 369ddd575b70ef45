"""The package's life: an older version upgraded while it runs, removed, purged, installed again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pi.host import run
from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.package import configure, install, package
from tests.pi.trace import Trace

PIN = "135790"
#: All that has lockd's name, but for what others keep: logs, dpkg's and apt's own notes, what udev and systemd
#: remember until the next boot, the rig.
LEFT = """
find /etc /usr /var /run -xdev -iname '*lockd*' ! -iname '*blockd*' ! -path '/usr/lib/modules/*' \
    ! -path '/usr/include/*' ! -path '/run/share/*' ! -path '/run/rig/*' ! -path '/run/udev/*' \
    ! -path '/run/systemd/*' ! -path '*/log/*' ! -path '*/lib/apt/*'
"""


def older(deb: Path, folder: Path) -> Path:
    """The same with a lower version and another example of settings."""
    tree, made = folder / "older", folder / "lockd_0.0.1_all.deb"
    run(["dpkg-deb", "-R", deb, tree], 60)
    control = tree / "DEBIAN/control"
    lines = control.read_text().splitlines()
    control.write_text("\n".join("Version: 0.0.1" if line.startswith("Version:") else line for line in lines) + "\n")
    with (tree / "etc/lockd/lockd.toml").open("a") as settings:
        settings.write("# an older example\n")
    (tree / "DEBIAN/md5sums").unlink()
    run(["dpkg-deb", "--root-owner-group", "-b", tree, made], 60)
    return made


class Kept:
    """What must outlive all of it."""

    def __init__(self, machine: Machine, lock: Lock) -> None:
        self.people = lock.call("Users", "ListUsers")
        self.limit = lock.get("Lock", "WrongCodeEntryLimit")
        self.trail = lock.log()
        self.settings = machine.sh("sha256sum /etc/lockd/lockd.toml")

    def expect(self, machine: Machine, lock: Lock) -> None:
        now = Kept(machine, lock)
        assert (now.people, now.limit, now.settings) == (self.people, self.limit, self.settings)
        assert now.trail[: len(self.trail)] == self.trail
        assert lock.verify()["ok"]


def opens(machine: Machine, lock: Lock) -> None:
    """The PIN does, at the keypad."""
    lock.press(f"{PIN}#")
    assert machine.door("await_bolt", 0.0, 30.0)
    lock.call("Lock", "LockDoor", "a{sv}", "0")
    assert machine.door("await_bolt", 1.0, 30.0)


@pytest.mark.full
def test_users_log_and_settings_outlive_upgrade_removal_and_purge(own_pi: Machine, lock: Lock, tmp_path: Path) -> None:
    own_pi.power_on()
    began_with_an_older_one(own_pi, lock, older(package(), tmp_path))
    kept = Kept(own_pi, lock)
    upgraded(own_pi, lock)
    kept.expect(own_pi, lock)
    opens(own_pi, lock)
    kept = Kept(own_pi, lock)
    removed_and_purged(own_pi)
    install(own_pi, package())
    configure(own_pi)
    own_pi.sh("systemctl restart lockd", 120)
    lock.await_started()
    kept.expect(own_pi, lock)
    opens(own_pi, lock)
    purged_with_its_store(own_pi)


def began_with_an_older_one(machine: Machine, lock: Lock, deb: Path) -> None:
    """With a person, a setting changed, and an opening in the log."""
    install(machine, deb, options="--allow-downgrades")
    assert version(machine) == "0.0.1"
    lock.await_started()
    lock.enrol(PIN)
    machine.sh("busctl set-property org.lockd1 /org/lockd1 org.lockd1.Lock WrongCodeEntryLimit y 7")
    opens(machine, lock)


def upgraded(machine: Machine, lock: Lock) -> None:
    """Restarted by that, with the motor at rest."""
    before = lock.pid
    machine.door("forget")
    install(machine, package())
    lock.await_started()
    assert version(machine) != "0.0.1"
    assert lock.pid not in (0, before)
    assert Trace(machine).still
    assert machine.sh("ls /etc/lockd").split() == ["lockd.key", "lockd.toml", "lockd.toml.dpkg-dist"]


def removed_and_purged(machine: Machine) -> None:
    """The store stays, and whoever purges is told."""
    machine.sh("apt-get -qq -y remove lockd", 120)
    assert machine.run("systemctl", "is-active", "lockd", check=False).status
    assert machine.sh("ls /etc/lockd /var/lib/lockd | grep -c -e lockd.toml -e lockd.keys -e lockd.db").strip() != "0"
    said = machine.sh("apt-get -qq -y purge lockd", 120)
    assert "keeping /var/lib/lockd" in said
    machine.sh("test -e /var/lib/lockd/lockd.keys -a -e /etc/lockd/lockd.key -a ! -e /etc/lockd/lockd.toml")


def purged_with_its_store(machine: Machine) -> None:
    said = machine.sh("LOCKD_PURGE_STORE=yes apt-get -qq -y purge lockd", 120)
    assert "deleting /var/lib/lockd" in said
    assert machine.sh(LEFT) == ""


def version(machine: Machine) -> str:
    return machine.sh("dpkg-query -W -f '${Version}' lockd")

"""lockd's package, and the disk that it is installed on: by apt, in a running machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from tests.pi.host import digest, run
from tests.pi.keep import kept
from tests.pi.machine import Machine, overlay
from tests.pi.root import disk

ROOT = Path(__file__).parents[2]
SETTINGS = Path(__file__).with_name("lockd.toml")
#: What the package is made of.
PARTS = ("debian", "docs", "lockd", "systemd", "LICENSE", "Makefile", "README.md", "pyproject.toml")

INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get -qq install -y -o Dpkg::Options::=--force-confold"


def inputs() -> list[str | Path]:
    """Every file that the package is made of, with its name."""
    listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *PARTS], 60, folder=ROOT)
    files = [name for name in listed.splitlines() if (ROOT / name).is_file()]
    return [item for name in files for item in (name, ROOT / name)]


def package() -> Path:
    """The .deb, built if its inputs have changed since. LOCKD_DEB names one to test instead."""
    given = os.environ.get("LOCKD_DEB")
    if given:
        return Path(given)

    def build(folder: Path) -> None:
        run(["make", "deb"], 1800, folder=ROOT)
        newest = max((ROOT / "build").glob("lockd_*_all.deb"), key=lambda path: path.stat().st_mtime)
        shutil.copy(newest, folder)

    (found,) = kept("package", digest(inputs()), build).glob("*.deb")
    return found


def install(machine: Machine, deb: Path, options: str = "") -> str:
    """By apt, as a person would who keeps settings that he has changed. What it says."""
    shutil.copy(deb, machine.share)
    machine.sh("until systemctl is-system-running | grep -qE 'running|degraded'; do sleep 0.5; done", 120)
    return machine.sh(f"{INSTALL} {options} /run/share/{deb.name}", 300)


def configure(machine: Machine) -> None:
    """Wire it as the rig is wired."""
    shutil.copy(SETTINGS, machine.share)
    machine.sh("install -m 644 /run/share/lockd.toml /etc/lockd/lockd.toml")


def installed(more: tuple[str, ...] = ()) -> Path:
    """A disk with lockd installed from its package, beside `more` of Debian's, configured, and shut down."""
    base, deb = disk(more), package()

    def build(folder: Path) -> None:
        with tempfile.TemporaryDirectory() as scratch, Machine(
            overlay(base, folder / "disk.qcow2"), Path(scratch)
        ) as machine:
            install(machine, deb)
            configure(machine)
            machine.shut_down()

    return kept("installed", digest([Path(__file__), SETTINGS, str(base), deb]), build) / "disk.qcow2"

"""A USB keypad that the kernel's input layer makes, at the service as the package and `config access` leave it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.pi.lock import PATIENCE_S, Lock
from tests.pi.machine import SLOWER, Machine, overlay
from tests.pi.package import installed

PIN = "135790"
SETTINGS = """
[hid]
device = "1234:abcd"
kind = "keypad"
"""
PLUG = "systemd-run -q --unit rig-hid python3 /run/rig/hid.py; until [ -p /run/hid ]; do sleep 0.2; done"
UNPLUG = "systemctl kill -s INT rig-hid; while [ -p /run/hid ]; do sleep 0.2; done"


@pytest.mark.full
def test_a_usb_keypad_opens_as_config_access_says_and_may_be_unplugged(tmp_path: Path) -> None:
    with Machine(overlay(installed(("python3-evdev",)), tmp_path / "disk.qcow2"), tmp_path) as pi:
        lock = Lock(pi)
        lock.await_started(600)
        pi.sh(f"modprobe -a uinput evdev; cat >>/etc/lockd/lockd.toml <<'END'{SETTINGS}END\n{PLUG}")
        _give_access(pi)
        lock.begin_anew()
        lock.enrol(PIN)
        pi.sh(f"echo {PIN} >/run/hid")
        assert pi.door("await_bolt", 0.0, 30.0)
        assert lock.await_log(kind="LockOperation", phase="done")["source"] == "Keypad"
        pi.sh(UNPLUG)
        _await_trouble(lock, True)
        pi.sh("lockctl lock", 60)
        pi.sh(PLUG)
        _await_trouble(lock, False)
        pi.sh(f"echo {PIN} >/run/hid")
        assert pi.door("await_bolt", 0.0, 30.0)


def _give_access(pi: Machine) -> None:
    """What a person types who does as it says."""
    for path, lines in json.loads(pi.sh("lockctl config access --json"))["files"].items():
        pi.run("sh", "-ec", f"mkdir -p {Path(path).parent}; cat >{path}", stdin="\n".join(lines) + "\n")
    pi.sh("systemctl daemon-reload; udevadm control --reload; udevadm trigger; udevadm settle", 120)


def _await_trouble(lock: Lock, wanted: bool) -> None:
    """Until lockd says, or no longer says, that the keypad is missing."""
    end = time.monotonic() + PATIENCE_S * SLOWER
    while any("hid" in each for each in lock.get("Manager", "Degraded")) != wanted:
        assert time.monotonic() < end, lock.get("Manager", "Degraded")
        time.sleep(0.5)

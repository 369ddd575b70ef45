"""Bluetooth in a virtual Pi: controllers that hear each other, the lock on the first one and phones on the others,
all served by the bluetoothd that is installed.

What Debian 13 has for that, and lockd's package does without, is unpacked into the machine's memory.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tests.pi import root
from tests.pi.host import apt, digest, run
from tests.pi.keep import kept
from tests.pi.lock import Lock
from tests.pi.machine import Machine

PACKAGES = ("bluez-test-tools", "python3-segno")
#: Of these packages.
PARTS = ("usr/bin/btvirt", "usr/lib/python3")
#: Where they lie in the machine. The rest is at home where the disk has it.
FOLDER = "/run/radio"
ENVIRONMENT = f"export PYTHONPATH={FOLDER}/usr/lib/python3/dist-packages HOME=/run/radio/home\n"
PHONES = ("hci1", "hci2", "hci3", "hci4")
LOCK = "hci0"
#: What btvirt begins with: hci0, the phones', and some that nobody uses, for guest/handles.py.
CONTROLLERS = 8

#: On the lock's own disk nothing changes but its settings, for as long as the scenario lasts.
ENABLE = """
[phone]
enabled = true
adapter = "hci0"
name = "Front door"
"""
BEGIN = f"""
mkdir -p {FOLDER}/home
tar -xf /run/share/radio.tar -C {FOLDER}
modprobe hci_vhci
systemd-run -q --collect --unit=btvirt {FOLDER}/usr/bin/btvirt -l{CONTROLLERS}
until [ -e /sys/class/bluetooth/hci{CONTROLLERS - 1} ]; do sleep 0.1; done
systemctl start bluetooth
"""
END = f"""
systemctl stop bluetooth btvirt || true
rm -rf {FOLDER} /var/lib/bluetooth/*
"""


def parts() -> Path:
    """A tar archive of what is needed."""

    def build(folder: Path) -> None:
        work = folder / "apt"
        work.mkdir()
        own = apt(work, root.SUITE)
        run(["apt-get", "-q", *own, "update"], 300)
        run(["apt-get", "-q", *own, "download", *PACKAGES], 600, folder=work)
        for package in work.glob("*.deb"):
            run(["dpkg", "-x", package, work / "tree"], 300)
        run(["tar", "-cf", folder / "radio.tar", "-C", work / "tree", *PARTS], 60)
        shutil.rmtree(work)

    return kept("radio", digest([Path(__file__), root.SUITE]), build) / "radio.tar"


class Radio:
    """Around a lock in a machine."""

    def __init__(self, machine: Machine, lock: Lock) -> None:
        self._machine, self._lock = machine, lock

    def begin(self, settings: str = "") -> None:
        """Until phones can connect. `settings`: more of them."""
        shutil.copy(parts(), self._machine.share)
        self._lock.configure(ENABLE + settings)
        self._machine.sh(BEGIN, 120)
        self._machine.sh("systemctl stop lockd")
        self._lock.start()
        self.await_advertising()

    def end(self) -> None:
        """As if there had never been any."""
        self._machine.sh(END)
        self._lock.configure("")

    def await_advertising(self, on: bool = True) -> None:
        """Until the lock can be found, or not any more."""
        self._machine.sh(f"""
            until busctl get-property org.lockd1 /org/lockd1 org.lockd1.Phones Advertising | grep -q {str(on).lower()}
            do sleep 0.1; done
        """, 60)

    def sh(self, script: str, timeout_s: float = 120) -> str:
        """As Machine.sh, with what phones need at hand."""
        return self._machine.sh(ENVIRONMENT + script, timeout_s)

    def enrol(self, name: str, role: str, adapter: str) -> tuple[str, str]:
        """A new user and his phone, with keys of its own. What the lock's terminal shows, and what the phone's."""
        script = f"""
            export XDG_DATA_HOME={FOLDER}/{name}
            lockctl phone invite --name {name} --role {role} >{FOLDER}/invitation &
            until grep -q '^lkp:1' {FOLDER}/invitation; do sleep 0.2; done
            uri=$(grep '^lkp:1' {FOLDER}/invitation)
            echo "$uri" | python3 /run/rig/ctl.py ble enrol --stdin --label phone-{name} --adapter {adapter} ||
                {{ kill $!; exit 1; }}
            wait $!
        """
        said = self.sh(script)
        return self._machine.sh(f"cat {FOLDER}/invitation"), said

    def lockctl(self, name: str, adapter: str, words: str) -> str:
        """A command of this person's phone."""
        return self.sh(f"XDG_DATA_HOME={FOLDER}/{name} python3 /run/rig/ctl.py ble {words} --adapter {adapter}")

    def phone(self, deed: str, *words: str, program: str = "phone", timeout_s: float = 300) -> Any:
        """What guest/phone.py, or another program there, finds."""
        out = self.sh(f"python3 /run/rig/{program}.py {deed} {' '.join(words)}", timeout_s)
        return json.loads(out.splitlines()[-1])

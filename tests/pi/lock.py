"""lockd in a machine: spoken to as its users do, over D-Bus and with fingers on its keypad."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.pi.host import RigError
from tests.pi.machine import SLOWER, Machine
from tests.pi.package import SETTINGS

PATIENCE_S = 60.0
CHANGE_UNIT = """
file=/run/systemd/system/lockd.service.d/scenario.conf
if [ -n "$1" ]; then
    printf '[Service]\\n%s\\n' "$1" >$file
elif [ -e $file ]; then
    rm $file
else
    exit 0
fi
systemctl daemon-reload
"""


def plain(value: Any) -> Any:
    """busctl's JSON without the type of each variant."""
    if isinstance(value, dict):
        if value.keys() == {"type", "data"}:
            return plain(value["data"])
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


class Lock:
    """The daemon that is installed in `machine`."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    @property
    def pid(self) -> int:
        """0: it is not running."""
        return int(self._machine.sh("systemctl show --value -p MainPID lockd"))

    def call(self, interface: str, method: str, *args: str) -> Any:
        """What the method answers; `args` as busctl takes them, the signature first."""
        return self._bus("call", f"org.lockd1.{interface}", method, *args)

    def get(self, interface: str, name: str) -> Any:
        """A property's value."""
        return self._bus("get-property", f"org.lockd1.{interface}", name)

    def enrol(self, pin: str, index: int = 1, user: int = 0) -> None:
        """This PIN for the user; for a new one, if 0."""
        data = [str(len(pin)), *(str(ord(digit)) for digit in pin)]
        self.call("Users", "SetCredential", "ssuayua{sv}", "Add", "PIN", str(index), *data, str(user), "0")

    def unlock(self, wait: bool = True) -> None:
        """As a caller on D-Bus."""
        self.call("Lock", "UnlockDoor", "a{sv}", "1", "wait", "b", str(wait).lower())

    def log(self) -> list[dict[str, Any]]:
        """The whole audit trail."""
        return list(self.call("Log", "Read", "tu", "1", "1000")[0])

    def verify(self) -> dict[str, Any]:
        """Whether its chain holds."""
        return dict(self.call("Log", "Verify")[0])

    def press(self, keys: str) -> None:
        """One after the other, at the keypad."""
        self._machine.run("python3", "/run/rig/keypad.py", str(self.pid), keys, timeout_s=120)

    def await_log(self, **fields: Any) -> dict[str, Any]:
        """The newest record with these fields, once there is one."""
        end = time.monotonic() + PATIENCE_S * SLOWER
        while True:
            trail = self.log()
            fitting = [record for record in trail if fields.items() <= record.items()]
            if fitting:
                return fitting[-1]
            if time.monotonic() > end:
                raise RigError(f"no record with {fields} in the end; the last ones: {trail[-6:]}")

    def await_started(self, timeout_s: float = 120) -> None:
        """Until READY and on D-Bus."""
        self._machine.sh("""
            until systemctl is-active -q lockd && busctl status org.lockd1 >/dev/null 2>&1; do sleep 0.2; done
        """, timeout_s)

    def begin_anew(self) -> None:
        """With an empty store, the package's own unit, the bolt thrown out and the door closed."""
        self._machine.sh("systemctl stop lockd; rm -rf /var/lib/lockd/*; systemctl reset-failed lockd || true")
        self.change_unit("")
        self._machine.door("mend")
        self.start()

    def configure(self, more: str) -> None:
        """The rig's settings and these, from lockd's next start on."""
        (self._machine.share / "lockd.toml").write_text(SETTINGS.read_text() + more)
        self._machine.sh("install -m 644 /run/share/lockd.toml /etc/lockd/lockd.toml")

    def start(self) -> None:
        """Until READY and on D-Bus."""
        self._machine.sh("systemctl start lockd", 120)
        self.await_started()

    def change_unit(self, lines: str) -> None:
        """Add these to the service's section, from its next start on; nothing: as the package has it."""
        self._machine.run("sh", "-ec", CHANGE_UNIT, "sh", lines)

    def _bus(self, verb: str, *words: str) -> Any:
        interface, *rest = words
        command = ["busctl", "--system", "--json=short", "--timeout=40", verb, "org.lockd1", "/org/lockd1", interface]
        out = self._machine.run(*command, *rest).out
        return plain(json.loads(out)["data"]) if out.strip() else []

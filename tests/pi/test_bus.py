"""D-Bus, polkit and udev die, one by one and all at once, and come back."""

from __future__ import annotations

import pytest

from tests.pi.lock import Lock
from tests.pi.machine import Machine

PIN = "135790"
SOCKETS = {"dbus": ["dbus.socket"], "systemd-udevd": ["systemd-udevd-control.socket", "systemd-udevd-kernel.socket"]}

#: Killed, and kept from coming back for now: $1 services, $2 their sockets.
STOP = """
systemctl start $1
systemctl kill -s KILL $1
systemctl -q mask --runtime $1
systemctl stop $1 $2
if systemctl is-active $1 $2; then exit 1; fi
"""
#: Milliseconds from then until lockd does what it is told over D-Bus.
BACK = """
systemctl -q unmask --runtime $1
systemctl reset-failed $1 || true
[ -z "$2" ] || systemctl start $2
began=$(date +%s%N)
systemctl start $1
lock="busctl call org.lockd1 /org/lockd1 org.lockd1.Lock LockDoor a{sv} 1 wait b false"
until $lock >/dev/null 2>&1; do sleep 0.05; done
echo $((($(date +%s%N) - began) / 1000000))
"""


@pytest.mark.parametrize("services", [
    pytest.param(["dbus"], marks=pytest.mark.full),
    pytest.param(["polkit"], marks=pytest.mark.full),
    pytest.param(["systemd-udevd"], marks=pytest.mark.full),
    ["dbus", "polkit", "systemd-udevd"],
], ids="+".join)  # fmt: skip
def test_a_pin_opens_without_them_and_lockd_is_back_within_5_s(pi: Machine, lock: Lock, services: list[str]) -> None:
    names, sockets = " ".join(services), " ".join(socket for name in services for socket in SOCKETS.get(name, ()))
    lock.enrol(PIN)
    pid = lock.pid
    pi.run("sh", "-ec", STOP, "sh", names, sockets)
    lock.press(f"{PIN}#")
    assert pi.door("await_bolt", 0.0, 30.0)
    back_ms = int(pi.run("sh", "-ec", BACK, "sh", names, sockets).out)
    print(f"\nlocks over D-Bus again {back_ms} ms after {names}")
    assert back_ms < 5000
    assert pi.door("await_bolt", 1.0, 30.0)
    assert lock.pid == pid
    assert lock.await_log(kind="LockOperation", type="Unlock", phase="done")["source"] == "Keypad"

"""The bus dies, and comes back."""

from __future__ import annotations

from tests.pi.lock import Lock
from tests.pi.machine import Machine

PIN = "135790"
STOP = """
systemctl stop dbus.socket 2>/dev/null || true
systemctl kill -s KILL dbus.service
until ! systemctl is-active -q dbus.service; do sleep 0.1; done
"""
#: Milliseconds from the bus's return until lockd's name is on it.
BACK = """
systemctl start dbus.socket dbus.service
began=$(date +%s%N)
until busctl status org.lockd1 >/dev/null 2>&1; do sleep 0.05; done
echo $((($(date +%s%N) - began) / 1000000))
"""


def test_a_pin_opens_without_dbus_and_lockd_is_back_on_it_within_5_s(pi: Machine, lock: Lock) -> None:
    lock.enrol(PIN)
    pid = lock.pid
    pi.sh(STOP)
    lock.press(f"{PIN}#")
    assert pi.door("await_bolt", 0.0, 30.0)
    back_ms = int(pi.sh(BACK, 60))
    print(f"\nback on D-Bus {back_ms} ms after the bus")
    assert back_ms < 5000
    assert lock.pid == pid
    assert lock.await_log(kind="LockOperation", phase="done")["source"] == "Keypad"


def test_a_killed_polkitd_or_udevd_keeps_no_pin_out(pi: Machine, lock: Lock) -> None:
    lock.enrol(PIN)
    pid = lock.pid
    pi.sh("systemctl start polkit; systemctl kill -s KILL polkit systemd-udevd")
    lock.press(f"{PIN}#")
    assert pi.door("await_bolt", 0.0, 30.0)
    assert lock.pid == pid

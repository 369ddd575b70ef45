"""Phones while power is short: asleep when the battery is nearly empty, there at once when somebody brings power."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.pi.host import RigError
from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.radio import Radio
from tests.pi.test_battery import PIN, Supply

READY_S = 5.0
MOST_OF_A_MINUTE_S = 45
FAST_MS, LOW_MS = 100.0, 1000.0
TRIES = 20
WATCH = "systemd-run -q --collect --unit=btmon btmon -i hci0 -w /run/radio/btmon"


class Monitor:
    """What the lock's controller is told."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        machine.sh(WATCH)

    def await_interval(self, interval_ms: float) -> None:
        """Until the newest advertisement has it."""
        for _ in range(TRIES):
            if self.intervals()[-1:] == [interval_ms]:
                return
            self._machine.sh("sleep 0.2")
        raise RigError(f"no advertisement every {interval_ms:.0f} ms in the end: {self.intervals()}")

    def intervals(self) -> list[float]:
        """Of each advertisement that was begun, in milliseconds, the oldest first."""
        said = self._machine.sh("btmon -r /run/radio/btmon")
        return [float(each) for each in re.findall(r"Min advertising interval: ([0-9.]+) msec", said)]


@pytest.fixture
def supply(pi: Machine, lock: Lock, radio: Radio) -> Iterator[Supply]:
    hand = Supply(pi, lock)
    hand.battery("begin", 80, 3900)
    yield hand
    if pi.on:
        hand.plug(False)
        pi.sh("systemctl stop btmon || true")
        pi.run("python3", "/run/rig/gauge.py", "end", check=False)


@pytest.mark.full
def test_phones_sleep_on_a_critical_battery_and_outside_power_wakes_them(
    pi: Machine, lock: Lock, radio: Radio, supply: Supply
) -> None:
    radio.enrol("Anna", "admin", "hci1")
    lock.enrol(PIN, user=1)  # Anna's: phones stay awake for whoever has nothing else
    told = Monitor(pi)
    supply.battery("set", 15, 3600)
    supply.is_now("BatteryLevel", "Low")
    told.await_interval(LOW_MS)
    supply.battery("set", 8, 3500)
    supply.is_now("BatteryLevel", "Critical")
    radio.await_advertising(False)
    supply.plug(True)
    supply.is_now("Source", "EmergencyUsb")
    radio.await_advertising()
    told.await_interval(FAST_MS)
    assert radio.lockctl("Anna", "hci1", "unlock") == "Unlocked.\n"
    assert pi.door("await_bolt", 0.0, 30.0)
    record = lock.await_log(kind="LockOperation", phase="done", type="Unlock")
    assert record["source"] == "ProprietaryRemote"


@pytest.mark.full
def test_a_dead_lock_that_is_given_power_is_there_for_phones_within_5_s_and_loud(
    pi: Machine, lock: Lock, radio: Radio, supply: Supply
) -> None:
    radio.enrol("Anna", "admin", "hci1")
    supply.battery("set", 1, 3200)
    supply.is_now("BatteryLevel", "Dead")
    pi.sh("systemctl stop lockd")
    supply.plug(True)
    told = Monitor(pi)
    lock.start()
    radio.await_advertising()
    ready = int(pi.sh("systemctl show --value -p ActiveEnterTimestampMonotonic lockd")) / 1e6
    said = pi.sh("journalctl -b -u lockd -o short-monotonic --no-pager | grep 'phones can connect' | tail -n 1")
    late = float(said.split("]")[0].strip("[ ")) - ready
    told.await_interval(FAST_MS)
    loud = float(pi.sh("cat /proc/uptime").split()[0]) - ready
    slower = told.intervals().index(FAST_MS)
    print(f"\nphones can connect {late:.1f} s after READY, every {FAST_MS:.0f} ms within {loud:.1f} s")
    assert late < READY_S
    assert loud < READY_S
    pi.sh(f"sleep {MOST_OF_A_MINUTE_S}", 120)
    assert set(told.intervals()[slower:]) == {FAST_MS}, "nothing slower in the first minute"
    assert radio.lockctl("Anna", "hci1", "unlock") == "Unlocked.\n"
    assert pi.door("await_bolt", 0.0, 30.0)
    assert lock.verify()["ok"]

"""Phones while power is short: there at once when somebody brings power."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.pi.host import RigError
from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.radio import Radio
from tests.pi.test_battery import Supply

READY_S = 5.0
FIRST_MINUTE_S = 60
FAST_MS = 100.0
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
    pi.sh(f"sleep {FIRST_MINUTE_S}", 120)
    assert set(told.intervals()[slower:]) == {FAST_MS}, "nothing slower in the first minute"
    assert radio.lockctl("Anna", "hci1", "unlock") == "Unlocked.\n"
    assert pi.door("await_bolt", 0.0, 30.0)
    assert lock.verify()["ok"]

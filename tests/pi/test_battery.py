"""The battery that runs down and dies, and the power bank: a real kernel battery, a real line at the port."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pi.host import RigError
from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.trace import Trace

PIN = "135790"
#: power.usb_line of tests/pi/lockd.toml.
PORT = 18
#: Plugged in and out, once every quarter of a second, as two contacts of one switch.
FLAP = """
line=$(echo /sys/devices/platform/gpio-sim.0/gpiochip*/sim_gpio18/pull)
for number in $(seq 20); do
    echo pull-up >$line; sleep 0.25
    echo pull-down >$line; sleep 0.25
done
"""


class Supply:
    """The hand at the battery and the port."""

    def __init__(self, machine: Machine, lock: Lock) -> None:
        self._machine, self._lock = machine, lock

    def battery(self, deed: str, percent: int, millivolts: int) -> None:
        """Fill it so; the first key of a code is felt, and the gauge is asked."""
        self._machine.run("python3", "/run/rig/gauge.py", deed, str(percent), str(millivolts))
        self._machine.sh("sleep 3")  # what is known is too old to be believed by then
        self._lock.press("1*")

    def plug(self, on: bool) -> None:
        """A power bank at the port."""
        self._machine.door("contact", PORT, not on)  # a contact is on when it pulls its line down

    def is_now(self, name: str, value: object) -> None:
        """Wait for a property of org.lockd1.Power."""
        self._machine.sh(f"""
            until busctl get-property org.lockd1 /org/lockd1 org.lockd1.Power {name} | grep -qw '{value}'; do
                sleep 0.2
            done
        """)


@pytest.fixture
def supply(pi: Machine, lock: Lock) -> Iterator[Supply]:
    hand = Supply(pi, lock)
    lock.enrol(PIN)
    hand.battery("begin", 80, 3900)
    yield hand
    if pi.on:
        hand.plug(False)
        pi.run("python3", "/run/rig/gauge.py", "end", check=False)


def refused(lock: Lock, pin: str) -> None:
    with pytest.raises(RigError, match="kept for opening"):
        lock.enrol(pin, 2)


def test_a_battery_is_watched_warned_of_and_rescued(pi: Machine, lock: Lock, supply: Supply) -> None:
    supply.is_now("BatteryLevel", "Ok")
    assert lock.get("Power", "BatteryPercent") == 80.0
    supply.battery("set", 15, 3600)
    supply.is_now("BatteryLevel", "Low")
    lock.await_log(kind="DoorLockAlarm", alarm="BatteryLow")
    supply.battery("set", 8, 3500)
    supply.is_now("BatteryLevel", "Critical")
    lock.await_log(kind="DoorLockAlarm", alarm="BatteryCritical")
    refused(lock, "246802")
    lock.press(f"{PIN}#")
    assert pi.door("await_bolt", 0.0, 30.0), "at Critical a PIN still opens"
    pi.sh("lockctl lock", 60)

    supply.battery("set", 1, 3200)
    supply.is_now("BatteryLevel", "Dead")
    pi.door("forget")
    lock.press(f"{PIN}#")
    lock.await_log(kind="LockOperationError", error="InsufficientBattery")
    assert Trace(pi).still

    supply.plug(True)
    lock.await_log(kind="DoorLockAlarm", alarm="EmergencyPowerAttached")
    supply.is_now("SessionActive", "true")
    assert Trace(pi).still, "power alone opens nothing"
    lock.press(f"{PIN}#")
    assert pi.door("await_bolt", 0.0, 30.0)
    assert lock.await_log(kind="LockOperation", phase="done", type="Unlock")["source"] == "Keypad"
    supply.plug(False)
    assert lock.await_log(kind="System", detail="session-ended")["power"] == "EmergencyUsb"
    assert lock.verify()["ok"]


def test_pulled_out_in_mid_throw_the_motor_stops_and_waits_for_a_pin(pi: Machine, lock: Lock, supply: Supply) -> None:
    supply.battery("set", 1, 3200)
    supply.is_now("BatteryLevel", "Dead")
    supply.plug(True)
    supply.is_now("SessionActive", "true")
    pi.door("set", travel_s=3.0)
    pi.door("forget")
    lock.press(f"{PIN}#")
    assert pi.door("await_motor", True, 30.0)
    supply.plug(False)
    pulled = pi.run("true").ended
    stopped = pi.door("await_motor", False, 10.0)
    assert stopped
    print(f"\nunplugged in mid-throw: motor off {max(0, stopped - pulled) / 1e6:.0f} ms after")
    assert 0.0 < Trace(pi).bolt < 1.0
    assert lock.get("Lock", "LockState") != "Locked"
    failed = lock.await_log(kind="LockOperationError", phase="failed")
    assert failed["error"] == "InsufficientBattery"
    supply.plug(True)
    supply.is_now("SessionActive", "true")
    assert lock.await_log(kind="System", detail="power-returned")["source"] == "Keypad", "it says what it was doing"
    pi.door("set", travel_s=0.4)
    pi.door("forget")
    pi.sh("sleep 3")
    assert Trace(pi).still, "nothing goes on by itself"
    lock.press(f"{PIN}#")
    assert pi.door("await_bolt", 0.0, 30.0)
    assert lock.verify()["ok"]


@pytest.mark.full
def test_a_plug_that_comes_and_goes_twenty_times_ends_in_the_right_state(
    pi: Machine, lock: Lock, supply: Supply
) -> None:
    supply.battery("set", 1, 3200)
    supply.is_now("BatteryLevel", "Dead")
    before = lock.log()[-1]["seq"]
    pi.sh(FLAP, 60)
    supply.plug(True)
    supply.is_now("SessionActive", "true")
    told = [record for record in lock.log() if record["seq"] > before]
    print(f"\n20 plugs in 10 s: {len(told)} records, {[record.get('alarm', record.get('detail')) for record in told]}")
    assert len(told) <= 6
    assert Trace(pi).still
    pi.sh("sleep 3")  # the contact is believed again when it has been still for a while
    lock.press(f"{PIN}#")
    assert pi.door("await_bolt", 0.0, 30.0)

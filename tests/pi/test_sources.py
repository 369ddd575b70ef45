"""A dead battery, and power that comes by another way than the USB-C port: 9 V contacts, a generator's handle, a
phone that charges the lock. The battery is the kernel's; what comes is felt by a line, as where there is no driver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.test_battery import PIN, Supply
from tests.pi.trace import Trace, driven

BUZZER = 12
LINES = {"Emergency9V": 25, "Generator": 26, "Wireless": 21}
WAYS = {"Emergency9V": "9v", "Generator": "generator", "Wireless": "wireless"}
#: [power] is the last table of the rig's settings, and goes on with these.
SETTINGS = f"""
nine_volt_line = {{ pin = {LINES["Emergency9V"]}, active = "high", pull = "none" }}
generator_line = {{ pin = {LINES["Generator"]}, active = "high", pull = "none" }}
wireless_line = {{ pin = {LINES["Wireless"]}, active = "high", pull = "none" }}

[panel]
buzzer = {BUZZER}
"""
ASLEEP = "asleep while power is short: bus, buzzer, key-tones, phones"
SETTLED_S = 2


class Source:
    """The hand that brings power to a lock whose battery is dead. `since`: when it does, in seconds since power-up."""

    def __init__(self, machine: Machine, lock: Lock, name: str) -> None:
        self._machine, self._lock, self.name = machine, lock, name
        self.since = 0.0

    def wake(self) -> None:
        """A Pi without power starts when some comes; return when lockd takes PINs."""
        self._machine.sh("systemctl stop lockd")
        self.since = self._machine.run("true").ended / 1e9
        self.plug(True)
        self._machine.sh("systemctl start lockd", 120)

    def plug(self, on: bool) -> None:
        """Hold it there, or take it away."""
        self._machine.door("contact", LINES[self.name], not on)  # a contact is on when it pulls its line down

    def await_said(self, words: str) -> None:
        """Until lockd's log has them, since it started."""
        said = f"journalctl -b -q -o cat _PID={self._lock.pid}"
        self._machine.sh(f"until {said} | grep -qF '{words}'; do sleep 0.2; done")

    def await_bus(self) -> None:
        """Until the lock is back on D-Bus."""
        self._machine.sh("until busctl status org.lockd1 >/dev/null 2>&1; do sleep 0.2; done")

    @property
    def on_bus(self) -> bool:
        """Whether it can be spoken to there."""
        return self._machine.run("busctl", "status", "org.lockd1", check=False).status == 0

    @property
    def beeps(self) -> int:
        """How often the buzzer was switched on since."""
        return sum(on for at, _, on in driven(self._machine, (BUZZER,)) if at >= self.since)

    def check_log(self) -> None:
        """It tells of the source, of one opening by PIN, and of the end; and the way is proved."""
        attached = self._lock.await_log(kind="DoorLockAlarm", alarm="EmergencyPowerAttached")
        ended = self._lock.await_log(kind="System", detail="session-ended")
        assert (attached["power"], ended["power"], ended["throws"]) == (self.name, self.name, 1)
        assert [record["source"] for record in self._lock.log() if opening(record)] == ["Keypad"]
        assert WAYS[self.name] in [way["way"] for way in self._lock.call("Power", "Ways")[0] if way["proved"]]
        assert self._lock.verify()["ok"]


def opening(record: dict[str, Any]) -> bool:
    return (record.get("type"), record.get("phase")) == ("Unlock", "done")


@pytest.fixture
def source(pi: Machine, lock: Lock, request: pytest.FixtureRequest) -> Iterator[Source]:
    """That of the scenario's parameter. The battery is dead, and lockd knows it."""
    lock.configure(SETTINGS)
    pi.sh("systemctl stop lockd")
    lock.start()
    lock.enrol(PIN)
    battery, source = Supply(pi, lock), Source(pi, lock, request.param)
    battery.battery("begin", 80, 3900)
    battery.is_now("BatteryLevel", "Ok")
    battery.battery("set", 1, 3200)
    battery.is_now("BatteryLevel", "Dead")
    yield source
    if pi.on:
        source.plug(False)
        pi.run("python3", "/run/rig/gauge.py", "end", check=False)
        lock.configure("")


@pytest.mark.full
@pytest.mark.parametrize("source", ["Emergency9V"], indirect=True)
def test_a_9_v_battery_at_its_contacts_wakes_a_dead_lock_which_takes_the_pin(
    pi: Machine, lock: Lock, source: Source
) -> None:
    source.wake()
    lock.await_started()
    Supply(pi, lock).is_now("SessionActive", "true")
    assert lock.get("Power", "Source") == "Emergency9V"
    pi.door("forget")
    lock.press("000000#")
    lock.await_log(kind="LockOperationError", error="InvalidCredential")
    assert Trace(pi).still, "neither power nor a wrong PIN opens anything"
    lock.press(f"{PIN}#")
    assert pi.door("await_bolt", 0.0, 30.0)
    assert source.beeps, "which shows that a beep would be seen below"
    source.plug(False)
    source.check_log()


@pytest.mark.full
@pytest.mark.parametrize("source", ["Generator", "Wireless"], indirect=True)
def test_a_weak_source_feeds_the_pin_path_alone_and_moves_the_bolt_once(
    pi: Machine, lock: Lock, source: Source
) -> None:
    source.wake()
    source.await_said(ASLEEP)
    assert not source.on_bus
    pi.door("forget")
    pi.sh(f"sleep {SETTLED_S}")
    assert Trace(pi).still, "power alone opens nothing"
    lock.press(f"{PIN}#")
    assert pi.door("await_bolt", 0.0, 30.0)
    assert Trace(pi).ways() == ["backward"]
    pi.sh(f"sleep {SETTLED_S}")
    pi.door("forget")
    lock.press("#")
    pi.sh(f"sleep {SETTLED_S}")
    assert Trace(pi).still, "it was good for one throw"
    assert (source.beeps, source.on_bus) == (0, False)
    source.plug(False)
    source.await_bus()
    assert lock.await_log(kind="LockOperationError", error="InsufficientBattery")["type"] == "Lock"
    source.check_log()

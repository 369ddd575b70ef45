"""lockctl doctor on a machine with systemd, a GPIO chip's driver and rights of users."""

from __future__ import annotations

import json

import pytest

from tests.pi.lock import Lock
from tests.pi.machine import Machine

PIN = "135790"
FOUND_FAULTS = 2

#: Somebody else takes the line of the bolt's contact while lockd is down.
TAKE = """
import fcntl, os, subprocess
from lockd.gpio.release import GET_LINE, request
from lockd.settings import Pin
asked = request(Pin(22))
fcntl.ioctl(os.open("/dev/gpiochip0", os.O_RDWR), GET_LINE, asked)
subprocess.run(["lockctl", "doctor", "pins", "--json"])
"""


def states(text: str) -> dict[str, tuple[str, str]]:
    """State and text of each check."""
    return {f"{each['part']}: {each['check']}": (each["state"], each["text"]) for each in json.loads(text)}


@pytest.mark.full
def test_doctor_finds_what_this_machine_lacks_and_nothing_else(pi: Machine, lock: Lock) -> None:
    lock.enrol(PIN)
    lock.unlock()
    assert pi.door("await_bolt", 0.0, 30.0)
    print("\n" + pi.sh("lockctl doctor || true"))
    found = states(pi.run("lockctl", "doctor", "--json", check=False).out)
    handed_on = pi.run("systemctl", "is-active", "lockd-key", check=False).status == 0
    assert [check for check, (state, _) in found.items() if state == "fault"] == ([] if handed_on else ["store: key"])
    assert found["service: running"] == ("ok", "it runs: a PIN works")
    assert found["service: enabled"][0] == found["store: folder"][0] == "ok"
    assert found["pins: chip"][0] == "ok"
    assert found["pins: claimed"] == ("ok", "lockd holds its 13 lines")
    assert found["lock: bolt.locked"][0] == found["lock: people"][0] == "ok"
    assert found["lock: door.contact"][0] == "unchecked"


@pytest.mark.full
def test_doctor_tells_why_lockd_is_down_and_who_holds_its_line(pi: Machine, lock: Lock) -> None:
    pi.sh("systemctl kill -s KILL lockd; systemctl stop lockd")
    try:
        done = pi.run("lockctl", "doctor", "service", "lock", "--json", check=False)
        found = states(done.out)
        assert done.status == FOUND_FAULTS
        assert (found["service: running"][0], found["lock: answer"][0]) == ("fault", "fault")
        claimed = states(pi.run("python3", "-c", TAKE).out)["pins: claimed"]
        assert (claimed[0], "GPIO 22 (bolt.locked) by “lockd-release”" in claimed[1]) == ("fault", True)
    finally:
        pi.sh("systemctl start lockd")


@pytest.mark.full
def test_doctor_tells_a_stranger_what_he_may_not_see(pi: Machine, lock: Lock) -> None:
    found = states(pi.run("runuser", "-u", "nobody", "--", "lockctl", "doctor", "--json", check=False).out)
    assert found["service: groups"][0] == "warning"
    assert (found["store: key"][0], found["pins: claimed"][0]) == ("unchecked", "unchecked")
    assert found["service: running"][0] == "ok"

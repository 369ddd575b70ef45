"""From power-up to READY, with the Pi's own driver for its pins."""

from __future__ import annotations

import re

import pytest

from tests.pi.arm.pins import LINES, OUTPUT
from tests.pi.arm.raspberry import AT_REST, Raspberry
from tests.pi.lock import Lock
from tests.pi.test_boot import seconds
from tests.pi.trace import MOTOR

#: Which lines something outside pulls up, and what lockd makes of it.
WIRED = {
    "at-rest": (AT_REST, "Locked"),
    "all-up": (range(LINES), "NotFullyLocked"),
    "all-down": ((), "Unknown"),
}


@pytest.mark.parametrize("name", WIRED)
def test_the_motor_has_no_pulse_from_power_up_on(own_pi: Raspberry, lock: Lock, name: str) -> None:
    own_pi.high, state = WIRED[name]
    own_pi.power_on()
    lock.await_started()
    own_pi.sh("systemctl is-system-running --wait || true", 120)
    ready, everything = seconds(own_pi, "lockd"), seconds(own_pi, "multi-user.target")
    print(f"\nREADY at {ready:.1f} s, multi-user.target at {everything:.1f} s after the kernel's start;"
          f" {own_pi.writes()} writes to the pins' registers, each looked at")  # fmt: skip
    assert own_pi.seen().still, own_pi.seen().changes
    assert [own_pi.wires.function(line) for line in MOTOR] == [OUTPUT, OUTPUT], "lockd holds them both"
    assert not any(own_pi.wires.level(line) for line in MOTOR)
    assert ready < everything
    assert lock.get("Lock", "LockState") == state


def test_it_is_a_pi_with_its_own_driver(pi: Raspberry) -> None:
    assert pi.sh("uname -m") == "aarch64\n"
    assert pi.sh("tr -d '\\0' </proc/device-tree/model") == "Raspberry Pi 3 Model B"
    chips = pi.sh("cat /sys/kernel/debug/gpio")
    assert "parent: platform/3f200000.gpio, pinctrl-bcm2835:" in chips
    assert re.findall(r"GPIO(17|27) +\|lg +\) out lo", chips) == ["17", "27"]

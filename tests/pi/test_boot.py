"""From power-up to READY."""

from __future__ import annotations

import pytest

from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.trace import MOTOR, Trace, driven

#: Every line that is not the motor's; each may have any level while nobody drives it.
OTHERS = ",".join(str(number) for number in range(54) if number not in (17, 27))


def seconds(machine: Machine, unit: str) -> float:
    """When it became active, since the kernel began."""
    return int(machine.sh(f"systemctl show --value -p ActiveEnterTimestampMonotonic {unit}")) / 1e6


@pytest.mark.parametrize("high", ["", OTHERS], ids=["lines-low", "lines-high"])
def test_lockd_is_up_after_boot_and_the_motor_had_no_pulse(own_pi: Machine, lock: Lock, high: str) -> None:
    own_pi.power_on(f"rig.high={high}" if high else "")
    lock.await_started()
    own_pi.sh("systemctl is-system-running --wait || true", 120)
    ready, everything = seconds(own_pi, "lockd"), seconds(own_pi, "multi-user.target")
    trace = Trace(own_pi)
    print(f"\nREADY at {ready:.1f} s, multi-user.target at {everything:.1f} s after the kernel's start;"
          f" the motor's lines were never out of sight for more than {trace.blind_ms:.0f} ms")  # fmt: skip
    levels = driven(own_pi)
    assert {line for _, line, _ in levels} == set(MOTOR), "lockd has set them both"
    assert not any(on for _, _, on in levels), levels
    assert trace.still, trace.changes
    assert ready < everything
    assert (lock.get("Lock", "LockState"), lock.get("Lock", "Motion")) == ("Locked", "Idle")

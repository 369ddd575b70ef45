"""From power-up to READY and after, whatever level any line has: the motor gets no pulse."""

from __future__ import annotations

import os
import random

import pytest

from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.trace import MOTOR, Trace, driven, pulses

ALL = range(54)
OTHERS = [line for line in ALL if line not in MOTOR]
#: Down, a column of the keypad is shorted to its rows, and both of the bolt's contacts are closed.
BOOTS = {
    "all-up": ALL,
    "all-down": (),
    "others-up": OTHERS,
    "every-second-up": ALL[::2],
    "the-others-up": ALL[1::2],
    "motor-up": MOTOR,
}
#: The contacts of the bolt, as lockd.toml has them, closed when low; and what it says to each.
LOCKED, UNLOCKED = 22, 23
SAID = {(True, False): "Locked", (False, True): "Unlocked", (False, False): "NotFullyLocked", (True, True): "Unknown"}
#: How many random ones on top; `make test-pi-all` asks for more.
PATTERNS = int(os.environ.get("PI_PATTERNS", "1"))
AFTERWARDS_S = 3.0


def seconds(machine: Machine, unit: str) -> float:
    """When it became active, since the kernel began."""
    return int(machine.sh(f"systemctl show --value -p ActiveEnterTimestampMonotonic {unit}")) / 1e6


def test_lockd_is_up_before_anything_else_and_the_motor_had_no_pulse(own_pi: Machine, lock: Lock) -> None:
    own_pi.power_on()
    lock.await_started()
    own_pi.sh("systemctl is-system-running --wait || true", 120)
    begun = int(own_pi.sh("systemctl show --value -p ExecMainStartTimestampMonotonic lockd")) / 1e6
    ready, everything = seconds(own_pi, "lockd"), seconds(own_pi, "multi-user.target")
    trace = Trace(own_pi)
    print(f"\nREADY at {ready:.1f} s, {ready - begun:.1f} s of it lockd's own; multi-user.target at {everything:.1f} s"
          f" after the kernel's start; longest without a look at the lines {trace.blind_ms:.0f} ms")  # fmt: skip
    assert ready < everything
    assert pulses(own_pi) == []
    assert trace.still, trace.changes
    assert (lock.get("Lock", "LockState"), lock.get("Lock", "Motion")) == ("Locked", "Idle")
    lock.unlock()
    assert [line for _, line, on in driven(own_pi) if on] == [MOTOR[1]], "the kernel's trace shows what there is"


@pytest.mark.parametrize("up", [
    pytest.param(up, id=name, marks=() if name == "all-up" else pytest.mark.full) for name, up in BOOTS.items()
])  # fmt: skip
def test_no_level_at_power_up_moves_the_bolt(own_pi: Machine, lock: Lock, up: tuple[int, ...]) -> None:
    own_pi.power_on(f"rig.loose=1 rig.high={','.join(map(str, up))}")
    lock.await_started()
    own_pi.sh(f"sleep {AFTERWARDS_S}")
    assert pulses(own_pi) == []
    assert lock.get("Lock", "LockState") == SAID[LOCKED not in up, UNLOCKED not in up], "what the contacts say"


def test_no_level_at_lockds_start_moves_the_bolt(pi: Machine, lock: Lock) -> None:
    seed = int(os.environ.get("PI_SEED", random.randrange(1 << 32)))
    print(f"\nPI_SEED={seed}")
    choice = random.Random(seed)
    patterns = [list(ALL), [], *(choice.sample(ALL, choice.randrange(len(ALL))) for _ in range(PATTERNS))]
    for up in patterns:
        pi.sh("systemctl stop lockd")
        since = float(pi.sh("cut -d' ' -f1 /proc/uptime"))
        pi.door("hang", up)
        pi.door("forget")
        lock.start()
        pi.sh(f"sleep {AFTERWARDS_S}")
        assert pulses(pi, since) == [], f"up: {up}"
    print(f"{len(patterns)} patterns, no pulse")

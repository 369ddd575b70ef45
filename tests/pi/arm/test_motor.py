"""The motor's lines: driven by lockd through the Pi's own driver, read from the Pi's registers."""

from __future__ import annotations

import time

from tests.pi.arm.pins import OUTPUT
from tests.pi.arm.raspberry import Raspberry
from tests.pi.lock import Lock

FORWARD, BACKWARD = 17, 27

#: As short as a program can make it.
PULSE = f"""
import lgpio
chip = lgpio.gpiochip_open(0)
lgpio.gpio_claim_output(chip, {FORWARD}, 0)
lgpio.gpio_write(chip, {FORWARD}, 1)
lgpio.gpio_write(chip, {FORWARD}, 0)
"""


def test_an_unlock_over_d_bus_drives_the_motor(pi: Raspberry, lock: Lock) -> None:
    """The model reports no edge, so that to lockd no contact moves: it tries as often as it is set to,
    and then says so."""
    begun = time.time_ns()
    lock.unlock(wait=False)
    pi.await_level(BACKWARD, True)
    assert not pi.wires.level(FORWARD)
    assert lock.get("Lock", "Motion") == "Unlocking"
    failed = lock.await_log(kind="LockOperationError", phase="failed")
    assert failed["detail"] == "motor-timeout"
    seen = pi.seen(since=begun)
    assert seen.ways() == ["backward"] * 3
    assert not seen.shorted
    assert not pi.wires.level(BACKWARD)
    assert lock.get("Lock", "LockState") == "Locked"
    assert lock.verify()["ok"]


def test_kill_9_stops_the_motor_though_the_driver_keeps_its_lines(pi: Raspberry, lock: Lock) -> None:
    before = lock.pid
    lock.unlock(wait=False)
    pi.await_level(BACKWARD, True)
    killed = time.time_ns()
    pi.run("kill", "-9", str(before))
    pi.await_level(BACKWARD, False)
    print(f"\nmotor off {pi.seen(since=killed).off_after(killed / 1e9):.0f} ms after the word to kill lockd was sent;"
          " the machine's own clock is several times slower")  # fmt: skip
    assert pi.wires.function(BACKWARD) == OUTPUT, "the line was driven low, and not only let go"
    lock.await_started()
    assert lock.pid != before
    assert pi.seen(since=killed).ways() == []
    assert lock.get("Lock", "LockState") == "Locked"
    assert lock.await_log(phase="interrupted")


def test_the_shortest_pulse_is_seen(pi: Raspberry) -> None:
    pi.sh("systemctl stop lockd")
    begun = time.time_ns()
    pi.run("python3", "-c", PULSE)
    seen = pi.seen(since=begun)
    assert seen.ways() == ["forward"]
    (up, *_), (down, *_) = seen.changes
    print(f"\nseen: a pulse of {(down - up) / 1e3:.0f} µs")

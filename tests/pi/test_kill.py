"""lockd killed, or stopped, with the motor running."""

from __future__ import annotations

import pytest

from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.trace import Trace, driven

SLOWLY_S = 3.0  #: a whole throw, so that there is time to kill lockd within
#: So that nobody but ExecStopPost lays a hand on the lines.
ALONE = "Restart=no"
CUT_OFF_S = 4.5  #: travel_s, and what the cut-off waits on top


def kill_in_motion(machine: Machine, lock: Lock) -> float:
    """kill -9 with the motor running. The moment, in seconds since power-up."""
    machine.door("set", travel_s=SLOWLY_S)
    pid = lock.pid
    lock.unlock(wait=False)
    assert machine.door("await_motor", True, 30.0)
    return machine.run("kill", "-9", str(pid)).began / 1e9


def test_kill_9_stops_the_motor_within_200_ms_and_the_bolt_is_found_again(pi: Machine, lock: Lock) -> None:
    before = lock.pid
    killed = kill_in_motion(pi, lock)
    assert pi.door("await_motor", False, 30.0)
    late_ms = Trace(pi).off_after(killed)
    print(f"\nmotor off {late_ms:.0f} ms after kill -9")
    assert late_ms < 200
    lock.await_started()
    assert lock.pid != before
    assert 0 < Trace(pi).bolt < 1, "it was still on its way"
    assert lock.get("Lock", "LockState") == "NotFullyLocked"
    lock.call("Lock", "Home")
    assert pi.door("await_bolt", 1.0, 30.0)
    assert lock.get("Lock", "LockState") == "Locked"
    assert lock.await_log(phase="interrupted")
    assert lock.verify()["ok"]


@pytest.mark.full
def test_lines_that_keep_their_level_are_driven_inactive_after_kill_9(pi: Machine, lock: Lock) -> None:
    """As they do under Raspberry Pi OS: the service's ExecStopPost is all that stops the motor."""
    lock.change_unit(ALONE)
    pi.door("keep", True)
    killed = kill_in_motion(pi, lock)
    assert pi.door("await_motor", False, 30.0)
    late_ms = Trace(pi).off_after(killed)
    by = [level for level in driven(pi) if level[0] > killed]
    print(f"\nmotor off {late_ms:.0f} ms after kill -9, by ExecStopPost alone")
    assert late_ms < 1000
    assert by, "it was driven, not let go"
    assert not any(on for _, _, on in by)
    pi.sh("sleep 2")
    assert not any(Trace(pi).changes[-1][1:]), "and stays off"


@pytest.mark.full
def test_without_execstoppost_they_stay_active(pi: Machine, lock: Lock) -> None:
    """What the scenario above would show if the service lacked it."""
    lock.change_unit(f"{ALONE}\nExecStopPost=")
    pi.door("keep", True)
    kill_in_motion(pi, lock)
    assert not pi.door("await_motor", False, 3.0)


def test_a_loop_that_hangs_is_cut_off_from_the_motor_and_restarted_by_the_watchdog(pi: Machine, lock: Lock) -> None:
    before = lock.pid
    pi.door("set", jammed=True)
    lock.unlock(wait=False)
    began = pi.door("await_motor", True, 30.0)
    stall = pi.run("systemd-run", "--collect", "--unit=stall", "python3", "/run/rig/stall.py", str(before))
    off = pi.door("await_motor", False, 30.0)
    print(f"\nmotor on for {(off - began) / 1e9:.1f} s, the loop stopped within {(stall.ended - began) / 1e9:.1f} s")
    assert off, "never cut off"
    assert (off - began) / 1e9 < CUT_OFF_S
    await_watchdog(pi, lock, before)


@pytest.mark.full
def test_the_watchdog_restarts_a_lockd_that_is_stopped(pi: Machine, lock: Lock) -> None:
    before = lock.pid
    pi.run("kill", "-STOP", str(before))
    await_watchdog(pi, lock, before)
    lock.unlock()
    assert pi.door("await_bolt", 0.0, 30.0)


def await_watchdog(machine: Machine, lock: Lock, before: int) -> None:
    """Until another lockd has taken the place of the one before."""
    machine.sh(f"""
        until [ "$(systemctl show --value -p MainPID lockd)" != {before} ]; do sleep 0.5; done
    """, 150)
    lock.await_started()
    assert lock.pid != before
    assert "watchdog" in machine.sh("journalctl -b -u lockd --no-pager -g watchdog || true").lower()

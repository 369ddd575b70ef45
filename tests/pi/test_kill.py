"""lockd killed, or stopped, with the motor running."""

from __future__ import annotations

from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.trace import Trace

SLOWLY_S = 2.5  #: a whole throw, so that there is time to kill lockd within


def test_kill_9_stops_the_motor_within_200_ms_and_the_bolt_is_found_again(pi: Machine, lock: Lock) -> None:
    pi.door("set", travel_s=SLOWLY_S)
    before = lock.pid
    lock.unlock(wait=False)
    assert pi.door("await_motor", True, 30.0)
    killed = pi.run("kill", "-9", str(before))
    assert pi.door("await_motor", False, 30.0)
    late_ms = Trace(pi).off_after(killed.began)
    print(f"\nmotor off {late_ms:.0f} ms after kill -9; longest without a look {Trace(pi).blind_ms:.0f} ms")
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


def test_the_watchdog_restarts_a_lockd_that_is_stopped(pi: Machine, lock: Lock) -> None:
    before = lock.pid
    pi.run("kill", "-STOP", str(before))
    pi.sh(f"""
        until [ "$(systemctl show --value -p MainPID lockd)" != {before} ]; do sleep 0.5; done
    """, 150)
    lock.await_started()
    assert "watchdog" in pi.sh("journalctl -b -u lockd --no-pager -g watchdog || true").lower()
    lock.unlock()
    assert pi.door("await_bolt", 0.0, 30.0)

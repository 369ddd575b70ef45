"""Wrong PINs, and a power cut that shortens no penalty."""

from __future__ import annotations

from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.trace import Trace, pulses

PIN, WRONG = "135790", "864209"
LIMIT = 3  # as in lockd.toml


def test_a_lockout_outlives_a_power_cut(own_pi: Machine, lock: Lock) -> None:
    own_pi.power_on()
    lock.await_started()
    lock.enrol(PIN)
    lock.press(f"{WRONG}#" * LIMIT)
    lock.await_log(alarm="WrongCodeEntryLimit")
    before = lock.get("Lock", "LockoutRemaining")
    own_pi.cut_power()

    own_pi.power_on()
    lock.await_started()
    after = lock.get("Lock", "LockoutRemaining")
    print(f"\nlocked out for {before} s before the cut, for {after} s after it")
    lock.press(f"{PIN}#")
    refused = lock.await_log(kind="LockOperationError", detail="locked-out")
    assert refused["source"] == "Keypad"
    assert pulses(own_pi) == []
    assert Trace(own_pi).bolt == 1.0
    assert 0 < after <= 250
    assert lock.verify()["ok"]

"""Wrong PINs, and a power cut that shortens no penalty."""

from __future__ import annotations

from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.trace import Trace

PIN, WRONG = "135790", "864209"
LIMIT = 3  # as in lockd.toml


def test_a_lockout_outlives_a_power_cut(own_pi: Machine, lock: Lock) -> None:
    own_pi.power_on()
    lock.await_started()
    lock.enrol(PIN)
    lock.press(f"{WRONG}#" * LIMIT)
    lock.await_log(alarm="WrongCodeEntryLimit")
    own_pi.cut_power()

    own_pi.power_on()
    lock.await_started()
    lock.press(f"{PIN}#")
    refused = lock.await_log(kind="LockOperationError", detail="locked-out")
    assert refused["source"] == "Keypad"
    assert Trace(own_pi).still
    assert Trace(own_pi).bolt == 1.0
    assert lock.verify()["ok"]

"""A PIN from the fingers to the bolt, over real lines."""

from __future__ import annotations

import pytest

from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.trace import MOTOR, Trace, driven

PIN, WRONG = "135790", "246813"


def test_a_pin_draws_the_bolt_and_is_in_the_log_and_another_does_not(pi: Machine, lock: Lock) -> None:
    lock.enrol(PIN)
    lock.press(f"{WRONG}#")
    lock.await_log(kind="LockOperationError", error="InvalidCredential")
    assert Trace(pi).still
    began = pi.run("true").began / 1e9
    lock.press(f"{PIN}#")
    assert pi.door("await_bolt", 0.0, 30.0)
    done = lock.await_log(kind="LockOperation", phase="done")
    trace = Trace(pi)
    assert trace.ways() == ["backward"]
    assert not trace.shorted
    assert [line for at, line, on in driven(pi) if on and at > began] == [MOTOR[1]]
    assert (done["source"], done["type"], done["user"]) == ("Keypad", "Unlock", 1)
    assert lock.get("Lock", "LockState") == "Unlocked"
    assert lock.verify()["ok"]


@pytest.mark.full
def test_every_key_of_the_keypad_is_read(pi: Machine, lock: Lock) -> None:
    """Between them these PINs have all ten digits."""
    lock.enrol("12345678", 1)
    lock.enrol("90909090", 2)
    lock.press("555*90909090#")
    assert pi.door("await_bolt", 0.0, 30.0)
    assert lock.await_log(kind="LockOperation", phase="done")["user"] == 2
    pi.sh("lockctl lock", 60)
    assert pi.door("await_bolt", 1.0, 30.0)
    pi.door("forget")
    lock.press("12345678#")
    assert pi.door("await_bolt", 0.0, 30.0)

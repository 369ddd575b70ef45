"""The power cut at random moments, at work."""

from __future__ import annotations

import os
import random

from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.trace import Trace, driven

#: How often; `make test-pi-all` asks for more.
CUTS = int(os.environ.get("PI_CUTS", "2"))
WORK_S = 20.0

#: In the machine: people come, doors open and lock, as fast as lockd takes it.
WORK = """
call() { busctl --timeout=40 call org.lockd1 /org/lockd1 "org.lockd1.$@" >/dev/null 2>&1 || true; }
i=$1
while :; do
    i=$((i + 1))
    call Users SetCredential ssuayua{sv} Add PIN $i 6 49 50 51 52 $((48 + i / 10 % 10)) $((48 + i % 10)) 0 0
    call Lock UnlockDoor a{sv} 0
    call Lock LockDoor a{sv} 0
    call Users ClearCredential su PIN $i
done
"""


def test_a_power_cut_at_any_moment_loses_no_record_and_moves_no_bolt(own_pi: Machine, lock: Lock) -> None:
    seed = int(os.environ.get("PI_SEED", random.randrange(1 << 32)))
    moments = random.Random(seed)
    print(f"\nPI_SEED={seed}")
    own_pi.power_on()
    lock.await_started()
    last = lock.log()[-1]["seq"]
    for number in range(CUTS):
        own_pi.run("systemd-run", "--collect", "sh", "-c", WORK, "work", str(number % 50))
        own_pi.sh(f"sleep {moments.uniform(1.0, WORK_S):.2f}")
        known = lock.log()[-1]
        own_pi.sh(f"sleep {moments.uniform(0.0, 2.0):.3f}")
        place = Trace(own_pi).bolt
        own_pi.cut_power()

        own_pi.power_on()
        own_pi.door("set", bolt=round(place))  # a door that was cut off stands where it stood
        lock.await_started()
        assert not any(on for _, _, on in driven(own_pi)), (number, driven(own_pi))
        report, trail = lock.verify(), lock.log()
        assert report["ok"], (number, report)
        assert known in trail, f"cut {number}: an acknowledged record is gone"
        assert report["last"] >= known["seq"] >= last
        assert lock.get("Lock", "LockState") == ("Locked" if round(place) else "Unlocked")
        last = report["last"]

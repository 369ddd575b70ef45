"""The power cut at random moments, at work: people enrolled, doors opened, old events pruned."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.trace import Trace, pulses

#: How often; `make test-pi-all` asks for more.
CUTS = int(os.environ.get("PI_CUTS", "2"))
WORK_S = 12.0
DIARY = "diary"
#: The least that lockd takes, so that old events go while it works.
FEW_EVENTS = "printf '\\n[store]\\nevents = 100\\n' >>/etc/lockd/lockd.toml; sync; systemctl restart lockd"
FILL_THE_LOG = """
for number in $(seq 60); do
    busctl call org.lockd1 /org/lockd1 org.lockd1.Lock LockDoor 'a{sv}' 0 >/dev/null
done
"""


def enrolled(diary: Path) -> set[int]:
    """The slots with a PIN, by what was acknowledged; one whose fate was not is left out."""
    told: dict[int, str] = {}
    for line in diary.read_text().splitlines():
        sign, slot = line.split()
        told[int(slot)] = sign
    return {slot for slot, sign in told.items() if sign == "+"}


def observed(bolt: float) -> str:
    """What lockd has to say of a bolt that stands there."""
    return {1.0: "Locked", 0.0: "Unlocked"}.get(bolt, "NotFullyLocked")


def test_a_power_cut_at_any_moment_loses_nothing_acknowledged_and_moves_no_bolt(own_pi: Machine, lock: Lock) -> None:
    seed = int(os.environ.get("PI_SEED", random.randrange(1 << 32)))
    print(f"\nPI_SEED={seed}")
    moments = random.Random(seed)
    diary = own_pi.share / DIARY
    own_pi.power_on()
    own_pi.sh(FEW_EVENTS, 60)
    lock.await_started()
    own_pi.sh(FILL_THE_LOG, 120)
    for number in range(1, CUTS + 1):
        own_pi.run("systemd-run", "--collect", "sh", "/run/rig/work.sh", f"/run/share/{DIARY}", str(7 * number))
        own_pi.sh(f"sleep {moments.uniform(1.0, WORK_S):.3f}")
        known = lock.log()
        own_pi.sh(f"sleep {moments.uniform(0.0, 1.0):.3f}")
        place = Trace(own_pi).bolt
        own_pi.cut_power()

        own_pi.power_on(f"rig.bolt={place}")  # a door that was cut off stands where it stood
        lock.await_started()
        assert pulses(own_pi) == []
        assert lock.get("Lock", "LockState") == observed(place), number
        report, slots = lock.verify(), enrolled(diary)
        check(lock, known, slots)
        print(f"cut {number}: bolt at {place:.2f}, {len(slots)} PINs; events {known[0]['seq']} to {known[-1]['seq']}"
              f" were known, {report['first']} to {report['last']} are there; no pulse")  # fmt: skip
    assert report["first"] > 1, "old events have gone"


def check(lock: Lock, known: list[dict[str, Any]], slots: set[int]) -> None:
    """Everything that was acknowledged is there, but for events that were old enough to go."""
    report, trail = lock.verify(), lock.log()
    assert report["ok"], report
    assert report["last"] >= known[-1]["seq"], report
    lost = [record for record in known if record["seq"] >= report["first"] and record not in trail]
    assert not lost, f"acknowledged records are gone: {lost}"
    there = {int(index) for user in lock.call("Users", "ListUsers")[0] for _, index in user["credentials"]}
    assert slots <= there, f"acknowledged enrolments are gone: {slots - there}"
    assert lock.get("Manager", "Degraded") == []

"""Root, both groups and a stranger against the whole D-Bus API, with the real bus and polkit."""

from __future__ import annotations

import pytest

from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.rights import CALLERS, METHODS, PROPERTIES, missing, script
from tests.pi.trace import Trace

PIN = "135790"
ROWS = {**METHODS, **PROPERTIES}


def made(pi: Machine, caller: str, group: str) -> str:
    """The caller, as a user of the machine."""
    groups = f"--groups {group}" if group else ""
    pi.sh(f"id -u {caller} >/dev/null 2>&1 || useradd --no-create-home {groups} {caller}")
    return caller


def outcomes(pi: Machine, caller: str) -> dict[str, str]:
    """What came of every call of the table."""
    said = pi.run("runuser", "-u", caller, "--", "sh", "-c", script(), timeout_s=180).out
    found = {name: outcome for name, _, outcome in (line.partition(" ") for line in said.splitlines())}
    return {name: "ok" if _let_in(name, outcome) else outcome for name, outcome in found.items()}


def _let_in(name: str, outcome: str) -> bool:
    """Phones are off here, and everybody is removed by a second call: who has the right is told so, and nobody else."""
    return name.startswith(("Phones.", "Users.ClearUser")) and not outcome.endswith("Access denied")


def managed(lock: Lock) -> tuple[object, ...]:
    """What only those may change who manage the lock."""
    return [lock.get(*name.split(".")) for name in PROPERTIES], lock.call("Users", "ListUsers")


def test_each_caller_may_do_what_his_group_may_and_nothing_else(pi: Machine, lock: Lock) -> None:
    """Those who may least come first, so that a right too many shows."""
    assert not missing()
    lock.enrol(PIN)
    before = managed(lock)
    for caller, group in CALLERS.items():
        outcome = outcomes(pi, made(pi, caller, group))
        assert outcome.keys() == ROWS.keys(), caller
        may = {name for name, (_, callers) in ROWS.items() if caller in callers}
        assert {name for name, said in outcome.items() if said == "ok"} == may, (caller, outcome)
        refusals = {said for said in outcome.values() if said != "ok"}
        assert all(said.endswith("Access denied") for said in refusals), (caller, refusals)
        print(f"\n{caller}: {len(may)} of {len(ROWS)} done, {len(ROWS) - len(may)} refused")
        assert Trace(pi).still == (not may), caller
        assert (managed(lock) == before) == (group != "lockd-admin" and caller != "root"), caller
    journal = pi.sh("journalctl -b -u lockd --no-pager -o cat")
    assert "polkit cannot be asked" not in journal, "else everybody is refused, for the wrong reason"


@pytest.mark.full
def test_without_polkit_root_alone_has_rights(pi: Machine, lock: Lock) -> None:
    call = "busctl --timeout=40 call org.lockd1 /org/lockd1 org.lockd1.Lock LockDoor a{sv} 0"
    made(pi, "dweller", "lockd")
    pi.sh("systemctl mask --runtime --now polkit")
    try:
        assert pi.run("runuser", "-u", "dweller", "--", *call.split(), check=False).err.strip().endswith("denied")
        pi.sh(call)
    finally:
        pi.sh("systemctl unmask --runtime polkit")
    pi.sh(f"runuser -u dweller -- {call}")

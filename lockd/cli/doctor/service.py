"""lockd's unit, what it needs of the system, and whether who asks may ask."""

from __future__ import annotations

from collections.abc import Mapping

from lockd.cli.doctor.finding import Finding, fault, ok, warning
from lockd.cli.doctor.machine import CannotLook, Machine

LOG = "see why: journalctl -u lockd -b"

#: systemd's word for how the last run ended, and ours.
ENDS = {
    "watchdog": "it hung, and the watchdog ended it",
    "signal": "it was killed",
    "core-dump": "it crashed",
    "oom-kill": "the memory was full, and it was killed",
    "timeout": "it did not get ready in time",
}
#: Exit statuses that systemd does not try again after: why, and what to do.
STATUSES = {
    "78": ("lockd.toml is wrong", "lockctl config check tells what; then: sudo systemctl restart lockd"),
    "64": ("its command line is wrong", "see: systemctl cat lockd"),
}


def installed(machine: Machine) -> Finding:
    """The unit is there."""
    state = _lockd(machine).get("LoadState", "")
    if state == "loaded":
        return ok("lockd.service is there")
    if state == "masked":
        return fault("lockd.service is masked", "sudo systemctl unmask lockd")
    return fault(f"there is no lockd.service ({state or 'unknown'})", "install it: sudo apt install ./lockd_*.deb")


def enabled(machine: Machine) -> Finding | None:
    """It starts with the machine."""
    unit = _lockd(machine)
    if unit.get("LoadState") != "loaded":
        return None
    if unit.get("UnitFileState") in ("enabled", "enabled-runtime"):
        return ok("it starts with the machine")
    return fault(f"it does not start with the machine ({unit.get('UnitFileState')})", "sudo systemctl enable lockd")


def running(machine: Machine) -> Finding | None:
    """It runs; if not, how it ended."""
    unit = _lockd(machine)
    if unit.get("LoadState") != "loaded":
        return None
    if machine.lockd_runs:
        return ok(f"it runs: {unit.get('StatusText') or 'it says nothing'}")
    why, remedy = _end(unit)
    return fault(f"it does not run: {why}", remedy)


def _end(unit: Mapping[str, str]) -> tuple[str, str]:
    result, status = unit.get("Result", ""), unit.get("ExecMainStatus", "0")
    if result == "exit-code" and status in STATUSES:
        return STATUSES[status]
    if result == "success":
        starting = unit.get("ActiveState") == "activating"
        return ("it is starting", "look again") if starting else (
            "it was stopped, or never started", "sudo systemctl start lockd")
    return ENDS.get(result, f"it ended with status {status} ({result})"), LOG


def restarts(machine: Machine) -> Finding | None:
    """systemd had to start it again."""
    unit = _lockd(machine)
    if unit.get("LoadState") != "loaded":
        return None
    count = unit.get("NRestarts", "0")
    if count == "0":
        return ok("systemd never had to start it again")
    times = "once" if count == "1" else f"{count} times"
    return warning(f"systemd had to start it again {times} since its last start by hand or at boot", LOG)


def polkit(machine: Machine) -> Finding:
    """polkit answers who may do what."""
    if machine.units.get("polkit", {}).get("LoadState") == "loaded":
        return ok("polkit decides who may do what")
    return warning("there is no polkit, so only root has rights", "sudo apt install polkitd")


def groups(machine: Machine) -> Finding:
    """Who asks may operate the lock without an administrator's password."""
    if machine.uid == 0:
        return ok("you are root, who may do everything")
    name, mine = machine.user(machine.uid), {machine.group(gid) for gid in machine.gids}
    wanted = {"lockd", "lockd-admin"}
    if held := sorted(wanted & mine):
        return ok(f"you ({name}) are in the group {' and '.join(held)}")
    if wanted & machine.groups_of(name):
        return warning(f"you ({name}) were put into the group after you logged in", "log out, and in again")
    return warning(f"you ({name}) are neither in the group lockd nor in lockd-admin, so an administrator's password is"
                   " asked for", f"sudo adduser {name} lockd, then log in again")


def _lockd(machine: Machine) -> Mapping[str, str]:
    unit = machine.units.get("lockd")
    if unit is None:
        raise CannotLook("systemd does not tell of lockd.service")
    return unit


CHECKS = (installed, enabled, running, restarts, polkit, groups)

"""Runs the checks: what one cannot look at is said, and keeps no other from looking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from lockd.cli.doctor import bluetooth, clock, disk, pins, power, service, setup, store, ways
from lockd.cli.doctor.finding import Finding, unchecked
from lockd.cli.doctor.machine import CannotLook, Machine

#: None: there is nothing of that kind on this machine.
Check = Callable[[Machine], Finding | None]

#: What is looked at on the machine, in this order.
PARTS: Mapping[str, tuple[Check, ...]] = {
    "service": service.CHECKS,
    "settings": setup.CHECKS,
    "pins": pins.CHECKS,
    "store": store.CHECKS,
    "clock": clock.CHECKS,
    "bluetooth": bluetooth.CHECKS,
    "power": power.CHECKS,
    "disk": disk.CHECKS,
    "ways": ways.CHECKS,
}


def examine(part: str, machine: Machine) -> Iterator[Finding]:
    """Every check of a part."""
    for check in PARTS[part]:
        found = _look(check, machine)
        if found is not None:
            yield found.but(part=part, check=check.__name__.replace("_", " "))


def _look(check: Check, machine: Machine) -> Finding | None:
    try:
        return check(machine)
    except CannotLook as reason:
        return unchecked(reason.why, reason.remedy)
    except PermissionError as refused:
        who = machine.user(machine.uid)
        return unchecked(f"{who} may not look at {refused.filename}", "sudo lockctl doctor")
    except OSError as error:
        return unchecked(f"{error.filename or 'a file of the kernel'} cannot be read: {error.strerror}")

"""What feeds the machine, as far as the kernel sees it."""

from __future__ import annotations

from pathlib import Path

from lockd.cli.doctor.finding import Finding, fault, ok, unchecked, warning
from lockd.cli.doctor.machine import Machine

SUPPLIES = "/sys/class/power_supply/*"


def battery(machine: Machine) -> Finding:
    """How full it is."""
    found = [path for path in machine.glob(SUPPLIES) if _is(machine, path, "Battery")]
    if not found:
        return unchecked("the kernel sees no battery", "if there is one, add the overlay that its maker names to"
                         " config.txt")
    levels = {path.name: machine.text(path / "capacity") for path in found}
    told = ", ".join(f"{name} {level} %" if level else f"{name} without a level" for name, level in levels.items())
    least = min((int(level) for level in levels.values() if level.isdecimal()), default=100)
    power = machine.settings.power
    if least <= power.low_percent:
        empty = least <= power.critical_percent
        judge = fault if empty else warning
        return judge(f"{told}: {'nearly empty' if empty else 'low'}", "charge it, or put in a fresh one")
    return ok(told)


def mains(machine: Machine) -> Finding | None:
    """Whether what charges the battery gives anything."""
    found = [path for path in machine.glob(SUPPLIES) if not _is(machine, path, "Battery")]
    if not found:
        return None
    on = [path.name for path in found if machine.text(path / "online") == "1"]
    if on:
        return ok(f"{', '.join(on)} gives power")
    return warning(f"{', '.join(path.name for path in found)} gives no power", "see that it is plugged in")


def voltage(machine: Machine) -> Finding | None:
    """The Pi's own alarm."""
    alarms = [machine.text(path / "in0_lcrit_alarm") for path in machine.glob("/sys/class/hwmon/hwmon*")
              if machine.text(path / "name") == "rpi_volt"]  # fmt: skip
    if "1" in alarms:
        return fault("the Pi gets too little voltage", "take a stronger supply or a shorter cable, and feed the motor"
                     " from its own")
    return ok("the Pi gets enough voltage") if alarms else None


def _is(machine: Machine, path: Path, kind: str) -> bool:
    """A mouse's battery is none of the machine's."""
    return machine.text(path / "type") == kind and machine.text(path / "scope") != "Device"


CHECKS = (battery, mains, voltage)

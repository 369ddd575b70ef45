"""The ways in: one that fails should not be the only one."""

from __future__ import annotations

from lockd.cli.doctor.finding import Finding, ok, warning
from lockd.cli.doctor.machine import Machine
from lockd.settings import Settings

ENOUGH = 2


def ways_in(settings: Settings) -> tuple[str, ...]:
    """What lets somebody in from outside who has no other machine, and does not need the others."""
    ways = settings.ways
    electric = "the keypad" if settings.keypad.kind != "none" else "the Wiegand reader"
    known = {
        electric: settings.keypad.kind != "none" or settings.wiegand.data0 is not None,
        "the mechanical key": settings.has_key,
        "the mechanical code": ways.code is not None,
        "the emergency hole": ways.hole is not None,
    }
    return tuple(name for name, there in known.items() if there)


def independent(machine: Machine) -> Finding:
    """As far as lockd.toml tells."""
    found = ways_in(machine.settings)
    if len(found) >= ENOUGH:
        return ok(f"{' and '.join(found)} let you in")
    if not found:
        return warning("no keypad or reader is set, so only D-Bus (lockctl) opens from outside", "wire a keypad,"
                       " and keep a mechanical key outside")
    return warning(f"lockd knows of one way in, {found[0]}", "keep a second one that does not need it, such as a"
                   " mechanical key outside, and say so in lockd.toml: [ways] key = true")


CHECKS = (independent,)

"""The ways in: one that fails should not be the only one."""

from __future__ import annotations

from lockd.cli.doctor.finding import Finding, ok, warning
from lockd.cli.doctor.machine import Machine
from lockd.settings import Settings

ENOUGH = 2
A_KEY = "such as a mechanical key outside, and say so in lockd.toml: [ways] key = true"


def electric(settings: Settings) -> tuple[str, ...]:
    """What lockd lets somebody in by. They all need the Pi, the motor and power for both, so that they fail together;
    so does lockctl, which besides needs another machine."""
    known = {
        "the keypad": settings.keypad.kind != "none" or (settings.hid.device and settings.hid.kind == "keypad"),
        "the Wiegand reader": settings.wiegand.data0,
        "the card reader": settings.nfc.port or (settings.hid.device and settings.hid.kind == "card"),
        "the fingerprint sensor": settings.fingerprint.port,
        "phones": settings.phone.enabled,
    }
    return tuple(name for name, there in known.items() if there)


def mechanical(settings: Settings) -> tuple[str, ...]:
    """What opens by hand, each by itself."""
    ways = settings.ways
    known = {"the mechanical key": settings.has_key, "the mechanical code": ways.code, "the emergency hole": ways.hole}
    return tuple(name for name, there in known.items() if there)


def independent(machine: Machine) -> Finding:
    """As far as lockd.toml tells."""
    powered, by_hand = electric(machine.settings), mechanical(machine.settings)
    found = (*powered, *by_hand)
    if bool(powered) + len(by_hand) >= ENOUGH:
        return ok(f"{', '.join(found[:-1])} and {found[-1]} let you in")
    if not found:
        return warning("no keypad or reader is set, so only D-Bus (lockctl) opens from outside", "wire a keypad,"
                       " and keep a mechanical key outside")
    if len(found) > 1:
        return warning(f"{', '.join(found[:-1])} and {found[-1]} all need power and the motor", "keep another way that"
                       f" needs neither, {A_KEY}")
    return warning(f"lockd knows of one way in, {found[0]}", f"keep a second one that does not need it, {A_KEY}")


CHECKS = (independent,)

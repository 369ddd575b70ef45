"""What a device is to the lock: the first rule that its udev properties fit, the owner's before these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from lockd.settings import Match
from lockd.words import PowerSource


def _when(source: PowerSource | Literal["ignore"], **properties: str) -> Match:
    return Match(tuple(properties.items()), source)


#: Names and types: https://www.kernel.org/doc/html/latest/power/power_supply_class.html
KNOWN = (
    # The battery of a mouse or a phone.
    _when("ignore", POWER_SUPPLY_SCOPE="Device"),
    # These give power and take none: the boost converter of a power bank's chip, the switch of a USB port.
    _when("ignore", POWER_SUPPLY_NAME="ip5xxx-boost"),
    _when("ignore", POWER_SUPPLY_NAME="ucs1002"),
    _when("Battery", POWER_SUPPLY_TYPE="Battery"),
    _when("Battery", POWER_SUPPLY_TYPE="UPS"),
    _when("Mains", POWER_SUPPLY_TYPE="Mains"),
    _when("Wireless", POWER_SUPPLY_TYPE="Wireless"),
    # USB, USB_DCP, USB_CDP, USB_ACA, USB_C, USB_PD, USB_PD_DRP; and what Apple's chargers are called.
    _when("EmergencyUsb", POWER_SUPPLY_TYPE="USB*"),
    _when("EmergencyUsb", POWER_SUPPLY_TYPE="BrickID"),
    _when("EmergencyUsb", DEVTYPE="typec_port"),
)


def source_of(properties: Mapping[str, str], rules: tuple[Match, ...]) -> PowerSource | None:
    """None: it is none of the lock's business."""
    for rule in (*rules, *KNOWN):
        if all(fits(pattern, properties.get(name)) for name, pattern in rule.properties):
            return None if rule.source == "ignore" else rule.source
    return None


def fits(pattern: str, text: str | None) -> bool:
    """Whether the text is the pattern, each `*` in it standing for anything."""
    if text is None:
        return False
    first, *more = pattern.split("*")
    if not more:
        return text == pattern
    *inner, last = more
    if not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in inner:
        found = text.find(part, at, max(at, end))
        if found < 0:
            return False
        at = found + len(part)
    return at <= end

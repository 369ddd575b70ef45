"""What a device's udev properties say, as a Reading: text of drivers, in millionths, and not always sane.

Properties: https://www.kernel.org/doc/Documentation/ABI/testing/sysfs-class-power
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lockd.reading import Reading
from lockd.settings import PowerSettings
from lockd.udev.match import fits, source_of
from lockd.value import Value

PREFIX = "POWER_SUPPLY_"
MICRO = 1e6  #: a division by it is exact
#: What changes by itself; the rest says what a device is.
MEASURED = frozenset(PREFIX + name for name in (
    "STATUS", "ONLINE", "PRESENT", "CAPACITY", "VOLTAGE_NOW", "VOLTAGE_AVG", "VOLTAGE_OCV", "POWER_NOW", "CURRENT_NOW",
    "ENERGY_NOW", "ENERGY_FULL", "CHARGE_NOW", "CHARGE_FULL", "USB_TYPE",
))  # fmt: skip
#: Longer is no measured number.
NUMBER = re.compile(r"[+-]?[0-9]{1,15}", re.ASCII)
#: Chargers whose VOLTAGE_NOW is what they give to the system, not what they get.
OTHER_VOLTS = ("bq25890-charger*",)
#: Ports whose CURRENT_NOW is what they may take, not what they do.
OTHER_CURRENT = ("tcpm-source-psy-*", "ucsi-source-psy-*")


class Device(Value):
    """One device as it was found. `path`: below /sys; `feeds`: of a USB-C port, whether there is a
    partner from which it takes power."""

    subsystem: str
    name: str
    path: str
    properties: Mapping[str, str]
    feeds: bool = False

    def __hash__(self) -> int:
        return hash((self.subsystem, self.name))

    def after(self, before: Device | None) -> Device:
        """With what is still true of what was found before: an event lacks what udevd's rules add, and
        a driver that cannot read its chip says nothing at all."""
        if before is None:
            return self
        lasting = {name: text for name, text in before.properties.items() if name not in MEASURED}
        return self.but(properties=lasting | dict(self.properties))


def reading_of(device: Device, settings: PowerSettings) -> Reading | None:
    """None: it is none of the lock's business."""
    said = device.properties
    source = source_of(said, settings.supplies)
    if source is None:
        return None
    if device.subsystem != "power_supply":
        return Reading(device.name, source, device.subsystem == "usb" or device.feeds)
    if source == "Battery":
        if settings.battery not in ("auto", device.name):
            return None
        return Reading(device.name, source, _there(said, "PRESENT", "ONLINE", unsaid=True), percent(said), volts(said),
                       _text(said, "STATUS") == "Charging", watt_hours=watt_hours(said))  # fmt: skip
    other, limit = (any(fits(name, device.name) for name in names) for names in (OTHER_VOLTS, OTHER_CURRENT))
    online = _there(said, "ONLINE", "PRESENT", unsaid=False)
    if other:
        return Reading(device.name, source, online)
    given = None if limit else watts(said)
    return Reading(device.name, source, online, None, volts(said), negotiated=negotiated(said), watts=given)


def number(text: str | None) -> float | None:
    """None: no number, or none that a driver could mean."""
    return float(text) if text is not None and NUMBER.fullmatch(text) else None


def volts(said: Mapping[str, str]) -> float | None:
    """The measured voltage, or what it follows from."""
    for name in ("VOLTAGE_NOW", "VOLTAGE_AVG", "VOLTAGE_OCV"):
        micro = number(_text(said, name))
        if micro is not None:
            return micro / MICRO
    power, current = number(_text(said, "POWER_NOW")), number(_text(said, "CURRENT_NOW"))
    return abs(power / current) if power and current else None


def percent(said: Mapping[str, str]) -> float | None:
    """What the gauge says, or what its energy or charge makes of it."""
    capacity = number(_text(said, "CAPACITY"))
    if capacity is not None:
        return capacity
    for kind in ("ENERGY", "CHARGE"):
        now, full = number(_text(said, f"{kind}_NOW")), number(_text(said, f"{kind}_FULL"))
        if now is not None and full:
            return 100 * now / full
    return None


def negotiated(said: Mapping[str, str]) -> bool:
    """Whether the charger has agreed with the plug on its volts. USB_TYPE is "C [PD] PD_PPS", the one
    that holds in brackets; older kernels have it as the type."""
    return "[PD" in (_text(said, "USB_TYPE") or "") or (_text(said, "TYPE") or "").startswith("USB_PD")


def watts(said: Mapping[str, str]) -> float | None:
    """What a plug gives now."""
    power, current = number(_text(said, "POWER_NOW")), number(_text(said, "CURRENT_NOW"))
    if power is not None:
        return abs(power) / MICRO
    measured = volts(said)
    return abs(current / MICRO * measured) if current is not None and measured is not None else None


def watt_hours(said: Mapping[str, str]) -> float | None:
    """What a battery holds, by its gauge."""
    energy, charge = number(_text(said, "ENERGY_NOW")), number(_text(said, "CHARGE_NOW"))
    if energy is not None:
        return energy / MICRO
    measured = volts(said)
    return charge / MICRO * measured if charge is not None and measured is not None else None


def port_feeds(partner: bool, power_role: str) -> bool:
    """`power_role` is "source [sink]", or "[sink]" of a port that has but one."""
    return partner and "[sink]" in power_role.split()


def _there(said: Mapping[str, str], *names: str, unsaid: bool) -> bool:
    """By the first of these that it says; 2 is online, and adjustable."""
    for name in names:
        value = number(_text(said, name))
        if value is not None:
            return value > 0
    return unsaid


def _text(said: Mapping[str, str], name: str) -> str | None:
    return said.get(PREFIX + name)

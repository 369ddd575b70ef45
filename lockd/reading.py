"""What one supply says about itself: a battery, a charger, a line that feels outside power."""

from __future__ import annotations

from lockd.value import Value
from lockd.words import PowerSource


class Reading(Value):
    """`name`: the device's, or the key path of the line that feels it. `source`: what it is to the
    lock. `present`: it is there and delivers. `percent` 0 to 100 and `volts`, which may be negative
    at a reversed contact, are None where it does not say; what they are worth is the core's to judge.
    `watts` are what it gives now, `watt_hours` what a battery holds, where that is measured.
    `negotiated`: a charger of the board's own has asked for these volts (USB Power Delivery)."""

    name: str
    source: PowerSource
    present: bool
    percent: float | None = None
    volts: float | None = None
    charging: bool = False
    negotiated: bool = False
    watts: float | None = None
    watt_hours: float | None = None

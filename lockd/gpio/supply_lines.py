"""Lines that feel outside power, on boards without a driver for it: there, or not.

A flapping contact is not smoothed away: what it means is decided elsewhere. But a line is looked at
twenty times a second at most, however fast it changes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from lockd.gpio.lines import ReadLine, telling
from lockd.gpio.pins import Input, Pins
from lockd.gpio.timeline import Timeline, Timer
from lockd.reading import Reading
from lockd.settings import Pin, PowerSettings, Settings
from lockd.words import PowerSource

log = logging.getLogger("lockd.supply")

#: A plug's contacts bounce this long; and so often, at most, is a line looked at.
LOOK_S = 0.05


def supply_pins(power: PowerSettings) -> dict[PowerSource, Pin]:
    """The lines that are wired."""
    pins: dict[PowerSource, Pin | None] = {
        "EmergencyUsb": power.usb_line,
        "Emergency9V": power.nine_volt_line,
        "Generator": power.generator_line,
        "Wireless": power.wireless_line,
    }
    return {source: pin for source, pin in pins.items() if pin is not None}


class SupplyLine:
    """One line. `supply(reading)` is called in the loop after a change; twice where it came and went. What cannot be
    read is not there: no throw is driven from it."""

    def __init__(
        self, pin: Pin, claim: Callable[[], Input], source: PowerSource, timeline: Timeline,
        supply: Callable[[Reading], None], told: Callable[[str], object],
    ) -> None:  # fmt: skip
        self._key, self._source = pin.key, source
        self._line = ReadLine(claim, self._edge, self._look, timeline, told)
        self._timeline = timeline
        self._supply = supply
        self._timer: Timer | None = None
        self._on = self._line.read()

    @property
    def trouble(self) -> str:
        """Why it cannot be read now; empty while it can."""
        return self._line.trouble

    def reading(self) -> Reading:
        """As it was felt last; at first as it was found."""
        return Reading(self._key, self._source, bool(self._on))

    def close(self) -> None:
        """No more calls."""
        self._line.close()
        if self._timer is not None:
            self._timer.cancel()

    def _edge(self) -> None:
        if self._timer is None:
            self._timer = self._timeline.call_later(LOOK_S, self._look)

    def _look(self) -> None:
        self._timer = None
        was, self._on = self._on, self._line.read()
        if self._on is not None and self._on == was:
            self._supply(self.reading().but(present=not was))
        if self._on is not None or was:
            self._supply(self.reading())


class SupplyLines:
    """All lines that are wired. `supply(reading)` is called in the loop, for changes only; `told` when what
    `troubles` says has changed."""

    def __init__(
        self, pins: Pins, settings: Settings, supply: Callable[[Reading], None], timeline: Timeline | None = None,
        told: Callable[[], object] = lambda: None,
    ) -> None:  # fmt: skip
        timeline = timeline or asyncio.get_running_loop()
        self._lines = [
            SupplyLine(pin, partial(pins.input, pin), source, timeline, supply, telling(log, pin.key, told))
            for source, pin in supply_pins(settings.power).items()
        ]

    def readings(self) -> tuple[Reading, ...]:
        """Each line as it was felt last."""
        return tuple(line.reading() for line in self._lines)

    def troubles(self) -> list[str]:
        """Why some cannot be read now, in words that name their key."""
        return [line.trouble for line in self._lines if line.trouble]

    def close(self) -> None:
        """No more readings."""
        for line in self._lines:
            line.close()

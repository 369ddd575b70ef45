"""Lines that feel outside power, on boards without a driver for it: there, or not.

A flapping contact is not smoothed away: what it means is decided elsewhere. But a line is looked at
twenty times a second at most, however fast it changes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from lockd.errors import Failure
from lockd.gpio.pins import Input, Pins
from lockd.gpio.timeline import Timeline, Timer
from lockd.reading import Reading
from lockd.settings import Pin, PowerSettings, Settings
from lockd.words import PowerSource

log = logging.getLogger("lockd.supply")

#: A plug's contacts bounce this long; and so often, at most, is a line looked at.
LOOK_S = 0.05
#: A line that cannot be read is tried again after this long, then twice as long, and so on up to the most.
AGAIN_S, AGAIN_MOST_S = 0.1, 60.0


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
    """One line. `supply(reading)` is called in the loop after a change; twice where it came and went."""

    def __init__(
        self, pin: Pin, claim: Callable[[], Input], source: PowerSource, timeline: Timeline,
        supply: Callable[[Reading], None],
    ) -> None:  # fmt: skip
        self._key, self._claim, self._source = pin.key, claim, source
        self._line: Input | None = None
        self._timeline = timeline
        self._supply = supply
        self._timer: Timer | None = None
        self._again: Timer | None = None
        self._again_s = AGAIN_S
        self._closed = False
        self._on: bool | None = None  # None: it could not be read yet, and nothing has come or gone
        try:
            self._on = self._felt()
        except Failure as fault:
            self._try_again(fault)

    def reading(self) -> Reading:
        """As it was felt last; at first as it was found."""
        return Reading(self._key, self._source, bool(self._on))

    def close(self) -> None:
        """No more calls."""
        self._closed = True
        if self._line is not None:
            self._line.watch(None)
        for timer in (self._timer, self._again):
            if timer is not None:
                timer.cancel()

    def _edge(self) -> None:
        if self._timer is None and not self._closed:
            self._timer = self._timeline.call_later(LOOK_S, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._again is not None:
            self._again.cancel()
        try:
            on = self._felt()
        except Failure as fault:
            self._try_again(fault)
            return
        self._again_s = AGAIN_S
        if on == self._on:
            self._supply(self.reading().but(present=not on))
        self._on = on
        self._supply(self.reading())

    def _felt(self) -> bool:
        if self._line is None:
            self._line = self._claim()
            edge = partial(self._timeline.call_soon_threadsafe, self._edge)
            self._line.watch(edge)  # before the first reading: none is missed
        return self._line.on

    def _try_again(self, fault: Failure) -> None:
        """Who waits for the next edge may wait for ever: the plug is in."""
        if self._again_s == AGAIN_S:
            log.error("cannot read a line that feels outside power: %s", fault)
        self._again = self._timeline.call_later(self._again_s, self._look)
        self._again_s = min(2 * self._again_s, AGAIN_MOST_S)


class SupplyLines:
    """All lines that are wired. `supply(reading)` is called in the loop, for changes only."""

    def __init__(
        self, pins: Pins, settings: Settings, supply: Callable[[Reading], None], timeline: Timeline | None = None
    ) -> None:
        timeline = timeline or asyncio.get_running_loop()
        wired = supply_pins(settings.power).items()
        self._lines = [
            SupplyLine(pin, partial(pins.input, pin), source, timeline, supply) for source, pin in wired
        ]  # fmt: skip

    def readings(self) -> tuple[Reading, ...]:
        """Each line as it was felt last."""
        return tuple(line.reading() for line in self._lines)

    def close(self) -> None:
        """No more readings."""
        for line in self._lines:
            line.close()

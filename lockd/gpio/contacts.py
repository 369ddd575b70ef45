"""What the lock feels: each contact as on or off, once it has come to rest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from lockd.errors import Failure
from lockd.gpio.pins import Input, Pins
from lockd.gpio.timeline import Timeline, Timer
from lockd.settings import Pin, Settings
from lockd.words import Contact

log = logging.getLogger("lockd.contacts")

#: A contact that never rests is read after so many times the debounce time all the same: the
#: inside button must work with a worn contact too.
PATIENCE = 10


def contact_pins(settings: Settings) -> dict[Contact, Pin]:
    """The contacts that are wired."""
    pins: dict[Contact, Pin | None] = {
        "locked": settings.bolt.locked,
        "unlocked": settings.bolt.unlocked,
        "closed": settings.door.contact,
        "tamper": settings.tamper,
        "inside": settings.inside,
        "spindle": settings.spindle,
        "code": settings.ways.code,
        "hole": settings.ways.hole,
    }
    return {contact: pin for contact, pin in pins.items() if pin is not None}


class Debounced:
    """One contact. `rested` is called in the loop with each new level that has come to rest."""

    def __init__(self, line: Input, rest_s: float, timeline: Timeline, rested: Callable[[bool], None]) -> None:
        self._line = line
        self._rest_s = rest_s
        self._timeline = timeline
        self._rested = rested
        self._timer: Timer | None = None
        self._since = 0.0
        line.watch(partial(timeline.call_soon_threadsafe, self._edge))  # before the first reading: none is missed
        self.on = line.on

    def close(self) -> None:
        """No more calls."""
        self._line.watch(None)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._rested = _nobody

    def _edge(self) -> None:
        if self._rested is _nobody:  # it was on its way at the end
            return
        now = self._timeline.time()
        if self._timer is None:
            self._since = now
        else:
            self._timer.cancel()
        wait = min(self._rest_s, self._since + PATIENCE * self._rest_s - now)
        self._timer = self._timeline.call_later(max(wait, 0.0), self._rest)

    def _rest(self) -> None:
        self._timer = None
        try:
            on = self._line.on
        except Failure as fault:
            log.error("cannot read a contact: %s", fault)
            return
        if on != self.on:
            self.on = on
            self._rested(on)


def _nobody(_on: bool) -> None:
    """Who listens after the end."""


class Contacts:
    """All contacts that are wired. `report(contact, on)` is called in the loop, for changes only."""

    def __init__(
        self,
        pins: Pins,
        settings: Settings,
        report: Callable[[Contact, bool], None],
        timeline: Timeline | None = None,
    ) -> None:
        timeline = timeline or asyncio.get_running_loop()
        rest_s = settings.gpio.debounce_ms / 1000
        self._contacts = {
            contact: Debounced(pins.input(pin), rest_s, timeline, partial(report, contact))
            for contact, pin in contact_pins(settings).items()
        }

    def levels(self) -> dict[Contact, bool]:
        """Each contact as it was reported last; at first as it was found."""
        return {contact: debounced.on for contact, debounced in self._contacts.items()}

    def close(self) -> None:
        """No more reports."""
        for debounced in self._contacts.values():
            debounced.close()

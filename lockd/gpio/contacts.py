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
#: A contact that cannot be read is tried again after this long, then twice as long, and so on up to the most.
AGAIN_S, AGAIN_MOST_S = 0.1, 60.0


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
    """One contact. `on`: the level that it rests at; None: it could never be read. `trouble`: why it cannot be read
    now; empty while it can. `rested` is called in the loop with each new level that has come to rest, `told` when
    `trouble` came or went."""

    def __init__(
        self, claim: Callable[[], Input], rest_s: float, timeline: Timeline, rested: Callable[[bool], object],
        told: Callable[[], object],
    ) -> None:  # fmt: skip
        self.on: bool | None = None
        self.trouble = ""
        self._claim = claim
        self._line: Input | None = None
        self._rest_s = rest_s
        self._timeline = timeline
        self._timer: Timer | None = None
        self._again: Timer | None = None
        self._again_s = AGAIN_S
        self._since = 0.0
        self._rested: Callable[[bool], object] = _nobody  # what is found at the start is no news
        self._told: Callable[[], object] = _nobody
        self._look()
        self._rested, self._told = rested, told

    def close(self) -> None:
        """No more calls."""
        if self._line is not None:
            self._line.watch(None)
        for timer in (self._timer, self._again):
            if timer is not None:
                timer.cancel()
        self._timer = self._again = None
        self._rested = self._told = _nobody

    def _edge(self) -> None:
        if self._rested is _nobody:  # it was on its way at the end
            return
        now = self._timeline.time()
        if self._timer is None:
            self._since = now
        else:
            self._timer.cancel()
        wait = min(self._rest_s, self._since + PATIENCE * self._rest_s - now)
        self._timer = self._timeline.call_later(max(wait, 0.0), self._look)

    def _look(self) -> None:
        self._timer = None
        if self._again is not None:
            self._again.cancel()
            self._again = None
        try:
            on = self._level()
        except Failure as fault:
            self._fail(str(fault))
            return
        if self.trouble:
            log.info("a contact can be read again: %s", self.trouble)
            self.trouble, self._again_s = "", AGAIN_S
            self._told()
        if on != self.on:
            self.on = on
            self._rested(on)

    def _level(self) -> bool:
        if self._line is None:
            self._line = self._claim()
            edge = partial(self._timeline.call_soon_threadsafe, self._edge)
            self._line.watch(edge)  # before the first reading: none is missed
        return self._line.on

    def _fail(self, why: str) -> None:
        """The lock goes on without it. It is tried again by itself, as it may have nothing more to say."""
        self._again = self._timeline.call_later(self._again_s, self._look)
        self._again_s = min(2 * self._again_s, AGAIN_MOST_S)
        if not self.trouble:
            log.error("cannot read a contact, and the lock goes on without it: %s", why)
            self.trouble = why
            self._told()


def _nobody(*_on: bool) -> None:
    """Who listens after the end."""


class Contacts:
    """All contacts that are wired. `report(contact, on)` is called in the loop, for changes only; `told` when what
    `troubles` says has changed."""

    def __init__(
        self,
        pins: Pins,
        settings: Settings,
        report: Callable[[Contact, bool], None],
        timeline: Timeline | None = None,
        told: Callable[[], object] = _nobody,
    ) -> None:
        timeline = timeline or asyncio.get_running_loop()
        rest_s = settings.gpio.debounce_ms / 1000
        self._report = report
        self._told_of: set[Contact] = set()
        self._contacts = {
            contact: Debounced(partial(pins.input, pin), rest_s, timeline, partial(self._rested, contact), told)
            for contact, pin in contact_pins(settings).items()
        }
        self._told_of.update(self.levels())

    def levels(self) -> dict[Contact, bool]:
        """Each contact as it was reported last; at first as it was found. One that could never be read is not there."""
        return {contact: each.on for contact, each in self._contacts.items() if each.on is not None}

    def troubles(self) -> dict[Contact, str]:
        """Why these cannot be read now, in words that name their key."""
        return {contact: each.trouble for contact, each in self._contacts.items() if each.trouble}

    def close(self) -> None:
        """No more reports."""
        for debounced in self._contacts.values():
            debounced.close()

    def _rested(self, contact: Contact, on: bool) -> None:
        """An inside button that is found pressed when it can be read at last was pressed by nobody who waits: a
        fault that goes must not open the door."""
        found = contact not in self._told_of
        self._told_of.add(contact)
        if not (found and contact == "inside"):
            self._report(contact, on)

"""What the lock feels: each contact as on or off, once it has come to rest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from lockd.gpio.lines import ReadLine, telling
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
    """One contact. `on`: the level that it rests at; None: it cannot be read. `rested(was, on)` is called in the loop
    with each new one, `told` with why it cannot be read, or an empty line when it can be again."""

    def __init__(
        self, claim: Callable[[], Input], rest_s: float, timeline: Timeline,
        rested: Callable[[bool | None, bool | None], object], told: Callable[[str], object],
    ) -> None:  # fmt: skip
        self._line = ReadLine(claim, self._edge, self._look, timeline, told)
        self._rest_s = rest_s
        self._timeline = timeline
        self._timer: Timer | None = None
        self._since = 0.0
        self._rested = rested
        self.on = self._line.read()

    @property
    def trouble(self) -> str:
        """Why it cannot be read now; empty while it can."""
        return self._line.trouble

    def check(self) -> None:
        """Whether it is still as it was told: a line that died makes no edge, and an edge may be lost."""
        if self._timer is None and self.on is not None and self._line.read() != self.on:
            self._edge()

    def close(self) -> None:
        """No more calls."""
        self._line.close()
        if self._timer is not None:
            self._timer.cancel()

    def _edge(self) -> None:
        now = self._timeline.time()
        if self._timer is None:
            self._since = now
        else:
            self._timer.cancel()
        wait = min(self._rest_s, self._since + PATIENCE * self._rest_s - now)
        self._timer = self._timeline.call_later(max(wait, 0.0), self._look)

    def _look(self) -> None:
        self._timer = None
        was, self.on = self.on, self._line.read()
        if self.on != was:
            self._rested(was, self.on)


class Contacts:
    """All contacts that are wired. `report(contact, on)` is called in the loop, for changes only; None: it cannot be
    read any more. `told` when what `troubles` says has changed."""

    def __init__(
        self,
        pins: Pins,
        settings: Settings,
        report: Callable[[Contact, bool | None], None],
        timeline: Timeline | None = None,
        told: Callable[[], object] = lambda: None,
    ) -> None:
        timeline = timeline or asyncio.get_running_loop()
        rest_s = settings.gpio.debounce_ms / 1000
        self._report = report
        self._contacts = {
            contact: Debounced(
                partial(pins.input, pin), rest_s, timeline, partial(self._rested, contact), telling(log, pin.key, told)
            )
            for contact, pin in contact_pins(settings).items()
        }

    def levels(self) -> dict[Contact, bool]:
        """Each contact as it was reported last; at first as it was found. One that cannot be read is not there."""
        return {contact: each.on for contact, each in self._contacts.items() if each.on is not None}

    def troubles(self) -> dict[Contact, str]:
        """Why these cannot be read now, in words that name their key."""
        return {contact: each.trouble for contact, each in self._contacts.items() if each.trouble}

    def check(self) -> None:
        """Read each anew, at no cost but the reading: nobody tells of a line that died."""
        for debounced in self._contacts.values():
            debounced.check()

    def close(self) -> None:
        """No more reports."""
        for debounced in self._contacts.values():
            debounced.close()

    def _rested(self, contact: Contact, was: bool | None, on: bool | None) -> None:
        """An inside button that is found pressed when it can be read at last was pressed by nobody who waits: a
        fault that goes must not open the door."""
        if not (was is None and contact == "inside"):
            self._report(contact, on)

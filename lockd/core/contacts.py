"""What the contacts say: bolt, door, cover, inside button, and hands on key, wheel and hole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lockd.core.door import DoorMoved
from lockd.core.door import Outcome as DoorOutcome
from lockd.core.effects import Effect, Entry, Show
from lockd.core.entries import Operation, system_entry
from lockd.core.events import Sensed
from lockd.core.instant import Instant
from lockd.core.parts import Parts
from lockd.core.throws import Throws

PANIC_S = 3.0  #: the inside button never locks this soon after it unlocked


class Contacts:
    """One decider beside Guard, Throws and Power."""

    def __init__(self, parts: Parts, throws: Throws) -> None:
        self.parts = parts
        self.throws = throws
        self._cover_told = parts.tampered is True  #: whether what was told last is that the cover is off

    def sensed(self, event: Sensed, at: Instant) -> Iterable[Effect]:
        """One of them changed."""
        match event.contact:
            case "locked" | "unlocked":
                return self.throws.sense(event.contact, event.on, at)
            case "closed":
                return self._door_sensed(event.on, at)
            case "tamper":
                return self._tamper(event.on, at)
            case "inside":
                return self._inside(at) if event.on else ()
            case _:  # the spindle, the code wheel, the hole
                return self.throws.hand(event.contact, event.on, at)

    def _door_sensed(self, closed: bool | None, at: Instant) -> Iterator[Effect]:
        bolt = self.parts.bolt
        thrown = bolt.lock_state == "Locked" and bolt.direction is None
        told_of = self.parts.door.state in ("DoorAjar", "DoorForcedOpen")
        self.throws.hands.stir(at.mono)
        yield from self.tell(self.parts.door.sense(closed, thrown, at.mono), at)
        if closed is False:
            yield from self.throws.door_opened(at)
        if closed and told_of:
            yield Show("quiet")
        self.parts.relock_anew(at)

    def tell(self, outcomes: Iterable[DoorOutcome], at: Instant) -> Iterator[Effect]:
        """Of what became of the door."""
        for outcome in outcomes:
            if isinstance(outcome, DoorMoved):
                yield self.parts.record(Entry("DoorStateChange", at.wall, {"state": outcome.state}), at)
            else:
                yield from self.parts.alarm(outcome.alarm, at, outcome.detail)
                yield Show("ajar" if outcome.alarm == "DoorAjar" else "alarm")

    def _tamper(self, removed: bool | None, at: Instant) -> Iterator[Effect]:
        """Each change is told once, whether or not the contact could be read all the while."""
        self.parts.tampered = removed
        if removed is None or removed == self._cover_told:
            return
        self._cover_told = removed
        if removed:
            yield from self.parts.alarm("FrontEscutcheonRemoved", at)
            yield Show("alarm")
        else:
            yield self.parts.record(system_entry("cover-back", at), at)
            yield Show("quiet")

    def _inside(self, at: Instant) -> Iterator[Effect]:
        """The inside always gets out (promise 5): the button opens, in every mode; it locks only
        what is seen to be unlocked, and not when pressed again in haste."""
        parts = self.parts
        calm = at.mono - self.throws.opened_inside_at > PANIC_S
        locks = parts.bolt.state == "Unlocked" and parts.door.closed is not False and calm
        yield from self.throws.grant(Operation("Lock" if locks else "Unlock", "Button"), at)

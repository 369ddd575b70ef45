"""The door's own contact: open, closed, forced open, ajar and held open."""

from __future__ import annotations

from lockd.value import Value
from lockd.words import Alarm, DoorState

AGAIN_MAX_S = 3600  #: a door held open is told of at doubling distances, up to this


class DoorMoved(Value):
    """The state to publish."""

    state: DoorState


class DoorAlarm(Value):
    """The alarm to raise. `detail`: ajar the first time, held-open at each reminder."""

    alarm: Alarm
    detail: str = ""


Outcome = DoorMoved | DoorAlarm


class Door:
    """One door. `closed` None: there is no contact, or it cannot be read; its state is Unknown. Times: mono seconds."""

    def __init__(self, closed: bool | None, ajar_s: float, at: float) -> None:
        self.closed = closed
        self.ajar_s = ajar_s
        self.state: DoorState = "Unknown"
        self.deadline: float | None = None
        self._allowed = False
        self._again_s = ajar_s
        if closed is not None:
            self._settle("DoorClosed" if closed else "DoorOpen", at)

    def sense(self, closed: bool | None, bolt_out: bool, at: float) -> tuple[Outcome, ...]:
        """The contact changed; None: it cannot be read any more. `bolt_out`: the bolt's contact says Locked and
        nobody is drawing it."""
        if closed == self.closed:
            return ()
        self.closed = closed
        if closed is None:
            return self._settle("Unknown", at)
        if closed:
            return self._settle("DoorClosed", at)
        if bolt_out:
            return (*self._settle("DoorForcedOpen", at), DoorAlarm("DoorForcedOpen"))
        return self._settle("DoorOpen", at)

    def tick(self, at: float) -> tuple[Outcome, ...]:
        """Open for longer than it should be."""
        first = self.state != "DoorAjar"
        self._again_s = min(self._again_s * 2, max(AGAIN_MAX_S, self.ajar_s))
        self.deadline = at + self._again_s
        if not first:
            return (DoorAlarm("DoorAjar", "held-open"),)
        self.state = "DoorAjar"
        return (DoorMoved("DoorAjar"), DoorAlarm("DoorAjar", "ajar"))

    def allow(self, to_be_open: bool, at: float) -> None:
        """In Passage mode an open door is as it should be."""
        if to_be_open == self._allowed:
            return
        self._allowed = to_be_open
        self.deadline = self._limit(at)

    def limit(self, ajar_s: float, at: float) -> None:
        """Another time from which on an open door is ajar."""
        if ajar_s != self.ajar_s:
            self.ajar_s = self._again_s = ajar_s
            self.deadline = self._limit(at)

    def _settle(self, state: DoorState, at: float) -> tuple[Outcome, ...]:
        self.state = state
        self._again_s = self.ajar_s
        self.deadline = self._limit(at)
        return (DoorMoved(state),)

    def _limit(self, at: float) -> float | None:
        watched = self.closed is False and self.ajar_s and not self._allowed
        return at + self.ajar_s if watched else None

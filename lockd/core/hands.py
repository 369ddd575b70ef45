"""Hands at the door: whose it was that moved the bolt, and whether it left the bolt between its ends."""

from __future__ import annotations

from lockd.core.lockout import Trickle
from lockd.settings import Pin, Settings
from lockd.words import Contact

HAND_S = 1.5  #: a bolt that moves this soon after the key turned was moved by the key; so with the other contacts
HELD_S = 5.0  #: a key that seems to turn for longer is a contact that sticks
CALM_S = 5.0  #: nobody is at the door any more when nothing has moved for this long

#: Contacts that feel a hand from outside, and what it moves the bolt with.
HANDS: dict[Contact, str] = {"hole": "emergency-hole", "code": "mechanical-code", "spindle": "mechanical-key"}


def hand_pins(settings: Settings) -> dict[Contact, Pin | None]:
    """Where these are wired."""
    return {"hole": settings.ways.hole, "code": settings.ways.code, "spindle": settings.spindle}


class Hands:
    """Times: mono seconds. `left`: a hand has left the bolt between its ends, or stopped it there."""

    def __init__(self) -> None:
        self.left = False
        #: Since when a hand is at these contacts, or is no longer.
        self._felt: dict[Contact, tuple[float, bool]] = {}
        #: A contact that chatters gets so many alarms, then a count.
        self._used: dict[Contact, Trickle] = {}
        self._moved_at = float("-inf")

    def feel(self, contact: Contact, on: bool | None, at: float) -> None:
        """One of the contacts changed. None: it cannot be read any more, so that whoever left the bolt between its
        ends may still be there."""
        if on is None:
            self._felt.pop(contact, None)
            self.left = False
            return
        self._felt[contact] = (at, on)
        self.stir(at)

    def stir(self, at: float) -> None:
        """Something moved at the door."""
        self._moved_at = at

    def untold(self, contact: Contact, at: float) -> int | None:
        """How many alarms of this contact went untold before this one; None: this one does too."""
        return self._used.setdefault(contact, Trickle()).take(at)

    def holding(self, at: float) -> bool:
        """Whether somebody moves the bolt now."""
        return any(on and at - since <= HELD_S for since, on in self._felt.values())

    def whose(self, at: float) -> str:
        """By which way the bolt is moved now, as far as contacts say it; empty: by none of these."""
        for contact, detail in HANDS.items():
            since, on = self._felt.get(contact, (float("-inf"), False))
            if on or at - since <= HAND_S:
                return detail
        return ""

    @property
    def gone_at(self) -> float | None:
        """When whoever left the bolt between its ends is surely gone; None: nobody has, or he is still there."""
        if not self.left or any(on for _, on in self._felt.values()):
            return None
        return self._moved_at + CALM_S

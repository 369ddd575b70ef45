"""Where the modelled bolt is, as a function of time. 0 is out (locked), 1 is in (unlocked)."""

from __future__ import annotations

from lockd.words import Direction

TRAVEL_S = 0.4
#: What is in the way of a jammed bolt lies between these.
OBSTACLE = (0.45, 0.55)


class Travel:
    """A bolt that moves at one speed while it is pushed and there is room."""

    def __init__(self, place: float, now: float) -> None:
        self.place = place
        self._then = now
        self._speed = 0.0

    def advance(self, now: float, jammed: bool) -> float:
        """Let the time since the last look pass; the place it has come to."""
        if self._speed:
            low, high = self._room(jammed)
            self.place = min(high, max(low, round(self.place + self._speed * (now - self._then), 9)))
        self._then = now
        return self.place

    def push(self, way: Direction | None, jammed: bool) -> float:
        """It is pushed that way from now on; the seconds until it comes to rest, 0 when it is."""
        low, high = self._room(jammed)
        sign, room = {"Locking": (-1, self.place - low), "Unlocking": (1, high - self.place), None: (0, 0.0)}[way]
        self._speed = sign / TRAVEL_S if room else 0.0
        return room * TRAVEL_S

    def _room(self, jammed: bool) -> tuple[float, float]:
        """Between which places it can move."""
        near, far = OBSTACLE
        if not jammed:
            return 0.0, 1.0
        if near < self.place < far:
            return self.place, self.place
        return (0.0, near) if self.place <= near else (far, 1.0)

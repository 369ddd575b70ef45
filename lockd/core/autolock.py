"""When an unlocked bolt is thrown again by itself: never on an open door, never a stale one."""

from __future__ import annotations


class Autolock:
    """Times: mono seconds. `deadline`: when to lock; None: not now. While the door is open the
    delay is held, and begins anew, whole, at each close. `fired`: the deadline has come, and
    nothing has happened since that makes its relock a stale one."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        self.fired = False
        self._delay_s = 0.0

    @property
    def due(self) -> bool:
        """Whether the bolt is to be thrown, at the deadline or now."""
        return self.fired or self.deadline is not None

    def unlocked(self, delay_s: float, door_closed: bool | None, at: float) -> None:
        """The bolt was drawn (again). Delay 0: no relock."""
        self._delay_s = delay_s
        self.anew(door_closed, at)

    def locked(self) -> None:
        """Nothing left to do."""
        self.unlocked(0.0, None, 0.0)

    def anew(self, door_closed: bool | None, at: float) -> None:
        """The whole delay once more: the door's contact changed, or a relock came to nothing."""
        self.fired = False
        self.deadline = at + self._delay_s if self._delay_s and door_closed is not False else None

    def fire(self) -> None:
        """The deadline has come."""
        self.fired = True
        self.deadline = None

    def take(self) -> bool:
        """The relock that was asked for at the deadline begins. False: it is a stale one."""
        fired, self.fired = self.fired, False
        return fired

"""When an unlocked bolt is thrown again by itself: never on an open door, never a stale one."""

from __future__ import annotations


class Autolock:
    """Times: mono seconds. `deadline`: when to lock; None: not now. While the door is open the
    delay is held, and begins anew, whole, at each close."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        self._delay_s = 0.0

    def unlocked(self, delay_s: float, door_closed: bool | None, at: float) -> None:
        """The bolt was drawn (again). Delay 0: no relock."""
        self._delay_s = delay_s
        self.deadline = at + delay_s if delay_s and door_closed is not False else None

    def locked(self) -> None:
        """Nothing left to do."""
        self._delay_s = 0.0
        self.deadline = None

    def door(self, closed: bool, at: float) -> None:
        """The door's contact changed."""
        self.deadline = at + self._delay_s if closed and self._delay_s else None

    def fired(self) -> None:
        """The deadline was taken; a close of the door brings the next one."""
        self.deadline = None

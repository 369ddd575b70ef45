"""How long the keypad still refuses, worked out from what the lock tells.

LockoutRemaining speaks of D-Bus callers; each other source counts for itself. So the panel
follows the alarms in the log: the first lockout takes UserCodeTemporaryDisableTime, each further
one twice as long, until a right PIN.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

LONGEST_S = 3600


class KeypadLockout:
    """`now`: the wall clock, in seconds since 1970, as the events' times are."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._first_s = 90
        self._alarms: list[float] = []

    def seen(self, properties: Mapping[str, Any]) -> None:
        """The length of a first lockout may have changed."""
        self._first_s = properties.get("UserCodeTemporaryDisableTime", self._first_s)

    def hear(self, event: Mapping[str, Any]) -> None:
        """An event, from the log or as it happens, in order."""
        if event.get("source") != "Keypad":
            return
        if event.get("alarm") == "WrongCodeEntryLimit":
            self._alarms.append(event["time"] / 1e6)
        elif event.get("kind") == "LockOperation" and event.get("credentials"):
            self._alarms.clear()

    def forget(self) -> None:
        """Begin anew: the whole log will be told again."""
        self._alarms.clear()

    def remaining(self) -> int:
        """Whole seconds, rounded up; 0: it may be used."""
        if not self._alarms:
            return 0
        lasts = min(self._first_s * 2 ** min(len(self._alarms) - 1, 20), max(LONGEST_S, self._first_s))
        return max(0, -int(-(self._alarms[-1] + lasts - self._now()) // 1))

"""What takes everybody away is asked for twice: one call may be a slip, an index that a script left at its default."""

from __future__ import annotations

import time
from collections.abc import Callable

from lockd.errors import ConstraintError

WITHIN_S = 30


class Twice:
    """Remembers the call that was asked last. `clock`: mono seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: tuple[tuple[str, ...], float] | None = None

    def sure(self, what: str, *call: str) -> None:
        """ConstraintError unless the call before was this one, of the same caller, a moment ago. `what`: it removes."""
        before, now = self._last, self._clock()
        if before is not None and before[0] == call and now - before[1] <= WITHIN_S:
            self._last = None
            return
        self._last = call, now
        text = f"This removes {what} (confirm): to do it make the same call once more within {WITHIN_S} s."
        raise ConstraintError(text, "confirm")

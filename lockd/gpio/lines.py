"""Lines that may fail, each by itself: what cannot be done with them is tried again.

Whoever waited for the next edge of a line that failed might wait for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from logging import Logger
from typing import TypeVar

from lockd.errors import Failure
from lockd.gpio.pins import Input
from lockd.gpio.timeline import Timeline, Timer

#: What failed is tried again after this long, then after twice as long, and so on up to the most.
AGAIN_S, AGAIN_MOST_S = 0.1, 60.0

Done = TypeVar("Done")


class Attempts:
    """At one thing that may fail. `trouble`: why it fails now; empty while it does not. `again` is called in the
    loop when it is time for another attempt, `told` with each new `trouble`: once until it is gone, and then."""

    def __init__(self, again: Callable[[], object], timeline: Timeline, told: Callable[[str], object]) -> None:
        self.trouble = ""
        self._again, self._timeline, self._told = again, timeline, told
        self._wait_s = AGAIN_S
        self._timer: Timer | None = None

    def make(self, deed: Callable[[], Done]) -> Done | None:
        """What the deed gives; None: it was a Failure."""
        self.close()
        try:
            done = deed()
        except Failure as fault:
            self._timer = self._timeline.call_later(self._wait_s, self._again)
            self._wait_s = min(2 * self._wait_s, AGAIN_MOST_S)
            self._be(self.trouble or str(fault))
            return None
        self._wait_s = AGAIN_S
        self._be("")
        return done

    def close(self) -> None:
        """None by itself any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def _be(self, trouble: str) -> None:
        before, self.trouble = self.trouble, trouble
        if trouble != before:
            self._told(trouble)


def telling(log: Logger, what: str, told: Callable[[], object]) -> Callable[[str], None]:
    """A `told` that logs, and tells somebody who will ask."""

    def tell(trouble: str) -> None:
        if trouble:
            log.error("%s fails, and the lock goes on without it: %s", what, trouble)
        else:
            log.info("%s works again", what)
        told()

    return tell


class ReadLine:
    """One line. `edge` is called in the loop at each change of its level; `again` and `told` as by Attempts."""

    def __init__(
        self, claim: Callable[[], Input], edge: Callable[[], object], again: Callable[[], object], timeline: Timeline,
        told: Callable[[str], object],
    ) -> None:  # fmt: skip
        self._claim, self._edge = claim, edge
        self._timeline = timeline
        self._line: Input | None = None
        self._attempts = Attempts(again, timeline, told)
        self._closed = False

    @property
    def trouble(self) -> str:
        """Why it cannot be read now; empty while it can."""
        return self._attempts.trouble

    def read(self) -> bool | None:
        """Its level now; None: it cannot be read, and `again` will be called."""
        return self._attempts.make(self._level)

    def close(self) -> None:
        """No more calls."""
        self._closed = True
        self._attempts.close()
        if self._line is not None:
            self._line.watch(None)

    def _level(self) -> bool:
        if self._line is None:
            self._line = self._claim()
            self._line.watch(partial(self._timeline.call_soon_threadsafe, self._changed))  # so that no edge is missed
        return self._line.on

    def _changed(self) -> None:
        if not self._closed:  # else it was on its way at the end
            self._edge()

"""From keys to the core: the keypad's line of typing, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lockd.core.keypad import Cleared, Code, Digit, Entered, Entry
from lockd.daemon.tries import STAR, Tries
from lockd.words import Sign


class Typing:
    """`timeout_s`: how long an unfinished code is kept, asked at each key; `begun` is called
    at the first key of a code. Any keypad's keys may join in."""

    def __init__(
        self,
        timeout_s: Callable[[], float],
        tries: Tries,
        show: Callable[[Sign], None],
        begun: Callable[[], None],
    ) -> None:
        self._entry = Entry(timeout_s())
        self._timeout_s, self._begun = timeout_s, begun
        self._tries, self._show = tries, show
        self._programming = False  # whether the lock programmed as the line was begun
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def press(self, key: str) -> None:
        """One key went down."""
        self._entry.timeout_s = self._timeout_s()
        fresh = self._entry.deadline is None
        if fresh:
            self._programming = self._tries.programming
        typed = self._entry.press(key, self._loop.time())
        self._arm()
        match typed:
            case Digit():
                self._show("key")
                if fresh:
                    self._begun()
            case Cleared(nothing):
                self._show("clear")
                if nothing:
                    self._tries.type(STAR, self._programming)
            case Entered():
                self._tries.type("", self._programming)
            case Code(digits):
                self._tries.type(digits or "too long", self._programming)

    def close(self) -> None:
        """Forget what was typed."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._entry.deadline is not None:
            self._timer = self._loop.call_at(self._entry.deadline, self._expire)

    def _expire(self) -> None:
        if self._entry.expire(self._loop.time()) is not None:
            self._show("clear")

"""From keys to the core: the keypad's line of typing, its digest, its event."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lockd.core.events import EnterPressed, Event, OperationAsked, Presented
from lockd.core.keypad import Cleared, Code, Digit, Entered, Entry
from lockd.daemon.digests import Digests
from lockd.words import Sign


class Typing:
    """`timeout_s`: how long an unfinished code is kept, asked at each key; `held`: seconds that the keypad
    still has to wait; `begun` is called at the first key of a code; `presented`: how the core is shown what was
    typed, with its digest. Codes are decided in the order typed."""

    def __init__(
        self,
        timeout_s: Callable[[], float],
        digests: Digests,
        presented: Callable[[str, bytes], Presented],
        submit: Callable[[Event], None],
        show: Callable[[Sign], None],
        held: Callable[[], float],
        begun: Callable[[], None],
    ) -> None:
        self._entry = Entry(timeout_s())
        self._timeout_s, self._begun = timeout_s, begun
        self._digests, self._presented_as = digests, presented
        self._submit, self._show, self._held = submit, show, held
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._codes: set[asyncio.Task[None]] = set()

    def press(self, key: str) -> None:
        """One key went down."""
        self._entry.timeout_s = self._timeout_s()
        fresh = self._entry.deadline is None
        typed = self._entry.press(key, self._loop.time())
        self._arm()
        match typed:
            case Digit():
                self._show("key")
                if fresh:
                    self._begun()
            case Cleared():
                self._show("clear")
            case Entered():
                self._submit(EnterPressed())
            case Code(digits):
                task = self._loop.create_task(self._present(digits))
                self._codes.add(task)
                task.add_done_callback(self._presented)

    def close(self) -> None:
        """Forget what was typed."""
        if self._timer is not None:
            self._timer.cancel()
        for task in self._codes:
            task.cancel()

    async def _present(self, digits: str | None) -> None:
        """During a lockout nothing is hashed: it would be refused whatever it is."""
        digest = b""
        if not self._held():
            digest = await self._digests.digest("Keypad", "PIN", digits or "too long")
        self._submit(OperationAsked("Unlock", "Keypad", self._presented_as(digits or "", digest)))

    def _presented(self, task: asyncio.Task[None]) -> None:
        self._codes.discard(task)
        if not task.cancelled():
            task.result()  # a mistake of ours is told to the loop's exception handler

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._entry.deadline is not None:
            self._timer = self._loop.call_at(self._entry.deadline, self._expire)

    def _expire(self) -> None:
        if self._entry.expire(self._loop.time()) is not None:
            self._show("clear")

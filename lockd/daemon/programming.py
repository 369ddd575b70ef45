"""Lines that are typed while the lock programs, made into events: numbers as they are, PINs as digests.

One line is answered before the next is looked at, in a task of its own, so that no card at the reader waits while
a new PIN is rated (enrolment.py: that may take some seconds).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from lockd.core.events import Event, LineTyped, ProgrammingLeft
from lockd.core.lock import Lock
from lockd.daemon.tries import STAR, Lines
from lockd.errors import LockdError
from lockd.words import PINVerdict, Sign

if TYPE_CHECKING:
    from lockd.core.programming import Asked
    from lockd.daemon.enrolment import Enrolment
    from lockd.settings import LockSettings

#: Fewer digits than any PIN has.
CHOICE_MOST = 3
#: Lines that may wait.
WAITING_MAX = 16


class Dialogue(Lines):
    """`settings`: those of PINs, as they are now; `enrolment`: rates and digests; `ask`: has the core decide about
    an event that is made with the number of its request, and waits for the answer; `tries`: takes a line that is
    none of programming."""

    def __init__(
        self, lock: Lock, settings: Callable[[], LockSettings], enrolment: Callable[[], Enrolment],
        ask: Callable[[Callable[[int], Event]], Awaitable[object]], tries: Callable[[str], None],
        show: Callable[[Sign], None],
    ) -> None:  # fmt: skip
        self._lock, self._settings, self._enrolment = lock, settings, enrolment
        self._ask, self._try, self._show = ask, tries, show
        self._queue: deque[str] = deque()
        self._work: asyncio.Task[None] | None = None

    @property
    def on(self) -> bool:
        """Whether the lock programs now."""
        return self._lock.programming is not None

    def take(self, line: str) -> bool:
        """A code in place of a choice is a try, and who waits for the lock to program no more may come in."""
        if not self.on or (self._work is None and self._is_code(line)):
            return False
        if len(self._queue) >= WAITING_MAX:
            self._show("refused")
            return True
        self._queue.append(line)
        if self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._answer_all())
            self._work.add_done_callback(self._answered)
        return True

    def missed(self) -> None:
        """It is forgotten."""
        self._show("clear")

    def close(self) -> None:
        """Forget what was typed."""
        self._queue.clear()
        if self._work is not None:
            self._work.cancel()

    async def _answer_all(self) -> None:
        while self._queue:
            line, asked = self._queue.popleft(), self._lock.programming
            if asked is None:
                self.missed()
            elif self._is_code(line):
                later = (line, *self._queue)
                self._queue.clear()
                for each in later:
                    self._try(each)
            else:
                await self._answer(line, asked)
        self._work = None

    @staticmethod
    def _answered(work: asyncio.Task[None]) -> None:
        if not work.cancelled():
            work.result()  # a mistake of ours is told to the loop's exception handler

    def _is_code(self, line: str) -> bool:
        asked = self._lock.programming
        return asked is not None and asked.step == "choice" and len(line) > CHOICE_MOST

    async def _answer(self, line: str, asked: Asked) -> None:
        if line == STAR:
            await self._ask(ProgrammingLeft)
            return
        most = len(str(self._lock.parts.settings.users.max))
        number = int(line) if line.isdecimal() and len(line) <= most else None
        answer = LineTyped(asked.number, number)
        if asked.step in ("pin", "again"):
            answer = await self._pin(line, asked) if line.isdecimal() else answer.but(verdict="refused")
        await self._ask(lambda request: answer.but(request=request))

    async def _pin(self, line: str, asked: Asked) -> LineTyped:
        """A new one is rated as anywhere, and in the core it is a digest alone."""
        from lockd.daemon.enrolment import NEAR

        settings, enrolment = self._settings(), self._enrolment()
        try:
            if asked.step == "again":
                return LineTyped(asked.number, None, await enrolment.hash(line))
            if settings.pin_quality != "allow":
                self._show("working")
            faults = await enrolment.rate(settings, line, asked.user)
            rated = settings.but(pin_quality="allow")
            digest, forced = await enrolment.digest(rated, asked.kind, line.encode(), asked.user, {})
        except LockdError:  # too short, too long, or no time for it: the sign says that it is not taken
            return LineTyped(asked.number, verdict="refused")
        verdict: PINVerdict = "good" if not faults else "refused" if settings.pin_quality == "refuse" else "weak"
        return LineTyped(asked.number, None, digest, forced, verdict, NEAR in faults)

"""What people show at the door, digested and decided in the order it came: one try after the other."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable

from lockd.core.events import Event, OperationAsked, Presented
from lockd.daemon.digests import Digests
from lockd.words import CredentialType, Source

#: Tries of one source that may wait: what is shown faster than anybody can is refused unread, so
#: that no reader, however mad, keeps a PIN waiting for more than so many of its hashes.
WAITING_MAX: dict[Source, int] = {"Keypad": 4, "RFID": 2, "Biometric": 2}

#: All of the door's tries share one lane of the digester: its own order is theirs.
LANE: Source = "Keypad"


class Tries:
    """`presented`: how the core is shown it, with its digest; `submit`: to the core; `held`: seconds that a
    source still has to wait."""

    def __init__(
        self,
        digests: Digests,
        presented: Callable[[CredentialType, str, bytes], Presented],
        submit: Callable[[Event], None],
        held: Callable[[Source], float],
    ) -> None:
        self._digests, self._presented, self._submit, self._held = digests, presented, submit, held
        self._queue: deque[tuple[Source, CredentialType, str]] = deque()
        self._waiting: Counter[Source] = Counter()
        self._work: asyncio.Task[None] | None = None

    def show(self, source: Source, kind: CredentialType, secret: str) -> None:
        """Somebody wants to come in with this."""
        if self._waiting[source] >= WAITING_MAX[source]:
            self._ask(source, Presented(kind, b""))
            return
        self._waiting[source] += 1
        self._queue.append((source, kind, secret))
        if self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._decide())
            self._work.add_done_callback(self._decided)

    def close(self) -> None:
        """Forget what was shown."""
        self._queue.clear()
        if self._work is not None:
            self._work.cancel()

    async def _decide(self) -> None:
        """During a lockout nothing is hashed: it would be refused whatever it is."""
        while self._queue:
            source, kind, secret = self._queue.popleft()
            digest = b"" if self._held(source) else await self._digests.digest(LANE, kind, secret)
            self._waiting[source] -= 1
            self._ask(source, self._presented(kind, secret, digest))
        self._work = None  # and not when the task is called done: what is shown in between would wait for ever

    @staticmethod
    def _decided(work: asyncio.Task[None]) -> None:
        if not work.cancelled():
            work.result()  # a mistake of ours is told to the loop's exception handler

    def _ask(self, source: Source, presented: Presented) -> None:
        self._submit(OperationAsked("Unlock", source, presented))

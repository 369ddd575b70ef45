"""What people show at the door, digested and decided in the order it came: one try after the other.

What is typed while the lock programs is no try: such lines go to daemon/programming.py, also when they were
typed before it was decided that the lock programs.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable

from lockd.core.events import EnterPressed, Event, OperationAsked, Presented
from lockd.daemon.digests import Digests
from lockd.value import Value, secret
from lockd.words import CredentialType, Source

#: Tries of one source that may wait: what is shown faster than anybody can is refused unread, so
#: that no reader, however mad, keeps a PIN waiting for more than so many of its hashes.
WAITING_MAX: dict[Source, int] = {"Keypad": 4, "RFID": 2, "Biometric": 2}
#: Lines that cost no hash may wait beside them, and take no place of theirs.
FREE_MAX = 16

#: All of the door's tries share one lane of the digester: its own order is theirs.
LANE: Source = "Keypad"

#: A line of typing that is `*` alone; `#` alone is an empty one.
STAR = "*"


class Shown(Value):
    """What waits. `typed`: a line from the keypad, which may be empty or STAR; `programming`: it was begun while the
    lock programmed, so it is meant for nothing else."""

    source: Source
    kind: CredentialType
    data: str = secret()
    typed: bool = False
    programming: bool = False

    @property
    def free(self) -> bool:
        """Whether it costs no hash, as it is no code."""
        return self.typed and self.data in ("", STAR)


class Lines:
    """Who takes lines while the lock programs (daemon/programming.py): here nobody, as it never does."""

    @property
    def on(self) -> bool:
        """Whether it does now."""
        return False

    def take(self, line: str) -> bool:
        """Whether the line is for programming, and taken."""
        return False

    def missed(self) -> None:
        """A line was begun while the lock programmed, and finished too late."""

    def close(self) -> None:
        """Forget what was typed."""


class Tries:
    """`presented`: how the core is shown it, with its digest; `submit`: to the core; `held`: seconds that a
    source still has to wait. `lines`: who takes what is typed while the lock programs, from when it is loaded."""

    def __init__(
        self,
        digests: Digests,
        presented: Callable[[CredentialType, str, bytes], Presented],
        submit: Callable[[Event], None],
        held: Callable[[Source], float],
    ) -> None:
        self._digests, self._presented, self._submit, self._held = digests, presented, submit, held
        self.lines = Lines()
        self._queue: deque[Shown] = deque()
        self._waiting: Counter[tuple[Source, bool]] = Counter()
        self._work: asyncio.Task[None] | None = None

    @property
    def programming(self) -> bool:
        """Whether a line that is begun now is for programming."""
        return self.lines.on

    def show(self, source: Source, kind: CredentialType, data: str) -> None:
        """Somebody wants to come in with this."""
        self._add(Shown(source, kind, data))

    def type(self, line: str, programming: bool) -> None:
        """Somebody typed this, up to `#`; `programming`: the lock did as he began."""
        self._add(Shown("Keypad", "PIN", line, True, programming))

    def close(self) -> None:
        """Forget what was shown."""
        self._queue.clear()
        if self._work is not None:
            self._work.cancel()

    def _add(self, shown: Shown) -> None:
        kind = shown.source, shown.free
        if self._waiting[kind] >= (FREE_MAX if shown.free else WAITING_MAX[shown.source]):
            if not shown.free:
                self._ask(shown.source, Presented(shown.kind, b""))
            return
        self._waiting[kind] += 1
        self._queue.append(shown)
        if self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._decide())
            self._work.add_done_callback(self._decided)

    async def _decide(self) -> None:
        while self._queue:
            shown = self._queue.popleft()
            if not (shown.typed and self._is_line(shown)):
                await self._try(shown)
            self._waiting[shown.source, shown.free] -= 1
        self._work = None  # and not when the task is called done: what is shown in between would wait for ever

    def _is_line(self, shown: Shown) -> bool:
        """Whether it is no try: for programming, or too late for it, or no code at all."""
        lines = self.lines
        if lines.take(shown.data):
            return True
        if shown.programming and not lines.on:
            lines.missed()
            return True
        if shown.data == "":
            self._submit(EnterPressed())
        return shown.free

    async def _try(self, shown: Shown) -> None:
        """During a lockout nothing is hashed: it would be refused whatever it is."""
        held = self._held(shown.source)
        digest = b"" if held else await self._digests.digest(LANE, shown.kind, shown.data)
        self._ask(shown.source, self._presented(shown.kind, shown.data, digest))

    @staticmethod
    def _decided(work: asyncio.Task[None]) -> None:
        if not work.cancelled():
            work.result()  # a mistake of ours is told to the loop's exception handler

    def _ask(self, source: Source, presented: Presented) -> None:
        self._submit(OperationAsked("Unlock", source, presented))

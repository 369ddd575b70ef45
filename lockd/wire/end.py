"""What the two ends of a connection do alike: one handshake, one session, and their limits. Times: mono seconds."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from typing import Literal

from lockd.wire import results
from lockd.wire.errors import WireError
from lockd.wire.events import Output
from lockd.wire.framing import DATA, Message, Reassembler, fragments
from lockd.wire.noise import Cipher, Handshake

HANDSHAKE_S = 5.0  #: between two messages before the handshake is over
IDLE_S = 30.0  #: between two messages after it
LASTS_S = 120.0
MAX_MESSAGES = 256  #: of both ends together

SESSION, ENROLMENT = 0, 1
State = Literal["start", "answered", "open", "closed"]


def prologue(info: bytes, mode: int) -> bytes:
    """What both ends must agree on before the handshake. `mode`: SESSION or ENROLMENT."""
    return b"LKP1\0" + hashlib.sha256(info).digest() + bytes((mode,))


class End(ABC):
    """What both ends do alike."""

    def __init__(self, kinds: frozenset[int], tag: int | None, mtu: int, at: float) -> None:
        self.state: State = "start"
        self._frames = Reassembler(kinds, tag)
        self._mtu = mtu
        self._handshake: Handshake | None = None
        self._ciphers: tuple[Cipher, Cipher] | None = None
        self._idle = at + HANDSHAKE_S
        self._until = at + LASTS_S
        self._messages = 0

    @property
    def closed(self) -> bool:
        """Whether it is wiped."""
        return self.state == "closed"

    @property
    def _spent(self) -> bool:
        """Whether there is room for the last word only."""
        return self._messages >= MAX_MESSAGES - 1

    def next_deadline(self) -> float | None:
        """When to call `tick`; None: never."""
        if self.closed:
            return None
        limits = (self._idle, self._until, self._frames.deadline)
        return min(limit for limit in limits if limit is not None)

    def tick(self, at: float) -> Output:
        """End what took too long."""
        deadline = self.next_deadline()
        if deadline is None or at < deadline:
            return Output()
        unfinished = self._frames.deadline
        slow = unfinished is not None and at >= unfinished
        return self._fail(results.BAD_FRAMING, at) if slow else self._late(at)

    def _receive(self, value: bytes, offset: int, at: float) -> Output:
        if self.closed:
            return Output(error=results.BAD_HANDSHAKE)
        late = self.tick(at)
        if late.events:
            return late
        try:
            message = self._frames.feed(value, offset, at)
            return Output() if message is None else self._take(message, at)
        except WireError as error:
            return self._fail(error.code, at)

    @abstractmethod
    def _take(self, message: Message, at: float) -> Output:
        """What a message comes to in this state."""

    @abstractmethod
    def _late(self, at: float) -> Output:
        """A limit has been reached."""

    @abstractmethod
    def _fail(self, code: int, at: float) -> Output:
        """Wipe the session."""

    def _open_up(self, at: float) -> None:
        """The handshake is over."""
        assert self._handshake is not None
        self._ciphers = self._handshake.split()
        self._handshake = None
        self.state = "open"
        self._idle, self._until = at + IDLE_S, at + LASTS_S

    def _sealed(self, plain: bytes, at: float) -> tuple[bytes, ...]:
        """The frames of the next message of the session."""
        assert self._ciphers is not None
        self._messages += 1
        self._idle = at + IDLE_S
        return self._sent(DATA, self._ciphers[0].seal(plain))

    def _opened(self, body: bytes, at: float) -> bytes:
        """What the other end says in its next message."""
        assert self._ciphers is not None
        plain = self._ciphers[1].open(body)
        self._messages += 1
        self._idle = at + IDLE_S
        return plain

    def _sent(self, kind: int, body: bytes) -> tuple[bytes, ...]:
        return fragments(kind, self._frames.tag or 0, body, self._mtu)

    def _wipe(self) -> None:
        self.state = "closed"
        self._handshake = self._ciphers = None
        self._frames = Reassembler(frozenset(), self._frames.tag)

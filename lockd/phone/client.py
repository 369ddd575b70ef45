"""The phone's end of one connection: a session of `lockd.wire` over a Transport.

It waits and sends, and decides nothing. The time comes from `clock` (mono seconds), so that a test can
let it pass.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from lockd.errors import LockdError
from lockd.phone.refusals import Refused, Unreachable, refusal
from lockd.phone.transport import Transport
from lockd.value import Value, secret
from lockd.wire import results
from lockd.wire.errors import WireError
from lockd.wire.events import Closed, Event, Output, Replied
from lockd.wire.noise import KeyPair
from lockd.wire.session import PhoneSession

ANSWER_S = 10.0  #: for the first answer to a command, the handshake included
COMPLETE_S = 25.0  #: from ACCEPTED to the bolt's arrival

Random = Callable[[int], bytes]
Clock = Callable[[], float]


class Way(Value):
    """With which keys to which lock. `private`: this phone's X25519 key; `lock_key`: the lock's public one;
    `psk`: the invitation's secret, for an enrolment."""

    private: bytes = secret()
    lock_key: bytes
    psk: bytes | None = secret(default=None)


class Client:
    """One session. `met`: the other end has proved to be the lock."""

    def __init__(self, line: Transport, session: PhoneSession, clock: Clock) -> None:
        self._line, self._session, self._clock = line, session, clock
        self._heard: deque[Event] = deque()
        self._last = 0
        self.met = False

    @classmethod
    async def over(
        cls, line: Transport, way: Way, random: Random = os.urandom, clock: Clock = time.monotonic
    ) -> Client:
        """A session over a connection that is open. Nothing is sent before the first command but the
        question for INFO; UnsupportedCommand: the lock speaks another version."""
        info = await line.info()
        try:
            keys = KeyPair(way.private)
            session = PhoneSession(keys, way.lock_key, info, random, clock(), way.psk, line.mtu)
        except WireError as error:
            raise refusal(error.code) from None
        return cls(line, session, clock)

    async def command(
        self, name: str, fields: Mapping[str, Any] | None = None, accepted: Callable[[], None] = lambda: None
    ) -> Mapping[str, Any]:
        """Give a command, wait until it is complete, and give what its answer carries.

        `accepted` is called when the lock has granted it and the bolt is on its way. A refusal, a session that
        the lock ends, or one that takes too long is the error that says so.
        """
        self._last += 1
        try:
            start = self._session.start if self._last == 1 else self._session.send
            await self._take(start(name, fields or {}, self._clock()))
        except WireError as error:
            raise refusal(error.code) from None
        reply = await self._answer(self._last, ANSWER_S)
        if reply.result == results.ACCEPTED:
            accepted()
            reply = await self._answer(self._last, COMPLETE_S)
        if reply.result != results.COMPLETE:
            raise refusal(reply.result)
        return reply.fields

    async def _answer(self, identity: int, seconds: float) -> Replied:
        """The next answer to that command; one to an earlier command is of no interest any more."""
        until = self._clock() + seconds
        while True:
            match await self._next(until):
                case Replied() as reply if reply.id == identity:
                    return reply
                case Closed(code):
                    raise refusal(code)

    async def _next(self, until: float) -> Event:
        while not self._heard:
            limit = min(until, self._session.next_deadline() or until)
            frame = await self._line.notified(limit)
            now = self._clock()
            await self._take(self._session.tick(now) if frame is None else self._session.receive(frame, now))
            if frame is None and not self._heard and now >= until:
                raise refusal(results.TIMEOUT)
        return self._heard.popleft()

    async def _take(self, out: Output) -> None:
        """Send what is to be sent."""
        self._hear(out)
        try:
            for frame in out.frames:
                await self._line.write(frame)
        except Refused as error:
            raise await self._last_word(refusal(error.code)) from None
        except Unreachable as error:
            raise await self._last_word(error) from None

    def _hear(self, out: Output) -> None:
        self._heard.extend(out.events)
        self.met = self.met or self._session.state == "open"

    async def _last_word(self, error: LockdError) -> LockdError:
        """Why the lock takes no more: what it said in the session tells more than a write that fails."""
        with contextlib.suppress(Unreachable):
            while not self._session.closed and (frame := await self._line.notified(self._clock())) is not None:
                self._hear(self._session.receive(frame, self._clock()))
        ends = [event.code for event in self._heard if isinstance(event, Closed)]
        return refusal(ends[0]) if ends else error

"""Codes to digests in one worker thread, fairly: who floods one source waits behind himself.

The slow hash is what a code costs. Each source has a short lane of its own and the lanes take
turns, so that at the keypad nobody waits for more than one hash of somebody else's.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from contextlib import suppress
from queue import SimpleQueue

from lockd.store.digests import Digester
from lockd.words import Source

log = logging.getLogger("lockd.digests")

LANE_MAX = 4  #: codes of one source that may wait

#: A kind, a secret, and who waits for their digest.
Code = tuple[str, str, "asyncio.Future[bytes]"]


def in_hex(data: bytes) -> str:
    """A card's or a finger's data as the secret that is digested; a PIN is its digits."""
    return data.hex()


class Digests:
    """`digester` None: there is no key, so no code can be checked."""

    def __init__(self, digester: Digester | None) -> None:
        self._digester = digester
        self._loop = asyncio.get_running_loop()
        self._lanes: dict[Source, deque[Code]] = {}
        self._busy = False
        self._work: SimpleQueue[Code | None] = SimpleQueue()
        self._worker = threading.Thread(target=self._run, name="lockd-digest", daemon=True)
        self._worker.start()

    @property
    def alive(self) -> bool:
        """Whether codes can still be hashed."""
        return self._worker.is_alive()

    async def digest(self, lane: Source, kind: str, secret: str) -> bytes:
        """The digest; empty when it cannot be made, or when too many wait in this lane."""
        waiting = self._lanes.setdefault(lane, deque())
        if self._digester is None or len(waiting) >= LANE_MAX:
            return b""
        done: asyncio.Future[bytes] = self._loop.create_future()
        waiting.append((kind, secret, done))
        self._next()
        return await done

    async def digest_data(self, lane: Source, kind: str, data: bytes) -> bytes:
        """As `digest`, of what is bytes: a card's UID, the slot of a finger (two bytes, big-endian), a key."""
        return await self.digest(lane, kind, data.hex())

    def close(self) -> None:
        """No more; what is being hashed ends."""
        self._work.put(None)
        self._worker.join()

    def _next(self) -> None:
        lane = next((lane for lane, waiting in self._lanes.items() if waiting), None)
        if self._busy or lane is None:
            return
        self._busy = True
        self._work.put(self._lanes[lane].popleft())
        self._lanes[lane] = self._lanes.pop(lane)  # this lane's next turn comes after the others'

    def _hashed(self, done: asyncio.Future[bytes], digest: bytes) -> None:
        self._busy = False
        if not done.done():
            done.set_result(digest)
        self._next()

    # The worker's thread ------------------------------------------------------------------------

    def _run(self) -> None:
        while (code := self._work.get()) is not None:
            kind, secret, done = code
            digest = self._hash(kind, secret)
            with suppress(RuntimeError):  # the loop has ended, and with it who waited
                self._loop.call_soon_threadsafe(self._hashed, done, digest)

    def _hash(self, kind: str, secret: str) -> bytes:
        assert self._digester is not None
        try:
            return self._digester.digest(kind, secret)
        except (ValueError, MemoryError) as fault:  # OpenSSL has either for too little memory
            log.error("a code could not be hashed: %s", type(fault).__name__)
            return b""

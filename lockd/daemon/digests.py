"""Codes to digests in one worker thread, fairly: who floods one source waits behind himself.

The slow hash is what a code costs. Each source has a short lane of its own and the lanes take
turns, so that at the keypad nobody waits for more than one hash of somebody else's.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from lockd.store.digests import Digester
from lockd.words import Source

log = logging.getLogger("lockd.digests")

LANE_MAX = 4  #: codes of one source that may wait


class Digests:
    """`digester` None: there is no key, so no code can be checked."""

    def __init__(self, digester: Digester | None) -> None:
        self._digester = digester
        self._lanes: dict[Source, deque[tuple[str, str, asyncio.Future[bytes]]]] = {}
        self._busy = False
        self._worker = ThreadPoolExecutor(1, "lockd-digest")

    async def digest(self, lane: Source, kind: str, secret: str) -> bytes:
        """The digest; empty when it cannot be made, or when too many wait in this lane."""
        waiting = self._lanes.setdefault(lane, deque())
        if self._digester is None or len(waiting) >= LANE_MAX:
            return b""
        done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        waiting.append((kind, secret, done))
        self._next()
        return await done

    def close(self) -> None:
        """No more; what is being hashed ends."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _next(self) -> None:
        lane = next((lane for lane, waiting in self._lanes.items() if waiting), None)
        if self._busy or lane is None or self._digester is None:
            return
        self._busy = True
        kind, secret, done = self._lanes[lane].popleft()
        self._lanes[lane] = self._lanes.pop(lane)  # this lane's next turn comes after the others'
        hashing = asyncio.get_running_loop().run_in_executor(self._worker, self._digester.digest, kind, secret)
        hashing.add_done_callback(lambda hashed: self._hashed(hashed, done))

    def _hashed(self, hashed: asyncio.Future[bytes], done: asyncio.Future[bytes]) -> None:
        self._busy = False
        fault = None if hashed.cancelled() else hashed.exception()
        if fault is not None:
            log.error("a code could not be hashed: %s", fault)
        if not done.done():
            done.set_result(b"" if hashed.cancelled() or fault is not None else hashed.result())
        self._next()

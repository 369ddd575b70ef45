"""The store's one writer thread, and its one reader: what is slow stays off the loop.

Without a store (no key, a dead disk) every record fails at once, and the core decides what that
means.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from lockd.core.effects import Record
from lockd.core.events import EffectFailed, Recorded
from lockd.errors import Failure, LockdError
from lockd.store.vault import Vault

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger("lockd.store")

T = TypeVar("T")
BACKLOG_MAX = 2000  #: records that may wait for a disk that hangs; beyond, they fail at once
CLOSE_S = 5.0  #: a disk that hangs keeps lockd from ending no longer than this


class Journal:
    """`settled` is called in the loop for each record."""

    def __init__(self, vault: Vault | None, why_not: str, settled: Callable[[Recorded | EffectFailed], None]) -> None:
        self.vault = vault
        self.last_seq = 0
        self._why_not = why_not
        self._settled = settled
        self._loop = asyncio.get_running_loop()
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._reader: ThreadPoolExecutor | None = None
        self._silent = False  # a fault is logged once, until a record succeeds
        self._thread = threading.Thread(target=self._run, name="lockd-store", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the writer thread runs."""
        return self._thread.is_alive()

    def write(self, record: Record) -> None:
        """Commit it after those before it."""
        if self.vault is None or self._work.qsize() >= BACKLOG_MAX:
            fault = Failure(self._why_not or "too many records wait for the disk", "storage")
            self._loop.call_soon(self._failed, record.ticket, fault)
        else:
            self._work.put(lambda: self._commit(record))

    async def write_thread(self, work: Callable[[Vault], T]) -> T:
        """Do something with the store between two records."""
        vault = self._expect()
        done: asyncio.Future[T] = self._loop.create_future()

        def run() -> None:
            try:
                result = work(vault)
            except Exception as fault:  # noqa: BLE001 - whatever it is, who waits for it gets it
                self._post(_fail, done, fault)
            else:
                self._post(_succeed, done, result)

        self._work.put(run)
        return await done

    async def read_thread(self, work: Callable[[Vault], T]) -> T:
        """Ask the store something that may take long, beside the records."""
        vault = self._expect()
        if self._reader is None:
            from concurrent.futures import ThreadPoolExecutor  # nobody reads before READY

            self._reader = ThreadPoolExecutor(1, "lockd-reader")
        return await self._loop.run_in_executor(self._reader, work, vault)

    def close(self) -> None:
        """Write what waits, then close the store."""
        if self._reader is not None:
            self._reader.shutdown()
        self._work.put(None)
        self._thread.join(CLOSE_S)
        if self.vault is not None and not self.alive:
            self.vault.close()

    def _expect(self) -> Vault:
        if self.vault is None:
            raise Failure(f"The store is not open: {self._why_not}", "storage")
        return self.vault

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                work()
            except Exception:
                log.exception("a mistake in the store's thread, which goes on")

    def _commit(self, record: Record) -> None:
        assert self.vault is not None
        try:
            seq = self.vault.commit(record.entry, record.writes)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the record failed, and the next has its chance
            self._post(self._failed, record.ticket, fault)
        else:
            self._post(self._recorded, record.ticket, seq)
            self.vault.fold()

    def _post(self, callback: Callable[..., None], *args: Any) -> None:
        with suppress(RuntimeError):  # the loop has ended; the record is where it belongs
            self._loop.call_soon_threadsafe(callback, *args)

    def _recorded(self, ticket: int, seq: int) -> None:
        if self._silent:
            log.warning("the store can be written again")
            self._silent = False
        self.last_seq = max(self.last_seq, seq)
        self._settled(Recorded(ticket, seq))

    def _failed(self, ticket: int, fault: Exception) -> None:
        mistake = None if isinstance(fault, LockdError) else fault
        cause = f"a mistake of lockd's own ({type(fault).__name__})" if mistake else str(fault)
        if not self._silent:
            log.error("a record could not be written: %s", cause, exc_info=mistake)
            self._silent = True
        self._settled(EffectFailed(ticket, cause))


def _succeed(done: asyncio.Future[T], result: T) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: asyncio.Future[Any], fault: Exception) -> None:
    if not done.done():
        done.set_exception(fault)

"""Backup and restore: the store through a socket that the caller opened, sealed under a key that only he has.

Into the socket the caller writes, of a backup, its header and key (lockd/passphrase.py), and reads its length (four
bytes, big-endian) and the backup. Of a restore he writes the key, the length and the backup, and reads the length and
text of what it would do (JSON). Only if he then writes the word is it done: in one transaction, whose record says so.
The running core knows nothing of it, so that nobody comes in meanwhile, the store is shut at once, and lockd
begins anew.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from struct import Struct
from typing import Any

from lockd import __version__
from lockd.core.effects import Entry, Put
from lockd.core.events import Noted, Started
from lockd.core.instant import Instant
from lockd.core.lock import Lock
from lockd.core.lockout import Trickle
from lockd.core.snapshot import Kept, Snapshot
from lockd.daemon.clock import OWNERS_TIME, Clock
from lockd.daemon.journal import Journal
from lockd.daemon.phone_book import PREFIX, PhoneBook
from lockd.daemon.restoring import Plan, Tables, plan
from lockd.errors import Busy, Failure, InvalidField, LockdError
from lockd.passphrase import HEADER_BYTES, KEY_BYTES, LARGEST, check_header
from lockd.settings import Settings
from lockd.store.anchor import Mark
from lockd.store.archive import Contents, seal, unseal
from lockd.store.rows import values
from lockd.store.vault import DIGESTS, Vault
from lockd.value import Value

LENGTH = Struct(">I")
WORD = b"restore"
#: The longest that the caller may leave us waiting.
PATIENCE_S = 30.0
#: Characters of a refusal that are recorded: a file may name its version at any length.
WHY_MAX = 200
#: Bytes read at a time.
PART = 256 * 1024
#: Rows of the moment.
PASSING = ("grant:", "relock", OWNERS_TIME)


class Found(Value):
    """What a backup would do to the store as it is now, and what the caller is told of it."""

    plan: Plan
    told: Mapping[str, Any]


class Backups:
    """`ask`: let the core decide, and wait; `hold`: nobody comes in meanwhile; `anew`: begin again with the store as
    it is then."""

    def __init__(
        self, settings: Callable[[], Settings], lock: Lock, journal: Journal, clock: Clock,
        ask: Callable[[Callable[[int], Noted]], Awaitable[Any]], hold: Callable[[bool], None],
        anew: Callable[[], None],
    ) -> None:  # fmt: skip
        self._settings, self._lock, self._journal, self._clock = settings, lock, journal, clock
        self._ask, self._hold, self._anew = ask, hold, anew
        self._busy = False
        self._refusals = Trickle()

    async def backup(self, handle: int, by: str) -> None:
        """The store as it is at one moment; recorded before anything is given away."""
        async with self._talking(handle) as line:
            header, key = await line.take(HEADER_BYTES), await line.take(KEY_BYTES)
            check_header(header)
            await self._ask(lambda request: Noted("backed-up", by, request=request))
            made = self._clock.now().wall
            data = await self._journal.read_thread(lambda vault: seal(header, key, contents(vault, made).encode()))
            await line.give(data)

    async def restore(self, handle: int, by: str) -> None:
        """Verify and tell; with the word, do it. A refusal is recorded, and many of them as a count."""
        try:
            await self._restore(handle, by)
        except LockdError as error:
            why, untold = str(error)[:WHY_MAX], self._refusals.take(self._clock.now().mono)
            if untold is not None:
                await self._ask(lambda request: Noted("restore-refused", by, request=request, value=why, count=untold))
            raise

    async def _restore(self, handle: int, by: str) -> None:
        async with self._talking(handle) as line:
            key = await line.take(KEY_BYTES)
            data = await line.take_sized()
            old = await self._journal.read_thread(lambda _vault: Contents.decode(unseal(key, data)))
            found = await self._journal.read_thread(lambda vault: self._tried(vault, old))
            await line.give(json.dumps(found.told).encode())
            word = await line.rest(len(WORD))
            if word not in (b"", WORD):
                raise InvalidField(f"The word must be “{WORD.decode()}”; nothing was changed.")
            if word:
                await self._do(old, found, by)

    async def _do(self, old: Contents, found: Found, by: str) -> None:
        if self._lock.properties(self._clock.now())["Motion"] != "Idle":
            raise Busy("The bolt is moving (busy): try again when it rests; nothing was changed.", "busy")
        at = self._clock.now()
        self._hold(True)
        try:
            await self._journal.write_thread(lambda vault: put_back(vault, old, found.told, by, at))
        except BaseException:
            self._hold(False)
            raise
        asyncio.get_running_loop().call_soon(self._anew)  # when the caller has been answered

    def _tried(self, vault: Vault, old: Contents) -> Found:
        """What is found; Failure if this lockd could not start with it."""
        found, now = look(vault, old)
        rows = {name: dict(table) for name, table in now.items()}
        for write in found.plan.writes:
            if isinstance(write, Put):
                rows[write.table][write.key] = write.value
            else:
                rows[write.table].pop(write.key)
        try:
            self._try(rows)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as fault:
            text = f"This version of lockd cannot work with what is in the backup, which lockd {old.version} made."
            raise Failure(text) from fault
        return found

    def _try(self, rows: Tables) -> None:
        state = {key: Kept(0, row) for key, row in rows["state"].items()}
        phones = {key: row for key, row in rows["state"].items() if key.startswith(PREFIX)}
        snapshot = Snapshot(rows["user"], rows["credential"], state, schedules=rows["schedule"])
        at = self._clock.now()
        lock = Lock(self._settings(), snapshot, {}, at)
        lock.handle(Started(), at)
        PhoneBook(phones).living(lock.people)

    @asynccontextmanager
    async def _talking(self, handle: int) -> AsyncIterator[Line]:
        """One at a time, and none while management is refused."""
        refusal = self._lock.management_refusal
        if refusal is not None:
            raise refusal
        if self._busy:
            raise Busy("Another backup or restore is under way (busy): try again when it is done.", "busy")
        self._busy = True
        try:
            with _stream(handle) as stream:
                yield Line(stream)
        finally:
            self._busy = False


class Line:
    """The caller's socket. Failure when he leaves it, or leaves us waiting."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream, self._loop = stream, asyncio.get_running_loop()

    async def take(self, size: int) -> bytes:
        """So many bytes; InvalidField if there are fewer."""
        data = await self.rest(size)
        if len(data) < size:
            raise InvalidField(f"handle: {size} bytes were expected, and {len(data)} came")
        return data

    async def take_sized(self) -> bytes:
        """Bytes after their length."""
        (size,) = LENGTH.unpack(await self.take(LENGTH.size))
        if size > LARGEST:
            raise InvalidField(f"handle: a backup is at most {LARGEST >> 20} MiB")
        return await self.take(size)

    async def rest(self, most: int) -> bytes:
        """What comes before the caller shuts his end, up to so many bytes."""
        data = bytearray()
        async with _patiently():
            while (left := most - len(data)) and (part := await self._loop.sock_recv(self._stream, min(left, PART))):
                data += part
        return bytes(data)

    async def give(self, data: bytes) -> None:
        """Bytes after their length."""
        async with _patiently():
            await self._loop.sock_sendall(self._stream, LENGTH.pack(len(data)))
            await self._loop.sock_sendall(self._stream, data)


@asynccontextmanager
async def _patiently() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield
    except TimeoutError:
        text = "The caller neither read nor wrote its end of the socket for too long; nothing was changed."
        raise Failure(text) from None
    except OSError as fault:
        raise Failure(f"The caller's end of the socket is gone ({fault.strerror}); nothing was changed.") from None


def contents(vault: Vault, made: int) -> Contents:
    """All that goes into a backup."""
    rows, mark, damaged = vault.rows()
    tables = {name: values(table) for name, table in rows.items()}
    tables["state"] = {key: row for key, row in tables["state"].items() if not key.startswith(PASSING)}
    salt, digest_key = vault.digests
    return Contents(made, os.uname().nodename, __version__, mark.seq, mark.hash, damaged, salt, digest_key, tables)


def look(vault: Vault, old: Contents) -> tuple[Found, Tables]:
    """What the backup would do now, and the rows that are there."""
    rows, _, _ = vault.rows()
    now = {name: values(table) for name, table in rows.items()}
    goes_on = vault.digests == (old.salt, old.digest_key) and vault.holds(Mark(old.seq, old.hash))
    planned = plan(old.rows, now, goes_on)
    return Found(planned, _told(old, now, planned, goes_on)), now


def _told(old: Contents, now: Tables, planned: Plan, goes_on: bool) -> dict[str, Any]:
    """Who and how many, never a secret."""
    return {
        **old.about(), "goes_on": goes_on,
        "disabled": _names(old.rows["user"], planned.disabled), "used_up": _names(old.rows["user"], planned.used_up),
        "gone": _names(now["user"], planned.gone), "phones_away": planned.phones, "fingers_away": planned.fingers,
        "holidays_away": planned.holidays, "codes_given_up": planned.codes, "pass_epoch": planned.epoch,
    }  # fmt: skip


def _names(users: Mapping[str, Mapping[str, Any]], indexes: tuple[int, ...]) -> list[str]:
    return [users[str(index)].get("name") or f"user {index}" for index in indexes]


def put_back(vault: Vault, old: Contents, told: Mapping[str, Any], by: str, at: Instant) -> None:
    """In the writer's thread: nothing comes between the last look and the record, nor after it."""
    found, _ = look(vault, old)
    if found.told != told:
        raise Busy("The store has changed since it was looked at (busy): try again; nothing was changed.", "busy")
    when = datetime.fromtimestamp(old.made / 1_000_000, UTC)
    said = f"made {when:%Y-%m-%d %H:%M} UTC at {old.host}, record {old.seq}"
    time = at.wall if at.trust == "Trusted" else max(at.wall, old.made)  # the newest record's is the least it can be
    entry = Entry("System", time, {"detail": "restored", "by": by, "value": said})
    keys = Put("state", DIGESTS, {"salt": old.salt.hex(), "key": old.digest_key.hex()})
    vault.commit(entry, (*found.plan.writes, keys))
    vault.close()


def _stream(handle: int) -> socket.socket:
    """The caller's end of a pair of sockets, as our own."""
    try:
        stream = socket.socket(fileno=os.dup(handle))
    except OSError:
        raise InvalidField("handle: must be one end of a pair of stream sockets") from None
    if stream.family != socket.AF_UNIX or stream.type != socket.SOCK_STREAM:
        stream.close()
        raise InvalidField("handle: must be one end of a pair of stream sockets")
    stream.setblocking(False)
    return stream

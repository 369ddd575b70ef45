"""From a lock's name to a session with it.

A lock does not say in clear which one it is, and its address may change. So the phone tries the address
where it was last, then every lock it hears: only the right one can answer its handshake.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from lockd.errors import InvalidField, LockdError
from lockd.phone.client import Client, Clock, Way
from lockd.phone.keys import Keys, Known
from lockd.phone.refusals import Unreachable
from lockd.phone.transport import Radio
from lockd.wire import results
from lockd.wire.enrolment import Offer, read_uri
from lockd.wire.errors import InvitationError

SCAN_S = 5.0
#: What the others answer to a handshake that is not for them.
NOT_THIS_ONE = results.NAMES[results.BAD_HANDSHAKE]
MAX_LABEL = 64  #: bytes

Done = TypeVar("Done")


async def session(
    radio: Radio, way: Way, address: str, work: Callable[[Client], Awaitable[Done]], clock: Clock = time.monotonic
) -> tuple[str, Done]:
    """Do the work in a session with the lock of that way: its address and what the work gave.

    `address`: where to look first, "" for nowhere. `work` must begin with a command; with another lock than
    the one that is meant it fails at that, and has done nothing. Unreachable: the lock is not in reach.
    """
    last: LockdError | None = None
    async for place in _places(radio, address):
        met = False
        try:
            async with radio.connected(place) as line:
                client = await Client.over(line, way, clock=clock)
                try:
                    return place, await work(client)
                finally:
                    met = client.met
        except LockdError as error:
            if met or not (isinstance(error, Unreachable) or error.detail == NOT_THIS_ONE):
                raise
            last = error
    raise last or Unreachable("no lock is in reach: go nearer, and see that its Bluetooth is on")


async def _places(radio: Radio, address: str) -> AsyncIterator[str]:
    if address:
        yield address
    for seen in await radio.scan(SCAN_S):
        if seen.address != address:
            yield seen.address


def invitation(uri: str) -> Offer:
    """What the invitation says; InvalidField: it is none."""
    try:
        return read_uri(uri)
    except InvitationError as error:
        raise InvalidField(str(error)) from None


async def enrol(
    radio: Radio, offer: Offer, keys: Keys, name: str, label: str = "", clock: Clock = time.monotonic
) -> Known:
    """Use an invitation: the lock as it is known from now on. `label`: what the lock's people see of this phone."""
    label = label or own_label()
    if len(label.encode()) > MAX_LABEL:
        raise InvalidField(f"a label has 1 to {MAX_LABEL} bytes")
    if not label.isprintable():
        raise InvalidField("a label is one line of text without control characters")
    fields = {"label": label, "sign": keys.signer}
    way = Way(keys.private, offer.lock_key, offer.psk)
    address, told = await session(radio, way, "", lambda client: client.command("ENROL", fields), clock)
    return Known(name, offer.lock_key, keys, str(told.get("role", "user")), int(told.get("user", 0)), address)


def own_label() -> str:
    """What this machine is called."""
    return (socket.gethostname() or os.uname().sysname).encode()[:MAX_LABEL].decode(errors="ignore")


async def at_lock(
    radio: Radio, lock: Known, work: Callable[[Client], Awaitable[Done]], clock: Clock = time.monotonic
) -> tuple[Known, Done]:
    """Do the work in a session with a lock that is known; the lock with its address of now. A guest shows
    the pass first."""

    async def admitted(client: Client) -> Done:
        if lock.shown:
            await client.command("PASS", {"pass": lock.shown})
        return await work(client)

    address, done = await session(radio, Way(lock.keys.private, lock.key), lock.address, admitted, clock)
    return lock.but(address=address), done

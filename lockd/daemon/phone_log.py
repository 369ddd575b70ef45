"""The trail as phones read it: in parts that fit, as it grows, and without what is not for them.

A silent alarm is a word in the record of a grant, and that record is there without the word too. So whoever
does not get to know of the alarm misses no number, and waits no longer or shorter than for any other opening.
Every phone near hears how long an answer to another one is: so grants are of one length to owners.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from lockd.daemon.desk import Desk
from lockd.wire import cbor
from lockd.wire.session import Phone
from lockd.words import Alarm

ROOM = 1900  #: bytes of CBOR for the rows in one answer
MOST = 32
#: For how long a phone waits for a record: shorter than a session may be idle, so that its answer still comes.
WAIT_S = 20.0
SILENT: Alarm = "ForcedUser"
#: As long in CBOR, under the key `pad`, as the word under `alarm`.
PAD = bytes(len("alarm") + len(SILENT) - len("pad"))


class PhoneLog:
    """`recorded` is to be called after each new record."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._grown = asyncio.Event()

    @property
    def last(self) -> int:
        """The newest number."""
        return int(self._desk.get_property("org.lockd1.Log", "LastSequence"))

    async def read(self, first: int, limit: int, phone: Phone) -> Mapping[str, Any]:
        """The answer to LOG_READ of that phone."""
        rows = await self._desk.read_log(first, limit)
        return {"events": fitting(_as_told(row, phone) for row in rows), "last": self.last}

    async def wait(self, number: int) -> None:
        """Until there is a record of this number, or for WAIT_S."""
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                while self.last < number:
                    await self._grown.wait()

    def recorded(self) -> None:
        """The trail has grown."""
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()


def fitting(rows: Iterable[Mapping[str, Any]]) -> list[Any]:
    """As many as one answer has room for, without numbers that CBOR here has none of."""
    taken: list[Any] = []
    left = ROOM
    for row in rows:
        plain = {name: round(value) if isinstance(value, float) else value for name, value in row.items()}
        left -= len(cbor.encode(plain))
        if left < 0:
            break
        taken.append(plain)
    return taken


def _as_told(row: Mapping[str, Any], phone: Phone) -> Mapping[str, Any]:
    """Only owners hear of a silent alarm, and nobody of his own: whoever forces him may hold his phone."""
    if row.get("phase") != "granted":
        return row
    alarmed = row.get("alarm") == SILENT
    plain = {name: value for name, value in row.items() if not alarmed or name != "alarm"}
    if phone.role != "owner":
        return plain
    return row if alarmed and phone.user != row.get("user") else plain | {"pad": PAD}

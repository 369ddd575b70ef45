"""Fingerprint sensors of the R503 family: their packets, and the instructions that a lock needs.

After the R503's user manual (1.2); the R307, ZFM-20 and AS608 speak the same. A packet's checksum is a
plain sum, which two faults can cancel out: what opens a door is asked for twice (`search`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Protocol

from lockd.readers.port import CHUNK, Lost

BAUD = 57_600

#: Start of a packet and the sensor's address as it is made.
HEADER = b"\xef\x01\xff\xff\xff\xff"
COMMAND, ACKNOWLEDGE = 0x01, 0x07
#: Identifier, length and checksum around what a packet holds; no answer here holds more.
AROUND, CONTENT_MAX = 5, 64

GET_IMAGE, EXTRACT, SEARCH, COMBINE, STORE = 0x01, 0x02, 0x04, 0x05, 0x06
DELETE, READ_PARAMETERS, VERIFY_PASSWORD, READ_INDEX = 0x0C, 0x0F, 0x13, 0x1F
#: Bytes that follow the confirmation of each when it has worked.
GIVES = {READ_PARAMETERS: 16, SEARCH: 4, READ_INDEX: 32}

OK, NO_FINGER, BAD_IMAGE, NOT_FOUND, DIFFERENT, WRONG_PASSWORD = 0x00, 0x02, 0x03, 0x09, 0x0A, 0x13
#: The finger is too dry, too wet or too little of it is there.
POOR = (0x06, 0x07, 0x15)

#: The index is read in pages of so many slots.
PAGE = 256
ANSWER_S = 3.0


class Link(Protocol):
    """The way to the sensor. Raises OSError or Lost when there is none any more."""

    async def read(self, size: int = CHUNK) -> bytes:
        """What it says next."""

    async def write(self, data: bytes) -> None:
        """Say something to it."""

    def good(self) -> None:
        """What was read made sense."""


def packet(kind: int, content: bytes) -> bytes:
    """As it goes over the line."""
    body = bytes((kind,)) + (len(content) + 2).to_bytes(2) + content
    return HEADER + body + (sum(body) & 0xFFFF).to_bytes(2)


class Packets:
    """Finds acknowledgements among whatever comes; garbage is passed over."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What each whole one holds, as it is complete."""
        self._held += data
        while (at := self._held.find(HEADER)) >= 0:
            del self._held[:at]
            body = self._held[len(HEADER) :]
            size = int.from_bytes(body[1:3]) - 2 if len(body) >= 3 else 0
            if len(body) < 3 or (0 < size <= CONTENT_MAX and len(body) < size + AROUND):
                return
            if 0 < size <= CONTENT_MAX and _right(body, size):
                del self._held[: len(HEADER) + size + AROUND]
                yield bytes(body[3 : size + 3])
            else:
                del self._held[: len(HEADER)]
        del self._held[: -(len(HEADER) - 1)]  # the beginning of one may be there


def _right(body: bytearray, size: int) -> bool:
    total = int.from_bytes(body[size + 3 : size + AROUND])
    return body[0] == ACKNOWLEDGE and sum(body[: size + 3]) & 0xFFFF == total


class Sensor:
    """Instructions, one at a time. Silence raises TimeoutError, an answer that makes no sense Lost.
    `slots`: so many templates fit."""

    def __init__(self, link: Link) -> None:
        self.slots = 0
        self._link = link
        self._packets = Packets()
        self._waiting: list[bytes] = []

    async def begin(self) -> None:
        """Whether it is there, and how many templates fit."""
        await self.check()
        said = await self._must(READ_PARAMETERS)
        self.slots = int.from_bytes(said[4:6])
        if not 0 < self.slots <= 0xFFFF:
            raise Lost("it has no room for a finger")

    async def check(self) -> None:
        """Whether it is there."""
        await self._must(VERIFY_PASSWORD, bytes(4))

    async def look(self, buffer: int) -> bool:
        """Take an image and keep what is special of it in buffer 1 or 2; False: no finger, or too poor."""
        code, _ = await self._ask(GET_IMAGE)
        if code in (NO_FINGER, BAD_IMAGE):
            return False
        _expect(code, GET_IMAGE)
        code, _ = await self._ask(EXTRACT, bytes((buffer,)))
        if code in POOR:
            return False
        _expect(code, EXTRACT)
        return True

    async def search(self) -> int | None:
        """The slot of the template that is like buffer 1; None: of nobody it knows. Asked twice, as one
        answer may have been spoiled on its way; Lost: the two are not the same."""
        first, second = await self._search(), await self._search()
        if first != second:
            raise Lost("it says one thing now and another the next moment: see to its wires")
        return first

    async def _search(self) -> int | None:
        code, said = await self._ask(SEARCH, bytes((1, 0, 0)) + self.slots.to_bytes(2))
        if code == NOT_FOUND:
            return None
        _expect(code, SEARCH)
        slot = int.from_bytes(said[:2])
        if slot >= self.slots:
            raise Lost("it names a template that it cannot have")
        return slot

    async def combine(self) -> bool:
        """Make a template of both buffers; False: they are not of the same finger."""
        code, _ = await self._ask(COMBINE)
        if code == DIFFERENT:
            return False
        _expect(code, COMBINE)
        return True

    async def store(self, slot: int) -> None:
        """Keep that template, over whatever was there."""
        await self._must(STORE, bytes((1,)) + slot.to_bytes(2))

    async def delete(self, slot: int) -> None:
        """Remove a template."""
        await self._must(DELETE, slot.to_bytes(2) + b"\x00\x01")

    async def used(self) -> set[int]:
        """The slots that hold a template."""
        found = set()
        for page in range((self.slots + PAGE - 1) // PAGE):
            bits = await self._must(READ_INDEX, bytes((page,)))
            found |= {page * PAGE + at for at in range(PAGE) if bits[at // 8] >> at % 8 & 1}
        return {slot for slot in found if slot < self.slots}

    async def _must(self, code: int, params: bytes = b"") -> bytes:
        confirmation, said = await self._ask(code, params)
        _expect(confirmation, code)
        return said

    async def _ask(self, code: int, params: bytes = b"") -> tuple[int, bytes]:
        self._waiting.clear()
        await self._link.write(packet(COMMAND, bytes((code,)) + params))
        async with asyncio.timeout(ANSWER_S):
            while not self._waiting:
                self._waiting += self._packets.feed(await self._link.read())
        answer = self._waiting.pop(0)
        if answer[0] == OK and len(answer) != 1 + GIVES.get(code, 0):
            raise Lost("it answers something else than it was asked")
        self._link.good()
        return answer[0], answer[1:]


def _expect(confirmation: int, code: int) -> None:
    if confirmation == WRONG_PASSWORD and code == VERIFY_PASSWORD:
        raise Lost("it has a password of somebody else's: take a new one, or have it set to 0 again")
    if confirmation != OK:
        raise Lost(f"it fails at instruction {code:#04x} with {confirmation:#04x}")

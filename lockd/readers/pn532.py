"""The PN532 contactless reader chip: its frames, and the few commands that a lock needs.

After NXP's user manual UM0701-02. The frames are the same on a serial line (HSU) and on I2C.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Protocol

from lockd.readers.port import CHUNK, Lost

BAUD = 115_200
ACK = b"\x00\x00\xff\x00\xff\x00"
ACK_SIZE = len(ACK)
#: Wakes it on a serial line: a few bytes that it need not understand, and time to get up.
WAKE_UP = b"\x55\x55" + bytes(14)

_START = b"\x00\xff"
_TO_CHIP, _TO_HOST, _SYNTAX_ERROR = 0xD4, 0xD5, 0x7F

#: The longest frame of the usual kind; the commands here need no longer one.
FRAME_MAX = 262

GET_FIRMWARE_VERSION, SAM_CONFIGURATION, RF_CONFIGURATION = 0x02, 0x14, 0x32
IN_LIST_PASSIVE_TARGET, IN_RELEASE = 0x4A, 0x52
IC = 0x32

ACK_S, ANSWER_S = 0.2, 1.0


class Link(Protocol):
    """A way to the chip. Raises OSError or Lost when there is none any more."""

    async def read(self, size: int = CHUNK) -> bytes:
        """What it says next; `size`: so long a frame is expected."""

    async def write(self, data: bytes) -> None:
        """Say something to it."""

    def good(self) -> None:
        """What was read made sense."""

    def close(self) -> None:
        """Let go of it; never fails."""


def frame(command: int, *params: int) -> bytes:
    """A command as it goes to the chip."""
    body = bytes((_TO_CHIP, command, *params))
    size = len(body)
    return b"\x00" + _START + bytes((size, -size & 0xFF)) + body + bytes((-sum(body) & 0xFF, 0))


class Frames:
    """Finds frames among whatever comes: the chip's data, or b"" for an ACK. Garbage is passed over."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Each whole frame, as it is complete."""
        self._held += data
        while (at := self._held.find(_START)) >= 0:
            del self._held[:at]
            size = self._size()
            if size is None:
                return
            if (body := self._body(size)) is None:
                del self._held[: len(_START)]
            else:
                del self._held[: size + (5 if size else 4)]
                yield body
        del self._held[:-1]  # the first half of a start may be there

    def _size(self) -> int | None:
        """The length of the frame that begins here; None: not all of it is there yet."""
        held = self._held
        if len(held) < 4:
            return None
        size = held[2]
        whole = (size + held[3]) & 0xFF == 0
        return None if whole and len(held) < size + 5 else size

    def _body(self, size: int) -> bytes | None:
        """None: it was no frame after all."""
        held = self._held
        if held[2:4] == b"\x00\xff":
            return b""
        if size == 0 or (size + held[3]) & 0xFF or sum(held[4 : size + 5]) & 0xFF:
            return None
        return bytes(held[4 : size + 4])


class Chip:
    """Commands, one at a time. Whatever is not what was asked for is passed over; silence raises
    TimeoutError, a chip that refuses Lost."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._frames = Frames()
        self._waiting: list[bytes] = []

    async def begin(self) -> None:
        """Wake it, and have it wait for a card as long as it takes."""
        await self._link.write(WAKE_UP + frame(SAM_CONFIGURATION, 1, 0, 1))
        await self._answer(SAM_CONFIGURATION, ANSWER_S)
        await self.check()
        await self.call(RF_CONFIGURATION, 5, 0xFF, 1, 0xFF)

    async def check(self) -> None:
        """Whether it is there, and what it says it is; ends what it was asked before."""
        said = await self.call(GET_FIRMWARE_VERSION)
        if len(said) != 4 or said[0] != IC:
            raise Lost("it is no PN532")

    async def card(self, within: float) -> bytes:
        """The UID of the next ISO 14443 A card; empty when there was none for so many seconds."""
        try:
            said = await self.call(IN_LIST_PASSIVE_TARGET, 1, 0, within=within)
        except TimeoutError:
            return b""
        uid = uid_of(said)
        if uid:
            await self.call(IN_RELEASE, 0)
        return uid

    async def call(self, command: int, *params: int, within: float = ANSWER_S) -> bytes:
        """What it answers, without the code of the command."""
        self._waiting.clear()
        await self._link.write(frame(command, *params))
        return await self._answer(command, within)

    async def _answer(self, command: int, within: float) -> bytes:
        async with asyncio.timeout(ACK_S + ANSWER_S):
            while await self._next(ACK_SIZE):
                pass
        async with asyncio.timeout(within):
            while (said := await self._next(CHUNK))[:2] != bytes((_TO_HOST, command + 1)):
                if said[:1] == bytes((_SYNTAX_ERROR,)):
                    raise Lost("it does not understand what it is asked")
        return said[2:]

    async def _next(self, size: int) -> bytes:
        while not self._waiting:
            self._waiting += self._frames.feed(await self._link.read(size))
        self._link.good()
        return self._waiting.pop(0)


def uid_of(listed: bytes) -> bytes:
    """The UID in an answer to InListPassiveTarget at 106 kbit/s: 4, 7 or 10 bytes; empty: no card."""
    if len(listed) < 6 or listed[0] != 1:
        return b""
    size = listed[5]
    uid = listed[6 : 6 + size]
    return uid if size in (4, 7, 10) and len(uid) == size else b""


def lasting(uid: bytes) -> bool:
    """Whether the card will give the same number the next time: ISO 14443-3 has those that begin with
    08 made up anew each time, as phones do."""
    return not (len(uid) == 4 and uid[0] == 0x08)

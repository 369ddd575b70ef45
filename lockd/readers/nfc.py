"""A PN532 on a serial line or on I2C: every card that is held to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from lockd.reader import Reader
from lockd.readers import pn532
from lockd.readers.port import WAITS, Well, keep

#: While a card lies there it is asked for so often; without one, the chip is left to wait for the next.
REST_S = 0.5
#: A chip that waits for a card says nothing: so often it is asked whether it is still there.
CHECK_S = 300.0

Connect = Callable[[], Awaitable[pn532.Link]]


class Nfc:
    """`connect`: a fresh way to the chip; it raises OSError or Lost while there is none."""

    def __init__(
        self, connect: Connect, reader: Reader,
        waits: Sequence[float] = WAITS, rest_s: float = REST_S, check_s: float = CHECK_S,
    ) -> None:  # fmt: skip
        self._connect, self._reader, self._waits = connect, reader, waits
        self._rest_s, self._check_s = rest_s, check_s

    async def run(self) -> None:
        """Until cancelled."""
        await keep(self._serve, self._reader, self._waits)

    async def _serve(self, well: Well) -> None:
        link = await self._connect()
        try:
            chip = pn532.Chip(link)
            await chip.begin()
            well()
            while True:
                uid = await chip.card(self._check_s)
                if uid:
                    self._take(uid)
                    await asyncio.sleep(self._rest_s)
                else:
                    await chip.check()
        finally:
            link.close()

    def _take(self, uid: bytes) -> None:
        if pn532.lasting(uid):
            self._reader.card(uid)
        else:
            self._reader.garbled("a card that makes up another number each time, as phones do")

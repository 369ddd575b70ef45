"""Wrong PINs as fast as they go: `python -m tests.slow.flood ADDRESS SECONDS RATE`; prints how many went out.

A message is marshalled once and sent again and again. No answers are wanted: a bus lets only so many
calls wait for theirs, and would hold the flood back from lockd.
"""

from __future__ import annotations

import asyncio
import sys
from struct import pack_into
from time import monotonic, sleep

from dbus_next.constants import MessageFlag
from dbus_next.message import Message
from dbus_next.signature import Variant

from lockd.dbus import names
from lockd.dbus.connection import Connection

CONNECTIONS = 4
#: Messages that go out at a time.
HANDFUL = 50
#: Where a header has the message's serial number.
SERIAL = 8


class Caller:
    """One connection that tries wrong PINs."""

    def __init__(self, link: Connection) -> None:
        self.sock = link._sock
        options = {"pin": Variant("s", "000000")}
        message = Message(
            names.BUS_NAME, names.PATH, names.LOCK.name, "UnlockDoor", signature="a{sv}", body=[options], serial=99,
            flags=MessageFlag.NO_REPLY_EXPECTED)
        self._message = bytes(message._marshall())
        self._serial = 99
        self._rest = memoryview(b"")

    def send(self) -> int:
        """A handful, or the rest of one; how many have gone out with it."""
        rest = self._rest or memoryview(self._handful())
        try:
            self._rest = rest[self.sock.send(rest) :]
        except BlockingIOError:
            self._rest = rest
        return 0 if self._rest else HANDFUL

    def _handful(self) -> bytes:
        """Each with a serial of its own, or the bus answers in lockd's place."""
        handful = bytearray(self._message * HANDFUL)
        for at in range(0, len(handful), len(self._message)):
            self._serial += 1
            pack_into("<I", handful, at + SERIAL, self._serial)
        return bytes(handful)


def flood(callers: list[Caller], seconds: float, rate: float) -> int:
    """Keep to the rate if it can be kept; how many were sent."""
    sent, begun = 0, monotonic()
    while (passed := monotonic() - begun) < seconds:
        if sent < passed * rate:
            sent += sum(caller.send() for caller in callers)
        else:
            sleep(0.002)
    return sent


async def main(address: str, seconds: float, rate: float) -> None:
    links = [await Connection.open(address, lambda _message, _whole: None) for _ in range(CONNECTIONS)]
    for link in links:
        asyncio.get_running_loop().remove_reader(link._sock)
    print(flood([Caller(link) for link in links], seconds, rate))
    for link in links:
        link.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))

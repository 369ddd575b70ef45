"""Wrong PINs as fast as they go: `python -m tests.slow.flood ADDRESS SECONDS RATE`; prints what was answered.

A message is marshalled once and sent again and again, and of an answer only its header is looked at:
whoever floods has the whole of his time for it.
"""

from __future__ import annotations

import asyncio
import selectors
import sys
from collections import Counter
from struct import pack_into, unpack_from
from time import monotonic

from dbus_next.message import Message
from dbus_next.signature import Variant

from lockd.dbus import names
from lockd.dbus.connection import Connection

CONNECTIONS = 4
#: Messages that go out at a time.
HANDFUL = 50
#: Bits of D-Bus's header: how a message begins, and its types.
FIXED = 16
KINDS = {2: "answers", 3: "errors"}


class Caller:
    """One connection that tries wrong PINs."""

    def __init__(self, link: Connection) -> None:
        self.sock = link._sock
        options = {"pin": Variant("s", "000000")}
        message = Message(
            names.BUS_NAME, names.PATH, names.LOCK.name, "UnlockDoor", signature="a{sv}", body=[options], serial=99)
        self._message = bytes(message._marshall())
        self._serial = 99
        self._rest = memoryview(b"")
        self._heard = bytearray()

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
            pack_into("<I", handful, at + 8, self._serial)
        return bytes(handful)

    def hear(self) -> Counter[str]:
        """What was answered meanwhile."""
        self._heard += self.sock.recv(1 << 20)
        found: Counter[str] = Counter()
        at = 0
        while len(self._heard) - at >= FIXED:
            body, _serial, fields = unpack_from("<III", self._heard, at + 4)
            size = FIXED + fields + -fields % 8 + body
            if len(self._heard) - at < size:
                break
            found[KINDS.get(self._heard[at + 1], "others")] += 1
            at += size
        del self._heard[:at]
        return found


def flood(callers: list[Caller], seconds: float, rate: float) -> Counter[str]:
    """Keep to the rate if it can be kept."""
    count: Counter[str] = Counter()
    waiting = selectors.DefaultSelector()
    for caller in callers:
        waiting.register(caller.sock, selectors.EVENT_READ, caller)
    begun = monotonic()
    while (passed := monotonic() - begun) < seconds:
        if count["sent"] < passed * rate:
            for caller in callers:
                count["sent"] += caller.send()
        for key, _ in waiting.select(0 if count["sent"] < passed * rate else 0.001):
            count += key.data.hear()
    waiting.close()
    return count


async def main(address: str, seconds: float, rate: float) -> None:
    links = [await Connection.open(address, lambda _message, _whole: None) for _ in range(CONNECTIONS)]
    for link in links:
        asyncio.get_running_loop().remove_reader(link._sock)
    count = flood([Caller(link) for link in links], seconds, rate)
    for link in links:
        link.close()
    print(" ".join(f"{name}={count[name]}" for name in ("sent", "answers", "errors", "others")))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))

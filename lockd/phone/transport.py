"""What the client needs of a radio. `lockd.phone.bluetooth` has a real one; a test has its own."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from lockd.value import Value


class Transport(Protocol):
    """One connection to a lock, with TX subscribed. `mtu`: the connection's, 0 if it is not known.

    Every method raises Unreachable when the connection is gone.
    """

    mtu: int

    async def info(self) -> bytes:
        """The value of INFO."""

    async def write(self, frame: bytes) -> None:
        """Write to RX, and wait for the answer. Refused: an ATT error."""

    async def notified(self, until: float) -> bytes | None:
        """The next notification of TX; None if none has come by then (mono seconds)."""


class Seen(Value):
    """A lock in reach. `address`: how to connect, and no identity; `rssi`: dBm; `enrolling`: an invitation is open."""

    address: str
    name: str
    rssi: int
    enrolling: bool


class Radio(Protocol):
    """Finds locks, and connects to them. Unreachable says what is missing."""

    async def scan(self, seconds: float) -> tuple[Seen, ...]:
        """Every lock that was heard within so many seconds, the nearest first."""

    def connected(self, address: str) -> AbstractAsyncContextManager[Transport]:
        """A connection for as long as the block lasts."""

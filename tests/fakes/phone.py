"""A phone: the wire's own end of it, on a line of the fake bluetoothd."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lockd.ble.service import now
from lockd.wire.events import Closed, Event, Output, Replied
from lockd.wire.noise import KeyPair
from lockd.wire.session import PhoneSession
from tests.fakes.bluez import PATIENCE_S, FakeBluez, FakeLine


class FakePhone:
    """`keys`: its own; `lock_key`: whom it talks to. `errors`: ATT errors of its writes."""

    def __init__(self, bluez: FakeBluez, lock_key: bytes, keys: KeyPair | None = None) -> None:
        self.keys = keys or KeyPair(os.urandom(32))
        self.signing_key = os.urandom(32)
        self.lock_key = lock_key
        self.errors: list[int] = []
        self.line: FakeLine
        self._info = b""
        self._bluez = bluez
        self._session: PhoneSession
        self._events: list[Event] = []

    @property
    def sign(self) -> bytes:
        """Its public key for passes."""
        return Ed25519PrivateKey.from_private_bytes(self.signing_key).public_key().public_bytes_raw()

    async def connect(self, psk: bytes | None = None, mtu: int = 247, number: int = 0) -> None:
        """Up to the point where the first command can be given."""
        self._events = []
        self.line = self._bluez.connect(mtu, number)
        self._info = await self.line.read_info()
        await self.line.subscribe()
        self._session = PhoneSession(self.keys, self.lock_key, self._info, os.urandom, now(), psk, mtu)

    async def begin_anew(self) -> None:
        """As an app that was started again, over the same link, with a tag that is not the last one."""
        last = self._session._frames.tag
        while self._session._frames.tag == last:
            self._session = PhoneSession(self.keys, self.lock_key, self._info, os.urandom, now(), None, self.line.mtu)

    async def open(self, command: str, **fields: Any) -> tuple[int, dict[str, Any]]:
        """The handshake with its first command; the first answer to it."""
        await self._take(self._session.start(command, fields, now()))
        return await self.next()

    async def ask(self, command: str, **fields: Any) -> tuple[int, dict[str, Any]]:
        """Another command, and its first answer."""
        await self._take(self._session.send(command, fields, now()))
        return await self.next()

    async def next(self) -> tuple[int, dict[str, Any]]:
        """The next answer; (-code, {}) where the session ends."""
        async with asyncio.timeout(PATIENCE_S):
            while not self._events:
                await self._hear()
            match self._events.pop(0):
                case Replied(_, result, fields):
                    return result, dict(fields)
                case Closed(code):
                    return -code, {}
                case _:
                    return await self.next()

    async def gone(self) -> None:
        """Wait for the end of the connection."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.line.gone:
                await self.line.notifications.get()

    def leave(self) -> None:
        self._bluez.drop(self.line)

    async def _hear(self) -> None:
        frame = await self.line.notifications.get()
        if frame is None:
            self._events.append(Closed(0, False))
        else:
            await self._take(self._session.receive(frame, now()))

    async def _take(self, out: Output) -> None:
        self._events += out.events
        for frame in out.frames:
            error = await self.line.write(frame)
            if error:
                self.errors.append(error)

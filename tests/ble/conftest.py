"""A service on a bus of its own, with a bluetoothd that is played and somebody who answers at once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from lockd.ble.link import Receive
from lockd.ble.service import Service
from lockd.dbus.connection import Connection
from lockd.wire import results
from lockd.wire.enrolment import Invitations
from lockd.wire.events import Closed, CommandReceived, Opened
from lockd.wire.limits import HandshakeLimit
from lockd.wire.noise import KeyPair
from lockd.wire.session import LockEnd, LockSession, Phone
from tests.fakes.bluez import FakeBluez
from tests.fakes.bus import PrivateBus, private_bus
from tests.fakes.phone import FakePhone

__all__ = ["private_bus"]


class Desk:
    """Answers every command at once, with COMPLETE and `fields`. `known`: public keys."""

    def __init__(self, address: str, adapter: str = "auto") -> None:
        self.known: set[bytes] = set()
        self.commands: list[str] = []
        self.ends: list[int] = []
        self.fields: Mapping[str, Any] = {}
        self.told_of: list[str] = []
        self.keys = KeyPair(os.urandom(32))
        self.links: list[Connection] = []

        async def connect(receive: Receive) -> Connection:
            self.links.append(await Connection.open(address, receive))
            return self.links[-1]

        lock = LockEnd(self.keys, os.urandom, self._who, Invitations(), HandshakeLimit())
        self.service = Service(connect, lock, adapter, self)

    def _who(self, key: bytes) -> Phone | None:
        return Phone("user", 1) if key in self.known else None

    def opened(self, _session: LockSession, _opened: Opened) -> None:
        pass

    def asked(self, device: str, session: LockSession, command: CommandReceived) -> None:
        self.commands.append(command.command)
        self.service.reply(device, session, command.id, results.COMPLETE, self.fields)

    def ended(self, _session: LockSession, closed: Closed) -> None:
        self.ends.append(closed.code)

    def told(self) -> None:
        self.told_of.append(self.service.trouble)

    def phone(self, radio: FakeBluez, known: bool = True) -> FakePhone:
        phone = FakePhone(radio, self.keys.public)
        if known:
            self.known.add(phone.keys.public)
        return phone


@asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[Desk]:
    task = asyncio.create_task(desk.service.run())
    try:
        yield desk
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def desk(private_bus: PrivateBus) -> AsyncIterator[Desk]:
    async with running(Desk(private_bus.address)) as desk:
        yield desk


@pytest.fixture
async def radio(private_bus: PrivateBus) -> AsyncIterator[FakeBluez]:
    async with FakeBluez(private_bus.address) as radio:
        yield radio

"""lockd's D-Bus side on a real bus, with a fake desk behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from dbus_next.constants import MessageFlag, MessageType
from dbus_next.message import Message

from lockd.dbus import names
from lockd.dbus.bus import Bus
from lockd.dbus.client import Client
from lockd.dbus.connection import CallError, Connection
from lockd.dbus.desk import Desk
from tests.dbus.fakes import FakeDesk
from tests.fakes.bus import PrivateBus, private_bus

__all__ = ["private_bus"]

#: Longer than anything here takes.
PATIENCE_S = 10.0


@asynccontextmanager
async def running(bus: Bus) -> AsyncIterator[Bus]:
    """The bus side at work."""
    task = asyncio.create_task(bus.run())
    try:
        yield bus
    finally:
        await bus.close()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
async def served(private_bus: PrivateBus, desk: FakeDesk) -> AsyncIterator[Bus]:
    """lockd owning its name."""
    fake: Desk = desk
    async with running(Bus(private_bus.address, fake, "same-user", simulator=True)) as bus, asyncio.timeout(PATIENCE_S):
        await bus.owned()
        yield bus


@pytest.fixture
async def client(private_bus: PrivateBus, served: Bus) -> AsyncIterator[Client]:
    async with Client.connect(private_bus.address) as client:
        yield client


class Raw:
    """Says anything at all; `heard` is every signal."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Message] = asyncio.Queue()
        self.link: Connection

    def receive(self, message: Message, _whole: bool) -> None:
        if message.message_type is MessageType.SIGNAL:
            self.heard.put_nowait(message)

    async def say(
        self,
        interface: str | None,
        member: str,
        signature: str = "",
        *body: Any,
        path: str = names.PATH,
        flags: MessageFlag = MessageFlag.NONE,
    ) -> Any:
        """The answer's body, or the name of the error."""
        message = Message(
            destination=names.BUS_NAME,
            path=path,
            interface=interface,  # type: ignore[arg-type]
            member=member,
            signature=signature,
            body=list(body),
            flags=flags,
        )
        try:
            return await self.link.ask(message, PATIENCE_S)
        except CallError as error:
            return error.name


@pytest.fixture
async def raw(private_bus: PrivateBus, served: Bus) -> AsyncIterator[Raw]:
    raw = Raw()
    raw.link = await Connection.open(private_bus.address, raw.receive)
    yield raw
    raw.link.close()



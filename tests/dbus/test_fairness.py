"""Nobody can take the room of others, whatever he may not do; and what he may not do leaves a trace."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from lockd.dbus import dispatch, names, polkit
from lockd.dbus.bus import Bus
from lockd.dbus.callers import Callers
from lockd.dbus.client import Client
from lockd.dbus.connection import Connection
from lockd.dbus.dispatch import MOST_PENDING, MOST_PENDING_OF_ONE, ROOM_FOR_ROOT, Load
from lockd.dbus.polkit import MOST_OPEN_OF_A_USER, Polkit
from lockd.errors import AccessDenied, Busy, InvalidField
from tests.dbus.conftest import PATIENCE_S, running
from tests.dbus.fakes import FakeDesk
from tests.dbus.test_rights import ANNA, NO, YES, authority
from tests.fakes.bus import PrivateBus

LOCK, USERS = names.LOCK.name, names.USERS.name
BY = "uid 1000 (anna)"


class Everybody:
    """Makes the connections of these clients those of other users."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.uids: dict[str, int] = {}
        uids = self.uids

        async def uid(_self: Callers, sender: str) -> int:
            return uids.get(sender, 0)

        async def user_name(uid: int) -> str:
            return {0: "root", ANNA.uid: ANNA.name}.get(uid, "")

        monkeypatch.setattr(Callers, "uid", uid)
        monkeypatch.setattr("lockd.dbus.callers._user_name", user_name)

    def is_user(self, client: Client, uid: int) -> None:
        self.uids[client._link.unique_name] = uid


@pytest.fixture
def everybody(monkeypatch: pytest.MonkeyPatch) -> Everybody:
    return Everybody(monkeypatch)


async def test_calls_that_wait_for_polkit_take_no_room_from_root_or_others(
    private_bus: PrivateBus, desk: FakeDesk, everybody: Everybody
) -> None:
    async with (
        authority(private_bus.address) as played,
        running(Bus(private_bus.address, desk, "polkit")) as bus,
        AsyncExitStack() as stack,
        asyncio.timeout(PATIENCE_S),
    ):
        await bus.owned()
        played.answer = None
        calls: list[asyncio.Task[Any]] = []
        for _ in range(MOST_PENDING // MOST_PENDING_OF_ONE + 1):
            client = await stack.enter_async_context(Client.connect(private_bus.address))
            everybody.is_user(client, ANNA.uid)
            calls += [asyncio.create_task(client.call(LOCK, "UnlockDoor")) for _ in range(MOST_PENDING_OF_ONE)]
        while sum(call.done() for call in calls) < len(calls) - MOST_OPEN_OF_A_USER:
            await asyncio.wait([call for call in calls if not call.done()], return_when=asyncio.FIRST_COMPLETED)
        assert all(isinstance(call.exception(), Busy) for call in calls if call.done())
        root = await stack.enter_async_context(Client.connect(private_bus.address))
        await root.call(LOCK, "LockDoor")
        bert = await stack.enter_async_context(Client.connect(private_bus.address))
        everybody.is_user(bert, 1001)
        played.answer = YES
        await bert.call(LOCK, "LockDoor")
        assert [call[3:4] for call in desk.calls] == [(None,), (None,)]
        assert len(played.asked) == MOST_OPEN_OF_A_USER + 1
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)


async def test_a_question_that_polkit_has_answered_makes_room_for_another(
    private_bus: PrivateBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polkit, "MOST_OPEN_OF_A_USER", 1)
    link = await Connection.open(private_bus.address, lambda _message, _whole: None)
    async with authority(private_bus.address) as played, asyncio.timeout(PATIENCE_S):
        policy = Polkit(link)
        await policy.require(ANNA, "operate", False)
        played.answer = NO
        with pytest.raises(AccessDenied):
            await policy.require(ANNA, "operate", False)
        played.answer = YES
        await policy.require(ANNA, "operate", False)
    link.close()


def test_a_user_gets_half_of_the_room_and_root_some_of_his_own() -> None:
    load = Load()
    half, rest = MOST_PENDING // 2, MOST_PENDING // 2 - ROOM_FOR_ROOT

    def take(uid: int, times: int) -> None:
        for _ in range(times):
            held.append(load.of_user(uid))
            held[-1].__enter__()

    held: list[Any] = []
    take(1000, half)
    with pytest.raises(Busy), load.of_user(1000):
        pass
    take(1001, rest)
    with pytest.raises(Busy), load.of_user(1001):
        pass
    with pytest.raises(Busy), load.of_user(1002):
        pass
    take(0, ROOM_FOR_ROOT)
    held[0].__exit__(None, None, None)
    take(1002, 1)


async def test_a_user_has_his_room_on_all_his_connections_together(
    private_bus: PrivateBus, desk: FakeDesk, everybody: Everybody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "MOST_PENDING", 2)
    desk.gate = asyncio.Event()
    async with (
        running(Bus(private_bus.address, desk, "polkit")) as bus,
        Client.connect(private_bus.address) as one,
        Client.connect(private_bus.address) as other,
        asyncio.timeout(PATIENCE_S),
    ):
        await bus.owned()
        call = asyncio.create_task(one.call(LOCK, "Home"))
        await desk.operated.wait()
        with pytest.raises(Busy):
            await other.call(LOCK, "Home")
        desk.gate.set()
        await call
        await other.call(LOCK, "Home")


async def test_a_call_without_the_right_leaves_a_trace(
    private_bus: PrivateBus, desk: FakeDesk, everybody: Everybody
) -> None:
    async with (
        authority(private_bus.address) as played,
        running(Bus(private_bus.address, desk, "polkit")) as bus,
        Client.connect(private_bus.address) as client,
        asyncio.timeout(PATIENCE_S),
    ):
        await bus.owned()
        everybody.is_user(client, ANNA.uid)
        played.answer = NO
        for interface, method in ((LOCK, "UnlockDoor"), (LOCK, "Home"), (USERS, "ListUsers")):
            with pytest.raises(AccessDenied):
                await client.call(interface, method)
        with pytest.raises(AccessDenied):
            await client.set(LOCK, "AutoRelockTime", 0)
        denied = ["UnlockDoor", "Home", "ListUsers", "Set AutoRelockTime"]
        assert desk.traces == [(BY, method, "AccessDenied") for method in denied]
        with pytest.raises(AccessDenied):  # and hears nothing of what else is wrong
            await client.call(LOCK, "UnlockDoor", {"pin": "12a4"})
        desk.traces.clear()
        played.answer = YES
        with pytest.raises(InvalidField):
            await client.call(LOCK, "UnlockDoor", {"pin": "12a4"})
        with pytest.raises(InvalidField):
            await client.call(USERS, "GetUser", 0)
        await client.call(LOCK, "UnlockDoor", {"pin": "1234"})
        assert desk.traces == [(BY, "UnlockDoor", "InvalidField")]


async def test_what_is_open_to_all_leaves_no_trace(
    private_bus: PrivateBus, desk: FakeDesk, everybody: Everybody
) -> None:
    async with (
        running(Bus(private_bus.address, desk, "same-user", simulator=True)) as bus,
        Client.connect(private_bus.address) as client,
        asyncio.timeout(PATIENCE_S),
    ):
        await bus.owned()
        everybody.is_user(client, ANNA.uid)
        with pytest.raises(AccessDenied):
            await client.call(names.SIMULATOR.name, "OpenDoor")
        assert desk.traces == []

"""Coming, staying and coming back; floods; and the limits on what waits."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import tracemalloc
from pathlib import Path

import pytest
from dbus_next.constants import MessageType
from dbus_next.message import Message
from dbus_next.signature import Variant

from lockd.dbus import bus as module
from lockd.dbus import names
from lockd.dbus.bus import Bus
from lockd.dbus.callers import Callers
from lockd.dbus.client import Client, NotRunning
from lockd.dbus.connection import Connection
from lockd.dbus.dispatch import MOST_PENDING_OF_ONE
from lockd.errors import Busy
from tests.dbus.conftest import PATIENCE_S, Raw, running
from tests.dbus.fakes import FakeDesk
from tests.fakes.bus import PrivateBus

LOCK = names.LOCK.name


class Troubles:
    """What the daemon is told, in order."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[str] = asyncio.Queue()
        self.bus: Bus

    def __call__(self) -> None:
        self.told.put_nowait(self.bus.trouble)


def tellers(address: str, desk: FakeDesk) -> tuple[Bus, asyncio.Queue[str]]:
    troubles = Troubles()
    troubles.bus = Bus(address, desk, "same-user", told=troubles)
    return troubles.bus, troubles.told


async def test_lockd_is_back_within_five_seconds_whenever_the_bus_is(private_bus: PrivateBus, desk: FakeDesk) -> None:
    bus, told = tellers(private_bus.address, desk)
    async with running(bus), asyncio.timeout(3 * PATIENCE_S):
        for _ in range(3):
            assert await told.get() == ""
            private_bus.kill()
            assert "ended" in await told.get()
            bus.emit(LOCK, "DoorStateChange", {"state": "DoorOpen"})
            private_bus.start()
            async with asyncio.timeout(5):
                await bus.owned()
            async with Client.connect(private_bus.address) as client:
                await client.call(LOCK, "LockDoor")
    assert len(desk.calls) == 3


def test_the_longest_pause_leaves_time_to_connect_within_five_seconds() -> None:
    assert module.LAST_RETRY_S <= 4


async def test_without_a_bus_it_says_so_once_and_goes_on_trying(
    tmp_path: Path, desk: FakeDesk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_RETRY_S", 0.0)
    opened = asyncio.Queue[str]()
    real = Connection.open

    async def watched(*args: object, **more: bool) -> Connection:
        opened.put_nowait("try")
        return await real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Connection, "open", watched)
    bus, told = tellers(f"unix:path={tmp_path}/none", desk)
    async with running(bus), asyncio.timeout(PATIENCE_S):
        for _ in range(5):
            await opened.get()
        assert (await told.get()).startswith("no D-Bus at ")
        assert told.empty()
    assert len(caplog.records) == 1


async def test_a_bus_that_forbids_the_name_is_said_so_and_tried_again(desk: FakeDesk) -> None:
    with PrivateBus('<deny own="org.lockd1"/>') as private:
        bus, told = tellers(private.address, desk)
        async with running(bus), asyncio.timeout(PATIENCE_S):
            assert "org.lockd1" in await told.get()
            private.configure("")
            private.kill()
            private.start()
            while bus.trouble:
                await told.get()


async def test_a_name_that_another_has_is_ours_when_he_goes(
    private_bus: PrivateBus, desk: FakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    other = await Connection.open(private_bus.address, lambda _message, _whole: None)
    await other.ask_bus("RequestName", "su", names.BUS_NAME, 0)
    bus, told = tellers(private_bus.address, desk)
    async with running(bus), asyncio.timeout(PATIENCE_S):
        assert "another process owns org.lockd1" in await told.get()
        other.close()
        assert await told.get() == ""
        await bus.owned()
    assert [record.levelno for record in caplog.records if record.levelno >= logging.WARNING] == [logging.WARNING]


async def test_a_lost_name_is_taken_again(private_bus: PrivateBus, desk: FakeDesk) -> None:
    bus, told = tellers(private_bus.address, desk)
    async with running(bus), asyncio.timeout(PATIENCE_S):
        assert await told.get() == ""
        assert bus._session
        bus._session.connection.tell_bus("ReleaseName", "s", names.BUS_NAME)
        assert "lost the name" in await told.get()
        assert await told.get() == ""


async def test_a_stranger_cannot_take_the_name_away_by_saying_so(
    private_bus: PrivateBus, served: Bus, raw: Raw
) -> None:
    assert served._session
    lie = Message(
        message_type=MessageType.SIGNAL, destination=served._session.connection.unique_name, path="/x",
        interface="org.freedesktop.DBus", member="NameLost", signature="s", body=[names.BUS_NAME],
    )  # fmt: skip
    raw.link.post(lie)
    assert await raw.say(None, "Ping") == []
    assert served.trouble == ""


async def test_closing_ends_calls_that_wait(private_bus: PrivateBus, desk: FakeDesk) -> None:
    desk.gate = asyncio.Event()
    bus = Bus(private_bus.address, desk, "same-user")
    async with asyncio.timeout(PATIENCE_S), running(bus), Client.connect(private_bus.address) as client:
        await bus.owned()
        call = asyncio.ensure_future(client.call(LOCK, "Home"))
        await desk.operated.wait()
        await bus.close()
        with pytest.raises(Exception, match="Home"):
            await call


async def test_a_bus_that_was_never_started_can_be_closed(desk: FakeDesk) -> None:
    await Bus("unix:path=/nowhere", desk, "polkit").close()


async def test_one_caller_cannot_have_too_many_calls_waiting_but_others_are_served(
    private_bus: PrivateBus, served: Bus, client: Client, desk: FakeDesk
) -> None:
    desk.gate = asyncio.Event()
    calls = [asyncio.ensure_future(client.call(LOCK, "Home")) for _ in range(MOST_PENDING_OF_ONE + 5)]
    async with asyncio.timeout(PATIENCE_S):
        done, _ = await asyncio.wait(calls[-5:])
        assert all(isinstance(call.exception(), Busy) for call in done)
        assert await client.get(LOCK, "LockState") == "Locked"
        async with Client.connect(private_bus.address) as other:
            quick = asyncio.ensure_future(other.call(names.LOG.name, "Verify"))
            assert (await quick)["ok"]
        desk.gate.set()
        await asyncio.gather(*calls[:-5])
        await client.call(LOCK, "Home")


async def test_all_callers_together_cannot_have_too_many_either(
    private_bus: PrivateBus, served: Bus, client: Client, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_asked, known = asyncio.Barrier(5), asyncio.Event()

    async def slowly(_self: Callers, _sender: str) -> int:
        if not known.is_set():
            await all_asked.wait()
            await known.wait()
        return os.getuid()

    monkeypatch.setattr("lockd.dbus.dispatch.MOST_PENDING", 4)
    monkeypatch.setattr(Callers, "uid", slowly)
    async with asyncio.timeout(PATIENCE_S), Client.connect(private_bus.address) as other:
        calls = [asyncio.ensure_future(client.call(LOCK, "Home")) for _ in range(4)]
        await all_asked.wait()
        with pytest.raises(Busy):
            await other.call(LOCK, "Home")
        known.set()
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert None in answers
        await other.call(LOCK, "Home")


async def test_a_flood_of_wrong_pins_from_one_who_never_reads_leaves_memory_flat(
    private_bus: PrivateBus, served: Bus, raw: Raw, desk: FakeDesk
) -> None:
    flooder = await Connection.open(private_bus.address, lambda _message, _whole: None)
    desk.gate = asyncio.Event()

    async def flood(count: int) -> None:
        for number in range(count):
            body = [{"pin": Variant("s", f"{number:06}")}]
            flooder.post(
                Message(
                    destination=names.BUS_NAME, path=names.PATH, interface=LOCK, member="UnlockDoor",
                    signature="a{sv}", body=body,
                )
            )  # fmt: skip
            if number % 50 == 0:
                await raw.say(None, "Ping")

    asyncio.get_running_loop().remove_reader(flooder._sock)
    async with asyncio.timeout(3 * PATIENCE_S):
        tracemalloc.start()
        await flood(200)
        gc.collect()  # which empties Python's own lists of spare objects too
        before, _ = tracemalloc.get_traced_memory()
        await flood(1000)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    flooder.close()
    assert len(desk.calls) == MOST_PENDING_OF_ONE
    assert after - before < 100_000
    desk.gate.set()
    assert await raw.say(LOCK, "LockDoor", "a{sv}", {}) == []


async def test_asleep_it_is_off_the_bus_and_awake_it_is_back(private_bus: PrivateBus, desk: FakeDesk) -> None:
    bus, told = tellers(private_bus.address, desk)
    async with running(bus), asyncio.timeout(3 * PATIENCE_S):
        for _ in range(2):
            assert await told.get() == ""
            bus.sleep(True)
            bus.sleep(True)
            while await told.get() != "asleep while power is short":
                pass
            async with Client.connect(private_bus.address) as client:
                with pytest.raises(NotRunning):
                    await client.call(LOCK, "LockDoor")
            bus.emit(LOCK, "DoorStateChange", {"state": "DoorOpen"})
            bus.sleep(False)
        assert await told.get() == ""


async def test_asleep_before_it_was_on_the_bus_it_does_not_go_there(
    private_bus: PrivateBus, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus, told = tellers(private_bus.address, desk)
    real = Connection.open

    async def while_sleep_falls(*args: object, **more: bool) -> Connection:
        connection = await real(*args, **more)  # type: ignore[arg-type]
        bus.sleep(True)
        return connection

    monkeypatch.setattr(Connection, "open", while_sleep_falls)
    async with running(bus), asyncio.timeout(PATIENCE_S):
        while await told.get() != "asleep while power is short":
            pass
        monkeypatch.undo()
        bus.sleep(False)
        assert await told.get() == ""

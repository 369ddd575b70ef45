"""The client: what it says when there is nobody, and what it sees of comings and goings."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from dbus_next.constants import MessageType
from dbus_next.message import Message

from lockd.dbus import names
from lockd.dbus.bus import Bus
from lockd.dbus.client import MOST_SIGNALS, Client, NoAnswer, NoBus, NotRunning
from lockd.dbus.connection import CallError
from lockd.errors import Failure, InvalidField, UnsupportedCommand
from tests.dbus.conftest import PATIENCE_S, running
from tests.dbus.fakes import FakeDesk
from tests.fakes.bus import PrivateBus

LOCK = names.LOCK.name


async def test_no_bus_is_said_so() -> None:
    with pytest.raises(NoBus, match="the bus at unix:path=/nowhere/at/all cannot be reached"):
        async with Client.connect("unix:path=/nowhere/at/all"):
            pass


@pytest.mark.parametrize("address", ["", "nonsense", "unix:", "tcp:host=localhost,port=1", "unix:path=/a b"])
async def test_an_address_that_is_none_is_said_so(address: str) -> None:
    with pytest.raises(NoBus):
        async with Client.connect(address):
            pass


async def test_the_words_system_and_session_are_addresses(
    private_bus: PrivateBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    for word, variable in (("system", "DBUS_SYSTEM_BUS_ADDRESS"), ("session", "DBUS_SESSION_BUS_ADDRESS")):
        monkeypatch.setenv(variable, private_bus.address)
        async with Client.connect(word) as client:
            with pytest.raises(NotRunning, match=f"lockd is not running on the {word} bus"):
                await client.get(LOCK, "LockState")
        monkeypatch.delenv(variable)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with pytest.raises(NoBus, match="DBUS_SESSION_BUS_ADDRESS is not set"):
        async with Client.connect("session"):
            pass


@pytest.mark.parametrize("starts", [True, False])
async def test_the_bus_starts_lockd_only_for_who_lets_it(tmp_path: Path, starts: bool) -> None:
    mark = tmp_path / "started"
    service = f"[D-BUS Service]\nName={names.BUS_NAME}\nExec=/bin/sh -c 'touch {mark}; exit 1'\n"
    (tmp_path / f"{names.BUS_NAME}.service").write_text(service)
    # The folder stands beside the policies.
    with PrivateBus(f"</policy><servicedir>{tmp_path}</servicedir><policy context='default'>") as bus:
        async with Client.connect(bus.address, starts) as client:
            with pytest.raises(NotRunning):
                await client.get(LOCK, "LockState")
    assert mark.exists() is starts


async def test_a_lockd_that_takes_too_long_is_said_so(client: Client, desk: FakeDesk) -> None:
    desk.gate = asyncio.Event()
    with pytest.raises(NoAnswer, match="Home"):
        await client.call(LOCK, "Home", timeout_s=0.01)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (("LockDoor", {"pni": "1"}), InvalidField),
        (("LockDoor", {"pin": 1}), InvalidField),
        (("LockDoor", {}, {}), InvalidField),
        (("UnlockWithTimeout",), InvalidField),
        (("UnlockWithTimeout", "soon"), InvalidField),
        (("UnlockWithTimeout", 2**40), InvalidField),
        (("Open",), UnsupportedCommand),
    ],
)
async def test_what_cannot_be_sent_is_refused_here(
    client: Client, desk: FakeDesk, given: tuple[Any, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await client.call(LOCK, *given)
    assert desk.calls == []


async def test_options_may_be_left_out(client: Client, desk: FakeDesk) -> None:
    await client.call(LOCK, "UnlockWithTimeout", 9)
    assert desk.calls[0][-1] == 9


async def test_properties_that_do_not_exist_are_refused(client: Client) -> None:
    with pytest.raises(UnsupportedCommand):
        await client.get(LOCK, "Colour")
    with pytest.raises(UnsupportedCommand):
        await client.set(LOCK, "Colour", "red")
    with pytest.raises(InvalidField):
        await client.set(LOCK, "AutoRelockTime", "long")
    with pytest.raises(Failure, match="can only be read"):
        await client.set(LOCK, "LockState", "Locked")


async def test_a_lockd_that_leaves_and_comes_back_is_noticed(private_bus: PrivateBus, desk: FakeDesk) -> None:
    async with Client.connect(private_bus.address) as client, client.signals() as news, asyncio.timeout(PATIENCE_S):
        for _ in range(2):
            async with running(Bus(private_bus.address, desk, "same-user")) as bus:
                assert (await anext(news)).name == "Back"
                await bus.owned()
                bus.emit(LOCK, "DoorStateChange", {"state": "DoorOpen"})
                assert (await anext(news)).value == {"state": "DoorOpen"}
            assert (await anext(news)).name == "Lost"


async def test_a_lockd_that_comes_just_after_it_was_asked_for_is_heard(
    private_bus: PrivateBus, served: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer that it is not there, and the word that it has come, may be read in one go."""
    async with Client.connect(private_bus.address) as client:
        ask = client._link.ask_bus

        async def too_early(member: str, *rest: Any) -> Any:
            answer = await ask(member, *rest)
            if member != "GetNameOwner":
                return answer
            came = Message(
                message_type=MessageType.SIGNAL, sender="org.freedesktop.DBus", path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus", member="NameOwnerChanged", signature="sss",
                body=[names.BUS_NAME, "", answer[0]],
            )  # fmt: skip
            client._heard(came, True)
            raise CallError("org.freedesktop.DBus.Error.NameHasNoOwner", "nobody has it")

        monkeypatch.setattr(client._link, "ask_bus", too_early)
        async with asyncio.timeout(PATIENCE_S), client.signals() as news:
            assert (await anext(news)).name == "Back"
            served.properties_changed(names.LOCK.name, {"OperatingMode": "Privacy"})
            assert (await anext(news)).value == (names.LOCK.name, {"OperatingMode": "Privacy"})


async def test_the_end_of_the_bus_ends_the_news_and_the_calls(
    private_bus: PrivateBus, client: Client, desk: FakeDesk
) -> None:
    desk.gate = asyncio.Event()
    async with client.signals() as news, asyncio.timeout(PATIENCE_S):
        call = asyncio.ensure_future(client.call(LOCK, "Home"))
        await desk.operated.wait()
        private_bus.kill()
        with pytest.raises(NoBus):
            await anext(news)
        with pytest.raises(NoBus):
            await call
        with pytest.raises(NoBus):
            await client.get(LOCK, "LockState")


async def test_a_stranger_cannot_speak_for_lockd(private_bus: PrivateBus, served: Bus, client: Client) -> None:
    async with (
        client.signals() as news,
        Client.connect(private_bus.address) as stranger,
        asyncio.timeout(PATIENCE_S),
    ):

        false = Message(
            message_type=MessageType.SIGNAL, destination=client._link.unique_name, path=names.PATH, interface=LOCK,
            member="DoorStateChange", signature="a{sv}", body=[{}],
        )  # fmt: skip
        stranger._link.post(false)
        await stranger._link.ask_bus("GetId")
        served.emit(LOCK, "DoorStateChange", {"state": "DoorOpen"})
        assert (await anext(news)).value == {"state": "DoorOpen"}


async def test_news_that_nobody_reads_does_not_pile_up(client: Client, served: Bus) -> None:
    async with client.signals() as news:
        for number in range(MOST_SIGNALS + 5):
            served.emit(LOCK, "DoorStateChange", {"seq": number})
        await client.get(LOCK, "LockState")
        assert (await anext(news)).value == {"seq": 5}

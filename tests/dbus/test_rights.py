"""Who may do what: by polkit, by user, and nothing for those of whom nothing is known."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from dbus_next.constants import MessageFlag, MessageType
from dbus_next.message import Message

from lockd.dbus import names, polkit
from lockd.dbus.bus import Bus
from lockd.dbus.callers import MOST_READERS, Callers
from lockd.dbus.client import Client
from lockd.dbus.connection import Connection
from lockd.dbus.desk import Caller
from lockd.dbus.polkit import Polkit
from lockd.errors import AccessDenied
from tests.dbus.conftest import PATIENCE_S, Raw, running
from tests.dbus.fakes import EVENT, FakeDesk
from tests.fakes.bus import PrivateBus

ANNA = Caller(":1.99", 1000, "anna")
#: Members of CheckAuthorization's answer: authorized, challenge, details.
YES, NO, CHALLENGE = [True, False, {}], [False, False, {}], [False, True, {}]
NOBODY = 65534


class Authority:
    """Plays polkit: `asked` is every question, `answer` what it says, None: nothing at all."""

    def __init__(self) -> None:
        self.answer: list[Any] | None = YES
        self.asked: list[list[Any]] = []
        self.cancelled: asyncio.Queue[str] = asyncio.Queue()
        self.link: Connection

    def receive(self, message: Message, _whole: bool) -> None:
        if message.member == "CancelCheckAuthorization":
            self.cancelled.put_nowait(message.body[0])
        elif message.member == "CheckAuthorization":
            self.asked.append(message.body)
            if self.answer:
                self.link.post(Message.new_method_return(message, "(bba{ss})", [self.answer]))


@asynccontextmanager
async def authority(address: str) -> AsyncIterator[Authority]:
    played = Authority()
    played.link = await Connection.open(address, played.receive)
    await played.link.ask_bus("RequestName", "su", polkit.AUTHORITY, 0)
    try:
        yield played
    finally:
        played.link.close()


@pytest.fixture
async def link(private_bus: PrivateBus) -> AsyncIterator[Connection]:
    link = await Connection.open(private_bus.address, lambda _message, _whole: None)
    yield link
    link.close()


async def test_polkit_is_asked_about_the_sender_and_the_action(private_bus: PrivateBus, link: Connection) -> None:
    async with authority(private_bus.address) as played:
        await Polkit(link).require(ANNA, "operate", interactive=True)
        (subject, action, details, flags, _number) = played.asked[0]
        assert subject[0] == "system-bus-name"
        assert subject[1]["name"].value == ANNA.sender
        assert (action, details, flags) == ("org.lockd1.operate", {}, 1)
        await Polkit(link).require(ANNA, "read-log", interactive=False)
        assert played.asked[1][1::2] == ["org.lockd1.read-log", 0]


@pytest.mark.parametrize(("answer", "text"), [(NO, "does not have this right"), (CHALLENGE, "authenticate")])
async def test_what_polkit_does_not_grant_is_denied(
    private_bus: PrivateBus, link: Connection, answer: list[Any], text: str
) -> None:
    async with authority(private_bus.address) as played:
        played.answer = answer
        with pytest.raises(AccessDenied, match=text):
            await Polkit(link).require(ANNA, "manage", interactive=False)


async def test_a_polkit_that_hangs_denies_and_is_told_to_forget_it(
    private_bus: PrivateBus, link: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polkit, "ANSWER_S", 0.01)
    async with authority(private_bus.address) as played, asyncio.timeout(PATIENCE_S):
        played.answer = None
        with pytest.raises(AccessDenied, match="in time"):
            await Polkit(link).require(ANNA, "manage", interactive=False)
        assert await played.cancelled.get() == played.asked[0][4]


async def test_without_polkit_only_root_has_rights(link: Connection, caplog: pytest.LogCaptureFixture) -> None:
    policy = Polkit(link)
    for _ in range(2):
        with pytest.raises(AccessDenied, match="only root"):
            await policy.require(ANNA, "operate", interactive=False)
    assert len(caplog.records) == 1
    await policy.require(ANNA.but(uid=0), "reset", interactive=False)


async def test_an_authority_that_answers_nonsense_grants_nothing(private_bus: PrivateBus, link: Connection) -> None:
    async with authority(private_bus.address) as played:
        played.answer = NO
        reply = Message.new_method_return
        played.link.post = lambda message: Connection.post(  # type: ignore[method-assign]
            played.link, reply(Message(path="/", member="X", sender=message.destination, serial=message.reply_serial))
        )
        with pytest.raises(AccessDenied):
            await Polkit(link).require(ANNA, "operate", interactive=False)


async def test_each_method_asks_for_its_own_right(
    private_bus: PrivateBus, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def anna(_self: Callers, sender: str) -> Caller:
        return ANNA.but(sender=sender)

    monkeypatch.setattr(Callers, "identify", anna)
    async with (
        authority(private_bus.address) as played,
        running(Bus(private_bus.address, desk, "polkit")) as bus,
        Client.connect(private_bus.address) as client,
        asyncio.timeout(PATIENCE_S),
    ):
        await bus.owned()
        played.answer = NO
        for interface, method, right, given in (
            (names.LOCK, "LockDoor", "operate", ({},)),
            (names.USERS, "ListUsers", "manage", ()),
            (names.LOG, "Verify", "read-log", ()),
            (names.MANAGER, "RotateKey", "configure", ()),
            (names.MANAGER, "FactoryReset", "reset", ("erase everything",)),
            (names.MANAGER, "Backup", "reset", (0,)),
            (names.MANAGER, "Restore", "reset", (0,)),
        ):
            with pytest.raises(AccessDenied, match=f"org.lockd1.{right}: uid 1000 "):
                await client.call(interface.name, method, *given)
            assert played.asked.pop()[1:4:2] == [f"org.lockd1.{right}", 1]
        with pytest.raises(AccessDenied):
            await client.set(names.LOCK.name, "AutoRelockTime", 0)
        assert played.asked.pop()[1] == "org.lockd1.configure"
        assert desk.calls == []
        await client.get(names.LOCK.name, "LockState")
        played.answer = YES
        await client.call(names.LOCK.name, "LockDoor")
        assert desk.calls == [("operate", "Lock", "uid 1000 (anna)", None, True, None)]


def test_no_method_that_changes_the_lock_is_open_to_anybody() -> None:
    own = (method for each in names.INTERFACES if each is not names.SIMULATOR for method in each.methods)
    assert not [method.name for method in own if method.right == "any"]


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("busctl"), reason="needs root to be another user")
async def test_on_ones_own_bus_another_user_has_no_rights(
    private_bus: PrivateBus, served: Bus, desk: FakeDesk
) -> None:
    nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    busctl = (*nobody, "busctl", f"--address={private_bus.address}")
    there = (names.BUS_NAME, names.PATH, names.LOCK.name)

    async def status(*words: str) -> tuple[int | None, bytes]:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*busctl, *words, stdout=pipe, stderr=pipe)
        _, error = await process.communicate()
        return process.returncode, error

    assert await status("get-property", *there, "LockState") == (0, b"")
    assert await status("call", *there, "LockDoor", "a{sv}", "0") == (1, b"Call failed: Access denied\n")
    assert desk.calls == []


async def test_a_user_whose_name_cannot_be_found_is_a_number(
    link: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(_uid: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert (await Callers(link).identify(link.unique_name)).name == ""


async def test_a_directory_of_users_that_hangs_is_not_waited_for(
    link: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = threading.Event()
    real = pwd.getpwuid

    def hang(uid: int) -> pwd.struct_passwd:
        hanging.wait()
        return real(uid)

    monkeypatch.setattr("pwd.getpwuid", hang)
    monkeypatch.setattr("lockd.dbus.callers.NAME_S", 0.01)
    caller = await Callers(link).identify(link.unique_name)
    hanging.set()
    assert caller.by == f"uid {os.getuid()}"


async def test_a_name_that_no_thread_could_look_up_is_looked_up_the_next_time(
    link: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    callers = Callers(link)
    with monkeypatch.context() as short:
        short.setattr(threading.Thread, "start", none_left)
        assert (await callers.identify(link.unique_name)).by == f"uid {os.getuid()}"
    assert (await callers.identify(link.unique_name)).name == pwd.getpwuid(os.getuid()).pw_name


async def test_a_caller_is_asked_for_once_and_known_by_name(private_bus: PrivateBus, link: Connection) -> None:
    callers = Callers(link)
    caller = await callers.identify(link.unique_name)
    assert (caller.sender, caller.uid) == (link.unique_name, os.getuid())
    link.ask_bus = None  # type: ignore[assignment,method-assign]  # it would fail if it were asked again
    assert await callers.identify(link.unique_name) == caller
    del link.ask_bus
    with pytest.raises(AccessDenied):
        await callers.identify(":1.987654")


def test_a_caller_without_a_name_is_a_number() -> None:
    assert Caller(":1.1", 7, "").by == "uid 7"


async def listener(address: str, reads: bool) -> Raw:
    raw = Raw()
    raw.link = await Connection.open(address, raw.receive)
    await raw.link.ask_bus("AddMatch", "s", f"type='signal',sender='{names.BUS_NAME}'")
    if reads:
        await raw.say(names.LOG.name, "Read", "tu", 1, 1)
    return raw


async def told(raw: Raw) -> Message:
    """The next signal of lockd's."""
    async with asyncio.timeout(PATIENCE_S):
        while (message := await raw.heard.get()).path != names.PATH:
            pass
        return message


async def test_private_signals_reach_only_those_who_may_read_the_log(private_bus: PrivateBus, served: Bus) -> None:
    reader, other = await listener(private_bus.address, reads=True), await listener(private_bus.address, reads=False)
    served.emit(names.LOCK.name, "DoorLockAlarm", EVENT | {"alarm": "ForcedUser"}, private=True)
    served.emit(names.LOCK.name, "DoorLockAlarm", EVENT | {"alarm": "DoorAjar"})
    assert [(await told(reader)).body[0]["alarm"].value for _ in range(2)] == ["ForcedUser", "DoorAjar"]
    assert (await told(other)).body[0]["alarm"].value == "DoorAjar"
    reader.link.close()
    other.link.close()


async def test_a_reader_who_has_left_is_forgotten(private_bus: PrivateBus, served: Bus, raw: Raw) -> None:
    assert served._session
    reader = await listener(private_bus.address, reads=True)
    assert list(served._session.readers) == [reader.link.unique_name]
    reader.link.close()
    async with asyncio.timeout(PATIENCE_S):
        while list(served._session.readers):
            await raw.say(None, "Ping")


async def test_the_readers_do_not_become_too_many(private_bus: PrivateBus, served: Bus) -> None:
    assert served._session
    for number in range(MOST_READERS + 3):
        served._session.readers.admit(f":9.{number}")
    assert next(iter(served._session.readers)) == ":9.3"
    assert len(list(served._session.readers)) == MOST_READERS


async def test_a_call_that_wants_no_answer_gets_none(raw: Raw, desk: FakeDesk, private_bus: PrivateBus) -> None:
    answers: list[Message] = []
    quiet = await Connection.open(private_bus.address, lambda _message, _whole: None)
    quiet._deliver = lambda message, whole: answers.append(message)  # type: ignore[method-assign]
    unheard: list[tuple[str, str, list[Any]]] = [("LockDoor", "a{sv}", [{}]), ("Nothing", "", []), ("Ping", "", [])]
    for member, signature, body in unheard:
        quiet.post(
            Message(
                destination=names.BUS_NAME,
                path=names.PATH,
                member=member,
                signature=signature,
                body=body,
                flags=MessageFlag.NO_REPLY_EXPECTED,
            )
        )
    quiet.post(Message(destination=names.BUS_NAME, path=names.PATH, member="Ping"))
    async with asyncio.timeout(PATIENCE_S):
        while not any(each.message_type is not MessageType.SIGNAL for each in answers) or not desk.calls:
            await raw.say(None, "Ping")
    assert [each.message_type for each in answers if each.message_type is not MessageType.SIGNAL] == [
        MessageType.METHOD_RETURN
    ]
    assert len(desk.calls) == 1
    quiet.close()

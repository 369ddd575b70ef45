"""File descriptors that come with messages: each goes with its own, and none stays open."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest
from dbus_next.message import Message

from lockd.dbus import frames, names
from lockd.dbus.bus import Bus
from lockd.dbus.client import Client
from lockd.dbus.connection import Connection
from lockd.dbus.frames import Inbox, Outbox, close_all
from lockd.errors import InvalidField, UnsupportedCommand
from tests.dbus.fakes import FakeDesk, marshalled
from tests.fakes.bus import PrivateBus

MANAGER = names.MANAGER.name


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Whatever a test did, as many are open after it as before."""
    before = sorted(os.listdir("/proc/self/fd"))
    yield
    assert sorted(os.listdir("/proc/self/fd")) == before


def said(serial: int, size: int = 1, path: str = "/") -> bytes:
    return marshalled(Message(path=path, member="Say", sender=":1.2", serial=serial, signature="s", body=["x" * size]))


def send(sock: socket.socket, data: bytes, marks: list[int]) -> None:
    """One message as a bus sends it: by itself, its files with the first byte. A file is known by its size."""
    files = [os.memfd_create("mark") for _ in marks]
    for file, mark in zip(files, marks, strict=True):
        os.truncate(file, mark)
    socket.send_fds(sock, [data], files)
    close_all(files)


def received(sock: socket.socket, inbox: Inbox, size: int) -> list[tuple[int, list[int]]]:
    """Serials, and the marks of the files that came with them, read in pieces of this size."""
    found = []
    while True:
        try:
            data, files, _, _ = socket.recv_fds(sock, size, 16)
        except BlockingIOError:
            return found
        inbox.feed(data, files)
        for message, _whole in inbox.messages():
            found.append((message.serial, [os.fstat(file).st_size for file in message.unix_fds]))
            close_all(message.unix_fds)


@pytest.mark.parametrize("size", [1, 7, 64, 100, 65536])
def test_each_message_gets_its_own(size: int, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    marks: dict[int, list[int]] = {1: [], 2: [21], 3: [], 4: [41, 42], 5: [51], 6: []}
    for serial, given in marks.items():
        send(theirs, said(serial, 10 * serial), given)
    assert received(ours, Inbox(1000), size) == list(marks.items())


@pytest.mark.parametrize("size", [1, 64, 100_000])
def test_those_of_a_message_that_is_dropped_go_to_nobody_else(
    size: int, pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger's file must never be taken for that of the next caller."""
    monkeypatch.setattr(frames, "LONGEST_HEADER", 1000)
    ours, theirs = pair
    send(theirs, said(1, path="/" + "x" * 2000), [11])  # its header is too long, it is not read
    send(theirs, said(2, 3000), [21])  # its body is
    send(theirs, b"l\1\0\1" + bytes(4) + b"\1\0\0\0" + b"\x08\0\0\0" + b"nonsense", [31])
    send(theirs, said(4), [41])
    send(theirs, said(5), [])
    assert received(ours, Inbox(100), size) == [(2, [21]), (4, [41]), (5, [])]


def test_what_nobody_took_is_closed_with_the_stream(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    send(theirs, said(1)[:-1], [11])
    inbox = Inbox(100)
    assert received(ours, inbox, 1000) == []
    inbox.close()


def test_they_are_sent_once_with_the_first_byte(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.setblocking(False)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    file = os.memfd_create("mark")
    os.truncate(file, 7)
    out, inbox, found = Outbox(), Inbox(1 << 20), []
    out.put(said(1, 100_000), [file])
    out.put(said(2))
    while out.size:
        out.write_to(theirs)
        found += received(ours, inbox, 1 << 16)
    os.close(file)
    assert found == [(1, [7]), (2, [])]


async def test_a_caller_who_sends_more_or_none_is_refused(served: Bus, private_bus: PrivateBus, desk: FakeDesk) -> None:
    link = await Connection.open(private_bus.address, lambda *_: None, files=True)
    for files in ([], [0, 0]):
        message = Message(names.BUS_NAME, names.PATH, MANAGER, "Backup", signature="h", body=[0], unix_fds=files)
        with pytest.raises(Exception, match="file descriptor"):
            await link.ask(message, 5.0)
    other = Message(names.BUS_NAME, names.PATH, MANAGER, "Diagnose", unix_fds=[0])
    assert await link.ask(other, 5.0)  # and who sends one where none is wanted is answered
    assert desk.calls == [("diagnose",)]
    link.close()


async def test_a_client_says_what_its_bus_cannot(
    served: Bus, private_bus: PrivateBus, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Client.connect(private_bus.address) as client:
        monkeypatch.setattr(client._link, "files", False)
        with pytest.raises(UnsupportedCommand, match="passes no open files on"):
            await client.call(MANAGER, "Backup", 0)
    assert desk.calls == []


async def test_a_refusal_by_the_desk_closes_it_too(served: Bus, private_bus: PrivateBus, desk: FakeDesk) -> None:
    desk.error = InvalidField("not so")
    async with Client.connect(private_bus.address) as client:
        with pytest.raises(InvalidField, match="not so"):
            await client.call(MANAGER, "Restore", 0)

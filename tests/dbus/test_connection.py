"""The transport: strange streams, floods, buses that do not read, and ends at every moment."""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from dbus_next.message import Message
from dbus_next.signature import SignatureTree, Variant
from hypothesis import given
from hypothesis import strategies as st

from lockd.dbus import connection, frames
from lockd.dbus.connection import LARGEST, Connection
from lockd.dbus.frames import Inbox
from tests.dbus.conftest import PATIENCE_S
from tests.dbus.fakes import ScriptedBus, marshalled, ping

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Ears:
    """Everything received; `enough` is set after `wanted` messages."""

    def __init__(self, wanted: int = 1) -> None:
        self.got: list[tuple[Message, bool]] = []
        self.wanted = wanted
        self.enough = asyncio.Event()
        self.then: Callable[[Message], None] = lambda _message: None

    def __call__(self, message: Message, whole: bool) -> None:
        self.got.append((message, whole))
        self.then(message)
        if len(self.got) >= self.wanted:
            self.enough.set()


@pytest.fixture
async def scripted(tmp_path: Path) -> AsyncIterator[ScriptedBus]:
    bus = ScriptedBus(tmp_path)
    yield bus
    await bus.stop()


async def opened(bus: ScriptedBus, ears: Ears) -> tuple[Connection, asyncio.StreamReader, asyncio.StreamWriter]:
    link = await Connection.open(await bus.start(), ears)
    return link, *await bus.streams.get()


def text(size: int, serial: int = 7) -> Message:
    return Message(path="/", member="Say", sender=":1.2", serial=serial, signature="s", body=["x" * size])


@given(st.lists(st.integers(0, 300), max_size=6), st.integers(1, 400))
def test_messages_come_out_as_they_went_in_however_the_stream_is_cut(sizes: list[int], step: int) -> None:
    stream = b"".join(marshalled(text(size, serial)) for serial, size in enumerate(sizes, 1))
    inbox = Inbox(200)
    found = []
    for start in range(0, len(stream), step):
        inbox.feed(stream[start : start + step])
        found += [(message.serial, whole, len(message.body)) for message, whole in inbox.messages()]
    small = [size + 5 <= 200 for size in sizes]
    assert found == [(serial, whole, int(whole)) for serial, whole in enumerate(small, 1)]


@given(st.binary(max_size=200))
def test_no_stream_at_all_makes_it_raise_anything_but_a_connection_error(data: bytes) -> None:
    inbox = Inbox(100)
    inbox.feed(b"l\1\0\1" + data)
    try:
        assert all(message is not None for message, _ in inbox.messages())
    except ConnectionError as error:
        assert "D-Bus" in str(error)


def test_big_endian_messages_are_read() -> None:
    fields = b"\1\1o\0\0\0\0\1/\0\0\0\0\0\0\0" + b"\3\1s\0\0\0\0\4Ping\0\0\0\0" + b"\7\1s\0\0\0\0\4:1.2\0\0\0\0"
    inbox = Inbox(100)
    inbox.feed(b"B\1\0\1" + struct.pack(">III", 0, 9, len(fields) - 3) + fields + bytes(-len(fields) % 8))
    ((message, whole),) = inbox.messages()
    assert (message.member, message.serial, whole) == ("Ping", 9, True)


def test_a_message_that_cannot_be_read_is_known_by_its_header() -> None:
    spoiled = marshalled(text(5)).replace(b"xxxxx", b"\xff\xff\xff\xff\xff")
    inbox = Inbox(LARGEST)
    inbox.feed(spoiled + marshalled(ping(8)))
    assert [(message.serial, whole) for message, whole in inbox.messages()] == [(7, False), (8, True)]


def test_a_message_of_an_unknown_kind_is_passed_over() -> None:
    strange = bytearray(marshalled(ping(1)))
    strange[1] = 77
    inbox = Inbox(LARGEST)
    inbox.feed(bytes(strange) + marshalled(ping(2)))
    assert [message.serial for message, _ in inbox.messages()] == [2]


def test_an_absurd_header_is_passed_over() -> None:
    inbox = Inbox(LARGEST)
    absurd = Message(path="/" + "x" * frames.LONGEST_HEADER, member="Say", serial=1)
    inbox.feed(marshalled(absurd) + marshalled(ping(2)))
    assert [message.serial for message, _ in inbox.messages()] == [2]


def test_signatures_of_strangers_are_not_remembered_for_ever() -> None:
    inbox = Inbox(LARGEST)
    for number in range(1, 2 * frames.MOST_SIGNATURES):
        kinds = "".join("ybnqiuxtds"[int(digit)] for digit in str(number))
        wild = Variant(f"a({kinds})", [])
        inbox.feed(marshalled(Message(path="/", member="Say", serial=number, signature="v", body=[wild])))
        assert len(list(inbox.messages())) == 1
    assert len(SignatureTree._cache) <= frames.MOST_SIGNATURES + 10


async def test_a_flood_leaves_every_other_turn_to_the_rest(
    scripted: ScriptedBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "TURN_S", 0.0)
    ears = Ears(500)
    link, _, writer = await opened(scripted, ears)
    turns = itertools.count()
    seen_at: list[int] = []
    ears.then = lambda _message: seen_at.append(next(turns))

    def other() -> None:
        next(turns)
        if link.connected:
            asyncio.get_running_loop().call_soon(other)

    other()
    writer.write(b"".join(marshalled(ping(number)) for number in range(1, 501)))
    async with asyncio.timeout(PATIENCE_S):
        await ears.enough.wait()
    assert [message.serial for message, _ in ears.got] == list(range(1, 501))
    assert all(later - earlier >= 2 for earlier, later in itertools.pairwise(seen_at))
    link.close()


async def test_while_the_bus_does_not_read_nothing_more_is_taken_from_it(
    scripted: ScriptedBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HOLD", 10_000)
    ears = Ears(1)
    link, reader, writer = await opened(scripted, ears)
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    answer = Message.new_method_return(ping(1), "s", ["y" * 5000])
    ears.then = lambda _message: link.post(Message.new_method_return(ping(1), answer.signature, answer.body))
    total = 3000
    writer.write(b"".join(marshalled(ping(number)) for number in range(1, total + 1)))
    async with asyncio.timeout(PATIENCE_S):
        while not link._held:
            ears.enough.clear()
            await asyncio.sleep(0)
        assert len(ears.got) < total
        assert link._outbox.size < 20_000
        ears.wanted = total
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        read = asyncio.create_task(swallow(reader))
        await ears.enough.wait()
    link.close()
    await read


async def swallow(reader: asyncio.StreamReader) -> None:
    while await reader.read(100_000):
        pass


async def test_a_bus_that_never_reads_is_given_up(scripted: ScriptedBus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "GIVE_UP", 100_000)
    link, reader, _ = await opened(scripted, Ears())
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    for _ in range(100):
        link.post(text(50_000))
    assert await link.gone() == "the bus does not read"
    link.post(text(1))


@pytest.mark.parametrize("data", [b"HTTP/1.1 400 no\r\n\r\n", b"l\1\0\2" + bytes(12)])
async def test_a_stream_that_is_not_dbus_ends_the_connection(scripted: ScriptedBus, data: bytes) -> None:
    link, _, writer = await opened(scripted, Ears())
    writer.write(data)
    async with asyncio.timeout(PATIENCE_S):
        assert "D-Bus" in await link.gone()


@pytest.mark.parametrize("answer", [b"REJECTED EXTERNAL\r\n", b"", b"ERR", b"x" * 2000])
async def test_an_end_during_authentication_is_an_error_at_once(tmp_path: Path, answer: bytes) -> None:
    bus = ScriptedBus(tmp_path, answer)
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(ConnectionError):
            await Connection.open(await bus.start(), Ears())
    await bus.stop()


async def test_a_bus_that_does_not_answer_is_an_error_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT_S", 0.01)
    server = await asyncio.start_unix_server(lambda _reader, writer: writers.append(writer), tmp_path / "bus")
    writers: list[asyncio.StreamWriter] = []
    with pytest.raises(TimeoutError):
        await Connection.open(f"unix:path={tmp_path / 'bus'}", Ears())
    server.close()
    for writer in writers:
        writer.close()
    await server.wait_closed()


async def test_the_end_ends_every_question_and_later_ones_too(scripted: ScriptedBus) -> None:
    link, _, writer = await opened(scripted, Ears())
    question = asyncio.create_task(link.ask_bus("GetId"))
    await asyncio.sleep(0)
    writer.close()
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(ConnectionError, match="has ended: "):
            await question
        with pytest.raises(ConnectionError):
            await link.ask_bus("GetId")
    link.close()


async def test_serials_begin_anew_before_they_are_too_long(scripted: ScriptedBus) -> None:
    link, _, _ = await opened(scripted, Ears())
    link._serial = 0xFFFFFFFE
    first, second = ping(0), ping(0)
    link.post(first)
    link.post(second)
    assert (first.serial, second.serial) == (0xFFFFFFFF, 1)
    link.close()


async def test_what_can_still_be_written_is_written_at_the_end(scripted: ScriptedBus) -> None:
    link, reader, _ = await opened(scripted, Ears())
    link.post(text(100))
    link.close()
    async with asyncio.timeout(PATIENCE_S):
        assert b"x" * 100 in await reader.read()


async def test_a_fault_in_a_handler_does_not_make_the_connection_deaf(scripted: ScriptedBus) -> None:
    ears = Ears(3)
    link, _, writer = await opened(scripted, ears)
    faults: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context["message"]))

    def stumble(message: Message) -> None:
        if message.serial == 1:
            raise ZeroDivisionError

    ears.then = stumble
    writer.write(marshalled(ping(1)) + marshalled(ping(2)))
    writer.write(marshalled(ping(3)))
    async with asyncio.timeout(PATIENCE_S):
        await ears.enough.wait()
    assert len(faults) == 1
    link.close()

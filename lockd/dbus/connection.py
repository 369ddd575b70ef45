"""One connection to a message bus. This is the only place that knows what is wrong with dbus-next.

dbus-next (0.2.3, the last) is used for its messages and their marshalling. Its MessageBus is not, since it
- reads until the socket is empty, so that a flood starves all else in the loop;
- ends the connection at a message that it cannot read, and at a socket that is full;
- takes messages of any size, and keeps any number of answers for a bus that does not read;
- spins for ever when the bus goes away during authentication, and waits for ever for an answer from a
  bus that died;
- remembers every signature and leaves its sockets open.
So the socket is ours: each turn of the loop handles messages for at most TURN_S, reading rests while too
much waits to be written, and a bus that does not read at all is a bus that is gone.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Any

from dbus_next._private.address import parse_address
from dbus_next.constants import MessageFlag, MessageType
from dbus_next.message import Message

from lockd.dbus.frames import Inbox, Outbox, close_all, marshalled
from lockd.errors import CallError

__all__ = ["CONNECT_S", "GIVE_UP", "HOLD", "CallError", "Connection", "address_of"]

#: The longest that messages may keep the loop from everything else.
TURN_S = 0.002
#: Bytes read at a time.
CHUNK = 64 * 1024
#: The longest body that strangers may send; no method of ours needs a tenth of it.
LARGEST = 64 * 1024
#: Bytes waiting to be written above which nothing more is read, and above which the bus is given up.
HOLD = 256 * 1024
GIVE_UP = 16 * 1024 * 1024
#: The longest that connecting, and a call to the bus itself, may take.
CONNECT_S = 10.0
CALL_S = 10.0

#: File descriptors that one message may bring: as many as a bus lets through.
MOST_FILES = 16

#: Who handles a message; False: its body was too long, or not readable, and is not there. File descriptors that
#: it leaves in `unix_fds` are closed after it.
Receive = Callable[[Message, bool], None]


def address_of(bus: str) -> str:
    """The address behind `system`, `session` or an address itself. Raises ConnectionError."""
    if bus == "system":
        return os.environ.get("DBUS_SYSTEM_BUS_ADDRESS") or "unix:path=/run/dbus/system_bus_socket"
    if bus != "session":
        return bus
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    address = os.environ.get("DBUS_SESSION_BUS_ADDRESS") or (runtime and f"unix:path={runtime}/bus")
    if not address:
        raise ConnectionError("there is no session bus: DBUS_SESSION_BUS_ADDRESS is not set")
    return address


class Connection:
    """A live connection; `unique_name` is ours on the bus. Use `open` to make one."""

    def __init__(self, sock: socket.socket, receive: Receive, largest: int) -> None:
        self.unique_name = ""
        self.files = False  #: whether file descriptors may be sent
        self._sock = sock
        self._receive = receive
        self._inbox = Inbox(largest)
        self._outbox = Outbox()
        self._held = False
        self._serial = 0
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[str] = self._loop.create_future()

    @classmethod
    async def open(cls, bus: str, receive: Receive, largest: int = LARGEST, files: bool = False) -> Connection:
        """Connect and say hello. `files`: take and send file descriptors, where the bus does. Raises OSError
        (ConnectionError, TimeoutError), or CallError."""
        sock = _connect(address_of(bus))
        self = cls(sock, receive, largest)
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._authenticate(files)
                self._loop.add_reader(sock, self._readable)
                (self.unique_name,) = await self.ask_bus("Hello")
        except TimeoutError:
            self.close()
            raise TimeoutError("the bus does not answer") from None
        except BaseException:
            self.close()
            raise
        return self

    @property
    def connected(self) -> bool:
        """Whether the connection still stands."""
        return not self._end.done()

    async def gone(self) -> str:
        """Wait for its end; why it ended."""
        return await asyncio.shield(self._end)

    def when_gone(self, call: Callable[[], None]) -> None:
        """Call this at the end."""
        self._end.add_done_callback(lambda _end: call())

    def close(self, why: str = "closed") -> None:
        """End it, with what can still be written at once. More than once is fine."""
        if self._end.done():
            return
        self._end.set_result(why)
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._inbox.close()
        try:
            self._outbox.write_to(self._sock)
        except OSError:
            pass  # it is gone already, which is what was asked for
        finally:
            self._sock.close()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionError(f"the connection to the bus has ended: {why}"))

    def post(self, message: Message, body: bytes | None = None) -> None:
        """Send it without waiting, `body` instead of its own if there is one. Does nothing after the end.
        Raises ValueError or TypeError for a body that is not of its signature."""
        if not self.connected:
            return
        self._serial = message.serial = self._serial % 0xFFFFFFFF + 1
        idle = not self._outbox.size
        self._outbox.put(marshalled(message, body), message.unix_fds)
        if self._outbox.size > GIVE_UP:
            self.close("the bus does not read")
        elif idle:
            self._loop.add_writer(self._sock, self._writable)

    async def ask(self, message: Message, timeout_s: float) -> Any:
        """Send a call; the answer's body. Raises CallError, TimeoutError, ConnectionError."""
        self.post(message)
        if not self.connected:
            raise ConnectionError("the connection to the bus has ended")
        future = self._waiting[message.serial] = self._loop.create_future()
        try:
            async with asyncio.timeout(timeout_s):
                reply = await future
        finally:
            del self._waiting[message.serial]
        if reply.message_type is MessageType.ERROR:
            raise CallError(reply.error_name, str(reply.body[0]) if reply.body else "")
        return reply.body

    async def ask_bus(self, member: str, signature: str = "", *body: Any) -> Any:
        """A call to the bus itself."""
        return await self.ask(_to_bus(member, signature, body), CALL_S)

    def tell_bus(self, member: str, signature: str, *body: Any) -> None:
        """A call to the bus itself whose answer does not matter."""
        self.post(_to_bus(member, signature, body, MessageFlag.NO_REPLY_EXPECTED))

    async def _authenticate(self, files: bool) -> None:
        uid = str(os.getuid()).encode().hex()
        if not (await self._say(f"\0AUTH EXTERNAL {uid}")).startswith(b"OK "):
            raise ConnectionError("the bus does not let us in")
        if files:
            self.files = (await self._say("NEGOTIATE_UNIX_FD")).startswith(b"AGREE_UNIX_FD")
        await self._loop.sock_sendall(self._sock, b"BEGIN\r\n")

    async def _say(self, words: str) -> bytes:
        """One line before the messages begin, and the bus's answer."""
        await self._loop.sock_sendall(self._sock, f"{words}\r\n".encode())
        line = b""
        while not line.endswith(b"\r\n"):
            part = await self._loop.sock_recv(self._sock, 1000)
            if not part or len(line) > 1000:
                raise ConnectionError("the bus closed the connection before it was one")
            line += part
        return line

    def _readable(self) -> None:
        try:
            data, files, _, _ = socket.recv_fds(self._sock, CHUNK, MOST_FILES, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return
        except OSError as error:
            self.close(str(error))
            return
        if not data:
            self.close("the bus ended it")
            return
        self._inbox.feed(data, files)
        self._loop.remove_reader(self._sock)
        self._turn()

    def _turn(self) -> None:
        """Handle what is buffered, a little at a time; only then read on."""
        if not self.connected:
            return
        if self._outbox.size > HOLD:
            self._held = True
            return
        more = True
        try:
            more = self._handle_some()
        except ConnectionError as error:
            self.close(str(error))
        finally:  # a fault in a handler must not make us deaf
            if self.connected and more:
                self._loop.call_soon(self._turn)
            elif self.connected:
                self._loop.add_reader(self._sock, self._readable)

    def _handle_some(self) -> bool:
        """Whether there is more."""
        until = self._loop.time() + TURN_S
        for message, whole in self._inbox.messages():
            self._deliver(message, whole)
            if self._loop.time() >= until or self._outbox.size > HOLD:
                return True
        return False

    def _deliver(self, message: Message, whole: bool) -> None:
        try:
            self._hand_on(message, whole)
        finally:
            close_all(message.unix_fds)

    def _hand_on(self, message: Message, whole: bool) -> None:
        if message.message_type in (MessageType.METHOD_CALL, MessageType.SIGNAL):
            self._receive(message, whole)
            return
        future = self._waiting.get(message.reply_serial)
        if future is None or future.done():
            return
        if whole:
            future.set_result(message)
        else:
            future.set_exception(ConnectionError("the answer is too long, or not readable"))

    def _writable(self) -> None:
        try:
            self._outbox.write_to(self._sock)
        except OSError as error:
            self.close(str(error))
            return
        if not self._outbox.size:
            self._loop.remove_writer(self._sock)
        if self._held and self._outbox.size <= HOLD:
            self._held = False
            self._loop.call_soon(self._turn)


def _to_bus(
    member: str, signature: str, body: tuple[Any, ...], flags: MessageFlag = MessageFlag.NONE
) -> Message:
    return Message(
        destination="org.freedesktop.DBus",
        path="/org/freedesktop/DBus",
        interface="org.freedesktop.DBus",
        member=member,
        signature=signature,
        body=list(body),
        flags=flags,
    )


def _connect(address: str) -> socket.socket:
    """A socket on the first part of the address that answers. Raises OSError."""
    fault: OSError = ConnectionError(f"no D-Bus address that can be used: {address}")
    try:
        parts = parse_address(address)  # type: ignore[no-untyped-call]
    except ValueError as error:
        raise ConnectionError(f"not a D-Bus address: {address} ({error})") from None
    for transport, options in parts:
        name = options.get("path") or "\0" + options.get("abstract", "")
        if transport != "unix" or name == "\0":
            continue
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            sock.connect(name)
        except OSError as error:
            sock.close()
            fault = error
        else:
            return sock
    raise fault

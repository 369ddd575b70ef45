"""The two directions of a D-Bus stream: bytes in, messages out; and bytes waiting to go out.

dbus-next reads and writes by itself too, but in ways that a lock cannot afford (see connection.py), so
that only its marshalling is used. Sizes are bounded here: a longer message is known by its header,
its body is thrown away unread.
"""

from __future__ import annotations

import io
import logging
import os
import socket
from collections import deque
from collections.abc import Iterable, Iterator
from struct import pack_into, unpack_from

from dbus_next._private.unmarshaller import Unmarshaller
from dbus_next.message import Message
from dbus_next.signature import SignatureTree

log = logging.getLogger("lockd.dbus")

#: Fixed part of a header: byte order, type, flags, version, body length, serial, length of the fields.
_FIXED = 16
_BODY_LENGTH = 4
#: A header longer than this (an absurd object path) is dropped with its message, unanswered.
LONGEST_HEADER = 64 * 1024
#: dbus-next remembers every signature that it ever met; strangers choose them.
MOST_SIGNATURES = 512


class Inbox:
    """Cuts what arrives into messages. `largest`: bytes of a body that are still read.

    Linux ends a read with the piece of the stream that file descriptors came with, and a bus sends each message
    by itself: so they are those of the message that the last byte of the read is in, whatever its header says."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._buffer = bytearray()
        self._skip = 0
        self._begun = 0  # where in the stream the buffer begins
        self._files: deque[tuple[int, list[int]]] = deque()

    def feed(self, data: bytes, files: Iterable[int] = ()) -> None:
        """Bytes from the socket, and the file descriptors that came with them."""
        self._buffer += data
        if held := list(files):
            self._files.append((self._begun + len(self._buffer), held))

    def close(self) -> None:
        """Of the descriptors those that nobody took."""
        for _, files in self._files:
            close_all(files)
        self._files.clear()

    def messages(self) -> Iterator[tuple[Message, bool]]:
        """Every message that is there by now; False: its body was too long, or not readable.

        Its `unix_fds` are the receiver's to close. Raises ConnectionError when the stream is not D-Bus.
        """
        while True:
            self._skip -= self._drop(min(self._skip, len(self._buffer)))
            if self._skip or len(self._buffer) < _FIXED:
                return
            head, body = _sizes(self._buffer)
            if head > LONGEST_HEADER:
                log.warning("a D-Bus message with a header of %d bytes was dropped", head)
                self._skip = head + body
                close_all(self._files_until(self._begun + self._skip))
                continue
            here = head if body > self._largest else head + body
            if len(self._buffer) < here:
                return
            frame = bytes(self._buffer[:here])
            files = self._files_until(self._begun + head + body)
            self._skip = head + body - self._drop(here)
            message, whole = _parse(frame, head)
            if message is None:
                close_all(files)
            else:
                message.unix_fds = files
                yield message, whole and not self._skip

    def _drop(self, size: int) -> int:
        del self._buffer[:size]
        self._begun += size
        return size

    def _files_until(self, end: int) -> list[int]:
        """Those that came with the message that ends there."""
        found: list[int] = []
        while self._files and self._files[0][0] <= end:
            found += self._files.popleft()[1]
        return found


class Outbox:
    """Bytes on their way to the bus. `size`: how many wait."""

    def __init__(self) -> None:
        self.size = 0
        self._parts: deque[tuple[memoryview, list[int]]] = deque()

    def put(self, data: bytes, files: Iterable[int] = ()) -> None:
        """One more message. `files` stay open until it is sent."""
        self._parts.append((memoryview(data), list(files)))
        self.size += len(data)

    def write_to(self, sock: socket.socket) -> None:
        """Send as much as the socket takes now. Raises OSError when it is broken."""
        while self._parts:
            part, files = self._parts[0]
            try:
                sent = socket.send_fds(sock, [part], files) if files else sock.send(part)
            except BlockingIOError:
                return
            self.size -= sent
            self._parts.popleft()
            if rest := part[sent:]:
                self._parts.appendleft((rest, []))


def close_all(files: Iterable[int]) -> None:
    """File descriptors that nobody wants."""
    for each in files:
        os.close(each)


def marshalled(message: Message, body: bytes | None = None) -> bytes:
    """A message on the wire. `body`, of its signature and marshalled already, takes the place of its own."""
    whole: bytearray = message._marshall(True)  # type: ignore[no-untyped-call]
    if body is not None:
        (own,) = unpack_from("<I", whole, _BODY_LENGTH)
        whole[len(whole) - own :] = body
        pack_into("<I", whole, _BODY_LENGTH, len(body))
    return bytes(whole)


def _sizes(buffer: bytearray) -> tuple[int, int]:
    """Bytes of the whole header and of the body."""
    order = {b"l": "<", b"B": ">"}.get(bytes(buffer[:1]))
    if order is None or buffer[3] != 1:
        raise ConnectionError("the bus does not speak D-Bus version 1")
    body, _serial, fields = unpack_from(f"{order}III", buffer, _BODY_LENGTH)
    return _FIXED + fields + -fields % 8, body


def _parse(frame: bytes, head: int) -> tuple[Message | None, bool]:
    if len(SignatureTree._cache) > MOST_SIGNATURES:
        SignatureTree._cache.clear()
    if len(frame) > head or frame[4:8] == bytes(4):
        message = _unmarshal(frame)
        if message is not None:
            return message, True
    return _unmarshal(frame[:4] + bytes(4) + frame[8:head]), False


def _unmarshal(frame: bytes) -> Message | None:
    try:
        message: Message | None = Unmarshaller(io.BytesIO(frame)).unmarshall()  # type: ignore[no-untyped-call]
    except Exception as error:  # noqa: BLE001 - dbus-next raises whatever comes to hand
        log.debug("a D-Bus message could not be read: %s", type(error).__name__)
        return None
    return message

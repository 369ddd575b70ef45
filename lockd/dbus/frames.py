"""The two directions of a D-Bus stream: bytes in, messages out; and bytes waiting to go out.

dbus-next reads and writes by itself too, but in ways that a lock cannot afford (see connection.py), so
that only its marshalling is used. Sizes are bounded here: a longer message is known by its header,
its body is thrown away unread.
"""

from __future__ import annotations

import io
import logging
import socket
from collections import deque
from collections.abc import Iterator
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
    """Cuts what arrives into messages. `largest`: bytes of a body that are still read."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._buffer = bytearray()
        self._skip = 0

    def feed(self, data: bytes) -> None:
        """Bytes from the socket."""
        self._buffer += data

    def messages(self) -> Iterator[tuple[Message, bool]]:
        """Every message that is there by now; False: its body was too long, or not readable.

        Raises ConnectionError when the stream is not D-Bus.
        """
        while True:
            skipped = min(self._skip, len(self._buffer))
            del self._buffer[:skipped]
            self._skip -= skipped
            if self._skip or len(self._buffer) < _FIXED:
                return
            head, body = _sizes(self._buffer)
            if head > LONGEST_HEADER:
                log.warning("a D-Bus message with a header of %d bytes was dropped", head)
                self._skip = head + body
                continue
            here = head if body > self._largest else head + body
            if len(self._buffer) < here:
                return
            frame = bytes(self._buffer[:here])
            del self._buffer[:here]
            self._skip = head + body - here
            message, whole = _parse(frame, head)
            if message is not None:
                yield message, whole and not self._skip


class Outbox:
    """Bytes on their way to the bus. `size`: how many wait."""

    def __init__(self) -> None:
        self.size = 0
        self._parts: deque[memoryview] = deque()

    def put(self, data: bytes) -> None:
        """One more message."""
        self._parts.append(memoryview(data))
        self.size += len(data)

    def write_to(self, sock: socket.socket) -> None:
        """Send as much as the socket takes now. Raises OSError when it is broken."""
        while self._parts:
            try:
                sent = sock.send(self._parts[0])
            except BlockingIOError:
                return
            self.size -= sent
            rest = self._parts.popleft()[sent:]
            if rest:
                self._parts.appendleft(rest)


def marshalled(message: Message, body: bytes | None = None) -> bytes:
    """A message on the wire. `body`, of its signature and marshalled already, takes the place of its own."""
    whole: bytearray = message._marshall()  # type: ignore[no-untyped-call]
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

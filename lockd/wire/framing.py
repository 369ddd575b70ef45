"""Messages cut into what one write or notification holds, and put together again.

A frame is flags (FIRST, LAST and a counter of 6 bits), a tag, and a piece of the stream
type (1) | length (2, big endian) | body. The tag is drawn by the phone for each connection: every
notification reaches every phone that listens.
"""

from __future__ import annotations

from lockd.value import Value
from lockd.wire.errors import FramingError

FIRST, LAST, COUNTER = 0x80, 0x40, 0x3F
#: Types of messages.
HANDSHAKE_1, HANDSHAKE_2, HANDSHAKE_3, DATA, CLEAR_ERROR = 1, 2, 3, 16, 31

MAX_MESSAGE = 2048  #: bytes of a body
MAX_VALUE = 512  #: bytes of a GATT value
FLOOR, CEILING = 20, 244  #: the shortest and the longest frame that is sent
ATT_HEAD = 3  #: bytes of the MTU that are not the value's
REASSEMBLY_S = 5.0  #: from the first frame to the last one
HEAD = 3  #: type and length


class Message(Value):
    """One whole message."""

    kind: int
    body: bytes


def fragments(kind: int, tag: int, body: bytes, mtu: int) -> tuple[bytes, ...]:
    """The frames of a message. `mtu`: the connection's, 0 when it is not known; FramingError: longer than 2048."""
    if len(body) > MAX_MESSAGE:
        raise FramingError(f"a message of {len(body)} bytes")
    step = max(FLOOR, min(mtu - ATT_HEAD, CEILING)) - 2
    stream = bytes((kind,)) + len(body).to_bytes(2, "big") + body
    cuts = range(0, len(stream), step)
    return tuple(
        bytes((_flags(number, number == len(cuts) - 1), tag)) + stream[cut : cut + step]
        for number, cut in enumerate(cuts)
    )


def _flags(number: int, last: bool) -> int:
    return (0 if number else FIRST) | (LAST if last else 0) | (number & COUNTER)


class Reassembler:
    """Frames of one direction in, messages out. After a FramingError it is of no use any more.

    `kinds`: the types that may come. `tag`: whose frames these are; None: that of the first frame.
    `deadline`: mono seconds at which a message that has begun must be whole.
    """

    def __init__(self, kinds: frozenset[int], tag: int | None = None) -> None:
        self.tag = tag
        self.deadline: float | None = None
        self._kinds = kinds
        self._kind = self._length = self._count = 0
        self._body = bytearray()

    def feed(self, value: bytes, offset: int, at: float) -> Message | None:
        """One write or notification; the message, if this was its last frame."""
        if offset:
            raise FramingError("a write at an offset")
        if not HEAD <= len(value) <= MAX_VALUE:
            raise FramingError(f"a frame of {len(value)} bytes")
        if self.tag is None:
            self.tag = value[1]
        if value[1] != self.tag:
            return None
        self._piece(value[0], value[2:], at)
        return self._whole(bool(value[0] & LAST))

    def _piece(self, flags: int, piece: bytes, at: float) -> None:
        if bool(flags & FIRST) == (self.deadline is not None):
            raise FramingError("a first frame in a message, or a later one before it")
        if flags & FIRST:
            piece = self._begin(piece, at)
        if self.deadline is not None and at >= self.deadline:
            raise FramingError("a message that takes too long")
        if flags & COUNTER != self._count & COUNTER:
            raise FramingError("a gap")
        if not piece or len(self._body) + len(piece) > self._length:
            raise FramingError("a frame that is longer than its message, or empty")
        self._count += 1
        self._body += piece

    def _begin(self, piece: bytes, at: float) -> bytes:
        """Take type and length; what follows them."""
        self._kind, self._length = piece[0], int.from_bytes(piece[1:HEAD], "big")
        if self._kind not in self._kinds or not 0 < self._length <= MAX_MESSAGE:
            raise FramingError(f"a message of type {self._kind} with {self._length} bytes")
        self.deadline = at + REASSEMBLY_S
        self._count = 0
        return piece[HEAD:]

    def _whole(self, last: bool) -> Message | None:
        if last != (len(self._body) == self._length):
            raise FramingError("a message that is shorter or longer than it says")
        if not last:
            return None
        message = Message(self._kind, bytes(self._body))
        self._body.clear()
        self.deadline = None
        return message

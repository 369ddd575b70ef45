"""A phone's Bluetooth with no manners of its own: one LE link, and over it whatever bytes of the attribute protocol
are given (Core specification, volume 3, part F). The kernel makes the link, and adds nothing to it."""

import asyncio
import contextlib
import ctypes
import os
import socket
import struct
import uuid
from collections.abc import AsyncIterator

from handles import address, linked

from lockd.phone.refusals import Refused, Unreachable
from lockd.phone.transport import Seen
from lockd.wire.uuids import INFO, RX, SERVICE, TX

FAMILY, L2CAP, CHANNEL, LE_PUBLIC = 31, 0, 4, 1
CONNECT_S = 20
SMALLEST = 23  #: MTU
COUNT = 3  #: characteristics of a service that is looked for
ERROR, MTU, FIND_BY, BY_TYPE, READ, READ_AT = 0x01, 0x02, 0x06, 0x08, 0x0A, 0x0C
WRITE, PREPARE, EXECUTE, NOTIFIED, COMMAND = 0x12, 0x16, 0x18, 0x1B, 0x52
PRIMARY, CHARACTERISTIC = 0x2800, 0x2803
ANSWER_S = 30.0

_libc = ctypes.CDLL(None, use_errno=True)


def sockaddr(device: str) -> bytes:
    """struct sockaddr_l2, for the attribute channel."""
    octets = bytes.fromhex(device.replace(":", ""))[::-1]
    return struct.pack("<HH6sHBx", FAMILY, 0, octets, CHANNEL, LE_PUBLIC)


class Gone(Unreachable):
    """The link is down."""


class Att:
    """One link. `notified`: what was notified, as (handle, value); None at its end. `down`: it is at its end."""

    def __init__(self, link: socket.socket) -> None:
        self.notified: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue()
        self._answers: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._link = link
        self.down = asyncio.Event()
        self.listen(True)

    @classmethod
    async def connect(cls, own: str, peer: str) -> "Att":
        """From one address to another. Gone: nobody answers there."""
        return cls(await asyncio.to_thread(_connect, own, peer))

    def listen(self, on: bool) -> None:
        """Whether anything is read of what comes."""
        loop = asyncio.get_running_loop()
        if on:
            loop.add_reader(self._link, self._read)
        else:
            loop.remove_reader(self._link)

    def send(self, data: bytes) -> None:
        """As it is. Gone, or BlockingIOError: there is no room left."""
        try:
            self._link.send(data)
        except BlockingIOError:
            raise
        except OSError as error:
            self.close()
            raise Gone(str(error)) from None

    async def ask(self, data: bytes) -> bytes:
        """A request, and the answer. Refused: an error is the answer."""
        self.send(data)
        async with asyncio.timeout(ANSWER_S):
            answer = await self._answers.get()
        if answer is None:
            self._answers.put_nowait(None)
            raise Gone("the link went down")
        if answer[0] == ERROR:
            raise Refused(answer[4])
        return answer

    async def ended(self, seconds: float) -> bool:
        """Whether the link goes down within this time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.down.wait()
        return self.gone

    @property
    def gone(self) -> bool:
        """Whether it is at its end."""
        return self.down.is_set()

    def close(self) -> None:
        """Take it down. More than once is fine."""
        if not self.gone:
            self.down.set()
            self.listen(False)
            self._link.close()
            self.notified.put_nowait(None)
            self._answers.put_nowait(None)

    def _read(self) -> None:
        try:
            data = self._link.recv(1024)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
        elif data[0] == NOTIFIED:
            self.notified.put_nowait((int.from_bytes(data[1:3], "little"), data[3:]))
        else:
            self._answers.put_nowait(data)


def _connect(own: str, peer: str) -> socket.socket:
    link = socket.socket(FAMILY, socket.SOCK_SEQPACKET, L2CAP)
    try:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", CONNECT_S, 0))
        for call, device in ((_libc.bind, own), (_libc.connect, peer)):
            name = sockaddr(device)
            if call(link.fileno(), name, len(name)):
                error = ctypes.get_errno()
                raise Gone(f"{own} to {peer}: {os.strerror(error)}")
    except BaseException:
        link.close()
        raise
    link.setblocking(False)
    return link


class Line:
    """As lockd.phone.transport.Transport. `rx`, `tx`, `info_at`: handles of the values. `written`: all frames;
    `longest`: of the notifications that were heard."""

    def __init__(self, att: Att) -> None:
        self.att = att
        self.mtu = SMALLEST
        self.rx = self.tx = self.info_at = self.longest = 0
        self.written: list[bytes] = []

    @classmethod
    async def over(cls, att: Att, mtu: int = 247, service: str = SERVICE) -> "Line":
        """Found by what it serves, and subscribed. `mtu`: 0 leaves it as it is."""
        line = cls(att)
        if mtu:
            answer = await att.ask(struct.pack("<BH", MTU, mtu))
            line.mtu = max(SMALLEST, min(mtu, int.from_bytes(answer[1:3], "little")))
        await line._find(service)
        # BlueZ puts the switch for notifications right behind the value.
        await att.ask(struct.pack("<BHH", WRITE, line.tx + 1, 1))
        return line

    async def info(self) -> bytes:
        """As Transport."""
        info = piece = (await self.att.ask(struct.pack("<BH", READ, self.info_at)))[1:]
        while len(piece) == self.mtu - 1:  # there may be more
            piece = (await self.att.ask(struct.pack("<BHH", READ_AT, self.info_at, len(info))))[1:]
            info += piece
        return info

    async def write(self, frame: bytes) -> None:
        """As Transport."""
        self.written.append(frame)
        await self.att.ask(struct.pack("<BH", WRITE, self.rx) + frame)

    async def notified(self, until: float) -> bytes | None:
        """As Transport."""
        try:
            async with asyncio.timeout_at(until):
                heard = await self.att.notified.get()
        except TimeoutError:
            return None
        if heard is None:
            self.att.notified.put_nowait(None)
            raise Gone("the link went down")
        self.longest = max(self.longest, len(heard[1]))
        return heard[1]

    async def _find(self, service: str) -> None:
        name = uuid.UUID(service).bytes[::-1]
        found = await self.att.ask(struct.pack("<BHHH", FIND_BY, 1, 0xFFFF, PRIMARY) + name)
        first, last = struct.unpack_from("<HH", found, 1)
        handles: dict[str, int] = {}
        while len(handles) < COUNT:
            answer = await self.att.ask(struct.pack("<BHHH", BY_TYPE, first, last, CHARACTERISTIC))
            size = answer[1]
            for at in range(2, len(answer), size):
                declared, _, value = struct.unpack_from("<HBH", answer, at)
                handles[str(uuid.UUID(bytes=answer[at + 5 : at + size][::-1]))] = value
                first = declared + 1
        self.rx, self.tx, self.info_at = handles[RX], handles[TX], handles[INFO]


class Radio:
    """As lockd.phone.transport.Radio: from one adapter here to one lock."""

    def __init__(self, adapter: str = "hci1", lock: str = "hci0") -> None:
        self._adapter, self._lock = adapter, lock
        self.own, self.peer = address(adapter), address(lock)

    async def scan(self, _seconds: float) -> tuple[Seen, ...]:
        """As Radio."""
        return (Seen(self.peer, "", 0, False),)

    async def link(self) -> Att:
        """One more link to the lock, with nothing said on it."""
        return await linked(self._adapter, self._lock, lambda other: Att.connect(self.own, address(other)))

    @contextlib.asynccontextmanager
    async def connected(self, _address: str = "", mtu: int = 247) -> AsyncIterator[Line]:
        """As Radio."""
        att = await self.link()
        try:
            yield await Line.over(att, mtu)
        finally:
            att.close()

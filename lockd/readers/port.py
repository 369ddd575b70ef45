"""A device's file on the loop: opened, heard, lost and found again. What is there is never polled."""

from __future__ import annotations

import asyncio
import errno
import os
import termios
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from lockd.errors import LockdError
from lockd.reader import Reader

#: Between tries to reach a device that is lost, in seconds; the last goes on for ever.
WAITS = (1.0, 2.0, 5.0, 10.0, 30.0)
#: A device that worked for so long is tried at once again; one that comes and goes has to wait longer each time.
STEADY_S = 60.0
#: So much is taken at a time, and so much without one whole frame in it is nonsense.
CHUNK = 1024
NONSENSE = 16 * 1024

#: What errors mean here; None: pyserial has found the end.
WORDS = dict.fromkeys((None, errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO), "it is not plugged in") | {
    errno.EACCES: "lockd may not open it: `lockctl config access` prints what allows it",
    errno.EPERM: "lockd may not open it: `lockctl config access` prints what allows it; restart lockd then",
    errno.EBUSY: "another program has it open: end that",
    errno.EAGAIN: "another program has it open: end that",
}

Well = Callable[[], None]
#: Does blocking work outside of the loop.
Apart = Callable[[Callable[[], Any]], Awaitable[Any]]


class Lost(Exception):
    """The device is gone, silent, or makes no sense; one line for people."""


class Port(Protocol):
    """An open device. Its methods return at once, and raise OSError when it is gone."""

    def fileno(self) -> int:
        """Readable when there is something to read."""

    def read(self) -> bytes:
        """What has come, CHUNK bytes at most."""

    def write(self, data: bytes) -> None:
        """All of it."""

    def close(self) -> None:
        """Let go; never fails."""


class Line(Protocol):
    """A line that is read (gpio's Input)."""

    @property
    def on(self) -> bool:
        """The level now."""

    def watch(self, edge: Callable[[], object] | None) -> None:
        """Call at each change, in whatever thread; None: no more."""


class SerialPort:
    """A serial port, claimed for ourselves alone."""

    def __init__(self, path: str, baud: int) -> None:
        import serial

        self._port: Any = serial.Serial(path, baud, timeout=0, write_timeout=0, exclusive=True)

    def fileno(self) -> int:
        return int(self._port.fileno())

    def read(self) -> bytes:
        return bytes(self._port.read(CHUNK))

    def write(self, data: bytes) -> None:
        if self._port.write(data) != len(data):
            raise Lost("it takes no more")

    def close(self) -> None:
        self._port.close()


class Stream:
    """What a port says, as it comes."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._unheard = 0

    async def read(self, _size: int = CHUNK) -> bytes:
        """The next bytes, at least one. Raises Lost when it only talks nonsense."""
        await readable(self._port.fileno())
        data = self._port.read()
        self._unheard += len(data)
        if self._unheard > NONSENSE:
            raise Lost("it talks nonsense")
        return data

    async def write(self, data: bytes) -> None:
        """Say something."""
        self._port.write(data)

    def fileno(self) -> int:
        """Readable when it says something."""
        return self._port.fileno()

    def good(self) -> None:
        """What was read made sense."""
        self._unheard = 0

    def close(self) -> None:
        """Let go."""
        self._port.close()


async def connect(path: str, baud: int, apart: Apart) -> Stream:
    """A fresh way to whatever is on that serial port. Raises OSError."""
    return Stream(await apart(lambda: SerialPort(path, baud)))


async def readable(fd: int) -> None:
    """Until there is something to read, or to be told of the end."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def hear() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(fd, hear)
    try:
        await ready
    finally:
        loop.remove_reader(fd)


async def keep(serve: Callable[[Well], Awaitable[None]], reader: Reader, waits: Sequence[float] = WAITS) -> None:
    """Serve a device until cancelled, through every loss. `serve(well)` ends only by raising, and calls
    `well` when the device answers."""
    loop = asyncio.get_running_loop()
    tries, since = 0, loop.time()

    def well() -> None:
        nonlocal since
        since = loop.time()
        reader.found()

    while True:
        try:
            await serve(well)
        except (Lost, LockdError, OSError, ImportError, termios.error) as fault:
            reader.lost(in_words(fault))
        tries = 0 if loop.time() - since >= STEADY_S else tries
        await asyncio.sleep(waits[min(tries, len(waits) - 1)])
        tries += 1


def in_words(fault: Exception) -> str:
    """What went wrong, in lockd's own words where it has some."""
    if isinstance(fault, TimeoutError):
        return "it does not answer"
    if isinstance(fault, ImportError):
        return f"the library for it is missing: install python3-{fault.name}"
    if not isinstance(fault, OSError):
        return str(fault)
    return WORDS.get(fault.errno) or os.strerror(fault.errno or errno.EIO)

"""A chip on an I2C bus that has a line to say when it has something to say: the kernel's i2c-dev, and that line.

A transfer takes milliseconds and may hang for a second, so each is made apart from the loop.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from lockd.readers.port import CHUNK, Apart, Line, Lost

#: linux/i2c-dev.h: whom plain reads and writes go to.
I2C_SLAVE = 0x0703
PN532_ADDRESS = 0x24
#: What the chip's first byte says when there is a frame behind it.
READY = 0x01
#: The longest answer that a lock asks for, with the byte before it.
READ_MAX = 64


def open_bus(path: str, address: int = PN532_ADDRESS) -> int:
    """The bus, set to talk to one chip. Raises OSError."""
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.ioctl(fd, I2C_SLAVE, address)
    except OSError:
        os.close(fd)
        raise
    return fd


async def connect_bus(path: str, line: Line, apart: Apart) -> I2c:
    """A fresh way to the chip. Raises OSError."""
    return I2c(await apart(lambda: open_bus(path)), line, apart)


class I2c:
    """A way to the chip (pn532.Link). `line` is on while the chip has something to say; `apart` does
    blocking work outside of the loop."""

    def __init__(self, fd: int, line: Line, apart: Apart) -> None:
        self._fd, self._line, self._apart = fd, line, apart
        self._rung = asyncio.Event()
        self._using = threading.Lock()
        self._closed = False
        loop = asyncio.get_running_loop()
        line.watch(lambda: loop.call_soon_threadsafe(self._rung.set))

    async def read(self, size: int = CHUNK) -> bytes:
        """The next frame, `size` of it at most."""
        while not self._line.on:
            self._rung.clear()
            if not self._line.on:
                await self._rung.wait()
        said = bytes(await self._transfer(lambda: os.read(self._fd, min(size + 1, READ_MAX))))
        if said[:1] != bytes((READY,)):
            raise Lost("its line says that it has an answer, and it has none: see to the wire of that line")
        return said[1:]

    async def write(self, data: bytes) -> None:
        """Say something to it."""
        await self._transfer(lambda: os.write(self._fd, data))

    def good(self) -> None:
        """What was read made sense; nobody can talk here without being asked."""

    def close(self) -> None:
        """Let go; a transfer that hangs lets go when it comes back."""
        self._line.watch(None)
        self._closed = True
        self._bury()

    async def _transfer(self, work: Callable[[], Any]) -> Any:
        def run() -> Any:
            try:
                with self._using:
                    if self._closed:
                        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
                    return work()
            finally:
                self._bury()

        return await self._apart(run)

    def _bury(self) -> None:
        if self._closed and self._using.acquire(blocking=False):
            with suppress(OSError):
                os.close(self._fd)
            self._fd = -1
            self._using.release()

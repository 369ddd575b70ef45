"""A serial device at the end of a pty: it can be pulled out, and put in again at the same path."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from tests.readers.ear import PATIENCE_S


class Model(Protocol):
    """A device, by what it answers to what it hears."""

    def take(self, data: bytes) -> bytes: ...


class Plug:
    """`noise` goes before the next answer; `cut`: of the next answer only so many bytes get through, and
    then it is pulled out."""

    def __init__(self, path: Path, model: Model) -> None:
        self.path, self.model = path, model
        self.noise = b""
        self.cut: int | None = None
        self._fds: tuple[int, int] | None = None
        self._more = asyncio.Event()

    async def until(self, heard: Callable[[], object]) -> None:
        """Until what the device has heard makes it so."""
        async with asyncio.timeout(PATIENCE_S):
            while not heard():
                self._more.clear()
                await self._more.wait()

    def plug(self) -> None:
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(slave))
        self._fds = (master, slave)
        asyncio.get_running_loop().add_reader(master, self._heard)

    def unplug(self) -> None:
        if self._fds is not None:
            asyncio.get_running_loop().remove_reader(self._fds[0])
            for fd in self._fds:
                os.close(fd)
            self.path.unlink()
            self._fds = None

    def say(self, data: bytes) -> None:
        """Unasked."""
        if self._fds is not None and data:
            with suppress(BlockingIOError):  # a serial line loses what nobody fetches
                os.write(self._fds[0], data)

    def _heard(self) -> None:
        assert self._fds is not None
        answer = self.model.take(os.read(self._fds[0], 4096))
        if self.cut is not None and answer:
            self.say(answer[: self.cut])
            self.cut = None
            self.unplug()
        else:
            self.say(self.noise + answer)
            self.noise = b""
        self._more.set()

"""A PN532 on I2C: its line says when there is an answer, and each transfer is one message."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lockd.readers import i2c
from lockd.readers.i2c import I2c, open_bus
from lockd.readers.nfc import Nfc
from tests.readers.ear import Ear, Touch
from tests.readers.pn532_model import ACK, Pn532

UID = bytes.fromhex("04a1b2c3d4e5f6")


class Bus:
    """The bus as a pair of sockets that keep messages apart; each frame of the chip's waits until it
    is fetched, with the line on."""

    def __init__(self) -> None:
        self.chip, self.line, self.ear = Pn532(), Touch(), Ear()
        self.ready = b"\x01"
        self._frames: list[bytes] = []
        self._ours: socket.socket | None = None

    async def connect(self) -> I2c:
        self.unplug()
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._frames.clear()
        self.line.on = False
        asyncio.get_running_loop().add_reader(self._ours.fileno(), self._written)
        return I2c(theirs.detach(), self.line, self.apart)

    async def apart(self, work: Callable[[], Any]) -> Any:
        """As a transfer of a few milliseconds would; a read finds the frame that waits."""
        result = work()
        self.line.set(False)
        await asyncio.sleep(0)
        self._offer()
        return result

    def unplug(self) -> None:
        if self._ours is not None:
            asyncio.get_running_loop().remove_reader(self._ours.fileno())
            self._ours.close()
            self._ours = None
            self.line.set(True)  # pulled over by nobody

    def lay(self, uid: bytes) -> None:
        self._put(self.chip.lay(uid))

    def _written(self) -> None:
        assert self._ours is not None
        try:
            said = self.chip.take(self._ours.recv(4096))
        except OSError:
            said = b""
        self._put(said)

    def _put(self, said: bytes) -> None:
        if said.startswith(ACK):
            self._frames.append(ACK)
            said = said[len(ACK) :]
        if said:
            self._frames.append(said)
        self._offer()

    def _offer(self) -> None:
        if self._frames and not self.line.on and self._ours is not None:
            self._ours.send(self.ready + self._frames.pop(0))
            self.line.set(True)


@asynccontextmanager
async def running(bus: Bus) -> AsyncIterator[Bus]:
    task = asyncio.create_task(Nfc(bus.connect, bus.ear, waits=(0.001,), rest_s=0.001).run())
    try:
        yield bus
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        bus.unplug()


async def test_a_card_is_read_when_the_line_says_so() -> None:
    async with running(Bus()) as bus:
        await bus.ear.hears("found")
        bus.lay(UID)
        await bus.ear.hears("card", 2)
        assert set(bus.ear.all("card")) == {UID}
        assert bus.ear.all("lost") == []


async def test_a_chip_that_leaves_the_bus_is_lost_and_found_again() -> None:
    async with running(Bus()) as bus:
        await bus.ear.hears("found")
        bus.unplug()
        await bus.ear.hears("found", 2)
        bus.lay(UID)
        await bus.ear.hears("card")
        assert bus.ear.all("lost")


async def test_a_line_that_lies_is_told() -> None:
    bus = Bus()
    bus.ready = b"\x00"
    async with running(bus):
        await bus.ear.hears("lost")
        assert "its line says" in str(bus.ear.all("lost")[0])
        bus.ready = b"\x01"
        await bus.ear.hears("found")


async def test_a_transfer_that_hangs_keeps_its_bus_until_it_is_back() -> None:
    begun: list[Callable[[], Any]] = []

    async def never(work: Callable[[], Any]) -> Any:
        begun.append(work)
        await asyncio.Event().wait()

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    link = I2c(theirs.detach(), Touch(), never)
    task = asyncio.create_task(link.write(b"hello"))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    with link._using:  # as the thread does
        link.close()
        os.write(link._fd, b"still there")
    assert ours.recv(99) == b"still there"
    with pytest.raises(OSError, match="Bad file descriptor"):
        begun[0]()
    assert ours.recv(99) == b""
    ours.close()


def test_the_bus_is_told_whom_it_is_talked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(i2c.fcntl, "ioctl", lambda _fd, request, address: told.append((request, address)))
    bus = tmp_path / "i2c-1"
    bus.touch()
    os.close(open_bus(str(bus)))
    assert told == [(i2c.I2C_SLAVE, i2c.PN532_ADDRESS)]


def test_what_is_no_bus_is_not_kept_open(tmp_path: Path) -> None:
    file = tmp_path / "none"
    file.touch()
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="Inappropriate ioctl"):
        open_bus(str(file))
    assert len(os.listdir("/proc/self/fd")) == before

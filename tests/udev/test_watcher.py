"""What no board shows: a driver that hangs, a socket that is full, a machine that lets nobody listen."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import pyudev

from lockd.reading import Reading
from lockd.settings import Match, PowerSettings
from lockd.udev import library, supply
from lockd.udev.apart import apart
from lockd.udev.events import BATCH, REST_S, Change, Events
from lockd.udev.library import Key
from lockd.udev.supply import Watcher, begin
from lockd.udev.sysfs import Device

BATTERY, USB = ("power_supply", "battery"), ("power_supply", "usb")


class Drivers:
    """Answers in place of the kernel's drivers; one that is held does so when it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: dict[Key, dict[str, str]] = {
            BATTERY: {"TYPE": "Battery", "CAPACITY": "50"}, USB: {"TYPE": "USB", "ONLINE": "0"}
        }  # fmt: skip
        self.held: dict[Key, threading.Event] = {}
        self.reads: list[Key] = []
        self.told: asyncio.Queue[Reading | frozenset[str]] = asyncio.Queue()
        monkeypatch.setattr(library, "names", lambda _context, _subsystems: sorted(self.said))
        monkeypatch.setattr(library, "read", self._read)

    def device(self, key: Key, **said: str) -> Device:
        subsystem, name = key
        properties = {f"POWER_SUPPLY_{each}": text for each, text in (self.said.get(key, {}) | said).items()}
        path = f"/devices/{name}/{subsystem}/{name}"
        return Device(subsystem, name, path, properties | {"POWER_SUPPLY_NAME": name})

    def watcher(self, monitor: Any = None) -> Watcher:
        return Watcher(None, monitor, PowerSettings(), self.told.put_nowait, self.told.put_nowait)

    async def all(self) -> list[Reading]:
        """Until all have been read."""
        found: list[Reading] = []
        async with asyncio.timeout(5):
            while isinstance(told := await self.told.get(), Reading):
                found.append(told)
        return sorted(found, key=lambda reading: reading.name)

    def _read(self, _context: Any, key: Key) -> Device | None:
        self.reads.append(key)
        found = self.device(key) if key in self.said else None  # as it was when it was asked
        if key in self.held:
            self.held[key].wait(10)
        return found


@pytest.fixture
def drivers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Drivers]:
    made = Drivers(monkeypatch)
    yield made
    for held in made.held.values():
        held.set()


async def test_a_gauge_that_hangs_keeps_nobody_waiting(drivers: Drivers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supply, "READ_S", 0.05)
    watcher = drivers.watcher()
    assert [reading.name for reading in await drivers.all()] == ["battery", "usb"]
    drivers.held[BATTERY] = threading.Event()
    for _ in range(3):
        watcher.read_all()
        assert [reading.name for reading in await drivers.all()] == ["usb"]
    assert drivers.reads.count(BATTERY) == 2, "it is asked again while it has not answered"
    drivers.held[BATTERY].set()
    async with asyncio.timeout(5):
        assert await drivers.told.get() == Reading("battery", "Battery", True, 50.0)
    await watcher.close()


async def test_who_asks_while_all_are_read_gets_the_same_answer(drivers: Drivers) -> None:
    watcher = drivers.watcher()
    for _ in range(5):
        watcher.read_all()
    await drivers.all()
    assert sorted(drivers.reads) == [BATTERY, USB]
    await watcher.close()
    assert drivers.told.empty()


async def test_what_was_read_before_an_event_does_not_come_after_it(drivers: Drivers) -> None:
    watcher = drivers.watcher()
    await drivers.all()
    drivers.held[USB] = threading.Event()
    watcher.read_all()
    async with asyncio.timeout(5):
        await drivers.told.get()  # the battery: the other has been asked as well
        while USB not in drivers.reads[2:]:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    drivers.said[USB]["ONLINE"] = "1"
    watcher._changed([Change("change", drivers.device(USB))], lost=False)
    drivers.held.pop(USB).set()
    assert all(reading.present for reading in await drivers.all())
    assert drivers.reads[2:].count(USB) == 2
    await watcher.close()


async def test_at_the_end_a_hanging_driver_is_left_alone(drivers: Drivers) -> None:
    drivers.held[BATTERY] = threading.Event()
    watcher = drivers.watcher()
    async with asyncio.timeout(5):
        await drivers.told.get()
        await watcher.close()
    drivers.held[BATTERY].set()
    await asyncio.sleep(0)
    assert drivers.told.empty()


async def test_events_that_were_lost_make_it_look_at_everything_again(
    drivers: Drivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supply, "SETTLE_S", 0.01)
    watcher = drivers.watcher()
    await drivers.all()
    drivers.said[USB]["ONLINE"] = "1"
    for _ in range(100):
        watcher._changed([], lost=True)
    assert [reading.name for reading in await drivers.all() if reading.present] == ["battery", "usb"]
    assert len(drivers.reads) == 4
    await watcher.close()


async def test_a_device_that_is_gone_when_it_is_read_is_told_as_gone(drivers: Drivers) -> None:
    watcher = drivers.watcher()
    await drivers.all()
    del drivers.said[USB]
    watcher.read_all()
    assert Reading("usb", "EmergencyUsb", False) in await drivers.all()
    watcher.read_all()
    assert [reading.name for reading in await drivers.all()] == ["battery"]
    await watcher.close()


async def test_usb_devices_concern_nobody_without_a_rule(drivers: Drivers) -> None:
    watcher = drivers.watcher()
    await drivers.all()
    stick = Device("usb", "1-1", "/devices/usb1/1-1", {"DEVTYPE": "usb_device"})
    watcher._changed([Change("add", stick)], lost=False)
    assert watcher._settling is None
    watcher.take(PowerSettings(supplies=(Match((("DEVTYPE", "usb_device"),), "Generator"),)))
    assert "usb" in watcher._subsystems
    await watcher.close()


class FullSocket:
    """A monitor whose socket has this in it: devices, and faults that are raised."""

    def __init__(self, *content: Any) -> None:
        self.content = list(content)
        self._here, self._there = socket.socketpair()
        self._there.send(b"x")

    def fileno(self) -> int:
        return self._here.fileno()

    def poll(self, timeout: int) -> Any:
        assert timeout == 0
        if not self.content:
            with suppress(BlockingIOError):
                self._here.recv(1, socket.MSG_DONTWAIT)
            return None
        found = self.content.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        self._here.close()
        self._there.close()


class FoundDevice:
    """What pyudev makes of an event."""

    subsystem, sys_name, device_path, action = "power_supply", "usb", "/devices/usb/power_supply/usb", "change"

    def __init__(self, online: int) -> None:
        self.properties = {"POWER_SUPPLY_NAME": "usb", "POWER_SUPPLY_ONLINE": str(online)}


async def test_a_flood_is_taken_in_bites_with_rests_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = FullSocket(*(FoundDevice(n % 2) for n in range(3 * BATCH)))
    bites: list[int] = []
    rests: list[float] = []
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    later = loop.call_later

    def rest(delay: float, *what: Any) -> asyncio.TimerHandle:
        rests.append(delay)
        return later(delay, *what)

    def heard(changes: list[Change], lost: bool) -> None:
        assert not lost
        bites.append(len(changes))
        if not monitor.content:
            done.set()

    with monkeypatch.context() as patch:
        patch.setattr(loop, "call_later", rest)
        events = Events(monitor, heard)
        await done.wait()
    assert bites == [BATCH] * 3
    assert rests == [REST_S] * 3
    events.close()
    monitor.close()


async def test_a_full_socket_is_said_and_what_is_in_it_is_heard_all_the_same() -> None:
    monitor = FullSocket(OSError(errno.ENOBUFS, "full"), FoundDevice(1), ValueError("junk"))
    told: asyncio.Future[tuple[int, bool]] = asyncio.get_running_loop().create_future()
    events = Events(monitor, lambda changes, lost: told.set_result((len(changes), lost)))
    async with asyncio.timeout(5):
        assert await told == (1, True)
    events.close()
    monitor.close()


async def test_who_may_not_listen_reads_when_he_is_asked(
    drivers: Drivers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_context: Any, _source: str) -> Any:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(pyudev.Monitor, "from_netlink", refuse)
    watcher = await begin(PowerSettings(), drivers.told.put_nowait, drivers.told.put_nowait)
    assert len(await drivers.all()) == 2
    watcher.read_all()
    assert len(await drivers.all()) == 2
    assert "Operation not permitted" in caplog.text
    await watcher.close()


async def test_the_kernel_itself_is_listened_to_so_udevd_may_be_dead() -> None:
    monitor = await apart(lambda: library.listen(pyudev.Context()))
    with socket.socket(fileno=os.dup(monitor.fileno())) as netlink:
        _, group = netlink.getsockname()
    assert group == 1, "2 is udevd's"


async def test_what_goes_wrong_apart_is_told_to_who_waits() -> None:
    def fail() -> None:
        raise OSError(errno.EIO, "no answer")

    with pytest.raises(OSError, match="no answer"):
        await apart(fail)


async def test_who_no_longer_waits_holds_up_nothing() -> None:
    go, gone = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(5)
        gone.set()

    waiting = asyncio.create_task(apart(work))
    await asyncio.sleep(0)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    go.set()
    assert await _in_time(gone.is_set)


async def _in_time(true: Callable[[], bool]) -> bool:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    return True

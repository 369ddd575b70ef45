"""lockd as a process: its start, its idling, its memory; against a Python that does nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic

import cryptography

from lockd.dbus import names
from lockd.dbus.client import Client
from lockd.dbus.connection import Connection
from tests.bench.row import Row, row
from tests.daemon.process import LOCK, NIMBLE, ROOT, Lockd, enrol, on_the_bus
from tests.fakes.bus import PrivateBus

STARTS = 21
COLD_STARTS = 3
#: https://docs.kernel.org/admin-guide/sysctl/vm.html#drop-caches
DROP_CACHES = Path("/proc/sys/vm/drop_caches")
PIN = "135790"
#: As in lockd.service.
WATCHDOG_S = 60
#: How long nobody does anything: whole intervals of the watchdog's.
IDLE_S = 60.0
#: What starting leaves behind is over by then.
SETTLED_S = 3.0
OWN_RSS = "print(open('/proc/self/status').read().partition('VmRSS:')[2].split()[0])"


def measure() -> list[Row]:
    return [*asyncio.run(_starts()), *_cold_start(), *asyncio.run(_idles())]


def _bare(code: str = "pass") -> tuple[float, str]:
    """Seconds that Python takes over this, and what it prints."""
    begun = monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return monotonic() - begun, done.stdout.decode()


def _plain(bus: str) -> Lockd:
    """As it is started in earnest: without the tests' warnings and ties, and compiled, as the package leaves it."""
    lockd = Lockd(bus, NIMBLE, PYTHONWARNINGS="", PYTHONUNBUFFERED="", PYTHONDONTWRITEBYTECODE="")
    lockd.tied = ()
    return lockd


async def _starts() -> list[Row]:
    """Of a store with a person in it."""
    ready, owned, bare = [], [], []
    with PrivateBus() as bus, _plain(bus.address) as lockd:
        lockd.start()
        async with on_the_bus(lockd) as caller:
            await enrol(caller, PIN)
        lockd.end()
        for _ in range(STARTS):
            bare.append(_bare()[0])
            come = await _Come.to(bus.address)
            begun = monotonic()
            lockd.start()
            ready.append(monotonic() - begun)
            owned.append(await come.at() - begun)
            assert lockd.end() == 0
    return [
        row("start to PIN-ready", _ms(ready), _ms(bare), "python -c pass", "ms", 7),
        row("start to D-Bus name owned", _ms(owned), _ms(bare), "python -c pass", "ms", 12),
    ]


def _cold_start() -> list[Row]:
    """What a start reads from the disk when nothing of it is in memory, but for what of Python is mapped here.
    The wheel's cryptography brings an OpenSSL of its own, some 10 MiB more than Debian's; tests/pi/test_start.py
    measures that one. Only root can empty the caches: no row without."""
    if not os.access(DROP_CACHES, os.W_OK):
        return []
    with PrivateBus() as bus, _plain(bus.address) as lockd:
        lockd.start()
        lockd.end()
        read = [_cold_read(lockd) for _ in range(COLD_STARTS)]
    whose = "Debian's" if "/dist-packages/" in str(cryptography.__file__) else "the wheel's"
    return [row(f"cold start to PIN-ready: block reads, {whose} OpenSSL", read, [1.0], "one MiB", "MiB", 25)]


def _cold_read(lockd: Lockd) -> float:
    """MiB."""
    os.sync()
    DROP_CACHES.write_text("3")
    lockd.start()
    lockd.send(signal.SIGSTOP)
    io = Path(f"/proc/{lockd.pid}/io").read_text()
    lockd.kill()
    return int(io.partition("\nread_bytes:")[2].split()[0]) / 2**20


class _Come:
    """Waits for lockd's name, and notes when it came."""

    def __init__(self) -> None:
        self._when: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._link: Connection

    @classmethod
    async def to(cls, bus: str) -> _Come:
        self = cls()
        self._link = await Connection.open(bus, lambda message, _whole: self._hear(message))
        rule = f"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{names.BUS_NAME}'"
        await self._link.ask_bus("AddMatch", "s", rule)
        return self

    async def at(self) -> float:
        try:
            async with asyncio.timeout(10):
                return await self._when
        finally:
            self._link.close()

    def _hear(self, message: object) -> None:
        if getattr(message, "member", "") == "NameOwnerChanged" and not self._when.done():
            self._when.set_result(monotonic())


def _ms(seconds: list[float]) -> list[float]:
    return [1000 * each for each in seconds]


async def _idles() -> list[Row]:
    """With everything loaded that a day at the door loads, the watchdog on, and this machine's supplies watched."""
    with PrivateBus() as bus, _plain(bus.address) as lockd:
        lockd.module = "tests.bench.watched"
        lockd.start(WATCHDOG_USEC=str(WATCHDOG_S * 1_000_000))
        async with on_the_bus(lockd) as caller:
            await _busy_day(caller)
        await asyncio.sleep(SETTLED_S)
        assert "libudev" in Path(f"/proc/{lockd.pid}/maps").read_text(), "nothing is watched"
        wakeups, cpu_ms, begun = _wakeups(lockd.pid), _cpu_ms(lockd.pid), monotonic()
        await asyncio.sleep(IDLE_S)
        minutes = (monotonic() - begun) / 60
        wakeups, cpu_ms = _wakeups(lockd.pid) - wakeups, _cpu_ms(lockd.pid) - cpu_ms
        ours = float(_rss(lockd.pid))
        bare = [float(_bare(OWN_RSS)[1]) for _ in range(5)]
    return [
        row("idle: wakeups of all threads a minute", [wakeups / minutes], [1.0], "one a minute", "", 12),
        row("idle: CPU time of all threads a minute", [cpu_ms / minutes], [1.0], "one a minute", "ms", 10),
        row("idle: resident memory", [ours / 1024], [each / 1024 for each in bare], "python -c pass", "MiB", 5),
    ]


async def _busy_day(caller: Client) -> None:
    await enrol(caller, PIN)
    for _ in range(3):
        await caller.call(LOCK, "UnlockDoor", {"pin": PIN})
        await caller.call(LOCK, "LockDoor")


def _wakeups(pid: int) -> int:
    """Context switches of all its threads so far, wanted or not."""
    said = "".join((task / "status").read_text() for task in Path(f"/proc/{pid}/task").iterdir())
    return sum(int(line.split()[1]) for line in said.splitlines() if "ctxt_switches" in line)


def _cpu_ms(pid: int) -> float:
    """Of all its threads so far: https://docs.kernel.org/scheduler/sched-stats.html"""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1e6


def _rss(pid: int) -> int:
    """KiB."""
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0])

"""The real lockd as a process: its own folder, its own NOTIFY_SOCKET, its log kept, surely ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lockd.dbus import names
from lockd.dbus.client import Client, NotRunning, Signal
from tests.fakes.bus import TIED

ROOT = Path(__file__).parent.parent.parent
LOCK, USERS, LOG, POWER, MANAGER, SIMULATOR = (
    f"org.lockd1.{n}" for n in ("Lock", "Users", "Log", "Power", "Manager", "Simulator")
)
#: Longer than anything here takes.
PATIENCE_S = 15.0
#: Keys are pressed fast, and contacts come to rest soon.
NIMBLE = "[gpio]\ndebounce_ms = 5\n"


class Lockd:
    """One lockd, perhaps started several times. `with` ends it; what it wrote to stderr is `log`."""

    def __init__(self, bus: str, config: str | None = NIMBLE, **env: str) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="lockd-test-"))
        self.state, self.config, self.bus = self.place / "state", self.place / "lockd.toml", bus
        self.env = {"PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": "1"} | env
        self.tied = TIED
        self.module = "lockd"
        self.arguments = ["--simulate", "--state-dir", str(self.state), "--bus", bus]
        if config is not None:
            self.config.write_text(config)
            self.arguments += ["--config", str(self.config)]
        self.notes: list[str] = []
        self._unread: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._log = self.place / "log"
        self._log.touch()
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._notify.bind(str(self.place / "notify"))

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def bolt(self) -> float:
        """Where the modelled bolt is, as the model itself keeps it: 0 locked, 1 unlocked."""
        file = self.state / "door.json"
        return float(json.loads(file.read_text())["bolt"]) if file.exists() else 0.0

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def launch(self, **env: str) -> None:
        """Start it, and wait for nothing."""
        assert self._process is None
        self._drain()
        self.notes.clear()
        self._unread.clear()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.tied, sys.executable, "-m", self.module, *self.arguments], cwd=ROOT, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=self._environment() | self.env | env,
            )

    def start(self, **env: str) -> Self:
        """Start it, and wait until a PIN works."""
        self.launch(**env)
        self.wait_for_note("READY=1")
        return self

    def wait_for_note(self, line: str, timeout_s: float = PATIENCE_S) -> None:
        """Until it notifies of this line, one not waited for before."""
        until = time.monotonic() + timeout_s
        process = os.pidfd_open(self.pid)
        try:
            while not self._noted(line):
                left = until - time.monotonic()
                ready = select.select([self._notify, process], [], [], max(left, 0.0))[0]
                if ready == [process] and not self._noted(line):
                    raise AssertionError(f"it ended without {line}:\n{self.log}")
                assert ready, f"no {line} in {timeout_s} s:\n{self.log}"
        finally:
            os.close(process)

    def wait_until(self, line: str, timeout_s: float = PATIENCE_S) -> None:
        """Until it logs something with these words."""
        until = time.monotonic() + timeout_s
        while line not in self.log:
            assert time.monotonic() < until, f"no {line!r} in {timeout_s} s:\n{self.log}"
            time.sleep(0.01)

    def wait(self, timeout_s: float = PATIENCE_S) -> int:
        """Until it ends by itself; the exit status."""
        assert self._process is not None
        status = self._process.wait(timeout_s)
        self._process = None
        self._drain()
        return status

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def end(self) -> int:
        """SIGTERM; the exit status."""
        self.send(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """As a power cut for it alone; files stay as they are."""
        self.send(signal.SIGKILL)
        self.wait()

    def _environment(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("DBUS_", "WATCHDOG_"))}
        plain.pop("JOURNAL_STREAM", None)
        return plain | {"NOTIFY_SOCKET": str(self.place / "notify")}

    def _noted(self, line: str) -> bool:
        """Whether it has; notes up to that one are taken."""
        self._drain()
        while self._unread:
            if line in self._unread.pop(0).splitlines():
                return True
        return False

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self._unread.append(self._notify.recv(4096).decode())
                self.notes.append(self._unread[-1])

    def show(self) -> None:
        print(f"--- lockd's log\n{self.log}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self.wait()
        if error is not None:
            self.show()
        self._notify.close()
        shutil.rmtree(self.place)


@asynccontextmanager
async def on_the_bus(lockd: Lockd) -> AsyncIterator[Client]:
    """A caller of it, as soon as it is there."""
    async with Client.connect(lockd.bus) as client:
        async with client.signals() as news:
            try:
                await client.get(MANAGER, "Version")
            except NotRunning:
                async for signal_ in news:
                    if signal_.name == "Back":
                        break
        yield client


async def enrol(client: Client, pin: str, index: int = 1, kind: str = "UnrestrictedUser") -> None:
    """A person with a PIN."""
    await client.call(USERS, "SetUser", "Add", index, {"name": f"user {index}", "type": kind})
    await client.call(USERS, "SetCredential", "Add", "PIN", index, pin.encode(), index, {})


async def press(client: Client, keys: str) -> None:
    await client.call(SIMULATOR, "Press", keys)


async def heard(news: AsyncIterator[Signal], name: str, **wanted: Any) -> dict[str, Any]:
    """The next signal of that name whose event has these values."""
    async for signal_ in news:
        if signal_.name == name and isinstance(signal_.value, Mapping) and wanted.items() <= signal_.value.items():
            return dict(signal_.value)
    raise AssertionError("the bus ended")


async def changed(news: AsyncIterator[Signal], name: str, wanted: object) -> None:
    """Until that property is said to have this value now."""
    async for signal_ in news:
        if signal_.name == "PropertiesChanged" and signal_.value[1].get(name) == wanted:
            return
    raise AssertionError("the bus ended")


async def until(true: Callable[[], bool]) -> None:
    """For what nobody tells of."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def everything(client: Client) -> dict[str, Any]:
    """All that can be seen of its state: every property, every user, the trail. Lamps and buzzer only speak, and
    readings grow old by themselves."""
    seen: dict[str, Any] = {each.name: await client.get_all(each.name) for each in names.INTERFACES}
    for voice in ("Green", "Red", "Buzzer"):
        del seen[SIMULATOR][voice]
    del seen[POWER]["ReadingAge"]
    # What is not a number is unequal to itself.
    seen[POWER] = {name: None if value != value else value for name, value in seen[POWER].items()}
    return seen | {"users": await client.call(USERS, "ListUsers"), "trail": await trail(client)}


async def trail(client: Client, first: int = 1) -> list[dict[str, Any]]:
    """The whole audit trail."""
    events: list[dict[str, Any]] = []
    while more := await client.call(LOG, "Read", events[-1]["seq"] + 1 if events else first, 1000):
        events += more
    return events

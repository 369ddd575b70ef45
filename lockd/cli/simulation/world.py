"""A running simulation: a private D-Bus, and lockd with its modelled door on it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from pathlib import Path
from typing import Any

from lockd.cli.simulation.child import Child
from lockd.cli.simulation.place import Place

#: The longest that a program may take until it serves.
START_S = 20.0

BUS_CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class World:
    """`bus` and `lockd` are its two processes. `state`: lockd's state folder, None: the user's."""

    def __init__(self, place: Place, state: Path | None) -> None:
        self.place = place
        configuration = place.folder / "bus.conf"
        configuration.write_text(BUS_CONFIGURATION.format(address=place.address))
        self.bus = Child(
            "dbus-daemon", ("dbus-daemon", f"--config-file={configuration}", "--nofork", "--nopidfile"),
            place.folder / "dbus.log",
        )  # fmt: skip
        self._notes = Notifications(place.folder / "notify")
        self.state = state or own_state()
        self.lockd = Child(
            "lockd", (sys.executable, "-m", "lockd", "--simulate", "--bus", place.address,
                      "--state-dir", str(self.state)),
            place.folder / "lockd.log", {"NOTIFY_SOCKET": str(self._notes.path)},
        )  # fmt: skip

    async def start_bus(self) -> None:
        """Start the bus, and tell lockctl of it once it listens."""
        reading, writing = os.pipe()
        try:
            try:
                await self.bus.start(f"--print-address={writing}", pass_fds=(writing,))
            finally:
                os.close(writing)
            await _served(self.bus, _spoken(reading))
        finally:
            os.close(reading)
        self.place.announce()

    async def start_lockd(self) -> None:
        """Start lockd and wait until it is READY. Raises NotServing with the end of its log."""
        self._notes.ready.clear()
        await self.lockd.start()
        await _served(self.lockd, self._notes.ready.wait())

    async def revive(self) -> None:
        """Start again what has ended. lockd finds a new bus by itself."""
        if self.bus.ended:
            await self.start_bus()
        if self.lockd.ended:
            await self.start_lockd()

    def cut(self) -> None:
        """Cut the power: lockd ends where it stands, and the door is as it is."""
        self.lockd.kill()

    async def touch(self, values: Mapping[str, Any]) -> None:
        """Hands on the modelled door while lockd is off; fields of lockd.gpio.world.World. Raises Failure."""
        await self.lockd.wait()
        hand = Child("the modelled door", (sys.executable, "-m", "lockd.gpio.world"), self.place.folder / "hand.log")
        await hand.start(str(self.state / "door.json"), json.dumps(dict(values)))
        if await hand.wait():
            raise hand.failure("could not be moved")

    async def end(self) -> None:
        """End lockd, then its bus."""
        await self.lockd.end()
        await self.bus.end()
        self._notes.close()


def own_state() -> Path:
    """As lockd --simulate has it."""
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(home) / "lockd-simulation"


class Notifications:
    """Where lockd says READY, as it would to systemd. Read for as long as it lives: lockd goes on
    saying things, and may not be left to wait for a reader. To be made in a running loop."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ready = asyncio.Event()
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(str(path))
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._read)

    def close(self) -> None:
        """Listen no more."""
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self.path.unlink(missing_ok=True)

    def _read(self) -> None:
        if "READY=1" in self._socket.recv(4096).decode(errors="replace").splitlines():
            self.ready.set()


@contextlib.asynccontextmanager
async def running(place: Place, state: Path | None) -> AsyncIterator[World]:
    """A World that runs; at the end all of it has ended. The place must be taken."""
    world = World(place, state)
    for child in (world.bus, world.lockd):
        child.log.unlink(missing_ok=True)
    try:
        await world.start_bus()
        await world.start_lockd()
        yield world
    finally:
        await world.end()


async def _served(child: Child, serving: Coroutine[Any, Any, object]) -> None:
    """Wait until it serves. Raises NotServing when it ends first or takes too long."""
    served, ended = asyncio.ensure_future(serving), asyncio.ensure_future(child.wait())
    try:
        await asyncio.wait((served, ended), timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            raise child.failure(f"ended with status {ended.result()}")
        if not served.done():
            raise child.failure(f"was not ready within {START_S:g} s")
    finally:
        served.cancel()
        ended.cancel()
        await asyncio.gather(served, ended, return_exceptions=True)


async def _spoken(reading: int) -> None:
    """Until a line comes through the pipe; for ever when its other end closes without one."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(reading, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(reading)
    if not os.read(reading, 4096):
        await asyncio.Event().wait()

"""Which lockd is meant (--bus, LOCKD_BUS, the system's, or a simulation of this user), and the way to it."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

from lockd.cli.exits import NotRunning
from lockd.cli.simulation.place import simulation_folder
from lockd.dbus import client as bus
from lockd.dbus.names import MANAGER

START = "start it with `systemctl start lockd`, or a simulation with `lockctl simulate`"


class Line:
    """A connection to lockd as the commands want it: whatever is wrong with the way is NotRunning."""

    def __init__(self, client: bus.Client) -> None:
        self._client = client

    async def call(self, interface: str, method: str, *args: Any) -> Any:
        """As link.Lockd."""
        with _way():
            return await self._client.call(interface, method, *args)

    async def get(self, interface: str, name: str) -> Any:
        """As link.Lockd."""
        with _way():
            return await self._client.get(interface, name)

    async def get_all(self, interface: str) -> dict[str, Any]:
        """As link.Lockd."""
        with _way():
            return await self._client.get_all(interface)

    async def set(self, interface: str, name: str, value: Any) -> None:
        """As link.Lockd."""
        with _way():
            await self._client.set(interface, name, value)

    async def nudges(self) -> AsyncGenerator[bool, None]:
        """As link.Lockd."""
        with _way():
            async with self._client.signals() as news:
                yield True
                async for signal in news:
                    yield signal.name != "Lost"


@contextlib.asynccontextmanager
async def connected(wanted: str | None, starts: bool = True) -> AsyncIterator[Line]:
    """A line to the lockd that is meant. `starts`: a call may have the bus start it. Raises NotRunning,
    which says how to start one."""
    chosen = wanted or os.environ.get("LOCKD_BUS") or await _found(starts)
    async with contextlib.AsyncExitStack() as stack:
        with _way():
            client = await stack.enter_async_context(bus.Client.connect(chosen, starts))
        yield Line(client)


async def _found(starts: bool) -> str:
    """The first bus that lockd is on."""
    simulated = simulation_address()
    for address in ("system", *([simulated] if simulated else [])):
        with contextlib.suppress(bus.NoBus, bus.NotRunning):
            async with bus.Client.connect(address, starts) as client:
                await client.get(MANAGER.name, "Version")
                return address
    raise NotRunning(f"lockd is not running: {START}")


def simulation_address() -> str:
    """The bus of this user's simulation, as `lockctl simulate` announced it; "" if there is none.
    Another user's word is not taken: his lock would be told our PINs."""
    folder = simulation_folder()
    note = folder / "bus"
    with contextlib.suppress(OSError):
        if folder.lstat().st_uid == note.lstat().st_uid == os.getuid():
            return note.read_text().strip()
    return ""


@contextlib.contextmanager
def _way() -> Iterator[None]:
    try:
        yield
    except (bus.NoBus, bus.NotRunning) as error:
        cause = re.sub(r"\[Errno \d+\] ", "", str(error))
        raise NotRunning(f"{cause.rstrip('.')}; {START}") from None
    except bus.NoAnswer as error:
        raise NotRunning(str(error)) from None

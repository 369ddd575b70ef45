"""A lockd of one's own for each test, or one for a whole module that does not change it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from lockd.dbus.client import Client
from tests.daemon.process import Lockd, on_the_bus
from tests.fakes.bus import PrivateBus, private_bus

__all__ = ["private_bus"]


@pytest.fixture
def lockd(private_bus: PrivateBus) -> Iterator[Lockd]:
    """Not started yet."""
    with Lockd(private_bus.address) as lockd:
        yield lockd
        lockd.show()  # pytest prints it when the test has failed


@pytest.fixture
async def caller(lockd: Lockd) -> AsyncIterator[Client]:
    """Somebody with every right, on the bus of a lockd that runs."""
    lockd.start()
    async with on_the_bus(lockd) as client:
        yield client

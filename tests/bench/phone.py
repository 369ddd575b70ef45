"""A phone at a lockd in this process, over a bluetoothd that is played: from the first write of its UNLOCK until
it hears that the opening is granted and on disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from unittest.mock import patch

from lockd.wire import results
from tests.bench.row import Row, row
from tests.daemon import inside as insides
from tests.daemon.test_phones import MADE, enrolled, locked
from tests.fakes.bus import PrivateBus

ROUNDS = 11
#: What the protocol promises.
ACCEPTED_MS = 300.0


async def measure() -> list[Row]:
    """In a folder on the disk that $TMPDIR is on."""
    taken = []
    with tempfile.TemporaryDirectory(prefix="lockd-bench-") as place, _bus() as address:
        async with locked(Path(place), address) as (lock, radio):
            phone = await enrolled(lock, radio)
            await phone.connect()
            assert (await phone.open("STATUS"))[0] == results.COMPLETE
            for wish in ("UNLOCK", "LOCK") * ROUNDS:
                begun = perf_counter()
                accepted, _ = await phone.ask(wish)
                taken.append(1000 * (perf_counter() - begun))
                assert (accepted, (await phone.next())[0]) == (results.ACCEPTED, results.COMPLETE)
    return [row("a phone's UNLOCK to ACCEPTED", taken, [ACCEPTED_MS], "300 ms", "ms", 1)]


@contextmanager
def _bus() -> Iterator[str]:
    """A bus that lockd takes for the system's, with phones let in."""
    settings = MADE.but(phone=MADE.phone.but(enabled=True))
    with (
        PrivateBus() as bus, patch.object(insides, "nimble", lambda: settings),
        patch.dict(os.environ, {"DBUS_SYSTEM_BUS_ADDRESS": bus.address}),
    ):  # fmt: skip
        yield bus.address

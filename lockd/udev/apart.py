"""Work that may hang for good, in a thread of its own that nobody waits for at the end.

A driver that reads its chip over I2C may take tens of milliseconds, or never come back.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def apart(work: Callable[[], T]) -> T:
    """What the work returns or raises. Who no longer waits does not hold it up."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(setter: Callable[[Any], None], result: Any) -> None:
        if not done.done():
            setter(result)

    def run() -> None:
        try:
            outcome: tuple[Callable[[Any], None], Any] = (done.set_result, work())
        except Exception as fault:  # noqa: BLE001 - whatever it is, who waits for it gets it
            outcome = (done.set_exception, fault)
        with suppress(RuntimeError):  # the loop has ended, and with it who waited
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=run, name="lockd-udev", daemon=True).start()
    return await done

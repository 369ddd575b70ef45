"""A fingerprint sensor of the R503 family: who touches it, whom it learns, whom it forgets.

It sleeps until its touch line says that there is a finger. Templates never leave it, and one that no
credential names is removed from it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from lockd.errors import Duplicate, Failure, LockdError, NotFound, ResourceExhausted
from lockd.reader import Reader
from lockd.readers.port import WAITS, Line, Well, keep
from lockd.readers.r503 import Link, Sensor

log = logging.getLogger("lockd.fingerprint")

#: A finger that is not seen well is looked at so often, with so long in between.
LOOKS, LOOK_S = 5, 0.1
#: For the first look of an enrolment, and for lifting the finger and laying it there again.
FIRST_S, NEXT_S = 30.0, 15.0
#: A sensor that nobody touches is asked so often whether it is still there.
CHECK_S = 300.0

Step = Callable[[str], None]
Work = Callable[[Sensor], Awaitable[Any]]


class Port(Link, Protocol):
    """A link that can be listened at."""

    def fileno(self) -> int:
        """Readable when the sensor says something unasked: it has just got power."""

    def close(self) -> None:
        """Let go."""


class Fingerprint:
    """`connect`: a fresh way to the sensor (OSError, Lost: none now); `touch` is on while a finger is there;
    `named`: the slots that credentials name, None while nobody knows."""

    def __init__(
        self, connect: Callable[[], Awaitable[Port]], touch: Line, reader: Reader,
        named: Callable[[], frozenset[int] | None],
        waits: Sequence[float] = WAITS, look_s: float = LOOK_S, check_s: float = CHECK_S,
    ) -> None:  # fmt: skip
        self._connect, self._touch, self._reader, self._named = connect, touch, reader, named
        self._waits, self._look_s, self._check_s = waits, look_s, check_s
        self._wake = asyncio.Event()
        self._jobs: deque[tuple[Work, asyncio.Future[Any]]] = deque()
        self._there = False
        self._lifted = True

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        self._touch.watch(lambda: loop.call_soon_threadsafe(self._edge))
        try:
            await keep(self._serve, self._reader, self._waits)
        finally:
            self._touch.watch(None)

    async def enrol(self, slot: int, step: Step, first_s: float = FIRST_S) -> None:
        """Learn a finger into the slot; `step` is told "present", "lift" and "again" when it is time for
        that; `first_s`: until somebody is there. Raises NotFound (nobody came), Duplicate,
        ResourceExhausted or Failure."""

        async def learn(sensor: Sensor) -> None:
            try:
                await self._learn(sensor, slot, step, first_s)
            finally:
                self._lifted = not self._touch.on  # a finger that is still there was not laid there to come in

        await self._do(learn)

    def tidy(self) -> None:
        """Remove the templates that no credential names any more, now or when the sensor is there again."""
        if self._there:
            self._jobs.append((self._forget, asyncio.get_running_loop().create_future()))
            self._wake.set()

    # The sensor's time ----------------------------------------------------------------------------

    async def _serve(self, well: Well) -> None:
        port = await self._connect()
        try:
            sensor = Sensor(port)
            await sensor.begin()
            await self._forget(sensor)
            well()
            self._there = True
            await self._attend(port, sensor)
        finally:
            self._there = False
            self._drop_jobs()
            port.close()

    def _edge(self) -> None:
        with suppress(LockdError):  # who waits for this edge meets the same fault, and says so
            self._lifted |= not self._touch.on
        self._wake.set()

    async def _attend(self, port: Port, sensor: Sensor) -> None:
        while True:
            if self._touch.on and self._lifted:
                self._lifted = False
                await self._look(sensor)
            while self._jobs:
                await self._work(sensor, *self._jobs.popleft())
            if not await self._woken(port):
                await sensor.check()

    async def _woken(self, port: Port) -> bool:
        """By a finger or a job; False: by what the sensor says, or by time."""
        loop = asyncio.get_running_loop()
        said = False

        def hear() -> None:
            nonlocal said
            said = True
            loop.remove_reader(port.fileno())
            self._wake.set()

        loop.add_reader(port.fileno(), hear)
        try:
            async with asyncio.timeout(self._check_s):
                await self._wake.wait()
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(port.fileno())
            self._wake.clear()
        return not said

    async def _look(self, sensor: Sensor) -> None:
        for _ in range(LOOKS):
            if await sensor.look(1):
                slot = await sensor.search()
                if slot is None:
                    self._reader.unknown_finger()
                else:
                    self._reader.finger(slot)
                return
            await asyncio.sleep(self._look_s)

    async def _forget(self, sensor: Sensor) -> None:
        named = self._named()
        if named is None:
            return
        for slot in sorted(await sensor.used() - named):
            await sensor.delete(slot)
            log.info("template %d is removed from the sensor: no credential names it", slot)

    # Learning a finger ----------------------------------------------------------------------------

    async def _learn(self, sensor: Sensor, slot: int, step: Step, first_s: float) -> None:
        if slot >= sensor.slots:
            raise ResourceExhausted(f"the sensor has room for {sensor.slots} fingers: remove one first")
        step("present")
        await self._see(sensor, 1, first_s)
        known, named = await sensor.search(), self._named()
        if known is not None and (named is None or known in named):
            raise Duplicate("this finger is enrolled already: take another one")
        if known is not None:
            await sensor.delete(known)
        step("lift")
        await self._until(False, NEXT_S)
        step("again")
        await self._see(sensor, 2, NEXT_S)
        if not await sensor.combine():
            raise Failure("the two looks are not alike: begin again, with the same finger in the same place")
        await sensor.store(slot)

    async def _see(self, sensor: Sensor, buffer: int, within: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + within
        await self._until(True, within)
        while not await sensor.look(buffer):
            await asyncio.sleep(self._look_s)
            await self._until(True, end - loop.time())

    async def _until(self, touched: bool, within: float) -> None:
        try:
            async with asyncio.timeout(within):
                while self._touch.on != touched:
                    self._wake.clear()
                    if self._touch.on != touched:
                        await self._wake.wait()
        except TimeoutError:
            what = "no finger that it could see was laid on the sensor" if touched else "the finger was not lifted"
            raise NotFound(f"{what} in time: begin again") from None

    # Jobs -------------------------------------------------------------------------------------------

    async def _do(self, work: Work) -> Any:
        if not self._there:
            raise Failure("the fingerprint sensor is not there: see `lockctl doctor`")
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._jobs.append((work, done))
        self._wake.set()
        return await done

    async def _work(self, sensor: Sensor, work: Work, done: asyncio.Future[Any]) -> None:
        if done.done():
            return
        try:
            result = await work(sensor)
        except LockdError as refusal:
            with suppress(asyncio.InvalidStateError):
                done.set_exception(refusal)
        except BaseException:
            self._jobs.appendleft((work, done))  # it is told with the others that there is no sensor
            raise
        else:
            with suppress(asyncio.InvalidStateError):
                done.set_result(result)

    def _drop_jobs(self) -> None:
        while self._jobs:
            _, done = self._jobs.popleft()
            if not done.done():
                done.set_exception(Failure("the fingerprint sensor was lost meanwhile: see `lockctl doctor`"))
                done.exception()

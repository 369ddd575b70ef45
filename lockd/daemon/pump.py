"""The whole seam between core and world: events in, effects to their sinks, one timer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from lockd.core.effects import DriveBolt, DriveLatch, Effect, StopBolt
from lockd.core.events import EffectFailed, EnterPressed, Event, OperationAsked
from lockd.core.instant import Instant
from lockd.core.lock import Lock
from lockd.errors import LockdError

log = logging.getLogger("lockd.pump")

Sink = Callable[[Any], None]

#: Who wants to come in can wait for a moment.
CAN_WAIT = (OperationAsked, EnterPressed)

#: Effects whose failure the core has to know of; a lamp that fails is only logged.
MOTOR = (DriveBolt, StopBolt, DriveLatch)


class Pump:
    """`sinks`: what takes each type of effect. A sink never submits in the same turn. `broken`
    is told of a mistake of our own, after which nothing here can be relied on."""

    def __init__(
        self,
        lock: Lock,
        now: Callable[[], Instant],
        sinks: Mapping[type[Effect], Sink],
        broken: Callable[[Exception], None],
    ) -> None:
        self.lock = lock
        self._now = now
        self._sinks = sinks
        self._broken = broken
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._armed: float | None = None
        self._held: list[Event] | None = None

    def hold(self, on: bool) -> None:
        """Let whoever wants to come in wait until this ends: what he did could not be recorded now."""
        waiting, self._held = self._held or [], [] if on else None
        for event in waiting:
            self.submit(event)

    def submit(self, event: Event) -> None:
        """Let the core decide about it, now."""
        if self._held is not None and isinstance(event, CAN_WAIT):
            self._held.append(event)
            return
        self._turn(lambda at: self.lock.handle(event, at))

    def submit_soon(self, event: Event) -> None:
        """The same from any thread, and for sinks."""
        self._loop.call_soon_threadsafe(self.submit, event)

    def close(self) -> None:
        """No more ticks."""
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        self._armed = None
        self._turn(self.lock.tick)

    def _turn(self, decide: Callable[[Instant], tuple[Effect, ...]]) -> None:
        try:
            self._pass_on(decide(self._now()))
        except Exception as fault:
            self._broken(fault)
            raise

    def _pass_on(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            try:
                self._sinks[type(effect)](effect)
            except LockdError as fault:
                log.error("%s: %s", type(effect).__name__, fault)
                if isinstance(effect, MOTOR):
                    self.submit_soon(EffectFailed(0, str(fault)))
        self._arm()

    def _arm(self) -> None:
        """One timer. The loop's clock stands still while the machine sleeps and the core's does
        not; on a lock that never sleeps they run alike, and a late tick decides by the true time."""
        deadline = self.lock.next_deadline()
        if deadline == self._armed:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._armed = deadline
        if deadline is not None:
            self._timer = self._loop.call_later(max(0.0, deadline - self._now().mono), self._tick)

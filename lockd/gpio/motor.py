"""What moves the bolt: an H-bridge motor, or the coil of an electric strike; and the latch's.

Both direction lines off lets the motor coast, so key and thumbturn are never held against. An
enable line is on while the motor turns: full speed, no PWM. Should the event loop hang, a thread
of its own switches it off.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterable
from time import monotonic

from lockd.errors import Failure
from lockd.gpio.pins import Output, Pins
from lockd.gpio.timeline import Timeline, Timer
from lockd.settings import BoltSettings, Pin, Settings
from lockd.words import Direction

log = logging.getLogger("lockd.motor")

#: The cut-off comes this long after lockd itself should have stopped.
MARGIN_S = 0.5
#: Between one direction and the other, so that the bridge's switches never overlap.
DEAD_S = 0.05


class Held:
    """Lines that are never on for longer than `limit_s`, even when the loop hangs. The thread that sees to it is
    begun with the first use and stays, asleep: to begin one takes as long as all else from the record to the motor."""

    def __init__(self, outputs: Iterable[Output], limit_s: float, timeline: Timeline) -> None:
        self._outputs = tuple(outputs)
        self._limit_s = limit_s
        self._timeline = timeline
        self._lock = threading.Condition()
        self._due: float | None = None
        self._thread: threading.Thread | None = None
        self.off_at = float("-inf")

    @property
    def on(self) -> bool:
        """Whether any of them is on."""
        return any(output.on for output in self._outputs)

    def energise(self, wanted: tuple[Output, ...]) -> None:
        """These on, until `cut` or the cut-off. Failure leaves all off."""
        try:
            with self._lock:
                self._arm()
                for output in wanted:
                    output.set(True)
        except Failure:
            self.cut()
            raise

    def cut(self) -> None:
        """All off. Failure when a line does not obey, after the others were told."""
        with self._lock:
            self._disarm()
            self._off()

    def close(self) -> None:
        """The same, and no thread left."""
        try:
            self.cut()
        finally:
            with self._lock:
                thread, self._thread = self._thread, None
                self._lock.notify()
            if thread is not None:
                thread.join()

    def _off(self) -> None:
        failure: Failure | None = None
        if self.on:
            self.off_at = self._timeline.time()
        for output in self._outputs:
            try:
                output.set(False)
            except Failure as fault:
                failure = fault
        if failure is not None:
            raise failure

    def _arm(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._begin()
        self._due = monotonic() + self._limit_s
        self._lock.notify()

    def _disarm(self) -> None:
        if self._due is not None:
            self._due = None
            self._lock.notify()

    def _begin(self) -> None:
        # A daemon, or the exit would wait for it, with the motor on.
        thread = threading.Thread(target=self._watch, name="motor cut-off", daemon=True)
        try:
            thread.start()
        except RuntimeError as fault:
            raise Failure(f"the motor's cut-off does not start, so neither does the motor: {fault}") from fault
        self._thread = thread

    # The cut-off's thread -----------------------------------------------------------------------

    def _watch(self) -> None:
        with self._lock:
            while self._thread is threading.current_thread():
                self._lock.wait(self._look())

    def _look(self) -> float | None:
        """Off, if it is time; else the seconds until then, None while nothing is on."""
        if self._due is None:
            return None
        left = self._due - monotonic()
        if left > 0:
            return left
        self._due = None
        try:
            self._off()
        except Failure as fault:
            log.error("the cut-off failed: %s", fault)
        else:
            log.error("switched off after %.1f s by its own cut-off: lockd did not stop it in time", self._limit_s)
        return None


class Motor:
    """The bolt's drive. Never both directions at once, never at a loss for a way to stop."""

    def __init__(self, pins: Pins, settings: Settings, timeline: Timeline | None = None) -> None:
        bolt = settings.bolt
        self._timeline = timeline or asyncio.get_running_loop()
        self._enable = _outputs(pins, bolt.enable)
        self._ways = _ways(pins, bolt)
        self._latch_lines = _outputs(pins, bolt.latch)
        outputs = (*(output for way in self._ways.values() for output in way), *self._enable)
        limit = bolt.hold_s if bolt.kind == "strike" else bolt.travel_s
        self._bolt = Held(outputs, limit + MARGIN_S, self._timeline)
        self._latch = Held(self._latch_lines, bolt.latch_hold_s + MARGIN_S, self._timeline)
        self._last: Direction | None = None
        self._waiting: Timer | None = None

    @property
    def on(self) -> bool:
        """Whether the bolt is being driven."""
        return self._bolt.on

    def drive(self, direction: Direction) -> None:
        """Run until `stop`, or the cut-off. After the other direction it starts DEAD_S later. A
        strike is energised by Unlocking and let go by Locking. Failure when it cannot."""
        if direction not in self._ways:
            raise Failure(f"bolt: no pin is wired for {direction}")
        self._forget_waiting()
        if direction == self._last:
            self._start(direction)
            return
        self._bolt.cut()
        wait = self._bolt.off_at + DEAD_S - self._timeline.time()
        if wait > 0:
            self._waiting = self._timeline.call_later(wait, self._start_late, direction)
        else:
            self._start(direction)

    def stop(self) -> None:
        """Let the bolt be. Failure when a line does not obey."""
        self._forget_waiting()
        self._bolt.cut()

    def latch(self, on: bool) -> None:
        """Pull the latch, or let it go; without a latch nothing happens."""
        if on and self._latch_lines:
            self._latch.energise(self._latch_lines)
        else:
            self._latch.cut()

    def close(self) -> None:
        """Everything off, no thread left."""
        self._forget_waiting()
        try:
            self._bolt.close()
        finally:
            self._latch.close()

    def _start(self, direction: Direction) -> None:
        self._last = direction
        if line := self._ways[direction]:
            self._bolt.energise((*line, *self._enable))

    def _start_late(self, direction: Direction) -> None:
        self._waiting = None
        try:
            self._start(direction)
        except Failure as fault:  # the core sees it as a bolt that does not arrive
            log.error("the motor does not start: %s", fault)

    def _forget_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def _outputs(pins: Pins, pin: Pin | None) -> tuple[Output, ...]:
    return () if pin is None else (pins.output(pin),)


def _ways(pins: Pins, bolt: BoltSettings) -> dict[Direction, tuple[Output, ...]]:
    """The line of each direction; a strike locks by its spring."""
    forward, backward = _outputs(pins, bolt.forward), _outputs(pins, bolt.backward)
    if bolt.kind == "strike":
        return {"Locking": (), "Unlocking": forward}
    ways: dict[Direction, tuple[Output, ...]] = {"Locking": forward, "Unlocking": backward}
    return {direction: line for direction, line in ways.items() if line}

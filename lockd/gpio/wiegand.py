"""A Wiegand reader on two lines: a card, a key, or both.

The library's thread only keeps the pulses with their times. Silence wakes the loop, which reads them:
late or in a lump they say the same. Lines that never fall silent, as a broken wire's next to a motor,
are not listened to for a while, so that they keep nobody else from being heard.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import partial

from lockd.gpio.lines import Attempts
from lockd.gpio.pins import Pins
from lockd.gpio.pulses import PulseLine
from lockd.gpio.timeline import Timeline, Timer
from lockd.gpio.wiegand_frames import END_S, Card, Key, Pulse, frames, read
from lockd.reader import Reader
from lockd.settings import WiegandSettings

#: So long after the last pulse was heard of, what came is whole. The thread that tells of them may be late.
SETTLED_S = 0.04
#: More pulses than this without a pause between them are noise: some seven cards, or sixty keys.
MOST = 256
#: How long noise is not listened to.
DEAF_S = 1.0


class Wiegand:
    """`reader` is told in the loop."""

    def __init__(
        self, pins: Pins, settings: WiegandSettings, reader: Reader, timeline: Timeline | None = None
    ) -> None:
        self._timeline = timeline or asyncio.get_running_loop()
        self._pins, self._wired = pins, [pin for pin in (settings.data0, settings.data1) if pin is not None]
        self._reader = reader
        self._lines: list[PulseLine] = []
        self._pulses: deque[Pulse] = deque(maxlen=MOST)
        self._heard = 0.0
        self._woken = False
        self._timer: Timer | None = None
        self._closed = False
        self._ended: float | None = None  # the time of the last pulse that was read
        self._attempts = Attempts(self._listen, self._timeline, lambda why: reader.lost(why) if why else reader.found())
        self._listen()

    def close(self) -> None:
        """No more cards and keys."""
        self._closed = True
        self._attempts.close()
        if self._timer is not None:
            self._timer.cancel()
        for line in self._lines:
            line.watch(None)

    # The library's thread -----------------------------------------------------------------------

    def _pulse(self, bit: int, at: float) -> None:
        self._pulses.append((at, bit))
        self._heard = self._timeline.time()
        if not self._woken:
            self._woken = True
            self._timeline.call_soon_threadsafe(self._settle)

    # The loop -----------------------------------------------------------------------------------

    def _listen(self) -> None:
        self._timer = None
        self._attempts.make(self._begin)

    def _begin(self) -> None:
        self._lines = [self._pins.claim(pin, PulseLine) for pin in self._wired]
        self._pulses.clear()
        self._woken = False
        for bit, line in enumerate(self._lines):
            line.watch(partial(self._pulse, bit))
        self._feel()

    def _settle(self) -> None:
        """Wait for the silence."""
        if self._closed:  # it was on its way at the end
            return
        self._timer = None
        left = self._heard + SETTLED_S - self._timeline.time()
        if len(self._pulses) == MOST:
            self._be_deaf()
        elif left > 0:
            self._timer = self._timeline.call_later(left, self._settle)
        else:
            self._woken = False  # before they are taken: whoever comes now wakes the loop again
            self._take([self._pulses.popleft() for _ in range(len(self._pulses))])

    def _be_deaf(self) -> None:
        self._reader.garbled("pulses without end")
        self._attempts.make(self._rest)

    def _rest(self) -> None:
        self._feel()
        for line in self._lines:
            line.watch(None)
        self._timer = self._timeline.call_later(DEAF_S, self._listen)

    def _take(self, pulses: Sequence[Pulse]) -> None:
        for frame in frames(pulses):
            torn = self._ended is not None and abs(frame[0][0] - self._ended) <= END_S
            self._ended = frame[-1][0]
            if torn:
                self._reader.garbled("a frame whose end came too late")
            else:
                self._tell(frame)

    def _tell(self, frame: Sequence[Pulse]) -> None:
        said = read(frame)
        if isinstance(said, Card):
            self._reader.found()
            self._reader.card(said.data)
        elif isinstance(said, Key):
            self._reader.found()
            self._reader.key(said.key)
        else:
            self._reader.garbled(said.why)
            self._attempts.make(self._feel)

    def _feel(self) -> None:
        """A line that does not rest has no reader, or a short. One that cannot be read is a Failure."""
        stuck = [f"{line.pin.key} (GPIO {line.pin.number})" for line in self._lines if line.on]
        if stuck:
            self._reader.lost(f"{' and '.join(stuck)} does not rest: see that the reader is fed, and rightly wired")
        else:
            self._reader.found()

"""What the lock says with two lamps and a buzzer, as a score that a person can read.

One character is a tenth of a second, `#` on and anything else off. A passing sign is played once;
a standing one comes back for a while, in between the passing ones. When nothing plays, nothing
ticks. Any of the three may be missing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from itertools import groupby
from typing import Literal

from lockd.gpio.lines import Attempts, telling
from lockd.gpio.pins import Output, Pins
from lockd.gpio.timeline import Timeline, Timer
from lockd.settings import Settings
from lockd.value import Value
from lockd.words import Service, Sign

log = logging.getLogger("lockd.panel")

BEAT_S = 0.1
Voice = Literal["green", "red", "buzzer"]
VOICES: tuple[Voice, ...] = ("green", "red", "buzzer")


class Score(Value):
    """What each voice does, beat by beat. `rank`: a playing sign is cut short by its equals and
    betters only. `waits`: it comes after what is playing, and cuts nothing short. `times`: how often
    a standing sign is played, with `pause_s` between."""

    rank: int
    green: str = ""
    red: str = ""
    buzzer: str = ""
    waits: bool = False
    times: int = 1
    pause_s: float = 0.0

    def steps(self) -> tuple[tuple[float, tuple[bool, ...]], ...]:
        """Seconds, and the voices' levels during them."""
        length = max(len(self.green), len(self.red), len(self.buzzer))
        parts = (part.ljust(length) for part in (self.green, self.red, self.buzzer))
        beats = (tuple(mark == "#" for mark in column) for column in zip(*parts, strict=True))
        return tuple((BEAT_S * len(list(same)), levels) for levels, same in groupby(beats))


#: One long and two short, after a rest that sets it apart from the answer that it follows.
REST, BATTERY = "....", "#####.#.#..."

SIGNS: dict[Sign, Score] = {
    # a key was felt; the digits are forgotten; the lock has started
    "key": Score(0, green="#", buzzer="#"),
    "clear": Score(0, red="#.#", buzzer="#.#"),
    "ready": Score(0, green="#.#.#"),
    # the bolt moves; it is open; it is shut
    "working": Score(0, green="#." * 15),
    "granted": Score(1, green="#" * 20, buzzer="#####"),
    "locked": Score(1, green="##.##", red="##.##", buzzer="##.##"),
    # that PIN is none; it is one, but not now
    "wrong": Score(1, red="##.##.##", buzzer="##.##.##"),
    "refused": Score(1, red="#" * 10, buzzer="#" * 8),
    # that was right, and another one is needed
    "more": Score(1, green="####.####", buzzer="#....#"),
    # programming: what is to be done?; that PIN is easy to guess, type it again all the same; done; there is no
    # room; it is over
    "menu": Score(1, green="##.##.##", red="##.##.##", buzzer="#..#..#"),
    "weak": Score(1, green="####.####", red="#########", buzzer="#....#"),
    "saved": Score(1, green="###.###.########", buzzer="#...#...######"),
    "full": Score(1, red="####.####", buzzer="####.####"),
    "left": Score(1, green="########", red="########", buzzer="########"),
    # emergency power feeds the lock: type your PIN; nothing can move the bolt; what is plugged in is wrong
    "emergency": Score(1, green="#.#.#.#####", buzzer="#.#.#.#####"),
    "no-power": Score(1, red="##....##....##....##", buzzer="#.....#.....#.....#"),
    "power-fault": Score(1, green="..##..##..##..##", red="##..##..##..##", buzzer="##..##..##..##"),
    # the battery will be empty before long; very soon
    "battery-low": Score(0, red=REST + BATTERY, buzzer=REST + BATTERY, waits=True),
    "battery-critical": Score(0, red=REST + BATTERY * 3, buzzer=REST + BATTERY * 3, waits=True),
    # for a while: wait; the door stands open; the bolt is stuck; someone must come
    "locked-out": Score(2, red="#.#", buzzer="#", times=60, pause_s=5.0),
    "ajar": Score(2, red="#", buzzer="#.#", times=30, pause_s=4.0),
    "jammed": Score(3, red="#.#.#.#.#", buzzer="##.##.##", times=30, pause_s=8.0),
    "alarm": Score(3, red="###..###..###", buzzer="###..###..###", times=60, pause_s=0.7),
    "quiet": Score(9),
}


class Lamp:
    """A lamp, or the buzzer. `told` as by Attempts."""

    def __init__(self, claim: Callable[[], Output], timeline: Timeline, told: Callable[[str], object]) -> None:
        self._claim = claim
        self._output: Output | None = None
        self._on = False
        self._attempts = Attempts(self._try, timeline, told)
        self._try()

    @property
    def trouble(self) -> str:
        """Why it does not obey; empty while it does."""
        return self._attempts.trouble

    def set(self, on: bool) -> None:
        """So from now on; where it does not obey, as soon as it does."""
        if on != self._on:
            self._on = on
            self._try()

    def close(self) -> None:
        """It is not tried any more."""
        self._attempts.close()

    def _try(self) -> None:
        self._attempts.make(self._obey)

    def _obey(self) -> None:
        if self._output is None:
            self._output = self._claim()
        if self.trouble or self._output.on != self._on:
            self._output.set(self._on)


class Panel:
    """Lamps and buzzer, those that are wired. A dead lamp stops nobody at the door. `told` when what `troubles` says
    has changed."""

    def __init__(
        self, pins: Pins, settings: Settings, timeline: Timeline | None = None,
        told: Callable[[], object] = lambda: None,
    ) -> None:  # fmt: skip
        self._timeline = timeline or asyncio.get_running_loop()
        wired = ((voice, getattr(settings.panel, voice)) for voice in VOICES)
        self._lamps: dict[Voice, Lamp] = {
            voice: Lamp(partial(pins.output, pin), self._timeline, telling(log, pin.key, told))
            for voice, pin in wired if pin is not None
        }  # fmt: skip
        self._playing: Score | None = None
        self._standing: Score | None = None
        self._next: Score | None = None
        self._left = 0  # how often the standing sign is still to be played
        self._timer: Timer | None = None
        self._muted: frozenset[Service] = frozenset()

    def mute(self, services: frozenset[Service]) -> None:
        """While `buzzer` is among them it is silent, with `key-tones` only at keys; lamps go on."""
        self._muted = services
        if "buzzer" in services:
            self._switch("buzzer", False)

    def show(self, sign: Sign) -> None:
        """Say it: at once, or not at all when something weightier is being said."""
        if not self._lamps:
            return
        score = SIGNS[sign]
        if sign == "key" and "key-tones" in self._muted:
            score = score.but(buzzer="")
        if sign == "quiet":
            self._standing = self._next = None
            self._finish()
        elif score.waits and self._playing is not None and self._playing is not self._standing:
            self._next = score
        elif score.times > 1:
            self._stand(score)
        elif self._playing is None or self._playing is self._standing or score.rank >= self._playing.rank:
            self._play(score)

    def troubles(self) -> list[str]:
        """Why some do not obey now, in words that name their key."""
        return [lamp.trouble for lamp in self._lamps.values() if lamp.trouble]

    def close(self) -> None:
        """Dark and silent."""
        self.show("quiet")
        for lamp in self._lamps.values():
            lamp.close()

    def _stand(self, score: Score) -> None:
        if self._standing is None or score.rank >= self._standing.rank:
            self._standing, self._left = score, score.times
            self._again()

    def _again(self) -> None:
        """Play the standing sign once more, if it is still to be played."""
        if self._standing is None or self._left == 0:
            self._standing = None
            return
        self._left -= 1
        self._play(self._standing)

    def _play(self, score: Score) -> None:
        self._playing = score
        self._step(score.steps())

    def _step(self, steps: tuple[tuple[float, tuple[bool, ...]], ...]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not steps:
            self._finish()
            return
        (seconds, levels), *rest = steps
        self._set(levels)
        self._timer = self._timeline.call_later(seconds, self._step, tuple(rest))

    def _finish(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._playing = None
        self._set((False, False, False))
        following, self._next = self._next, None
        if following is not None:
            self._play(following)
        elif self._standing is not None:
            self._timer = self._timeline.call_later(self._standing.pause_s, self._again)

    def _set(self, levels: tuple[bool, ...]) -> None:
        for voice, on in zip(VOICES, levels, strict=True):
            self._switch(voice, on and not (voice == "buzzer" and "buzzer" in self._muted))

    def _switch(self, voice: Voice, on: bool) -> None:
        if voice in self._lamps:
            self._lamps[voice].set(on)

"""A door at the end of the wires: a bolt that a motor moves, contacts that tell of it, and a witness
of every level that the motor's lines ever had."""

import os
import threading
import time
from collections.abc import Callable, Collection

from keeper import Keeper
from lines import Line

FORWARD, BACKWARD, LOCKED, UNLOCKED, CLOSED = 17, 27, 22, 23, 24
KEYPAD = (4, 5, 6, 8, 13, 19, 20)
TRAVEL_S = 0.4
LOOK_S = 0.002


class Door:
    """The bolt's place goes from 0.0, drawn in, to 1.0, thrown out. Without `wired` nothing of the
    door is at the lines until it is mended."""

    def __init__(self, bolt: float, wired: bool) -> None:
        self.travel_s = TRAVEL_S
        self.bolt = bolt
        self.jammed = False
        self.wired = wired
        self._lines = [Line(number) for number in range(54)]
        self._shown: dict[int, bool] = {}
        self._news = threading.Condition()
        self._levels = (False, False)
        self._trace: list[tuple[int, bool, bool]] = []
        self._blind_ns = 0
        self._keeper = Keeper((FORWARD, BACKWARD))
        self._show(CLOSED, True)
        self._contact()

    def mend(self) -> None:
        """As new: locked and closed, with every wire where it belongs."""
        self.hang(KEYPAD)
        self._keeper.keep(False)
        self.wired = True
        self.set(travel_s=TRAVEL_S, bolt=1.0, jammed=False)
        self._show(CLOSED, True)
        self.forget()

    def hang(self, high: Collection[int]) -> None:
        """Loosen every wire, and pull these lines up, the others down."""
        self.wired = False
        self._shown.clear()
        for number, line in enumerate(self._lines):
            line.pull(number in high)

    def keep(self, on: bool) -> None:
        """Whether the motor's lines stay as they are when nobody holds them any more."""
        self._keeper.keep(on)

    def watch(self) -> None:
        """Look for ever, before anything else has its turn."""
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
        last = time.monotonic_ns()
        self._note(last, self._look())
        while True:
            time.sleep(LOOK_S)
            levels = self._look()
            now = time.monotonic_ns()
            self._blind_ns = max(self._blind_ns, now - last)
            if levels != self._levels:
                self._note(now, levels)
            if levels[0] != levels[1]:
                self._move((1 if levels[0] else -1) * (now - last) / 1e9)
            last = now

    def state(self) -> dict[str, object]:
        """`blind_ns`: the longest time without a look."""
        return {"bolt": self.bolt, "motor": list(self._levels), "trace": self._trace, "blind_ns": self._blind_ns}

    def forget(self) -> None:
        """Begin a new trace."""
        self._blind_ns = 0
        self._trace = [(time.monotonic_ns(), *self._levels)]

    def set(self, **values: float) -> None:
        """travel_s, bolt or jammed."""
        for name, value in values.items():
            setattr(self, name, value)
        self._contact()

    def contact(self, number: int, on: bool) -> None:
        """A switch to ground, as a hand or a cut wire has it."""
        self._show(number, on)

    def await_motor(self, on: bool, timeout_s: float) -> int:
        """When the motor went on, or off; 0: it did not. In nanoseconds since power-up."""
        return self._await(lambda: any(self._levels) == on, timeout_s)

    def await_bolt(self, place: float, timeout_s: float) -> int:
        """When the bolt was there and the motor at rest; 0: never."""
        return self._await(lambda: self.bolt == place and not any(self._levels), timeout_s)

    def _await(self, so: Callable[[], bool], timeout_s: float) -> int:
        with self._news:
            return time.monotonic_ns() if self._news.wait_for(so, timeout_s) else 0

    def _look(self) -> tuple[bool, bool]:
        return self._lines[FORWARD].level, self._lines[BACKWARD].level

    def _note(self, now: int, levels: tuple[bool, bool]) -> None:
        with self._news:
            self._levels = levels
            self._trace.append((now, *levels))
            self._news.notify_all()

    def _move(self, seconds: float) -> None:
        if self.jammed:
            return
        with self._news:
            self.bolt = min(1.0, max(0.0, self.bolt + seconds / self.travel_s))
            self._news.notify_all()
        self._contact()

    def _contact(self) -> None:
        self._show(LOCKED, self.bolt == 1.0)
        self._show(UNLOCKED, self.bolt == 0.0)

    def _show(self, number: int, on: bool) -> None:
        if self.wired and self._shown.get(number) != on:
            self._shown[number] = on
            self._lines[number].pull(not on)

"""A GPIO chip as lgpio shows it: lines with a direction, a level and a pull, and whoever asks for edges.

It keeps every level that a line was ever driven to, and cannot be fooled: writing to an input or
claiming on a closed chip fails as it does there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

IN, OUT = 1 << 8, 1 << 9 | 1 << 1
UP, DOWN, FLOATING = 1 << 5, 1 << 6, 1 << 7


class Line:
    """One line of the chip."""

    def __init__(self) -> None:
        self.mode = 0
        self.level = 0
        self.driven: list[int] = []
        self.alert: Callable[[int, int, int, int], None] | None = None
        self.edges = 0


class Callback:
    """What lgpio.callback gives back."""

    def __init__(self, line: Line, call: Callable[[int, int, int, int], None]) -> None:
        self.line = line
        line.alert = call

    def cancel(self) -> None:
        self.line.alert = None


class Chip(ModuleType):
    """The module `lgpio`, with /dev/gpiochip<number> behind it, and no other."""

    BOTH_EDGES, RISING_EDGE, FALLING_EDGE = 3, 1, 2
    SET_PULL_UP, SET_PULL_DOWN, SET_PULL_NONE = UP, DOWN, FLOATING

    class error(Exception):  # noqa: N801 - its name there
        pass

    def __init__(self, number: int = 0) -> None:
        super().__init__("lgpio")
        self.number = number
        self.lines: dict[int, Line] = {}
        self.open: set[int] = set()
        self.refuses = ""

    def gpiochip_open(self, chip: int) -> int:
        if chip != self.number:
            raise self.error("'can not open gpiochip'")
        self.open.add(7)
        return 7

    def gpiochip_close(self, handle: int) -> None:
        self.open.discard(handle)

    def gpio_claim_input(self, handle: int, gpio: int, flags: int = 0) -> None:
        line = self._line(handle, gpio)
        line.mode = IN | flags
        line.level = int(bool(flags & UP)) if flags & (UP | DOWN) else line.level

    def gpio_claim_output(self, handle: int, gpio: int, level: int = 0, flags: int = 0) -> None:
        line = self._line(handle, gpio)
        if not line.mode & (1 << 1):
            line.mode = OUT | flags
            self._drive(line, level)

    def gpio_claim_alert(self, handle: int, gpio: int, edges: int, flags: int = 0) -> None:
        self.gpio_claim_input(handle, gpio, flags)
        self._line(handle, gpio).edges = edges

    def gpio_free(self, handle: int, gpio: int) -> None:
        self._line(handle, gpio).mode = 0

    def gpio_get_mode(self, handle: int, gpio: int) -> int:
        return self._line(handle, gpio).mode

    def gpio_read(self, handle: int, gpio: int) -> int:
        return self._line(handle, gpio).level

    def gpio_write(self, handle: int, gpio: int, level: int) -> None:
        line = self._line(handle, gpio)
        if not line.mode & (1 << 1):
            raise self.error("'GPIO not set as an output'")
        self._drive(line, int(level))

    def gpio_set_debounce_micros(self, handle: int, gpio: int, micros: int) -> None:
        assert micros == 0

    def callback(self, handle: int, gpio: int, edges: int, call: Callable[..., Any]) -> Callback:
        return Callback(self._line(handle, gpio), call)

    def press(self, gpio: int, level: int, tick: int = 0) -> None:
        """Pull a line from outside at a kernel time in nanoseconds; lgpio tells it from a thread of its own, if
        that edge was asked for."""
        line = self.lines[gpio]
        line.level = level
        if line.alert is not None and line.edges & (self.RISING_EDGE if level else self.FALLING_EDGE):
            thread = threading.Thread(target=line.alert, args=(0, gpio, level, tick))
            thread.start()
            thread.join()

    def _drive(self, line: Line, level: int) -> None:
        line.level = level
        line.driven.append(level)

    def _line(self, handle: int, gpio: int) -> Line:
        if self.refuses or handle not in self.open:
            raise self.error(self.refuses or "'unknown handle'")
        return self.lines.setdefault(gpio, Line())

"""Lines that keep what they were last told, as those of a Raspberry Pi with its makers' kernel do
when the process that held them has gone (pinctrl_bcm2835.persist_gpio_outputs). gpio-sim lets them
fall to what hangs on them; so what hangs on them follows the level that was set."""

import threading
from collections.abc import Sequence
from pathlib import Path

from lines import CHIP, Line

EVENTS = Path("/sys/kernel/tracing/instances/keeper")


class Keeper:
    """Of these lines; `on` from the first time that it is set."""

    def __init__(self, numbers: Sequence[int]) -> None:
        (base,) = CHIP.parent.glob("gpio/gpiochip*/base")
        first = int(base.read_text())
        self._lines = {str(first + number): Line(number) for number in numbers}
        self._thread: threading.Thread | None = None
        self._on = False

    def keep(self, on: bool) -> None:
        """Off, nothing hangs on them but what pulls them low."""
        self._on = on
        for line in self._lines.values():
            line.pull(on and line.level)
        if on and self._thread is None:
            EVENTS.mkdir()
            (EVENTS / "events/gpio/gpio_value/enable").write_text("1")
            self._thread = threading.Thread(target=self._follow, daemon=True)
            self._thread.start()

    def _follow(self) -> None:
        with (EVENTS / "trace_pipe").open() as levels:
            for text in levels:
                _, found, level = text.partition("gpio_value: ")
                words = level.split()
                if self._on and found and words[0] in self._lines and words[1] == "set":
                    self._lines[words[0]].pull(words[2] == "1")

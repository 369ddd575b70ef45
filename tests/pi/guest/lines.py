"""The lines of the simulated GPIO chip, from the outside: what a wire on the header would see."""

import os
from pathlib import Path

CHIP = next(Path("/sys/devices/platform/gpio-sim.0").glob("gpiochip*"))


class Line:
    """One wire. `level` is what is on it, whoever drives it; `pull` is what hangs on it outside."""

    def __init__(self, number: int) -> None:
        folder = CHIP / f"sim_gpio{number}"
        self._value = os.open(folder / "value", os.O_RDONLY)
        self._pull = os.open(folder / "pull", os.O_WRONLY)

    @property
    def level(self) -> bool:
        return os.pread(self._value, 1, 0) == b"1"

    def pull(self, up: bool) -> None:
        os.pwrite(self._pull, b"pull-up" if up else b"pull-down", 0)

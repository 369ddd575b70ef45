"""What the door saw of the motor's lines."""

from __future__ import annotations

import re
from typing import Any

from tests.pi.machine import Machine

MOTOR = (17, 27)


def driven(machine: Machine) -> list[tuple[float, int, bool]]:
    """Every level that the kernel set on the motor's lines since power-up, as its own tracing noted
    it, so that not even the shortest pulse is missed: seconds, line, level."""
    base = int(machine.sh("cat /sys/devices/platform/gpio-sim.0/gpio/gpiochip*/base"))
    noted = machine.sh("grep -E 'gpio_value: [0-9]+ set' /sys/kernel/tracing/trace || true")
    found = re.findall(r" ([0-9.]+): gpio_value: ([0-9]+) set ([01])", noted)
    return [(float(at), int(line) - base, on == "1") for at, line, on in found if int(line) - base in MOTOR]


class Trace:
    """Every change of level since the trace was begun; times in nanoseconds since power-up."""

    def __init__(self, machine: Machine) -> None:
        state: dict[str, Any] = machine.door("state")
        self.bolt: float = state["bolt"]
        self.changes: list[tuple[int, bool, bool]] = [tuple(change) for change in state["trace"]]
        self.blind_ms: float = state["blind_ns"] / 1e6

    @property
    def still(self) -> bool:
        """The motor had no current at any time."""
        return not any(forward or backward for _, forward, backward in self.changes)

    @property
    def shorted(self) -> bool:
        """Both directions were on at once."""
        return any(forward and backward for _, forward, backward in self.changes)

    def ways(self) -> list[str]:
        """The directions that the motor turned, in order."""
        return ["forward" if forward else "backward" for _, forward, backward in self.changes if forward != backward]

    def off_after(self, moment: int) -> float:
        """Milliseconds from then until both lines were inactive."""
        off = (at for at, forward, backward in self.changes if at >= moment and not (forward or backward))
        return (next(off) - moment) / 1e6

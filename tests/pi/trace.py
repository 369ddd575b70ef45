"""What was seen of the motor's lines: by the kernel that set them, and by the door at their end."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from typing import Any

from tests.pi.machine import Machine

MOTOR = (17, 27)
#: The door looks at one line after the other.
LOOK_NS = 50_000_000


def driven(machine: Machine, lines: Container[int] = MOTOR) -> list[tuple[float, int, bool]]:
    """Every level that the kernel set on these lines since power-up, as its own tracing noted it, so
    that not even the shortest pulse is missed: seconds, line, level."""
    base = int(machine.sh("cat /sys/devices/platform/gpio-sim.0/gpio/gpiochip*/base"))
    noted = machine.sh("grep -E 'gpio_value: [0-9]+ set' /sys/kernel/tracing/trace || true")
    found = re.findall(r" ([0-9.]+): gpio_value: ([0-9]+) set ([01])", noted)
    return [(float(at), int(line) - base, on == "1") for at, line, on in found if int(line) - base in lines]


class Changes:
    """Every change of the motor's levels: when, in nanoseconds, whether forward and backward were on."""

    def __init__(self, changes: Iterable[tuple[int, bool, bool]]) -> None:
        self.changes = list(changes)

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

    def off_after(self, moment: float) -> float:
        """Milliseconds from then, in seconds since power-up, until both lines were inactive."""
        off = (at / 1e6 for at, forward, backward in self.changes if not (forward or backward))
        return next(at - moment * 1e3 for at in off if at >= moment * 1e3)


class Trace(Changes):
    """What the door saw since the trace was begun; times since power-up."""

    def __init__(self, machine: Machine) -> None:
        state: dict[str, Any] = machine.door("state")
        super().__init__((at, forward, backward) for at, forward, backward in state["trace"])
        self.bolt: float = state["bolt"]
        self.blind_ms: float = state["blind_ns"] / 1e6


def pulses(machine: Machine, since: float = 0.0) -> list[tuple[float, int, bool] | tuple[int, bool, bool]]:
    """Whatever could have moved the bolt since lockd took the motor's lines, `since` seconds after
    power-up or later: none, if all is well. What a line shows while nobody has it is not lockd's."""
    levels = [level for level in driven(machine) if level[0] >= since]
    assert {line for _, line, _ in levels} == set(MOTOR), f"lockd has not taken them: {levels}"
    taken = max(next(at for at, one, _ in levels if one == line) for line in MOTOR)
    seen = [change for change in Trace(machine).changes if change[0] > taken * 1e9 + LOOK_NS]
    return [level for level in levels if level[2]] + [change for change in seen if any(change[1:])]

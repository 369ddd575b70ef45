"""The Pi's GPIO registers (BCM2835 ARM Peripherals, chapter 6), from outside the Pi.

QEMU notes every write to them from power-up on, so that no level of a line is missed, however short.
Its test port reads and writes them: there, setting a line that is an input is what wiring it would be.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Iterator

from tests.pi.host import RigError

GPIO = "bcm2835_gpio"
BASE = 0x3F200000
LINES = 54
FUNCTION, MARK, SET, CLEAR, LEVEL = 0x00, 0x18, 0x1C, 0x28, 0x34
INPUT, OUTPUT = 0, 1
#: As ../lockd.toml has it; a switch to ground is low when it is on.
LOCKED, UNLOCKED, CLOSED = 22, 23, 24

NOTE = re.compile(r"@(\d+)\.(\d+):memory_region_ops_write .* addr 0x([0-9a-f]+) value 0x([0-9a-f]+) size 4 name")


class Wires:
    """The lines as they are now."""

    def __init__(self, port: socket.socket) -> None:
        port.settimeout(60)
        self._port, self._answers = port, port.makefile()

    def __enter__(self) -> Wires:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._port.close()

    def wire(self, high: Iterable[int], low: Iterable[int] = ()) -> None:
        """Let these inputs have that level."""
        for register, lines in ((SET, high), (CLEAR, low)):
            for bank in (0, 1):
                mask = sum(1 << line % 32 for line in set(lines) if line // 32 == bank)
                self._write(register + 4 * bank, mask)

    def level(self, line: int) -> bool:
        """Whoever drives it."""
        return bool(self._read(LEVEL + line // 32 * 4) >> line % 32 & 1)

    def function(self, line: int) -> int:
        """INPUT, OUTPUT, or what else the chip can do with it."""
        return self._read(FUNCTION + line // 10 * 4) >> line % 10 * 3 & 7

    def mark(self, number: int) -> None:
        """A note that means nothing to the Pi."""
        self._write(MARK, number)

    def _read(self, register: int) -> int:
        return int(self._ask(f"readl {BASE + register:#x}"), 16)

    def _write(self, register: int, value: int) -> None:
        self._ask(f"writel {BASE + register:#x} {value:#x}")

    def _ask(self, command: str) -> str:
        self._port.sendall(f"{command}\n".encode())
        answer = self._answers.readline()
        if not answer.startswith("OK"):
            raise RigError(f"QEMU's test port answers {answer!r} to {command!r}")
        return answer[2:].strip()


class Pins:
    """The registers as the writes so far have made them."""

    def __init__(self) -> None:
        self.functions = [INPUT] * LINES
        self.levels = 0

    def write(self, register: int, value: int) -> None:
        if register < MARK:
            first = register // 4 * 10
            for line in range(first, min(first + 10, LINES)):
                self.functions[line] = value >> (line - first) * 3 & 7
        elif register in (SET, SET + 4):
            self.levels |= value << (register - SET) * 8
        elif register in (CLEAR, CLEAR + 4):
            self.levels &= ~(value << (register - CLEAR) * 8)

    def drives(self, line: int) -> bool:
        """It may have current: it is an output, and high, or is given to another part of the chip."""
        function = self.functions[line]
        return function not in (INPUT, OUTPUT) or (function == OUTPUT and bool(self.levels >> line & 1))


def notes(text: str) -> Iterator[tuple[int, int, int]]:
    """Of every write: when, in nanoseconds since 1970, register, value."""
    for second, fraction, address, value in NOTE.findall(text):
        yield int(second) * 10**9 + int(fraction) * 1000, int(address, 16) - BASE, int(value, 16)


def replay(text: str, lines: tuple[int, int]) -> Iterator[tuple[int, bool, bool]]:
    """Each change of these lines' current, the first from none."""
    pins, before = Pins(), (False, False)
    for at, register, value in notes(text):
        pins.write(register, value)
        now = pins.drives(lines[0]), pins.drives(lines[1])
        if now != before:
            yield at, *now
        before = now

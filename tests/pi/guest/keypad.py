"""keypad.py PID KEYS: fingers on a matrix keypad.

Pressed, a key joins its row to its column: the column is low while the row is driven low. lockd
sets a row and reads the columns at once, faster than any other process could follow, so that lockd
is held for a moment after each of its system calls (ptrace) while the wires settle: for a wire,
time stands still just as well.
"""

import ctypes
import os
import sys
import time
from pathlib import Path

from lines import Line

ROWS, COLUMNS = (5, 6, 13, 19), (4, 8, 20)
LAYOUT = ("123", "456", "789", "*0#")
HOLD_S = 5.0  #: at most; as long as a finger would wait for the beep
REST_S = 0.4

SEIZE, INTERRUPT, SYSCALL = 0x4206, 0x4207, 24
SYSGOOD, TRACE_CLONE = 0x01, 0x08
WAIT_ALL = 0x40000000
SYSCALL_STOP = 0x85

_ptrace = ctypes.CDLL(None, use_errno=True).ptrace
_ptrace.argtypes = [ctypes.c_long] * 4


def ptrace(request: int, thread: int, data: int = 0) -> bool:
    """False: the thread has gone."""
    return bool(_ptrace(request, thread, 0, data) == 0)


class Keypad:
    """All keys up at first."""

    def __init__(self) -> None:
        self._rows = [Line(number) for number in ROWS]
        self._columns = [Line(number) for number in COLUMNS]
        for line in (*self._rows, *self._columns):
            line.pull(True)
        self._down: tuple[int, int] | None = None
        self._low = False
        self._scanning = False
        self.scanned = False

    def press(self, key: str) -> None:
        row = next(number for number, keys in enumerate(LAYOUT) if key in keys)
        self._down = row, LAYOUT[row].index(key)
        self._scanning = self.scanned = False
        self.settle()

    def release(self) -> None:
        column = self._columns[self._down[1]] if self._down else None
        self._down, self._low, self.scanned = None, False, False
        if column is not None:
            column.pull(True)

    def settle(self) -> None:
        """Let the column follow its row, and see whether all rows were looked through: they are
        driven low at rest, and one by one meanwhile."""
        if self._down is None:
            return
        row, column = self._down
        rows = [line.level for line in self._rows]
        self.scanned = self._scanning and not any(rows)
        self._scanning = self._scanning or all(rows)
        low = not rows[row]
        if low != self._low:
            self._low = low
            self._columns[column].pull(not low)


def hold(pid: int) -> None:
    """Have every thread stop at its system calls, those to come as well."""
    for path in Path(f"/proc/{pid}/task").iterdir():
        if ptrace(SEIZE, int(path.name), SYSGOOD | TRACE_CLONE):
            ptrace(INTERRUPT, int(path.name))


def follow(keypad: Keypad, seconds: float) -> None:
    """Let the wires settle after every system call of lockd's, until a key that is down has been
    found, or for so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not keypad.scanned:
        thread, status = os.waitpid(-1, WAIT_ALL | os.WNOHANG)
        if not thread:
            time.sleep(0.0002)
        elif os.WIFSTOPPED(status):
            keypad.settle()
            stop, event = os.WSTOPSIG(status), status >> 16
            ptrace(SYSCALL, thread, 0 if event or stop == SYSCALL_STOP else stop)


def type_keys(pid: int, keys: str) -> None:
    keypad = Keypad()
    hold(pid)
    follow(keypad, REST_S)
    for key in keys:
        keypad.press(key)
        follow(keypad, HOLD_S)
        if not keypad.scanned:
            sys.exit(f"nobody looked for the key that was pressed: {key}")
        keypad.release()
        follow(keypad, REST_S)


if __name__ == "__main__":
    type_keys(int(sys.argv[1]), sys.argv[2])

"""`make pi-shell`, as a person at a terminal uses it."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOOT_S, ANSWER_S = 600.0, 120.0  #: on a busy machine


@contextlib.contextmanager
def terminal(*program: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The program at a terminal of its own, and our end of that."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        program, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as running:
        os.close(theirs)
        try:
            yield running, ours
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            os.close(ours)


def read_until(text: str, ours: int, timeout_s: float) -> str:
    """What the terminal showed up to there."""
    shown, end = "", time.monotonic() + timeout_s
    while text not in shown:
        assert select.select([ours], [], [], max(end - time.monotonic(), 0.0))[0], f"no {text!r} in:\n{shown[-2000:]}"
        with contextlib.suppress(OSError):  # nobody is at the other end any more: nothing more comes
            if piece := os.read(ours, 65536):
                shown += piece.decode(errors="replace")
                continue
        raise AssertionError(f"it ended without {text!r}:\n{shown[-2000:]}")
    return shown


@pytest.mark.full
@pytest.mark.usefixtures("installed_disk")
def test_the_shell_is_roots_and_ends_with_the_machine() -> None:
    with terminal(sys.executable, "-m", "tests.pi") as (running, ours):
        assert "You will be root; end with: poweroff" in read_until("root@pi", ours, BOOT_S)
        os.write(ours, b"echo lockd is $(systemctl is-active lockd)\n")
        read_until("lockd is active", ours, ANSWER_S)
        os.write(ours, b"poweroff\n")
        read_until("reboot: Power down", ours, ANSWER_S)
        assert running.wait(ANSWER_S) == 0

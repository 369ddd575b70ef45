"""gpiozero as it is brought in here, against itself brought in plainly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
#: Revisions of a 2B, 3B+, 4B, 5, Zero W, Zero 2 W, 400, Compute Modules 3 and 4.
NEWER = (0xA01041, 0xA020D3, 0xC03111, 0xC04170, 0x9000C1, 0x902120, 0xC03130, 0xA020A0, 0xA03140)


def test_every_pi_has_the_lines_that_gpiozero_finds_by_its_own_regular_expressions() -> None:
    script = f"""
import sys
from importlib import import_module
from lockd.gpio.library import load
pi, quick = load("pins.pi"), sys.modules.pop("gpiozero.pins.data")
plain = import_module("gpiozero.pins.data")
assert plain is not quick
board = getattr(pi, "PiBoardInfo", None) or plain.PiBoardInfo
def lines(data):
    pi.data = data
    return [
        (revision, header.name, "gpio" in getattr(pin, "interfaces", ()), *(getattr(pin, name) for name in named))
        for revision in (*data.PI_REVISIONS, *{NEWER})
        for header in board.from_revision(revision).headers.values() for pin in header.pins.values()
        for named in [set(pin._fields) - {{"interfaces"}}]
    ]
assert lines(quick) == lines(plain)
assert len(lines(plain)) > 1000
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 0, done.stderr

"""The tour as a person without a terminal gets it: the real lockd, and exit status 0."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def runtime() -> Iterator[Path]:
    """Where a socket is made, whose whole path must be short."""
    with tempfile.TemporaryDirectory(prefix="lockd-") as folder:
        yield Path(folder)


def test_everything_happens_as_told(runtime: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lockd.cli.main", "simulate"],
        env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "happened as told" in done.stdout
    assert not (runtime / "lockd-simulation" / "socket").exists()

"""The built package, in a Debian 13 of its own: `make lint-deb`, after `make deb`. Minutes long."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.deb


def in_trixie(*command: str) -> str:
    done = subprocess.run([ROOT / "debian/in-trixie", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_lintian_has_nothing_to_say() -> None:
    """Of what it screens out itself it only says so by its status, where information counts as failure."""
    lintian = "lintian --allow-root --fail-on=error,warning --display-info --pedantic --tag-display-limit=0"
    assert in_trixie("sh", "-c", f"{lintian} /out/lockd_*.changes") == ""


def test_it_is_installed_used_upgraded_and_purged() -> None:
    said = in_trixie("--bare", "debian/check")
    print(said)
    assert said.endswith("== all of it passed\n")

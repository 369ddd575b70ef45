"""A storage that fails is said in words, and forgiven when it works again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="the faults are put in by a C library made with gcc")


def test_syncs_and_writes_that_fail_lose_nothing_and_later_commits_work(tmp_path: Path) -> None:
    library, folder, control = tmp_path / "faulty.so", tmp_path / "state", tmp_path / "control"
    subprocess.run(["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, HERE / "faulty.c"], check=True)
    faulty = {"LD_PRELOAD": str(library), "FAULTY_FOLDER": str(folder), "FAULTY_CONTROL": str(control)}
    done = subprocess.run([sys.executable, "-m", "tests.power.suffer", folder, control], cwd=HERE.parent.parent,
                          env=os.environ | faulty, check=True, capture_output=True, text=True, timeout=60)
    device, full = "the storage device reports an error", "the disk is full"
    assert json.loads(done.stdout) == [
        1, device, device, 2,
        full, full, 3,
        3, 3, full, 4, True,
    ], done.stderr

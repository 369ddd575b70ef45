"""A disk that can be told to hang, to fail, to be full: under a real lockd."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.process import Lockd

HERE = Path(__file__).parent
OPTIONS = ("-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")


class Disk:
    """The disk under one lockd."""

    def __init__(self, library: Path, lockd: Lockd) -> None:
        self._word = lockd.place / "trouble"
        self.works()
        lockd.env |= {"LD_PRELOAD": str(library), "TROUBLE": str(self._word), "TROUBLE_FOLDER": str(lockd.state)}

    def hangs(self) -> None:
        """What is synced does not come back."""
        self._set("hang")

    def fails(self) -> None:
        """EIO for what is synced."""
        self._set("eio")

    def is_full(self) -> None:
        """ENOSPC for what is written."""
        self._set("full")

    def works(self) -> None:
        self._set("")

    def _set(self, word: str) -> None:
        fresh = self._word.with_suffix(".new")
        fresh.write_text(word)
        fresh.replace(self._word)


@pytest.fixture(scope="session")
def trouble() -> Iterator[Path]:
    """The library that makes it."""
    if not shutil.which("gcc"):
        pytest.skip("trouble.c takes gcc")
    place = Path(tempfile.mkdtemp(prefix="lockd-trouble-"))
    subprocess.run(["gcc", *OPTIONS, "-o", place / "trouble.so", HERE / "trouble.c", "-ldl"], check=True)
    yield place / "trouble.so"
    shutil.rmtree(place)


@pytest.fixture
def disk(trouble: Path, lockd: Lockd) -> Disk:
    """To be asked for before the lockd is started."""
    return Disk(trouble, lockd)

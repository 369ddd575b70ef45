"""Things that are built once and kept: each in a folder whose name says what it was made from."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tests.pi.host import cache, say

#: Of each kind, so that two clones can take turns without building anew each time.
KEPT = 3


def kept(kind: str, key: str, build: Callable[[Path], None]) -> Path:
    """The folder `kind-key`. Where there is none, `build` fills it; one that was left half
    built is never taken for a whole one. Two runs at a time build once."""
    folder = cache() / f"{kind}-{key}"
    with (cache() / f".{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _fill(folder, kind, build)
        os.utime(folder)
        _forget_old(kind)
    return folder


def _fill(folder: Path, kind: str, build: Callable[[Path], None]) -> None:
    begun = time.monotonic()
    say(f"building the {kind}")
    fresh = folder.with_name(f".building-{folder.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    build(fresh)
    fresh.rename(folder)
    say(f"the {kind} took {time.monotonic() - begun:.0f} s; it is kept in {folder}")


def _forget_old(kind: str) -> None:
    folders = sorted(cache().glob(f"{kind}-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in folders[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)

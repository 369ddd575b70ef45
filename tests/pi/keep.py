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
#: What this process uses, a machine's disk for other disks to lie on, and a lock on it until the process ends: till
#: then nobody takes it for an old one.
IN_USE: dict[Path, int] = {}


def kept(kind: str, key: str, build: Callable[[Path], None]) -> Path:
    """The folder `kind-key`. Where there is none, `build` fills it; one that was left half
    built is never taken for a whole one. Two runs at a time build once, and none loses what it uses to the other."""
    folder = cache() / f"{kind}-{key}"
    with (cache() / f".{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _fill(folder, kind, build)
        os.utime(folder)
        _use(folder)
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


def _use(folder: Path) -> None:
    if folder not in IN_USE:
        IN_USE[folder] = os.open(folder, os.O_RDONLY)
        fcntl.flock(IN_USE[folder], fcntl.LOCK_SH)


def _in_use(folder: Path) -> bool:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _forget_old(kind: str) -> None:
    folders = sorted(cache().glob(f"{kind}-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in (each for each in folders[KEPT:] if not _in_use(each)):
        shutil.rmtree(folder, ignore_errors=True)

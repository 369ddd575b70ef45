"""Files that only lockd may read, written so that a power cut leaves the old or the new content.

Modes are set on the open descriptor, so that the umask has no say.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lockd.store.faults import InUse, in_words

if TYPE_CHECKING:
    from pathlib import Path

_FILE = 0o600
_FOLDER = 0o700
#: What tells a folder of lockd's; and what may be in one that is only becoming that.
_OURS = {"lockd.keys", "lockd.db"}
_BEFORE = {"key", "key.new", "lockd.keys.new", "door.json", "lost+found"}


@contextmanager
def worded() -> Iterator[None]:
    """Turn any OSError inside into a StoreError that says the cause in words."""
    try:
        yield
    except OSError as fault:
        raise in_words(fault) from fault


def claim(folder: Path) -> int:
    """Make the folder (0700) if need be and take it for this process alone. InUse when another
    has it, or when it would have to be taken from others who use it.

    The claim ends when the returned descriptor is closed, or with the process."""
    if not folder.is_dir():
        os.makedirs(folder, _FOLDER)
        sync_folder(folder.parent)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if stat.S_IMODE(os.fstat(handle).st_mode) != _FOLDER:
            _expect_unshared(folder, handle)
            os.fchmod(handle, _FOLDER)
    except BlockingIOError as fault:
        os.close(handle)
        raise InUse(f"another lockd is using {folder}; stop it, or choose another --state-dir") from fault
    except BaseException:
        os.close(handle)
        raise
    return handle


def _expect_unshared(folder: Path, handle: int) -> None:
    """A folder like /tmp, or a home, must not be shut to everybody else."""
    names = set(os.listdir(handle))
    if os.fstat(handle).st_mode & stat.S_ISVTX or (names - _BEFORE and not names & _OURS):
        raise InUse(f"{folder} is shared with others: choose a --state-dir of lockd's own")


def open_private(path: Path, flags: int = 0) -> int:
    """A descriptor to read and write the file, made if absent, 0600 in any case."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | flags, _FILE)
    if os.fstat(handle).st_mode & 0o777 != _FILE:
        os.fchmod(handle, _FILE)
    return handle


def create(path: Path) -> None:
    """An empty private file whose name survives a power cut; one that is there stays."""
    os.close(open_private(path))
    sync_folder(path.parent)


def replace(path: Path, content: bytes) -> None:
    """Put the content at the path, durably: afterwards it is there, before it is the old one."""
    fresh = path.with_name(path.name + ".new")
    handle = open_private(fresh, os.O_TRUNC)
    try:
        if os.write(handle, content) < len(content):
            raise OSError(errno.ENOSPC, "", str(fresh))
        os.fsync(handle)
    finally:
        os.close(handle)
    os.rename(fresh, path)
    sync_folder(path.parent)


def read(path: Path, limit: int = 1 << 16) -> bytes | None:
    """The file's first bytes, or None when it is not there."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return os.read(handle, limit)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make the names in the folder durable: what was created, renamed or removed."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

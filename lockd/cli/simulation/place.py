"""The folder of this user's simulation: the bus socket, its address, logs, and who runs it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from pathlib import Path

from lockd.errors import Failure


def simulation_folder() -> Path:
    """Where every program of this user looks for a simulation."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime) / "lockd-simulation" if runtime else Path(f"/tmp/lockd-simulation-{os.getuid()}")


class Place:
    """A private folder, made if absent. Raises Failure if it is not ours alone: another user who
    made it first could pass his lock for ours and be told our PINs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "socket"
        self.address = f"unix:path={self.socket}"
        self._note = folder / "bus"
        self._lock: int | None = None
        _make_private(folder)

    def take(self) -> bool:
        """Become the one who runs it. False: somebody else does already. Ends with the process."""
        lock = os.open(self.folder / "running", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        self._clear()
        return True

    def announce(self) -> None:
        """Write the bus's address where lockctl looks."""
        self._note.write_text(self.address + "\n")

    def release(self) -> None:
        """Take back what was announced, and let the next one run it."""
        self._clear()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _clear(self) -> None:
        for leftover in (self._note, self.socket):
            with contextlib.suppress(FileNotFoundError):
                leftover.unlink()


def _make_private(folder: Path) -> None:
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
    except OSError as error:
        raise Failure(f"no place for the simulation: {folder}: {error.strerror}; see XDG_RUNTIME_DIR") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise Failure(f"{folder} must be a folder that belongs to you alone (mode 0700); remove it, and try again")

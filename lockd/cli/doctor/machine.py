"""The machine as the checks see it: files below a root, systemd's units, GPIO chips, and who asks. Read-only."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from lockd.cli.doctor.chip import Chip, read_chip
from lockd.errors import ConfigurationError
from lockd.settings import Settings, load
from lockd.value import Value

CONFIG = "/etc/lockd/lockd.toml"
STATE = "/var/lib/lockd"
SERVICE_USER = "lockd"
#: Longer than systemd takes on a busy Pi.
PATIENCE_S = 10.0
UNITS = ("lockd", "lockd-key", "bluetooth", "polkit")
SHOWN = (
    "Id", "LoadState", "UnitFileState", "ActiveState", "Result", "ExecMainStatus", "NRestarts", "StatusText",
)  # fmt: skip


class CannotLook(Exception):
    """A check cannot be made; why, and what would help."""

    def __init__(self, why: str, remedy: str = "") -> None:
        super().__init__(why)
        self.why, self.remedy = why, remedy


class Owner(Value):
    """Who owns a file, and its mode without the type."""

    user: str
    group: str
    mode: int


class Machine:
    """`root`: where its files are; paths are given as on the machine itself. `uid`, `gids`: who asks."""

    def __init__(self, root: Path = Path("/"), uid: int | None = None, gids: Sequence[int] | None = None) -> None:
        self.root = root
        self.uid = os.getuid() if uid is None else uid
        self.gids = tuple(os.getgroups() if gids is None else gids)

    def at(self, path: str) -> Path:
        """Where it really is."""
        return self.root / path.lstrip("/")

    def exists(self, path: str) -> bool:
        """Raises PermissionError if that may not be known."""
        try:
            self.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def read(self, path: str) -> str:
        """A file's text, stripped; "" if it is not there. OSError if it cannot be read."""
        try:
            return self.at(path).read_text(errors="replace").strip("\0\n ")
        except (FileNotFoundError, NotADirectoryError):
            return ""

    def glob(self, pattern: str) -> list[Path]:
        """Paths that match, in order; give them to `text`."""
        return sorted(self.root.glob(pattern.lstrip("/")))

    def text(self, path: Path) -> str:
        """As `read`, of a path that `glob` gave."""
        return self.read(str(path.relative_to(self.root)))

    def stat(self, path: str) -> os.stat_result:
        """FileNotFoundError if it is not there."""
        return self.at(path).stat()

    def owner(self, path: str) -> Owner:
        """FileNotFoundError if it is not there."""
        about = self.stat(path)
        return Owner(self.user(about.st_uid), self.group(about.st_gid), stat.S_IMODE(about.st_mode))

    def space(self, path: str) -> os.statvfs_result:
        """Of the file system that it is on. FileNotFoundError if it is not there."""
        return os.statvfs(self.at(path))

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def run(self, *command: str) -> str:
        """What a command prints; "" when it is not there, fails, or does not end."""
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
                                  env={**os.environ, "LC_ALL": "C.UTF-8"})  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout if done.returncode == 0 else ""

    # Who ----------------------------------------------------------------------------------------

    def user(self, uid: int) -> str:
        """His name, or the number."""
        return next((row[0] for row in self._rows("/etc/passwd") if row[2] == str(uid)), str(uid))

    def group(self, gid: int) -> str:
        """Its name, or the number."""
        return next((row[0] for row in self._rows("/etc/group") if row[2] == str(gid)), str(gid))

    def groups_of(self, user: str) -> set[str]:
        """Every group that the user is a member of, as the files say."""
        first = {row[3] for row in self._rows("/etc/passwd") if row[0] == user}
        return {row[0] for row in self._rows("/etc/group") if row[2] in first or user in row[3].split(",")}

    def _rows(self, path: str) -> list[list[str]]:
        rows = [line.split(":") for line in self.read(path).splitlines()]
        return [row for row in rows if len(row) >= 4]

    # lockd and the system --------------------------------------------------------------------------

    @cached_property
    def settings(self) -> Settings:
        """Raises CannotLook, as whoever needs them cannot go on."""
        self.read(CONFIG)  # whether we may
        try:
            return load(self.at(CONFIG))
        except ConfigurationError:
            raise CannotLook(f"{CONFIG} is missing or has faults", "put the settings right first") from None

    @cached_property
    def units(self) -> Mapping[str, Mapping[str, str]]:
        """Properties of each of UNITS. Raises CannotLook where systemd does not run."""
        names = [f"{unit}.service" for unit in UNITS]
        shown = self.run("systemctl", "show", "--no-pager", f"--property={','.join(SHOWN)}", *names)
        blocks = [
            dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in shown.split("\n\n")
        ]
        if not shown:
            raise CannotLook("systemd does not answer here")
        return {block.get("Id", "").removesuffix(".service"): block for block in blocks}

    @property
    def lockd_runs(self) -> bool:
        """As systemd says."""
        return self.units.get("lockd", {}).get("ActiveState") in ("active", "reloading")

    @cached_property
    def model(self) -> str:
        """Which Raspberry Pi; "" if it is none."""
        model = self.read("/proc/device-tree/model")
        return model if "Raspberry Pi" in model else ""

    def chip(self, device: str) -> Chip:
        """A GPIO chip. OSError if it cannot be opened."""
        return read_chip(self.at(device))

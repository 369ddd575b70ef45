"""A board that umockdev shows to a watcher, and what the watcher makes of it."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lockd.reading import Reading

ROOT = Path(__file__).parent.parent.parent
BOARDS = Path(__file__).parent / "boards"
#: Longer than anything here takes.
PATIENCE_S = 15.0


class Board:
    """`readings`: all that were told since the last `forget`."""

    def __init__(self, name: str, config: str = "") -> None:
        self.file = BOARDS / f"{name}.umockdev"
        self._config = config
        self._unread = b""
        self._seqnum = 100
        self.readings: list[Reading] = []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            ["umockdev-run", "--device", str(self.file), "--", sys.executable, "-m", "tests.udev.watch", self._config],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        )  # fmt: skip
        self.root = Path(self._next()["root"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        status = self._process.wait(PATIENCE_S)
        self._process.stdout.close()
        if error is None:
            assert status == 0

    # What happens to it ---------------------------------------------------------------------------

    def path(self, device: str) -> str:
        """Below /sys."""
        lines = (line.split()[1] for line in self.file.read_text().splitlines() if line.startswith("P:"))
        return next(path for path in lines if path.endswith(f"/{device}"))

    def sysfs(self, device: str) -> Path:
        """Its folder."""
        return self.root / "sys" / self.path(device).lstrip("/")

    def properties(self, device: str) -> dict[str, str]:
        """What its uevent file says."""
        lines = (self.sysfs(device) / "uevent").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def says(self, device: str, **changes: object) -> dict[str, str]:
        """What the driver answers from now on, POWER_SUPPLY_ left out; None: no more of it."""
        said = self.properties(device)
        for name, value in changes.items():
            said.pop(f"POWER_SUPPLY_{name}", None)
            if value is not None:
                said[f"POWER_SUPPLY_{name}"] = str(value)
        (self.sysfs(device) / "uevent").write_text("".join(f"{name}={text}\n" for name, text in said.items()))
        return said

    def changes(self, device: str, **changes: object) -> None:
        """The same, and the driver says so, as the kernel passes it on."""
        self.event("change", self.path(device), self.says(device, **changes))

    def event(self, action: str, path: str, properties: dict[str, str]) -> None:
        """A uevent: https://docs.kernel.org/core-api/kobject.html#uevents"""
        self._seqnum += 1
        subsystem = path.split("/")[-2] if "/usb" not in path else "usb"
        head = {"ACTION": action, "DEVPATH": path, "SUBSYSTEM": subsystem}
        said = head | properties | {"SEQNUM": str(self._seqnum)}
        self.send("\0".join([f"{action}@{path}", *(f"{name}={text}" for name, text in said.items()), ""]).encode())

    def send(self, message: bytes) -> None:
        """Whatever it is."""
        for listener in self.root.glob("event[0-9]*"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_RAW) as kernel:
                kernel.connect(os.fspath(listener))
                kernel.send(message)

    def ask(self) -> None:
        """For all supplies."""
        self._tell("read")

    def configure(self, config: str) -> None:
        """Other settings."""
        self._tell(json.dumps(config))

    # What is made of it -----------------------------------------------------------------------------

    def names(self) -> list[str]:
        """Wait until all have been read."""
        return self._until(lambda line: line.get("names"))  # type: ignore[no-any-return]

    def reading(self, name: str, **wanted: Any) -> Reading:
        """Wait for a reading of this supply with these values."""

        def fits(line: dict[str, Any]) -> Reading | None:
            said = line.get("reading", {"name": None})
            return Reading(**said) if said["name"] == name and wanted.items() <= said.items() else None

        return self._until(fits)  # type: ignore[no-any-return]

    def latest(self) -> dict[str, Reading]:
        """The last of each supply."""
        return {reading.name: reading for reading in self.readings}

    def forget(self) -> None:
        """Count anew."""
        self.readings.clear()

    def _tell(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n".encode())

    def _until(self, found: Callable[[dict[str, Any]], Any]) -> Any:
        while True:
            line = self._next()
            if "reading" in line:
                self.readings.append(Reading(**line["reading"]))
            if (result := found(line)) is not None:
                return result

    def _next(self) -> dict[str, Any]:
        assert self._process.stdout
        until = time.monotonic() + PATIENCE_S
        while b"\n" not in self._unread:
            ready = select.select([self._process.stdout], [], [], max(until - time.monotonic(), 0.0))[0]
            assert ready, f"nothing more was told in {PATIENCE_S} s; so far {self.readings}"
            more = os.read(self._process.stdout.fileno(), 65536)
            assert more, "the watcher ended"
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        return json.loads(line)  # type: ignore[no-any-return]

"""A real message bus of one's own, that ends with the test."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
    {policy}
  </policy>
</busconfig>
"""
#: The kernel ends the daemon with us, even if we are killed.
TIED = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()


class PrivateBus:
    """A dbus-daemon at a fixed address: it can be killed and started again, as `with` does at the ends.

    `policy` is more XML for its default policy; everybody may connect, own and send otherwise.
    """

    def __init__(self, policy: str = "") -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="lockd-bus-"))
        self._folder.chmod(0o755)
        socket = self._folder / "socket"
        self.address = f"unix:path={socket}"
        self._config = self._folder / "bus.conf"
        self.configure(policy)
        self._process: subprocess.Popen[str] | None = None

    def configure(self, policy: str) -> None:
        """For the next start."""
        self._config.write_text(CONFIG.format(socket=self._folder / "socket", policy=policy))

    def start(self) -> None:
        """Returns when it takes connections."""
        self._process = subprocess.Popen(
            [*TIED, "dbus-daemon", f"--config-file={self._config}", "--nofork", "--nopidfile", "--print-address"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        assert self._process.stdout.readline(), "dbus-daemon did not start"

    def kill(self) -> None:
        """As if it crashed."""
        if self._process:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout
            self._process.stdout.close()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self._folder)


@pytest.fixture
def private_bus() -> Iterator[PrivateBus]:
    """A running bus. Import this fixture into the conftest.py of the tests that use it."""
    with PrivateBus() as bus:
        yield bus

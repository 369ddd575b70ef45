"""`make pi-shell`: a virtual Pi with lockd installed, on this terminal. Ctrl-a x cuts its power."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from tests.pi import host
from tests.pi.machine import command, overlay
from tests.pi.package import installed


def main() -> int:
    host.need_programs()
    base = installed()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "share").mkdir()
        host.say("booting. You will be root; end with: poweroff, or Ctrl-a x. What you change is not kept.")
        port = ["-chardev", "null,id=rig", "-device", "virtserialport,chardev=rig,name=rig"]
        console = ["-serial", "mon:stdio", *port]
        qemu = command(overlay(base, folder / "disk.qcow2"), folder / "share", "", console)
        return subprocess.call([*host.GENTLY, *qemu])


if __name__ == "__main__":
    raise SystemExit(main())

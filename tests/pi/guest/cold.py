"""cold.py: start lockd with nothing of it in memory, hold it as soon as it is READY, and print as JSON what it
and the whole machine have read from the disk by then, in bytes. Its unit notifies SOCKET."""

import array
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
from pathlib import Path

SOCKET = "/run/cold-ready"
PATIENCE_S = 120
SECTOR = 512


def mapped(pid: str) -> set[str]:
    """The files that a process has in its memory."""
    words = (line.split(maxsplit=5) for line in Path(f"/proc/{pid}/maps").read_text().splitlines())
    return {line[5] for line in words if len(line) == 6 and line[5].startswith("/usr/")}


def forget() -> None:
    """Empty the caches. What is mapped would stay: of Python, which the rig itself runs on and a Pi need not, the
    files are made anew. What the first process has mapped is in memory at every start."""
    for name in mapped("self") | mapped(str(os.getppid())):
        if os.path.exists(name) and name not in mapped("1"):
            shutil.copy2(name, f"{name}.new")
            os.rename(f"{name}.new", name)
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3")


def read_by(pid: int) -> int:
    """From the disk, since it was forked."""
    return int(Path(f"/proc/{pid}/io").read_text().partition("\nread_bytes:")[2].split()[0])


def read_by_all() -> int:
    """From the disk, since power-up."""
    return int(Path("/sys/block/vda/stat").read_text().split()[2]) * SECTOR


def main() -> None:
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ready.bind(SOCKET)
    os.chmod(SOCKET, 0o666)
    ready.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    ready.settimeout(PATIENCE_S)
    forget()
    before = read_by_all()
    subprocess.run(["systemctl", "start", "--no-block", "lockd"], check=True)
    note, told, _, _ = ready.recvmsg(4096, socket.CMSG_SPACE(12))
    pid = struct.unpack("3i", bytes(array.array("B", told[0][2])))[0]
    os.kill(pid, signal.SIGSTOP)
    print(json.dumps({"note": note.decode(), "lockd": read_by(pid), "all": read_by_all() - before}))
    os.kill(pid, signal.SIGCONT)
    os.unlink(SOCKET)


if __name__ == "__main__":
    main()

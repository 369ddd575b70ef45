"""The rig's hands inside the machine: runs what the host asks for over a port, a line of JSON each
way, and keeps the door."""

import json
import os
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

PORT_NAME = "rig"


def find_port() -> str:
    for path in Path("/sys/class/virtio-ports").iterdir():
        if (path / "name").read_text().strip() == PORT_NAME:
            return f"/dev/{path.name}"
    raise SystemExit("there is no virtio port for the rig")


def wishes() -> dict[str, str]:
    """What the host wrote into the kernel's command line: rig.NAME=VALUE."""
    words = Path("/proc/cmdline").read_text().split()
    return dict(word.removeprefix("rig.").split("=", 1) for word in words if word.startswith("rig."))


def text(output: str | bytes | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""


def run(argv: list[str], stdin: str, timeout_s: float) -> dict[str, Any]:
    """Status 124, as timeout(1) has it, for what took too long."""
    began = time.monotonic_ns()
    try:
        done = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, errors="replace", timeout=timeout_s, cwd="/"
        )
        answer = {"status": done.returncode, "out": done.stdout, "err": done.stderr}
    except subprocess.TimeoutExpired as late:
        answer = {"status": 124, "out": text(late.stdout), "err": f"{text(late.stderr)}[took over {timeout_s} s]"}
    except OSError as fault:
        answer = {"status": 127, "out": "", "err": str(fault)}
    return answer | {"began": began, "ended": time.monotonic_ns()}


class Agent:
    def __init__(self, port: int, door: object) -> None:
        self._port, self._door = port, door
        self._sending = threading.Lock()

    def send(self, answer: dict[str, Any]) -> None:
        rest = json.dumps(answer).encode() + b"\n"
        with self._sending:
            while rest:
                rest = rest[os.write(self._port, rest):]

    def serve(self) -> None:
        self.send({"id": 0})
        with os.fdopen(self._port, "rb", closefd=False) as lines:
            for line in lines:
                threading.Thread(target=self._handle, args=(json.loads(line),), daemon=True).start()

    def _handle(self, request: dict[str, Any]) -> None:
        try:
            if "run" in request:
                answer = run(request["run"], request["stdin"], request["timeout_s"])
            else:
                answer = {"value": getattr(self._door, request["door"])(*request["args"], **request["named"])}
        except Exception as fault:  # noqa: BLE001 - the host is told
            answer = {"fault": f"{type(fault).__name__}: {fault}"}
        self.send({"id": request["id"]} | answer)


def tell_systemd() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])


if __name__ == "__main__":
    from door import Door

    wanted = wishes()
    door = Door(bolt=float(wanted.get("bolt", 1)), wired="loose" not in wanted)
    agent = Agent(os.open(find_port(), os.O_RDWR), door)
    threading.Thread(target=door.watch, daemon=True).start()
    tell_systemd()
    agent.serve()

"""One virtual Pi: an emulated machine that is switched on, spoken to, and cut from its power.

No KVM, so that it runs wherever QEMU does. Every wait has an end, and whoever waits in vain is
told what the machine last said on its console.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Self

from tests.pi.host import GENTLY, RigError, run
from tests.pi.kernel import initrd, kernel

BOOT_S = 300.0
#: The machine's clock counts its instructions, 2 ns each, so that what it measures does not hang on
#: how busy the host is: about a Pi Zero 2's speed. While it idles, the two clocks go alike.
CLOCK = ("-icount", "shift=1,sleep=on")
#: While it works, so many seconds here may be one there; the agent's own time-outs are in its time.
SLOWER = 10.0
GRACE_S = 30.0
CONSOLE_TAIL = 60
#: With two, QEMU 7.2 now and then runs a stale int3 where the kernel patches its own code, and it panics.
SMP = "1"
#: Hardware of the emulated PC that no Pi has: not looked for, it does not slow the boot.
UNWANTED = (
    "ata_generic", "ata_piix", "bochs", "button", "evdev", "floppy", "i2c_piix4", "kvm", "kvm_amd", "pcspkr",
    "powernow_k8", "psmouse", "drm", "sr_mod",
)  # fmt: skip
#: The kernel notes every level that it sets, from the first one on: trace.driven reads it.
KERNEL_LINE = "trace_event=gpio:gpio_value trace_clock=mono trace_buf_size=8M "
KERNEL_LINE += f"console=ttyS0 root=/dev/vda rw panic=-1 mitigations=off modprobe.blacklist={','.join(UNWANTED)}"


class Hung(RigError):
    """The machine did not answer in time, or has gone."""


class Done:
    """What came of a program in the machine. `began` and `ended`: nanoseconds since power-up."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.status: int = answer["status"]
        self.out: str = answer["out"]
        self.err: str = answer["err"]
        self.began: int = answer["began"]
        self.ended: int = answer["ended"]


def overlay(base: Path, file: Path, *size: str) -> Path:
    """A disk that starts as `base` and keeps what is written in `file`; of the same size, or of `size`."""
    kind = "qcow2" if base.suffix == ".qcow2" else "raw"
    run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", kind, "-b", base, file, *size], 60)
    return file


def command(disk: Path, share: Path, append: str, console: list[str]) -> list[str]:
    """QEMU's command line."""
    system = kernel()
    return [
        "qemu-system-x86_64", "-accel", "tcg", *CLOCK, "-cpu", "max", "-smp", SMP, "-m", "1024",
        "-nodefaults", "-no-reboot", "-display", "none",
        "-kernel", str(system.image), "-initrd", str(initrd(system)),
        "-append", f"{KERNEL_LINE} {append}",
        "-drive", f"if=virtio,file={disk},format=qcow2",
        "-virtfs", f"local,path={system.modules},mount_tag=modules,security_model=none,readonly=on",
        "-virtfs", f"local,path={share},mount_tag=share,security_model=none",
        "-device", "virtio-serial", "-device", "virtio-rng-pci", *console,
    ]  # fmt: skip


class Machine:
    """`folder` holds the console's log, and `share`, which the machine sees as /run/share. Whoever
    makes one ends it: a context manager, which cuts the power."""

    boot_s = BOOT_S

    def __init__(self, disk: Path, folder: Path, append: str = "") -> None:
        self.disk, self.folder, self._append = disk, folder, append
        self.share = folder / "share"
        self.share.mkdir(parents=True, exist_ok=True)
        self.boots = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._switch: socket.socket | None = None
        self._rest = b""
        self._answers: dict[int, dict[str, Any]] = {}
        self._last = 0

    def __enter__(self) -> Self:
        self.power_on()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut_power()

    @property
    def on(self) -> bool:
        """Whether it has power, and runs."""
        return self._process is not None and self._process.poll() is None

    # Power --------------------------------------------------------------------------------------

    def power_on(self, append: str = "") -> None:
        """Return when the rig's agent answers, early in the boot."""
        self.boots += 1
        self._rest, self._answers = b"", {}
        port = self.folder / "port"
        for name in ("port", "switch"):
            (self.folder / name).unlink(missing_ok=True)
        qemu = self._qemu(port, f"{self._append} {append}")
        with (self.folder / "qemu.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *GENTLY, *qemu], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            self._channel = self._connect(port)
            self._switch = self._connect(self.folder / "switch")
            self._begin()
            self._answer(0, self.boot_s)
        except RigError:
            self.cut_power()
            raise

    def cut_power(self) -> None:
        """At once, as a pulled plug would."""
        if self._process is not None:
            self._process.kill()
            self._gone(10)

    def hold(self) -> None:
        """Stop its time, so that others have the processor, until `go_on`."""
        if self._switch is not None:
            self._switch.sendall(b"stop\n")

    def go_on(self) -> None:
        """From where it was held."""
        if self._switch is not None:
            self._switch.sendall(b"cont\n")

    def shut_down(self, timeout_s: float = 300) -> None:
        """In good order."""
        self._send({"run": ["systemctl", "poweroff"], "stdin": "", "timeout_s": 60})
        try:
            self._gone(timeout_s)
        except subprocess.TimeoutExpired:
            self.cut_power()
            raise self._hung("did not shut down", timeout_s) from None

    def _qemu(self, port: Path, append: str) -> list[str]:
        """Its command line; the rig's agent is heard at the socket `port`."""
        return [
            *command(self.disk, self.share, append, []),
            "-serial", f"file:{self._console()}",
            *self._monitor(),
            "-chardev", f"socket,id=rig,path={port},server=on,wait=off",
            "-device", "virtserialport,chardev=rig,name=rig",
        ]  # fmt: skip

    def _monitor(self) -> list[str]:
        """Of QEMU's command line, what makes it hear `switch`."""
        return ["-monitor", f"unix:{self.folder}/switch,server=on,wait=off"]

    def _begin(self) -> None:
        """What is left to do when QEMU runs."""

    def _gone(self, timeout_s: float) -> None:
        assert self._process is not None
        self._process.wait(timeout_s)
        self._process = None
        for end in (self._channel, self._switch):
            if end is not None:
                end.close()
        self._channel = self._switch = None

    # Asking -------------------------------------------------------------------------------------

    def run(self, *argv: str, stdin: str = "", timeout_s: float = 60, check: bool = True) -> Done:
        """Run a program as root. RigError when it fails, unless `check` is off."""
        done = Done(self._ask({"run": argv, "stdin": stdin, "timeout_s": timeout_s}, timeout_s))
        if check and done.status:
            raise RigError(f"in the machine, {' '.join(argv)} failed ({done.status}):\n{done.out}{done.err}")
        return done

    def sh(self, script: str, timeout_s: float = 60, check: bool = True) -> str:
        """What a shell script prints."""
        return self.run("sh", "-ec", script, timeout_s=timeout_s, check=check).out

    def door(self, deed: str, *args: Any, timeout_s: float = 30, **named: Any) -> Any:
        """A method of guest/door.py."""
        return self._ask({"door": deed, "args": args, "named": named}, timeout_s)["value"]

    def console(self) -> str:
        """What this boot said on the serial console."""
        with contextlib.suppress(FileNotFoundError):
            return self._console().read_text(errors="replace")
        return ""

    def _ask(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        answer = self._answer(self._send(request), timeout_s * SLOWER + GRACE_S)
        if "fault" in answer:
            raise RigError(f"the rig's agent failed at {request}: {answer['fault']}")
        return answer

    def _send(self, request: dict[str, Any]) -> int:
        if self._channel is None:
            raise RigError("the machine is off")
        self._last += 1
        self._channel.sendall(json.dumps({"id": self._last} | request).encode() + b"\n")
        return self._last

    def _answer(self, number: int, timeout_s: float) -> dict[str, Any]:
        end = time.monotonic() + timeout_s
        while number not in self._answers:
            self._read(end, timeout_s)
        return self._answers.pop(number)

    def _read(self, end: float, timeout_s: float) -> None:
        assert self._channel is not None
        self._channel.settimeout(max(0.001, end - time.monotonic()))
        try:
            data = self._channel.recv(1 << 16)
        except TimeoutError:
            raise self._hung("did not answer", timeout_s) from None
        except ConnectionResetError:
            data = b""
        if not data:
            raise self._hung("has gone", timeout_s)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b"{"):  # else what a serial port says when it is opened
                answer = json.loads(line)
                self._answers[answer["id"]] = answer

    # Where things are ---------------------------------------------------------------------------

    def _console(self) -> Path:
        return self.folder / f"console-{self.boots}.log"

    def _connect(self, port: Path) -> socket.socket:
        assert self._process is not None
        for _ in range(200):
            channel = socket.socket(socket.AF_UNIX)
            try:
                channel.connect(str(port))
            except OSError:
                channel.close()
            else:
                return channel
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise RigError(f"QEMU does not start:\n{(self.folder / 'qemu.log').read_text()}")

    def _hung(self, what: str, timeout_s: float) -> Hung:
        tail = "\n".join(self.console().splitlines()[-CONSOLE_TAIL:])
        said = f"its console ({self._console()}) ends with:\n{tail}"
        return Hung(f"the virtual Pi {what} within {timeout_s:.0f} s; {said}")

"""One emulated Raspberry Pi 3 Model B, whose pins are wired and seen from outside."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from tests.pi.arm.card import Card
from tests.pi.arm.pins import CLOSED, GPIO, LINES, LOCKED, MARK, Wires, notes, replay
from tests.pi.host import RigError, run
from tests.pi.kernel import archive
from tests.pi.lock import PATIENCE_S
from tests.pi.machine import CLOCK, SLOWER, Machine
from tests.pi.trace import MOTOR, Changes

HERE = Path(__file__).parent
#: What rides in the initrd, in memory only, beside what Debian put there.
RIDERS = {
    "scripts/local-bottom": (HERE / "guest/ORDER", HERE / "guest/rig"),
    "rig": (HERE / "guest/rig.service", HERE / "guest/serial_agent.py", HERE.parent / "guest/agent.py"),
}
#: Parts of a Pi that QEMU does not have, or that no lock needs: not looked for, they do not slow the boot.
UNWANTED = ("bcm2835_v4l2", "brcmfmac", "drm", "dwc2", "hci_uart", "i2c_bcm2835", "snd_bcm2835", "vc4")
#: Lines that nobody holds any more stay as they were, as the kernel of Raspberry Pi OS has it.
KERNEL_LINE = "pinctrl_bcm2835.persist_gpio_outputs=1 console=ttyAMA0,115200 root=/dev/mmcblk0 rw rootwait "
KERNEL_LINE += f"panic=-1 mitigations=off systemd.show_status=error modprobe.blacklist={','.join(UNWANTED)}"
#: Of a locked bolt and a closed door, and all else too: no key is down.
LOW_AT_REST = {LOCKED, CLOSED}
AT_REST = set(range(LINES)) - LOW_AT_REST - set(MOTOR)
PINS_ONLY = ("grep", "--line-buffered", f"name '{GPIO}'")
REVISION = "a02082"  #: a Pi 3 Model B
LATE_S = 30.0


class Raspberry(Machine):
    """`high`: the lines that something outside has pulled up at power-up."""

    boot_s = 1200.0

    def __init__(self, card: Card, disk: Path, folder: Path) -> None:
        super().__init__(disk, folder)
        self.high: Iterable[int] = AT_REST
        self._card = card
        self._marks = 0
        self._ends = ExitStack()

    def provide(self, *files: Path) -> None:
        """Have them in /run/share from the next power-up on. What comes into `share` later it does not see."""
        for file in files:
            shutil.copy(file, self.share)

    def seen(self, since: int = 0) -> Changes:
        """What the motor's lines did, from then on; 0: from power-up on. In nanoseconds since 1970."""
        return Changes(change for change in replay(self._notes(), MOTOR) if change[0] >= since)

    def await_level(self, line: int, level: bool) -> None:
        """Until the line has it, whoever drives it."""
        end = time.monotonic() + PATIENCE_S * SLOWER
        while self.wires.level(line) != level:
            if time.monotonic() > end:
                raise RigError(f"GPIO{line} does not become {'high' if level else 'low'}")
            time.sleep(0.01)

    def writes(self) -> int:
        """How often anybody wrote to a GPIO register since power-up."""
        return sum(1 for _ in notes(self._notes()))

    def _notes(self) -> str:
        """Whole up to now: a note of its own has to be the last."""
        self._marks += 1
        self.wires.mark(self._marks)
        end = time.monotonic() + LATE_S
        while time.monotonic() < end:
            text = self._noted().read_text()
            if any((register, value) == (MARK, self._marks) for _, register, value in notes(text[-1000:])):
                return text
            time.sleep(0.05)
        raise RigError(f"QEMU's notes on the pins are more than {LATE_S:.0f} s late")

    # Power --------------------------------------------------------------------------------------

    def _qemu(self, port: Path, append: str) -> list[str]:
        """Halted at first. QEMU notes every write to a register; what concerns the pins is kept."""
        with self._noted().open("wb") as kept:
            sieve = self._ends.enter_context(subprocess.Popen(PINS_ONLY, stdin=subprocess.PIPE, stdout=kept))
        (self.folder / "wires").unlink(missing_ok=True)
        return [
            "qemu-system-aarch64", "-M", "raspi3b", "-accel", "tcg", *CLOCK,
            "-no-reboot", "-display", "none", "-nic", "none", "-S",
            "-kernel", str(self._card.kernel), "-dtb", str(self._tree()), "-initrd", str(self._initrd()),
            "-append", f"{KERNEL_LINE} {append}",
            "-drive", f"if=sd,file={self.disk},format=qcow2",
            "-serial", f"file:{self._console()}",
            "-chardev", f"socket,id=rig,path={port},server=on,wait=off", "-serial", "chardev:rig",
            "-qtest", f"unix:{self.folder}/wires,server=on,wait=off", "-qtest-log", "none",
            *self._monitor(),
            "-trace", "memory_region_ops_write", "-msg", "timestamp=on", "-D", f"/proc/{sieve.pid}/fd/0",
        ]  # fmt: skip

    def _begin(self) -> None:
        self.wires = self._ends.enter_context(Wires(self._connect(self.folder / "wires")))
        self.wires.wire(high=self.high)
        self.go_on()

    def _gone(self, timeout_s: float) -> None:
        super()._gone(timeout_s)
        self._ends.close()

    def _tree(self) -> Path:
        """With what a Pi's firmware adds to it: which Pi it is, and a seed, without which the kernel makes
        do with little randomness at every system call, and crawls."""
        tree = self.folder / "pi.dtb"
        shutil.copy(self._card.tree, tree)
        run(["fdtput", "-p", "-t", "x", tree, "/system", "linux,revision", REVISION], 60)
        seed = (os.urandom(4).hex() for _ in range(16))
        run(["fdtput", "-t", "x", tree, "/chosen", "rng-seed", *seed], 60)
        return tree

    def _initrd(self) -> Path:
        """The kernel takes several archives, one after the other."""
        with tempfile.TemporaryDirectory() as name:
            tree = Path(name)
            for folder, files in {**RIDERS, "share": tuple(self.share.iterdir())}.items():
                (tree / folder).mkdir(parents=True)
                for file in files:
                    shutil.copy(file, tree / folder)
            (tree / "scripts/local-bottom/rig").chmod(0o755)
            first = self._card.initrd.read_bytes()
            both = self.folder / "initrd"
            both.write_bytes(first + bytes(-len(first) % 4) + archive(tree))
        return both

    def _noted(self) -> Path:
        return self.folder / f"pins-{self.boots}.log"

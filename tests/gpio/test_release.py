"""The tool that drives the motor's pins inactive. That a kernel does so is for the virtual Pi to show."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lockd.gpio import chip, release
from lockd.settings import BoltSettings, GpioSettings, Pin, Settings

BOLT = BoltSettings(
    enable=Pin(12, key="bolt.enable"),
    forward=Pin(17, active="low", key="bolt.forward"),
    backward=Pin(27, key="bolt.backward"),
    latch=Pin(26, key="bolt.latch"),
)
WIRED = "[bolt]\nforward = 17\nbackward = 27\nlocked = 22\n[gpio]\n"

#: What the kernel's own header says of a request with one output.
HEADER = r"""
#include <linux/gpio.h>
#include <stdio.h>
int main(void) {
    struct gpio_v2_line_request it = {
        .offsets = {17}, .consumer = "lockd-release", .num_lines = 1, .fd = -1,
        .config = {.flags = GPIO_V2_LINE_FLAG_OUTPUT, .num_attrs = 1, .attrs = {
            {.attr = {.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES, .values = 1}, .mask = 1}}}};
    fprintf(stderr, "%lu", (unsigned long) GPIO_V2_GET_LINE_IOCTL);
    return fwrite(&it, sizeof it, 1, stdout) != 1;
}
"""


class Kernel:
    """The chip's driver: who asked for which line at which level, and lines that it does not give."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, refused: int = -1) -> None:
        self.driven: dict[int, int] = {}
        self.handles: list[int] = []
        self.refused = refused
        real = os.open
        monkeypatch.setattr(release.os, "open", lambda path, flags: real(os.devnull, flags))
        monkeypatch.setattr(release.fcntl, "ioctl", self.ioctl)

    def ioctl(self, chip: int, number: int, asked: bytearray) -> None:
        assert number == release.GET_LINE
        line, _, flags, _, _, level, _, _, _ = release.REQUEST.unpack(asked)
        assert flags == release.FLAG_OUTPUT
        if line == self.refused:
            raise OSError(16, "Device or resource busy")
        self.driven[line] = level
        self.handles.append(os.dup(chip))
        asked[-4:] = self.handles[-1].to_bytes(4, sys.byteorder)


def run(config: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lockd.gpio.release", str(config)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_the_request_is_what_the_kernels_header_makes_of_it(tmp_path: Path) -> None:
    program = tmp_path / "request"
    subprocess.run(["cc", "-x", "c", "-", "-o", program], input=HEADER, text=True, check=True)
    made = subprocess.run([program], capture_output=True, check=True)
    assert made.stderr == str(release.GET_LINE).encode()
    assert made.stdout == release.request(Pin(17, active="low"))


def test_every_line_of_the_motors_goes_to_its_inactive_level_and_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(monkeypatch)
    assert release.release(Settings(bolt=BOLT, gpio=GpioSettings(chip=0))) == []
    assert kernel.driven == {12: 0, 17: 1, 27: 0, 26: 0}
    for handle in kernel.handles:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(handle)


def test_a_line_that_is_not_given_keeps_no_other_on(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(monkeypatch, refused=12)
    faults = release.release(Settings(bolt=BOLT, gpio=GpioSettings(chip=0)))
    assert faults == ["bolt.enable: GPIO12: Device or resource busy"]
    assert kernel.driven == {17: 1, 27: 0, 26: 0}


def test_a_modelled_door_has_no_pins_to_drive() -> None:
    assert release.release(Settings(bolt=BOLT, gpio=GpioSettings(backend="mock"))) == []


def test_a_missing_chip_is_named(tmp_path: Path) -> None:
    (tmp_path / "lockd.toml").write_text(WIRED + "chip = 15\n")
    done = run(tmp_path / "lockd.toml")
    assert done.returncode == 1
    assert done.stderr == "lockd: not driven inactive: /dev/gpiochip15: No such file or directory\n"


def test_without_wiring_it_drives_nothing_and_says_so(tmp_path: Path) -> None:
    done = run(tmp_path / "none.toml")
    assert done.returncode == 78
    assert "does not name them" in done.stderr


def test_it_is_quick_because_it_loads_no_library() -> None:
    code = "import sys, lockd.gpio.release; print({'gpiozero', 'lgpio', 'asyncio', 'logging'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_without_the_headers_chip_it_says_so_and_drives_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kernel = Kernel(monkeypatch)
    monkeypatch.setattr(chip, "DEVICES", tmp_path)
    assert release.release(Settings(bolt=BOLT)) == [f"gpio.chip: there is no {tmp_path}/gpiochip*; is this a Pi?"]
    assert kernel.driven == {}

"""What the kernel is asked of a chip. That a kernel answers is for the virtual Pi to show."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lockd.cli.doctor import chip
from lockd.settings_rules import LAST_LINE

#: What the kernel's own header says.
HEADER = r"""
#include <linux/gpio.h>
#include <stddef.h>
#include <stdio.h>
int main(void) {
    printf("%lu %lu %zu %zu %zu %zu %d", (unsigned long) GPIO_GET_CHIPINFO_IOCTL,
           (unsigned long) GPIO_V2_GET_LINEINFO_IOCTL, sizeof(struct gpiochip_info), sizeof(struct gpio_v2_line_info),
           offsetof(struct gpio_v2_line_info, offset), offsetof(struct gpio_v2_line_info, flags),
           (int) GPIO_V2_LINE_FLAG_USED);
    return 0;
}
"""


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_numbers_and_shapes_are_those_of_the_kernels_header(tmp_path: Path) -> None:
    program = tmp_path / "info"
    subprocess.run(["cc", "-x", "c", "-", "-o", program], input=HEADER, text=True, check=True)
    told = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    assert told.split() == [str(each) for each in (
        chip.CHIP_INFO, chip.LINE_INFO, chip.CHIP.size, chip.LINE.size, 64, 72, chip.FLAG_USED,
    )]  # fmt: skip


def test_a_chip_tells_who_holds_which_line_of_the_header(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    held = {17: (b"lg", 1), 4: (b"", 1), 5: (b"let go", 0), 42: (b"led", 1)}
    asked = []

    def ioctl(handle: int, number: int, given: bytearray) -> None:
        if number == chip.CHIP_INFO:
            given[:] = chip.CHIP.pack(b"gpiochip0", b"pinctrl-bcm2711", 58)
            return
        assert number == chip.LINE_INFO
        line = chip.LINE.unpack(given)[2]
        asked.append(line)
        consumer, flags = held.get(line, (b"", 0))
        given[:] = chip.LINE.pack(b"", consumer, line, 0, flags)

    monkeypatch.setattr(chip.fcntl, "ioctl", ioctl)
    before = os.listdir("/proc/self/fd")
    found = chip.read_chip(Path(os.devnull))
    assert found == chip.Chip("pinctrl-bcm2711", {17: "lg", 4: "the kernel"})
    assert asked == list(range(LAST_LINE + 1))
    assert os.listdir("/proc/self/fd") == before


def test_what_is_no_chip_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"Inappropriate ioctl|ioctl"):
        chip.read_chip(tmp_path / "file")

"""Finding the header's chip among those of any Pi. The files under DEVICES hold the labels that the kernel tells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lockd.errors import Failure
from lockd.gpio import backend, chip
from lockd.gpio.library import load
from lockd.settings import AUTO, GpioSettings, Pin
from tests.gpio.chip import Chip

ZERO_2_W = {0: "pinctrl-bcm2835"}
PI_3 = {0: "pinctrl-bcm2835", 1: "raspberrypi-exp-gpio"}
PI_4 = {0: "pinctrl-bcm2711", 1: "raspberrypi-exp-gpio"}
SOC = ("gpio-brcmstb@107d508500", "gpio-brcmstb@107d508520", "gpio-brcmstb@107d517c00", "gpio-brcmstb@107d517c20")
#: https://github.com/raspberrypi/linux/pull/6144 before and after; https://github.com/adafruit/Adafruit_Blinka/issues/1119
PI_5_6_6_20 = {**dict(enumerate(SOC)), 4: "pinctrl-rp1"}
PI_5_6_6_47 = {0: "pinctrl-rp1", **dict(enumerate(SOC, 10))}
PI_5_6_12_96 = {**dict(enumerate(SOC, 11)), 15: "pinctrl-rp1"}

HEADER = r"""
#include <linux/gpio.h>
#include <stdio.h>
int main(void) {
    struct gpiochip_info it = {.name = "gpiochip9", .label = "pinctrl-rp1", .lines = 54};
    fprintf(stderr, "%lu", (unsigned long) GPIO_GET_CHIPINFO_IOCTL);
    return fwrite(&it, sizeof it, 1, stdout) != 1;
}
"""


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def ioctl(handle: int, number: int, told: bytearray) -> None:
        assert number == chip.GET_CHIPINFO
        told[:] = chip.INFO.pack(b"", os.pread(handle, 32, 0), 54)

    monkeypatch.setattr(chip.fcntl, "ioctl", ioctl)
    monkeypatch.setattr(chip, "DEVICES", tmp_path)
    return tmp_path


def fill(devices: Path, labels: dict[int, str]) -> None:
    for number, label in labels.items():
        (devices / f"gpiochip{number}").write_text(label)


@pytest.mark.parametrize(
    ("labels", "number"),
    [(ZERO_2_W, 0), (PI_3, 0), (PI_4, 0), (PI_5_6_6_20, 4), (PI_5_6_6_47, 0), (PI_5_6_12_96, 15)],
)
def test_the_header_is_found_on_every_model_and_kernel(devices: Path, labels: dict[int, str], number: int) -> None:
    fill(devices, labels)
    assert chip.device(AUTO) == devices / f"gpiochip{number}"


def test_a_number_is_taken_as_it_is(devices: Path) -> None:
    fill(devices, PI_5_6_6_20)
    assert chip.device(0) == devices / "gpiochip0"


def test_a_chip_that_may_not_be_opened_hides_no_other_and_is_named(
    devices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def closed(path: Path, flags: int) -> int:
        if path.name == "gpiochip0":
            raise PermissionError(13, "Permission denied")
        return real(path, flags)

    monkeypatch.setattr(chip.os, "open", closed)
    fill(devices, {0: SOC[0], 4: "pinctrl-rp1"})
    assert chip.device(AUTO) == devices / "gpiochip4"
    (devices / "gpiochip4").unlink()
    with pytest.raises(Failure, match="^gpio.chip: no permission for .*/gpiochip0; .* group gpio$"):
        chip.device(AUTO)


def test_a_machine_without_the_header_is_told_what_it_has(devices: Path) -> None:
    with pytest.raises(Failure, match="^gpio.chip: there is no .*is this a Pi"):
        chip.device(AUTO)
    fill(devices, {0: "INT34C5:00"})
    with pytest.raises(Failure, match="^gpio.chip: none of .*/gpiochip0 is a Pi's header.* number"):
        chip.device(AUTO)
    (devices / "gpiochip0").unlink()
    (devices / "gpiochip0").symlink_to("gone")
    with pytest.raises(Failure, match="gpiochip0: No such file"):
        chip.device(AUTO)


@pytest.mark.parametrize("revision", [0xA02082, 0xC04170], ids=["Pi 3B", "Pi 5"])
def test_that_chip_and_no_other_is_opened_on_a_pi_5_too(
    devices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, revision: int
) -> None:
    fill(devices, PI_5_6_12_96)
    library = Chip(15)
    monkeypatch.setitem(sys.modules, "lgpio", library)
    monkeypatch.setattr(load("pins.local"), "get_pi_revision", lambda: revision)
    monkeypatch.setenv("LG_WD", "")
    factory = backend.open_factory(GpioSettings(), tmp_path)
    output = backend.load("output_devices").DigitalOutputDevice(Pin(17).number, pin_factory=factory)
    assert library.open == {7}
    assert library.lines[17].driven == [0]
    output.close()
    factory.close()
    assert library.open == set()
    sys.modules.pop("gpiozero.pins.lgpio", None)
    load("pins.local").LocalPiFactory.pins.clear()


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_the_question_is_what_the_kernels_header_makes_of_it(tmp_path: Path) -> None:
    program = tmp_path / "question"
    subprocess.run(["cc", "-x", "c", "-", "-o", program], input=HEADER, text=True, check=True)
    made = subprocess.run([program], capture_output=True, check=True)
    assert made.stderr == str(chip.GET_CHIPINFO).encode()
    assert made.stdout == chip.INFO.pack(b"gpiochip9", b"pinctrl-rp1", 54)

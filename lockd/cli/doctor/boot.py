"""What a Pi's config.txt does with the lines of the header.

https://www.raspberrypi.com/documentation/computers/config_txt.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lockd.cli.doctor.machine import Machine
from lockd.value import Value

PATHS = ("/boot/firmware/config.txt", "/boot/config.txt")

#: A line of config.txt without its spaces, and the lines of the header that it takes.
BUSES: dict[str, tuple[str, range | tuple[int, ...]]] = {
    "dtparam=i2c_arm=on": ("I2C", (2, 3)),
    "dtparam=i2c=on": ("I2C", (2, 3)),
    "dtparam=spi=on": ("SPI", range(7, 12)),
    "dtparam=i2s=on": ("I2S", range(18, 22)),
    "enable_uart=1": ("the serial port", (14, 15)),
    "dtoverlay=w1-gpio": ("1-Wire", (4,)),
    "dtoverlay=pps-gpio": ("PPS", (18,)),
    "dtoverlay=gpio-shutdown": ("the shutdown button", (3,)),
    "dtoverlay=gpio-ir": ("infrared", (18,)),
}  # fmt: skip
#: How overlays name the one line that they take, where it is not their usual one.
PIN = re.compile(r"\bgpio_?pin=(\d{1,2})\b")
OPPOSITE = {"op": "ip", "ip": "op", "dl": "dh", "dh": "dl"}
SWITCHED_ON = {"1", "true", "yes", "on"}


class Boot(Value):
    """`lines`: the words of `gpio=` for each line of the header, `buses`: who else each is given to."""

    path: str
    lines: Mapping[int, frozenset[str]]
    buses: Mapping[int, str]


def read_boot(machine: Machine) -> Boot | None:
    """None where there is none. A section for some models alone may give lines away, but keeps none off."""
    path = next((path for path in PATHS if machine.exists(path)), None)
    if path is None:
        return None
    lines: dict[int, frozenset[str]] = {}
    buses: dict[int, str] = {}
    for section, line in _given(machine.read(path)):
        if line.startswith("gpio=") and section == "all":
            numbers, _, words = line.removeprefix("gpio=").partition("=")
            for number in _numbers(numbers):
                lines[number] = _told(lines.get(number, frozenset()), frozenset(words.split(",")))
        for setting in _settings(line):
            name, taken = BUSES.get(setting, ("", ()))
            given = PIN.search(line)
            buses |= dict.fromkeys((int(given[1]),) if name and given else taken, name)
    return Boot(path, lines, buses)


def _given(text: str) -> Iterator[tuple[str, str]]:
    section = "all"
    for raw in text.splitlines():
        line = "".join(raw.partition("#")[0].split())
        if line.startswith("["):
            section = line.strip("[]")
        elif line and section != "none":
            yield section, line


def _settings(line: str) -> Iterator[str]:
    """Each setting of a line, on as `on`: `dtparam=i2c_arm=1,spi` are two; an overlay's own are left away."""
    name, _, rest = line.partition("=")
    if name == "dtparam":
        for each in rest.split(","):
            key, _, value = each.partition("=")
            yield f"dtparam={key}={'on' if value in SWITCHED_ON or not value else value}"
    else:
        yield line.partition(",")[0]


def _told(before: frozenset[str], words: frozenset[str]) -> frozenset[str]:
    """A later word takes its opposite back."""
    return before - {OPPOSITE.get(word) for word in words} | words


def _numbers(text: str) -> Iterator[int]:
    """`17,22-25` as numbers; what is none is left out."""
    for each in text.split(","):
        first, _, last = each.partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            yield from range(int(first), min(int(last or first), 99) + 1)

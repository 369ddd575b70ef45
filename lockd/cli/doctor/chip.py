"""A GPIO chip as the kernel describes it: its driver, and who uses which line. No line is claimed for it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from struct import Struct

from lockd.settings_rules import LAST_LINE
from lockd.value import Value

# https://docs.kernel.org/userspace-api/gpio/chardev.html, names as in linux/gpio.h
CHIP_INFO = 0x8044B401
LINE_INFO = 0xC100B405
FLAG_USED = 1 << 0
#: gpiochip_info: name, label, lines.
CHIP = Struct("=32s 32s I")
#: gpio_v2_line_info: name, consumer, offset, num_attrs, flags; attrs and padding are not looked at.
LINE = Struct("=32s 32s I I Q 160x 16x")


class Chip(Value):
    """`label`: its driver's. `users`: by line of the header, who holds it; a line that is free is missing."""

    label: str
    users: Mapping[int, str]


def read_chip(device: Path) -> Chip:
    """Ask the kernel. OSError if that is not allowed, or it is no GPIO chip."""
    handle = os.open(device, os.O_RDONLY | os.O_CLOEXEC)
    try:
        about = bytearray(CHIP.size)
        fcntl.ioctl(handle, CHIP_INFO, about)
        _, label, count = CHIP.unpack(about)
        held = ((line, _user(handle, line)) for line in range(min(count, LAST_LINE + 1)))
        return Chip(_text(label), {line: user for line, user in held if user})
    finally:
        os.close(handle)


def _user(handle: int, line: int) -> str:
    asked = bytearray(LINE.pack(b"", b"", line, 0, 0))
    fcntl.ioctl(handle, LINE_INFO, asked)
    _, consumer, _, _, flags = LINE.unpack(asked)
    return (_text(consumer) or "the kernel") if flags & FLAG_USED else ""


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode(errors="replace")

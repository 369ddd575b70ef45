"""Which /dev/gpiochip has the lines of the header.

Its number says nothing: on a Pi 5 it was 4, then 0, then one from 11 on, as kernels came and went.
Its label does, and the kernel tells it without any library.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from struct import Struct

from lockd.errors import Failure
from lockd.settings import AUTO

#: The header's chip on Pi Zero to 3, on Pi 4, and on Pi 5.
LABELS = ("pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1")

# https://docs.kernel.org/userspace-api/gpio/gpio-get-chipinfo-ioctl.html, names as in linux/gpio.h
GET_CHIPINFO = 0x8044B401
#: gpiochip_info: name, label, lines.
INFO = Struct("=32s32sI")

DEVICES = Path("/dev")


def device(chip: int | str) -> Path:
    """The chip of this number, whatever is there; "auto": the header's. Failure says why there is none."""
    if chip != AUTO:
        return DEVICES / f"gpiochip{chip}"
    found = sorted(DEVICES.glob("gpiochip*"), key=lambda path: (len(path.name), path.name))
    faults = []
    for path in found:
        try:
            if label(path) in LABELS:
                return path
        except PermissionError:
            faults.append(f"no permission for {path}; run lockd as a member of the group gpio")
        except OSError as fault:
            faults.append(f"{path}: {fault.strerror}")
    raise Failure(f"gpio.chip: {'; '.join(faults) or _unknown(found)}")


def label(path: Path) -> str:
    """What the kernel calls this chip. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        told = bytearray(INFO.size)
        fcntl.ioctl(handle, GET_CHIPINFO, told)
    finally:
        os.close(handle)
    text: bytes = INFO.unpack(told)[1]
    return text.partition(b"\0")[0].decode(errors="replace")


def _unknown(found: list[Path]) -> str:
    if not found:
        return f"there is no {DEVICES}/gpiochip*; is this a Pi?"
    return f"none of {', '.join(map(str, found))} is a Pi's header; see gpiodetect, and say which number is"

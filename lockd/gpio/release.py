"""`python -m lockd.gpio.release [FILE]`: drives the motor's pins inactive, once.

The service runs it after any end of lockd's (ExecStopPost=). A process that is killed leaves its
lines to the chip, and some chips keep them as they were. It has to be quick, so it asks the kernel
itself: loading gpiozero takes several times as long as all of this.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Sequence
from struct import Struct

from lockd.errors import ConfigurationError, Failure
from lockd.gpio.actuators import motor_pins
from lockd.gpio.chip import device
from lockd.settings import Pin, Settings, load

DEFAULT_CONFIG = "/etc/lockd/lockd.toml"

# https://docs.kernel.org/userspace-api/gpio/gpio-v2-get-line-ioctl.html, names as in linux/gpio.h
GET_LINE = 0xC250B407
FLAG_OUTPUT = 1 << 3
OUTPUT_VALUES = 2
#: gpio_v2_line_request: offsets[64], consumer; its config: flags, num_attrs, padding, attrs[10] of
#: (id, padding, values, mask), of which one is used; num_lines, event_buffer_size, padding, fd.
REQUEST = Struct("=I252x 32s QI20x I4xQQ216x I24x i")


def request(pin: Pin) -> bytearray:
    """What makes the kernel drive this line inactive from the first moment."""
    level = int(pin.active == "low")
    return bytearray(REQUEST.pack(pin.number, b"lockd-release", FLAG_OUTPUT, 1, OUTPUT_VALUES, level, 1, 1, -1))


def release(settings: Settings) -> list[str]:
    """Drive them all inactive; a line that does not obey keeps no other on. The faults, in words."""
    if settings.gpio.backend == "mock":
        return []
    try:
        path = device(settings.gpio.chip)
        chip = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except Failure as fault:
        return [str(fault)]
    except OSError as fault:
        return [f"{path}: {fault.strerror}"]
    faults = []
    for pin in motor_pins(settings.bolt):
        asked = request(pin)
        try:
            fcntl.ioctl(chip, GET_LINE, asked)
        except OSError as fault:
            faults.append(f"{pin.key}: GPIO{pin.number}: {fault.strerror}")
        else:
            os.close(REQUEST.unpack(asked)[-1])
    os.close(chip)
    return faults


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0, 78 where lockd.toml does not say which pins, 1 otherwise."""
    try:
        settings = load(arguments[0] if arguments else DEFAULT_CONFIG)
    except ConfigurationError:
        print("lockd: no pin is driven inactive, as lockd.toml does not name them", file=sys.stderr)
        return 78
    faults = release(settings)
    for fault in faults:
        print(f"lockd: not driven inactive: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

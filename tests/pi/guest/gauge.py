"""A battery as the kernel sees one: the driver of a smart battery, on an I2C bus that is memory.

    gauge.py begin PERCENT MILLIVOLTS    put it in
    gauge.py set PERCENT MILLIVOLTS      let it run down; no event tells of it, as with a real one
    gauge.py end                         take it out
"""

import ctypes
import fcntl
import os
import subprocess
import sys
from pathlib import Path

ADDRESS = 0x0B
#: Registers of the Smart Battery Data Specification, and two of their values.
VOLTAGE, CURRENT, CAPACITY, STATUS = 0x09, 0x0A, 0x0D, 0x16
DISCHARGING, FALLING = 0x00C0, 0xFF9C
#: linux/i2c-dev.h and linux/i2c.h.
I2C_SLAVE_FORCE, I2C_SMBUS, WRITE, WORD = 0x0706, 0x0720, 0, 3


class Transfer(ctypes.Structure):
    _fields_ = [("read_write", ctypes.c_uint8), ("command", ctypes.c_uint8), ("size", ctypes.c_uint32),
                ("data", ctypes.c_void_p)]  # fmt: skip


def bus() -> Path:
    """The stub among the buses."""
    for path in Path("/sys/bus/i2c/devices").glob("i2c-*"):
        if "stub" in (path / "name").read_text():
            return path
    raise SystemExit("there is no stub bus")


def write(values: dict[int, int]) -> None:
    device = os.open(f"/dev/{bus().name}", os.O_RDWR)
    fcntl.ioctl(device, I2C_SLAVE_FORCE, ADDRESS)
    for register, value in values.items():
        word = (ctypes.c_uint16 * 17)(value)
        fcntl.ioctl(device, I2C_SMBUS, Transfer(WRITE, register, WORD, ctypes.addressof(word)))
    os.close(device)


def put_in(percent: int, millivolts: int) -> None:
    for module in (["i2c-dev"], ["i2c-stub", f"chip_addr={ADDRESS}"], ["sbs-battery"]):
        subprocess.run(["modprobe", *module], check=True)
    subprocess.run(["udevadm", "settle"], check=True)
    write(dict.fromkeys(range(61), 0) | {STATUS: DISCHARGING, CURRENT: FALLING})
    write({CAPACITY: percent, VOLTAGE: millivolts})
    (bus() / "new_device").write_text(f"sbs-battery {ADDRESS:#04x}")


def main(deed: str, *numbers: str) -> None:
    if deed == "end":
        (bus() / "delete_device").write_text(f"{ADDRESS:#04x}")
    elif deed == "begin":
        put_in(*map(int, numbers))
    else:
        percent, millivolts = map(int, numbers)
        write({CAPACITY: percent, VOLTAGE: millivolts})


if __name__ == "__main__":
    main(*sys.argv[1:])

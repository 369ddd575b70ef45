"""pyudev: which devices there are, what they say, and the kernel's word of every change.

The kernel's own events, not udevd's: they carry all that a power supply says, and come while udevd
is dead or not there at all. What udevd's rules add is read with the device, from its database.
"""

from __future__ import annotations

import os
import re
from typing import Any

import pyudev

from lockd.udev.sysfs import PREFIX, Device, port_feeds

SUBSYSTEMS = ("power_supply", "typec", "usb")
#: What divides the name of a part from that of the whole.
PARTS = {"typec": re.compile(r"[-.]"), "usb": re.compile(":")}
#: Beyond so many, somebody plays with the machine.
DEVICES_MAX = 32

Key = tuple[str, str]


def listen(context: Any) -> Any:
    """A monitor that receives from here on. OSError: this machine lets nobody listen."""
    monitor = pyudev.Monitor.from_netlink(context, "kernel")
    for subsystem in SUBSYSTEMS:
        monitor.filter_by(subsystem)
    monitor.start()
    return monitor


def names(context: Any, subsystems: tuple[str, ...]) -> list[Key]:
    """What there is, without asking a driver; not what is plugged into a USB-C port, nor a USB
    device's parts, nor a port whose driver tells of its voltage too, as a power supply."""
    found: list[Key] = []
    for subsystem in subsystems:
        for device in context.list_devices(subsystem=subsystem):
            twin = f"{os.path.dirname(os.path.dirname(device.sys_path))}/power_supply"
            if not part_of_another(subsystem, device.sys_name) and not (subsystem == "typec" and os.path.isdir(twin)):
                found.append((subsystem, device.sys_name))
    return found[:DEVICES_MAX]


def part_of_another(subsystem: str, name: str) -> bool:
    """port0-partner and port0.0 of port0, 1-1:1.0 of 1-1."""
    return whole(subsystem, name) != name


def whole(subsystem: str, name: str) -> str:
    """Of what it is a part, or itself."""
    return PARTS[subsystem].split(name, maxsplit=1)[0] if subsystem in PARTS else name


def read(context: Any, key: Key) -> Device | None:
    """Ask its driver, which may take long. None: it is gone, or about to go."""
    subsystem, name = key
    try:
        device = pyudev.Devices.from_name(context, subsystem, name)
        said = properties(device)
        if subsystem == "power_supply":  # what it is stands even where its driver cannot be asked
            said = {f"{PREFIX}NAME": name, f"{PREFIX}TYPE": _text(f"{device.sys_path}/type")} | said
        feeds = subsystem == "typec" and port_feeds(
            os.path.isdir(f"{device.sys_path}/{name}-partner"), _text(f"{device.sys_path}/power_role")
        )
        return Device(subsystem, name, device.device_path, said, feeds)
    except pyudev.DeviceNotFoundError:
        return None


def properties(device: Any) -> dict[str, str]:
    """All but those that are no text: a worn battery's serial number may be anything."""
    found: dict[str, str] = {}
    for name in device.properties:
        try:
            found[name] = device.properties[name]
        except (KeyError, UnicodeDecodeError):
            continue
    return found


def _text(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""

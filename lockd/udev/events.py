"""The kernel's events on the loop: no thread, no polling, and a flood of them costs little."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from lockd.udev import library
from lockd.udev.sysfs import Device
from lockd.value import Value

log = logging.getLogger("lockd.udev")

#: So many events are taken at a time, and then none for so many seconds: the loop has other work.
#: What the socket cannot hold meanwhile is lost, and the kernel says so.
BATCH = 32
REST_S = 0.025


class Change(Value):
    """Something happened to the device: add, change, remove …"""

    action: str
    device: Device


class Events:
    """`heard(changes, lost)` is called in the loop; lost: there were more than could be kept."""

    def __init__(self, monitor: Any, heard: Callable[[list[Change], bool], None]) -> None:
        self._monitor = monitor
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._listen()

    def close(self) -> None:
        """No more calls."""
        self._loop.remove_reader(self._monitor.fileno())
        if self._timer is not None:
            self._timer.cancel()

    def _listen(self) -> None:
        self._loop.add_reader(self._monitor.fileno(), self._readable)

    def _readable(self) -> None:
        self._loop.remove_reader(self._monitor.fileno())
        self._timer = self._loop.call_later(REST_S, self._listen)
        changes: list[Change] = []
        lost = False
        for _ in range(BATCH):
            try:
                device = self._monitor.poll(0)
            except (OSError, ValueError, MemoryError) as fault:  # full (ENOBUFS), or not what the kernel sends
                log.debug("an event of the kernel's was lost: %s", fault)
                lost = True
                continue
            if device is None:
                break
            changes.append(_change(device))
        self._heard(changes, lost)


def _change(device: Any) -> Change:
    seen = Device(str(device.subsystem), device.sys_name, device.device_path, library.properties(device))
    return Change(str(device.action), seen)

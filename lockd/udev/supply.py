"""Watches what feeds the lock: every supply at the start, then each as it changes; all again when asked.

What is read from drivers is read apart from the loop, each device by itself and never twice at a
time: a gauge that hangs keeps nobody waiting. udevd may be absent; what it would add is missing then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pyudev

from lockd.reading import Reading
from lockd.settings import PowerSettings
from lockd.udev import library
from lockd.udev.apart import apart
from lockd.udev.burst import Burst
from lockd.udev.events import Change, Events
from lockd.udev.library import Key
from lockd.udev.sysfs import PREFIX, Device, reading_of

log = logging.getLogger("lockd.udev")

#: A driver that has not answered by then is not waited for.
READ_S = 1.0
#: A new device is looked at so much later, when udevd's rules have had their say.
SETTLE_S = 0.3


class Watcher:
    """In the loop: `supply(reading)` for each supply that was read or has changed, and
    `all_read(names)` whenever all there are have been, with the names of those."""

    def __init__(
        self, context: Any, monitor: Any, settings: PowerSettings,
        supply: Callable[[Reading], None], all_read: Callable[[frozenset[str]], None],
    ) -> None:  # fmt: skip
        self._context = context
        self._settings = settings
        self._supply, self._all_read = supply, all_read
        self._loop = asyncio.get_running_loop()
        self._burst = Burst()
        self._known: dict[Key, Device] = {}
        self._reading: dict[Key, asyncio.Task[None]] = {}
        self._heard: dict[Key, int] = {}  # events while it is being read
        self._round: asyncio.Task[None] | None = None
        self._settling: asyncio.TimerHandle | None = None
        self._events = Events(monitor, self._changed) if monitor is not None else None
        self.read_all()

    def read_all(self) -> None:
        """Ask every driver. Who asks while that is being done gets the same answer."""
        if self._round is None:
            self._round = self._loop.create_task(self._read_all())
            self._round.add_done_callback(self._ended)

    def take(self, settings: PowerSettings) -> None:
        """Other rules from now on."""
        self._settings = settings
        self._settle()

    async def close(self) -> None:
        """No more calls. A driver that hangs goes on hanging in a thread that ends with the process."""
        if self._events is not None:
            self._events.close()
        if self._settling is not None:
            self._settling.cancel()
        tasks = [*self._reading.values(), *([self._round] if self._round is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # What the kernel tells ----------------------------------------------------------------------

    def _changed(self, changes: list[Change], lost: bool) -> None:
        for change in changes:
            self._take_in(change)
        self._tell()
        if lost:
            self._settle()

    @property
    def _subsystems(self) -> tuple[str, ...]:
        """No USB device is a supply by itself, only by a rule of the owner's."""
        return ("power_supply", "typec", *(("usb",) if self._settings.supplies else ()))

    def _take_in(self, change: Change) -> None:
        device = change.device
        if device.subsystem not in self._subsystems:
            return
        key = (device.subsystem, library.whole(device.subsystem, device.name))
        known = self._known.get(key)
        if key in self._reading:
            self._heard[key] += 1
        if device.name != key[1]:  # a partner, at a port
            self._part(change, key, known)
        elif change.action == "remove":
            self._gone(key)
            self._settle()
        elif known is None or change.action != "change":
            self._settle()
        elif f"{PREFIX}NAME" in device.properties:  # then all that it can say is there
            self._note(key, device)
        else:
            self._start(key)

    def _part(self, change: Change, key: Key, known: Device | None) -> None:
        """Something at a USB-C port, or of a USB device."""
        if known is None or known.subsystem != "typec":
            return
        if change.action == "remove" and change.device.name == f"{known.name}-partner":
            self._note(key, known.but(feeds=False))
        else:
            self._start(key)

    def _settle(self) -> None:
        """Read all before long, once for everything that happens until then."""
        if self._settling is None:
            self._settling = self._loop.call_later(SETTLE_S, self._settled)

    def _settled(self) -> None:
        self._settling = None
        if self._round is None:
            self.read_all()
        else:
            self._settle()

    # What is read ---------------------------------------------------------------------------------

    async def _read_all(self) -> None:
        keys = await apart(lambda: library.names(self._context, self._subsystems))
        for key in self._known.keys() - set(keys):
            self._gone(key)
        for key in keys:
            self._start(key)
        if tasks := [self._reading[key] for key in keys]:
            await asyncio.wait(tasks, timeout=READ_S)
        self._tell()
        readings = (self._judge(device) for device in self._known.values())
        self._round = None  # who asks from here on is not answered yet
        self._all_read(frozenset(reading.name for reading in readings if reading is not None))

    def _start(self, key: Key) -> None:
        if key not in self._reading:
            self._heard[key] = 0
            task = self._reading[key] = self._loop.create_task(self._read(key))
            task.add_done_callback(self._ended)

    async def _read(self, key: Key) -> None:
        """What was read before the last event may be older than what that said: read once more."""
        heard = -1
        try:
            while heard != self._heard[key]:
                heard = self._heard[key]
                device = await apart(lambda: library.read(self._context, key))
        finally:
            del self._reading[key], self._heard[key]
        if device is None:
            self._gone(key)
        else:
            self._note(key, device)
        self._tell()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            task.result()  # a mistake of ours is told to the loop's exception handler

    # What is told ---------------------------------------------------------------------------------

    def _note(self, key: Key, device: Device) -> None:
        device = self._known[key] = device.after(self._known.get(key))
        reading = self._judge(device)
        if reading is not None:
            self._burst.add(reading)

    def _gone(self, key: Key) -> None:
        known = self._known.pop(key, None)
        reading = self._judge(known) if known is not None else None
        if reading is not None:
            self._burst.add(Reading(reading.name, reading.source, False))

    def _judge(self, device: Device) -> Reading | None:
        return reading_of(device, self._settings)

    def _tell(self) -> None:
        for reading in self._burst.take():
            self._supply(reading)


async def begin(
    settings: PowerSettings, supply: Callable[[Reading], None], all_read: Callable[[frozenset[str]], None]
) -> Watcher:
    """Load libudev (which asks other programs where it is) and begin. ImportError: there is none."""
    context = await apart(pyudev.Context)
    try:
        monitor = await apart(lambda: library.listen(context))
    except OSError as fault:
        log.warning("the kernel's events cannot be heard (%s): supplies are read when they are needed only", fault)
        monitor = None
    return Watcher(context, monitor, settings, supply, all_read)

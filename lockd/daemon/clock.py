"""Both clocks, and what the wall clock is worth."""

from __future__ import annotations

import os
import time

from lockd import RELEASED
from lockd.core.instant import Instant
from lockd.core.snapshot import Snapshot
from lockd.settings import TimeSettings
from lockd.words import TimeState

#: systemd-timesyncd leaves this behind when it has set the clock in this boot.
NTP_DONE = "/run/systemd/timesync/synchronized"
#: 1 where the kernel took the time from a battery-backed clock.
RTC_USED = "/sys/class/rtc/rtc0/hctosys"
#: The row of the store's table `state` that keeps the owner's word for the rest of the boot.
OWNERS_TIME = "time"
#: A clock that has gone ahead or back by more than this was put.
PUT_S = 1.0
BOOT_ID = "/proc/sys/kernel/random/boot_id"


def boot_id() -> str:
    """The kernel's id of this boot; empty where it has none."""
    try:
        with open(BOOT_ID, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def _rtc_used() -> bool:
    try:
        with open(RTC_USED, encoding="utf-8") as file:
            return file.read().strip() == "1"
    except OSError:
        return False


class Clock:
    """`floor`: microseconds since 1970 that have surely passed (the newest record's time)."""

    def __init__(self, settings: TimeSettings, simulated: bool, floor: int = 0) -> None:
        self._automatic = settings.trust == "auto"
        self._rtc = self._automatic and _rtc_used()
        self._floor = max(floor, RELEASED)
        self._set_apart = 0  # the owner's word: microseconds ahead of the system's clock
        self._set_by_owner = False
        self.forced: TimeState | None = "Trusted" if simulated else None
        self._seen: tuple[float, TimeState] = (0.0, "Unknown")

    def now(self) -> Instant:
        """This moment."""
        wall = time.time_ns() // 1000 + self._set_apart
        return Instant(time.clock_gettime(time.CLOCK_BOOTTIME), wall, self._trust(wall))

    def changed(self) -> bool:
        """Whether it was put, or is worth more or less, since this was asked last."""
        at = self.now()
        before, self._seen = self._seen, (at.wall / 1_000_000 - at.mono, at.trust)
        return before[1] != at.trust or abs(before[0] - self._seen[0]) > PUT_S

    def apart(self, seconds: int) -> int:
        """Microseconds from the system's clock to the time that the owner says it is."""
        return seconds * 1_000_000 - time.time_ns() // 1000

    def set(self, apart: int) -> None:
        """The owner's word, trusted until the next boot."""
        self._set_apart = apart
        self._set_by_owner = True

    def remember(self, snapshot: Snapshot) -> None:
        """What the owner said earlier in this boot."""
        kept = snapshot.state.get(OWNERS_TIME)
        if kept is not None and snapshot.boot and kept.value["boot"] == snapshot.boot:
            self.set(int(kept.value["apart"]))

    def _trust(self, wall: int) -> TimeState:
        if wall < RELEASED:
            return "Unknown"
        if self.forced is not None:
            return self.forced
        if self._set_by_owner or (self._automatic and os.path.exists(NTP_DONE)):
            return "Trusted"
        if wall < self._floor:
            return "Unknown"  # a battery-backed clock may have stood still
        return "Trusted" if self._rtc else "Floor"

"""The lock's time zone, read when the first weekly schedule is there."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

log = logging.getLogger("lockd.zone")

#: The machine's own.
LOCAL = "/etc/localtime"


class Zone:
    """`name`: an IANA name; empty: the machine's own zone, as it is when it is first asked."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._found: tzinfo | None = None

    def __call__(self) -> tzinfo:
        """The zone; UTC, with a line in the log, where it cannot be read."""
        if self._found is None:
            self._found = self._read()
        return self._found

    def _read(self) -> tzinfo:
        from datetime import UTC
        from zoneinfo import ZoneInfo

        try:
            name = self._name or os.environ.get("TZ", "").lstrip(":")
            if name:
                return ZoneInfo(name)
            with open(LOCAL, "rb") as file:
                return ZoneInfo.from_file(file, LOCAL)
        except (OSError, ValueError, LookupError) as fault:
            log.error("schedules go by UTC, as the time zone cannot be read (package tzdata): %s", fault)
            return UTC

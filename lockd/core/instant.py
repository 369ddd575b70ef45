"""When something happened, on both clocks."""

from __future__ import annotations

from lockd.value import Value
from lockd.words import TimeState


class Instant(Value):
    """`mono`: seconds of CLOCK_BOOTTIME, for every delay. `wall`: microseconds since 1970, for
    records and timed rights only, worth what `trust` says."""

    mono: float
    wall: int
    trust: TimeState = "Unknown"

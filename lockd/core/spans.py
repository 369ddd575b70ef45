"""Windows of the calendar, from a moment to another."""

from __future__ import annotations

from lockd.value import Value
from lockd.words import OperatingMode


class Span(Value):
    """Seconds since 1970, the end outside."""

    start: int
    end: int

    def open(self, seconds: int) -> bool:
        """Whether it is open then."""
        return self.start <= seconds < self.end


class Holiday(Span):
    """While it lasts the lock has this mode."""

    mode: OperatingMode

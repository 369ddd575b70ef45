"""The emergency session: outside power feeds the lock because the battery cannot. It opens nothing."""

from __future__ import annotations

from lockd.value import Value
from lockd.words import PowerSource


class Ended(Value):
    """A session that is over. `seconds`: how long it was; `gained`: percent that the battery took in
    it, None where nobody knows; `throws`: done in it."""

    power: PowerSource
    seconds: int
    throws: int
    gained: float | None


class Session:
    """`source`: what it began with; None: there is none. Times: mono seconds."""

    def __init__(self) -> None:
        self.source: PowerSource | None = None
        self.throws = 0
        self.away_since: float | None = None
        self._since = 0.0
        self._percent: float | None = None

    def begin(self, source: PowerSource, percent: float | None, at: float) -> None:
        """Outside power has come."""
        self.source, self._percent, self._since = source, percent, at
        self.throws, self.away_since = 0, None

    def feel(self, there: bool, at: float) -> None:
        """Whether its source is there; it may be away for a moment."""
        if there:
            self.away_since = None
        elif self.away_since is None:
            self.away_since = at

    def gone(self, at: float, limit_s: float) -> bool:
        """Whether its source has been away for longer than a moment."""
        return self.away_since is not None and at >= self.away_since + limit_s

    def end(self, percent: float | None, at: float) -> Ended:
        """It is over: its source has gone, or is needed no more."""
        assert self.source is not None
        gained = percent - self._percent if percent is not None and self._percent is not None else None
        until = self.away_since if self.away_since is not None else at
        ended = Ended(self.source, round(until - self._since), self.throws, gained)
        self.source = self.away_since = None
        return ended

"""The emergency session: outside power feeds the lock because the battery cannot. It opens nothing."""

from __future__ import annotations

from lockd.value import Value
from lockd.words import PowerSource

HOUR_S = 3600.0


class Ended(Value):
    """A session that is over. `seconds`: how long it was; `throws`: done in it; `gained`: percent that the
    battery took in it; `watt_hours`: what its source gave, else what the battery took; None where nobody knows."""

    power: PowerSource
    seconds: int
    throws: int
    gained: float | None
    watt_hours: float | None


class Session:
    """`source`: what it began with; None: there is none. Times: mono seconds."""

    def __init__(self) -> None:
        self.source: PowerSource | None = None
        self.throws = 0
        self.away_since: float | None = None
        self._since = 0.0
        self._held: tuple[float | None, float | None] = (None, None)
        self._watts: float | None = None
        self._drawn_at = 0.0
        self._drawn: float | None = None

    def begin(self, source: PowerSource, percent: float | None, watt_hours: float | None, at: float) -> None:
        """Outside power has come. `percent`, `watt_hours`: what the battery holds."""
        self.source, self._held, self._since = source, (percent, watt_hours), at
        self.throws, self.away_since = 0, None
        self._watts = self._drawn = None

    def draw(self, watts: float | None, at: float) -> None:
        """What its source gives from here on; None: nobody measures that, or it is away."""
        if self._watts is not None:
            self._drawn = (self._drawn or 0.0) + self._watts * (at - self._drawn_at) / HOUR_S
        self._watts, self._drawn_at = watts, at

    def feel(self, there: bool, at: float) -> None:
        """Whether its source is there; it may be away for a moment."""
        if there:
            self.away_since = None
        elif self.away_since is None:
            self.away_since = at

    def gone(self, at: float, limit_s: float) -> bool:
        """Whether its source has been away for longer than a moment."""
        return self.away_since is not None and at >= self.away_since + limit_s

    def end(self, percent: float | None, watt_hours: float | None, at: float) -> Ended:
        """It is over: its source has gone, or is needed no more."""
        assert self.source is not None
        self.draw(None, at)
        gained, taken = (_more(then, now) for then, now in zip(self._held, (percent, watt_hours), strict=True))
        until = self.away_since if self.away_since is not None else at
        energy = self._drawn if self._drawn is not None else taken
        told = round(energy, 3) if energy is not None else None
        ended = Ended(self.source, round(until - self._since), self.throws, gained, told)
        self.source = self.away_since = None
        return ended


def _more(then: float | None, now: float | None) -> float | None:
    return now - then if then is not None and now is not None else None

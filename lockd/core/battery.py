"""One battery's gauge: levels that do not flutter, and what it says left out where it cannot be."""

from __future__ import annotations

from math import isfinite

from lockd.reading import Reading
from lockd.settings import PowerSettings
from lockd.words import BatteryLevel

PERCENT_BACK, VOLTS_BACK = 3.0, 0.1  #: a level is left upwards only this far above its limit
MOST_VOLTS, MOST_WATT_HOURS = 60.0, 10_000.0  #: no battery of a lock has more
JUMP, JUMP_S = 40.0, 10.0  #: percent that no battery loses between two readings, nor gains so soon without a charger
FALL = 5.0  #: percent; a fall to dead by more than this has to be borne out, as it keeps people out
BORNE_OUT = 0.05  #: volts that changed by this part bear such a jump out
CONFIRMED = 2  #: further readings that have to say the same
EMPTY_S = 3.0  #: so long they have to say nothing at the start: so says a gauge that has not measured yet
NO_SAG = 0.25  #: on less than this part of them lockd would not run to read it
SAGGED = 0.6  #: a motor stalls on this part of the volts at rest, where nobody set what a dead battery has
BROWNED_S = 300.0  #: a battery that gave way has rested after this long, and may be tried once more

#: From empty to full; an unknown one may yet serve, which a dead one does not.
ORDER: tuple[BatteryLevel, ...] = ("Dead", "Unknown", "Critical", "Low", "Ok")


def sane(value: float | None, least: float, most: float) -> float | None:
    """The value if it can be, else None."""
    return value if value is not None and isfinite(value) and least <= value <= most else None


def judge(
    level: BatteryLevel, value: float, limits: tuple[float | None, float | None, float | None], back: float
) -> BatteryLevel:
    """The level of this value after that level. `limits`: below which it is low, critical, dead."""
    low, critical, dead = limits
    bars: tuple[tuple[BatteryLevel, float | None], ...] = (("Dead", dead), ("Critical", critical), ("Low", low))
    for worse, limit in bars:
        stuck = level != "Unknown" and ORDER.index(level) <= ORDER.index(worse)
        if limit is not None and value < (limit + back if stuck else limit):
            return worse
    return "Ok"


class Battery:
    """`percent`, `volts`, `watt_hours`: the last believable ones at rest; `browned_out`: the volts at rest from which a
    throw did not end, until it has more of them, is charged, or `rested_at`; `read_at`: when it was read last,
    whatever it said. Times: mono seconds."""

    def __init__(self) -> None:
        self.present = False
        self.percent: float | None = None
        self.volts: float | None = None
        self.load_volts: float | None = None
        self.charging = False
        self.watt_hours: float | None = None
        self.browned_out: float | None = None
        self.rested_at: float | None = None
        self.read_at = float("-inf")
        self._level: BatteryLevel = "Unknown"
        self._claim: float | None = None
        self._claims = 0
        self._claimed_at = 0.0
        self._believed_at = float("-inf")

    @property
    def doubtful(self) -> bool:
        """Whether what it says now has still to be confirmed."""
        return self._claim is not None

    @property
    def blank(self) -> bool:
        """Whether it has said 0 % and nothing else so far: it is dead, or its gauge has not measured yet."""
        return self.doubtful and self.percent is None

    @property
    def known(self) -> bool:
        """Whether it has said anything that is worth keeping."""
        return self.percent is not None or self.volts is not None

    @property
    def level(self) -> BatteryLevel:
        """Unknown while it is in doubt."""
        return "Unknown" if self.doubtful else self._level

    def read(self, reading: Reading, settings: PowerSettings, at: float, loaded: bool, charger: bool) -> None:
        """A new reading. `loaded`: the motor runs, so that it tells of the volts under load alone, if
        anything is known about it at rest. `charger`: outside power may explain a jump."""
        percent, volts = sane(reading.percent, 0, 100), sane(reading.volts, 0.001, MOST_VOLTS)
        self.read_at, self.present, self.charging = at, reading.present, reading.charging
        if not reading.present:
            self.forget()
        elif loaded and self._level != "Unknown":
            self._sag(volts, settings, at)
        elif self._believes(percent, volts, settings, at, charger or reading.charging):
            self.percent, self.volts, self._believed_at = percent, volts, at
            self.watt_hours = sane(reading.watt_hours, 0, MOST_WATT_HOURS)
            self._rested()
            self.review(settings)

    def review(self, settings: PowerSettings) -> None:
        """The level that follows from what is known, by these limits."""
        p, back = settings, 0.0 if self.charging else 1.0
        if self.percent is not None:
            limits = (p.low_percent, p.critical_percent, p.dead_percent)
            self._level = judge(self._level, self.percent, limits, PERCENT_BACK * back)
        elif self.volts is not None and (p.low_volts, p.critical_volts, p.dead_volts) != (None, None, None):
            limits_v = (p.low_volts, p.critical_volts, p.dead_volts)
            self._level = judge(self._level, self.volts, limits_v, VOLTS_BACK * back)
        else:
            self._level = "Unknown"

    def forget(self) -> None:
        """It is away, or has said nothing for too long."""
        self.percent = self.volts = self.watt_hours = self._claim = None
        self.rest()
        self._level = "Unknown"

    def rest(self) -> None:
        """It need not give way again: it has rested, or is another one."""
        self.load_volts = self.browned_out = self.rested_at = None

    def sags_away(self, settings: PowerSettings) -> bool:
        """Whether it gives too little under the load that it has now."""
        if self.load_volts is None:
            return False
        if settings.dead_volts is not None:
            return self.load_volts < settings.dead_volts
        return self.volts is not None and self.load_volts < SAGGED * self.volts

    def _sag(self, volts: float | None, settings: PowerSettings, at: float) -> None:
        if volts is None or volts < NO_SAG * (self.volts or 0.0):
            return
        self.load_volts = volts
        if self.sags_away(settings):
            self.browned_out, self.rested_at = self.volts, at + BROWNED_S

    def _rested(self) -> None:
        """What failed at these volts will soon fail at them again, and need not with more."""
        self.load_volts = None
        recovered = self.charging or (
            self.browned_out is not None and self.volts is not None and self.volts >= self.browned_out + VOLTS_BACK
        )
        if recovered:
            self.rest()

    def _believes(
        self, percent: float | None, volts: float | None, settings: PowerSettings, at: float, charger: bool
    ) -> bool:
        """A jump that nothing explains is believed when it has been said often enough; so is nothing at the start,
        when it has been said for long enough too."""
        may_rise = charger or at - self._believed_at > JUMP_S
        empty = self.percent is None and percent == 0 and not _flat(volts, settings)
        jumps = percent is not None and self._jumps(percent, settings, may_rise) and not self._borne_out(percent, volts)
        if percent is None or not (empty or jumps):
            self._claim, self._claims = None, 0
            return True
        before = self._claim
        if before is None or abs(percent - before) > JUMP / 4:
            self._claims, self._claimed_at = 0, at
        else:
            self._claims += 1
        self._claim = percent
        if self._claims < CONFIRMED or (empty and at - self._claimed_at < EMPTY_S):
            return False
        self._claim, self._claims = None, 0
        return True

    def _jumps(self, percent: float, settings: PowerSettings, may_rise: bool) -> bool:
        if self.percent is None:
            return False
        if percent >= self.percent:
            return percent - self.percent > JUMP and not may_rise
        dies = percent < settings.dead_percent and self._level != "Dead"
        return self.percent - percent > (FALL if dies else JUMP)

    def _borne_out(self, percent: float, volts: float | None) -> bool:
        """Whether the volts went the same way as the percentage that is known."""
        if volts is None or self.volts is None or self.percent is None:
            return False
        return abs(volts - self.volts) >= BORNE_OUT * self.volts and (volts > self.volts) == (percent > self.percent)


def _flat(volts: float | None, settings: PowerSettings) -> bool:
    """Whether the volts alone say that the battery is dead."""
    return volts is not None and settings.dead_volts is not None and volts < settings.dead_volts

"""Warnings before the battery is empty: weeks ahead, at each level, and again at each use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockd.core.battery import ORDER
from lockd.core.effects import Effect, Show
from lockd.core.energy import DAY_S
from lockd.core.instant import Instant
from lockd.core.lockout import RECURRING_S, Trickle
from lockd.core.parts import Parts
from lockd.words import Alarm, BatteryLevel, Sign

LEFT_CRITICAL = 75  #: throws that seem to be left at the warning before the last: fifty are, though a third be wrong

ALARMS: dict[Sign, Alarm] = {"battery-low": "BatteryLow", "battery-critical": "BatteryCritical"}


class Warnings:
    """One missed alert is the usual failure: the sign comes with every use, the record at each level,
    and at a use once a day."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._level: BatteryLevel = "Ok"
        self._told_at: dict[Sign, float] = {}
        self._alarms = Trickle(RECURRING_S)

    def follow(self, effects: Sequence[Effect], at: Instant) -> Iterator[Effect]:
        """What is to be said now. `effects`: of this turn, where a bolt that was drawn is a use."""
        supply = self.parts.feed.supply
        level = supply.level
        if level == "Unknown" or supply.source != "Battery":
            return
        sign = self._sign(level)
        fell = ORDER.index(level) < ORDER.index(self._level)
        self._level = level
        if sign is None:
            return
        used = Show("granted") in effects
        if used:
            yield Show(sign)
        again = used and at.mono - self._told_at.get(sign, at.mono) >= DAY_S
        if level != "Dead" and (fell or again or sign not in self._told_at):
            self._told_at[sign] = at.mono
            untold = self._alarms.take(at.mono)
            yield from self._alarm(ALARMS[sign], untold, at) if untold is not None else ()

    def _sign(self, level: BatteryLevel) -> Sign | None:
        estimate = self.parts.feed.estimate
        if level in ("Critical", "Dead") or (estimate is not None and estimate.usual < LEFT_CRITICAL):
            return "battery-critical"
        soon = estimate is not None and estimate.days < self.parts.settings.power.warn_days
        return "battery-low" if level == "Low" or soon else None

    def _alarm(self, alarm: Alarm, untold: int, at: Instant) -> Iterator[Effect]:
        feed = self.parts.feed
        battery, estimate = feed.supply.battery, feed.estimate
        return self.parts.alarm(
            alarm, at, level=feed.supply.level, percent=feed.supply.percent, volts=battery and battery.volts,
            remaining=estimate and estimate.low, days=estimate and estimate.days, count=untold,
        )  # fmt: skip

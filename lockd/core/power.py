"""What follows from power that comes, goes, runs down or is not what it should be.

It never moves the bolt: it stops the motor where it cannot go on, begins and ends the emergency
session, warns, spares, and says what is. Everything is found by looking at the whole after each
event (`follow`), so that no order of events can be the wrong one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import floor
from typing import Any

from lockd.core.battery import Battery
from lockd.core.effects import Changed, DriveBolt, Effect, Entry, Publish, ReadSupplies, Show, Spare, StopBolt
from lockd.core.energy import DAY_S
from lockd.core.entries import system_entry
from lockd.core.events import SuppliesRead, SupplyRead
from lockd.core.instant import Instant
from lockd.core.lockout import Recurring, Trickle
from lockd.core.parts import Parts
from lockd.core.port import BROUGHT, Port
from lockd.core.throws import Throws
from lockd.core.together import phone_alone
from lockd.core.warning import Warnings
from lockd.errors import InsufficientBattery
from lockd.words import Direction, PortFault, PowerSource, Service

INTERFACE = "org.lockd1.Power"
FRESH_S = 2.0  #: a reading this young is not asked for again
RECOVERED_S = 1.0  #: a battery has recovered from a throw, and shows what the throw took
#: A doubtful reading is asked for again after this long, then after twice as long, and so on, so often in a row.
CONFIRM_S, CONFIRM_MOST = 0.2, 5
DOUBT_S = 600.0  #: a battery that runs low is read this often when it says nothing by itself
DOUBT_PERCENT = 5.0
PERCENT_FRESH_S = 60.0  #: what a throw takes is the difference to a reading that is not older

WITHOUT_WEAK: frozenset[Service] = frozenset({"bus", "phones", "buzzer", "key-tones"})
CHARGE_FIRST = (
    "The battery is {level}, and what is left is kept for opening: charge it, or plug in a power bank, and then"
    " manage users and settings."
)


class Power:
    """One decider beside Guard and Throws."""

    def __init__(self, parts: Parts, throws: Throws, at: Instant) -> None:
        self.parts = parts
        self.throws = throws
        self.feed = parts.feed
        self.spared: frozenset[Service] = frozenset()
        self._warnings = Warnings(parts)
        self._faults = Recurring()
        self._fault_signs = Trickle()
        self._sessions = Recurring()
        self._losses = Recurring()
        self._quiet = False  # a session goes on that is told of when it is sure that the battery is dead
        self._gauged: Battery | None = None  # which battery the energy is measured of
        self._asked_at = float("-inf")
        self._confirmations = 0
        self._reread_at: float | None = None
        self._moving: Direction | None = None
        self._short_since: float | None = None
        self._told_lost = False
        self._returns = False  # whether it is worth a record that the power is back
        self._told = self.properties(at)

    # What can be asked --------------------------------------------------------------------------

    def properties(self, at: Instant) -> dict[str, Any]:
        """org.lockd1.Power, as it is now; None: unknown."""
        supply, estimate = self.feed.supply, self.feed.estimate
        feeder = supply.feeder
        return {
            "Source": supply.source,
            "BatteryLevel": supply.level,
            "BatteryPercent": supply.percent,
            "Voltage": feeder.volts if feeder else None,
            "ReadingAge": floor(at.mono - feeder.read_at) if feeder else None,
            "RemainingOperations": estimate.low if estimate else None,
            "RemainingOperationsMost": estimate.high if estimate else None,
            "RemainingDays": estimate.days if estimate else None,
            "SessionActive": self.feed.session.source is not None,
            "DrillOverdue": any(self.parts.ways.overdue(way, at) for way in self.parts.ways.there),
            **self._spent(),
        }

    def _spent(self) -> dict[str, Any]:
        """What the motor and the battery have done so far."""
        energy = self.feed.energy
        pace = energy.pace
        return {
            "Throws": energy.throws,
            "MotorSeconds": floor(energy.duty_s),
            "ThrowsPerDay": round(pace[0], 1) if pace else None,
            "DrainPerDay": round(pace[1], 2) if pace else None,
        }

    @property
    def management_refusal(self) -> InsufficientBattery | None:
        """Why nothing may be managed now; None: it may."""
        level = self.feed.supply.level
        if level not in ("Critical", "Dead") or self.feed.strong:
            return None
        return InsufficientBattery(CHARGE_FIRST.format(level=level.lower()), "charge-first")

    @property
    def deadlines(self) -> Iterator[float | None]:
        """When something is due, in mono seconds."""
        feed = self.feed
        yield from feed.supply.deadlines
        yield self._reread_at
        yield self._next_look()
        if feed.session.away_since is not None:
            yield feed.session.away_since + feed.settings.power.unplugged_s
        yield self._lost_at()
        yield from (self._sessions.deadline, self._losses.deadline, self._faults.deadline)
        if feed.energy.unsaved_since is not None:
            yield feed.energy.unsaved_since + DAY_S

    def _next_look(self) -> float | None:
        """When supplies are read though nobody comes: seldom, and less so while all is well."""
        supply, rest = self.feed.supply, self.feed.settings.power.stale_s / 2
        port = supply.port_read_at
        looks = (self._battery_look(rest), max(port, self._asked_at) + rest if port is not None else None)
        return min((each for each in looks if each is not None), default=None)

    def _battery_look(self, rest: float) -> float | None:
        battery, power = self.feed.supply.battery, self.feed.settings.power
        if battery is None:
            return None
        if battery.doubtful and self._confirmations < CONFIRM_MOST:
            return max(battery.read_at, self._asked_at) + CONFIRM_S * (1 << self._confirmations)
        low = battery.level != "Ok" or (battery.percent or 100.0) < power.low_percent + DOUBT_PERCENT
        return max(battery.read_at, self._asked_at) + min(DOUBT_S if low else float("inf"), rest)

    # What happens -------------------------------------------------------------------------------

    def read(self, event: SupplyRead, at: Instant) -> Iterator[Effect]:
        """One supply says something about itself."""
        feed, loaded = self.feed, self.parts.driven
        feed.supply.read(event.reading, at.mono, loaded)
        battery = feed.supply.battery
        if battery is not self._gauged:
            self._gauged = battery
            feed.energy.rested(None, False, at.mono)  # what one has is not measured against another
        if battery is not None and battery is feed.supply.batteries.get(event.reading.name):
            drawing = feed.supply.source == "Battery" and not battery.charging
            if loaded:
                feed.energy.loaded(battery.load_volts)
            elif not battery.doubtful:
                feed.energy.rested(battery.percent, drawing, at.mono)
                if at.trust != "Unknown":
                    feed.energy.sample(battery.percent, battery.volts, at.mono, at.wall)
            self._confirmations = self._confirmations if battery.doubtful else 0
        feed.weigh()
        yield from ()

    def read_all(self, event: SuppliesRead, at: Instant) -> Iterator[Effect]:
        """What was not read is not there."""
        self.feed.supply.keep(event.names, at.mono)
        self.feed.weigh()
        yield from ()

    def look(self, at: Instant) -> Iterator[Effect]:
        """Somebody wants something: is what we know still true?"""
        known = self.feed.supply.read_at
        if known != float("-inf") and at.mono - max(known, self._asked_at) > FRESH_S:
            yield self._ask(at)

    def tick(self, at: Instant) -> Iterator[Effect]:
        """Time has passed."""
        if self.feed.supply.tick(at.mono):
            self.feed.weigh()
        due = [each for each in (self._reread_at, self._next_look()) if each is not None and each <= at.mono]
        if due:
            battery = self.feed.supply.battery
            self._confirmations += battery is not None and battery.doubtful
            self._reread_at = None
            yield self._ask(at)
        unsaved = self.feed.energy.unsaved_since
        if unsaved is not None and unsaved + DAY_S <= at.mono:
            yield self._save(at)

    def _ask(self, at: Instant) -> Effect:
        self._asked_at = at.mono
        return ReadSupplies()

    def _save(self, at: Instant) -> Effect:
        """Once a day, where no throw has done it."""
        supply, battery = self.feed.supply, self.feed.supply.battery
        entry = system_entry(
            "battery", at, level=supply.level, percent=supply.percent,
            volts=battery and battery.volts, throws=self.feed.energy.throws,
        )  # fmt: skip
        return self.parts.record(entry, at, self.feed.energy.rows())

    # What follows -------------------------------------------------------------------------------

    def follow(self, done: Sequence[Effect], at: Instant) -> Iterator[Effect]:
        """All that has to follow from how it is now. `done`: what was decided in this turn."""
        asked = [*self._motor(done, at)]
        faults = [*self._port(at)]  # a contact that has come to rest is one that the rest may go by
        session = [*self._session(at)]
        stopped = [*self._lack(at)]
        yield from (*stopped, *self._motor(stopped, at), *asked, *self._spare(), *session, *faults)
        yield from self._warnings.follow(done, at)
        yield from self._tell(at)
        self._moving = self.parts.bolt.direction

    def _motor(self, effects: Sequence[Effect], at: Instant) -> Iterator[Effect]:
        """What the motor takes, by the effects that drive it."""
        for effect in effects:
            if isinstance(effect, DriveBolt) and self.parts.draws(effect.direction):
                yield from self._driven(effect.direction, at)
            elif isinstance(effect, (DriveBolt, StopBolt)) and self.parts.driven:
                self.parts.driven = False
                self.feed.energy.stopped(at.mono)
                self._reread_at = at.mono + RECOVERED_S if self.feed.supply.battery is not None else None

    def _driven(self, direction: Direction, at: Instant) -> Iterator[Effect]:
        feed, battery = self.feed, self.feed.supply.battery
        retry = direction == self._moving
        self.parts.driven = True
        feed.throw_source = feed.supply.source
        feed.session.throws += not retry
        fresh = battery is not None and at.mono - battery.read_at <= PERCENT_FRESH_S
        percent = battery.percent if battery is not None and fresh else None
        feed.energy.driven(percent, battery.volts if battery else None, retry, at.mono)
        return self.look(at)

    def _session(self, at: Instant) -> Iterator[Effect]:
        """Outside power feeds the lock because the battery cannot, or no longer does."""
        supply, session = self.feed.supply, self.feed.session
        ports = supply.feeding
        if session.source is not None:
            there = [port for port in ports if port.source == session.source]
            session.feel(bool(there), at.mono)
            session.draw(next((port.watts for port in there if port.watts is not None), None), at.mono)
            limit = self.feed.settings.power.unplugged_s
            mistaken = self._quiet and not self._needed(session.source)
            if session.gone(at.mono, limit) or supply.level == "Ok" or mistaken:
                yield from self._ended(at)
                if supply.level == "Ok":
                    self._relock(at)  # it may have been left open for want of energy
        if session.source is None and ports and self._needed(ports[0].source):
            session.begin(ports[0].source, supply.percent, supply.watt_hours, at.mono)
            session.draw(ports[0].watts, at.mono)
            self._quiet = True
        if self._quiet and not supply.blank:
            self._quiet = False
            yield from self._attached(self._sessions.begin(at.mono), at)
            yield Show("emergency")
        yield from self._attached(self._sessions.late(at.mono), at)

    def _attached(self, untold: int | None, at: Instant) -> Iterator[Effect]:
        """A session goes on. `untold`: how many were not recorded before; None: nor is this one, now."""
        if untold is not None:
            power, level = self.feed.session.source, self.feed.supply.level
            yield from self.parts.alarm("EmergencyPowerAttached", at, power=power, level=level, count=untold)

    def _needed(self, source: PowerSource) -> bool:
        """Whether the battery cannot serve. A lock that has none lives on mains; of one that nobody measures it
        is said by what is brought."""
        supply = self.feed.supply
        said = (supply.absent and source != "Mains") or (supply.unmeasured and source in BROUGHT)
        return supply.level == "Dead" or supply.blank or said

    def _ended(self, at: Instant) -> Iterator[Effect]:
        supply = self.feed.supply
        ended = self.feed.session.end(supply.percent, supply.watt_hours, at.mono)
        told = self._sessions.end() and not self._quiet
        self._quiet = False
        if not self._told_lost and self.parts.shortage is not None:
            # That record says that the power has gone; no alarm has to.
            self._told_lost, self._returns = True, told
        if told or ended.throws:
            yield self.parts.record(system_entry(
                "session-ended", at, power=ended.power, level=supply.level, seconds=ended.seconds, throws=ended.throws,
                percent=ended.gained, watt_hours=ended.watt_hours,
            ), at)  # fmt: skip

    def _lack(self, at: Instant) -> Iterator[Effect]:
        """Power that no longer carries a throw, or does again."""
        if self.parts.shortage is None:
            was_short, self._short_since = self._short_since is not None, None
            if self._told_lost:
                yield from self._returned(at)
            elif was_short and not self.parts.autolock.due and self.throws.relocks_anew():
                self._relock(at)  # it may have fallen due in that moment
            return
        if self._short_since is None:
            self._short_since = at.mono
            yield from self.throws.power_gone(at)
        due = self._lost_at()
        if not self._told_lost and (self.throws.cut is not None or (due is not None and due <= at.mono)):
            self._told_lost = True
            untold = self._losses.begin(at.mono)
            self._returns = untold is not None
        else:
            untold = self._losses.late(at.mono)
            self._returns = self._returns or untold is not None
        if untold is not None:
            yield from self.parts.alarm("PowerLost", at, level=self.feed.supply.level, count=untold)

    def _lost_at(self) -> float | None:
        """When the power has been away for so long that it is told; in a session its end says so."""
        if self._short_since is None or self._told_lost or self.feed.session.source is not None:
            return None
        return self._short_since + self.feed.settings.power.unplugged_s

    def _returned(self, at: Instant) -> Iterator[Effect]:
        """Say what it was doing; who wants it done asks anew."""
        self._told_lost = False
        self._losses.end()
        cut, self.throws.cut = self.throws.cut, None
        if cut is not None or (self._returns and self.feed.session.source is None):
            doing = self.parts.doing(cut) if cut is not None else {}
            yield self.parts.record(system_entry("power-returned", at, power=self.feed.supply.source, **doing), at)
        self._relock(at)  # the last one may have come to nothing for want of power
        if self.feed.session.source is None:
            yield Show("ready")
        elif cut is not None and self.feed.session.throws:  # a session that has just begun says so itself
            yield Show("emergency")

    def _relock(self, at: Instant) -> None:
        """A bolt that is still in gets its delay once more, whole."""
        if self.parts.bolt.state == "Unlocked":
            self.parts.relock_anew(at)

    def _port(self, at: Instant) -> Iterator[Effect]:
        """What is wrong with outside power; a contact that never rests gets so many records and signs, then a count."""
        supply = self.feed.supply
        for port, fault in supply.faults(at.mono):
            yield from self._wrong(port, fault, self._faults.begin(at.mono), at)
            if self._fault_signs.take(at.mono) is not None:
                yield Show("power-fault")
        late = supply.untold
        if late is None:
            self._faults.end()
        else:
            yield from self._wrong(*late, self._faults.late(at.mono), at)

    def _wrong(self, port: Port, fault: PortFault, untold: int | None, at: Instant) -> Iterator[Effect]:
        """`untold`: how many were not recorded before; None: nor is this one, until there is room for it."""
        port.recorded = untold is not None
        if port.recorded:
            more = {"power": port.source, "volts": port.volts, "count": untold}
            yield from self.parts.alarm("EmergencyPowerFault", at, fault, **more)

    def _spare(self) -> Iterator[Effect]:
        """What sleeps, so that the bolt may move."""
        wanted: frozenset[Service] = frozenset()
        if self.feed.weak:
            wanted = WITHOUT_WEAK
        elif self.management_refusal is not None:
            wanted = frozenset(self.feed.settings.power.sleep)
            if self.parts.shortage is None and phone_alone(self.parts.registry.people):
                wanted -= {"phones"}  # the lock still opens, and for some by nothing else
        if wanted != self.spared:
            self.spared = wanted
            yield Spare(wanted)

    def _tell(self, at: Instant) -> Iterator[Effect]:
        """Of new values, and with a signal of those that matter."""
        before, now = self._told, self.properties(at)
        self._told = now
        news = {name: value for name, value in now.items() if value != before[name] and name not in UNTOLD}
        if news:
            yield Changed(news, INTERFACE)
        if news.keys() & {"Source", "BatteryLevel", "SessionActive"}:
            fields = {name: now[key] for name, key in SIGNALLED.items() if now[key] is not None}
            yield Publish(Entry("PowerChange", at.wall, fields), 0)


#: Properties that change all the time, or with each throw, and are worth no signal.
UNTOLD = frozenset({"ReadingAge", "Throws", "MotorSeconds", "ThrowsPerDay", "DrainPerDay"})
#: Fields of the signal PowerChange, and the properties that they are.
SIGNALLED = {
    "source": "Source", "level": "BatteryLevel", "percent": "BatteryPercent", "voltage": "Voltage",
    "session": "SessionActive",
}  # fmt: skip

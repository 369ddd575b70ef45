"""The lock: events in, effects out, one deadline asked for.

`handle(event, at)` decides everything; nothing in this package waits, reads a clock or touches
the world. The way of an operation: asked (guard) -> recorded -> bolt -> contact -> outcome (throws).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from lockd.codes import Window
from lockd.core.calendar import utc
from lockd.core.codes import Codes
from lockd.core.contacts import Contacts
from lockd.core.effects import Changed, Drop, Effect, Show
from lockd.core.entries import (
    Operation,
    alarm_entry,
    operation_entry,
    reply,
    storage_failure,
    system_entry,
    telling,
)  # fmt: skip
from lockd.core.events import (
    ClockChanged,
    CodesSet,
    CredentialCleared,
    CredentialSet,
    Denied,
    DrillAsked,
    EffectFailed,
    EnterPressed,
    Event,
    LineTyped,
    Noted,
    OperationAsked,
    ProgrammingLeft,
    PropertySet,
    Recorded,
    ResetAsked,
    ScheduleCleared,
    ScheduleSet,
    Sensed,
    SettingsLoaded,
    Started,
    SuppliesRead,
    SupplyRead,
    UserCleared,
    UserSet,
)  # fmt: skip
from lockd.core.guard import Guard
from lockd.core.instant import Instant
from lockd.core.parts import Parts
from lockd.core.people import People
from lockd.core.power import Power
from lockd.core.registry import Change
from lockd.core.snapshot import Kept, Snapshot
from lockd.core.throws import RELOCK, Throws
from lockd.errors import LockdError, NotFound
from lockd.settings import Settings
from lockd.words import Contact, Fault, LockState, Service, Source

if TYPE_CHECKING:
    from datetime import tzinfo

    from lockd.core.programming import Asked


class Lock:
    """One lock. `contacts`: the levels of all that are wired, read after the pins were claimed. `zone`:
    gives the time zone of schedules."""

    def __init__(
        self, settings: Settings, snapshot: Snapshot, contacts: Mapping[Contact, bool], at: Instant,
        zone: Callable[[], tzinfo] = utc,
    ) -> None:  # fmt: skip
        self.parts = Parts(settings, snapshot, contacts, at, zone)
        self.throws = Throws(self.parts, snapshot)
        self._power = Power(self.parts, self.throws, at)
        self.guard = Guard(self.parts, self.throws, snapshot, at, lambda: self.management_refusal)
        self._contacts = Contacts(self.parts, self.throws)
        self._snapshot = snapshot.but(users={}, credentials={}, schedules={})  # People has made what it needs of them
        self._told_failing = False
        self._policy = self.parts.relock_policy()
        self._told = self.properties(at)

    # What can be asked ------------------------------------------------------------------------

    @property
    def people(self) -> People:
        """Everybody."""
        return self.parts.registry.people

    @property
    def codes(self) -> Codes:
        """Those granted from afar."""
        return self.parts.registry.codes

    def code_windows(self, at: Instant) -> tuple[Window, ...]:
        """What a typed code is to be compared with now, at most codes.MOST."""
        return self.guard.windows(at)

    @property
    def lock_state(self) -> LockState:
        """What the contacts say."""
        return "Unlatched" if self.throws.latch_until is not None else self.parts.bolt.lock_state

    @property
    def fault(self) -> Fault:
        """What keeps the bolt from being moved, else what is wrong with it."""
        if self.parts.actuator_fault:
            return "ActuatorDisabled"
        return self.parts.bolt.fault if self.parts.shortage is None else "PowerLost"

    def properties(self, at: Instant) -> dict[str, Any]:
        """org.lockd1.Lock, as it is now."""
        return {
            "LockState": self.lock_state,
            "Motion": self.throws.motion,
            "Fault": self.fault,
            "DoorState": self.parts.door.state,
            "ActuatorEnabled": not self.parts.actuator_fault,
            **self.parts.registry.properties,
            "OperatingMode": self.parts.registry.mode,
            "LockoutRemaining": self.guard.longest(at),
        }

    def lockout_remaining(self, source: Source, at: Instant) -> int:
        """Whole seconds that this source has to wait, rounded up; 0: none."""
        return self.guard.remaining(source, at)

    def degraded(self) -> tuple[str, ...]:
        """What does not work now, a line each."""
        lines = [f"store: {line}" for line in self._snapshot.damaged]
        if self._snapshot.rolled_back:
            lines.append("store: an older copy was put back; what came after it is missing")
        if self._snapshot.incomplete:
            lines.append("store: what is missing may have been a rule: PINs that can be used up have to be set anew")
        if self.codes.lost:
            lines.append("codes: what is missing may have been a use, so the issuing key was given up: make a new one")
        if self.parts.trail.failing:
            lines.append("store: records cannot be written; codes without a limit of use still open")
        if self.parts.actuator_fault:
            lines.append(f"motor: {self.parts.actuator_fault}")
        return tuple(lines)

    def power(self, at: Instant) -> Mapping[str, Any]:
        """org.lockd1.Power by property name, as it is now; None: unknown. BatteryPercent 0 to 100,
        Voltage in volts, ReadingAge in whole seconds, the Remaining… whole numbers."""
        return self._power.properties(at)

    def ways(self, at: Instant, radio: bool = True) -> list[dict[str, Any]]:
        """Every emergency way that this lock has, with the keys of dbus/names.py's WAY_FIELDS: way, ready, why
        (it is not), proved (seconds since 1970; 0: never), overdue, text. `radio`: whether phones find an adapter."""
        from lockd.core.ways_told import listed

        return listed(self.parts, self._power.spared, radio, at)

    def history(self, days: int, at: Instant) -> list[dict[str, Any]]:
        """The battery over the last days, oldest first: time (seconds since 1970), throws (so far),
        percent and volts where they are known."""
        return self.parts.feed.energy.history(days, at.wall)

    def explain(self, user: int, seconds: int, at: Instant) -> dict[str, Any]:
        """Whether this user could come in at that time (seconds since 1970; 0: now), with the keys of
        dbus/names.py's EXPLANATION_FIELDS. NotFound for a user that is none."""
        from lockd.core.why import why

        found = self.people.users.get(user)
        if found is None:
            raise NotFound(f"There is no user {user}.")
        if seconds:
            return why(found, self.parts, Instant(at.mono, seconds * 1_000_000, "Trusted"), None)
        return why(found, self.parts, at, lambda source: self.guard.remaining(source, at))

    @property
    def programming(self) -> Asked | None:
        """What the next line that is typed at the keypad answers; None: nobody programs there."""
        return self.guard.programming.asked if self.guard.programming is not None else None

    @property
    def keypad_timeout_s(self) -> float:
        """Seconds after which a code that was left unfinished is forgotten."""
        settings, session = self.parts.settings, self.parts.feed.session
        usual = settings.keypad.timeout_s
        return max(usual, settings.power.keypad_timeout_s) if session.source is not None else usual

    @property
    def spared(self) -> frozenset[Service]:
        """The services that sleep now."""
        return self._power.spared

    @property
    def management_refusal(self) -> LockdError | None:
        """Why nothing may be managed now (the battery is critical), with what to do; None: it may."""
        return self._power.management_refusal

    def next_deadline(self) -> float | None:
        """When `tick` is due, in mono seconds; None: not before something happens."""
        parts = self.parts
        own = (
            parts.bolt.deadline, parts.door.deadline, parts.autolock.deadline, parts.trail.deadline,
            self.throws.latch_until, self.throws.home_at, parts.registry.holidays.deadline,
        )  # fmt: skip
        return min((d for d in chain(own, self.guard.deadlines, self._power.deadlines) if d is not None), default=None)

    # The two ways in --------------------------------------------------------------------------

    def handle(self, event: Event, at: Instant) -> tuple[Effect, ...]:
        """What follows from an event, decided by the holiday that it is by then."""
        begun = () if isinstance(event, Started) else tuple(self.parts.registry.follow_holidays(at))
        return self._finish(chain(begun, HANDLERS[type(event)](self, event, at)), at)

    def tick(self, at: Instant) -> tuple[Effect, ...]:
        """What follows from time having passed."""
        return self._finish(chain(self.parts.registry.follow_holidays(at), self._due(at)), at)

    def _finish(self, effects: Iterable[Effect], at: Instant) -> tuple[Effect, ...]:
        """What any change may entail is found here, once."""
        done = [*effects, *self.parts.registry.follow_holidays(at)]
        self._follow_policy(at)
        done += self._power.follow(done, at)
        done += self._follow_storage(at)
        now = self.properties(at)
        news = {n: v for n, v in now.items() if v != self._told[n]}
        # A countdown is news when it begins and when it ends.
        if bool(now["LockoutRemaining"]) == bool(self._told["LockoutRemaining"]):
            news.pop("LockoutRemaining", None)
        self._told = now
        return (*done, Changed(news)) if news else tuple(done)

    def _follow_policy(self, at: Instant) -> None:
        """The relock time or the mode was changed: an unlocked bolt gets the new delay, whole,
        unless its operation brought its own."""
        policy = self.parts.relock_policy()
        if policy == self._policy:
            return
        self._policy = policy
        self.parts.door.allow(self.parts.registry.mode == "Passage", at.mono)
        if self.parts.bolt.state == "Unlocked" and not self.parts.own_relock_s:
            self.parts.relock(at)

    def _follow_storage(self, at: Instant) -> Iterator[Effect]:
        """Say it once when records begin to be lost."""
        failing = self.parts.trail.failing
        if failing and not self._told_failing:
            yield from self.parts.alarm("AuditDegraded", at, "storage")
        self._told_failing = failing

    def _due(self, at: Instant) -> Iterator[Effect]:
        def due(deadline: float | None) -> bool:
            return deadline is not None and deadline <= at.mono

        parts = self.parts
        yield from parts.trail.tick(at)
        if due(parts.bolt.deadline):
            yield from self.throws.follow(parts.bolt.tick(at.mono), at)
        if due(self.throws.latch_until):
            yield from self.throws.release_latch()
        if due(self.throws.home_at):
            yield from self.throws.home(at)
        if due(parts.door.deadline):
            yield from self._contacts.tell(parts.door.tick(at.mono), at)
        if due(parts.autolock.deadline):
            parts.autolock.fire()
            yield from self.throws.grant(Operation("Lock", "Auto", detail="relock-timer"), at)
        yield from self.guard.tick(at)
        yield from self._power.tick(at)

    # Start and settings -------------------------------------------------------------------------

    def _started(self, _event: Started, at: Instant) -> Iterator[Effect]:
        """Close what a crash cut off, tell what is wrong, and begin the relock delay anew."""
        parts = self.parts
        # What was decided for want of rows has to hold after the next start as well.
        decided = (*parts.registry.decided, *self.guard.rows(at)) if self._snapshot.incomplete else ()
        yield parts.record(system_entry("started", at), at, decided)
        for key, kept in self._snapshot.state.items():
            if key.startswith("grant:"):
                cut_off = Operation(**kept.value["op"], grant=kept.seq)
                entry = operation_entry(cut_off, kept.value["type"], "interrupted", at, error="Unspecified")
                yield parts.record(entry, at, (Drop("state", key),))
        if self._snapshot.rolled_back:
            yield from parts.alarm("StoreRolledBack", at)
        if self._snapshot.damaged:
            yield from parts.alarm("AuditDegraded", at, "damaged", count=len(self._snapshot.damaged))
        if parts.tampered:
            yield from parts.alarm("FrontEscutcheonRemoved", at)
        parts.door.allow(parts.registry.mode == "Passage", at.mono)
        if parts.bolt.state == "Unknown":
            yield from self.throws.adrift(at)
        if parts.bolt.state == "Unlocked":
            parts.emergency = any(row.value.get("emergency") for row in self._openings())
            parts.relock(at, self._own_relock_s())
        yield Show("ready")

    def _own_relock_s(self) -> int | None:
        """The relock time that came with the last unlocking, done or cut off."""
        times = (row.value.get("seconds") or row.value.get("op", {}).get("relock_s") for row in self._openings())
        return next((int(seconds) for seconds in times if seconds), None)

    def _openings(self) -> Iterator[Kept]:
        """The rows of what may have unlocked it: the last that was done, and those that were cut off."""
        state = self._snapshot.state
        yield from (state[key] for key in state if key == RELOCK)
        yield from (state[key] for key in state if key.startswith("grant:"))

    def _settings(self, event: SettingsLoaded, at: Instant) -> Iterator[Effect]:
        """Pins stay as they are until a restart; everything else holds from now on."""
        self.parts.settings = event.settings
        self.parts.feed.load(event.settings)
        self.parts.door.limit(event.settings.door.ajar_s, at.mono)
        yield self.parts.record(system_entry("settings-loaded", at), at)
        yield from self.parts.registry.reload(event.settings, at)

    def _noted(self, event: Noted, at: Instant) -> Iterator[Effect]:
        if event.alarm is not None:
            entry = alarm_entry(event.alarm, at, event.detail, by=event.by)
        else:
            entry = system_entry(event.detail, at, by=event.by, value=event.value, count=event.count)
        tell = telling(entry, *reply(event.request))

        def then(seq: int, later: Instant) -> Iterable[Effect]:
            failed = event.writes and not seq
            return reply(event.request, storage_failure("It was not done")) if failed else tell(seq, later)

        yield self.parts.trail.record(entry, event.writes, at, then)

    # Power, motor, disk, people -----------------------------------------------------------------

    def _supply_read(self, event: SupplyRead, at: Instant) -> Iterable[Effect]:
        return self._power.read(event, at)

    def _supplies_read(self, event: SuppliesRead, at: Instant) -> Iterable[Effect]:
        return self._power.read_all(event, at)

    def _drill(self, event: DrillAsked, at: Instant) -> Iterator[Effect]:
        self.parts.ways.drill(at)
        entry = system_entry("drill-began", at, by=event.by)
        yield self.parts.record(entry, at, (), *reply(event.request, self.ways(at)))

    def _recorded(self, event: Recorded, at: Instant) -> Iterable[Effect]:
        return self.parts.trail.recorded(event.ticket, event.seq, at)

    def _failed(self, event: EffectFailed, at: Instant) -> Iterable[Effect]:
        if event.ticket:
            return self.parts.trail.failed(event.ticket, at)
        return self.throws.actuator_failed(event.cause, at)

    def _change(self, event: Change, at: Instant) -> Iterable[Effect]:
        refusal = self.management_refusal
        return reply(event.request, refusal) if refusal is not None else self.parts.registry.change(event, at)

    def _clock_changed(self, _event: ClockChanged, _at: Instant) -> Iterable[Effect]:
        """What depends on it is looked at in every turn."""
        return ()

    def _denied(self, event: Denied, at: Instant) -> Iterable[Effect]:
        return self.guard.denied(event, at)

    def _sensed(self, event: Sensed, at: Instant) -> Iterator[Effect]:
        if event.contact == "inside" and event.on:
            yield from self._power.look(at)
        yield from self._contacts.sensed(event, at)

    def _asked(self, event: OperationAsked, at: Instant) -> Iterator[Effect]:
        yield from self._power.look(at)
        yield from self.guard.asked(event, at)

    def _enter(self, event: EnterPressed, at: Instant) -> Iterator[Effect]:
        yield from self._power.look(at)
        yield from self.guard.enter(event, at)

    def _line(self, event: LineTyped | ProgrammingLeft, at: Instant) -> Iterable[Effect]:
        """What is typed too late answers nothing."""
        programming = self.guard.programming
        if programming is None:
            return reply(event.request)
        return programming.line(event, at) if isinstance(event, LineTyped) else programming.leave(event.request, at)


#: What answers each event.
HANDLERS: dict[type[Event], Callable[[Lock, Any, Instant], Iterable[Effect]]] = {
    Started: Lock._started,
    Sensed: Lock._sensed,
    OperationAsked: Lock._asked,
    EnterPressed: Lock._enter,
    LineTyped: Lock._line,
    ProgrammingLeft: Lock._line,
    Recorded: Lock._recorded,
    EffectFailed: Lock._failed,
    PropertySet: Lock._change,
    UserSet: Lock._change,
    UserCleared: Lock._change,
    CredentialSet: Lock._change,
    CredentialCleared: Lock._change,
    ScheduleSet: Lock._change,
    ScheduleCleared: Lock._change,
    CodesSet: Lock._change,
    ResetAsked: Lock._change,
    ClockChanged: Lock._clock_changed,
    Noted: Lock._noted,
    Denied: Lock._denied,
    SettingsLoaded: Lock._settings,
    SupplyRead: Lock._supply_read,
    SuppliesRead: Lock._supplies_read,
    DrillAsked: Lock._drill,
}

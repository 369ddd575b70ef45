"""What the lock knows and keeps: people, and the settings that D-Bus may change.

Changes are taken one at a time and hold from the moment they are on disk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args

from lockd.core.calendar import ALL_SCHEDULES, Calendar
from lockd.core.codes import FLOOR, USED, Codes
from lockd.core.credentials import SPENT
from lockd.core.effects import Drop, Effect, Entry, Put, Write
from lockd.core.entries import alarm_entry, reply, storage_failure, system_entry, telling
from lockd.core.events import (
    CodesSet,
    CredentialCleared,
    CredentialSet,
    PropertySet,
    ResetAsked,
    ScheduleCleared,
    ScheduleSet,
    UserCleared,
    UserSet,
)  # fmt: skip
from lockd.core.holidays import Holidays
from lockd.core.instant import Instant
from lockd.core.people import People, drop_user
from lockd.core.snapshot import Snapshot
from lockd.core.trail import Trail
from lockd.errors import Busy, InvalidField, LockdError
from lockd.settings import LockSettings, Settings
from lockd.value import Value
from lockd.words import LIMITS, OperatingMode

if TYPE_CHECKING:
    from datetime import tzinfo

    from lockd.core.planning import Asked
    from lockd.core.roster import Change as Planned

Change = (
    PropertySet | UserSet | UserCleared | CredentialSet | CredentialCleared | ScheduleSet | ScheduleCleared
    | CodesSet | ResetAsked
)  # fmt: skip

#: What follows from how a change has ended: what it gave, or the LockdError that it met.
Answered = Callable[[Any, Instant], Iterable[Effect]]

QUEUE_MAX = 64  #: changes that may wait for the disk


#: What holds when the row may be missing: whoever can damage a row could take a rule away by it.
WITHOUT_ROW = {"RequirePINforRemoteOperation": True, "OperatingMode": "Normal"}


def from_settings(lock: LockSettings) -> dict[str, Any]:
    """The D-Bus properties that lockd.toml gives a fresh store."""
    return {
        "OperatingMode": lock.mode,
        "AutoRelockTime": lock.auto_relock_s,
        "WrongCodeEntryLimit": lock.wrong_code_limit,
        "UserCodeTemporaryDisableTime": lock.lockout_s,
        "RequirePINforRemoteOperation": lock.require_pin_for_remote,
        "ExpiringUserTimeout": lock.expiring_timeout_min,
    }


def checked(name: str, value: Any, defaults: Mapping[str, Any]) -> Any:
    """The value if the property may have it."""
    if name not in defaults:
        raise InvalidField(f"{name} is not a property that can be set: {', '.join(defaults)}.")
    if type(value) is not type(defaults[name]):
        raise InvalidField(f"{name}: {value!r} is not of the right type.")
    if name in LIMITS and not LIMITS[name][0] <= value <= LIMITS[name][1]:
        raise InvalidField(f"{name}: {value} is out of range: {LIMITS[name][0]} to {LIMITS[name][1]}.")
    if name == "OperatingMode" and value not in get_args(OperatingMode):
        raise InvalidField(f"{name}: {value!r} is not one of {', '.join(get_args(OperatingMode))}.")
    return value


def _not_made() -> LockdError:
    return storage_failure("The change was not made")


class Prepared(Value):
    """A change that may be made. `apply` takes it over once it is on disk; `more` is recorded after."""

    entry: Entry
    writes: tuple[Write, ...]
    apply: Callable[[], None]
    result: Any = None
    more: tuple[Entry, ...] = ()


class Registry:
    """`properties`: rw values by D-Bus name, but for what a holiday makes of the mode; `people`:
    everybody; `codes`: those granted from afar; `zone`: gives the lock's time zone."""

    def __init__(self, settings: Settings, snapshot: Snapshot, trail: Trail, zone: Callable[[], tzinfo]) -> None:
        self.settings = settings
        spent = {k: row.value for k, row in snapshot.state.items() if k.startswith(SPENT)}
        calendar = Calendar(snapshot.schedules.values(), zone)
        self.people = People(snapshot.users.values(), snapshot.credentials.values(), spent, calendar)
        self.codes = Codes(snapshot.state, snapshot.incomplete)
        self.holidays = Holidays()
        self.properties = from_settings(settings.lock)
        self._trail = trail
        self._queue: deque[tuple[Change, Answered]] = deque()
        self._owed = False
        #: What was decided for want of rows, to be written down at the start.
        self.decided: tuple[Write, ...] = ()
        for name in self.properties:
            kept = snapshot.state.get(f"property:{name}")
            if kept is not None:
                self.properties[name] = kept.value["value"]
                if name == "OperatingMode":
                    self.holidays = Holidays(kept.value.get("over", ()))
            elif snapshot.incomplete and name in WITHOUT_ROW:
                self.properties[name] = WITHOUT_ROW[name]
                self.decided += (self._row(name, WITHOUT_ROW[name]),)
        if snapshot.incomplete:
            self.decided += (*self.people.distrust(), *self.codes.decided)

    @property
    def mode(self) -> OperatingMode:
        """The operating mode in force."""
        mode: OperatingMode = self.properties["OperatingMode"]
        return self.holidays.now[1] if self.holidays.now is not None else mode

    def mode_at(self, at: Instant) -> OperatingMode:
        """The operating mode at a moment, if nobody sets another one."""
        holiday, mode = self.holidays.at(self.people.calendar, at), self.properties["OperatingMode"]
        return holiday[1] if holiday is not None else mode

    def follow_holidays(self, at: Instant) -> Iterator[Effect]:
        """A holiday begins or ends when its time has come, and says so."""
        before = self.holidays.now
        if self.holidays.follow(self.people.calendar, at):
            now = self.holidays.now
            detail, (index, _) = ("holiday-began", now) if now is not None else ("holiday-ended", before or (0, ""))
            entry = system_entry(detail, at, index=index, property="OperatingMode", value=self.mode)
            yield self._trail.record(entry, (), at, telling(entry))

    def change(self, event: Change, at: Instant, answered: Answered | None = None) -> Iterable[Effect]:
        """Take a change, now or after those that wait for the disk. `answered`: what follows, in place of
        the answer to its request."""
        answered = answered or (lambda result, _at: reply(event.request, result))
        if len(self._queue) >= QUEUE_MAX:
            return answered(Busy("Too many changes wait for the disk (busy): try again.", "busy"), at)
        self._queue.append((event, answered))
        return self._next(at) if len(self._queue) == 1 else ()

    def consume(self, writes: Iterable[Write]) -> None:
        """Take over, of what was committed, what a use has consumed, or what was given back."""
        for write in writes:
            if write.key.startswith(SPENT):
                self.people.apply((write,))
            elif write.key == FLOOR or write.key.startswith(USED):
                self.codes.apply((write,))

    def reload(self, settings: Settings, at: Instant) -> Iterable[Effect]:
        """A value that was changed in the file is the owner's newest word, so it wins over the kept one."""
        before, now = from_settings(self.settings.lock), from_settings(settings.lock)
        self.settings = settings
        for name, value in now.items():
            if value != before[name]:
                yield from self.change(PropertySet(name, value, by="lockd.toml"), at)

    def _next(self, at: Instant) -> Iterable[Effect]:
        """Start the change at the head of the queue; one that cannot be is answered and gone."""
        while self._queue:
            event, answered = self._queue[0]
            try:
                yield self._commit(answered, self._prepare(event, at), at)
            except LockdError as error:
                self._queue.popleft()
                yield from answered(error, at)
            else:
                return

    def _prepare(self, event: Change, at: Instant) -> Prepared:
        if self._owed:  # whether the change before it holds, only the disk knows
            raise _not_made()
        match event:
            case PropertySet():
                return self._property(event, at)
            case ScheduleSet() | ScheduleCleared():
                return self._schedule(event, at)
            case ResetAsked():
                return Prepared(alarm_entry("LockFactoryReset", at, by=event.by), self._everything(), self._forget)
            case CodesSet():
                entry = system_entry(f"codes-{event.op}", at, label=event.name, by=event.by)
                writes = self.codes.plan(event)
                return Prepared(entry, writes, lambda: self.codes.apply(writes))
            case _:
                planned = self._plan(event)
                entry, *more = (Entry("LockUserChange", at.wall, told) for told in (planned.told, *planned.users))
                people = self.people
                return Prepared(
                    entry, planned.writes, lambda: people.apply(planned.writes), planned.result, tuple(more)
                )

    def _plan(self, event: Asked) -> Planned:
        from lockd.core.planning import plan  # with the first change, see there

        return plan(event, self.people, self.settings.users)

    def _property(self, event: PropertySet, at: Instant) -> Prepared:
        value = checked(event.name, event.value, from_settings(self.settings.lock))
        entry = system_entry("property-set", at, property=event.name, value=str(value), by=event.by)
        if event.name != "OperatingMode":
            kept = self._row(event.name, value)
            return Prepared(entry, (kept,), lambda: self.properties.update({event.name: value}))
        over = frozenset(self.people.calendar.lasting(at))

        def apply() -> None:
            self.properties["OperatingMode"] = value
            self.holidays.over = over

        return Prepared(entry, (self._row("OperatingMode", value, over),), apply)

    def _schedule(self, event: ScheduleSet | ScheduleCleared, at: Instant) -> Prepared:
        """A holiday that is set anew has something to say again."""
        planned, over = self._plan(event), self.holidays.over
        if event.kind == "HolidaySchedule":
            over = over - {event.index} if event.index != ALL_SCHEDULES else frozenset()
        mode = (self._row("OperatingMode", self.properties["OperatingMode"], over),)

        def apply() -> None:
            self.people.apply(planned.writes)
            self.holidays.over = over

        writes = (*planned.writes, *(mode if over != self.holidays.over else ()))
        return Prepared(Entry("LockUserChange", at.wall, planned.told), writes, apply)

    def _commit(self, answered: Answered, prepared: Prepared, at: Instant) -> Effect:
        ticket = self._trail.next_ticket

        def made(seq: int, later: Instant) -> Iterable[Effect]:
            prepared.apply()
            yield from telling(prepared.entry)(seq, later)
            yield from (self._trail.record(entry, (), later, telling(entry)) for entry in prepared.more)

        def late(seq: int, later: Instant) -> Iterable[Effect]:
            self._owed = False
            # It was answered as failed; if it is on disk all the same, what is on disk is true.
            return made(seq, later) if seq else ()

        def then(seq: int, later: Instant) -> Iterable[Effect]:
            self._queue.popleft()
            self._owed = self._trail.owed(ticket)
            if seq:
                yield from made(seq, later)
            yield from answered(prepared.result if seq else _not_made(), later)
            yield from self._next(later)

        return self._trail.record(prepared.entry, prepared.writes, at, then, late)

    @staticmethod
    def _row(name: str, value: Any, over: Iterable[int] = ()) -> Put:
        return Put("state", f"property:{name}", {"value": value} | ({"over": sorted(over)} if over else {}))

    def _everything(self) -> tuple[Write, ...]:
        people = self.people
        owners = (credential.user for credential in people.credentials.values())
        known = sorted({*people.users, *people.calendar.users(), *owners})
        writes = (write for user in known for write in drop_user(user, people))
        rows = (*people.spent, *(f"property:{name}" for name in self.properties))
        return (*writes, *self.codes.everything(), *(Drop("state", key) for key in rows))

    def _forget(self) -> None:
        self.people = People(calendar=Calendar(zone=self.people.calendar.zone))
        self.codes.apply(self.codes.everything())
        self.holidays.over = frozenset()
        self.properties = from_settings(self.settings.lock)

"""The daemon's counter: what the D-Bus side asks, turned into events and answers (dbus/desk.py)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lockd import __version__
from lockd.codes import HOUR_US, CodeKind
from lockd.core.credentials import Credential
from lockd.core.effects import Put
from lockd.core.events import (
    ClockChanged,
    CodesOp,
    CodesSet,
    CredentialCleared,
    CredentialSet,
    Denied,
    DrillAsked,
    Event,
    Noted,
    OperationAsked,
    Presented,
    PropertySet,
    ResetAsked,
    ScheduleCleared,
    ScheduleSet,
    UserCleared,
    UserSet,
)  # fmt: skip
from lockd.core.lock import Lock
from lockd.core.people import User
from lockd.core.roster import credentials_supported
from lockd.daemon.clock import OWNERS_TIME, Clock, boot_id
from lockd.daemon.codes import Matcher
from lockd.daemon.digests import Digests
from lockd.daemon.journal import Journal
from lockd.daemon.pump import Pump
from lockd.errors import AccessDenied, Busy, Failure, LockdError, NotFound, UnsupportedCommand
from lockd.settings import Settings
from lockd.words import DATA_BYTES, SCHEDULES_AT_ONCE, ScheduleKind, Wish

if TYPE_CHECKING:
    from lockd.daemon.backups import Backups
    from lockd.daemon.enrolment import Enrolment
    from lockd.daemon.learning import Learning
    from lockd.daemon.phone_desk import PhoneDesk


class Desk:
    """`changed(interface, values)`: tell of new property values. `findings`: what Diagnose says."""

    def __init__(
        self,
        settings: Settings,
        pump: Pump,
        journal: Journal,
        digests: Digests,
        matcher: Matcher,
        clock: Clock,
        simulator: Any,
        changed: Callable[[str, Mapping[str, Any]], None],
        findings: Callable[[], list[dict[str, Any]]],
        degraded: Callable[[], list[str]],
    ) -> None:
        self.settings = settings
        self.simulator = simulator
        self.phones: PhoneDesk | None = None  # while they are off, or not imported yet
        self._pump, self._journal, self._digests, self._clock = pump, journal, digests, clock
        self._matcher = matcher
        self._changed, self._findings, self._degraded = changed, findings, degraded
        #: None until it is loaded.
        self.learning: Learning | None = None
        self.backups: Callable[[], Backups]  # imported with the first of them
        self._requests: dict[int, asyncio.Future[Any]] = {}
        self._granted: dict[int, Callable[[], None]] = {}
        self._last_request = 0

    @property
    def _lock(self) -> Lock:
        return self._pump.lock

    def answer(self, request: int, result: Any, last: bool = True) -> None:
        """The core's answer to a request; nobody may be waiting any more."""
        if not last:
            self._granted.get(request, _nothing)()
            return
        waiting = self._requests.pop(request, None)
        if waiting is None or waiting.done():
            return
        if isinstance(result, LockdError):
            waiting.set_exception(result)
        else:
            waiting.set_result(result)

    async def operate(self, wish: Wish, by: str, pin: str | None, wait: bool, relock_s: int | None) -> None:
        """Move the bolt. During a lockout no code is hashed: it is refused whatever it is."""
        presented = None
        if pin is not None:
            held = self._lock.lockout_remaining("Remote", self._clock.now())
            digest = b"" if held else await self._digests.digest("Remote", "PIN", pin)
            presented = Presented("PIN", digest)
        await self._ask(lambda request: OperationAsked(wish, "Remote", presented, request, wait, by, relock_s))

    async def set_property(self, name: str, value: Any, by: str) -> None:
        """One of the rw properties of org.lockd1.Lock."""
        await self._ask(lambda request: PropertySet(name, value, request, by))

    def get_property(self, interface: str, name: str) -> Any:
        """The value now."""
        return PROPERTIES[interface](self)[name]

    # Users --------------------------------------------------------------------------------------

    async def set_user(self, op: str, index: int, fields: Mapping[str, Any], by: str) -> None:
        """Add or Modify."""
        await self._ask(lambda request: UserSet(op, index, fields, request, by))

    def get_user(self, index: int) -> dict[str, Any]:
        """A free place has only its index and the next one in use."""
        people = self._lock.people
        user, following = people.users.get(index), people.places.following(index)
        return {"index": index, "next": following} | (self._fields(user) if user is not None else {})

    def list_users(self) -> Iterator[dict[str, Any]]:
        """Everybody, by index; one at a time, as he is when he is asked for."""
        users = self._lock.people.users
        order = sorted(users)
        for index, following in zip(order, [*order[1:], 0], strict=False):  # of nobody there is no next
            if user := users.get(index):
                yield {"index": index, "next": following} | self._fields(user)

    def _fields(self, user: User) -> dict[str, Any]:
        people = self._lock.people
        own = people.of(user.index)
        return {
            "name": user.name, "unique_id": user.unique_id, "type": user.type, "rule": user.rule,
            "status": people.status(user, self._clock.now()), "credentials": _pairs(own),
            "spare": _pairs(c for c in own if c.terms.spare) or None,
            "duress": _pairs(c for c in own if c.terms.duress) or None,
            "limited": _pairs(c for c in own if c.terms.limited) or None,
            "creator": user.creator, "modifier": user.modifier,
        }  # fmt: skip

    async def clear_user(self, index: int, by: str) -> None:
        """With his credentials and schedules."""
        await self._ask(lambda request: UserCleared(index, request, by))

    async def set_credential(
        self, op: str, kind: str, index: int, data: bytes, user: int, fields: Mapping[str, Any], by: str
    ) -> tuple[int, int]:
        """What the data may be is checked here, as the core never sees it. A phone that no invitation made known
        could not connect: so of phones only the terms can be set, with the key that is there."""
        held = self._lock.people.credentials.get((kind, index))
        owner = held.user if op == "Modify" and held is not None else user
        digest, forced = await self.enrolment().digest(self.settings.lock, kind, data, owner, fields)
        if kind == "Phone" and (held is None or digest != held.digest):
            raise UnsupportedCommand("A phone needs the lock's key as well, which an invitation gives it: lockctl phone"
                                     " invite.")
        given: tuple[int, int] = await self._ask(lambda request: CredentialSet(
            op, kind, index, user, digest, fields, request, by, forced,  # type: ignore[arg-type]
        ))  # fmt: skip
        return given

    def enrolment(self) -> Enrolment:
        """Imported with the first change."""
        from lockd.daemon.enrolment import Enrolment

        return Enrolment(self._digests, lambda: self._lock.people)

    async def rate_pin(self, pin: str, user: int) -> list[str]:
        """Why it is not a good one, in words."""
        return await self.enrolment().rate(self.settings.lock, pin, user)

    def credential_status(self, kind: str, index: int) -> dict[str, Any]:
        """Everything but the data."""
        people = self._lock.people
        following = people.places_of(kind).following(index)
        found = people.credentials.get((kind, index))
        if found is None:
            return {"exists": False, "next": following}
        terms = found.terms
        return {
            "exists": True, "user": found.user, "creator": found.creator, "modifier": found.modifier,
            "uses": terms.uses or None, "left": people.left(found) if terms.uses else None,
            "from": terms.start or None, "until": terms.until or None, "spare": terms.spare,
            "duress": terms.duress, "duress_digit": bool(found.forced), "next": following,
        }  # fmt: skip

    async def type_line(self, event: Callable[[int], Event]) -> None:
        """A line that answers the keypad's programming mode."""
        await self._ask(event)

    async def clear_credential(self, kind: str, index: int, by: str) -> None:
        """One, or all of a type, or all."""
        await self._ask(lambda request: CredentialCleared(kind, index, request, by))

    async def enrol(self, kind: str, user: int, timeout_s: float, by: str) -> int:
        """The next card, or a finger; the index of its credential."""
        if self.learning is None:
            raise Busy("lockd has just started (busy): try again.", "busy")
        return await self.learning.enrol(kind, user, timeout_s, by)

    # Schedules ----------------------------------------------------------------------------------

    def explain(self, user: int, seconds: int) -> dict[str, Any]:
        """Whether he could come in then; 0: now."""
        return self._lock.explain(user, seconds, self._clock.now())

    async def set_schedule(
        self, kind: ScheduleKind, index: int, user: int, fields: Mapping[str, Any], by: str
    ) -> None:
        """An entry; user 0: a holiday."""
        await self._ask(lambda request: ScheduleSet(kind, index, user, fields, request, by))

    def get_schedule(self, kind: ScheduleKind, index: int, user: int) -> Mapping[str, Any]:
        """As it was set."""
        found = self._lock.people.calendar.of(user).get((kind, index))
        if found is None:
            raise NotFound(f"There is no {kind} {index}{f' of user {user}' if user else ''}.")
        return found

    def list_schedules(self, first: int, last: int) -> Iterator[dict[str, Any]]:
        """Those of the users from `first` to `last`, 0 being the lock, as many as one answer holds."""
        return self._lock.people.calendar.listed(first, last, SCHEDULES_AT_ONCE)

    async def clear_schedule(self, kind: ScheduleKind, index: int, user: int, by: str) -> None:
        """One, or all of this kind."""
        await self._ask(lambda request: ScheduleCleared(kind, index, user, request, by))

    # Codes granted from afar ----------------------------------------------------------------------

    async def new_codes_key(self, by: str) -> bytes:
        """The issuing key, this once."""
        serial = os.urandom(16).hex()
        key = self._matcher.key(serial)
        if not key:
            raise Failure("There is no issuing key without the store's key (storage): see `lockctl doctor`.", "storage")
        await self._change_codes(CodesSet("key", serial=serial, by=by))
        return key

    async def change_codes(self, op: CodesOp, name: str, by: str) -> None:
        """All codes, or those of a label, are void from now on."""
        await self._change_codes(CodesSet(op, name, by=by))

    async def set_label(self, name: str, kind: CodeKind, lengths: tuple[int, ...], accept: int, by: str) -> None:
        """Add or change one."""
        await self._change_codes(CodesSet("label", name, kind, lengths, accept, by=by))

    def list_labels(self) -> list[dict[str, Any]]:
        """What codes there may be."""
        return [
            {"label": label.name, "kind": label.kind, "lengths": ",".join(map(str, label.lengths)),
             "accept": label.accept, "number": label.number, "windows": label.windows}
            for label in self._lock.codes.labels.values()
        ]  # fmt: skip

    def list_open_codes(self) -> list[dict[str, Any]]:
        """Those that were used first, and go on."""
        kept = self._lock.codes.kept(self._clock.now().wall // HOUR_US)
        return [
            {"label": w.label, "kind": w.kind, "start": w.start * 3600, "end": w.end * 3600, "length": w.length}
            for w in kept
        ]  # fmt: skip

    async def _change_codes(self, event: CodesSet) -> None:
        await self._ask(lambda request: event.but(request=request))
        self._changed("org.lockd1.Codes", self._codes_properties())

    def _codes_properties(self) -> Mapping[str, Any]:
        return {"Key": self._lock.codes.serial, "Epoch": self._lock.codes.epoch}

    # Phones -------------------------------------------------------------------------------------

    def phone_desk(self) -> PhoneDesk:
        """Who is asked about them."""
        if self.phones is None:
            text = "Phones are off: set enabled = true under [phone] in lockd.toml, and restart lockd."
            raise UnsupportedCommand(text)
        return self.phones

    def _phone_properties(self) -> Mapping[str, Any]:
        off = {"Advertising": False, "AdapterPresent": False}
        return off if self.phones is None else self.phones.properties()

    # The trail ----------------------------------------------------------------------------------

    async def read_log(self, first: int, limit: int) -> list[dict[str, Any]]:
        """From number `first` on."""
        return await self._journal.read_thread(lambda vault: vault.read(first, limit))

    async def verify_log(self) -> dict[str, Any]:
        """The whole chain."""
        return await self._journal.read_thread(lambda vault: vault.verify())

    # What feeds it ------------------------------------------------------------------------------

    async def drill(self, by: str) -> list[dict[str, Any]]:
        """Begin one; every emergency way."""
        await self._ask(lambda request: DrillAsked(request, by))
        return self.ways()

    def ways(self) -> list[dict[str, Any]]:
        """Every emergency way."""
        return self._lock.ways(self._clock.now(), self._phone_properties()["AdapterPresent"])

    def power_history(self, days: int) -> list[dict[str, Any]]:
        """The battery over so many days."""
        return self._lock.history(days, self._clock.now())

    # lockd itself -------------------------------------------------------------------------------

    def diagnose(self) -> list[dict[str, Any]]:
        """What is well and what is not."""
        return self._findings()

    async def set_time(self, seconds: int, by: str) -> None:
        """The owner's word."""
        apart = self._clock.apart(seconds)
        kept = Put("state", OWNERS_TIME, {"boot": boot_id(), "apart": apart})
        await self._ask(lambda request: Noted("time-set", by, request=request, writes=(kept,)))
        self._clock.set(apart)
        self._pump.submit(ClockChanged())

    async def rotate_key(self, by: str) -> None:
        """While records go on being written. It writes all of them anew, which a critical battery has no energy for."""
        refusal = self._lock.management_refusal
        if refusal is not None:
            raise refusal
        await self._journal.read_thread(lambda vault: vault.rotate_key())
        await self._ask(lambda request: Noted("key-rotated", by, request=request))

    async def factory_reset(self, by: str) -> None:
        """Users, credentials and settings; the trail stays."""
        await self._ask(lambda request: ResetAsked(request, by))
        if self.phones is not None:
            await self.phones.forget(by)
        self._changed("org.lockd1.Codes", self._codes_properties())

    async def backup(self, handle: int, by: str) -> None:
        """The whole store, sealed, through a socket."""
        await self.backups().backup(handle, by)

    async def restore(self, handle: int, by: str) -> None:
        """A backup in its place."""
        await self.backups().restore(handle, by)

    def set_time_state(self, state: Any) -> None:
        """Simulation only."""
        self._clock.forced = state
        self._pump.submit(ClockChanged())

    def refused(self, by: str, method: str, error: str) -> None:
        """A call that D-Bus refused leaves a trace too, if it was for want of a right."""
        if error == AccessDenied.name:
            self._pump.submit(Denied(by, method))

    async def ask(self, event: Callable[[int], Event], granted: Callable[[], None] = lambda: None) -> Any:
        """Let the core decide about an event with this request's number, and wait for the last answer; `granted`
        is called at the one before it."""
        number = self._last_request + 1
        self._granted[number] = granted
        try:
            return await self._ask(event)
        finally:
            del self._granted[number]

    async def _ask(self, event: Callable[[int], Event]) -> Any:
        self._last_request += 1
        request = self._last_request
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._requests[request] = waiting
        try:
            self._pump.submit(event(request))
            return await waiting
        finally:
            self._requests.pop(request, None)

    def _lock_properties(self) -> Mapping[str, Any]:
        return self._lock.properties(self._clock.now())

    def users_properties(self) -> Mapping[str, Any]:
        """org.lockd1.Users: what fits, by the settings."""
        users, lock = self.settings.users, self.settings.lock
        return {
            "NumberOfTotalUsersSupported": users.max,
            "NumberOfPINUsersSupported": credentials_supported(users),
            "NumberOfRFIDUsersSupported": credentials_supported(users),
            "NumberOfCredentialsSupportedPerUser": users.credentials,
            "NumberOfWeekDaySchedulesSupportedPerUser": users.schedules,
            "NumberOfYearDaySchedulesSupportedPerUser": users.schedules,
            "NumberOfHolidaySchedulesSupported": users.schedules,
            "MinPINCodeLength": lock.pin_min,
            "MaxPINCodeLength": lock.pin_max,
            "MinRFIDCodeLength": DATA_BYTES["RFID"][0],
            "MaxRFIDCodeLength": DATA_BYTES["RFID"][1],
            "PINQuality": lock.pin_quality,
        }

    def _log_properties(self) -> Mapping[str, Any]:
        return {"LastSequence": self._journal.last_seq}

    def _power_properties(self) -> Mapping[str, Any]:
        return self._lock.power(self._clock.now())

    def _manager_properties(self) -> Mapping[str, Any]:
        return {
            "Version": __version__,
            "TimeState": self._clock.now().trust,
            "Degraded": self._degraded(),
        }


def _nothing() -> None:
    """Nobody wants to hear of the first answer."""


def _pairs(credentials: Iterable[Credential]) -> list[list[Any]]:
    """As D-Bus lists them."""
    return [[c.kind, c.index] for c in credentials]


#: Whose properties are whose.
PROPERTIES: dict[str, Callable[[Desk], Mapping[str, Any]]] = {
    "org.lockd1.Lock": Desk._lock_properties,
    "org.lockd1.Users": Desk.users_properties,
    "org.lockd1.Codes": Desk._codes_properties,
    "org.lockd1.Log": Desk._log_properties,
    "org.lockd1.Power": Desk._power_properties,
    "org.lockd1.Phones": Desk._phone_properties,
    "org.lockd1.Manager": Desk._manager_properties,
}

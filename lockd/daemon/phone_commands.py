"""What phones may ask for, carried out: each command of lockd.wire.messages, and what errors are called there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from lockd import RELEASED
from lockd.core.effects import Put
from lockd.core.events import Noted, OperationAsked, Presented
from lockd.core.lock import Lock
from lockd.daemon.clock import Clock
from lockd.daemon.desk import Desk
from lockd.daemon.digests import Digests
from lockd.daemon.phone_book import Opened, PhoneBook, Void
from lockd.daemon.phone_log import MOST, PhoneLog, fitting
from lockd.errors import DisabledUserDenied, InvalidField, LockdError, NotFound, Restricted
from lockd.value import Value
from lockd.wire import results
from lockd.wire.errors import PassRefused
from lockd.wire.messages import NUMBERS
from lockd.wire.noise import KeyPair
from lockd.wire.passes import Book, Moment, Pass, verify_list, verify_pass
from lockd.wire.rights import ISSUERS, Role, may_manage
from lockd.wire.session import LockSession, Phone
from lockd.words import Fault, Wish

#: What an error of lockd's is on the air, by its detail where that says more than its name.
DETAILS = {
    "mode-forbids": results.FORBIDDEN, "schedule-shut": results.TIME_NOT_ALLOWED, "too-early": results.TIME_NOT_ALLOWED,
    "expired": results.EXPIRED, "clock-unset": results.TIME_UNKNOWN, "credential-needed": results.NOT_AUTHORISED,
    "door-open": results.BLOCKED, "storage": results.INTERNAL,
}
ERRORS = {
    "LockedOut": results.TOO_MANY_ATTEMPTS, "Restricted": results.FORBIDDEN,
    "InvalidCredential": results.NOT_AUTHORISED,
    "DisabledUserDenied": results.DISABLED, "InsufficientBattery": results.LOW_POWER, "Jammed": results.BLOCKED,
    "Busy": results.BUSY, "NotFound": results.UNKNOWN_ID, "Duplicate": results.EXISTS, "Occupied": results.EXISTS,
    "ResourceExhausted": results.FULL, "InvalidField": results.BAD_PARAM, "ConstraintError": results.BAD_PARAM,
    "UnsupportedCommand": results.BAD_PARAM, "AccessDenied": results.FORBIDDEN,
}  # fmt: skip

LOST: Fault = "PositionUnknown"
BOLT = ("UNLOCK", "LOCK")
#: What each `op` of USERS takes.
TAKES = {
    "list": ("index",), "set": ("index", "name", "status", "type", "rule"), "clear": ("index", "type", "credential"),
    "credentials": ("index",),
}
#: Roles of somebody who is a user of the lock.
PEOPLE: tuple[Role, ...] = ("owner", "admin", "user")


def result_of(error: LockdError) -> int:
    """The number of lockd.wire.results that says it."""
    return DETAILS.get(error.detail) or ERRORS.get(error.name, results.INTERNAL)


class Asked(Value):
    """One command. `by`: who, for the trail; `accepted`: to be called when it is granted and recorded."""

    session: LockSession
    fields: Mapping[str, Any]
    role: Role
    by: str
    accepted: Callable[[], None]


class Shared(Value):
    """What the commands work with."""

    lock: Lock
    desk: Desk
    digests: Digests
    clock: Clock
    book: PhoneBook
    keys: KeyPair
    zone: Callable[[], tzinfo]


class Host(Protocol):
    """What phones may change of themselves."""

    async def enrol(self, asked: Asked) -> Mapping[str, Any]:
        """Take the phone in that holds the invitation."""

    def invite(self, role: Role, user: int, name: str) -> tuple[str, str]:
        """The URI and the number of a new invitation."""

    def admit(self, session: LockSession, phone: Phone) -> None:
        """A pass holds."""

    def look(self) -> None:
        """Somebody's rights have changed."""


class Commands:
    """Carries them out. `shared`: with what; `host`: whose phones these are."""

    def __init__(self, shared: Shared, host: Host) -> None:
        self._with, self._host = shared, host
        self._log = PhoneLog(shared.desk)
        self._voiding = asyncio.Lock()
        self._passes: WeakKeyDictionary[LockSession, tuple[bytes, Pass]] = WeakKeyDictionary()
        self._handlers: dict[str, Callable[[Asked], Awaitable[Mapping[str, Any]]]] = {
            "UNLOCK": lambda asked: self._operate("Unlock", asked),
            "LOCK": lambda asked: self._operate("Lock", asked),
            "STATUS": self._status,
            "LOG_READ": self._log_read,
            "LOG_ACK": self._log_ack,
            "USERS": self._users,
            "INVITE": self._invite,
            "PASS": self._pass,
            "REVLIST": self._revoke,
            "TIME_SET": self._time_set,
            "CONFIG": self._config,
            "ENROL": host.enrol,
        }

    async def carry_out(self, command: str, asked: Asked) -> Mapping[str, Any]:
        """What its answer carries. Raises LockdError, PassRefused."""
        if command not in BOLT and asked.role in PEOPLE:
            self._expect_enabled(asked.session.phone.user)
        return await self._handlers[command](asked)

    def result_of(self, error: LockdError) -> int:
        """As the function, and which kind of jam it is."""
        lost = error.name == "Jammed" and self._with.lock.properties(self._with.clock.now())["Fault"] == LOST
        return results.POSITION_UNKNOWN if lost else result_of(error)

    def recorded(self) -> None:
        """The trail has grown."""
        self._log.recorded()

    def holds(self, session: LockSession) -> bool:
        """Whether the pass that the session came with has neither been revoked nor lost its issuer."""
        if session not in self._passes:
            return False
        _, given = self._passes[session]
        book = self._pass_book()
        revoked = given.id in book.revoked or given.holder in book.barred
        return not revoked and given.epoch >= book.epoch and given.issuer in book.issuers

    # The bolt ---------------------------------------------------------------------------------------

    async def _operate(self, wish: Wish, asked: Asked) -> Mapping[str, Any]:
        if asked.session in self._passes:
            await self._as_guest(wish, asked)
        else:
            known = self._with.book.find(asked.session.phone_key)
            if known is None:
                raise NotFound("This phone is not known any more.")
            try:
                await self._move(wish, Presented("Phone", known.digest), "ble", asked)
            except Restricted as error:
                if error.detail != "credential-needed" or "pin" not in asked.fields:
                    raise
                pin = await self._with.digests.digest("ProprietaryRemote", "PIN", asked.fields["pin"])
                await self._move(wish, Presented("PIN", pin), "ble", asked)
        return {"lock": self._with.lock.lock_state}

    async def _as_guest(self, wish: Wish, asked: Asked) -> None:
        """Whoever signed the pass answers for it: what binds him binds his guests. A use is on disk before the
        motor moves, and comes back if nothing moved."""
        data, given = self._passes[asked.session]
        counts = wish == "Unlock"
        try:
            self._verified(data, given.holder)
        except PassRefused as refused:
            if counts or refused.code != results.USED_UP:
                raise
        issuer = self._with.book.issuer(given.issuer, self._with.lock.people)
        assert issuer is not None  # or it would not have been verified
        if counts:
            await self._note("pass-used", asked.by, self._used(given, 1))
        try:
            await self._move(wish, Presented("Phone", issuer.digest), "guest-pass", asked)
        except LockdError:
            if counts and self._with.lock.lock_state == "Locked":
                await self._note("pass-given-back", asked.by, self._used(given, -1))
            raise

    async def _move(self, wish: Wish, shown: Presented, detail: str, asked: Asked) -> None:
        await self._with.desk.ask(
            lambda request: OperationAsked(
                wish, "ProprietaryRemote", shown, request, by=asked.by, stages=True, detail=detail
            ),
            asked.accepted,
        )  # fmt: skip

    # What can be read -------------------------------------------------------------------------------

    async def _status(self, asked: Asked) -> Mapping[str, Any]:
        at = self._with.clock.now()
        seen, power = self._with.lock.properties(at), self._with.lock.power(at)
        percent = power["BatteryPercent"]
        return {
            "lock": seen["LockState"], "motion": seen["Motion"], "fault": seen["Fault"], "door": seen["DoorState"],
            "mode": seen["OperatingMode"], "level": power["BatteryLevel"], "time": at.trust,
            **({} if percent is None else {"battery": round(percent)}),
            **({"epoch": self._with.book.void.epoch} if asked.role in ISSUERS else {}),
        }  # fmt: skip

    async def _log_read(self, asked: Asked) -> Mapping[str, Any]:
        first, limit = asked.fields["from"], asked.fields.get("max", MOST)
        if asked.fields.get("wait"):
            asked.accepted()
            await self._log.wait(first)
            self._expect_enabled(asked.session.phone.user)
        return await self._log.read(first, limit, asked.session.phone)

    async def _log_ack(self, asked: Asked) -> Mapping[str, Any]:
        """Somebody has seen it: the trail says so, and nothing else follows from it."""
        seq = asked.fields["seq"]
        if seq > self._log.last:
            raise InvalidField(f"seq: there is no record {seq} yet.")
        await self._note("log-read", f"{asked.by}, up to {seq}")
        return {}

    # What managers change ---------------------------------------------------------------------------

    async def _users(self, asked: Asked) -> Mapping[str, Any]:
        desk, fields = self._with.desk, asked.fields
        index, op = fields.get("index", 0), fields["op"]
        others = fields.keys() - {"op", *TAKES[op]}
        if others:
            raise InvalidField(f"{op} takes no {', '.join(sorted(others))}.")
        if op == "list":
            return _listed([user for user in desk.list_users() if user["index"] >= index])
        if not index:
            raise InvalidField("index: which user?")
        self._expect_below(asked.role, index)
        if op == "credentials":
            return {"credentials": desk.get_user(index).get("credentials", [])}
        if op == "clear":
            await self._clear(index, asked)
            return {}
        change = {name: fields[name] for name in ("name", "status", "type", "rule") if name in fields}
        await desk.set_user("Modify" if index in self._with.lock.people.users else "Add", index, change, asked.by)
        return {}

    async def _clear(self, index: int, asked: Asked) -> None:
        """A user, or one of his credentials alone."""
        desk, fields = self._with.desk, asked.fields
        if "type" not in fields and "credential" not in fields:
            await desk.clear_user(index, asked.by)
            return
        kind, number = fields.get("type"), fields.get("credential")
        if kind is None or number is None:
            raise InvalidField("type and credential: both, or none.")
        if [kind, number] not in desk.get_user(index).get("credentials", []):
            raise NotFound(f"User {index} has no such credential.")
        await desk.clear_credential(kind, number, asked.by)

    async def _invite(self, asked: Asked) -> Mapping[str, Any]:
        role, user = asked.fields["role"], asked.fields.get("user", 0)
        if not may_manage(asked.role, role):
            raise Restricted(f"An {asked.role} invites no {role}.")
        if user:
            self._expect_below(asked.role, user)
        uri, _ = self._host.invite(role, user, "")
        return {"uri": uri}

    async def _time_set(self, asked: Asked) -> Mapping[str, Any]:
        seconds = asked.fields["time"]
        if seconds < RELEASED // 1_000_000:
            raise InvalidField("time: before lockd was made.")
        await self._with.desk.set_time(seconds, asked.by)
        return {}

    async def _config(self, asked: Asked) -> Mapping[str, Any]:
        name, desk = asked.fields["name"], self._with.desk
        if "value" in asked.fields:
            await desk.set_property(name, asked.fields["value"], asked.by)
        values = self._with.lock.properties(self._with.clock.now())
        if name not in values:
            raise NotFound(f"There is no property {name}.")
        return {"value": values[name]}

    # Passes -----------------------------------------------------------------------------------------

    async def _pass(self, asked: Asked) -> Mapping[str, Any]:
        given = self._verified(asked.fields["pass"], asked.session.phone_key)
        self._passes[asked.session] = (asked.fields["pass"], given)
        self._host.admit(asked.session, Phone("guest", 0, given.rights))
        return {"cmd": sorted(NUMBERS[name] for name in given.rights)}

    async def _revoke(self, asked: Asked) -> Mapping[str, Any]:
        new = verify_list(asked.fields["list"], self._pass_book())
        await self.make_void(lambda book: book.with_list(new), "passes-revoked", asked.by)
        return {}

    async def make_void(self, changed: Callable[[PhoneBook], Void], detail: str, by: str, what: str = "") -> None:
        """Passes that are worth nothing from now on (or again something), on disk first; guests who came with them
        go. `what`: which, for the trail."""
        book = self._with.book
        async with self._voiding:
            void = changed(book)
            await self._note(detail, by, void.row, what=what)
            book.void = void
        self._host.look()

    def guests(self) -> list[Opened]:
        """Who has opened with a pass that may still hold."""
        return self._with.book.guests(self._pass_book(), self._moment().wall)

    def _used(self, given: Pass, count: int) -> Put:
        return self._with.book.use(given, count, self._moment().wall)

    def _verified(self, data: bytes, holder: bytes) -> Pass:
        return verify_pass(data, holder, self._pass_book(), self._moment())

    def _pass_book(self) -> Book:
        return self._with.book.passes(self._with.keys, self._with.lock.people)

    def _moment(self) -> Moment:
        at = self._with.clock.now()
        wall = at.wall // 1_000_000
        local = datetime.fromtimestamp(wall, self._with.zone())
        return Moment(wall, at.trust == "Trusted", local.isoweekday() % 7, local.hour * 60 + local.minute)

    # Small things -----------------------------------------------------------------------------------

    def _expect_enabled(self, index: int) -> None:
        """Whoever is disabled neither sees nor changes anything. Of the bolt the core decides, and records it."""
        people = self._with.lock.people
        user = people.users.get(index)
        if user is None:
            raise NotFound("This phone is not known any more.")
        if people.status(user, self._with.clock.now()) == "OccupiedDisabled":
            raise DisabledUserDenied("The user of this phone is disabled.")

    def _expect_below(self, role: Role, user: int) -> None:
        """An admin changes neither owners nor admins."""
        if not may_manage(role, self._with.book.role_of(user, self._with.lock.people)):
            raise Restricted(f"An {role} changes nothing about user {user}.")

    async def _note(self, detail: str, by: str, *writes: Any, what: str = "") -> None:
        await self._with.desk.ask(lambda request: Noted(detail, by, request=request, writes=writes, value=what))


def _listed(users: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    shown = [{name: user[name] for name in ("index", "name", "status", "type", "rule")} for user in users]
    taken = fitting(shown)
    following = users[len(taken)]["index"] if len(taken) < len(users) else 0
    return {"users": taken, "next": following}

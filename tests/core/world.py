"""A lock with a world around it: a store that works, fails or hangs, and a bolt that moves or sticks.

Every test that plays here is also held to what must always be true (`_watch`): no motor without a
grant on disk, none that runs too long, one answer for each question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from lockd.core.calendar import FIELDS, LOCKS_OWN
from lockd.core.effects import (
    Answer,
    Changed,
    DriveBolt,
    DriveLatch,
    Effect,
    Entry,
    Publish,
    ReadSupplies,
    Record,
    Show,
    Spare,
    StopBolt,
)  # fmt: skip
from lockd.core.effects import Put as PutRow
from lockd.core.events import (
    CredentialSet,
    EffectFailed,
    Event,
    OperationAsked,
    Presented,
    Recorded,
    ScheduleSet,
    Sensed,
    SuppliesRead,
    SupplyRead,
    UserSet,
)  # fmt: skip
from lockd.core.hands import hand_pins
from lockd.core.instant import Instant
from lockd.core.lock import Lock
from lockd.core.port import FLAPS, FLAPS_S, WEAK
from lockd.core.snapshot import Kept, Snapshot
from lockd.core.throws import INSIDE_BOUND_S
from lockd.core.trail import BOUND_S
from lockd.reading import Reading
from lockd.settings import BoltSettings, DoorSettings, LockSettings, Pin, Settings
from lockd.words import (
    PLUGS,
    SCHEDULED,
    Contact,
    CredentialType,
    OperatingMode,
    PowerSource,
    Source,
    TimeState,
    Wish,
)  # fmt: skip

Disk = Literal["works", "fails", "hangs"]

#: A motor with both contacts, and everything else that can be wired.
WIRED = Settings(
    bolt=BoltSettings(locked=Pin(2), unlocked=Pin(3), travel_s=3.0, retries=2),
    door=DoorSettings(contact=Pin(4), ajar_s=120),
    tamper=Pin(5), inside=Pin(6), spindle=Pin(7),
)  # fmt: skip
AT_LOCKED: dict[Contact, bool] = {"locked": True, "unlocked": False, "closed": True}
AT_UNLOCKED: dict[Contact, bool] = {"locked": False, "unlocked": True, "closed": True}

DAY_S = 86_400
NOON = 1_800_000_000_000_000  #: microseconds since 1970
LEAVES_S, ARRIVES_S = 0.1, 0.4  #: how long a bolt that works takes to leave one contact and reach the other
LIMITED = ("DisposableUser", "ExpiringUser", *SCHEDULED)


def wired(lock: Mapping[str, Any] = {}, bolt: Mapping[str, Any] = {}, **more: Any) -> Settings:
    """WIRED with some settings changed."""
    return WIRED.but(lock=LockSettings(**lock), bolt=WIRED.bolt.but(**bolt), **more)


def _good(reading: Reading) -> bool:
    """Whether it is outside power that drives a motor."""
    least, _, most = PLUGS.get(reading.source, (0.0, 0.0, -1.0))
    most = 21.0 if reading.negotiated else most
    return least <= (reading.volts if reading.volts is not None else least) <= most


def digest(code: str) -> bytes:
    """What the store would make of it."""
    return f"digest of {code}".encode()


class World:
    """`mono` and `wall` are its clocks; `disk` and `sticks` may be changed at any time."""

    def __init__(
        self,
        settings: Settings = WIRED,
        contacts: Mapping[Contact, bool] = AT_LOCKED,
        snapshot: Snapshot | None = None,
        mono: float = 1000.0,
        zone: str = "UTC",
        blind: Iterable[Contact] = (),
    ) -> None:
        snapshot = snapshot or Snapshot(boot="this boot")
        quiet: dict[Contact, object] = {"tamper": settings.tamper, **hand_pins(settings)}
        others: dict[Contact, bool] = {contact: False for contact, pin in quiet.items() if pin is not None}
        self.settings, self.contacts, self.boot = settings, {**others, **contacts}, snapshot.boot
        self.blind = set(blind)  # contacts that cannot be read, whatever they do
        self.mono, self.wall, self.trust = mono, NOON, "Trusted"
        self.disk: Disk = "works"
        self.sticks = False  # whether the bolt does not move
        self.effects: list[Effect] = []
        self.answers: dict[int, Any] = {}
        self.granted: list[int] = []  # requests that were told that they are granted and recorded
        self.rows: dict[tuple[str, str], Kept] = {}
        self.trail: list[tuple[int, Entry]] = []
        self.unwritten: list[Record] = []  # what a hanging disk holds back
        self.motor: str | None = None
        self.drives = 0
        self.supplies: dict[str, Reading] = {}
        self.answering = True  # whether supplies say something when they are asked
        self.unlocks = 0
        self.fed_at_drive = False
        self._changed: dict[str, list[float]] = {}
        self.weak_throws: list[int] = [0]  # of each session, with a weak source alone
        self._session = 0.0
        self._thrown: str | None = None  # the throw that a retry belongs to
        self._motor_since = 0.0
        self._moves: list[tuple[float, Sensed]] = []
        self._seq = 0
        self._grants: dict[str, tuple[Record, float, str]] = {}
        self.zone = zone
        self.lock = Lock(settings, snapshot, self.seen, self.at, lambda: ZoneInfo(zone))

    # Time ----------------------------------------------------------------------------------------

    trust: TimeState

    @property
    def at(self) -> Instant:
        return Instant(self.mono, self.wall, self.trust)

    def wait(self, seconds: float) -> list[Effect]:
        """Let time pass, with everything that happens in it."""
        begun, until = len(self.effects), self.mono + seconds
        while (due := self._next_due()) is not None and due <= until:
            self._pass(max(0.0, due - self.mono))
            self._happen()
        self._pass(until - self.mono)
        return self.effects[begun:]

    def _next_due(self) -> float | None:
        deadline = self.lock.next_deadline()
        moves = [due for due, _ in self._moves]
        return min(moves + ([deadline] if deadline is not None else []), default=None)

    def _pass(self, seconds: float) -> None:
        self.mono += seconds
        self.wall += round(seconds * 1_000_000)
        limit = self.settings.bolt.hold_s + self.settings.bolt.travel_s
        limit = limit + BOUND_S if self.settings.bolt.kind == "strike" else self.settings.bolt.travel_s
        assert self.motor is None or self.mono - self._motor_since <= limit + 0.001, "the motor runs for too long"

    def _happen(self) -> None:
        for move in [m for m in self._moves if m[0] <= self.mono]:
            if move in self._moves:
                self._moves.remove(move)
                self.sense(move[1].contact, move[1].on)
        deadline = self.lock.next_deadline()
        if deadline is not None and deadline <= self.mono:
            self._take(self.lock.tick(self.at))
            later = self.lock.next_deadline()
            assert later is None or later > self.mono or later > deadline, "a deadline that does not go away"

    # What happens --------------------------------------------------------------------------------

    def submit(self, event: Event) -> list[Effect]:
        """Let it happen now, and what follows from it at once."""
        begun = len(self.effects)
        self._take(self.lock.handle(event, self.at))
        return self.effects[begun:]

    def sense(self, contact: Contact, on: bool) -> list[Effect]:
        self.contacts[contact] = on
        return self.submit(Sensed(contact, on)) if contact not in self.blind else []

    def lose(self, contact: Contact) -> list[Effect]:
        """From now on it cannot be read."""
        self.blind.add(contact)
        return self.submit(Sensed(contact, None))

    def find(self, contact: Contact) -> list[Effect]:
        """It can be read again."""
        self.blind.discard(contact)
        return self.submit(Sensed(contact, self.contacts.get(contact, False)))

    @property
    def seen(self) -> dict[Contact, bool]:
        """The contacts that can be read."""
        return {contact: on for contact, on in self.contacts.items() if contact not in self.blind}

    def ask(
        self, wish: Wish = "Unlock", source: Source = "Remote", pin: str | None = None, request: int = 0, **more: Any
    ) -> list[Effect]:
        """Somebody asks for it, with a PIN or without."""
        shown = Presented("PIN", digest(pin)) if pin is not None else None
        return self.submit(OperationAsked(wish, source, shown, request, **more))

    def type(self, pin: str, **more: Any) -> list[Effect]:
        """Somebody types a PIN at the keypad."""
        return self.ask("Unlock", "Keypad", pin, **more)

    def press_inside(self) -> list[Effect]:
        self.sense("inside", True)
        return self.sense("inside", False)

    def stick(self) -> None:
        """The bolt moves no further."""
        self.sticks = True
        self._moves.clear()

    def unlocked(self) -> World:
        """The same world after somebody has unlocked."""
        self.ask()
        self.wait(1)
        assert self.lock.lock_state == "Unlocked"
        return self

    def by_hand(self, contact: Contact) -> None:
        """The bolt is brought to that end by hand."""
        self.sense("unlocked" if contact == "locked" else "locked", False)
        self.wait(0.2)
        self.sense(contact, True)

    def present(self, kind: CredentialType, data: str, source: Source, request: int = 0) -> list[Effect]:
        """Somebody shows a card, a finger or a phone."""
        return self.submit(OperationAsked("Unlock", source, Presented(kind, digest(data)), request))

    def give(self, pin: str, index: int, user: int = 1, variant: str = "", op: str = "Add", **terms: Any) -> Any:
        """A further PIN for a user, on these terms; the answer."""
        request = 10_000 + len(self.answers)
        forced = digest(variant) if variant else b""
        self.submit(CredentialSet(op, "PIN", index, user, digest(pin), terms, request, "uid 0", forced))
        return self.answers.get(request)

    def enrol(self, index: int, pin: str, **fields: Any) -> Self:
        """A user with a PIN."""
        self.submit(UserSet("Add", index, fields))
        self.submit(CredentialSet("Add", "PIN", index, index, digest(pin)))
        return self

    def week(self, user: int = 1, days: int = 127, start: str = "00:00", end: str = "00:00", index: int = 1) -> World:
        """Hours of a user's week, as hh:mm."""
        times = [int(part) for text in (start, end) for part in text.split(":")]
        fields = dict(zip(FIELDS["WeekDaySchedule"], (days, *times), strict=True))
        self.submit(ScheduleSet("WeekDaySchedule", index, user, fields))
        return self

    def year(self, user: int = 1, start: int = 0, end: int = DAY_S, index: int = 1) -> World:
        """Days of a user's calendar, in seconds from now."""
        now = self.wall // 1_000_000
        fields = {"start": now + start, "end": now + end}
        self.submit(ScheduleSet("YearDaySchedule", index, user, fields))
        return self

    def holiday(self, mode: OperatingMode, start: int = 0, end: int = DAY_S, index: int = 1, **more: Any) -> World:
        """A holiday of the lock's, in seconds from now."""
        now = self.wall // 1_000_000
        fields = {"start": now + start, "end": now + end, "mode": mode}
        self.submit(ScheduleSet("HolidaySchedule", index, LOCKS_OWN, fields, **more))
        return self

    # What feeds it -------------------------------------------------------------------------------

    def supply(self, *readings: Reading) -> list[Effect]:
        """These supplies are like this now, and say so."""
        begun = len(self.effects)
        for reading in readings:
            before = self.supplies.get(reading.name, reading)
            if (before.present, _good(before)) != (reading.present, _good(reading)):
                self._changed.setdefault(reading.name, []).append(self.mono)
            self.supplies[reading.name] = reading
            self.submit(SupplyRead(reading))
        return self.effects[begun:]

    def battery(self, percent: float | None = None, volts: float | None = None, **more: Any) -> list[Effect]:
        return self.supply(Reading("battery", "Battery", True, percent, volts, **more))

    def plug(self, source: PowerSource = "EmergencyUsb", volts: float | None = 5.0) -> list[Effect]:
        return self.supply(Reading(source, source, True, volts=volts))

    def unplug(self, source: PowerSource = "EmergencyUsb") -> list[Effect]:
        return self.supply(Reading(source, source, False))

    def power(self, enough: bool) -> list[Effect]:
        """A battery that can drive the motor, or one that cannot."""
        return self.battery(100.0, 4.2) if enough else self.battery(1.0, 2.0)

    @property
    def fed(self) -> bool:
        """Whether there is anything that a throw may be driven from."""
        there = (each for each in self.supplies.values() if each.present)
        return any(each.source == "Battery" or (_good(each) and self._still(each.name)) for each in there)

    def _still(self, name: str) -> bool:
        return sum(self.mono - moment < FLAPS_S - 0.001 for moment in self._changed.get(name, ())) <= FLAPS

    def _read(self) -> None:
        for reading in self.supplies.values():
            self.submit(SupplyRead(reading))
        self.submit(SuppliesRead(frozenset(self.supplies)))

    # The store -----------------------------------------------------------------------------------

    def write(self) -> None:
        """The disk that hung has written all that it was given."""
        self.disk = "works"
        while self.unwritten:
            self._commit(self.unwritten.pop(0))

    def fail(self) -> None:
        """The disk that hung has failed for all that it was given."""
        while self.unwritten:
            self._refuse(self.unwritten.pop(0))

    def snapshot(self, boot: str = "") -> Snapshot:
        """What a restart finds, in this boot if not in another."""

        def table(name: str) -> dict[str, Any]:
            return {key: row.value for (in_table, key), row in self.rows.items() if in_table == name}

        state = {key: row for (in_table, key), row in self.rows.items() if in_table == "state"}
        kept = table("schedule")
        return Snapshot(table("user"), table("credential"), state, boot or self.boot, self._seq, schedules=kept)

    def restarted(self, after_s: float = 1.0, boot: str = "", **more: Any) -> World:
        """The world after lockd was killed and started again; in another boot the clock begins anew."""
        mono = 10.0 if boot else self.mono + after_s
        settings = more.get("settings", self.settings)
        world = World(settings, self.contacts, self.snapshot(boot), mono, self.zone, self.blind)
        world.wall = self.wall + round(after_s * 1_000_000)
        world.rows, world._seq, world.trail = dict(self.rows), self._seq, list(self.trail)
        return world

    def _commit(self, record: Record) -> None:
        self._seq += 1
        self.trail.append((self._seq, record.entry))
        for write in record.writes:
            if isinstance(write, PutRow):
                self.rows[write.table, write.key] = Kept(self._seq, write.value)
            else:
                self.rows.pop((write.table, write.key), None)
        self._settle(record, "durable")
        self.submit(Recorded(record.ticket, self._seq))

    def _refuse(self, record: Record) -> None:
        self._settle(record, "failed")
        self.submit(EffectFailed(record.ticket, "no space left"))

    # Effects -------------------------------------------------------------------------------------

    def _take(self, effects: tuple[Effect, ...]) -> None:
        self.effects += effects
        for effect in effects:
            self._watch(effect)
        for effect in effects:
            if isinstance(effect, Record):
                self._store(effect)
            if isinstance(effect, ReadSupplies) and self.answering:
                self._read()

    def _store(self, record: Record) -> None:
        if self.disk == "hangs":
            self.unwritten.append(record)
        elif self.disk == "fails":
            self._refuse(record)
        else:
            self._commit(record)

    def _settle(self, record: Record, how: str) -> None:
        key = f"grant:{record.ticket}"
        if key in self._grants:
            self._grants[key] = (*self._grants[key][:2], how)

    def _watch(self, effect: Effect) -> None:
        match effect:
            case Record():
                self._watch_record(effect)
            case DriveBolt(direction):
                assert any(self._may_drive(*grant) for grant in self._grants.values()), "the motor without a grant"
                self._watch_power(direction)
                self.motor, self._motor_since = direction, self.mono
                self.drives += 1
                self._begin_move(direction)
            case StopBolt():
                self.motor = None
                self._moves.clear()
                if self.settings.bolt.kind == "strike":
                    self._begin_move("Locking")  # its spring
            case Answer(request, _, False):
                assert request not in self.answers, "granted after the last answer"
                self.granted.append(request)
            case Answer(request, result):
                assert request, "an answer that nobody waits for"
                assert request not in self.answers, f"request {request} is answered twice"
                self.answers[request] = result

    def _watch_power(self, direction: str) -> None:
        """No throw from a source that is not what it should be, and one alone from a weak one."""
        self.unlocks += direction == "Unlocking" and self._thrown != direction
        spring = self._springs(direction)
        self.fed_at_drive = self.fed and not spring
        supply = self.lock.parts.feed.supply
        charged = supply.battery is not None and supply.battery.charging and not supply.feeding
        if spring or supply.level != "Dead" or charged:
            self._thrown = direction
            return
        there = [each for each in self.supplies.values() if each.present and _good(each)]
        good = [each.source for each in there if self._still(each.name)]
        assert good, "a throw that nothing can drive"
        session = self.lock.parts.feed.session._since
        if session != self._session:
            self._session = session
            self.weak_throws.append(0)
        if WEAK.issuperset(good):
            self.weak_throws[-1] += direction != self._thrown
        self._thrown = direction

    @property
    def springs(self) -> bool:
        """Whether what moves the bolt now is a strike's spring, which takes no power."""
        return self._springs(self.motor)

    def _springs(self, direction: str | None) -> bool:
        return self.settings.bolt.kind == "strike" and direction == "Locking"

    def _watch_record(self, record: Record) -> None:
        if record.entry.fields.get("phase") in ("done", "failed"):
            self._thrown = None
        if record.entry.fields.get("phase") == "granted":
            self._grants[f"grant:{record.ticket}"] = (record, self.mono, "asked")
        for write in record.writes:
            if not isinstance(write, PutRow):
                self._grants.pop(write.key, None)

    def _may_drive(self, record: Record, since: float, how: str) -> bool:
        """Promises 1 and 4: on disk, or an ordinary right that has waited for the disk."""
        user = self.lock.people.users.get(record.entry.fields.get("user", 0))
        inside = record.entry.fields["source"] == "Button"
        shown = (self.lock.people.credentials.get(tuple(key)) for key in record.entry.fields.get("credentials", ()))
        if any(credential is not None and credential.terms.limited for credential in shown):
            return how == "durable"
        bound = (INSIDE_BOUND_S if inside else BOUND_S) - 1e-6  # as sums of seconds are rounded
        given_up = how == "failed" or self.mono - since >= bound
        limited = "label" in record.entry.fields or (user is not None and user.type in LIMITED)
        return how == "durable" or (given_up and not limited)

    def _begin_move(self, direction: str) -> None:
        there: Contact = "locked" if direction == "Locking" else "unlocked"
        back: Contact = "unlocked" if direction == "Locking" else "locked"
        if self.sticks or self.contacts.get(there):
            return
        self._moves = [(self.mono + LEAVES_S, Sensed(back, False)), (self.mono + ARRIVES_S, Sensed(there, True))]
        self._moves = [move for move in self._moves if move[1].contact in self.contacts]

    # What was said ------------------------------------------------------------------------------

    def entries(self, **fields: Any) -> list[Entry]:
        """What is in the trail with these fields."""
        return [entry for _, entry in self.trail if fields.items() <= entry.fields.items()]

    def signals(self, kind: str) -> list[Mapping[str, Any]]:
        """What was signalled to everybody."""
        told = (effect for effect in self.effects if isinstance(effect, Publish) and not effect.private)
        return [effect.entry.fields for effect in told if effect.entry.kind == kind]

    @property
    def alarms(self) -> list[str]:
        return [fields["alarm"] for fields in self.signals("DoorLockAlarm")]

    @property
    def signs(self) -> list[str]:
        return [effect.sign for effect in self.effects if isinstance(effect, Show)]

    @property
    def latch(self) -> list[bool]:
        return [effect.on for effect in self.effects if isinstance(effect, DriveLatch)]

    @property
    def told(self) -> dict[str, Any]:
        """The newest value of each property of the lock, as told."""
        return self._news("org.lockd1.Lock")

    @property
    def told_power(self) -> dict[str, Any]:
        """The same of what feeds it."""
        return self._news("org.lockd1.Power")

    def _news(self, interface: str) -> dict[str, Any]:
        changes = (e.values for e in self.effects if isinstance(e, Changed) and e.interface == interface)
        return {n: v for values in changes for n, v in values.items()}

    @property
    def spared(self) -> list[frozenset[str]]:
        return [effect.services for effect in self.effects if isinstance(effect, Spare)]

    def property(self, name: str) -> Any:
        return self.lock.properties(self.at)[name]

"""Whatever happens, in whatever order: what must never be otherwise."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from lockd.core.battery import JUMP_S
from lockd.core.events import (
    CodesOp,
    CodesSet,
    CredentialCleared,
    CredentialSet,
    EffectFailed,
    EnterPressed,
    Noted,
    OperationAsked,
    Presented,
    PropertySet,
    Recorded,
    ResetAsked,
    ScheduleCleared,
    ScheduleSet,
    SettingsLoaded,
    Started,
    UserCleared,
    UserSet,
)  # fmt: skip
from lockd.core.roster import ALL
from lockd.settings import Pin
from lockd.words import Contact, CredentialRule, OperatingMode, ScheduleKind, TimeState, UserType, Wish
from tests.core.power_events import PowerEvents
from tests.core.world import AT_LOCKED, AT_UNLOCKED, NOON, World, digest, wired

CODES = ("code one", "code two", "code three", "code four")
SECRETS = tuple(text for code in CODES for text in (code, digest(code).hex(), digest(code).decode()))

LOCK = {"auto_relock_s": 30, "duress_digit": True, "wrong_code_limit": 3, "lockout_s": 20}
KINDS = {
    "motor": ({}, AT_LOCKED),
    "motor with a latch": ({"latch": Pin(9)}, AT_UNLOCKED),
    "motor without an unlocked contact": ({"unlocked": None}, {"locked": True, "closed": True}),
    "motor without a door contact": ({"retries": 0}, {"locked": False, "unlocked": False}),
    "strike": ({"kind": "strike"}, AT_LOCKED),
}  # fmt: skip

TERMS: tuple[dict[str, Any], ...] = (
    {}, {}, {"uses": 1}, {"uses": 2, "spare": True}, {"until": NOON // 1_000_000 + 60}, {"duress": True},
)  # fmt: skip

codes = st.sampled_from((None, *CODES))
indexes = st.sampled_from((1, 2, 3, 101, ALL))
properties = st.one_of(
    st.tuples(st.just("OperatingMode"), st.sampled_from((*get_args(OperatingMode), "Party"))),
    st.tuples(st.just("AutoRelockTime"), st.sampled_from((0, 5, 60, -1))),
    st.tuples(st.just("RequirePINforRemoteOperation"), st.booleans()),
    st.tuples(st.just("WrongCodeEntryLimit"), st.sampled_from((1, 5))),
)


class Anything(PowerEvents):

    @initialize(kind=st.sampled_from(sorted(KINDS)))
    def begin(self, kind: str) -> None:
        bolt, contacts = KINDS[kind]
        self.settings = wired(LOCK, bolt)
        self.world = World(self.settings, contacts)
        self.asked = 0
        self.shown = 0
        self.world.submit(Started())

    # People ----------------------------------------------------------------------------------------

    @rule(
        wish=st.sampled_from(get_args(Wish)), source=st.sampled_from(("Keypad", "Remote", "ProprietaryRemote")),
        code=codes, wait=st.booleans(), relock_s=st.sampled_from((None, None, 0, 4)),
    )  # fmt: skip
    def ask(self, wish: Any, source: Any, code: str | None, wait: bool, relock_s: int | None) -> None:
        self.world.ask(wish, source, code, self.request(), wait=wait, relock_s=relock_s)

    @rule(number=st.integers(0, 99), request=st.booleans())
    def type_code(self, number: int, request: bool) -> None:
        windows = (*self.world.lock.code_windows(self.world.at), None)
        shown = Presented("PIN", b"no PIN's", True, windows[number % len(windows)])
        self.world.submit(OperationAsked("Unlock", "Keypad", shown, self.request() if request else 0))

    @rule()
    def press_enter(self) -> None:
        self.world.submit(EnterPressed())

    @rule()
    def press_inside(self) -> None:
        self.world.press_inside()

    # Managers --------------------------------------------------------------------------------------

    @rule(op=st.sampled_from(("Add", "Modify")), index=indexes, kind=st.sampled_from(get_args(UserType)),
          word=st.sampled_from(("Single", *get_args(CredentialRule))))  # fmt: skip
    def set_user(self, op: str, index: int, kind: str, word: str) -> None:
        self.world.submit(UserSet(op, index, {"type": kind, "rule": word}, self.request()))

    @rule(index=st.sampled_from((1, 2, 11)), user=st.integers(1, 3), start=st.integers(0, 23), end=st.integers(0, 23))
    def set_hours(self, index: int, user: int, start: int, end: int) -> None:
        fields = {"days": 127, "start_hour": start, "start_minute": 0, "end_hour": end, "end_minute": 0}
        self.world.submit(ScheduleSet("WeekDaySchedule", index, user, fields, self.request()))

    @rule(index=st.sampled_from((1, 2, 11)), user=st.integers(0, 3), start=st.integers(-99, 99),
          length=st.integers(0, 99), mode=st.sampled_from(get_args(OperatingMode)))  # fmt: skip
    def set_days(self, index: int, user: int, start: int, length: int, mode: OperatingMode) -> None:
        """Of user 0, which is the lock itself: a holiday."""
        now = self.world.wall // 1_000_000 + start
        fields = {"start": now, "end": now + length} | ({} if user else {"mode": mode})
        kind: ScheduleKind = "YearDaySchedule" if user else "HolidaySchedule"
        self.world.submit(ScheduleSet(kind, index, user, fields, self.request()))

    @rule(kind=st.sampled_from(get_args(ScheduleKind)), index=st.sampled_from((1, 2, 0xFE)), user=st.integers(1, 3))
    def clear_schedule(self, kind: ScheduleKind, index: int, user: int) -> None:
        whose = 0 if kind == "HolidaySchedule" else user
        self.world.submit(ScheduleCleared(kind, index, whose, self.request()))

    @rule(op=st.sampled_from(("Add", "Add", "Modify")), index=indexes, user=st.integers(0, 3),
          code=st.sampled_from(CODES[:3]), kind=st.sampled_from(("DisposableUser", "ExpiringUser", None)),
          terms=st.sampled_from(TERMS), varies=st.booleans())  # fmt: skip
    def set_pin(
        self, op: str, index: int, user: int, code: str, kind: str | None, terms: dict[str, Any], varies: bool
    ) -> None:
        fields = terms | ({"user_type": kind} if kind and not user else {})
        forced = digest(CODES[3]) if varies else b""
        self.world.submit(CredentialSet(
            op, "PIN", index, user, digest(code), fields, self.request(), forced=forced
        ))  # fmt: skip

    @rule(index=indexes)
    def clear_user(self, index: int) -> None:
        self.world.submit(UserCleared(index, self.request()))

    @rule(index=indexes, kind=st.sampled_from(("PIN", "")))
    def clear_pin(self, index: int, kind: str) -> None:
        self.world.submit(CredentialCleared(kind, index, self.request()))

    @rule(op=st.sampled_from(get_args(CodesOp)), name=st.sampled_from(("once", "visitor")))
    def change_codes(self, op: Any, name: str) -> None:
        serial = f"key {self.asked}" if op == "key" else ""
        self.world.submit(CodesSet(op, name, accept=5, serial=serial, request=self.request()))

    @rule(given=properties)
    def set_property(self, given: tuple[str, Any]) -> None:
        self.world.submit(PropertySet(*given, request=self.request()))

    @rule(seconds=st.sampled_from((0, 7, 30)))
    def load_settings(self, seconds: int) -> None:
        door = self.settings.door.but(ajar_s=seconds)
        self.world.submit(SettingsLoaded(wired({**LOCK, "auto_relock_s": seconds}).but(
            bolt=self.settings.bolt, door=door)))  # fmt: skip

    @rule(alarm=st.sampled_from((None, "BatteryLow")))
    def note(self, alarm: Any) -> None:
        self.world.submit(Noted("noted", alarm=alarm, request=self.request()))

    @rule()
    def reset(self) -> None:
        self.world.submit(ResetAsked(self.request()))

    # The world -------------------------------------------------------------------------------------

    @rule(contact=st.sampled_from(get_args(Contact)), on=st.booleans())
    def sense(self, contact: Contact, on: bool) -> None:
        if contact in self.world.contacts or contact in ("tamper", "inside", "spindle", "code", "hole"):
            self.world.sense(contact, on)

    @rule(contact=st.sampled_from(get_args(Contact)))
    def lose_a_contact(self, contact: Contact) -> None:
        if contact in self.world.contacts or contact in ("inside", "spindle", "code", "hole"):
            self.world.lose(contact)

    @precondition(lambda self: self.world.blind)
    @rule()
    def find_a_contact(self) -> None:
        self.world.find(min(self.world.blind))

    @rule(seconds=st.sampled_from((0.05, 0.4, 1, 3, 10, 40, 300)))
    def pass_time(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule()
    def stick(self) -> None:
        self.world.stick()

    @rule()
    def loosen(self) -> None:
        self.world.sticks = False

    @rule()
    def lose_the_pins(self) -> None:
        self.world.submit(EffectFailed(0, "the chip is gone"))

    @rule(trust=st.sampled_from(get_args(TimeState)), jump_s=st.integers(-(10**6), 10**6))
    def set_clock(self, trust: TimeState, jump_s: int) -> None:
        self.world.trust = trust
        self.world.wall += jump_s * 1_000_000

    @rule(disk=st.sampled_from(("works", "hangs", "hangs", "fails")))
    def change_disk(self, disk: Any) -> None:
        self.world.disk = disk if disk == "hangs" or not self.world.unwritten else "hangs"

    @precondition(lambda self: self.world.unwritten)
    @rule()
    def write(self) -> None:
        self.world.write()

    @precondition(lambda self: self.world.unwritten)
    @rule()
    def fail(self) -> None:
        self.world.fail()

    @rule(ticket=st.integers(0, 99))
    def strange_answer(self, ticket: int) -> None:
        if ticket not in [record.ticket for record in self.world.unwritten]:
            self.world.submit(Recorded(ticket, 1) if ticket % 2 else EffectFailed(ticket + 1000, "strange"))

    @rule(boot=st.sampled_from(("", "another boot")))
    def crash(self, boot: str) -> None:
        self.world.motor = None
        self.world = self.world.restarted(boot=boot)
        self.asked = self.shown = 0
        self.world.submit(Started())
        assert self.world.drives == 0

    # What never is otherwise (and what World watches) ------------------------------------------------

    @invariant()
    def locked_is_what_the_locked_contact_says(self) -> None:
        contacts = self.world.seen
        seen = contacts.get("locked", False) and not contacts.get("unlocked", False)
        said = self.world.lock.lock_state
        assert (said == "Locked") == seen or said == "Unlatched"

    @invariant()
    def a_motor_that_is_on_has_a_deadline(self) -> None:
        assert self.world.motor is None or self.world.lock.next_deadline() is not None

    @invariant()
    def no_secret_is_shown(self) -> None:
        shown = repr(self.world.effects[self.shown :]) + repr(self.world.snapshot())
        self.shown = len(self.world.effects)
        assert not [secret for secret in SECRETS if secret in shown]

    @invariant()
    def what_is_told_is_what_is(self) -> None:
        now = self.world.lock.properties(self.world.at)
        told = self.world.lock._told
        assert {n for n in now if now[n] != told[n]} <= {"LockoutRemaining"}

    def teardown(self) -> None:
        """In the end, with a world that works again: everybody has his answer, and nothing is left."""
        if not hasattr(self, "world"):
            return
        world, throws, trail = self.world, self.world.lock.throws, self.world.lock.parts.trail
        world.write()
        for contact in tuple(world.blind):
            world.find(contact)
        world.sticks = world.answering = False
        world.power(True)
        world.wait(JUMP_S)
        world.power(True)
        world.submit(Noted("all is well"))  # a disk that works again says so with the next record
        world.wait(4000)
        assert set(world.answers) == set(range(1, self.asked + 1))
        assert (trail._waiting, trail._overdue, trail.failing) == ({}, {}, False)
        assert (throws._under_way, throws._waiting, throws.using) == ((), (), set())
        assert not self.world.lock.parts.registry._queue
        assert world.motor is None
        again = world.restarted()
        again.submit(Started())
        assert known(world) == known(again)
        assert not [key for _, key in again.rows if key.startswith("grant:")]


def known(world: World) -> list[Any]:
    people, codes = world.lock.people, world.lock.codes
    granted = [codes.serial, codes.epoch, codes.labels, {key for key, w in codes.uses.items() if codes.stands(w)}]
    hours = people.calendar._of
    return [people.users, people.credentials, people.spent, people._by_digest, hours, granted, codes.floor]


TestAnything = Anything.TestCase
TestAnything.settings = settings(max_examples=80, stateful_step_count=40)

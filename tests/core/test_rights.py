"""Who may come in: every type of user, window, mode, power, lockout and clock, and every sequence of
changes and tries, each held against an oracle that knows the rules as people say them.
"""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lockd.core.access import Case, decide
from lockd.core.calendar import schedule_row
from lockd.core.events import ClockChanged, CredentialSet, PropertySet, ScheduleCleared, Started, UserSet
from lockd.core.instant import Instant
from lockd.core.people import People
from lockd.core.schedule import Timetable, Weekly
from lockd.core.spans import Span
from lockd.errors import InsufficientBattery
from lockd.settings import UserSettings
from lockd.words import SCHEDULED, CredentialRule, OperatingMode, Source, TimeState, UserType
from tests.core.test_schedule import moment, oracle
from tests.core.world import World, digest, wired

TYPES: tuple[UserType, ...] = get_args(UserType)
MODES: tuple[OperatingMode, ...] = get_args(OperatingMode)
PLACES: tuple[Source, ...] = ("Keypad", "Remote")

#: What a mode shuts, to everybody but a ProgrammingUser.
SHUT_BY_MODE = {
    ("Vacation", "Keypad"), ("Privacy", "Keypad"), ("Privacy", "Remote"), ("NoRemoteLockUnlock", "Remote"),
}  # fmt: skip
#: What a type is refused, wherever he is.
SHUT_BY_TYPE = {("NonAccessUser", "Keypad"), ("NonAccessUser", "Remote"), ("RemoteOnlyUser", "Keypad")}
#: Types whose right is none while the clock may be wrong.
BY_THE_CLOCK = {"ExpiringUser", "WeekDayScheduleUser", "YearDayScheduleUser", "ScheduleRestrictedUser"}
#: Types by the windows that let them in: (of the week, of the year), each open, shut or not set.
OPEN, SHUT, UNSET = "open", "shut", "unset"
LET_IN_BY = {
    "WeekDayScheduleUser": {(OPEN, OPEN), (OPEN, SHUT), (OPEN, UNSET)},
    "YearDayScheduleUser": {(OPEN, OPEN), (SHUT, OPEN), (UNSET, OPEN)},
    "ScheduleRestrictedUser": {(OPEN, OPEN), (OPEN, UNSET), (UNSET, OPEN)},
}

# Every case ----------------------------------------------------------------------------------------

NOW = moment("UTC", "2026-11-23T12:00:00")  #: a Monday
WEEK = {OPEN: 127, SHUT: 1}
YEAR = {OPEN: (NOW - 60, NOW + 60), SHUT: (NOW, NOW - 60)}
AT = Instant(1000.0, NOW * 1_000_000, "Trusted")


def people(kind: UserType, week: str, year: str) -> People:
    """User 1, of this type and with these windows."""
    them = People([{"index": 1, "type": kind}], [{"kind": "PIN", "index": 1, "user": 1, "digest": "00"}])
    if week != UNSET:
        fields = {"days": WEEK[week], "start_hour": 8, "start_minute": 0, "end_hour": 17, "end_minute": 0}
        them.apply([schedule_row("WeekDaySchedule", 1, 1, fields)])
    if year != UNSET:
        fields = dict(zip(("start", "end"), YEAR[year], strict=True))
        them.apply([schedule_row("YearDaySchedule", 1, 1, fields)])
    return them


def expected(
    kind: str, week: str, year: str, mode: str, place: str, power: bool, locked_out: bool, clock: str
) -> tuple[str, str] | None:
    """Error and detail of the record; None: he comes in."""
    reasons = (
        (locked_out, ("Restricted", "locked-out")),
        (kind in BY_THE_CLOCK and clock != "Trusted", ("Restricted", "clock-unset")),
        ((mode, place) in SHUT_BY_MODE and kind != "ProgrammingUser", ("Restricted", "mode-forbids")),
        ((kind, place) in SHUT_BY_TYPE, ("Restricted", "")),
        (kind in LET_IN_BY and (week, year) not in LET_IN_BY.get(kind, ()), ("Restricted", "schedule-shut")),
        (not power, ("InsufficientBattery", "")),
    )
    return next((reason for holds, reason in reasons if holds), None)


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_in_every_case(kind: UserType) -> None:
    """The first reason of the oracle is that of the record, in each of 1080 cases a type."""
    shortage = InsufficientBattery("There is not enough power.")
    for week, year in product((OPEN, SHUT, UNSET), repeat=2):
        them = people(kind, week, year)
        user, credential = them.users[1], them.of(1)[0]
        within = them.within_hours(user, AT)
        for mode, place, power, locked_out, clock in product(MODES, PLACES, (True, False), (False, True),
                                                             get_args(TimeState)):  # fmt: skip
            refusal = decide(Case(
                "Unlock", place, mode, True, False, (user, credential), False, 9.0 if locked_out else 0.0, True, False,
                clock, None if power else shortage, AT.wall, within_hours=within,
            ))  # fmt: skip
            said = (refusal.error, refusal.detail) if refusal is not None else None
            assert said == expected(kind, week, year, mode, place, power, locked_out, clock)


@pytest.mark.parametrize(("mode", "clock", "week", "year"),
                         [*product(MODES, get_args(TimeState), (OPEN, SHUT, UNSET), (OPEN, SHUT, UNSET))])
def test_nothing_shuts_out_an_unrestricted_user_but_lockout_power_and_mode(
    mode: OperatingMode, clock: TimeState, week: str, year: str
) -> None:
    refused = [place for place in PLACES if expected("UnrestrictedUser", week, year, mode, place, True, False, clock)]
    assert {(mode, place) for place in refused} <= SHUT_BY_MODE


# Every sequence ------------------------------------------------------------------------------------

#: A Saturday evening, before the night on which summer time ends.
EVENING = moment("UTC", "2026-10-24T16:00:00")
LIMIT, WINDOW_S, FIRST_S, MOST_S = 3, 300, 20, 80
RULE_S = 30
USERS, PINS_EACH = (1, 2, 3), 3
EXPIRES_MIN = 60


minutes = st.sampled_from((0, 60, 90, 150, 480, 1080, 1200, 1320))
days = st.sampled_from((127, 1, 64, 65, 62))
weeks = st.lists(st.builds(Weekly, days, minutes, minutes), max_size=2).map(tuple)
years = st.lists(st.tuples(st.integers(-2, 12), st.integers(1, 12)), max_size=2)


class Known:
    """What the oracle remembers of one person."""

    def __init__(self) -> None:
        self.type: UserType = "UnrestrictedUser"
        self.needed = 1
        self.used = False
        self.expires: float | None = None
        self.weekly: dict[int, Weekly] = {}
        self.yearly: dict[int, Span] = {}
        self.shown: dict[int, float] = {}  # PINs of his, and when each was shown last


class Rights(RuleBasedStateMachine):
    """Managers change what they like, time passes, people try; after each try the oracle says who is in."""

    @initialize()
    def begin(self) -> None:
        lock = {"wrong_code_limit": LIMIT, "wrong_code_window_s": WINDOW_S, "lockout_s": FIRST_S,
                "lockout_max_s": MOST_S, "expiring_timeout_min": EXPIRES_MIN}  # fmt: skip
        self.world = World(wired(lock).but(users=UserSettings(rule_window_s=RULE_S)), zone="Europe/Berlin")
        self.world.wall = EVENING * 1_000_000
        self.world.submit(Started())
        self.known = {user: Known() for user in USERS}
        self.mode: OperatingMode = "Normal"
        self.turn = 0
        self.holidays: dict[int, tuple[int, int, OperatingMode]] = {}
        self.wrong: dict[Source, list[float]] = {place: [] for place in PLACES}
        self.until: dict[Source, float] = dict.fromkeys(PLACES, 0.0)
        self.level: dict[Source, int] = dict.fromkeys(PLACES, 0)
        for user in USERS:
            self.world.submit(UserSet("Add", user, {}))
            for pin in range(PINS_EACH):
                code = digest(f"{user}{pin}")
                self.world.submit(CredentialSet("Add", "PIN", user * 10 + pin, user, code))

    # Managers --------------------------------------------------------------------------------------

    @rule(user=st.sampled_from(USERS), kind=st.sampled_from((*TYPES, *SCHEDULED)),
          word=st.sampled_from(("Single", *get_args(CredentialRule))), week=weeks, year=years)  # fmt: skip
    def arrange(
        self, user: int, kind: UserType, word: CredentialRule, week: tuple[Weekly, ...], year: list[tuple[int, int]]
    ) -> None:
        """Somebody is given another right, and other hours than he had."""
        self.world.submit(UserSet("Modify", user, {"type": kind, "rule": word}))
        shown, self.known[user] = self.known[user].shown, Known()
        known = self.known[user]
        known.type, known.needed, known.shown = kind, {"Single": 1, "Dual": 2, "Tri": 3}[word], shown
        for of in ("WeekDaySchedule", "YearDaySchedule"):
            self.world.submit(ScheduleCleared(of, 0xFE, user))  # type: ignore[arg-type]
        for index, each in enumerate(week, 1):
            clock = [f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (each.start, each.end)]
            self.world.week(user, each.days, *clock, index=index)
            known.weekly[index] = each
        for index, (ahead, hours) in enumerate(year, 1):
            self.world.year(user, ahead * 3600, (ahead + hours) * 3600, index)
            start = int(self.now) + ahead * 3600
            known.yearly[index] = Span(start, start + hours * 3600)

    @rule(mode=st.sampled_from(MODES))
    def set_mode(self, mode: OperatingMode) -> None:
        self.world.submit(PropertySet("OperatingMode", mode))
        self.mode = mode
        for index in [index for index, (start, end, _) in self.holidays.items() if start <= self.now < end]:
            if self.world.trust == "Trusted":
                del self.holidays[index]  # it has no more to say

    @rule(index=st.integers(1, 2), ahead=st.integers(-1, 4), hours=st.integers(1, 12), mode=st.sampled_from(MODES))
    def set_holiday(self, index: int, ahead: int, hours: int, mode: OperatingMode) -> None:
        self.world.holiday(mode, ahead * 3600, (ahead + hours) * 3600, index)
        start = int(self.now) + ahead * 3600
        self.holidays[index] = (start, start + hours * 3600, mode)

    # The world -------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        return self.world.wall / 1_000_000

    @rule(seconds=st.sampled_from((0.5, 10, 25, 100, 3600, 5400, 10_000)))
    def pass_time(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule(trust=st.sampled_from(("Trusted", "Trusted", "Floor", "Unknown")))
    def set_trust(self, trust: TimeState) -> None:
        self.world.trust = trust
        self.world.submit(ClockChanged())

    @rule()
    def restart(self) -> None:
        trust, self.world = self.world.trust, self.world.restarted()
        self.world.trust = trust
        self.world.submit(Started())
        for known in self.known.values():
            known.shown = {}

    # People ----------------------------------------------------------------------------------------

    @invariant()
    def everybody_tries(self) -> None:
        """After each step, each with the next one of his PINs, at one place or the other."""
        self.turn += 1
        for user in USERS:
            self.try_pin(user, (self.turn + user) % PINS_EACH, PLACES[self.turn // 2 % 2])

    def try_pin(self, user: int, pin: int, place: Source) -> None:
        due = self._due(self.known[user], pin, place)
        assert self._comes_in(f"{user}{pin}", place) is due
        if due:
            self.wrong[place], self.level[place] = [], 0

    @rule(place=st.sampled_from(PLACES), times=st.integers(1, LIMIT))
    def try_wrong(self, place: Source, times: int) -> None:
        for _ in range(times):
            if self.world.mono >= self.until[place]:
                recent = [moment for moment in self.wrong[place] if self.world.mono - moment < WINDOW_S]
                self.wrong[place] = [*recent, self.world.mono]
            if len(self.wrong[place]) == LIMIT:
                self.until[place] = self.world.mono + min(FIRST_S * 2 ** self.level[place], MOST_S)
                self.level[place] += 1
                self.wrong[place] = []
            assert not self._comes_in("nobody's", place)

    def _comes_in(self, code: str, place: Source) -> bool:
        drives = self.world.drives
        self.world.ask("Unlock", place, code)
        came = self.world.drives > drives
        self.world.wait(1)
        assert came is (self.world.lock.lock_state == "Unlocked")
        if came:
            self.world.by_hand("locked")
        return came

    # The oracle ------------------------------------------------------------------------------------

    def _mode(self) -> OperatingMode:
        lasting = [index for index, (start, end, _) in self.holidays.items() if start <= int(self.now) < end]
        return self.holidays[min(lasting)][2] if lasting and self.world.trust == "Trusted" else self.mode

    def _allowed(self, known: Known, place: Source) -> bool:
        trusted = self.world.trust == "Trusted"
        if self.world.mono < self.until[place]:
            return False
        if (self._mode(), place) in SHUT_BY_MODE and known.type != "ProgrammingUser":
            return False
        if (known.type, place) in SHUT_BY_TYPE or (known.type in BY_THE_CLOCK and not trusted):
            return False
        if known.type == "ExpiringUser":
            return known.expires is None or self.now < known.expires
        if known.type in SCHEDULED:
            table = Timetable(tuple(known.weekly.values()), tuple(known.yearly.values()))
            return oracle(known.type, table, int(self.now))
        return not (known.type == "DisposableUser" and known.used)

    def _due(self, known: Known, pin: int, place: Source) -> bool:
        """Whether he has to come in now; remembers what was shown and used."""
        if not self._allowed(known, place):
            return False
        known.shown[pin] = self.world.mono
        if sum(self.world.mono - moment <= RULE_S for moment in known.shown.values()) < known.needed:
            return False
        known.shown = {}
        known.used = True
        if known.expires is None:
            known.expires = self.now + EXPIRES_MIN * 60
        return True


TestRights = Rights.TestCase
TestRights.settings = settings(max_examples=60, stateful_step_count=12)

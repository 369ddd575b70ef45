"""Programming at the keypad through the whole daemon, and the lines of it one by one."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from lockd.core.events import CredentialSet, EnterPressed, Event, LineTyped, OperationAsked, Presented, UserSet
from lockd.daemon.digests import Digests
from lockd.daemon.enrolment import NEAR
from lockd.daemon.keypad import Typing
from lockd.daemon.programming import WAITING_MAX, Dialogue
from lockd.daemon.tries import FREE_MAX, Tries
from lockd.daemon.tries import WAITING_MAX as TRIES_MAX
from lockd.dbus.client import Client
from lockd.errors import Busy, ConstraintError
from lockd.settings import LockSettings
from lockd.words import Sign
from tests.core.world import World, digest
from tests.daemon.inside import Inside, inside, nimble
from tests.daemon.process import (
    PATIENCE_S,
    USERS,
    Lockd,
    enrol,
    heard,
    on_the_bus,
    press,
    trail,
    until,
)  # fmt: skip

MASTER, KEY, NEW, NEAR_NEW = "580472", "940285", "739164", "739165"
#: Short PINs, and keys that stay down for long enough to be felt on a busy machine.
EASY = '[gpio]\ndebounce_ms = 15\n[lock]\npin_quality = "allow"\npin_min = 4\n'
FEW_MASTER, FEW_KEY, FEW = "5804", "9402", "7391"


async def test_who_is_removed_at_the_keypad_is_gone_and_stands_in_the_trail(lockd: Lockd) -> None:
    lockd.config.write_text(EASY)
    lockd.start()
    async with on_the_bus(lockd) as caller, caller.signals() as news, asyncio.timeout(2 * PATIENCE_S):
        await enrol(caller, FEW_MASTER, 1, "ProgrammingUser")
        await enrol(caller, FEW, 2)
        await caller.call(USERS, "SetCredential", "Add", "ProgrammingPIN", 1, FEW_KEY.encode(), 1, {})
        await press(caller, f"{FEW_KEY}#")
        assert await recorded(caller, "programming-began") == ("Keypad", 1)
        await press(caller, "3#2#2#*")
        change = await heard(news, "LockUserChange", source="Keypad", data_type="PIN")
        assert (change["operation"], change["by"], change["user"]) == ("Clear", "user 1 (user 1) at the keypad", 2)
        await heard(news, "LockUserChange", source="Keypad", data_type="UserIndex", operation="Clear", user=2)
        assert [user["index"] for user in await caller.call(USERS, "ListUsers")] == [1]
        assert await recorded(caller, "programming-left") == ("Keypad", 1)


async def test_a_pin_given_at_the_keypad_opens_and_is_nowhere_in_clear(tmp_path: Path) -> None:
    settings = nimble()
    settings = settings.but(lock=settings.lock.but(pin_quality="allow"))
    async with asyncio.timeout(PATIENCE_S), inside(tmp_path / "state", settings=settings) as lock:
        await lock.enrol(MASTER, 1, "ProgrammingUser")
        await lock.daemon.desk.set_credential("Add", "ProgrammingPIN", 1, KEY.encode(), 1, {}, "test")
        for line, then in ((KEY, "choice"), ("1", "number"), ("7", "pin"), (NEW, "again"), (NEW, "choice"), ("", "")):
            for key in f"{line}#" if line else "*":
                lock.daemon.typing.press(key)
            await until(lambda then=then: step(lock) == then)  # type: ignore[misc]
        for key in f"{NEW}#":
            lock.daemon.typing.press(key)
        await lock.until("Unlocked")
        told = [entry for kind, entry in lock.events if kind == "durable"]
    assert [entry.fields["user"] for entry in told if entry.fields.get("phase") == "granted"] == [7]
    assert not any(pin in repr(told) for pin in (MASTER, KEY, NEW))
    files = [file.read_bytes() for file in (tmp_path / "state").rglob("*") if file.is_file()]
    assert not any(pin.encode() in data for pin in (MASTER, KEY, NEW) for data in files)


async def recorded(caller: Client, detail: str) -> tuple[str, int]:
    """The source and the user of such an entry, as soon as there is one: it is no signal."""
    while True:
        for event in await trail(caller):
            if event.get("detail") == detail:
                return event["source"], event["user"]


def step(lock: Inside) -> str:
    asked = lock.daemon.pump.lock.programming
    return asked.step if asked is not None else ""


async def test_switched_off_by_a_reload_it_is_off_at_once(lockd: Lockd) -> None:
    lockd.config.write_text(EASY)
    lockd.start()
    async with on_the_bus(lockd) as caller, asyncio.timeout(2 * PATIENCE_S):
        await enrol(caller, FEW_MASTER, 1, "ProgrammingUser")
        assert [f["text"] for f in await findings(caller)] == ["on, and no ProgrammingPIN is set"]
        await caller.call(USERS, "SetCredential", "Add", "ProgrammingPIN", 1, FEW_KEY.encode(), 1, {})
        assert [f["text"] for f in await findings(caller)] == ["on, and 1 ProgrammingPIN is set"]
        lockd.config.write_text(f"{EASY}[keypad]\nprogramming = false\n")
        lockd.send(signal.SIGHUP)
        lockd.wait_for_note("RELOADING=1")
        lockd.wait_for_note("READY=1")
        assert [f["text"] for f in await findings(caller)] == ["off"]


async def findings(caller: Client) -> list[dict[str, Any]]:
    return [f for f in await caller.call("org.lockd1.Manager", "Diagnose") if f["part"] == "programming"]


# One line after the other ------------------------------------------------------------------------


class Rater:
    """In place of Enrolment. PINs of one digit again and again are weak; `busy`: nothing can be hashed."""

    def __init__(self) -> None:
        self.busy = False
        self.rated: list[tuple[str, int]] = []
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def rate(self, lock: LockSettings, pin: str, user: int) -> list[str]:
        await self.may_go_on.wait()
        self.rated.append((pin, user))
        if not 6 <= len(pin) <= 8:
            raise ConstraintError("too short")
        if lock.pin_quality == "allow":
            return []
        return ["weak"] * (len(set(pin)) == 1) + [NEAR] * (pin == NEAR_NEW)

    async def digest(self, lock: LockSettings, kind: str, pin: bytes, user: int, fields: Any) -> tuple[bytes, bytes]:
        return await self.hash(pin.decode()), b""

    async def hash(self, pin: str) -> bytes:
        if self.busy:
            raise Busy("busy")
        return digest(pin)


class Door:
    """A keypad, and the core behind it."""

    def __init__(self) -> None:
        self.world = World().enrol(1, MASTER, type="ProgrammingUser")
        self.world.submit(CredentialSet("Add", "ProgrammingPIN", 1, 1, digest(KEY)))
        self.world.submit(UserSet("Add", 2, {}))
        self.world.submit(CredentialSet("Add", "RFID", 1, 2, digest("card")))
        self.events: list[Event] = []
        self.rater = Rater()
        self.settings = LockSettings()
        self.digests = Digests(None)
        self.digests.digest = self._digest  # type: ignore[method-assign]
        self.tries = Tries(self.digests, lambda kind, _, made: Presented(kind, made), self._submit, lambda _: 0.0)
        self.dialogue = self.tries.lines = Dialogue(
            self.world.lock, lambda: self.settings, lambda: self.rater,  # type: ignore[arg-type, return-value]
            self._ask, lambda line: self.tries.type(line, False), self._show,
        )  # fmt: skip
        self.shown: list[Sign] = []
        self.typing = Typing(lambda: 10.0, self.tries, self._show, lambda: None)

    async def _digest(self, _lane: str, _kind: str, data: str) -> bytes:
        await asyncio.sleep(0)
        return digest(data)

    async def _ask(self, event: Callable[[int], Event]) -> None:
        number = 1000 + len(self.events)
        self._submit(event(number))
        assert number in self.world.answers

    def _submit(self, event: Event) -> None:
        self.events.append(event)
        self.world.submit(event)

    def _show(self, sign: Sign) -> None:
        self.shown.append(sign)

    async def type(self, keys: str) -> None:
        """And until all of it is decided."""
        for key in keys:
            self.typing.press(key)
        await self.rest()

    async def rest(self) -> None:
        for _ in range(100):
            await asyncio.sleep(0)

    @property
    def step(self) -> str:
        asked = self.world.lock.programming
        return asked.step if asked is not None else ""

    def close(self) -> None:
        for each in (self.typing, self.tries, self.dialogue, self.digests):
            each.close()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door()
    yield made
    made.close()


async def test_lines_typed_ahead_are_answered_in_their_order(door: Door) -> None:
    await door.type(f"{KEY}#1#7#")
    await door.type(f"{NEW}#{NEW}#")
    assert door.world.lock.people.find("PIN", digest(NEW))
    assert door.step == "choice"
    await door.type("*")
    assert door.step == ""


async def test_star_forgets_a_line_and_leaves_with_nothing_typed(door: Door) -> None:
    await door.type(f"{KEY}#1#77*")
    assert door.step == "number"
    await door.type("7#")
    assert door.step == "pin"
    await door.type("**")
    assert (door.step, door.world.signs[-1]) == ("", "left")
    await door.type("*")
    assert door.shown[-1] == "clear"


async def test_enter_alone_is_no_answer_and_locks_only_where_nobody_programs(door: Door) -> None:
    await door.type(f"{KEY}##")
    assert (door.step, door.world.signs[-1]) == ("choice", "wrong")
    assert not any(isinstance(event, EnterPressed) for event in door.events)
    await door.type("*")
    await door.type("#")
    assert isinstance(door.events[-1], EnterPressed)


async def test_a_pin_in_place_of_a_choice_opens(door: Door) -> None:
    await door.type(f"{KEY}#{MASTER}#")
    door.world.wait(1)
    assert (door.step, door.world.lock.lock_state) == ("", "Unlocked")


async def test_one_that_was_typed_ahead_of_the_choice_opens_too(door: Door) -> None:
    await door.type(f"{KEY}#")
    door.rater.may_go_on.clear()
    await door.type("1#7#")
    await door.type(f"{NEW}#")  # is being rated
    await door.type(f"{NEW}#")
    await door.type(f"{MASTER}#")
    door.rater.may_go_on.set()
    await door.rest()
    door.world.wait(1)
    assert door.world.lock.people.find("PIN", digest(NEW))
    assert (door.step, door.world.lock.lock_state) == ("", "Unlocked")


async def test_a_line_that_is_finished_too_late_is_no_wrong_code(door: Door) -> None:
    await door.type(f"{KEY}#1#7#")
    for key in NEW:
        door.typing.press(key)
    door.world.wait(60)
    assert door.step == ""
    before = len(door.events)
    await door.type("#")
    assert (len(door.events), door.shown[-1]) == (before, "clear")
    await door.type(f"{NEW}#")
    assert isinstance(door.events[-1], OperationAsked)


async def test_no_card_waits_while_a_pin_is_rated_and_what_was_typed_is_forgotten(door: Door) -> None:
    await door.type(f"{KEY}#1#7#")
    door.rater.may_go_on.clear()
    await door.type(f"{NEW}#{NEW}#")
    assert door.shown[-1] == "working"
    door.tries.show("RFID", "RFID", "card")
    await door.rest()
    door.world.wait(1)
    assert (door.step, door.world.lock.lock_state) == ("", "Unlocked")
    door.rater.may_go_on.set()
    await door.rest()
    assert not door.world.lock.people.find("PIN", digest(NEW))
    assert door.shown[-1] == "clear"


async def test_new_pins_are_rated_by_the_setting(door: Door) -> None:
    await door.type(f"{KEY}#1#7#")
    await door.type("555555#")
    assert (door.world.signs[-1], door.step) == ("weak", "again")
    await door.type("*")
    door.settings = LockSettings(pin_quality="refuse")
    await door.type(f"{KEY}#2#1#")
    await door.type("555555#")
    assert (door.world.signs[-1], door.step, door.rater.rated[-1]) == ("refused", "pin", ("555555", 1))
    door.settings = LockSettings(pin_quality="allow")
    await door.type("555555#")
    assert (door.world.signs[-1], door.step) == ("more", "again")


async def test_one_near_anothers_is_told_to_the_core(door: Door) -> None:
    await door.type(f"{KEY}#1#7#")
    await door.type(f"{NEAR_NEW}#")
    assert (door.world.signs[-1], door.step) == ("weak", "again")
    assert door.world.entries(detail="programming-near")


@pytest.mark.parametrize("line", ["12345", "1" * 40, ""])
async def test_what_is_no_pin_is_refused(door: Door, line: str) -> None:
    await door.type(f"{KEY}#1#7#")
    await door.type(f"{line}#")
    assert (door.world.signs[-1], door.step) == ("refused", "pin")


async def test_a_pin_that_cannot_be_hashed_is_refused_first_and_unequal_then(door: Door) -> None:
    await door.type(f"{KEY}#1#7#")
    door.rater.busy = True
    await door.type(f"{NEW}#")
    assert (door.world.signs[-1], door.step) == ("refused", "pin")
    door.rater.busy = False
    await door.type(f"{NEW}#")
    door.rater.busy = True
    await door.type(f"{NEW}#")
    assert (door.world.signs[-1], door.step) == ("wrong", "pin")


async def test_a_number_is_never_longer_than_the_greatest_there_is(door: Door) -> None:
    await door.type(f"{KEY}#1#")
    await door.type(f"{NEW}#1000#")
    assert [event.number for event in door.events if isinstance(event, LineTyped)][-2:] == [None, None]
    assert (door.world.signs[-1], door.step) == ("wrong", "number")


async def test_more_lines_than_anybody_types_are_refused(door: Door) -> None:
    await door.type(f"{KEY}#1#7#")
    door.rater.may_go_on.clear()
    for _ in range(WAITING_MAX + 2):
        await door.type("1#")
    assert door.shown[-1] == "refused"
    assert len(door.dialogue._queue) == WAITING_MAX


async def test_star_and_enter_wait_where_no_further_code_does(door: Door) -> None:
    door.digests.digest = asyncio.Event().wait  # type: ignore[assignment, method-assign]
    await asyncio.sleep(0)
    for _ in range(TRIES_MAX["Keypad"] + 2):
        door.typing.press("7")
        door.typing.press("#")
    refused = [event.presented for event in door.events if isinstance(event, OperationAsked)]
    assert refused == [Presented("PIN", b"")] * 2
    for _ in range(FREE_MAX + 2):
        door.typing.press("*")
    assert len(door.tries._queue) == TRIES_MAX["Keypad"] + FREE_MAX
    await door.type("#")
    assert len(door.tries._queue) == TRIES_MAX["Keypad"] + FREE_MAX - 1, "one of them is being decided"


async def test_who_presses_star_again_and_again_keeps_no_code_from_being_read(door: Door) -> None:
    await asyncio.sleep(0)
    for _ in range(50):
        door.typing.press("*")
    await door.type("7#")
    (asked,) = (event.presented for event in door.events if isinstance(event, OperationAsked))
    assert asked != Presented("PIN", b"")


async def test_nothing_typed_is_shown_by_what_is_made_of_it(door: Door) -> None:
    await door.type(f"{KEY}#1#7#")
    await door.type(f"{NEW}#")
    said = repr([event for event in door.events if isinstance(event, LineTyped)])
    assert NEW not in said
    assert "number=7" not in said


async def test_a_mistake_of_ours_is_told(door: Door) -> None:
    told: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context["exception"]))

    async def broken(_event: Callable[[int], Event]) -> Awaitable[object]:
        raise AssertionError("ours")

    await door.type(f"{KEY}#")
    door.dialogue._ask = broken
    for key in "1#":
        door.typing.press(key)
    for _ in range(30):
        await asyncio.sleep(0)
    assert [str(fault) for fault in told] == ["ours"]

"""Operating modes: who may, from where."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from lockd.core.events import EnterPressed, PropertySet, Sensed
from lockd.errors import InvalidCredential, Restricted
from lockd.words import OperatingMode, Source, Wish
from tests.core.world import AT_LOCKED, AT_UNLOCKED, World, wired

MODES: tuple[OperatingMode, ...] = get_args(OperatingMode)
SOURCES: tuple[Source, ...] = ("Keypad", "Remote", "ProprietaryRemote", "RFID", "Biometric")

#: What each mode refuses to somebody with a valid code.
REFUSED: dict[OperatingMode, set[Source]] = {
    "Normal": set(),
    "Vacation": {"Keypad", "RFID", "Biometric"},
    "Privacy": set(SOURCES),
    "NoRemoteLockUnlock": {"Remote", "ProprietaryRemote"},
    "Passage": set(),
}


def home(mode: OperatingMode, wish: Wish = "Unlock", **lock: bool) -> World:
    contacts = AT_UNLOCKED if wish == "Lock" else AT_LOCKED
    world = World(wired({"mode": mode} | lock), contacts)
    return world.enrol(1, "111111").enrol(2, "222222", type="ProgrammingUser")


@pytest.mark.parametrize(("mode", "source", "wish"), [*product(MODES, SOURCES, ("Lock", "Unlock"))])
def test_who_has_a_code_may_operate_where_the_mode_lets_him(mode: OperatingMode, source: Source, wish: Wish) -> None:
    world = home(mode, wish)
    world.ask(wish, source, "111111", request=1)
    world.wait(1)
    if source in REFUSED[mode]:
        assert (type(world.answers[1]), world.answers[1].detail) == (Restricted, "mode-forbids")
        assert "mode-forbids" in str(world.answers[1])
        assert world.drives == 0
        assert world.entries(error="Restricted", detail="mode-forbids", user=1)
    else:
        assert world.answers[1] is None
        assert world.drives == 1


@pytest.mark.parametrize(("mode", "source"), [*product(MODES, SOURCES)])
def test_a_programming_user_may_in_every_mode(mode: OperatingMode, source: Source) -> None:
    world = home(mode)
    world.ask("Unlock", source, "222222", request=1)
    world.wait(1)
    assert world.answers[1] is None


@pytest.mark.parametrize(("mode", "source"), [*product(MODES, SOURCES)])
def test_a_wrong_code_is_a_wrong_code_in_every_mode(mode: OperatingMode, source: Source) -> None:
    world = home(mode)
    for _ in range(5):
        world.ask("Unlock", source, "999999")
    assert world.lock.lockout_remaining(source, world.at) == 90


#: Where no code at all is needed: locking, unlocking.
FREE: dict[tuple[OperatingMode, Source], tuple[bool, bool]] = {
    ("Normal", "Keypad"): (True, False),
    ("Normal", "Remote"): (True, True),
    ("Passage", "Keypad"): (True, True),
    ("Passage", "Remote"): (True, True),
    ("NoRemoteLockUnlock", "Keypad"): (True, False),
    ("Vacation", "Remote"): (True, True),
}


@pytest.mark.parametrize(("mode", "source"), [*product(MODES, SOURCES)])
def test_without_a_code_only_what_is_free_is_done(mode: OperatingMode, source: Source) -> None:
    for wish, free in zip(("Lock", "Unlock"), FREE.get((mode, source), (False, False)), strict=True):
        world = home(mode, wish)
        world.ask(wish, source, request=1)
        world.wait(1)
        assert (world.answers[1] is None) == free
        assert (world.drives == 1) == free


@pytest.mark.parametrize("wish", ["Lock", "Unlock"])
def test_a_remote_that_needs_a_pin_says_so(wish: Wish) -> None:
    world = home("Normal", wish, require_pin_for_remote=True)
    world.ask(wish, "Remote", request=1)
    assert (type(world.answers[1]), world.answers[1].detail) == (InvalidCredential, "pin-required")
    world.ask(wish, "Remote", "111111", request=2)
    world.wait(1)
    assert world.answers[2] is None


def test_home_needs_no_pin_but_the_mode_may_forbid_it() -> None:
    world = home("Normal", require_pin_for_remote=True)
    world.ask("Home", request=1)
    assert world.answers[1] is None
    world.submit(PropertySet("OperatingMode", "NoRemoteLockUnlock"))
    world.ask("Home", request=2)
    assert isinstance(world.answers[2], Restricted)


@pytest.mark.parametrize("mode", MODES)
def test_the_inside_button_works_in_every_mode(mode: OperatingMode) -> None:
    world = home(mode)
    world.press_inside()
    world.wait(1)
    assert world.lock.lock_state == "Unlocked"
    assert world.signals("LockOperation")[0]["source"] == "Button"


@pytest.mark.parametrize(("mode", "contact"), [*product(MODES, ("locked", "unlocked"))])
def test_the_mechanical_key_is_never_asked(mode: OperatingMode, contact: str) -> None:
    world = World(wired({"mode": mode}), AT_LOCKED if contact == "unlocked" else AT_UNLOCKED)
    world.sense("spindle", True)
    world.by_hand(contact)
    told = world.signals("LockOperation")[0]
    assert (told["source"], told["detail"]) == ("Manual", "mechanical-key")


# Passage -------------------------------------------------------------------------------------------


def test_in_passage_mode_enter_opens_what_is_locked_and_locks_what_is_not() -> None:
    world = home("Passage")
    world.submit(EnterPressed())
    world.wait(1)
    assert world.lock.lock_state == "Unlocked"
    world.submit(EnterPressed())
    world.wait(1)
    assert world.lock.lock_state == "Locked"


def test_with_the_cover_off_enter_opens_nothing_but_a_code_does() -> None:
    world = home("Passage")
    world.sense("tamper", True)
    world.submit(EnterPressed())
    world.wait(1)
    assert world.drives == 0
    assert world.entries(error="Restricted", detail="tamper-hold")
    world.type("111111")
    world.wait(1)
    assert world.lock.lock_state == "Unlocked"
    world.submit(EnterPressed())
    world.wait(1)
    assert world.lock.lock_state == "Locked"


# Privacy -------------------------------------------------------------------------------------------


def test_privacy_ends_when_somebody_opens_from_inside() -> None:
    world = home("Privacy")
    world.press_inside()
    assert world.property("OperatingMode") == "Privacy"
    world.wait(1)
    assert world.property("OperatingMode") == "Normal"
    assert world.entries(property="OperatingMode", value="Normal", by="inside")
    assert world.told["OperatingMode"] == "Normal"


def test_privacy_ends_with_the_thumbturn() -> None:
    world = home("Privacy")
    world.by_hand("unlocked")
    assert world.property("OperatingMode") == "Normal"


def test_privacy_goes_on_when_the_key_opened_from_outside() -> None:
    world = home("Privacy")
    world.submit(Sensed("spindle", True))
    world.by_hand("unlocked")
    assert world.property("OperatingMode") == "Privacy"


def test_privacy_goes_on_when_somebody_inside_locks() -> None:
    world = home("Privacy", "Lock")
    world.press_inside()
    world.wait(1)
    assert (world.lock.lock_state, world.property("OperatingMode")) == ("Locked", "Privacy")


def test_privacy_ends_by_choice() -> None:
    world = home("Privacy")
    world.submit(PropertySet("OperatingMode", "Normal", request=1))
    assert world.answers == {1: None}
    world.type("111111")
    world.wait(1)
    assert world.lock.lock_state == "Unlocked"

"""An electric strike: energised for a time, never for longer, and never by a fault."""

from __future__ import annotations

from typing import Any

import pytest

from lockd.core.effects import StopBolt
from lockd.core.events import EnterPressed, PropertySet, Started
from lockd.errors import InsufficientBattery
from tests.core.world import AT_LOCKED, AT_UNLOCKED, World, wired

HOLD = 5.0
STRIKE = wired(bolt={"kind": "strike", "hold_s": HOLD, "travel_s": 1.0})
CONTACTS = AT_LOCKED


def strike(**contacts: bool) -> World:
    return World(STRIKE, CONTACTS | contacts)


def test_it_is_held_for_its_time_and_falls_back_by_itself() -> None:
    world = strike()
    world.ask(request=1)
    world.wait(0.5)
    assert world.answers == {1: None}
    assert (world.motor, world.lock.lock_state) == ("Unlocking", "Unlocked")
    world.wait(HOLD - 0.2)
    assert world.motor == "Unlocking"
    world.wait(1)
    assert (world.motor, world.lock.lock_state) == (None, "Locked")
    assert world.signals("LockOperation")[-1]["source"] == "Auto"


@pytest.mark.parametrize("mode", ["Normal", "Passage"])
def test_whatever_the_door_the_mode_and_the_relock_time_say(mode: str) -> None:
    world = strike()
    world.submit(PropertySet("OperatingMode", mode))
    world.submit(PropertySet("AutoRelockTime", 1000))
    world.ask(relock_s=100)
    world.wait(0.5)
    world.sense("closed", False)
    world.wait(HOLD + 1)
    assert (world.motor, world.lock.lock_state) == (None, "Locked")


def test_its_coil_is_not_held_longer_for_being_asked_again() -> None:
    world = strike()
    world.ask()
    for _ in range(4):
        world.wait(1)
        world.ask()
    world.wait(HOLD - 4 + 1)
    assert world.motor is None


def test_asked_again_while_its_end_is_being_recorded_it_still_ends() -> None:
    world = strike()
    world.ask()
    world.wait(HOLD)
    world.disk = "hangs"
    world.wait(0.5)
    world.ask()
    world.wait(10)
    world.write()
    world.wait(20)
    assert world.motor is None


@pytest.mark.parametrize("wish", ["Lock", "Home"])
@pytest.mark.parametrize("contacts", [{}, {"locked": False, "unlocked": False}])
@pytest.mark.parametrize("closed", [True, False])
def test_what_its_spring_does_needs_no_power(wish: Any, contacts: dict[str, bool], closed: bool) -> None:
    world = strike(**contacts, closed=closed)
    world.power(False)
    world.ask(wish, request=1)
    world.wait(3)
    if closed or wish == "Home":
        assert (world.answers[1], world.lock.lock_state) == (None, "Locked")
    world.ask("Unlock", request=2)
    assert isinstance(world.answers[2], InsufficientBattery)


def test_to_find_one_that_is_held_open_moves_nothing() -> None:
    world = strike()
    world.ask()
    world.wait(1)
    world.ask("Home", request=1)
    assert (world.answers[1], world.motor) == (None, "Unlocking")


def test_it_is_let_go_when_the_power_fails_and_stays_so_when_it_is_back() -> None:
    world = strike()
    world.ask()
    world.wait(0.5)
    assert StopBolt() in world.power(False)
    world.wait(60)
    assert world.lock.lock_state == "Locked"
    world.power(True)
    world.wait(60)
    assert (world.motor, world.drives) == (None, 1)
    assert not world.entries(source="Manual")
    world.ask(request=1)
    world.wait(HOLD + 2)
    assert (world.answers[1], world.motor, world.lock.lock_state) == (None, None, "Locked")


def test_a_strike_that_locks_by_itself_is_let_go() -> None:
    world = strike()
    world.ask()
    world.wait(0.5)
    world.sense("unlocked", False)
    world.sense("locked", True)
    assert world.motor is None
    world.wait(60)
    assert world.drives == 1


def test_enter_lets_it_go_at_once() -> None:
    world = strike()
    world.ask()
    world.wait(0.5)
    world.submit(EnterPressed())
    world.wait(0.5)
    assert (world.motor, world.lock.lock_state) == (None, "Locked")


def test_one_that_does_not_fall_back_is_jammed_and_not_energised() -> None:
    world = strike()
    world.ask()
    world.wait(0.5)
    world.stick()
    world.wait(60)
    assert world.motor is None
    assert world.alarms == ["LockJammed"]
    world.sticks = False
    world.ask(request=1)
    world.wait(HOLD + 3)
    assert (world.answers[1], world.motor) == (None, None)


def test_a_start_energises_nothing() -> None:
    world = World(STRIKE, AT_UNLOCKED)
    world.submit(Started())
    world.wait(1)
    assert world.motor is None

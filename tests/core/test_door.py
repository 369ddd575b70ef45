"""The door's contact and the cover: forced open, ajar, held open; tampered with."""

from __future__ import annotations

from itertools import pairwise

import pytest

from lockd.core.door import AGAIN_MAX_S
from lockd.core.events import PropertySet, SettingsLoaded, Started
from lockd.errors import Failure
from lockd.settings import DoorSettings, Settings
from tests.core.world import AT_LOCKED, AT_UNLOCKED, WIRED, World

AJAR = WIRED.door.ajar_s


def ajar_after(seconds: int) -> Settings:
    return WIRED.but(door=DoorSettings(ajar_s=seconds))


def test_a_door_that_opens_while_the_bolt_is_out_was_forced() -> None:
    world = World()
    world.sense("closed", False)
    assert world.property("DoorState") == "DoorForcedOpen"
    assert world.signals("DoorStateChange") == [{"state": "DoorForcedOpen"}]
    assert world.alarms == ["DoorForcedOpen"]
    assert world.signs == ["alarm"]
    world.sense("closed", True)
    assert world.property("DoorState") == "DoorClosed"
    assert world.signs == ["alarm", "quiet"]


def test_a_door_that_opens_as_the_bolt_is_being_drawn_was_not_forced() -> None:
    world = World()
    world.ask(request=1)
    world.sense("closed", False)
    assert (world.property("DoorState"), world.alarms) == ("DoorOpen", [])
    world.wait(1)
    assert world.answers == {1: None}


def test_a_door_that_is_forced_while_a_grant_is_being_recorded_was_forced() -> None:
    world = World()
    world.disk = "hangs"
    world.ask()
    world.sense("closed", False)
    assert world.property("DoorState") == "DoorForcedOpen"


def test_a_door_that_opens_on_a_drawn_bolt_is_open() -> None:
    world = World(contacts=AT_UNLOCKED)
    world.sense("closed", False)
    assert world.signals("DoorStateChange") == [{"state": "DoorOpen"}]
    assert world.alarms == []


def test_open_for_too_long_it_is_ajar_and_then_held_open_at_doubling_distances() -> None:
    world = World(contacts=AT_UNLOCKED)
    world.sense("closed", False)
    world.wait(AJAR - 1)
    assert world.alarms == []
    world.wait(2)
    assert world.property("DoorState") == "DoorAjar"
    assert world.signals("DoorLockAlarm") == [{"alarm": "DoorAjar", "detail": "ajar"}]
    assert world.signs == ["ajar"]
    world.wait(100_000)
    times = [entry.time // 1_000_000 for entry in world.entries(alarm="DoorAjar")]
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert gaps[:4] == [2 * AJAR, 4 * AJAR, 8 * AJAR, 16 * AJAR]
    assert set(gaps[5:]) == {AGAIN_MAX_S}
    assert {e.fields["detail"] for e in world.entries(alarm="DoorAjar")[1:]} == {"held-open"}
    assert len(world.entries(state="DoorAjar")) == 1


def test_closed_in_time_it_is_never_ajar_and_the_next_time_counts_from_its_own_opening() -> None:
    world = World(contacts=AT_UNLOCKED)
    for _ in range(3):
        world.sense("closed", False)
        world.wait(AJAR - 1)
        world.sense("closed", True)
        world.wait(10)
    assert world.alarms == []


def test_a_forced_door_that_stays_open_is_ajar_as_well() -> None:
    world = World()
    world.sense("closed", False)
    world.wait(AJAR + 1)
    assert world.alarms == ["DoorForcedOpen", "DoorAjar"]


def test_a_door_that_is_open_at_start_becomes_ajar() -> None:
    world = World(contacts=AT_UNLOCKED | {"closed": False})
    world.submit(Started())
    assert world.property("DoorState") == "DoorOpen"
    world.wait(AJAR + 1)
    assert world.property("DoorState") == "DoorAjar"


def test_in_passage_mode_an_open_door_is_as_it_should_be() -> None:
    world = World(contacts=AT_UNLOCKED)
    world.submit(PropertySet("OperatingMode", "Passage"))
    world.sense("closed", False)
    world.wait(100_000)
    assert world.alarms == []
    world.submit(PropertySet("OperatingMode", "Normal"))
    world.wait(AJAR + 1)
    assert world.alarms == ["DoorAjar"]


def test_without_a_time_it_is_never_ajar() -> None:
    world = World(ajar_after(0), AT_UNLOCKED)
    world.sense("closed", False)
    assert world.lock.next_deadline() is None


def test_without_a_contact_its_state_is_unknown_and_locking_is_not_held_up() -> None:
    world = World(contacts={"locked": False, "unlocked": True})
    assert world.property("DoorState") == "Unknown"
    assert world.lock.next_deadline() is None
    world.ask("Lock", request=1)
    world.wait(1)
    assert world.answers == {1: None}


def test_a_contact_that_repeats_itself_says_nothing_new() -> None:
    world = World(contacts=AT_LOCKED)
    assert world.sense("closed", True) == []


def test_a_new_time_in_the_file_holds_for_a_door_that_is_open_already() -> None:
    world = World(contacts=AT_UNLOCKED)
    world.sense("closed", False)
    world.wait(30)
    world.submit(SettingsLoaded(ajar_after(10)))
    world.wait(11)
    assert world.alarms == ["DoorAjar"]
    world.submit(SettingsLoaded(ajar_after(0)))
    world.wait(100_000)
    assert world.alarms == ["DoorAjar"]


def test_another_setting_in_the_file_does_not_make_it_wait_longer() -> None:
    world = World(contacts=AT_UNLOCKED)
    world.sense("closed", False)
    world.wait(AJAR - 1)
    world.submit(SettingsLoaded(WIRED))
    world.wait(2)
    assert world.alarms == ["DoorAjar"]


@pytest.mark.parametrize("source", ["Remote", "Keypad"])
def test_locking_an_open_door_is_refused(source: str) -> None:
    world = World(contacts=AT_UNLOCKED | {"closed": False})
    world.ask("Lock", source, request=1)
    assert (type(world.answers[1]), world.answers[1].detail) == (Failure, "door-open")
    assert "door-open" in str(world.answers[1])
    assert world.drives == 0


def test_a_door_that_opens_between_the_grant_and_the_motor_is_not_locked() -> None:
    world = World(contacts=AT_UNLOCKED)
    world.disk = "hangs"
    world.ask("Lock", request=1)
    world.sense("closed", False)
    world.write()
    assert world.answers[1].detail == "door-open"
    assert world.drives == 0


# The cover -----------------------------------------------------------------------------------------


def test_a_cover_that_comes_off_raises_an_alarm_and_its_return_is_recorded() -> None:
    world = World()
    world.sense("tamper", True)
    assert world.alarms == ["FrontEscutcheonRemoved"]
    world.sense("tamper", False)
    assert world.entries(detail="cover-back")
    assert world.signs == ["alarm", "quiet"]


def test_a_cover_that_is_off_at_start_raises_an_alarm() -> None:
    world = World(contacts=AT_LOCKED | {"tamper": True})
    world.submit(Started())
    assert world.alarms == ["FrontEscutcheonRemoved"]

"""What a gauge says, and what it is worth: levels, hysteresis, doubt, age."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd.core.battery import CONFIRMED, EMPTY_S, JUMP_S, ORDER
from lockd.core.effects import Changed, Publish, ReadSupplies
from lockd.core.events import SettingsLoaded, SuppliesRead, SupplyRead
from lockd.core.power import CONFIRM_MOST, CONFIRM_S, DOUBT_S, FRESH_S
from lockd.core.supply import Supply
from lockd.reading import Reading
from lockd.settings import PowerSettings
from tests.core.world import WIRED, World, wired

VOLTS = PowerSettings(low_volts=3.6, critical_volts=3.5, dead_volts=3.3)


def power(world: World) -> dict[str, Any]:
    return dict(world.lock.power(world.at))


def level(world: World) -> str:
    return str(power(world)["BatteryLevel"])


def test_before_anything_is_read_all_is_unknown_and_refuses_nobody() -> None:
    world = World()
    assert power(world) == {
        "Source": "Unknown", "BatteryLevel": "Unknown", "BatteryPercent": None, "Voltage": None, "ReadingAge": None,
        "RemainingOperations": None, "RemainingOperationsMost": None, "RemainingDays": None, "SessionActive": False,
        "DrillOverdue": True, "Throws": 0, "MotorSeconds": 0, "ThrowsPerDay": None, "DrainPerDay": None,
    }  # fmt: skip
    assert world.unlocked().signs == ["granted"]


def test_a_reading_is_told_and_ages() -> None:
    world = World()
    changes = world.battery(87.0, 4.1)
    assert changes[:1] == [Changed(
        {"Source": "Battery", "BatteryLevel": "Ok", "BatteryPercent": 87.0, "Voltage": 4.1}, "org.lockd1.Power"
    )]  # fmt: skip
    assert isinstance(changes[1], Publish)
    assert changes[1].entry.fields == {
        "source": "Battery", "level": "Ok", "percent": 87.0, "voltage": 4.1, "session": False,
    }  # fmt: skip
    world.wait(9.5)
    assert power(world)["ReadingAge"] == 9
    assert world.battery(86.0, 4.1) == [Changed({"BatteryPercent": 86.0}, "org.lockd1.Power")]
    assert world.trail == []


@pytest.mark.parametrize(("percents", "levels"), [
    ((60, 20, 19.9, 10, 9.9, 3, 2.9), ("Ok", "Ok", "Low", "Low", "Critical", "Critical", "Dead")),
    ((19, 20, 22.9, 23), ("Low", "Low", "Low", "Ok")),
    ((9, 12.9, 13, 20, 22.9, 23), ("Critical", "Critical", "Low", "Low", "Low", "Ok")),
    ((2, 5.9, 6, 12.9, 13), ("Dead", "Dead", "Critical", "Critical", "Low")),
    ((2, 40), ("Dead", "Ok")),
])  # fmt: skip
def test_a_level_is_left_downwards_at_once_and_upwards_with_room(
    percents: tuple[float, ...], levels: tuple[str, ...]
) -> None:
    world = World()
    assert tuple(level(world) for percent in percents if world.battery(percent, 4.0) is not None) == levels


def test_a_battery_that_is_charging_needs_no_room() -> None:
    world = World()
    world.battery(9, 4.0)
    world.battery(10, 4.0, charging=True)
    assert level(world) == "Low"


def test_volts_decide_where_there_is_no_percentage_and_only_by_limits_that_are_set() -> None:
    world = World(WIRED.but(power=VOLTS))
    seen = []
    for volts in (4.0, 3.59, 3.65, 3.71, 3.49, 3.29, 3.39, 3.41):
        world.battery(None, volts)
        seen.append(level(world))
    assert seen == ["Ok", "Low", "Low", "Ok", "Critical", "Dead", "Dead", "Critical"]
    other = World()
    other.battery(None, 1.0)
    assert level(other) == "Unknown"
    assert other.unlocked()


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30))
def test_levels_follow_the_percentage_within_their_hysteresis(percents: list[float]) -> None:
    supply = Supply(PowerSettings())
    for number, percent in enumerate(percents):
        for said in range(1 + CONFIRMED):
            supply.read(Reading("b", "Battery", True, percent), number * 2 * JUMP_S + said * EMPTY_S, loaded=False)
        least = min(ORDER.index(plain(percent)), ORDER.index(plain(max(0.0, percent - 3.0))))
        assert least <= ORDER.index(supply.level) <= ORDER.index(plain(percent))


def plain(percent: float) -> Any:
    limits = (("Dead", 3), ("Critical", 10), ("Low", 20))
    return next((name for name, limit in limits if percent < limit), "Ok")


@pytest.mark.parametrize(("percent", "volts"), [
    (-1.0, None), (100.1, None), (nan, None), (inf, 0.0), (None, -4.0), (None, nan), (None, 61.0), (255.0, -1.0),
])  # fmt: skip
def test_what_cannot_be_is_no_number(percent: float | None, volts: float | None) -> None:
    world = World(WIRED.but(power=VOLTS))
    world.battery(percent, volts)
    assert (level(world), power(world)["BatteryPercent"], power(world)["Voltage"]) == ("Unknown", None, None)
    assert world.unlocked()


def test_a_jump_that_nothing_explains_is_believed_when_it_has_been_confirmed() -> None:
    world = World()
    world.answering = False
    world.battery(90.0)
    world.battery(1.0)
    assert (level(world), world.lock.fault) == ("Unknown", "None")
    for number in range(CONFIRMED):
        assert ReadSupplies() in world.wait(CONFIRM_S * 2**number)
        world.battery(1.0)
    assert (level(world), world.lock.fault) == ("Dead", "PowerLost")


@pytest.mark.parametrize("before", ["the start", "another battery", "a long silence"])
def test_nothing_at_the_start_is_believed_when_it_has_been_said_for_a_while_and_looks_well_at_no_time(
    before: str,
) -> None:
    world = World().enrol(1, "123456")
    if before != "the start":
        world.battery(90.0, 4.1)
        world.answering = False
        world.wait(WIRED.power.stale_s) if before == "a long silence" else world.supply(
            Reading("battery", "Battery", False)
        )
        world.answering = True
    begun = world.mono
    world.battery(0.0, 3.0)
    while level(world) == "Unknown":
        assert (world.lock.fault, world.alarms) == ("None", [])
        world.wait(0.1)
    assert (level(world), world.lock.fault) == ("Dead", "PowerLost")
    assert EMPTY_S <= world.mono - begun <= EMPTY_S + 0.2
    world.type("123456", request=1)
    assert type(world.answers[1]).__name__ == "InsufficientBattery"


@pytest.mark.parametrize("plugged", [True, False])
@pytest.mark.parametrize("percent", [85.0, 2.0])
def test_a_gauge_that_says_nothing_before_it_has_measured_begins_no_emergency_and_refuses_nobody(
    plugged: bool, percent: float
) -> None:
    world = World().enrol(1, "123456")
    world.plug("Mains", 12.0) if plugged else None
    for _ in range(10):
        world.battery(0.0, 3.9)
        world.wait(0.1)
    world.type("123456", request=1)
    world.wait(1)
    assert (world.answers[1], level(world), world.alarms, world.signs[-1]) == (None, "Unknown", [], "granted")
    world.battery(percent, 3.9)
    assert level(world) == ("Ok" if percent > 3 else "Dead")


def active(world: World) -> bool:
    return bool(power(world)["SessionActive"])


@pytest.mark.parametrize("percent", [85.0, 15.0, None])
def test_an_emergency_by_such_a_gauge_is_one_at_once_and_told_of_when_it_is_sure(percent: float | None) -> None:
    world = World(wired({"auto_relock_s": 60})).enrol(1, "123456")
    world.battery(0.0, None)
    world.plug("Generator")
    assert (active(world), world.alarms, world.signs) == (True, [], [])
    assert world.lock.spared == {"bus", "phones", "buzzer", "key-tones"}
    if percent is not None:
        world.battery(percent, 4.0)
        assert (active(world), world.alarms, world.lock.spared, len(world.entries(kind="System"))) == (
            False, [], frozenset(), 0,
        )  # fmt: skip
        return
    world.type("123456")
    world.wait(1)
    world.ask("Lock", request=1)
    assert (world.drives, type(world.answers[1]).__name__, world.alarms) == (1, "InsufficientBattery", [])
    world.wait(EMPTY_S)
    assert (active(world), world.alarms, world.signs[-1]) == (True, ["EmergencyPowerAttached"], "emergency")


def test_an_emergency_that_ends_before_it_was_sure_leaves_no_record() -> None:
    world = World().enrol(1, "123456")
    world.battery(90.0, 4.1)
    world.wait(WIRED.power.stale_s)
    world.supply(Reading("battery", "Battery", False))
    world.battery(0.0, None)
    records = len(world.trail)
    world.plug()
    world.wait(0.5)
    world.supply(Reading("battery", "Battery", True, 50.0))
    assert (active(world), len(world.trail)) == (False, records)


@pytest.mark.parametrize("volts", [4.0, -5.0, 6.0])
def test_of_such_a_gauge_no_motor_is_driven_while_what_is_plugged_in_is_not_what_it_should_be(volts: float) -> None:
    world = World().enrol(1, "123456")
    world.battery(0.0, None)
    world.plug("EmergencyUsb", volts)
    world.type("123456", request=1)
    assert (world.drives, type(world.answers[1]).__name__) == (0, "InsufficientBattery")
    world.unplug()
    world.type("123456", request=2)
    world.wait(1)
    assert (world.drives, world.answers[2]) == (1, None)


def test_nothing_at_the_start_with_volts_of_a_dead_battery_is_believed_at_once() -> None:
    for volts, seen in ((3.29, "Dead"), (3.31, "Unknown"), (None, "Unknown")):
        world = World(WIRED.but(power=VOLTS))
        world.battery(0.0, volts)
        assert level(world) == seen


def test_a_jump_that_is_taken_back_is_forgotten() -> None:
    world = World()
    world.answering = False
    world.battery(90.0)
    world.battery(1.0)
    world.battery(89.0)
    assert level(world) == "Ok"


@pytest.mark.parametrize(("before", "after", "explained"), [
    (90.0, 30.0, {"volts": 3.0}), (90.0, 60.0, {}), (30.0, 90.0, {"volts": 4.5}), (30.0, 90.0, {"charging": True}),
    (30.0, 90.0, {"later": JUMP_S + 1}), (30.0, 90.0, {"plugged": True}),
])  # fmt: skip
def test_a_jump_that_something_explains_is_believed_at_once(
    before: float, after: float, explained: dict[str, Any]
) -> None:
    world = World()
    world.battery(before, 4.1)
    if explained.get("plugged"):
        world.plug()
    world.wait(explained.get("later", 1.0))
    world.battery(after, explained.get("volts", 4.1), charging=explained.get("charging", False))
    assert (level(world), power(world)["BatteryPercent"]) == ("Ok", after)


@pytest.mark.parametrize("before", [90.0, 15.0, 8.5])
@pytest.mark.parametrize("more", [{}, {"charging": True}])
@pytest.mark.parametrize("later", [1.0, JUMP_S + 1, 1000.0])
def test_a_fall_to_nothing_that_the_volts_do_not_bear_out_refuses_nobody_until_it_is_said_again(
    before: float, more: dict[str, bool], later: float
) -> None:
    world = World().enrol(1, "123456")
    world.answering = False
    world.battery(before, 4.1)
    world.wait(later)
    world.battery(0.0, 4.1, **more)
    world.type("123456", request=1)
    world.wait(1)
    assert (world.answers[1], level(world)) == (None, "Unknown")
    for _ in range(CONFIRMED):
        world.battery(0.0, 4.1, **more)
    assert level(world) == "Dead"
    world.ask("Lock", request=2)
    world.wait(1)
    refused = type(world.answers[2]).__name__ == "InsufficientBattery"
    assert refused == (not more), "what charges it may carry the throw"


def test_a_fall_to_nothing_with_the_volts_or_by_little_is_believed_at_once() -> None:
    for before, volts in ((90.0, 3.0), (7.5, 4.1)):
        world = World()
        world.battery(before, 4.1)
        world.battery(2.6, volts)
        assert level(world) == "Dead"


def test_a_dead_battery_that_falls_further_is_in_no_doubt() -> None:
    world = World(WIRED.but(power=PowerSettings(dead_percent=20.0, critical_percent=30.0, low_percent=40.0)))
    for percent in (15.0, 1.0):
        world.battery(percent, 3.5)
        assert level(world) == "Dead"


def test_a_gauge_that_never_agrees_with_itself_is_not_asked_without_end() -> None:
    world = World()
    world.answering = False
    world.battery(90.0)
    asked = 0
    for number in range(60):
        world.battery((2.0, 45.0)[number % 2])
        asked += world.wait(CONFIRM_S).count(ReadSupplies())
    assert asked <= CONFIRM_MOST + JUMP_S / CONFIRM_S
    world.wait(JUMP_S)
    world.battery(90.0)
    quiet = world.wait(2 * DOUBT_S)
    assert quiet.count(ReadSupplies()) <= 2


def test_a_battery_that_says_nothing_is_asked_seldom_then_unknown_and_refuses_nobody() -> None:
    world = World()
    world.answering = False
    world.battery(2.0, 3.0)
    assert world.lock.fault == "PowerLost"
    asked = world.wait(3599).count(ReadSupplies())
    assert 1 <= asked <= 3600 / DOUBT_S
    assert level(world) == "Dead"
    world.wait(2)
    assert (level(world), power(world)["BatteryPercent"], world.lock.fault) == ("Unknown", None, "None")
    assert world.unlocked()


def test_a_battery_that_answers_is_never_stale_and_asked_seldom_while_it_is_well() -> None:
    world = World()
    world.battery(90.0, 4.0)
    assert world.wait(86_400).count(ReadSupplies()) == 48
    assert level(world) == "Ok"


def test_a_battery_that_runs_low_is_looked_at_more_often() -> None:
    world = World()
    world.battery(15.0, 3.6)
    assert world.wait(86_400).count(ReadSupplies()) == 86_400 / DOUBT_S


def test_at_use_everything_is_read_again_if_it_is_not_fresh() -> None:
    world = World()
    assert ReadSupplies() not in world.ask("Lock")
    world.battery(90.0, 4.0)
    for use in (lambda: world.ask("Lock"), lambda: world.sense("inside", True)):
        world.battery(90.0, 4.0)
        assert ReadSupplies() not in use()
        world.wait(FRESH_S + 5)
        assert use().count(ReadSupplies()) == 1
        world.wait(5)


def test_what_is_not_read_with_all_others_has_gone() -> None:
    world = World()
    world.battery(90.0, 4.0)
    world.plug("Mains", 12.0)
    world.submit(SuppliesRead(frozenset({"battery"})))
    assert power(world)["Source"] == "Battery"
    world.submit(SuppliesRead(frozenset()))
    assert (power(world)["Source"], level(world)) == ("Unknown", "Unknown")
    assert world.unlocked()


def test_of_several_batteries_the_fullest_counts() -> None:
    world = World()
    world.supply(Reading("one", "Battery", True, 2.0), Reading("two", "Battery", True, 50.0))
    assert (level(world), power(world)["BatteryPercent"], world.lock.fault) == ("Ok", 50.0, "None")


def test_a_supply_may_become_another_kind_by_another_rule() -> None:
    world = World()
    for source in ("EmergencyUsb", "Mains", "Battery", "Mains"):
        world.supply(Reading("it", source, True, volts=5.0))
        assert power(world)["Source"] == source
    world.supply(Reading("other", "Unknown", True))
    assert power(world)["Source"] == "Mains"


def test_other_limits_hold_from_the_moment_they_are_read() -> None:
    world = World()
    world.battery(30.0, 4.0)
    world.plug("Mains", 12.0)
    changed = WIRED.power.but(low_percent=50.0, mains_window=(4.0, 6.0))
    world.submit(SettingsLoaded(WIRED.but(power=changed)))
    assert (level(world), power(world)["Source"]) == ("Low", "Battery")


def test_a_reading_alone_never_makes_a_record_of_a_battery_that_is_well() -> None:
    world = World()
    for percent in range(100, 25, -1):
        world.submit(SupplyRead(Reading("battery", "Battery", True, float(percent), 4.0)))
        world.wait(60)
    assert world.trail == []

"""The modelled battery, sockets and gauge: they run down, sag, wear, charge and lie as real ones do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd.errors import Failure, InvalidField
from lockd.gpio.supply_model import BATTERY, MOTOR_VOLTS, SAG_VOLTS, THROW_PERCENT, rest_volts
from lockd.gpio.travel import TRAVEL_S
from lockd.reading import Reading
from lockd.settings import Pin, simulation
from tests.gpio.clockwork import Bench

WEEK_H = 168


def throw(bench: Bench) -> bool:
    """There and nowhere else: whether the motor brought the bolt to the other end."""
    bolt = bench.settings.bolt
    goal = 0.0 if bench.door.bolt > 0.5 else 1.0
    bench.drive(bolt.backward if goal else bolt.forward)
    bench.clock.turn(TRAVEL_S)
    bench.drive()
    bench.clock.turn()
    return bench.door.bolt == goal


def charge(bench: Bench) -> float:
    return float(bench.door.properties()["Charge"])


def gauge(bench: Bench) -> Reading | None:
    """What the battery answers."""
    return next((reading for reading in bench.door.readings() if reading.name == BATTERY), None)


def said(bench: Bench, name: str) -> list[Reading]:
    """What that supply said by itself."""
    return [reading for reading in bench.readings if reading.name == name]


def present(bench: Bench) -> list[str]:
    """The sockets that deliver something."""
    return [reading.name for reading in bench.door.readings() if reading.present and reading.name != BATTERY]


# The battery


def test_a_throw_costs_a_fraction_of_a_percent_and_waiting_costs_too(bench: Bench) -> None:
    assert throw(bench)
    assert charge(bench) == pytest.approx(100 - THROW_PERCENT)
    bench.clock.turn(3600)
    assert charge(bench) == pytest.approx(100 - THROW_PERCENT)
    bench.door.pass_time(WEEK_H)
    assert 95 < charge(bench) < 97


def test_it_lasts_for_months_and_for_thousands_of_throws(bench: Bench) -> None:
    weeks = 0
    while bench.door.powered:
        bench.door.pass_time(WEEK_H)
        weeks += 1
    assert 20 <= weeks <= 30
    assert 97 / THROW_PERCENT > 1500


@given(st.floats(0, 100), st.floats(0, 100))
def test_more_charge_is_more_volts(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 3.6 <= rest_volts(low) <= rest_volts(high) <= 6.0


def test_the_volts_fall_with_the_charge_whatever_they_were_set_to(bench: Bench) -> None:
    bench.door.set_battery(50, 9.0)
    bench.door.pass_time(10 * WEEK_H)
    lost = rest_volts(50) - rest_volts(charge(bench))
    assert bench.door.properties()["Volts"] == pytest.approx(9.0 - lost, abs=0.01)


def test_it_sags_under_the_motor_and_recovers(bench: Bench) -> None:
    bench.door.set_battery(50.5, 5.3)
    throw(bench)
    assert [reading.volts for reading in said(bench, BATTERY)] == [5.3, pytest.approx(5.3 - SAG_VOLTS), 5.3]


def test_between_critical_and_dead_there_are_more_than_a_hundred_throws(bench: Bench) -> None:
    bench.door.set_battery(10, rest_volts(10))
    throws = 0
    while charge(bench) > 3 and throw(bench):
        throws += 1
    assert throws > 100


def test_a_brown_out_leaves_the_motor_without_force(bench: Bench) -> None:
    bench.door.set_battery(50, MOTOR_VOLTS + SAG_VOLTS - 0.01)
    assert not throw(bench)
    assert bench.door.bolt == 0.0
    assert not bench.door.powered
    bench.door.set_battery(50, MOTOR_VOLTS + SAG_VOLTS + 0.01)
    assert throw(bench)


def test_a_worn_battery_browns_out_where_a_new_one_does_not(bench: Bench) -> None:
    bench.door.set_battery(8, rest_volts(8))
    assert bench.door.powered
    bench.door.set_wear(4)
    assert not throw(bench)


def test_it_dies_in_mid_throw(bench: Bench) -> None:
    bench.door.set_battery(THROW_PERCENT / 2, 6.0)
    assert not throw(bench)
    assert 0.4 < bench.door.bolt < 0.7


def test_wear_makes_a_throw_dearer(bench: Bench) -> None:
    bench.door.set_wear(3)
    throw(bench)
    assert charge(bench) == pytest.approx(100 - 3 * THROW_PERCENT)


# What is plugged in


def test_outside_power_spares_the_battery_and_charges_it(bench: Bench) -> None:
    bench.door.set_battery(0, 0)
    bench.door.plug("EmergencyUsb", 5.0)
    assert throw(bench)
    assert charge(bench) == 0
    assert gauge(bench) == Reading(BATTERY, "Battery", True, 0.0, 0.01, charging=True)
    bench.door.pass_time(1)
    assert charge(bench) == pytest.approx(25, abs=0.1)
    bench.door.unplug()
    assert throw(bench), "the battery has recovered"


def test_nine_volts_drive_and_do_not_charge(bench: Bench) -> None:
    bench.door.set_battery(1, 2.0)
    bench.door.plug("Emergency9V", 9.0)
    bench.door.pass_time(24)
    assert throw(bench)
    assert charge(bench) < 1


@pytest.mark.parametrize(("kind", "name"), [("Mains", "AC"), ("EmergencyUsb", "usb"), ("Emergency9V", "nine-volt")])
def test_a_plug_is_felt_and_missed(bench: Bench, kind: str, name: str) -> None:
    bench.door.plug(kind, 6.5)
    bench.door.unplug()
    assert said(bench, name) == [Reading(name, kind, True, volts=6.5), Reading(name, kind, False)]


@pytest.mark.parametrize("volts", [-5.0, 12.0, 3.0])
def test_wrong_volts_are_felt_and_do_not_drive(bench: Bench, volts: float) -> None:
    bench.door.set_battery(0, 0)
    bench.door.plug("EmergencyUsb", volts)
    assert said(bench, "usb") == [Reading("usb", "EmergencyUsb", True, volts=volts)]
    assert not throw(bench)


def test_pulled_in_mid_throw_the_bolt_stays_there(bench: Bench) -> None:
    bench.door.set_battery(0, 0)
    bench.door.plug("EmergencyUsb", 5.0)
    bench.drive(bench.settings.bolt.backward)
    bench.clock.turn(TRAVEL_S / 2)
    bench.door.unplug()
    bench.clock.turn(5)
    assert bench.door.bolt == pytest.approx(0.5)
    assert not bench.door.motor_on


def test_a_loose_plug_slips_out_in_the_middle_of_the_next_throw_and_stays_out(bench: Bench) -> None:
    with pytest.raises(Failure, match="nothing is plugged in"):
        bench.door.loosen()
    bench.door.set_battery(0, 0)
    bench.door.plug("EmergencyUsb", 5.0)
    bench.door.loosen()
    bench.clock.turn(5)
    assert present(bench) == ["usb"]
    bench.drive(bench.settings.bolt.backward)
    bench.clock.turn(5)
    assert 0 < bench.door.bolt < 0.5
    assert (present(bench), bench.door.motor_on) == ([], False)
    bench.door.plug("EmergencyUsb", 5.0)
    bench.clock.turn(5)
    assert (present(bench), bench.door.bolt) == (["usb"], 1.0)


def test_a_contact_that_flaps_says_so_each_time_and_holds_at_the_end(bench: Bench) -> None:
    bench.door.plug("EmergencyUsb", 5.0)
    bench.readings.clear()
    bench.door.flap(1000)
    bench.clock.turn(1.1)
    told = [reading.present for reading in said(bench, "usb")]
    assert told == [False, True] * 1000
    assert present(bench) == ["usb"]
    assert bench.clock.idle


def test_a_hand_at_the_plug_ends_the_flapping(bench: Bench) -> None:
    bench.door.plug("EmergencyUsb", 5.0)
    bench.door.flap(1000)
    bench.clock.turn(0.0006)
    bench.door.plug("Emergency9V", 9.0)
    bench.clock.turn(1)
    assert present(bench) == ["nine-volt"]
    assert len(said(bench, "nine-volt")) == 1


def test_without_a_plug_no_contact_flaps(bench: Bench) -> None:
    with pytest.raises(Failure, match="nothing is plugged in"):
        bench.door.flap(3)


@pytest.mark.parametrize(("kind", "name", "seconds"), [("Generator", "generator", 2.0), ("Wireless", "wireless", 5.0)])
def test_a_weak_source_gathers_a_throw_and_gives_just_that(
    bench: Bench, kind: str, name: str, seconds: float
) -> None:
    bench.door.set_battery(0, 0)
    bench.door.plug(kind, 5.0)
    assert present(bench) == []
    assert not throw(bench), "nothing is gathered"
    bench.clock.turn(seconds + 0.1)
    assert present(bench) == [name]
    assert throw(bench)
    assert present(bench) == [], "it is used up"
    bench.clock.turn(seconds)
    assert present(bench) == [name]
    assert throw(bench)


def test_the_generator_gives_only_while_its_handle_is_turned(bench: Bench) -> None:
    bench.door.set_battery(0, 0)
    bench.door.crank(4.0)
    bench.clock.turn(3.9)
    assert bench.door.powered
    bench.clock.turn(0.2)
    assert not bench.door.powered
    assert [reading.present for reading in said(bench, "generator")] == [True, False]
    assert bench.clock.idle


def test_whoever_plugs_something_else_in_lets_the_handle_go(bench: Bench) -> None:
    bench.door.crank(1.0)
    bench.door.plug("EmergencyUsb", 5.0)
    bench.clock.turn(5)
    assert present(bench) == ["usb"]


@pytest.mark.parametrize(("kind", "name"), [("Generator", "generator"), ("Wireless", "wireless")])
def test_what_wakes_lockd_is_good_for_a_throw_at_once(bench: Bench, kind: str, name: str) -> None:
    bench.door.set_battery(0, 0)
    bench.door.plug(kind, 5.0)
    other = Bench(bench.file.parent)
    assert present(other) == [name]
    assert throw(other)
    other.clock.turn(60)
    assert present(other) == ([] if kind == "Generator" else [name]), "nobody turns a handle for ever"
    other.close()


def test_a_line_feels_the_plug_where_one_is_wired(tmp_path: Path) -> None:
    settings = simulation()
    line = Pin(4, "high", "down", "power.usb_line")
    bench = Bench(tmp_path, settings.but(power=settings.power.but(usb_line=line)))
    felt = bench.pins.input(line)
    bench.door.plug("EmergencyUsb", 5.0)
    bench.clock.turn(0.1)
    assert felt.on
    assert said(bench, "usb") == []
    bench.door.unplug()
    bench.clock.turn(0.1)
    assert not felt.on
    bench.close()


# The gauge


def test_the_gauge_says_whole_percents_and_only_what_is_new(bench: Bench) -> None:
    bench.door.set_battery(55.5, 5.3)
    bench.door.set_battery(55.4, 5.3)
    assert said(bench, BATTERY) == [Reading(BATTERY, "Battery", True, 55.0, 5.3)]


@pytest.mark.parametrize(
    ("mode", "told", "answered"),
    [
        ("ok", [40.0], 40.0),
        ("silent", [], 40.0),
        ("frozen", [], 100.0),
        ("absurd", [255.0], 255.0),
    ],
)
def test_a_broken_gauge_is_broken(bench: Bench, mode: str, told: list[float], answered: float) -> None:
    bench.door.set_gauge(mode)
    bench.door.set_battery(40, 5.2)
    assert [reading.percent for reading in said(bench, BATTERY)] == told
    answer = gauge(bench)
    assert answer is not None
    assert answer.percent == answered
    assert bench.door.powered, "the battery itself is whole"
    bench.door.set_gauge("ok")
    assert gauge(bench) == Reading(BATTERY, "Battery", True, 40.0, 5.2)


def test_an_absent_gauge_says_goodbye_once_and_answers_no_more(bench: Bench) -> None:
    bench.door.set_gauge("absent")
    bench.door.set_battery(40, 5.2)
    assert said(bench, BATTERY) == [Reading(BATTERY, "Battery", False)]
    assert gauge(bench) is None


def test_wear_and_gauge_outlive_lockd(bench: Bench) -> None:
    bench.door.set_wear(2.5)
    bench.door.set_gauge("silent")
    other = Bench(bench.file.parent)
    assert [other.door.properties()[name] for name in ("Wear", "Gauge")] == [2.5, "silent"]
    other.close()


# The other ways in


@pytest.mark.parametrize("way", ["code", "hole"])
def test_code_and_pin_draw_the_bolt_without_power_and_their_contacts_say_so(bench: Bench, way: str) -> None:
    bench.door.set_battery(0, 0)
    hand = bench.door.open_code_wheel if way == "code" else bench.door.push_pin
    pin = getattr(bench.settings.ways, way)
    hand(True)
    bench.clock.turn(1)
    assert bench.on(pin)
    assert bench.door.bolt == 1.0
    assert not bench.on(bench.settings.spindle)
    hand(False)
    bench.clock.turn(1)
    assert not bench.on(pin)
    assert bench.door.bolt == 1.0


def test_the_simulation_has_every_way_in() -> None:
    ways = simulation().ways
    assert ways.key
    assert ways.thumbturn
    assert ways.code is not None
    assert ways.hole is not None


# All together

DEEDS: dict[str, Callable[[Bench], object]] = {
    "throw": throw,
    "week": lambda bench: bench.door.pass_time(WEEK_H),
    "flat": lambda bench: bench.door.set_battery(0, 0),
    "worn": lambda bench: bench.door.set_wear(5),
    "usb": lambda bench: bench.door.plug("EmergencyUsb", 5.0),
    "reversed": lambda bench: bench.door.plug("EmergencyUsb", -5.0),
    "phone": lambda bench: bench.door.plug("Wireless", 5.0),
    "crank": lambda bench: bench.door.crank(3.0),
    "pull": lambda bench: bench.door.unplug(),
    "frozen": lambda bench: bench.door.set_gauge("frozen"),
    "whole": lambda bench: bench.door.set_gauge("ok"),
    "pin": lambda bench: bench.door.push_pin(True),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(DEEDS)), st.floats(0, 6)), max_size=12))
def test_whatever_is_done_physics_holds(
    tmp_path_factory: pytest.TempPathFactory, deeds: list[tuple[str, float]]
) -> None:
    bench = Bench(tmp_path_factory.mktemp("door"))
    for deed, seconds in deeds:
        before = charge(bench)
        DEEDS[deed](bench)
        bench.clock.turn(seconds)
        properties = bench.door.properties()
        assert 0 <= properties["Charge"] <= 100
        assert properties["Volts"] >= 0
        assert properties["Charge"] <= before or (deed == "week" and properties["Plugged"])
        last = {reading.name: reading for reading in bench.readings}
        assert all(last.get(reading.name, reading) == reading for reading in bench.door.readings())
    bench.close()


@pytest.mark.parametrize(
    "deed",
    [
        lambda door: door.set_wear(0.5),
        lambda door: door.set_wear(float("nan")),
        lambda door: door.set_gauge("broken"),
        lambda door: door.pass_time(0),
        lambda door: door.crank(0),
        lambda door: door.flap(0),
        lambda door: door.plug("EmergencyUsb", 61),
    ],
)
def test_what_cannot_be_done_is_refused(bench: Bench, deed: Callable[[object], None]) -> None:
    with pytest.raises(InvalidField):
        deed(bench.door)
    bench.clock.turn(1)
    assert bench.readings == []
    assert bench.clock.idle

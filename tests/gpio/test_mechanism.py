"""The modelled door is physics: it moves as it is pushed, in its own time, and stays as it was left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd.errors import Busy, Failure, InvalidField, UnsupportedCommand
from lockd.gpio.travel import OBSTACLE, TRAVEL_S, Travel
from lockd.settings import KeypadSettings, Pin, simulation
from tests.gpio.clockwork import Bench
from tests.gpio.wiegand import Heard


def unlock(bench: Bench, seconds: float = 1.0) -> None:
    bench.drive(bench.settings.bolt.backward)
    bench.clock.turn(seconds)


def lock(bench: Bench, seconds: float = 1.0) -> None:
    bench.drive(bench.settings.bolt.forward)
    bench.clock.turn(seconds)


def again(bench: Bench) -> Bench:
    """Another lockd at the same door; the first one was killed."""
    return Bench(bench.file.parent, bench.settings)


def test_a_new_door_is_shut_and_locked(bench: Bench) -> None:
    bolt = bench.settings.bolt
    assert (bench.door.bolt, bench.door.door_open) == (0.0, False)
    assert bench.on(bolt.locked)
    assert not bench.on(bolt.unlocked)
    assert bench.on(bench.settings.door.contact)


def test_the_motor_draws_the_bolt_in_its_travel_time_and_no_sooner(bench: Bench) -> None:
    unlock(bench, TRAVEL_S - 0.02)
    assert 0.8 < bench.door.bolt < 1.0
    assert not bench.on(bench.settings.bolt.unlocked)
    bench.clock.turn(0.03)
    assert bench.door.bolt == 1.0
    assert bench.on(bench.settings.bolt.unlocked)
    assert not bench.on(bench.settings.bolt.locked)


def test_the_bolt_stops_where_the_motor_stops(bench: Bench) -> None:
    unlock(bench, TRAVEL_S / 2)
    bench.drive()
    bench.clock.turn(5)
    assert bench.door.bolt == pytest.approx(0.5)
    assert not bench.on(bench.settings.bolt.locked)
    assert not bench.on(bench.settings.bolt.unlocked)


def test_both_directions_at_once_move_nothing(bench: Bench) -> None:
    bench.drive(bench.settings.bolt.forward, bench.settings.bolt.backward)
    bench.clock.turn(1)
    assert bench.door.bolt == 0.0
    assert not bench.door.motor_on


def test_each_step_of_the_bolt_is_told_and_a_resting_one_ticks_no_more(bench: Bench) -> None:
    unlock(bench)
    assert bench.moved == sorted(bench.moved)
    assert bench.moved[-1] == 1.0
    assert len(bench.moved) == 10
    assert bench.changed["Bolt"] == 1.0
    assert bench.changed["MotorOn"] is True
    assert bench.clock.idle


def test_a_jammed_bolt_stalls_inside_and_goes_on_when_the_way_is_free(bench: Bench) -> None:
    bench.door.jam(True)
    unlock(bench)
    assert bench.door.bolt == OBSTACLE[0]
    assert bench.door.motor_on
    assert bench.clock.idle
    bench.door.jam(False)
    bench.clock.turn(1)
    assert bench.door.bolt == 1.0


def test_a_jammed_bolt_can_go_back(bench: Bench) -> None:
    bench.door.jam(True)
    unlock(bench)
    lock(bench)
    assert bench.door.bolt == 0.0


def test_a_bolt_that_is_jammed_in_mid_travel_goes_neither_way(bench: Bench) -> None:
    unlock(bench, TRAVEL_S / 2)
    bench.drive()
    bench.door.jam(True)
    unlock(bench)
    lock(bench)
    assert bench.door.bolt == pytest.approx(0.5)


def test_without_power_the_motor_has_no_force(bench: Bench) -> None:
    bench.door.set_battery(0, 0)
    unlock(bench)
    assert bench.door.bolt == 0.0
    assert not bench.door.motor_on


def test_power_lost_in_mid_travel_leaves_the_bolt_there(bench: Bench) -> None:
    unlock(bench, TRAVEL_S / 2)
    bench.door.set_battery(50, 2.0)
    bench.clock.turn(1)
    assert bench.door.bolt == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("source", "volts", "works"),
    [
        ("EmergencyUsb", 5.0, True),
        ("EmergencyUsb", 4.3, False),
        ("EmergencyUsb", 5.6, False),
        ("Emergency9V", 9.0, True),
        ("Emergency9V", 5.9, False),
    ],
)
def test_outside_power_in_range_moves_a_dead_lock(bench: Bench, source: str, volts: float, works: bool) -> None:
    bench.door.set_battery(0, 0)
    bench.door.plug(source, volts)
    unlock(bench)
    assert (bench.door.bolt == 1.0) is works
    bench.door.unplug()
    assert not bench.door.powered


def test_the_key_turns_the_bolt_and_its_contact_says_so(bench: Bench) -> None:
    bench.door.turn_key("unlock")
    bench.clock.turn(0.2)
    assert bench.on(bench.settings.spindle)
    bench.clock.turn(1)
    assert not bench.on(bench.settings.spindle)
    assert bench.door.bolt == 1.0


def test_the_thumbturn_moves_the_bolt_and_the_cylinder_knows_nothing_of_it(bench: Bench) -> None:
    bench.door.turn_thumb("unlock")
    bench.clock.turn(0.2)
    assert not bench.on(bench.settings.spindle)
    bench.clock.turn(1)
    assert bench.door.bolt == 1.0


def test_a_hand_is_stronger_than_the_motor(bench: Bench) -> None:
    lock(bench, 0)
    bench.door.turn_thumb("unlock")
    bench.clock.turn(0.45)
    assert bench.door.bolt == 1.0
    bench.clock.turn(1)
    assert bench.door.bolt == 0.0


def test_the_door_opens_by_force_and_does_not_shut_on_the_bolt(bench: Bench) -> None:
    bench.door.open_door()
    bench.clock.turn(0.1)
    assert bench.door.door_open
    assert bench.on(bench.settings.bolt.locked)
    assert not bench.on(bench.settings.door.contact)
    with pytest.raises(Failure, match="the bolt is out"):
        bench.door.close_door()
    assert bench.door.door_open
    unlock(bench)
    bench.door.close_door()
    assert not bench.door.door_open


def test_tamper_and_inside_button_reach_their_pins(bench: Bench) -> None:
    bench.door.tamper(True)
    bench.door.press_inside()
    bench.clock.turn(0.1)
    assert bench.on(bench.settings.tamper)
    assert bench.on(bench.settings.inside)
    bench.clock.turn(0.5)
    assert not bench.on(bench.settings.inside)


def test_contacts_bounce_before_they_rest(bench: Bench) -> None:
    line = bench.line(bench.settings.tamper)
    line.clear_states()
    bench.door.tamper(True)
    bench.clock.turn(0.1)
    assert len(line.states) == 1 + 5


def test_lamps_and_buzzer_are_seen(bench: Bench) -> None:
    panel = bench.settings.panel
    assert panel.green
    assert panel.buzzer
    bench.pins.output(panel.green).set(True)
    bench.pins.output(panel.buzzer).set(True)
    bench.clock.turn()
    assert (bench.door.green, bench.door.red, bench.door.buzzer) == (True, False, True)
    assert bench.changed["Green"] is True


def test_a_strike_opens_while_it_is_energised_and_its_spring_locks_it(tmp_path: Path) -> None:
    settings = simulation()
    settings = settings.but(bolt=settings.bolt.but(kind="strike", backward=None))
    bench = Bench(tmp_path, settings)
    bench.drive(settings.bolt.forward)
    bench.clock.turn(1)
    assert bench.door.bolt == 1.0
    bench.door.set_battery(0, 0)
    bench.clock.turn(1)
    assert bench.door.bolt == 0.0
    bench.close()


def test_an_enable_line_that_is_off_stops_the_motor(tmp_path: Path) -> None:
    settings = simulation()
    settings = settings.but(bolt=settings.bolt.but(enable=Pin(4, key="bolt.enable")))
    bench = Bench(tmp_path, settings)
    unlock(bench)
    assert bench.door.bolt == 0.0
    bench.drive(settings.bolt.enable, settings.bolt.backward)
    bench.clock.turn(1)
    assert bench.door.bolt == 1.0
    bench.close()


def test_the_door_outlives_a_kill_in_mid_travel(bench: Bench) -> None:
    bench.door.tamper(True)
    unlock(bench, TRAVEL_S / 2 + 0.001)
    other = again(bench)
    assert other.door.bolt == pytest.approx(0.5)
    assert other.door.cover_off
    other.clock.turn(5)
    assert other.door.bolt == pytest.approx(0.5)
    other.close()


HANDS: dict[str, Callable[[Bench], None]] = {
    "open": lambda bench: bench.door.open_door(),
    "jam": lambda bench: bench.door.jam(True),
    "clear": lambda bench: bench.door.jam(False),
    "cover": lambda bench: bench.door.tamper(True),
    "battery": lambda bench: bench.door.set_battery(7, 4.5),
    "plug": lambda bench: bench.door.plug("EmergencyUsb", 5),
    "key": lambda bench: bench.door.turn_key("unlock"),
    "thumb": lambda bench: bench.door.turn_thumb("lock"),
    "draw": lambda bench: bench.drive(bench.settings.bolt.backward),
    "throw": lambda bench: bench.drive(bench.settings.bolt.forward),
    "rest": lambda bench: bench.drive(),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(HANDS)), st.floats(0, 0.6))))
def test_whatever_was_done_to_it_the_door_is_as_it_was_left(
    tmp_path_factory: pytest.TempPathFactory, deeds: list[tuple[str, float]]
) -> None:
    bench = Bench(tmp_path_factory.mktemp("door"))
    for deed, seconds in deeds:
        HANDS[deed](bench)
        bench.clock.turn(seconds)
    other = again(bench)
    names = ("door_open", "jammed", "cover_off", "powered")
    assert [getattr(other.door, name) for name in names] == [getattr(bench.door, name) for name in names]
    assert other.door.bolt == bench.door.bolt
    for made in (bench, other):
        made.close()


@given(st.lists(st.tuples(st.sampled_from(["Locking", "Unlocking", None]), st.booleans(), st.floats(0, 1))))
def test_the_bolt_never_leaves_its_way_nor_crosses_what_is_in_it(pushes: list[tuple[None, bool, float]]) -> None:
    now = 0.0
    travel = Travel(0.0, now)
    for way, jammed, seconds in pushes:
        before = travel.place
        travel.push(way, jammed)
        now += seconds
        place = travel.advance(now, jammed)
        assert 0 <= place <= 1
        if jammed:
            assert (before <= OBSTACLE[0]) == (place <= OBSTACLE[0])
            assert (before >= OBSTACLE[1]) == (place >= OBSTACLE[1])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"bolt": 1.0}', "\x00", '{"bolt": 2}'])
def test_a_damaged_file_gives_a_locked_door_and_a_warning(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "door.json").write_text(text)
    bench = Bench(tmp_path)
    assert bench.door.bolt == 0.0
    assert "cannot be read" in caplog.text
    bench.close()


def test_a_file_with_a_bolt_outside_of_its_way_is_damaged(bench: Bench) -> None:
    bench.door.jam(True)
    bench.file.write_text(json.dumps(json.loads(bench.file.read_text()) | {"bolt": 1.5}))
    other = again(bench)
    assert (other.door.bolt, other.door.jammed) == (0.0, False)
    other.close()


def test_a_file_that_cannot_be_written_stops_nothing_and_is_said_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.file.with_suffix(".new").mkdir()
    unlock(bench)
    assert bench.door.bolt == 1.0
    assert caplog.text.count("cannot be kept") == 1


@pytest.mark.parametrize(
    "deed",
    [
        lambda door: door.turn_key("open"),
        lambda door: door.turn_thumb(""),
        lambda door: door.plug("Sun", 5),
        lambda door: door.plug("Mains", float("nan")),
        lambda door: door.set_battery(101, 5),
        lambda door: door.set_battery(50, -1),
        lambda door: door.set_battery(float("nan"), 5),
        lambda door: door.press("12a"),
        lambda door: door.press(""),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(bench: Bench, deed: Callable[[object], None]) -> None:
    with pytest.raises(InvalidField):
        deed(bench.door)
    bench.clock.turn(1)
    assert bench.changed == {}
    assert bench.clock.idle


def test_only_so_many_keys_wait(bench: Bench) -> None:
    bench.door.press("1" * 100)
    with pytest.raises(Busy):
        bench.door.press("12")


def test_a_card_at_a_door_without_lines_is_read_by_whoever_is_there(bench: Bench) -> None:
    with pytest.raises(UnsupportedCommand, match="no reader yet"):
        bench.door.present_card(b"\x04\xa1")
    bench.door.reader = heard = Heard()
    bench.door.present_card(b"\x04\xa1")
    assert heard.cards == [b"\x04\xa1"]


def test_a_lock_without_a_keypad_cannot_be_typed_at(tmp_path: Path) -> None:
    bench = Bench(tmp_path, simulation().but(keypad=KeypadSettings()))
    with pytest.raises(UnsupportedCommand):
        bench.door.press("1")
    bench.close()


def test_after_its_end_nothing_is_to_come(bench: Bench) -> None:
    bench.door.press("123")
    bench.door.press_inside()
    unlock(bench, 0.1)
    bench.pins.close()
    bench.door.close()
    bench.clock.turn()
    assert bench.clock.idle

"""Each key that goes down alone is told once; an idle keypad costs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd.errors import Failure
from lockd.gpio.keypad import KEYS, LAYOUT, STUCK_S, MatrixKeypad, matrix_pins
from lockd.gpio.lines import AGAIN_MOST_S
from lockd.gpio.pins import Input, Output, Pins
from lockd.settings import KeypadSettings, Pin, Settings, simulation
from tests.gpio.chords import fuzz
from tests.gpio.clockwork import Bench


class Typed:
    """A keypad on the modelled door's matrix, with what was told."""

    def __init__(self, folder: Path, settings: Settings | None = None) -> None:
        self.bench = Bench(folder, settings)
        self.keys = ""
        self.told = 0
        self.keypad = MatrixKeypad(self.bench.pins, self.bench.settings, self._press, self.bench.clock, self._tell)

    def _tell(self) -> None:
        self.told += 1

    def _press(self, key: str) -> None:
        self.keys += key

    def hold(self, keys: str, seconds: float = 0.1) -> None:
        """Exactly these keys are down for so long."""
        assert self.bench.door._matrix
        self.bench.door._matrix.hold(keys)
        self.bench.clock.turn(seconds)

    def close(self) -> None:
        self.keypad.close()
        self.bench.close()


@pytest.fixture
def typed(tmp_path: Path) -> Iterator[Typed]:
    made = Typed(tmp_path)
    yield made
    made.close()


def four_columns() -> Settings:
    settings = simulation()
    fourth = Pin(4, active="low", pull="up", key="keypad.columns[3]")
    return settings.but(keypad=settings.keypad.but(columns=(*settings.keypad.columns, fourth)))


def pulled_down() -> Settings:
    settings = simulation()
    columns = tuple(pin.but(pull="down", active="high") for pin in settings.keypad.columns)
    return settings.but(keypad=settings.keypad.but(columns=columns))


def test_every_key_is_told_as_it_is_printed(typed: Typed) -> None:
    typed.bench.door.press(KEYS)
    typed.bench.clock.turn(3)
    assert typed.keys == KEYS
    assert typed.bench.clock.idle


def test_the_letters_of_a_fourth_column_mean_nothing(tmp_path: Path) -> None:
    typed = Typed(tmp_path, four_columns())
    typed.bench.door.press("1A2B3C4D5")
    typed.bench.clock.turn(3)
    assert typed.keys == "12345"
    typed.close()


def test_columns_may_be_pulled_down_as_well(tmp_path: Path) -> None:
    typed = Typed(tmp_path, pulled_down())
    typed.bench.door.press("7*0#")
    typed.bench.clock.turn(3)
    assert typed.keys == "7*0#"
    typed.close()


@pytest.mark.parametrize(
    ("column", "level"),
    [
        (Pin(12, pull="up"), "low"),
        (Pin(12, pull="down"), "high"),
        (Pin(12, active="low", pull="none"), "low"),
        (Pin(12, active="high", pull="none"), "high"),
    ],
)
def test_rows_are_driven_against_the_pull_of_the_columns(column: Pin, level: str) -> None:
    rows, columns = matrix_pins(KeypadSettings(kind="matrix", rows=(Pin(5),), columns=(column,)))
    assert [pin.active for pin in (*rows, *columns)] == [level, level]


@given(st.text(KEYS, min_size=1, max_size=40))
def test_any_sequence_of_keys_comes_out_as_pressed(tmp_path_factory: pytest.TempPathFactory, keys: str) -> None:
    typed = Typed(tmp_path_factory.getbasetemp())
    typed.bench.door.press(keys)
    typed.bench.clock.turn(0.2 * len(keys))
    assert typed.keys == keys
    typed.close()


@given(st.lists(st.sets(st.sampled_from("".join(LAYOUT)), max_size=4).map(sorted).map("".join), max_size=12))
def test_of_keys_held_together_at_most_one_is_told_and_none_that_was_not_down(
    tmp_path_factory: pytest.TempPathFactory, chords: list[str]
) -> None:
    typed = Typed(tmp_path_factory.getbasetemp(), four_columns())
    for chord in chords:
        before = typed.keys
        typed.hold(chord)
        fresh = typed.keys[len(before) :]
        assert len(fresh) <= 1
        assert set(fresh) <= set(chord)
    typed.hold("")
    before = typed.keys
    typed.hold("5")
    assert typed.keys == before + "5"
    typed.close()


def test_no_noise_makes_a_key(tmp_path: Path) -> None:
    """The first of those that tests/slow has a million of."""
    told, false = fuzz(tmp_path, 1000, 1)
    assert (told > 50, false) == (True, 0)


def test_a_keypad_that_takes_the_first_of_several_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = MatrixKeypad._scan
    monkeypatch.setattr(MatrixKeypad, "_scan", lambda keypad: scan(keypad)[:1])
    assert fuzz(tmp_path, 500, 1)[1] > 0


@pytest.mark.parametrize("chord", ["12", "14", "125", "1245", "1346"])
def test_several_keys_together_are_none(typed: Typed, chord: str) -> None:
    typed.hold(chord)
    typed.hold(chord[0])
    assert typed.keys == ""
    typed.hold("")
    typed.hold("9")
    assert typed.keys == "9"


def test_three_keys_at_the_corners_of_a_square_pull_the_fourth_one_too(typed: Typed) -> None:
    rows = [typed.bench.pins.output(pin) for pin in matrix_pins(typed.bench.settings.keypad)[0]]
    typed.hold("124")
    for row in rows:
        row.release()
    rows[1].set(True)
    assert [typed.bench.on(pin) for pin in typed.bench.settings.keypad.columns] == [True, True, False]


def test_a_key_that_overlaps_the_next_one_is_told_as_well(typed: Typed) -> None:
    for keys in ("1", "12", "2", ""):
        typed.hold(keys)
    assert typed.keys == "12"


def test_a_held_key_is_told_once_and_makes_nothing_tick(typed: Typed) -> None:
    typed.hold("5", 1.0)
    before = typed.bench.clock.wakeups
    typed.bench.clock.turn(20)
    assert typed.bench.clock.wakeups == before
    assert typed.keys == "5"
    typed.hold("", 1.0)
    assert typed.bench.clock.idle


def test_a_stuck_key_is_said_once_and_the_keypad_works_after_it(
    typed: Typed, caplog: pytest.LogCaptureFixture
) -> None:
    typed.hold("5", STUCK_S * 10)
    assert len(caplog.records) == 1
    assert "stuck" in caplog.text
    typed.hold("")
    typed.hold("6")
    assert typed.keys == "56"


def test_a_key_that_is_down_at_the_start_is_not_a_press(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    typed = Typed(tmp_path)
    typed.hold("5")
    typed.keypad.close()
    typed.keypad = MatrixKeypad(typed.bench.pins, typed.bench.settings, typed._press, typed.bench.clock)
    typed.keys = ""
    typed.bench.clock.turn(STUCK_S + 1)
    assert typed.keys == ""
    assert "stuck" in caplog.text
    typed.hold("")
    typed.hold("7")
    assert typed.keys == "7"
    typed.close()


def test_no_key_is_in_the_log(typed: Typed, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    typed.bench.door.press("123456#")
    typed.bench.clock.turn(3)
    typed.hold("9", STUCK_S + 1)
    assert caplog.messages == [f"a key of the keypad is stuck: down for {STUCK_S:.0f} s"]


def test_rows_are_never_driven_against_each_other(typed: Typed) -> None:
    rows = [typed.bench.line(pin) for pin in typed.bench.settings.keypad.rows]
    clashes: list[object] = []

    def look() -> None:
        levels = {row.state for row in rows if row.function == "output"}
        if len(levels) > 1:
            clashes.append(levels)

    for row in rows:
        joined = row.heard
        row.heard = lambda joined=joined: (joined(), look())
    typed.hold("14")
    typed.hold("")
    typed.bench.door.press("1470")
    typed.bench.clock.turn(2)
    assert clashes == []


def test_after_the_end_no_key_is_told(typed: Typed) -> None:
    typed.bench.door.press("12")
    typed.bench.clock.turn(0.01)
    typed.keypad.close()
    typed.bench.clock.turn(2)
    assert typed.keys == ""


def test_an_edge_on_its_way_at_the_end_starts_nothing(typed: Typed) -> None:
    typed.hold("1", 0)
    typed.keypad.close()
    typed.bench.clock.turn()
    assert typed.bench.clock.idle


def gone(column: Input) -> bool:
    raise Failure("keypad.columns[0]: gone")


def test_a_keypad_that_cannot_be_read_is_named_once_and_felt_again_when_it_can_be(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Input, "on", property(gone))
        for key in ("1", "", "2", ""):
            typed.hold(key)
        assert (typed.keypad.trouble, typed.told) == ("keypad.columns[0]: gone", 1)
    assert caplog.messages == ["the keypad fails, and the lock goes on without it: keypad.columns[0]: gone"]
    typed.bench.clock.turn(AGAIN_MOST_S)
    assert (typed.keypad.trouble, typed.told) == ("", 2)
    typed.hold("3")
    assert typed.keys == "3"


def test_a_row_that_fails_in_the_middle_of_a_scan_is_driven_again_when_it_obeys(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    true, left = Output.set, 0

    def fails(row: Output, on: bool) -> None:
        nonlocal left
        left += 1
        if left > 2:
            raise Failure("keypad.rows[1]: gone")
        true(row, on)

    with monkeypatch.context() as patch:
        patch.setattr(Output, "set", fails)
        typed.hold("1", 1)
        assert typed.keypad.trouble == "keypad.rows[1]: gone"
    typed.hold("", AGAIN_MOST_S)
    typed.bench.door.press(KEYS)
    typed.bench.clock.turn(3)
    assert typed.keys == KEYS


@pytest.mark.parametrize("key", ["keypad.rows[2]", "keypad.columns[1]"])
def test_a_keypad_whose_line_is_taken_at_the_start_is_named_tried_again_and_works_when_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    true, taken = Pins.claim, True

    def claim(pins: Pins, pin: Pin, kind: Any) -> Any:
        if taken and pin.key == key:
            raise Failure(f"{key}: taken")
        return true(pins, pin, kind)

    monkeypatch.setattr(Pins, "claim", claim)
    typed = Typed(tmp_path)
    assert typed.keypad.trouble == f"{key}: taken"
    before = typed.bench.clock.wakeups
    typed.bench.clock.turn(3600)
    assert 3600 / AGAIN_MOST_S - 5 < typed.bench.clock.wakeups - before < 3600 / AGAIN_MOST_S + 15
    taken = False
    typed.bench.clock.turn(AGAIN_MOST_S)
    assert (typed.keypad.trouble, typed.told) == ("", 2)
    typed.bench.door.press(KEYS)
    typed.bench.clock.turn(3)
    assert typed.keys == KEYS
    assert typed.bench.clock.idle
    typed.close()


def test_a_keypad_that_never_worked_is_not_tried_after_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Input, "on", property(gone))
    typed = Typed(tmp_path)
    typed.keypad.close()
    typed.bench.clock.turn()
    assert typed.bench.clock.idle
    typed.bench.close()

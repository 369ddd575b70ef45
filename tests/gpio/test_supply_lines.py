"""A line that feels outside power: told as it changes, flapping and all, but not faster than it may be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd.errors import Failure
from lockd.gpio.backend import mock_factory
from lockd.gpio.lines import AGAIN_MOST_S
from lockd.gpio.pins import Input, Pins
from lockd.gpio.supply_lines import LOOK_S, SupplyLines, supply_pins
from lockd.reading import Reading
from lockd.settings import Pin, PowerSettings, Settings, simulation
from tests.gpio.clockwork import Clockwork

USB = Pin(7, "high", "down", "power.usb_line")
NINE = Pin(9, "low", "up", "power.nine_volt_line")
THERE = Reading("power.usb_line", "EmergencyUsb", True)
GONE = THERE.but(present=False)


def wired() -> Settings:
    return simulation().but(power=PowerSettings(usb_line=USB, nine_volt_line=NINE))


class Felt:
    """Two lines, and what they told."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.factory = Clockwork(), mock_factory()
        self.pins = Pins(wired(), folder, self.factory)
        self.told: list[Reading] = []
        self.troubled = 0
        self.lines = SupplyLines(self.pins, wired(), self.told.append, self.clock, self._tell)

    def _tell(self) -> None:
        self.troubled += 1

    def drive(self, pin: Pin, on: bool) -> None:
        line = self.factory.pin(pin.number)
        line.drive_high() if on == (pin.active == "high") else line.drive_low()

    def close(self) -> None:
        self.lines.close()
        self.pins.close()


@pytest.fixture
def felt(tmp_path: Path) -> Iterator[Felt]:
    made = Felt(tmp_path)
    yield made
    made.close()


def test_every_line_has_its_source() -> None:
    pins = {f"{name}_line": Pin(number) for number, name in enumerate(("usb", "nine_volt", "generator", "wireless"), 4)}
    assert {source: pin.number for source, pin in supply_pins(PowerSettings(**pins)).items()} == {
        "EmergencyUsb": 4, "Emergency9V": 5, "Generator": 6, "Wireless": 7
    }  # fmt: skip
    assert supply_pins(PowerSettings()) == {}


def test_what_is_there_at_the_start_can_be_asked_and_is_not_told(felt: Felt) -> None:
    assert felt.lines.readings() == (GONE, Reading("power.nine_volt_line", "Emergency9V", False))
    felt.clock.turn(1)
    assert felt.told == []


def test_a_plug_that_bounces_is_told_once_and_nothing_ticks_after_it(felt: Felt) -> None:
    for on in (True, False, True, False, True):
        felt.drive(USB, on)
        felt.clock.turn(0.004)
    felt.clock.turn(1)
    assert felt.told == [THERE]
    assert felt.lines.readings()[0] == THERE
    assert felt.clock.idle
    felt.drive(NINE, True)
    felt.clock.turn(1)
    assert felt.told[1:] == [Reading("power.nine_volt_line", "Emergency9V", True)]


def test_what_comes_and_goes_is_told_and_not_smoothed_away(felt: Felt) -> None:
    felt.drive(USB, True)
    felt.drive(USB, False)
    felt.clock.turn(1)
    assert felt.told == [THERE, GONE]


def test_a_line_that_never_rests_is_looked_at_twenty_times_a_second(felt: Felt) -> None:
    for n in range(1000):
        felt.drive(USB, n % 2 == 0)
        felt.clock.turn(0.001)
    assert 10 < len(felt.told) <= 2 * (1 / LOOK_S) + 2
    assert {reading.present for reading in felt.told} == {True, False}
    felt.clock.turn(1)
    assert felt.told[-1] == GONE


def test_after_the_end_nothing_is_told_nor_ticks(felt: Felt) -> None:
    felt.drive(USB, True)
    felt.clock.turn()
    felt.drive(NINE, True)
    felt.lines.close()
    felt.clock.turn(1)
    assert felt.told == []
    assert felt.clock.idle


def unreadable(line: Input) -> bool:
    raise Failure("power.usb_line: gone")


def test_a_line_that_cannot_be_read_is_logged_once_and_read_again_until_it_can_be(
    felt: Felt, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for seconds in (0.1, 1000.0):
        with monkeypatch.context() as patch:
            patch.setattr(Input, "on", property(unreadable))
            felt.drive(USB, True)
            felt.clock.turn(seconds)
        assert caplog.messages == ["power.usb_line fails, and the lock goes on without it: power.usb_line: gone"]
        assert felt.told == []
        felt.clock.turn(AGAIN_MOST_S)
        assert felt.told == [THERE]
        assert felt.clock.idle
        felt.drive(USB, False)
        felt.clock.turn(1)
        felt.told.clear()
        caplog.clear()


def test_a_plug_whose_line_fails_is_no_longer_taken_for_there_and_what_fails_is_named(
    felt: Felt, monkeypatch: pytest.MonkeyPatch
) -> None:
    felt.drive(USB, True)
    felt.clock.turn(1)
    with monkeypatch.context() as patch:
        patch.setattr(Input, "on", property(unreadable))
        felt.drive(USB, False)
        felt.drive(USB, True)
        felt.clock.turn(100)
        assert (felt.told, felt.lines.readings()[0]) == ([THERE, GONE], GONE)
        assert (felt.lines.troubles(), felt.troubled) == (["power.usb_line: gone"], 1)
    felt.clock.turn(AGAIN_MOST_S)
    assert (felt.told[2:], felt.lines.troubles(), felt.troubled) == ([THERE], [], 2)


def test_an_edge_of_a_line_that_could_not_be_read_is_not_kept_waiting(
    felt: Felt, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Input, "on", property(unreadable))
        felt.drive(USB, True)
        felt.clock.turn(1000)
    felt.drive(USB, False)
    felt.drive(USB, True)
    felt.clock.turn(2 * LOOK_S)
    assert felt.told == [THERE]
    assert felt.clock.idle


def test_a_line_that_stays_unreadable_is_tried_ever_more_seldom_and_no_longer_after_the_end(
    felt: Felt, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    def counted(line: Input) -> bool:
        nonlocal tries
        tries += 1
        return unreadable(line)

    monkeypatch.setattr(Input, "on", property(counted))
    felt.drive(USB, True)
    felt.clock.turn(3600)
    assert 3600 / AGAIN_MOST_S - 5 < tries < 3600 / AGAIN_MOST_S + 12
    felt.lines.close()
    assert felt.clock.idle


@pytest.mark.parametrize("there", [True, False])
def test_a_line_that_cannot_be_claimed_at_the_start_keeps_no_other_from_being_felt_and_is_felt_when_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, there: bool
) -> None:
    true, tries = Pins.input, 0

    def taken(pins: Pins, pin: Pin) -> Input:
        nonlocal tries
        if pin == USB and (tries := tries + 1) < 5:
            raise Failure("power.usb_line: taken")
        line = true(pins, pin)
        if pin == USB and there:
            pins._factory.pin(pin.number).drive_high()
        return line

    monkeypatch.setattr(Pins, "input", taken)
    felt = Felt(tmp_path)
    assert felt.lines.readings()[0] == GONE
    felt.drive(NINE, True)
    felt.clock.turn(2 * LOOK_S)
    assert felt.told == [Reading("power.nine_volt_line", "Emergency9V", True)]
    felt.clock.turn(AGAIN_MOST_S)
    assert felt.told[1:] == [THERE if there else GONE], "nothing came and went"
    assert caplog.messages == ["power.usb_line fails, and the lock goes on without it: power.usb_line: taken"]
    felt.close()


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 0.2))))
def test_the_last_that_is_told_is_the_truth(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[bool, float]]
) -> None:
    felt = Felt(tmp_path_factory.getbasetemp())
    truth = False
    for truth, seconds in moves:
        felt.drive(USB, truth)
        felt.clock.turn(seconds)
    felt.clock.turn(1)
    assert felt.lines.readings()[0].present == truth
    assert [*[GONE], *felt.told][-1].present == truth
    felt.close()

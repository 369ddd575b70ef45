"""A contact is told when it has come to rest, once, and in the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd.errors import Failure
from lockd.gpio.backend import mock_factory
from lockd.gpio.contacts import PATIENCE, Contacts, contact_pins
from lockd.gpio.lines import AGAIN_MOST_S
from lockd.gpio.mechanism import Mechanism
from lockd.gpio.motor import Motor
from lockd.gpio.pins import Input, Pins
from lockd.settings import Pin, Settings, WaySettings, simulation
from lockd.words import Contact
from tests.gpio.clockwork import Bench


class Felt:
    """Contacts on a modelled door, with what they reported."""

    LEVELS: ClassVar[dict[Contact, bool]] = {
        "locked": True, "unlocked": False, "closed": True, "tamper": False, "inside": False, "spindle": False,
        "code": False, "hole": False,
    }  # fmt: skip

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.reports: list[tuple[Contact, bool | None]] = []
        self.told = 0
        self.contacts = Contacts(
            bench.pins, bench.settings, lambda *report: self.reports.append(report), bench.clock, self._tell
        )
        self.rest_s = bench.settings.gpio.debounce_ms / 1000

    def _tell(self) -> None:
        self.told += 1


@pytest.fixture
def felt(bench: Bench) -> Iterator[Felt]:
    made = Felt(bench)
    yield made
    made.contacts.close()


def test_the_levels_at_the_start_are_those_that_are_found(felt: Felt) -> None:
    assert felt.contacts.levels() == Felt.LEVELS
    felt.bench.clock.turn(1)
    assert felt.reports == []


def test_only_wired_contacts_are_felt(tmp_path: Path) -> None:
    settings = simulation().but(tamper=None, spindle=None, ways=WaySettings())
    assert set(contact_pins(settings)) == {"locked", "unlocked", "closed", "inside"}


def test_a_bouncing_contact_is_told_once_when_it_rests(felt: Felt) -> None:
    felt.bench.door.tamper(True)
    felt.bench.clock.turn(felt.rest_s)
    assert felt.reports == []
    felt.bench.clock.turn(0.005)
    assert felt.reports == [("tamper", True)]
    assert felt.contacts.levels()["tamper"]
    assert felt.bench.clock.idle


def test_a_whole_throw_is_felt_in_its_order(felt: Felt) -> None:
    felt.bench.drive(felt.bench.settings.bolt.backward)
    felt.bench.clock.turn(1)
    assert felt.reports == [("locked", False), ("unlocked", True)]


def test_a_flicker_shorter_than_the_debounce_is_not_told(felt: Felt) -> None:
    line = felt.bench.line(felt.bench.settings.tamper)
    line.drive_high()
    felt.bench.clock.turn(0.01)
    line.drive_low()
    felt.bench.clock.turn(1)
    assert felt.reports == []


def test_a_worn_button_that_never_rests_is_felt_all_the_same(felt: Felt) -> None:
    line = felt.bench.line(felt.bench.settings.inside)
    for _ in range(PATIENCE * 2):
        line.drive_low()
        felt.bench.clock.turn(felt.rest_s * 0.75)
        line.drive_high()
        line.drive_low()
    assert ("inside", True) in felt.reports


def test_after_the_end_nothing_is_told(felt: Felt) -> None:
    felt.bench.door.tamper(True)
    felt.bench.clock.turn(0.003)
    felt.contacts.close()
    felt.bench.clock.turn(1)
    assert felt.reports == []


def test_an_edge_on_its_way_at_the_end_starts_nothing(felt: Felt) -> None:
    felt.bench.line(felt.bench.settings.tamper).drive_high()
    felt.contacts.close()
    felt.bench.clock.turn()
    assert felt.bench.clock.idle


def dead(broken: set[str]) -> Any:
    """What Input.on is while the lines of these keys cannot be read."""
    true = Input.on.fget  # type: ignore[attr-defined]

    def on(line: Input) -> bool:
        if line.pin.key in broken:
            raise Failure(f"{line.pin.key}: gone")
        return bool(true(line))

    return property(on)


def test_a_contact_that_cannot_be_read_is_named_and_logged_once_and_read_again_until_it_can_be(
    felt: Felt, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("ERROR")
    with monkeypatch.context() as patch:
        patch.setattr(Input, "on", dead({"tamper.contact"}))
        for _ in range(3):
            felt.bench.line(felt.bench.settings.tamper).drive_high()
            felt.bench.clock.turn(100)
            felt.bench.line(felt.bench.settings.tamper).drive_low()
            felt.bench.clock.turn(100)
        felt.bench.line(felt.bench.settings.tamper).drive_high()
        felt.bench.door.press_inside()
        felt.bench.clock.turn(1)
        assert felt.reports == [("tamper", None), ("inside", True), ("inside", False)]
        assert "tamper" not in felt.contacts.levels(), "what it said last is not what is"
        assert felt.contacts.troubles() == {"tamper": "tamper.contact: gone"}
    assert caplog.messages == ["tamper.contact fails, and the lock goes on without it: tamper.contact: gone"]
    assert felt.told == 1
    felt.bench.clock.turn(AGAIN_MOST_S)
    assert felt.reports[3:] == [("tamper", True)]
    assert (felt.contacts.troubles(), felt.told) == ({}, 2)
    assert felt.bench.clock.idle


def test_a_line_that_dies_without_an_edge_and_an_edge_that_was_lost_are_found_at_the_next_check(
    felt: Felt, monkeypatch: pytest.MonkeyPatch
) -> None:
    felt.bench.clock.turn(1)
    felt.contacts.check()
    assert felt.bench.clock.idle, "what is well costs no wake-up"
    with monkeypatch.context() as patch:
        patch.setattr(Input, "on", dead({"bolt.locked"}))
        felt.bench.clock.turn(100)
        assert felt.reports == []
        felt.contacts.check()
        felt.bench.clock.turn(1)
        assert felt.reports == [("locked", None)]
    felt.bench.clock.turn(AGAIN_MOST_S)
    assert felt.reports[1:] == [("locked", True)]
    line = felt.bench.line(felt.bench.settings.tamper)
    watched, line.when_changed = line.when_changed, None
    line.drive_high()
    line.when_changed = watched
    felt.bench.clock.turn(100)
    assert felt.reports[2:] == []
    felt.contacts.check()
    felt.bench.clock.turn(1)
    assert felt.reports[2:] == [("tamper", True)]


def test_a_button_that_is_pressed_while_it_cannot_be_read_opens_nothing_when_it_can_be(
    felt: Felt, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Input, "on", dead({"inside.button"}))
        felt.bench.line(felt.bench.settings.inside).drive_low()
        felt.bench.clock.turn(1)
    felt.bench.clock.turn(AGAIN_MOST_S)
    assert felt.reports == [("inside", None)]
    felt.bench.line(felt.bench.settings.inside).drive_high()
    felt.bench.clock.turn(1)
    felt.bench.door.press_inside()
    felt.bench.clock.turn(1)
    assert felt.reports[-2:] == [("inside", True), ("inside", False)]


def drive(bench: Bench, pin: Pin, on: bool = True) -> None:
    line = bench.line(pin)
    line.drive_high() if on == (pin.active == "high") else line.drive_low()


@pytest.mark.parametrize("contact", get_args(Contact))
def test_one_contact_that_cannot_be_claimed_keeps_no_other_from_being_felt(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, contact: Contact, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("ERROR")
    pin, true, tries = contact_pins(bench.settings)[contact], Pins.input, 0

    def taken(pins: Pins, wanted: Pin) -> Input:
        nonlocal tries
        if wanted == pin and (tries := tries + 1) < 20:
            raise Failure(f"{pin.key}: taken")
        line = true(pins, wanted)
        if wanted == pin:
            drive(bench, pin)
        return line

    monkeypatch.setattr(Pins, "input", taken)
    felt = Felt(bench)
    found = Felt.LEVELS.copy()
    del found[contact]
    assert (felt.contacts.levels(), felt.contacts.troubles()) == (found, {contact: f"{pin.key}: taken"})
    other: Contact = "code" if contact == "tamper" else "tamper"
    drive(bench, contact_pins(bench.settings)[other])
    bench.clock.turn(10 * AGAIN_MOST_S)
    assert felt.reports[0] == (other, True)
    assert len(caplog.messages) == 1
    bench.clock.turn(20 * AGAIN_MOST_S)
    # A button that is found pressed must open nothing: nobody waits who pressed it.
    assert felt.reports[1:] == ([] if contact == "inside" else [(contact, True)])
    assert felt.contacts.levels()[contact]
    assert bench.clock.idle
    drive(bench, pin, False)
    bench.clock.turn(1)
    drive(bench, pin)
    bench.clock.turn(1)
    assert felt.reports[-2:] == [(contact, False), (contact, True)]
    felt.contacts.close()


def test_a_contact_that_stays_unreadable_is_tried_ever_more_seldom_and_no_longer_after_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Input, "on", dead({"tamper.contact"}))
    felt = Felt(bench)
    before = bench.clock.wakeups
    bench.clock.turn(3600)
    assert 3600 / AGAIN_MOST_S - 5 < bench.clock.wakeups - before < 3600 / AGAIN_MOST_S + 15
    felt.contacts.close()
    assert bench.clock.idle


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 0.05))))
def test_reports_alternate_and_the_last_one_is_the_truth(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[bool, float]]
) -> None:
    felt = Felt(Bench(tmp_path_factory.getbasetemp()))
    felt.bench.file.unlink(missing_ok=True)
    before = felt.contacts.levels()["tamper"]
    for removed, seconds in moves:
        felt.bench.door.tamper(removed)
        felt.bench.clock.turn(seconds)
    felt.bench.clock.turn(1)
    told = [before, *(on for _, on in felt.reports)]
    assert all(one != other for one, other in pairwise(told))
    assert told[-1] == felt.bench.door.cover_off
    felt.contacts.close()
    felt.bench.close()


async def test_motor_door_and_contacts_work_on_a_real_loop(tmp_path: Path) -> None:
    settings = simulation()
    factory = mock_factory()
    door = Mechanism(factory, settings, tmp_path / "door.json")
    pins = Pins(settings, tmp_path, factory)
    motor = Motor(pins, settings)
    reports: asyncio.Queue[tuple[Contact, bool | None]] = asyncio.Queue()
    contacts = Contacts(pins, settings, lambda *report: reports.put_nowait(report))
    motor.drive("Unlocking")
    async with asyncio.timeout(5):
        assert [await reports.get(), await reports.get()] == [("locked", False), ("unlocked", True)]
    motor.stop()
    assert door.bolt == 1.0
    for part in (motor, contacts, pins, door):
        part.close()


async def test_an_edge_from_a_foreign_thread_is_told_in_the_loop(tmp_path: Path) -> None:
    settings: Settings = simulation()
    factory = mock_factory()
    pins = Pins(settings, tmp_path, factory)
    told: asyncio.Future[tuple[str, bool | None, int]] = asyncio.get_running_loop().create_future()
    contacts = Contacts(pins, settings, lambda contact, on: told.set_result((contact, on, threading.get_ident())))
    assert settings.inside
    thread = threading.Thread(target=factory.pin(settings.inside.number).drive_low)
    thread.start()
    async with asyncio.timeout(5):
        assert await told == ("inside", True, threading.get_ident())
    thread.join()
    contacts.close()
    pins.close()

"""The motor never has both directions on, and is off whenever anything ends or hangs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd.errors import Failure
from lockd.gpio.backend import mock_factory
from lockd.gpio.motor import DEAD_S, MARGIN_S, Motor
from lockd.gpio.pins import Output, Pins
from lockd.settings import BoltSettings, Pin, Settings
from lockd.words import Direction
from tests.gpio.clockwork import Clockwork

BRIDGE = BoltSettings(
    forward=Pin(17, key="bolt.forward"),
    backward=Pin(27, active="low", key="bolt.backward"),
    enable=Pin(4, key="bolt.enable"),
    latch=Pin(22, key="bolt.latch"),
)
STRIKE = BoltSettings(kind="strike", forward=Pin(17, key="bolt.forward"), hold_s=2.0)


class Rig:
    """A motor on mock pins, with everything that its lines ever did."""

    def __init__(self, folder: Path, bolt: BoltSettings) -> None:
        self.bolt = bolt
        self.clock = Clockwork()
        self.factory = mock_factory()
        settings = Settings(bolt=bolt)
        self.pins = Pins(settings, folder, self.factory)
        self.motor = Motor(self.pins, settings, self.clock)
        self.history: list[tuple[float, set[str]]] = []
        for pin in self.wired.values():
            self.factory.pin(pin.number).heard = lambda: self.history.append((self.clock.now, self.on))

    @property
    def wired(self) -> dict[str, Pin]:
        pins = {name: getattr(self.bolt, name) for name in ("forward", "backward", "enable", "latch")}
        return {name: pin for name, pin in pins.items() if pin is not None}

    @property
    def on(self) -> set[str]:
        """The lines that are on, by the level of the mock pins themselves."""
        lines = {name: (self.factory.pin(pin.number), pin.active == "high") for name, pin in self.wired.items()}
        return {name for name, (line, high) in lines.items() if line.function == "output" and line.state == high}

    @property
    def threads(self) -> int:
        """How many cut-offs there are."""
        return [thread.name for thread in threading.enumerate()].count("motor cut-off")

    def hang(self) -> None:
        """The loop does nothing for longer than the cut-offs wait, and they look."""
        for held in (self.motor._bolt, self.motor._latch):
            with held._lock:
                if held._due is not None:
                    held._due -= held._limit_s
                held._look()

    def close(self) -> None:
        self.motor.close()
        self.pins.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path, BRIDGE)
    yield made
    made.close()


@pytest.fixture
def strike(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path, STRIKE)
    yield made
    made.close()


def test_each_direction_has_its_line_and_the_enable_is_on_meanwhile(rig: Rig) -> None:
    rig.motor.drive("Locking")
    assert rig.on == {"forward", "enable"}
    rig.motor.stop()
    assert rig.on == set()
    rig.clock.turn(1)
    rig.motor.drive("Unlocking")
    assert rig.on == {"backward", "enable"}


def test_reversing_waits_for_the_dead_time_with_everything_off(rig: Rig) -> None:
    rig.motor.drive("Locking")
    rig.motor.drive("Unlocking")
    assert rig.on == set()
    rig.clock.turn(DEAD_S / 2)
    rig.motor.drive("Unlocking")
    assert rig.on == set()
    rig.clock.turn(DEAD_S / 2)
    assert rig.on == {"backward", "enable"}


def test_a_stop_in_the_dead_time_is_a_stop(rig: Rig) -> None:
    rig.motor.drive("Locking")
    rig.motor.drive("Unlocking")
    rig.motor.stop()
    rig.clock.turn(1)
    assert rig.on == set()


def test_going_on_in_the_same_direction_needs_no_pause(rig: Rig) -> None:
    rig.motor.drive("Locking")
    rig.motor.stop()
    rig.motor.drive("Locking")
    assert rig.on == {"forward", "enable"}


def test_the_cut_off_stops_the_motor_when_the_loop_hangs_and_says_so(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.motor.drive("Locking")
    assert rig.motor._bolt._limit_s == BRIDGE.travel_s + MARGIN_S
    rig.hang()
    assert rig.on == set()
    assert not rig.motor.on
    assert len(caplog.records) == 1
    rig.motor.drive("Locking")
    assert rig.on == {"forward", "enable"}


def test_the_cut_off_needs_nothing_from_the_loop_and_comes_each_time(tmp_path: Path) -> None:
    rig = Rig(tmp_path, BRIDGE.but(travel_s=0.05 - MARGIN_S))
    off = threading.Event()
    rig.factory.pin(17).heard = lambda: None if rig.on else off.set()
    rig.factory.pin(4).heard = rig.factory.pin(17).heard
    for _ in range(2):
        rig.motor.drive("Locking")
        off.clear()
        assert off.wait(5)
        assert rig.on == set()
    rig.close()


def test_a_cut_off_that_comes_too_late_stops_nothing_newer(rig: Rig) -> None:
    rig.motor.drive("Locking")
    rig.motor.drive("Locking")
    with rig.motor._bolt._lock:
        assert 0 < (rig.motor._bolt._look() or 0) <= BRIDGE.travel_s + MARGIN_S
    assert rig.on == {"forward", "enable"}


def test_while_nothing_is_on_the_cut_off_has_nothing_to_wait_for(rig: Rig) -> None:
    rig.motor.drive("Locking")
    rig.motor.stop()
    with rig.motor._bolt._lock:
        assert rig.motor._bolt._look() is None


def test_one_thread_serves_every_throw_and_a_motor_that_is_closed_leaves_none(rig: Rig) -> None:
    assert rig.threads == 0
    for _ in range(3):
        rig.motor.drive("Locking")
        rig.motor.stop()
    assert rig.threads == 1
    rig.motor.latch(True)
    assert rig.threads == 2
    rig.motor.close()
    assert (rig.threads, rig.on) == (0, set())
    rig.motor.drive("Locking")
    assert rig.threads == 1


def test_the_latch_has_its_own_cut_off_and_knows_nothing_of_the_bolt(rig: Rig) -> None:
    rig.motor.latch(True)
    assert rig.on == {"latch"}
    rig.motor.drive("Locking")
    rig.motor.stop()
    assert rig.on == {"latch"}
    assert rig.motor._latch._limit_s == BRIDGE.latch_hold_s + MARGIN_S
    rig.hang()
    assert rig.on == set()


def test_a_strike_opens_by_its_coil_and_locks_by_letting_go(strike: Rig) -> None:
    strike.motor.drive("Unlocking")
    assert strike.on == {"forward"}
    assert strike.motor._bolt._limit_s == STRIKE.hold_s + MARGIN_S
    strike.motor.drive("Locking")
    assert strike.on == set()
    strike.motor.drive("Unlocking")
    strike.motor.latch(True)
    strike.motor.stop()
    assert strike.on == set()


def test_a_direction_without_a_pin_is_named(tmp_path: Path) -> None:
    rig = Rig(tmp_path, BRIDGE.but(backward=None))
    with pytest.raises(Failure, match="Unlocking"):
        rig.motor.drive("Unlocking")
    rig.close()


def test_a_line_that_does_not_go_on_leaves_all_off(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(value: float) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(rig.factory.pin(4), "_set_state", lambda value: broken(value) if value else None)
    with pytest.raises(Failure, match="bolt.enable: GPIO4: .*Input/output error"):
        rig.motor.drive("Locking")
    assert rig.on == set()
    assert rig.motor._bolt._due is None


def test_a_line_that_does_not_go_off_keeps_no_other_on(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.motor.drive("Locking")
    with monkeypatch.context() as patch:
        patch.setattr(rig.factory.pin(17), "_set_state", lambda value: (_ for _ in ()).throw(OSError(5, "gone")))
        with pytest.raises(Failure, match="bolt.forward"):
            rig.motor.stop()
    assert rig.on == {"forward"}
    rig.motor.stop()
    assert rig.on == set()


def test_without_a_thread_for_the_cut_off_the_motor_does_not_start(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Any) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(Failure, match="can't start new thread"):
            rig.motor.drive("Locking")
    assert rig.on == set()


def test_a_start_that_fails_after_the_dead_time_is_logged(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rig.motor.drive("Locking")
    rig.motor.drive("Unlocking")
    with monkeypatch.context() as patch:
        patch.setattr(Output, "set", lambda self, on: (_ for _ in ()).throw(Failure("gone")))
        with pytest.raises(Failure):
            rig.clock.turn(1) or rig.motor.stop()  # the late start is logged, the stop is told
    assert "does not start" in caplog.text


STEPS = st.sampled_from(["Locking", "Unlocking", "stop", "latch", "unlatch", "hang", "wait", "wait long"])


def take(rig: Rig, step: str) -> None:
    if step in ("Locking", "Unlocking"):
        direction: Direction = "Locking" if step == "Locking" else "Unlocking"
        rig.motor.drive(direction)
    elif step in ("latch", "unlatch"):
        rig.motor.latch(step == "latch")
    elif step == "stop":
        rig.motor.stop()
    elif step == "hang":
        rig.hang()
    else:
        rig.clock.turn(DEAD_S / 3 if step == "wait" else 1.0)


@given(st.lists(STEPS, max_size=25), st.booleans())
def test_no_sequence_has_both_directions_on_or_anything_on_at_the_end(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], strike: bool
) -> None:
    rig = Rig(tmp_path_factory.getbasetemp(), STRIKE if strike else BRIDGE)
    for step in steps:
        take(rig, step)
    rig.motor.close()
    assert (rig.on, rig.threads) == (set(), 0)
    assert all(not {"forward", "backward"} <= on for _, on in rig.history)
    assert quickest_reversal(rig.history) >= DEAD_S - 1e-9
    rig.pins.close()


def quickest_reversal(history: list[tuple[float, set[str]]]) -> float:
    """Seconds between the last moment of one direction and the first of the other."""
    moves = [(at, on & {"forward", "backward"}) for at, on in history]
    ends = [(at, before) for (_, before), (at, after) in pairwise(moves) if before and not after]
    starts = [(at, after) for (_, before), (at, after) in pairwise([(0.0, set()), *moves]) if after and not before]
    gaps = [start - end for end, old in ends for start, new in starts if start >= end and old != new]
    return min(gaps, default=DEAD_S)

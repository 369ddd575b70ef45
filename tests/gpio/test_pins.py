"""Lines are claimed once and by name, the motor's first and inactive, and all end off."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lockd.errors import Failure
from lockd.gpio.backend import mock_factory
from lockd.gpio.pins import Pins
from lockd.settings import BoltSettings, Pin, Settings

BOLT = BoltSettings(forward=Pin(17, key="bolt.forward"), backward=Pin(27, active="low", key="bolt.backward"))
LAMP = Pin(21, active="low", key="panel.green")
BUTTON = Pin(18, active="low", pull="up", key="inside.button")


def test_the_motor_is_claimed_inactive_before_anything_else(tmp_path: Path) -> None:
    factory = mock_factory()
    pins = Pins(Settings(bolt=BOLT), tmp_path, factory)
    forward, backward = factory.pin(17), factory.pin(27)
    assert [getattr(info, "name", f"GPIO{info}") for info in factory.pins] == ["GPIO17", "GPIO27"]
    assert (forward.function, forward.state) == ("output", False)
    assert (backward.function, backward.state) == ("output", True)
    pins.close()


@pytest.mark.parametrize("active", ["high", "low"])
@pytest.mark.parametrize("pull", ["up", "down", "none"])
def test_an_input_is_on_at_its_active_level_whatever_its_pull(tmp_path: Path, active: str, pull: str) -> None:
    factory = mock_factory()
    pins = Pins(Settings(), tmp_path, factory)
    line = pins.input(Pin(5, active=active, pull=pull, key="x"))
    factory.pin(5).drive_high()
    assert line.on is (active == "high")
    factory.pin(5).drive_low()
    assert line.on is (active == "low")
    assert factory.pin(5).pull == {"none": "floating"}.get(pull, pull)
    pins.close()


def test_a_line_claimed_twice_is_the_same_one_but_never_two_things(tmp_path: Path) -> None:
    pins = Pins(Settings(), tmp_path, mock_factory())
    lamp = pins.output(LAMP)
    assert pins.output(LAMP) is lamp
    with pytest.raises(Failure, match=r"tamper\.contact: GPIO21 is taken by panel\.green"):
        pins.input(Pin(21, key="tamper.contact"))
    pins.close()


NO_LINE = Pin(99, key="tamper.contact")
FIXED_PULL = Pin(2, pull="down", key="tamper.contact")


@pytest.mark.parametrize("pin", [NO_LINE, FIXED_PULL], ids=["no such line", "fixed pull"])
def test_what_the_library_says_is_a_failure_that_names_the_key(tmp_path: Path, pin: Pin) -> None:
    pins = Pins(Settings(), tmp_path, mock_factory())
    with pytest.raises(Failure, match=rf"^tamper\.contact: GPIO{pin.number}: "):
        pins.input(pin)
    pins.close()


def test_a_motor_that_cannot_be_claimed_lets_go_of_what_was(tmp_path: Path) -> None:
    factory = mock_factory()
    with pytest.raises(Failure, match="bolt.backward"):
        Pins(Settings(bolt=BOLT.but(backward=Pin(99, key="bolt.backward"))), tmp_path, factory)
    assert factory.pin(17).function == "input"


@pytest.mark.parametrize(("kind", "step"), [("output", "output_with_state"), ("input", "input_with_pull")])
def test_a_line_that_could_not_be_claimed_may_be_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, step: str
) -> None:
    factory = mock_factory()
    pins = Pins(Settings(), tmp_path, factory)

    def busy(*_: object) -> None:
        raise OSError("GPIO busy")

    with monkeypatch.context() as patch:
        patch.setattr(type(factory.pin(LAMP.number)), step, busy)
        with pytest.raises(Failure, match=r"panel\.green: GPIO21: GPIO busy") as kept:  # as is a line by its traceback
            getattr(pins, kind)(LAMP)
    assert not getattr(pins, kind)(LAMP).on
    assert kept.value.__traceback__ is not None
    pins.close()


def test_the_check_finds_a_motor_line_that_is_not_as_it_was_set(tmp_path: Path) -> None:
    factory = mock_factory()
    pins = Pins(Settings(bolt=BOLT), tmp_path, factory)
    pins.check()
    pins.output(BOLT.forward or LAMP).set(True)
    pins.check()
    factory.pin(17).state = False
    with pytest.raises(Failure, match=r"bolt\.forward: GPIO17 is off and should not be"):
        pins.check()
    pins.close()


def test_the_check_finds_a_chip_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    factory = mock_factory()
    pins = Pins(Settings(bolt=BOLT), tmp_path, factory)
    with monkeypatch.context() as patch:
        patch.setattr(type(factory.pin(17)), "_get_state", lambda self: (_ for _ in ()).throw(OSError(19, "No device")))
        with pytest.raises(Failure, match="No device"):
            pins.check()
    pins.close()


def test_a_released_line_is_driven_neither_way_until_it_is_set(tmp_path: Path) -> None:
    factory = mock_factory()
    pins = Pins(Settings(), tmp_path, factory)
    lamp = pins.output(LAMP)
    lamp.release()
    lamp.check()
    assert factory.pin(21).function == "input"
    lamp.set(True)
    assert (factory.pin(21).function, factory.pin(21).state) == ("output", False)
    pins.close()


def test_at_the_end_everything_is_off_the_motor_first_and_a_broken_line_keeps_no_other_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    factory = mock_factory()
    pins = Pins(Settings(bolt=BOLT), tmp_path, factory)
    ended: list[str] = []
    for pin in (LAMP, BOLT.forward, BOLT.backward):
        assert pin
        pins.output(pin).set(True)
        line = factory.pin(pin.number)
        line.heard = lambda line=line, pin=pin: ended.append(pin.key) if line.function == "input" else None
    monkeypatch.setattr(factory.pin(17), "_set_state", lambda value: (_ for _ in ()).throw(OSError(5, "gone")))
    pins.close()
    assert list(dict.fromkeys(ended)) == ["bolt.forward", "bolt.backward", "panel.green"]
    assert "bolt.forward: GPIO17" in caplog.text
    pins.close()


def test_no_edge_comes_when_nobody_watches_any_more(tmp_path: Path) -> None:
    factory = mock_factory()
    pins = Pins(Settings(), tmp_path, factory)
    edges: list[bool] = []
    button = pins.input(BUTTON)
    button.watch(lambda: edges.append(button.on))
    factory.pin(18).drive_low()
    assert edges == [True]
    button.watch(None)
    factory.pin(18).drive_high()
    assert edges == [True]
    pins.close()


@pytest.mark.parametrize("end", ["pass", "raise ValueError", "sys.exit(3)"])
def test_any_end_of_the_interpreter_switches_the_motor_off(tmp_path: Path, end: str) -> None:
    script = f"""
import sys
from pathlib import Path
from lockd.gpio.backend import mock_factory
from lockd.gpio.motor import Motor
from lockd.gpio.pins import Pins
from lockd.settings import simulation
from tests.gpio.clockwork import Clockwork
factory, settings = mock_factory(), simulation()
motor = Motor(Pins(settings, Path("."), factory), settings, Clockwork())
motor.drive("Unlocking")
line = factory.pin(settings.bolt.backward.number)
line.heard = lambda: print(line.function, line.state)
{end}
"""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=20, check=False)
    assert done.stdout.split()[:2] == ["output", "False"]
    assert "cut-off" not in done.stderr
    assert done.returncode == {"pass": 0, "raise ValueError": 1, "sys.exit(3)": 3}[end]

"""The Pi's chip through lgpio: claimed without a jerk, and plain words for what is missing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockd.errors import Failure
from lockd.gpio import backend
from lockd.gpio.contacts import Contacts
from lockd.gpio.keypad import MatrixKeypad
from lockd.gpio.library import load
from lockd.gpio.motor import Motor
from lockd.gpio.pins import Pins
from lockd.gpio.pulses import PulseLine
from lockd.gpio.wiegand import Wiegand
from lockd.settings import BoltSettings, GpioSettings, Pin, Settings, simulation
from tests.gpio.chip import Chip
from tests.gpio.clockwork import Clockwork
from tests.gpio.wiegand import KNOWN, LINES, Heard

LOW_BRIDGE = BoltSettings(
    forward=Pin(17, active="low", key="bolt.forward"), backward=Pin(27, active="low", key="bolt.backward")
)


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chip]:
    """A Pi 3B with lgpio installed."""
    made = Chip()
    monkeypatch.setitem(sys.modules, "lgpio", made)
    monkeypatch.setattr(load("pins.local"), "get_pi_revision", lambda: 0xA02082)
    monkeypatch.setenv("LG_WD", "")
    yield made
    sys.modules.pop("gpiozero.pins.lgpio", None)
    load("pins.local").LocalPiFactory.pins.clear()


def on_chip(bolt: BoltSettings) -> Settings:
    return simulation().but(bolt=bolt, gpio=GpioSettings(chip=0))


def test_an_active_low_motor_is_never_low_before_it_is_driven(chip: Chip, tmp_path: Path) -> None:
    pins = Pins(on_chip(LOW_BRIDGE), tmp_path)
    assert [chip.lines[gpio].driven for gpio in (17, 27)] == [[1], [1]]
    pins.close()
    assert chip.open == set()


def test_the_motor_runs_on_the_chip_and_ends_off(chip: Chip, tmp_path: Path) -> None:
    settings = on_chip(LOW_BRIDGE)
    pins = Pins(settings, tmp_path)
    motor = Motor(pins, settings, Clockwork())
    motor.drive("Unlocking")
    assert (chip.lines[17].level, chip.lines[27].level) == (1, 0)
    pins.check()
    motor.close()
    pins.close()
    assert (chip.lines[17].driven[-1], chip.lines[27].driven[-1]) == (1, 1)


async def test_contacts_and_keys_are_felt_on_the_chip(chip: Chip, tmp_path: Path) -> None:
    settings = on_chip(LOW_BRIDGE)
    loop = asyncio.get_running_loop()
    felt: asyncio.Future[tuple[str, bool]] = loop.create_future()
    pins = Pins(settings, tmp_path)
    contacts = Contacts(pins, settings, lambda contact, on: felt.set_result((contact, on)))
    keypad = MatrixKeypad(pins, settings, lambda key: None)
    assert settings.inside
    assert chip.lines[settings.inside.number].level == 1
    chip.press(settings.inside.number, 0)
    async with asyncio.timeout(5):
        assert await felt == ("inside", True)
    keypad.close()
    contacts.close()
    pins.close()


def test_a_card_is_read_on_the_chip_by_the_kernels_times(chip: Chip, tmp_path: Path) -> None:
    settings = on_chip(LOW_BRIDGE).but(wiegand=LINES)
    clock, heard = Clockwork(), Heard()
    pins = Pins(settings, tmp_path)
    reader = Wiegand(pins, LINES, heard, clock)
    assert LINES.data0
    assert LINES.data1
    lines = (LINES.data0.number, LINES.data1.number)
    assert [(chip.lines[line].edges, chip.lines[line].level) for line in lines] == [(chip.FALLING_EDGE, 1)] * 2
    data, bits = KNOWN[3]
    for n, bit in enumerate(bits):  # all told at once; only their times say when they were
        tick = 1_795_271_400_000_000_000 + n * 2_000_000
        chip.press(lines[int(bit)], 0, tick)
        chip.press(lines[int(bit)], 1, tick + 50_000)
    clock.turn(1)
    assert (heard.cards, heard.garbage, heard.trouble) == ([data], [], "")
    reader.close()
    assert [chip.lines[line].alert for line in lines] == [None, None]
    pins.close()


def test_a_pulsed_line_tells_of_no_more_pulses_even_where_the_chip_is_gone(chip: Chip, tmp_path: Path) -> None:
    pins = Pins(on_chip(LOW_BRIDGE), tmp_path)
    assert LINES.data0
    line = pins.claim(LINES.data0, PulseLine)
    pulses: list[float] = []
    line.watch(pulses.append)
    chip.press(LINES.data0.number, 0, 2_000_000_000)
    alert = chip.lines[LINES.data0.number].alert
    assert alert
    chip.refuses = "'bad handle'"
    with pytest.raises(Failure, match=r"^wiegand\.data0: GPIO14: bad handle$"):
        line.close()
    alert(0, LINES.data0.number, 0, 3_000_000_000)  # it was on its way
    assert pulses == [2.0]
    chip.refuses = ""
    pins.close()


def test_a_chip_that_goes_away_is_found_by_the_check(chip: Chip, tmp_path: Path) -> None:
    pins = Pins(on_chip(LOW_BRIDGE), tmp_path)
    chip.refuses = "'bad handle'"
    with pytest.raises(Failure, match=r"^bolt\.forward: GPIO17: bad handle$"):
        pins.check()
    chip.refuses = ""
    pins.close()


def test_lgpio_works_in_the_runtime_directory(chip: Chip, tmp_path: Path) -> None:
    Pins(on_chip(LOW_BRIDGE), tmp_path).close()
    assert os.environ["LG_WD"] == str(tmp_path)


def test_a_chip_that_is_not_there_is_named(chip: Chip, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="there is no /dev/gpiochip42"):
        backend.open_factory(GpioSettings(chip=42), tmp_path)


def test_a_chip_that_may_not_be_opened_is_named_with_the_group(
    chip: Chip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chip.gpiochip_open = lambda number: (_ for _ in ()).throw(chip.error("'can not open gpiochip'"))  # type: ignore[method-assign]
    monkeypatch.setattr(Path, "exists", lambda self: True)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(Failure, match="group gpio"):
        backend.open_factory(GpioSettings(chip=0), tmp_path)


def test_any_other_fault_of_the_chip_is_told_as_it_is(
    chip: Chip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chip.gpiochip_open = lambda number: (_ for _ in ()).throw(chip.error("'not a gpiochip'"))  # type: ignore[method-assign]
    monkeypatch.setattr(Path, "exists", lambda self: True)
    monkeypatch.setattr(os, "access", lambda path, mode: True)
    with pytest.raises(Failure, match=r"^gpio\.chip: /dev/gpiochip0: not a gpiochip$"):
        backend.open_factory(GpioSettings(chip=0), tmp_path)


def test_without_lgpio_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LG_WD", "")
    monkeypatch.setitem(sys.modules, "lgpio", None)
    with pytest.raises(Failure, match="python3-lgpio"):
        backend.open_factory(GpioSettings(chip=0), tmp_path)


def test_an_lgpio_that_does_not_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LG_WD", "")
    (tmp_path / "lgpio.py").write_text("raise FileNotFoundError(2, 'No such file', '.lgd-nfy-3')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Failure, match=r"does not start in .*lgd-nfy"):
        backend.open_factory(GpioSettings(chip=0), tmp_path)


def test_the_library_is_loaded_lightly_and_is_whole_for_whoever_asks_for_more() -> None:
    script = """
import sys
import lockd.gpio.backend as backend
backend.mock_factory()
assert sys.modules.keys().isdisjoint({"gpiozero.boards", "importlib.metadata", "statistics", "colorzero"})
assert sys.modules.keys().isdisjoint({"importlib_metadata", "gpiozero.input_devices", "gpiozero.output_devices"})
import gpiozero
assert not hasattr(gpiozero, "__nothing__") and "gpiozero.boards" not in sys.modules
assert issubclass(gpiozero.LED, gpiozero.DigitalOutputDevice) and not hasattr(gpiozero, "nothing")
assert gpiozero.DigitalInputDevice.__bases__[0].__module__ == "gpiozero.mixins"
assert gpiozero.Device is backend.load("devices").Device
import gpiozero.pins.mock
gpiozero.pins.mock.MockFactory
import os
os.environ["GPIOZERO_PIN_FACTORY"] = "mock"
gpiozero.Device.ensure_pin_factory()
lamp = gpiozero.RGBLED(2, 3, 4, pwm=False, pin_factory=backend.mock_factory())
assert str(lamp.color) == "#000000"
"""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-W", "error", "-c", script], cwd=root, check=True, timeout=20)


def test_what_is_here_already_is_taken_and_left_as_it_is() -> None:
    script = """
import sys, types
backport = sys.modules["importlib_metadata"] = types.ModuleType("importlib_metadata")
backport.entry_points = None
import gpiozero
import lockd.gpio.backend as backend
backend.mock_factory()
assert backend.GPIOZeroError is gpiozero.GPIOZeroError
assert sys.modules["importlib_metadata"] is backport
"""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-W", "error", "-c", script], cwd=root, check=True, timeout=20)

"""Who is asked what feeds the lock, when, and what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lockd.core.effects import ReadSupplies
from lockd.core.events import Event, SuppliesRead, SupplyRead
from lockd.daemon import power as module
from lockd.daemon.power import Power
from lockd.dbus.bus import Bus
from lockd.gpio import supply_model
from lockd.reading import Reading
from lockd.settings import PowerSettings
from lockd.udev import library, supply
from lockd.udev.library import Key
from lockd.udev.sysfs import Device
from tests.daemon.inside import Inside, inside, nimble
from tests.daemon.process import until

LINE = Reading("power.usb_line", "EmergencyUsb", False)
BATTERY = Reading("battery", "Battery", True, 57.0)
FELT = (SupplyRead(LINE), SuppliesRead(frozenset({"power.usb_line"})))


class Feelers:
    """A line; and a modelled door, or none."""

    def __init__(self, door: object) -> None:
        self.door = door

    def readings(self) -> tuple[Reading, ...]:
        return (LINE,)


class Gathered:
    """Everybody who tells, and what they told the core."""

    def __init__(self, simulated: bool) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.troubles: list[str] = []
        door = object() if simulated else None
        self.power = Power(
            Feelers(door), PowerSettings(), self.events.put_nowait, lambda: self.troubles.append(self.power.trouble)
        )

    def so_far(self) -> tuple[Event, ...]:
        return tuple(self.events.get_nowait() for _ in range(self.events.qsize()))

    async def all(self) -> list[Event]:
        """Until all have been read."""
        found: list[Event] = []
        async with asyncio.timeout(5):
            while not found or not isinstance(found[-1], SuppliesRead):
                found.append(await self.events.get())
        return found


@pytest.fixture
async def watched(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gathered]:
    """With a battery that the kernel knows, and nobody who tells of events."""

    def read(_context: object, key: Key) -> Device:
        said = {"POWER_SUPPLY_NAME": "battery", "POWER_SUPPLY_TYPE": "Battery", "POWER_SUPPLY_CAPACITY": "57"}
        return Device(*key, "/devices/power_supply/battery", said)

    def refuse(_context: object) -> None:
        raise PermissionError("not here")

    monkeypatch.setattr(library, "listen", refuse)
    monkeypatch.setattr(library, "names", lambda _context, _subsystems: [("power_supply", "battery")])
    monkeypatch.setattr(library, "read", read)
    made = Gathered(simulated=False)
    made.power.ask()
    assert made.so_far() == FELT[:1], "that all have been read is not known yet"
    task = asyncio.create_task(made.power.watch())
    assert await made.all() == [SupplyRead(BATTERY), SuppliesRead(frozenset({"battery", "power.usb_line"}))]
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_modelled_door_is_fed_by_its_model_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supply, "begin", None)
    gathered = Gathered(simulated=True)
    await gathered.power.watch()
    gathered.power.ask()
    assert gathered.so_far() == FELT


async def test_the_core_s_question_is_answered_in_a_later_turn() -> None:
    gathered = Gathered(simulated=True)
    gathered.power.read(ReadSupplies())
    assert gathered.so_far() == ()
    await asyncio.sleep(0)
    assert gathered.so_far() == FELT


async def test_drivers_are_asked_with_the_lines(watched: Gathered) -> None:
    watched.power.ask()
    assert await watched.all() == [
        SupplyRead(LINE), SupplyRead(BATTERY), SuppliesRead(frozenset({"battery", "power.usb_line"}))
    ]  # fmt: skip


async def test_other_settings_come_into_force_while_it_runs(
    watched: Gathered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supply, "SETTLE_S", 0.0)
    watched.power.take(PowerSettings(battery="none"))
    assert await watched.all() == [SuppliesRead(frozenset({"power.usb_line"}))]


async def test_who_begins_to_type_asks_but_not_for_what_was_just_read(monkeypatch: pytest.MonkeyPatch) -> None:
    gathered = Gathered(simulated=True)
    gathered.power.refresh()
    assert gathered.so_far() == FELT
    gathered.power.refresh()
    assert gathered.so_far() == ()
    monkeypatch.setattr(module, "FRESH_S", 0.0)
    gathered.power.refresh()
    assert gathered.so_far() == FELT


async def test_without_the_library_the_lines_are_told_and_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def begin(*_wanted: object) -> None:
        raise ImportError("No library named udev")

    monkeypatch.setattr(supply, "begin", begin)
    gathered = Gathered(simulated=False)
    gathered.power.ask()
    await gathered.power.watch()
    assert gathered.so_far() == (*FELT[:1], *FELT)
    assert gathered.troubles == [gathered.power.trouble]
    assert "No library named udev" in gathered.power.trouble
    assert gathered.power.trouble in caplog.text


# In the whole daemon ------------------------------------------------------------------------------------


def beeps_of(lock: Inside) -> list[bool]:
    """Every level that the buzzer's line is given from here on."""
    pin = lock.daemon.settings.panel.buzzer
    assert pin is not None
    line, levels = lock.daemon.hardware.pins._lines[pin.number]._device.pin, list[bool]()
    heard = line.heard

    def hear() -> object:
        levels.append(bool(line.state))
        return heard()

    line.heard = hear
    return levels


def in_session(lock: Inside) -> bool:
    return bool(lock.daemon.pump.lock.power(lock.daemon.clock.now())["SessionActive"])


async def test_on_a_weak_source_nothing_is_fed_beside_the_pin_path_and_the_keypad_has_patience(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = nimble()
    settings = settings.but(power=settings.power.but(unplugged_s=0.1, keypad_timeout_s=99.0))
    asleep: list[bool] = []
    monkeypatch.setattr(supply_model, "GATHER_S", {"Generator": 0.01})
    monkeypatch.setattr(Bus, "sleep", lambda _, on: asleep.append(on))
    async with inside(tmp_path / "state", settings=settings) as lock:
        await lock.enrol("135790")
        lock.daemon.options = lock.daemon.options.but(simulate=False)  # a modelled door hangs on its bus
        door, beeps = lock.daemon.hardware.door, beeps_of(lock)
        door.set_battery(1.0, 3.0)
        lock.press("1*")
        await until(lambda: beeps == [True, False] * 2)  # it is heard that the digit was forgotten
        assert lock.daemon.typing._timeout_s() == settings.keypad.timeout_s
        door.plug("Generator", 5.0)
        await until(lambda: in_session(lock))
        assert (asleep[-1], lock.daemon.typing._timeout_s()) == (True, 99.0)
        lock.press("135790#")
        await lock.until("Unlocked")
        assert beeps == [True, False] * 2, "and from then on nothing is heard"
        door.unplug()
        await until(lambda: not in_session(lock))
        assert not asleep[-1]

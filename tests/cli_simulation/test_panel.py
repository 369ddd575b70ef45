"""The front panel: what a person types reaches the lock, and what the lock tells is seen."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import RichLog, Static

from lockd.cli.panel.app import Panel
from lockd.cli.panel.deeds import DEEDS
from lockd.cli.panel.help import Help
from lockd.cli.panel.news import Changed, Gone, Happened, Here, Known
from lockd.cli.panel.widgets import Door, Key, Keypad, Lamps, Status
from lockd.errors import Restricted
from tests.cli_simulation.fake import PROPERTIES, FakeKeeper, FakeLink

SECOND = "lockctl status\nbusctl introspect"


@asynccontextmanager
async def shown(link: FakeLink, size: tuple[int, int] = (80, 24), **named: Any) -> AsyncIterator[Pilot[None]]:
    app = Panel(link, SECOND, **named)
    async with app.run_test(size=size) as pilot:
        await link.followed.wait()
        await pilot.pause()
        yield pilot


def log(pilot: Pilot[None]) -> str:
    return "\n".join(strip.text for strip in pilot.app.query_one(RichLog).lines)


def line(pilot: Pilot[None], kind: type[Status] | type[Lamps] = Status) -> str:
    return pilot.app.query_one(kind).render().plain


async def settled(pilot: Pilot[None]) -> None:
    """Until every deed is done; an empty list would make Textual wait for all workers for ever."""
    await pilot.pause()
    if doing := [worker for worker in pilot.app.workers if worker.name not in ("follow", "type")]:
        await pilot.app.workers.wait_for_complete(doing)
    await pilot.pause()


async def test_typed_digits_are_pressed_in_their_order_and_enter_is_hash() -> None:
    link = FakeLink()
    async with shown(link) as pilot:
        await pilot.press(*"135790", "enter")
        await pilot.pause()
    pressed = "".join(call[2] for call in link.done if call[1] == "Press")
    assert pressed == "135790#"


async def test_backspace_and_star_clear() -> None:
    link = FakeLink()
    async with shown(link) as pilot:
        await pilot.press("1", "backspace", "2", "asterisk", "number_sign")
        await pilot.pause()
    assert "".join(call[2] for call in link.done) == "1*2*#"


async def test_a_click_on_a_key_presses_it() -> None:
    link = FakeLink()
    async with shown(link) as pilot:
        seven = next(key for key in pilot.app.query(Key) if key.char == "7")
        await pilot.click(seven)
        await pilot.pause()
    assert link.done == [("Simulator", "Press", "7")]


async def test_typed_digits_are_dots_until_entered() -> None:
    link = FakeLink()
    async with shown(link) as pilot:
        await pilot.press("1", "2", "3")
        assert "•••" in line(pilot, Lamps)
        await pilot.press("enter")
        assert "•" not in line(pilot, Lamps)


CALLS = {
    "o": ("Simulator", "OpenDoor"), "k": ("Simulator", "TurnKey", "unlock"), "l": ("Simulator", "TurnKey", "lock"),
    "t": ("Simulator", "TurnThumb", "unlock"), "i": ("Simulator", "PressInside"),
    "d": ("Simulator", "OpenCodeWheel", True), "e": ("Simulator", "PushPin", True), "j": ("Simulator", "Jam", True),
    "b": ("Simulator", "SetBattery", 50.0, 5.3), "w": ("Simulator", "PassTime", 168),
    "x": ("Simulator", "SetBattery", 0.0, 0.0), "p": ("Simulator", "Plug", "EmergencyUsb", 5.0),
    "n": ("Simulator", "Plug", "Emergency9V", 9.0), "g": ("Simulator", "Crank", 20.0),
    "f": ("Simulator", "Plug", "Wireless", 5.0), "u": ("Simulator", "Unplug"), "y": ("Simulator", "Flap", 20),
    "U": ("Simulator", "Loosen"),
    "c": ("Simulator", "Tamper", True), "v": ("Simulator", "SetGauge", "silent"), "z": ("Simulator", "SetWear", 2.0),
    "m": ("Lock", "OperatingMode", "Vacation"), "r": ("Lock", "UnlockDoor", {}), "h": ("Lock", "Home"),
}  # fmt: skip


async def test_each_deed_has_its_key() -> None:
    link = FakeLink()
    async with shown(link) as pilot:
        await pilot.press(*CALLS)
        await settled(pilot)
    assert link.done == list(CALLS.values())


def test_no_deed_is_without_a_test_or_a_line_of_help() -> None:
    from lockd.cli.panel.help import CHAPTERS

    helped = {key for _, lines in CHAPTERS for keys, _ in lines for key in keys.split()}
    assert {deed.key for deed in DEEDS} == set(CALLS)
    assert set(CALLS) <= helped


async def test_a_deed_is_undone_by_the_same_key() -> None:
    link = FakeLink()
    async with shown(link) as pilot:
        link.tell(Changed({"DoorOpen": True, "Jammed": True, "CoverOff": True, "Bolt": 1.0, "LockState": "Unlocked"}))
        link.tell(Changed({"CodeWheelOpen": True, "PinInHole": True, "Gauge": "absent", "Wear": 4.0, "Charge": 2.0}))
        link.tell(Changed({"Plugged": "Wireless"}))
        await pilot.press(*"ojctrdevzbf")
        await settled(pilot)
    assert [call[1:] for call in link.done] == [
        ("CloseDoor",), ("Jam", False), ("Tamper", False), ("TurnThumb", "lock"), ("LockDoor", {}),
        ("OpenCodeWheel", False), ("PushPin", False), ("SetGauge", "ok"), ("SetWear", 1.0),
        ("SetBattery", 100.0, 6.0), ("Unplug",),
    ]  # fmt: skip


async def test_a_refusal_is_told() -> None:
    link = FakeLink()
    link.refuse["Plug"] = Restricted("no socket here")
    async with shown(link) as pilot:
        await pilot.press("p")
        await settled(pilot)
        assert "Refused: no socket here" in log(pilot)


@asynccontextmanager
async def dead() -> AsyncIterator[tuple[Pilot[None], FakeLink, FakeKeeper]]:
    """A panel whose lock has lost its power."""
    link = FakeLink()
    keeper = FakeKeeper(link)
    async with shown(link, keeper=keeper) as pilot:
        await pilot.press("x")
        await settled(pilot)
        link.tell(Changed({"Charge": 0.0, "Volts": 0.0}))
        link.tell(Gone("lockd has ended"))
        await settled(pilot)
        assert keeper.done == ["cut"]
        link.done.clear()
        keeper.done.clear()
        yield pilot, link, keeper


async def test_a_lock_without_power_is_cut_off_and_dark() -> None:
    async with dead() as (pilot, link, keeper):
        assert "NO POWER" in line(pilot)
        assert "no power" in log(pilot)
        assert "has ended" not in log(pilot)
        await pilot.press("1", "2", "3", "enter", "r", "i", "s")
        await settled(pilot)
        assert (link.done, keeper.done) == ([], [])
        assert "Nothing happens" in log(pilot)


async def test_hands_on_the_door_need_no_power() -> None:
    async with dead() as (pilot, link, keeper):
        for key in "kdlejco":
            await pilot.press(key)
            await settled(pilot)
        assert link.done == []
        assert keeper.done == [
            {"bolt": 1.0}, {"code_open": True, "bolt": 1.0}, {"bolt": 0.0}, {"pin_in": True, "bolt": 1.0},
            {"jammed": True}, {"cover_off": True}, {"door_open": True},
        ]  # fmt: skip
        scene = pilot.app.query_one(Door).scene
        assert (scene.bolt, scene.door_open, scene.pin_in, scene.here) == (1.0, True, True, False)


@pytest.mark.parametrize(("key", "plug"), [("p", "EmergencyUsb"), ("g", "Generator")])
async def test_power_is_there_before_lockd_wakes(key: str, plug: str) -> None:
    async with dead() as (pilot, link, keeper):
        await pilot.press(key)
        await settled(pilot)
        assert keeper.done == [{"plug": plug, "plug_volts": 5.0}, "revive"]
        assert link.done == []
        assert "LOCKED" in line(pilot)


async def test_pulled_from_a_dead_battery_the_plug_takes_the_power_along() -> None:
    link = FakeLink()
    keeper = FakeKeeper(link)
    async with shown(link, keeper=keeper) as pilot:
        link.tell(Changed({"Charge": 0.0, "Plugged": "EmergencyUsb"}))
        await pilot.press("p")
        await settled(pilot)
        assert keeper.done == []
        link.tell(Changed({"Plugged": ""}))
        await settled(pilot)
        assert (link.done, keeper.done) == ([("Simulator", "Unplug")], ["cut"])


async def test_a_plug_that_slips_out_takes_the_power_along() -> None:
    link = FakeLink()
    keeper = FakeKeeper(link)
    async with shown(link, keeper=keeper) as pilot:
        link.tell(Changed({"Charge": 0.0, "Volts": 0.0, "Plugged": "EmergencyUsb"}))
        await pilot.press("U", *"135790", "enter")
        await settled(pilot)
        assert keeper.done == []
        link.tell(Changed({"Plugged": ""}))
        await settled(pilot)
    assert keeper.done == ["cut"]


async def test_a_battery_that_is_set_to_nothing_from_elsewhere_ends_nobody() -> None:
    link = FakeLink()
    keeper = FakeKeeper(link)
    async with shown(link, keeper=keeper) as pilot:
        await pilot.press("o")
        await settled(pilot)
        link.tell(Changed({"Charge": 0.0}))
        await settled(pilot)
        assert keeper.done == []


async def test_who_only_joined_cuts_nothing() -> None:
    link = FakeLink()
    async with shown(link) as pilot:
        await pilot.press("x")
        await settled(pilot)
        link.tell(Changed({"Charge": 0.0}))
        assert "NO POWER" not in line(pilot)


async def test_what_lockd_knows_of_its_power_is_in_the_last_line() -> None:
    link = FakeLink()
    async with shown(link) as pilot:
        for word in ("battery 100 % Ok", "fed by its battery 6.0 V", "1900 throws, 160 days left"):
            assert word in line(pilot)
        link.tell(Changed({"Source": "EmergencyUsb", "SessionActive": True, "BatteryLevel": "Dead", "Voltage": 5.0}))
        link.tell(Changed({"BatteryPercent": math.nan, "RemainingOperations": 2**32 - 1, "Gauge": "absurd"}))
        link.tell(Changed({"Wear": 2.0}))
        for word in ("battery Dead", "fed by a power bank 5.0 V", "EMERGENCY POWER", "gauge absurd", "worn x2"):
            assert word in line(pilot)
        assert "throws" not in line(pilot)


async def test_a_fresh_lock_offers_a_demonstration_person_and_shows_the_pin() -> None:
    link = FakeLink()
    async with shown(link) as pilot:
        assert "press a to add" in log(pilot)
        await pilot.press("a")
        await settled(pilot)
        link.tell(Known([{"index": 1, "name": "Demo 1"}]))
        (pin,) = (call[5].decode() for call in link.done if call[1] == "SetCredential")
        assert ("Users", "SetUser", "Modify", 1, {"name": "Demo 1"}) in link.done
        assert len(pin) == 6
        assert pin in str(pilot.app.query_one(Keypad).border_subtitle)
        link.tell(Known([]))
        assert pin not in str(pilot.app.query_one(Keypad).border_subtitle)


@pytest.mark.parametrize(("refused", "done"), [
    ("SetCredential", [("SetCredential", "Add")]),
    ("SetUser", [("SetCredential", "Add"), ("SetUser", "Modify"), ("ClearUser", 2)]),
])  # fmt: skip
async def test_of_a_refused_person_nothing_is_left(refused: str, done: list[tuple[Any, ...]]) -> None:
    link = FakeLink({"index": 1, "name": "Anna", "credentials": [("PIN", 1)]})
    link.refuse[refused] = Restricted("full")
    async with shown(link) as pilot:
        await pilot.press("a")
        await settled(pilot)
        assert "Refused: full" in log(pilot)
    assert [call[1:3] for call in link.done][1:] == done


async def test_pins_of_an_earlier_run_are_said_to_be_unknown() -> None:
    link = FakeLink({"index": 1, "name": "Demo 1", "credentials": [("PIN", 1)]})
    async with shown(link, (120, 35)) as pilot:
        assert "PINs from an earlier run are not shown: press a to add a new person" in log(pilot)
        await pilot.press("a")
        await settled(pilot)
        link.tell(Here(PROPERTIES, (), link.users))
        await pilot.pause()
        assert log(pilot).count("earlier run") == 1


async def test_a_lockout_is_counted_down_by_the_second_until_the_lock_says_otherwise() -> None:
    link = FakeLink()
    async with shown(link) as pilot:
        assert isinstance(pilot.app, Panel)
        link.tell(Changed({"LockoutRemaining": 2}))
        shows = []
        for _ in range(3):
            shows.append(pilot.app.story.scene.lockout_s)
            pilot.app.story.second()
        link.tell(Changed({"LockoutRemaining": 180}))
        link.tell(Changed({"LockoutRemaining": 0}))
        assert [*shows, pilot.app.scene.lockout_s] == [2, 1, 0, 0]


async def test_the_log_begins_without_grants_and_bookkeeping() -> None:
    link = FakeLink()
    async with shown(link) as pilot:
        events = [{"kind": "System", "time": 0, "detail": detail} for detail in ("lockout-goes-on", "started")]
        granted = {"kind": "LockOperation", "time": 0, "type": "Lock", "phase": "granted"}
        pilot.app.query_one(RichLog).clear()
        link.tell(Here(PROPERTIES, (*events, granted), ()))
        await pilot.pause()
        told = log(pilot)
    assert "lockd started" in told
    assert "goes on" not in told
    assert "allowed" not in told


async def test_what_happened_on_the_way_is_told_once_and_what_feeds_the_lock_only_below() -> None:
    link = FakeLink()
    async with shown(link) as pilot:
        attached = {"seq": 7, "kind": "DoorLockAlarm", "time": 0, "alarm": "EmergencyPowerAttached"}
        link.tell(Happened({"seq": 6, "kind": "DoorStateChange", "time": 0, "state": "DoorOpen"}))
        link.tell(Happened({"kind": "PowerChange", "source": "EmergencyUsb"}))
        for _ in range(2):
            link.tell(Gone("lockd has ended"))
            link.tell(Here(PROPERTIES, ({"seq": 6, "kind": "DoorStateChange", "state": "DoorOpen"}, attached), ()))
        await pilot.pause()
        assert log(pilot).count("door was opened") == 1
        assert log(pilot).count("emergency power was plugged in") == 1
        assert "fed by" not in log(pilot)


async def test_what_a_hostile_lock_says_is_harmless() -> None:
    hostile = "\x1b[2J[red]x[/]\nNobody"
    link = FakeLink({"index": 1, "name": hostile})
    async with shown(link, (120, 35)) as pilot:
        link.tell(Happened({"kind": "LockOperation", "time": 0, "type": "Lock", "user": 1}))
        link.tell(Happened({"kind": hostile, "time": 0, "detail": hostile, "by": hostile}))
        link.tell(Changed({"LockState": hostile, "Fault": hostile, "OperatingMode": hostile, "DoorState": hostile}))
        link.refuse["Home"] = Restricted(hostile)
        await pilot.press("h")
        await settled(pilot)
        assert "?[2J[red]x[/]?Nobody locked" in log(pilot)
        assert "Refused: ?[2J[red]x[/]?Nobody" in log(pilot)
        assert "?[2J[red]x[/]?Nobody" in line(pilot)
        assert line(pilot).replace("\n", "").isprintable()
        link.tell(Gone(hostile))
        await pilot.pause()
        assert "?[2J[red]x[/]?Nobody" in line(pilot)
        assert all(row.isprintable() for row in log(pilot).splitlines())
        assert not any(row.startswith("Nobody") for row in log(pilot).splitlines())


async def test_the_bolt_moves_in_the_picture() -> None:
    link = FakeLink()
    async with shown(link) as pilot:
        pictures = []
        for bolt in (0.0, 0.1, 0.5, 1.0):
            link.tell(Changed({"Bolt": bolt}))
            pictures.append(pilot.app.query_one(Door).render())
        assert len({str(picture.markup) for picture in pictures}) == 4


async def test_events_are_told_in_sentences_with_the_persons_name() -> None:
    link = FakeLink({"index": 1, "name": "Anna"})
    async with shown(link) as pilot:
        link.tell(Happened({"kind": "LockOperation", "time": 0, "type": "Unlock", "source": "Keypad", "user": 1}))
        await pilot.pause()
        assert "Anna unlocked at the keypad." in log(pilot)


async def test_the_status_line_says_state_fault_door_mode_and_lockout() -> None:
    link = FakeLink()
    async with shown(link) as pilot:
        link.tell(Changed({"LockState": "NotFullyLocked", "Fault": "Jammed", "DoorState": "DoorAjar"}))
        link.tell(Changed({"OperatingMode": "Privacy", "LockoutRemaining": 55, "AutoRelockTime": 30}))
        for word in ("NOT FULLY LOCKED", "LOCKOUT 55s", "bolt jammed", "left ajar", "Privacy", "relock 30s"):
            assert word in line(pilot)


async def test_a_lockd_that_ended_is_told_and_started_again() -> None:
    link = FakeLink()
    keeper = FakeKeeper(link)
    async with shown(link, keeper=keeper) as pilot:
        await pilot.press("s")
        assert keeper.done == [], "it runs"
        link.tell(Gone("lockd has ended"))
        await pilot.pause()
        assert "lockd has ended; press s" in line(pilot)
        await pilot.press("s")
        await settled(pilot)
        assert keeper.done == ["revive"]
        assert "LOCKED" in line(pilot)
        assert "answers again" in log(pilot)


async def test_help_names_the_second_terminal_and_closes() -> None:
    link = FakeLink()
    async with shown(link) as pilot:
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, Help)
        assert any("busctl" in str(part.render()) for part in pilot.app.screen.query(Static))
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, Help)


@pytest.mark.parametrize("size", [(80, 24), (120, 35)])
async def test_all_of_the_lock_is_on_the_screen(size: tuple[int, int]) -> None:
    async with shown(FakeLink(), size) as pilot:
        for part in (*pilot.app.query(Key), pilot.app.query_one(Status), pilot.app.query_one("KeyBar")):
            assert pilot.app.screen.region.contains_region(part.region), part
            assert part.region.area > 0
        assert pilot.app.query_one(RichLog).size.height >= 5


async def test_q_ends_the_panel() -> None:
    async with shown(FakeLink()) as pilot:
        await pilot.press("q")
        assert pilot.app.return_code == 0

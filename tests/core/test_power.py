"""Power that arrives, fails, lies or runs out: the session, the port, the throw cut short, the warnings."""

from __future__ import annotations

from typing import Any

import pytest

from lockd.core.battery import BROWNED_S
from lockd.core.effects import Drop, Publish, ReadSupplies, Record, StopBolt
from lockd.core.energy import DAY_S
from lockd.core.events import (
    CredentialCleared,
    CredentialSet,
    PropertySet,
    ResetAsked,
    SettingsLoaded,
    Started,
    SuppliesRead,
    UserCleared,
    UserSet,
)  # fmt: skip
from lockd.core.lockout import HELD_RECORDED, RECURRING_S
from lockd.core.port import SETTLE_S, STILL_S, WEAK
from lockd.errors import InsufficientBattery
from lockd.reading import Reading
from lockd.settings import Match, Pin, Settings
from tests.core.world import AT_UNLOCKED, WIRED, World, digest, wired

AWAY_S = WIRED.power.unplugged_s
MOUSE = Match((("POWER_SUPPLY_NAME", "battery"),), "ignore")


def dead(settings: Settings = WIRED, **more: Any) -> World:
    """A lock whose battery has run out, told of."""
    world = World(settings, **more).enrol(1, "123456")
    world.battery(1.0, 3.0)
    world.wait(AWAY_S)
    assert world.alarms == ["PowerLost"]
    return world


def active(world: World) -> bool:
    return bool(world.lock.power(world.at)["SessionActive"])


def last(world: World) -> dict[str, Any]:
    return dict(world.trail[-1][1].fields)


def source(world: World) -> str:
    return str(world.lock.power(world.at)["Source"])


# The emergency, from the flat battery to the moved bolt ---------------------------------------------


def test_a_dead_battery_refuses_names_what_helps_and_says_it_with_the_lamp() -> None:
    world = dead(WIRED.but(power=WIRED.power.but(usb_line=Pin(8)), ways=WIRED.ways.but(key=True)))
    world.type("123456", request=1)
    assert str(world.answers[1]) == (
        "There is not enough power to move the bolt: plug a power bank into the USB-C port, or use the mechanical key."
    )
    assert (world.drives, world.lock.fault, world.signs[-1]) == (0, "PowerLost", "no-power")
    assert "charge the battery" in str(dead(WIRED.but(spindle=None)).lock.parts.shortage)
    assert str(dead().lock.parts.shortage).endswith(": use the mechanical key."), "a contact feels it turn"


@pytest.mark.parametrize(("power", "volts"), [("EmergencyUsb", 5.0), ("Emergency9V", 9.0)])
def test_a_power_bank_or_a_9_v_battery_wakes_a_session_and_the_usual_pin_opens_once(power: Any, volts: float) -> None:
    world = dead()
    world.plug(power, volts)
    assert last(world) == {"alarm": "EmergencyPowerAttached", "power": power, "level": "Dead"}
    assert (active(world), source(world), world.lock.fault, world.drives) == (True, power, "None", 0)
    assert world.signs.count("emergency") == 1
    world.type("123456", request=1)
    world.wait(40)
    assert (world.answers[1], world.lock.lock_state, world.drives) == (None, "Unlocked", 1)
    world.unplug(power)
    world.wait(AWAY_S - 0.1)
    assert active(world)
    world.wait(0.2)
    assert not active(world)
    assert last(world) == {
        "detail": "session-ended", "power": power, "level": "Dead", "seconds": 40, "throws": 1,
    }  # fmt: skip
    assert world.alarms == ["PowerLost", "EmergencyPowerAttached"]
    world.plug(power, volts)
    assert active(world)


def test_a_dead_battery_that_is_charged_by_what_nobody_tells_of_opens_for_the_usual_pin() -> None:
    world = dead()
    world.battery(1.0, 3.3, charging=True)
    assert (last(world)["detail"], world.signs[-1], world.drives) == ("power-returned", "ready", 0)
    world.type("123456", request=1)
    world.wait(1)
    assert (world.answers[1], world.lock.lock_state) == (None, "Unlocked")
    world.battery(1.0, 3.2)
    world.ask("Lock", request=2)
    assert isinstance(world.answers[2], InsufficientBattery)


def test_such_a_battery_is_stopped_in_mid_throw_when_it_is_charged_no_longer() -> None:
    world = dead()
    world.battery(1.0, 3.3, charging=True)
    world.ask(request=1)
    world.wait(0.2)
    assert StopBolt() in world.supply(Reading("battery", "Battery", True, 1.0, 0.5))
    assert isinstance(world.answers[1], InsufficientBattery)


@pytest.mark.parametrize("why", ["volts", "fault", "weak"])
def test_charging_is_no_leave_where_volts_a_fault_or_a_weak_source_say_otherwise(why: str) -> None:
    world = dead(WIRED.but(power=WIRED.power.but(dead_volts=3.3 if why == "volts" else None)))
    if why == "fault":
        world.plug(volts=9.0)
    if why == "weak":
        world.plug("Generator")
        world.ask()
        world.wait(1)
    drives = world.drives
    world.battery(1.0, 3.2, charging=True)
    world.ask("Lock" if why == "weak" else "Unlock", request=1)
    world.wait(1)
    assert isinstance(world.answers[1], InsufficientBattery)
    assert world.drives == drives


def test_in_a_session_the_keypad_has_patience() -> None:
    world = dead()
    assert world.lock.keypad_timeout_s == WIRED.keypad.timeout_s
    world.plug()
    assert world.lock.keypad_timeout_s == WIRED.power.keypad_timeout_s


def test_power_that_is_away_for_a_moment_was_never_away() -> None:
    world = dead()
    world.plug()
    records = len(world.trail)
    for _ in range(5):
        world.unplug()
        world.wait(AWAY_S - 0.5)
        world.plug()
        world.wait(AWAY_S)
    assert active(world)
    assert len(world.trail) == records


def test_a_session_ends_when_the_battery_has_recovered() -> None:
    world = dead()
    world.plug()
    world.wait(100)
    world.battery(12.0, 3.6, charging=True)
    assert active(world)
    world.battery(22.0, 3.8, charging=True)
    assert last(world) == {
        "detail": "session-ended", "power": "EmergencyUsb", "level": "Ok", "seconds": 100, "percent": 21.0,
    }  # fmt: skip


def test_a_session_says_what_its_source_gave_where_that_is_measured() -> None:
    world = dead()
    usb = Reading("usb", "EmergencyUsb", True, volts=5.0, watts=10.0)
    world.supply(usb)
    world.wait(360)
    world.supply(usb.but(watts=5.0))
    world.wait(720)
    world.supply(usb.but(present=False, watts=None))
    world.wait(AWAY_S)
    assert last(world)["watt_hours"] == 2.0


@pytest.mark.parametrize("watts", [None, float("nan"), -1.0, 1e6])
def test_where_it_is_not_it_says_what_the_battery_took(watts: float | None) -> None:
    world = World()
    world.battery(1.0, 3.0, watt_hours=0.5)
    world.supply(Reading("usb", "EmergencyUsb", True, watts=watts))
    world.battery(8.0, 3.5, watt_hours=3.5, charging=True)
    world.unplug("EmergencyUsb")
    world.supply(Reading("usb", "EmergencyUsb", False))
    world.wait(AWAY_S)
    assert (last(world)["percent"], last(world)["watt_hours"]) == (7.0, 3.0)


@pytest.mark.parametrize("kind", ["EmergencyUsb", "Mains"])
def test_a_charger_at_a_battery_that_serves_is_no_emergency(kind: Any) -> None:
    world = World()
    world.battery(50.0, 3.9)
    world.plug(kind)
    world.wait(10)
    assert (source(world), active(world), world.trail) == (kind, False, [])


def test_a_lock_without_a_battery_lives_on_mains_and_in_an_emergency_on_anything_else() -> None:
    world = World()
    world.supply(Reading("battery", "Battery", False))
    world.plug("Mains", 12.0)
    assert not active(world)
    world.unplug("Mains")
    world.plug("Emergency9V", 9.0)
    assert (active(world), source(world)) == (True, "Emergency9V")


@pytest.mark.parametrize(("kind", "needed"), [
    ("Emergency9V", True), ("Generator", True), ("Wireless", True), ("EmergencyUsb", False), ("Mains", False),
])  # fmt: skip
def test_where_nobody_measures_the_battery_what_is_brought_says_that_it_failed(kind: Any, needed: bool) -> None:
    world = World().enrol(1, "123456")
    world.plug(kind, None)
    assert not active(world), "a gauge may yet be found"
    world.submit(SuppliesRead(frozenset({kind})))
    world.wait(1)
    assert (active(world), world.alarms) == (needed, ["EmergencyPowerAttached"] * needed)
    world.type("123456")
    world.wait(2)
    world.ask("Lock", request=2)
    world.wait(2)
    assert world.drives == (1 if kind in WEAK else 2)
    world.unplug(kind)
    world.wait(AWAY_S)
    world.unlocked()
    assert not active(world)


@pytest.mark.parametrize("kind", ["Generator", "Wireless"])
def test_a_weak_source_gives_one_throw_with_the_battery_out_too(kind: Any) -> None:
    world = World()
    world.supply(Reading("battery", "Battery", False))
    world.plug(kind)
    world.unlocked()
    world.ask("Lock", request=1)
    world.wait(2)
    assert ("the one throw" in str(world.answers[1]), world.drives) == (True, 1)


@pytest.mark.parametrize("rules", [{"battery": "none"}, {"battery": "other"}, {"supplies": (MOUSE,)}])
def test_a_battery_that_no_longer_counts_was_not_taken_out(rules: dict[str, Any]) -> None:
    world = World()
    world.battery(90.0, 4.0)
    world.plug()
    world.submit(SettingsLoaded(WIRED.but(power=WIRED.power.but(**rules))))
    world.submit(SettingsLoaded(WIRED.but(power=WIRED.power.but(**rules, warn_days=7))))
    world.submit(SuppliesRead(frozenset({"EmergencyUsb"})))
    assert (active(world), world.alarms, world.lock.power(world.at)["BatteryLevel"]) == (False, [], "Unknown")
    world.unplug()
    assert world.unlocked()
    world.battery(90.0, 4.0)
    world.submit(SuppliesRead(frozenset()))
    assert world.lock.parts.feed.supply.absent, "by the same rules it was"


def test_whatever_order_the_first_readings_come_in_a_dead_lock_on_a_power_bank_is_in_a_session() -> None:
    usb, flat = Reading("usb", "EmergencyUsb", True, volts=5.0), Reading("battery", "Battery", True, 0.0, 3.0)
    for readings in ((usb, flat), (flat, usb)):
        world = World()
        world.submit(Started())
        world.supply(*readings)
        world.wait(5)
        assert (active(world), world.alarms) == (True, ["EmergencyPowerAttached"])


def test_the_better_of_two_sources_feeds_and_a_session_is_of_the_one_it_began_with() -> None:
    world = dead()
    world.plug("Emergency9V", 9.0)
    world.plug("Mains", 12.0)
    assert source(world) == "Mains"
    world.unplug("Emergency9V")
    world.wait(AWAY_S)
    assert [f["power"] for f in world.signals("DoorLockAlarm") if "power" in f] == ["Emergency9V", "Mains"]
    assert active(world)


# Weak sources ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Generator", "Wireless"])
def test_a_weak_source_gives_one_throw_and_feeds_nothing_beside_it(kind: Any) -> None:
    world = dead(wired({"auto_relock_s": 5}))
    world.plug(kind)
    assert world.spared == [frozenset({"key-tones", "phones"}), frozenset({"bus", "phones", "buzzer", "key-tones"})]
    world.type("123456", request=1)
    world.wait(2)
    assert (world.answers[1], world.drives) == (None, 1)
    world.ask("Lock", request=2)
    assert "the one throw" in str(world.answers[2])
    world.wait(30)
    assert world.drives == 1
    world.unplug(kind)
    world.wait(AWAY_S)
    assert last(world)["detail"] == "session-ended"
    world.plug(kind)
    world.ask("Lock")
    world.wait(2)
    assert world.drives == 2


def test_who_waits_for_the_other_way_gets_no_second_throw_of_a_weak_source() -> None:
    world = dead()
    world.plug("Generator")
    world.ask("Unlock", request=1)
    world.ask("Lock", request=2)
    world.wait(5)
    assert (world.answers[1], type(world.answers[2]), world.drives) == (None, InsufficientBattery, 1)


def test_a_throw_on_a_weak_source_may_be_tried_again_as_any_other() -> None:
    world = dead()
    world.stick()
    world.plug("Wireless")
    world.ask()
    world.wait(4)
    world.sticks = False
    world.wait(4)
    assert (world.drives, world.lock.lock_state) == (3, "Unlocked")
    world.unplug("Wireless")
    world.wait(AWAY_S)
    assert last(world)["throws"] == 1


def test_a_strong_source_beside_it_lifts_the_limit() -> None:
    world = dead()
    world.plug("Generator")
    world.ask()
    world.wait(1)
    world.plug("EmergencyUsb")
    assert world.lock.spared == frozenset()
    world.ask("Lock")
    world.wait(1)
    assert world.lock.lock_state == "Locked"


def test_a_strike_on_a_weak_source_is_held_for_its_time() -> None:
    world = dead(wired(bolt={"kind": "strike"}))
    world.plug("Generator")
    world.ask()
    world.wait(1)
    assert world.motor == "Unlocking"
    world.wait(10)
    assert (world.motor, world.lock.lock_state) == (None, "Locked")


# The throw that is cut short ---------------------------------------------------------------------------


def test_pulled_out_in_mid_throw_the_motor_stops_and_on_return_it_says_what_it_was_doing() -> None:
    world = dead()
    world.plug()
    world.type("123456", request=1)
    world.wait(0.2)
    assert StopBolt() in world.unplug()
    assert (world.answers[1].detail, world.lock.lock_state) == ("power-lost", "NotFullyLocked")
    assert world.alarms == ["PowerLost", "EmergencyPowerAttached", "PowerLost"]
    world.wait(60)
    assert world.alarms[3:] == ["BoltNotOut"]
    drives = world.drives
    world.plug()
    world.wait(60)
    grant = world.entries(phase="granted")[-1]
    (returned,) = world.entries(detail="power-returned")
    assert returned.fields == {
        "detail": "power-returned", "power": "EmergencyUsb", "type": "Unlock", "source": "Keypad", "user": 1,
        "credentials": [["PIN", 1]], "grant": next(seq for seq, entry in world.trail if entry is grant),
    }  # fmt: skip
    assert (world.drives, world.lock.fault) == (drives, "PositionUnknown")
    world.type("123456", request=2)
    world.wait(1)
    assert (world.answers[2], world.lock.lock_state, world.lock.fault) == (None, "Unlocked", "None")


def test_plugged_in_again_at_once_after_a_throw_was_cut_short_it_asks_for_the_pin_with_the_lamp() -> None:
    world = dead()
    world.plug()
    world.type("123456")
    world.wait(0.2)
    world.unplug()
    world.wait(AWAY_S / 2)
    told = len(world.signs)
    world.plug()
    assert (world.signs[told:], len(world.entries(detail="power-returned"))) == (["emergency"], 1)
    world.type("123456", request=2)
    world.wait(1)
    assert world.answers[2] is None


def test_with_a_battery_that_serves_pulling_the_charger_out_changes_nothing() -> None:
    world = World()
    world.battery(50.0, 3.9)
    world.plug()
    world.ask()
    world.wait(0.2)
    world.unplug()
    world.wait(1)
    assert (world.lock.lock_state, world.trail[-1][1].fields["phase"]) == ("Unlocked", "done")


@pytest.mark.parametrize(("settings", "volts"), [
    (WIRED, 2.3), (WIRED.but(power=WIRED.power.but(dead_volts=3.3)), 3.2),
])  # fmt: skip
def test_a_battery_that_gives_way_under_load_stops_the_throw_and_no_other_is_begun_on_the_same_volts(
    settings: Settings, volts: float
) -> None:
    world = World(settings)
    world.battery(30.0, 4.0)
    world.ask(request=1)
    world.wait(0.2)
    assert StopBolt() in world.battery(30.0, volts)
    assert (world.answers[1].detail, world.alarms) == ("power-lost", ["PowerLost"])
    world.battery(30.0, 4.05)
    world.ask(request=2)
    assert isinstance(world.answers[2], InsufficientBattery)
    world.battery(40.0, 4.2)
    world.ask(request=3)
    world.wait(1)
    assert (world.answers[3], world.lock.lock_state) == (None, "Unlocked")


@pytest.mark.parametrize("after", [(30.0, 4.0), (None, None)])
def test_a_battery_that_gave_way_has_rested_after_a_while_and_may_be_tried_again(after: Any) -> None:
    world = World()
    world.battery(30.0, 4.0)
    world.ask()
    world.wait(0.2)
    world.battery(30.0, 2.3)
    world.battery(*after)
    world.wait(BROWNED_S - 1)
    world.ask(request=1)
    assert isinstance(world.answers[1], InsufficientBattery)
    world.wait(2)
    assert (world.told["Fault"], len(world.entries(detail="power-returned"))) == ("PositionUnknown", 1)
    world.ask(request=2)
    world.wait(1)
    assert (world.answers[2], world.lock.lock_state) == (None, "Unlocked")


def test_a_gauge_that_fell_silent_under_load_ends_nothing_for_good() -> None:
    world = World()
    world.answering = False
    world.battery(30.0, 4.0)
    world.ask()
    world.wait(0.2)
    world.battery(30.0, 2.3)
    assert world.lock.parts.shortage is not None
    world.wait(BROWNED_S)
    assert world.lock.parts.shortage is None


def test_a_gauge_that_reads_less_under_load_ends_no_throw_and_changes_no_level() -> None:
    world = World()
    world.battery(4.5, 3.9)
    world.ask()
    world.wait(0.2)
    world.battery(2.0, 3.6)
    world.wait(0.5)
    world.battery(4.4, 3.9)
    assert (world.lock.lock_state, world.lock.power(world.at)["BatteryLevel"]) == ("Unlocked", "Critical")


def test_volts_under_load_that_cannot_be_stop_no_throw_and_keep_nobody_out() -> None:
    world = World()
    world.battery(80.0, 4.0)
    for request, wish in enumerate(("Unlock", "Lock"), 1):
        world.ask(wish, request=request)  # type: ignore[arg-type]
        world.wait(0.2)
        world.battery(80.0, 0.01)
        world.wait(1)
        world.battery(80.0, 4.0)
    assert world.answers == {1: None, 2: None}


def test_a_battery_that_is_taken_out_in_mid_throw_stops_it() -> None:
    world = World()
    world.battery(90.0, 4.1)
    world.ask()
    world.wait(0.2)
    assert StopBolt() in world.supply(Reading("battery", "Battery", False))
    world.wait(10)
    assert "PowerLost" in world.alarms


def test_what_past_throws_took_and_sagged_says_whether_the_next_would_end() -> None:
    world = World(WIRED.but(power=WIRED.power.but(dead_percent=0.0, dead_volts=3.0)))
    for number in range(6):
        world.battery(90.0 - 8.0 * number, 4.0)
        world.ask(("Unlock", "Lock")[number % 2])
        world.wait(0.2)
        world.battery(80.0, 3.5)
        world.wait(0.5)
    world.battery(42.0, 3.4)
    assert "not enough power" in str(world.lock.parts.shortage), "3.4 V less the usual half a volt is too little"
    world.battery(42.0, 3.6)
    assert world.lock.parts.shortage is None
    world.battery(6.0, 3.6)
    assert world.lock.parts.shortage is not None, "a throw takes eight percent"


def test_after_a_restart_the_interrupted_throw_is_told_and_nothing_goes_on() -> None:
    world = dead()
    world.plug()
    world.type("123456")
    world.wait(0.2)
    again = world.restarted(boot="another boot")
    again.submit(Started())
    again.supply(*world.supplies.values())
    again.wait(1000)
    (closed,) = again.entries(phase="interrupted")
    assert (closed.fields["type"], closed.fields["source"], closed.fields["user"]) == ("Unlock", "Keypad", 1)
    assert again.drives == 0
    again.type("123456", request=1)
    again.wait(1)
    assert (again.answers[1], again.lock.lock_state) == (None, "Unlocked")


# The port ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("power", "volts", "fault"), [
    ("EmergencyUsb", 5.6, "over-voltage"), ("EmergencyUsb", 4.3, "under-voltage"), ("EmergencyUsb", -5.0, "reversed"),
    ("Emergency9V", 10.6, "over-voltage"), ("Emergency9V", 5.9, "under-voltage"), ("Emergency9V", -9.0, "reversed"),
])  # fmt: skip
def test_a_source_that_is_not_what_it_should_be_drives_no_motor_and_is_told_of_once(
    power: Any, volts: float, fault: str
) -> None:
    world = dead()
    world.plug(power, volts)
    assert source(world) == "Battery"
    world.type("123456", request=1)
    assert world.answers[1].detail == fault
    assert "What is plugged in" in str(world.answers[1])
    world.wait(SETTLE_S)
    told = {"alarm": "EmergencyPowerFault", "detail": fault, "power": power, "volts": volts}
    assert last(world) == told
    assert world.signs[-1] == "power-fault"
    world.plug(power, volts)
    world.wait(60)
    assert last(world) == told
    assert (world.drives, active(world)) == (0, False)
    world.plug(power, {"EmergencyUsb": 5.0, "Emergency9V": 9.0}[power])
    world.type("123456")
    world.wait(1)
    assert (world.lock.lock_state, active(world)) == ("Unlocked", True)


@pytest.mark.parametrize("fault", ["over-voltage", "flapping"])
def test_with_the_battery_out_a_faulty_source_drives_no_motor_either(fault: str) -> None:
    world = World().enrol(1, "123456")
    world.supply(Reading("battery", "Battery", False))
    world.plug(volts=9.0 if fault == "over-voltage" else 5.0)
    for _ in range(3 * (fault == "flapping")):
        world.unplug()
        world.plug()
    world.type("123456", request=1)
    assert (world.answers[1].detail, world.drives) == (fault, 0)
    world.wait(STILL_S)
    world.plug()
    world.type("123456")
    world.wait(1)
    assert world.lock.lock_state == "Unlocked"


@pytest.mark.parametrize("volts", [float("nan"), float("inf"), float("-inf")])
def test_volts_that_are_no_number_drive_no_motor_and_are_no_fault(volts: float) -> None:
    world = dead()
    world.plug(volts=volts)
    world.type("123456", request=1)
    world.wait(5)
    assert (active(world), world.drives, type(world.answers[1])) == (False, 0, InsufficientBattery)
    assert (source(world), world.alarms) == ("Battery", ["PowerLost"])


@pytest.mark.parametrize(("volts", "good"), [(20.0, True), (9.0, True), (4.4, True), (21.1, False), (4.3, False)])
def test_volts_that_the_boards_own_charger_has_asked_for_are_judged_by_a_window_of_their_own(
    volts: float, good: bool
) -> None:
    world = dead()
    world.supply(Reading("usb", "EmergencyUsb", True, volts=volts, negotiated=True))
    assert active(world) is good
    world.type("123456", request=1)
    world.wait(1)
    assert (world.answers[1] is None) is good
    assert good or "4.4 to 21 V are needed" in str(world.answers[1])


def test_where_the_motor_hangs_at_the_port_itself_such_volts_are_too_many_by_the_setting() -> None:
    world = dead(WIRED.but(power=WIRED.power.but(pd_window=(4.4, 5.5))))
    world.supply(Reading("usb", "EmergencyUsb", True, volts=9.0, negotiated=True))
    world.type("123456", request=1)
    assert (world.answers[1].detail, world.drives) == ("over-voltage", 0)


@pytest.mark.parametrize("line_first", [True, False])
@pytest.mark.parametrize("volts", [20.0, 3.0, -5.0])
def test_a_line_does_not_vouch_for_a_port_whose_volts_are_wrong(volts: float, line_first: bool) -> None:
    world = dead()
    readings = [Reading("line", "EmergencyUsb", True), Reading("port", "EmergencyUsb", True, volts=volts)]
    world.supply(*(readings if line_first else reversed(readings)))
    world.type("123456", request=1)
    assert (world.drives, active(world), source(world)) == (0, line_first, "Battery")
    world.wait(AWAY_S)
    assert not active(world)
    assert last(world)["detail"] in ("over-voltage", "under-voltage", "reversed", "session-ended")
    world.supply(readings[1].but(volts=5.0))
    world.type("123456", request=2)
    world.wait(1)
    assert world.answers[2] is None


def test_a_plug_of_another_kind_is_none_of_a_wrong_ports_business() -> None:
    world = dead()
    world.plug(volts=20.0)
    world.plug("Generator", None)
    assert (active(world), source(world)) == (True, "Generator")


def test_a_port_that_has_said_nothing_for_too_long_is_unknown_and_drives_no_motor() -> None:
    world = dead()
    world.plug()
    world.answering = False
    for _ in range(2):
        assert ReadSupplies() in world.wait(WIRED.power.stale_s / 2 - 1)
        world.battery(1.0, 3.0)
    assert (active(world), world.lock.power(world.at)["ReadingAge"]) == (True, WIRED.power.stale_s - 2)
    world.wait(2)
    assert (source(world), world.lock.fault) == ("Battery", "PowerLost")
    world.wait(AWAY_S)
    assert last(world)["detail"] == "session-ended"
    world.plug()
    assert (active(world), world.lock.fault) == (True, "None")


def test_a_port_that_answers_is_never_stale_and_asked_seldom() -> None:
    world = World()
    world.plug("Mains", 12.0)
    assert world.wait(86_400).count(ReadSupplies()) == 48
    assert source(world) == "Mains"


@pytest.mark.parametrize("volts", [4.4, 5.5, None])
def test_volts_at_the_ends_of_the_window_and_none_at_all_are_good(volts: float | None) -> None:
    world = dead()
    world.plug(volts=volts)
    assert active(world)


def test_the_noise_of_an_empty_port_is_no_fault() -> None:
    world = World()
    for number in range(20):
        world.supply(Reading("usb", "EmergencyUsb", False, volts=(0.001, -0.002)[number % 2]))
        world.wait(SETTLE_S)
    assert world.alarms == []


def test_a_fault_in_mid_throw_stops_the_motor_at_once() -> None:
    world = dead()
    world.plug()
    world.ask()
    world.wait(0.2)
    assert StopBolt() in world.plug(volts=4.0)
    assert world.motor is None


def test_a_fault_that_passes_at_once_is_not_told() -> None:
    world = dead()
    world.plug(volts=3.0)
    world.wait(SETTLE_S / 2)
    world.plug(volts=5.0)
    world.wait(10)
    assert "EmergencyPowerFault" not in world.alarms


@pytest.mark.parametrize("ends", [True, False])
def test_a_thousand_plug_events_in_a_second_end_in_the_right_state_with_one_record_for_each_settled_change(
    ends: bool,
) -> None:
    world = dead()
    before = len(world.trail)
    for number in range(1000):
        world.plug() if (number % 2 == 0) is not ends else world.unplug()
        world.wait(0.001)
        assert world.drives == 0
    assert [entry.fields.get("alarm") for _, entry in world.trail[before:]] == [
        "EmergencyPowerAttached", "EmergencyPowerFault",
    ]  # fmt: skip
    assert last(world)["detail"] == "flapping"
    world.type("123456", request=1)
    assert world.answers[1].detail == "flapping"
    world.wait(STILL_S + AWAY_S)
    assert active(world) is ends
    assert [entry.fields.get("detail") for _, entry in world.trail[before + 3 :]] == ([] if ends else ["session-ended"])
    world.type("123456", request=2)
    world.wait(1)
    assert (world.lock.lock_state == "Unlocked") is ends


def corrode(world: World, times: int, rest_s: float = STILL_S + 1) -> None:
    """A contact that flaps and comes to rest, again and again."""
    for _ in range(times):
        for _ in range(3):
            world.plug()
            world.unplug()
        world.wait(rest_s)


def test_a_corroded_contact_that_never_rests_gets_so_many_records_and_signs_then_a_count() -> None:
    world = World()
    corrode(world, 50)
    assert world.alarms.count("EmergencyPowerFault") == world.signs.count("power-fault") == HELD_RECORDED
    world.wait(RECURRING_S)
    assert world.alarms.count("EmergencyPowerFault") == HELD_RECORDED, "it has been well since then"
    world.plug(volts=9.0)
    world.wait(1)
    assert (last(world)["detail"], last(world)["count"]) == ("over-voltage", 50 - HELD_RECORDED)


def test_a_contact_that_flaps_for_hours_is_recorded_so_often_an_hour_with_nobody_left_uncounted() -> None:
    world, hours = World(), 4
    corrode(world, hours * 120, 30.0)
    told = [entry.fields for entry in world.entries(alarm="EmergencyPowerFault")]
    assert len(told) <= HELD_RECORDED * (hours + 1)
    world.wait(RECURRING_S)
    corrode(world, 1)
    assert last(world)["detail"] == "flapping"
    counted = sum(fields.get("count", 0) + 1 for fields in [*told, last(world)])
    assert counted == hours * 120 + 1


def test_a_fault_that_lasts_is_told_as_soon_as_there_is_room_and_once() -> None:
    world = World()
    corrode(world, 30)
    world.plug(volts=9.0)
    world.wait(60)
    assert "over-voltage" not in [entry.fields["detail"] for entry in world.entries(alarm="EmergencyPowerFault")]
    world.wait(RECURRING_S)
    world.wait(RECURRING_S)
    assert [entry.fields["detail"] for entry in world.entries(alarm="EmergencyPowerFault")][HELD_RECORDED:] == [
        "over-voltage"
    ]  # fmt: skip
    assert last(world)["count"] == 30 - HELD_RECORDED


def test_of_two_faults_the_one_that_was_recorded_is_not_recorded_again() -> None:
    world = World()
    world.plug("Emergency9V", 20.0)
    world.wait(1)
    corrode(world, 30)
    world.wait(2 * RECURRING_S)
    details = [entry.fields["detail"] for entry in world.entries(alarm="EmergencyPowerFault")]
    assert details == ["over-voltage"] + ["flapping"] * (HELD_RECORDED - 1)


def comes_and_goes(world: World, kind: str, there: bool) -> None:
    """A plug at a dead battery, or a battery whose contact is loose."""
    if kind == "battery":
        world.power(there)
    else:
        world.plug() if there else world.unplug()
    world.wait(AWAY_S + 1)


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(("kind", "begun", "over", "begins"), [
    ("plug", "EmergencyPowerAttached", "session-ended", True), ("battery", "PowerLost", "power-returned", False),
])  # fmt: skip
def test_what_comes_and_goes_slowly_without_end_is_recorded_so_often_then_counted_and_told_as_it_is_in_the_end(
    kind: str, begun: str, over: str, begins: bool, there: bool
) -> None:
    world = dead() if kind == "plug" else World()
    before = len(world.trail)

    def told() -> list[Any]:
        fields = [entry.fields for _, entry in world.trail[before:]]
        return [f.get("alarm") or f["detail"] for f in fields if f.get("alarm") != "BatteryCritical"]

    for _ in range(100):
        comes_and_goes(world, kind, begins)
        comes_and_goes(world, kind, not begins)
    if there is begins:
        comes_and_goes(world, kind, there)
    assert told() == [begun, over] * HELD_RECORDED
    world.wait(RECURRING_S)
    assert told() == [begun, over] * HELD_RECORDED + [begun] * (there is begins)
    assert last(world).get("count", 0) == 90 * (there is begins)
    comes_and_goes(world, kind, not there)
    assert told() == [begun, over] * HELD_RECORDED + [begun] + [over] * (there is begins)


def test_what_was_opened_in_a_session_that_went_untold_is_told_with_its_end() -> None:
    world = dead()
    for _ in range(HELD_RECORDED + 1):
        world.plug()
        world.wait(1)
        world.unplug()
        world.wait(AWAY_S)
    world.plug()
    world.type("123456")
    world.wait(1)
    world.unplug()
    world.wait(AWAY_S)
    assert (last(world)["detail"], last(world)["throws"]) == ("session-ended", 1)


def test_a_throw_that_was_cut_short_is_told_of_on_return_however_often_that_happens() -> None:
    world = dead()
    world.plug()
    for _ in range(HELD_RECORDED + 2):
        world.type("123456")
        world.wait(0.05)
        world.unplug()
        world.wait(1)
        world.plug()
        world.wait(3)
    assert len(world.entries(detail="power-returned", source="Keypad")) == HELD_RECORDED + 2
    assert world.alarms.count("PowerLost") == HELD_RECORDED


def test_a_contact_that_has_come_to_rest_is_power_that_has_returned_in_the_same_moment() -> None:
    world = World(WIRED.but(power=WIRED.power.but(unplugged_s=0.5)))
    world.supply(Reading("battery", "Battery", False))
    for _ in range(3):
        world.plug("Mains", 12.0)
        world.unplug("Mains")
    world.plug("Mains", 12.0)
    world.wait(STILL_S - 0.1)
    assert (world.lock.fault, world.alarms) == ("PowerLost", ["EmergencyPowerFault", "PowerLost"])
    world.wait(0.1)
    assert (world.told["Fault"], last(world)["detail"], world.signs[-1]) == ("None", "power-returned", "ready")


def test_a_fault_by_other_limits_is_told_when_they_are_read() -> None:
    world = dead()
    world.plug(volts=5.0)
    world.submit(SettingsLoaded(WIRED.but(power=WIRED.power.but(usb_window=(4.0, 4.8)))))
    world.wait(SETTLE_S)
    assert last(world)["detail"] == "over-voltage"
    assert isinstance(world.lock.parts.shortage, InsufficientBattery)


# Locking again by itself -------------------------------------------------------------------------------


def opened(rule: str, **more: Any) -> World:
    world = dead(wired({"auto_relock_s": 10}).but(power=WIRED.power.but(relock=rule)), **more)
    world.plug()
    world.type("123456")
    world.wait(2)
    assert world.lock.lock_state == "Unlocked"
    return world


@pytest.mark.parametrize(("rule", "plugged", "locks"), [
    ("with-energy", True, True), ("with-energy", False, False), ("always", True, True), ("never", True, False),
])  # fmt: skip
def test_after_an_emergency_it_locks_again_by_itself_as_the_setting_says(rule: str, plugged: bool, locks: bool) -> None:
    world = opened(rule)
    if not plugged:
        world.unplug()
    world.wait(100)
    assert (world.lock.lock_state == "Locked") is locks
    assert len(world.entries(source="Auto", error="InsufficientBattery")) == (0 if locks else 1)


@pytest.mark.parametrize(("percent", "locks"), [(4.0, False), (9.0, True), (15.0, True)])
def test_energy_for_both_ways_is_what_past_throws_took_twice(percent: float, locks: bool) -> None:
    world = opened("with-energy")
    world.lock.parts.feed.energy.drops = [1.0] * 50
    world.battery(percent, 3.9, charging=True)
    world.unplug()
    world.battery(percent, 3.9)
    world.wait(100)
    assert (world.lock.lock_state == "Locked") is locks


def test_what_was_left_open_for_want_of_energy_is_locked_when_the_battery_has_recovered() -> None:
    world = opened("with-energy")
    world.unplug()
    world.wait(50)
    world.plug()
    world.battery(50.0, 4.0, charging=True)
    world.wait(30)
    assert world.lock.lock_state == "Locked"


def test_a_relock_that_falls_due_while_the_plug_is_out_for_a_moment_is_not_forgotten() -> None:
    world = dead(wired({"auto_relock_s": 10}))
    world.plug()
    world.type("123456")
    world.wait(9.5)
    world.unplug()
    world.wait(AWAY_S / 2)
    world.plug()
    assert [entry.fields["error"] for entry in world.entries(source="Auto", phase="failed")] == ["InsufficientBattery"]
    world.wait(11)
    assert (world.lock.lock_state, world.drives) == ("Locked", 2)


def test_what_was_opened_on_emergency_power_is_so_after_a_restart_and_no_longer_when_it_has_been_locked() -> None:
    world = opened("never")
    again = world.restarted(boot="another boot")
    again.submit(Started())
    again.battery(80.0, 4.0)
    again.wait(100)
    assert again.lock.lock_state == "Unlocked", "nothing else would keep it from locking"
    for wish in ("Lock", "Unlock"):
        again.ask(wish)  # type: ignore[arg-type]
        again.wait(1)
    third = again.restarted(boot="a third boot")
    third.submit(Started())
    third.wait(100)
    assert (third.lock.lock_state, third.rows.get(("state", "relock"))) == ("Locked", None)


def test_an_emergency_throw_that_the_end_of_all_power_cut_off_counts_as_one() -> None:
    world = dead(wired({"auto_relock_s": 10}).but(power=WIRED.power.but(relock="never")))
    world.plug()
    world.type("123456")
    world.wait(0.2)
    world.contacts |= AT_UNLOCKED
    again = world.restarted(boot="another boot")
    again.submit(Started())
    again.battery(80.0, 4.0)
    again.wait(100)
    assert again.lock.lock_state == "Unlocked"


def test_with_the_battery_out_there_is_no_energy_for_both_ways() -> None:
    world = World(wired({"auto_relock_s": 10}), AT_UNLOCKED)
    world.supply(Reading("battery", "Battery", False))
    world.plug()
    world.ask()
    world.wait(1)
    world.unplug()
    world.wait(100)
    assert world.lock.lock_state == "Unlocked"


# Warnings, and what a critical battery spares ------------------------------------------------------------


def test_warnings_come_at_each_level_and_with_each_use_and_are_recorded_once_a_day() -> None:
    world = World()
    world.battery(19.0, 3.6)
    told = {"alarm": "BatteryLow", "level": "Low", "percent": 19.0, "volts": 3.6}
    assert world.signals("DoorLockAlarm") == [told]
    for _ in range(3):
        world.ask()
        world.wait(5)
        world.ask("Lock")
        world.wait(5)
    assert world.signs == ["granted", "battery-low", "locked"] * 3
    assert world.alarms == ["BatteryLow"]
    world.wait(DAY_S)
    assert world.alarms == ["BatteryLow"]
    world.ask()
    world.wait(5)
    assert world.alarms == ["BatteryLow"] * 2
    world.battery(9.0, 3.5)
    assert world.alarms[2:] == ["BatteryCritical"]
    world.ask("Lock")
    world.wait(5)
    world.ask()
    world.wait(5)
    assert world.signs[-1] == "battery-critical"
    world.battery(50.0, 4.0, charging=True)
    world.battery(19.0, 3.6)
    assert world.alarms[3:] == ["BatteryLow"]


def test_a_battery_that_flutters_about_a_level_is_warned_of_so_often_then_counted() -> None:
    world = World()
    for _ in range(100):
        world.battery(24.0, 3.9)
        world.battery(19.0, 3.8)
        world.wait(5)
    assert world.alarms == ["BatteryLow"] * HELD_RECORDED
    world.battery(24.0, 3.9)
    world.wait(RECURRING_S)
    world.battery(19.0, 3.8)
    assert last(world)["count"] == 100 - HELD_RECORDED


def test_on_mains_nobody_is_warned() -> None:
    world = World()
    world.plug("Mains", 12.0)
    world.battery(9.0, 3.5)
    world.unlocked()
    assert (world.alarms, world.signs) == ([], ["granted"])
    world.unplug("Mains")
    assert world.alarms == ["BatteryCritical"]


CHANGES = [
    UserSet("Add", 5, {}, 1), UserCleared(1, 1), CredentialSet("Add", "PIN", 5, 1, digest("555555"), request=1),
    CredentialCleared("PIN", 1, 1), PropertySet("AutoRelockTime", 5, 1), ResetAsked(1),
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: type(change).__name__)
@pytest.mark.parametrize(("percent", "plug", "refused"), [
    (10.0, None, False), (9.0, None, True), (1.0, None, True), (9.0, "Mains", False), (1.0, "EmergencyUsb", False),
    (1.0, "Generator", True),
])  # fmt: skip
def test_a_critical_battery_is_kept_for_opening_and_manages_nothing(
    change: Any, percent: float, plug: Any, refused: bool
) -> None:
    world = World().enrol(1, "123456")
    world.battery(percent, 3.6)
    if plug:
        world.plug(plug)
    before = world.snapshot()
    world.submit(change)
    if refused:
        assert (world.answers[1].name, world.answers[1].detail) == ("InsufficientBattery", "charge-first")
        assert "charge it" in str(world.answers[1])
        assert world.lock.management_refusal == world.answers[1]
        assert world.snapshot() == before
    else:
        assert not isinstance(world.answers[1], Exception)
        assert world.lock.management_refusal is None


def test_at_critical_the_services_of_the_setting_sleep_until_it_is_better_and_a_pin_opens() -> None:
    world = World(WIRED.but(power=WIRED.power.but(sleep=("phones", "bus")))).enrol(1, "123456")
    world.battery(9.0, 3.6)
    assert world.lock.spared == {"phones", "bus"}
    world.type("123456")
    world.wait(1)
    assert world.lock.lock_state == "Unlocked"
    world.battery(50.0, 4.0)
    assert world.spared == [frozenset({"phones", "bus"}), frozenset()]


@pytest.mark.parametrize(("kinds", "user", "asleep"), [
    (("Phone",), {}, False), (("Phone", "PIN"), {}, True), (("Phone", "ProgrammingPIN"), {}, False),
    (("Phone", "RFID"), {}, True), (("Phone", "PIN"), {"rule": "Dual"}, False),
    (("Phone",), {"status": "OccupiedDisabled"}, True), (("PIN",), {}, True),
])  # fmt: skip
def test_phones_stay_awake_at_critical_for_whoever_has_nothing_else(
    kinds: tuple[Any, ...], user: dict[str, str], asleep: bool
) -> None:
    world = World()
    world.submit(UserSet("Add", 1, user))
    for kind in kinds:
        world.submit(CredentialSet("Add", kind, 1, 1, digest(f"1's {kind}")))
    world.battery(9.0, 3.6)
    assert ("phones" in world.lock.spared) == asleep
    assert "key-tones" in world.lock.spared
    world.present("Phone", "1's Phone", "ProprietaryRemote")
    world.wait(1)
    assert (world.lock.lock_state == "Unlocked") == (kinds[0] == "Phone" and not user)
    world.battery(1.0, 3.0)
    assert "phones" in world.lock.spared, "nothing opens any more"
    world.battery(1.0, 3.3, charging=True)
    assert ("phones" in world.lock.spared) == asleep, "it may again"


def test_privacy_ends_from_inside_on_a_critical_battery_too() -> None:
    world = World()
    world.submit(PropertySet("OperatingMode", "Privacy"))
    world.battery(9.0, 3.6)
    world.press_inside()
    world.wait(1)
    assert (world.lock.lock_state, world.property("OperatingMode")) == ("Unlocked", "Normal")


def test_a_signal_is_sent_of_every_change_that_matters_and_no_record_is_made_of_it() -> None:
    world = dead()
    world.plug()
    told = [e.entry.fields for e in world.effects if isinstance(e, Publish) and e.entry.kind == "PowerChange"]
    assert [(f["source"], f["level"], f["session"]) for f in told] == [
        ("Battery", "Dead", False), ("EmergencyUsb", "Dead", True),
    ]  # fmt: skip
    assert not [e for e in world.effects if isinstance(e, Record) and e.entry.kind == "PowerChange"]


def test_power_that_is_back_before_it_was_told_as_lost_is_no_news() -> None:
    world = World()
    world.battery(1.0, 3.0)
    world.wait(AWAY_S / 2)
    world.battery(80.0, 4.0)
    world.wait(60)
    assert (world.trail, world.signs) == ([], [])


def test_a_throws_row_goes_with_its_outcome_and_the_grants_row_is_gone() -> None:
    world = World().unlocked()
    (record,) = [e for e in world.effects if isinstance(e, Record) and e.entry.fields.get("phase") == "done"]
    writes = [(type(write).__name__, write.key) for write in record.writes]
    assert writes == [("Put", "way:remote"), ("Put", "energy"), ("Drop", "grant:1")]
    assert Drop("state", "grant:1") in record.writes

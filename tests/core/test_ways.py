"""The other ways in: key, code wheel, hole; which there are, what proves them, and the drill."""

from __future__ import annotations

from typing import Any

import pytest

from lockd.core.events import CredentialSet, DrillAsked, PropertySet, UserSet
from lockd.core.hands import CALM_S, HAND_S, HELD_S
from lockd.core.lockout import HELD_RECORDED, TRICKLE_S
from lockd.core.ways import DAY_S, DRILL_S
from lockd.core.ways_told import TEXTS
from lockd.errors import Busy
from lockd.settings import (
    FingerprintSettings,
    HidSettings,
    KeypadSettings,
    Match,
    NfcSettings,
    PhoneSettings,
    Pin,
    PowerSettings,
    WaySettings,
    WiegandSettings,
)
from tests.core.test_codes import ONCE, issuing, opens
from tests.core.world import AT_LOCKED, AT_UNLOCKED, WIRED, World, digest

HANDY = WIRED.but(
    ways=WaySettings(key=True, code=Pin(20), hole=Pin(21)), keypad=KeypadSettings(kind="matrix"),
    power=PowerSettings(usb_line=Pin(22), supplies=(Match((("A", "b"),), "Generator"),)),
)  # fmt: skip
DETAILS = {"code": "mechanical-code", "hole": "emergency-hole", "spindle": "mechanical-key"}


def proved(world: World) -> dict[str, int]:
    return {way["way"]: way["proved"] for way in world.lock.ways(world.at) if way["proved"]}


def listed(world: World, *fields: str) -> list[Any]:
    return [tuple(way[field] for field in fields) for way in world.lock.ways(world.at)]


# A hand at the door ----------------------------------------------------------------------------------


@pytest.mark.parametrize("contact", DETAILS)
def test_a_hand_from_outside_is_recorded_as_what_it_was_with_an_alarm(contact: Any) -> None:
    world = World(HANDY)
    world.sense(contact, True)
    world.by_hand("unlocked")
    world.sense(contact, False)
    assert world.signals("LockOperation") == [{"type": "Unlock", "source": "Manual", "detail": DETAILS[contact]}]
    assert world.signals("DoorLockAlarm") == [{"alarm": "EmergencyKeyUsed", "detail": DETAILS[contact]}]
    assert (world.drives, world.lock.fault) == (0, "None")


@pytest.mark.parametrize("contact", ["code", "hole"])
def test_a_wheel_or_a_hole_that_is_used_is_told_though_the_bolt_stays(contact: Any) -> None:
    world = World(HANDY)
    world.sense(contact, True)
    assert world.alarms == ["EmergencyKeyUsed"]
    assert not world.entries(source="Manual")


@pytest.mark.parametrize("contact", ["code", "hole"])
def test_a_contact_that_chatters_floods_no_trail(contact: Any) -> None:
    world = World(HANDY)
    for _ in range(200):
        world.sense(contact, True)
        world.sense(contact, False)
        world.wait(0.1)
    assert world.alarms == ["EmergencyKeyUsed"] * HELD_RECORDED
    world.wait(TRICKLE_S)
    world.sense(contact, True)
    assert world.trail[-1][1].fields["count"] == 200 - HELD_RECORDED


def test_to_lock_with_the_key_and_to_turn_the_thumb_is_no_alarm() -> None:
    world = World(HANDY, AT_UNLOCKED)
    world.sense("spindle", True)
    world.by_hand("locked")
    world.sense("spindle", False)
    world.wait(10)
    world.by_hand("unlocked")
    assert world.alarms == []
    assert [f["detail"] for f in world.signals("LockOperation")] == ["mechanical-key", "thumbturn"]


@pytest.mark.parametrize(("spindle", "key", "thumbturn", "detail"), [
    (Pin(7), True, True, "thumbturn"), (None, False, True, "thumbturn"), (None, True, True, ""),
    (None, False, False, ""),
])  # fmt: skip
def test_a_hand_that_no_contact_felt_was_at_the_thumbturn_where_it_cannot_have_been_a_key(
    spindle: Any, key: bool, thumbturn: bool, detail: str
) -> None:
    world = World(WIRED.but(spindle=spindle, ways=WaySettings(key=key, thumbturn=thumbturn)))
    world.submit(PropertySet("OperatingMode", "Privacy"))
    world.by_hand("unlocked")
    (told,) = world.signals("LockOperation")
    assert told.get("detail", "") == detail
    assert world.property("OperatingMode") == ("Normal" if detail else "Privacy"), "who is inside has opened"


@pytest.mark.parametrize("contact", DETAILS)
def test_the_motor_is_never_held_against_a_hand(contact: Any) -> None:
    world = World(HANDY)
    world.ask(request=1)
    world.wait(0.2)
    world.sense(contact, True)
    assert world.motor is None
    assert isinstance(world.answers[1], Busy)
    world.ask(request=2)
    assert isinstance(world.answers[2], Busy)
    world.wait(HELD_S + 0.1)
    world.ask(request=3)
    world.wait(1)
    assert (world.answers[3], world.lock.lock_state) == (None, "Unlocked"), "a contact that sticks keeps nobody out"


# A bolt that a hand left between its ends ---------------------------------------------------------------


def half_turned(world: World, contact: Any = "spindle", lets_go: bool = True) -> World:
    """Somebody moves a locked bolt half-way, and goes."""
    world.sense(contact, True)
    world.sense("locked", False)
    world.wait(1)
    if lets_go:
        world.sense(contact, False)
    return world


@pytest.mark.parametrize("contact", DETAILS)
def test_a_bolt_that_a_hand_left_between_its_ends_is_homed_when_the_hand_is_gone(contact: Any) -> None:
    world = half_turned(World(HANDY), contact)
    world.wait(CALM_S - 0.1)
    assert (world.drives, world.lock.lock_state) == (0, "NotFullyLocked")
    world.wait(0.2)
    assert world.told["Motion"] == "Homing"
    world.wait(1)
    assert (world.drives, world.lock.lock_state, world.lock.fault) == (1, "Locked", "None")
    assert world.signals("LockOperation")[-1] == {
        "type": "Lock", "source": "Auto", "detail": "after-hand", "phase": "done", "grant": world._seq - 1,
    }  # fmt: skip


def test_so_is_one_that_a_hand_stopped_in_its_throw_or_that_moved_just_after_the_contact_went_off() -> None:
    stopped = World(HANDY)
    stopped.ask()
    stopped.wait(0.2)
    stopped.sense("spindle", True)
    stopped.sense("spindle", False)
    late = World(HANDY)
    late.sense("code", True)
    late.sense("code", False)
    late.wait(HAND_S - 0.1)
    late.sense("locked", False)
    for world in (stopped, late):
        world.wait(CALM_S + 1)
        assert world.lock.lock_state == "Locked"


def test_a_hand_that_stays_or_comes_back_is_not_worked_against() -> None:
    world = half_turned(World(HANDY), lets_go=False)
    world.wait(1000)
    assert world.drives == 0
    world.sense("spindle", False)
    world.wait(CALM_S - 1)
    world.sense("spindle", True)
    world.sense("spindle", False)
    world.wait(CALM_S - 1)
    assert world.drives == 0
    world.wait(1.1)
    assert world.motor == "Locking"
    world.sense("hole", True)
    assert world.motor is None
    world.sense("hole", False)
    world.wait(CALM_S + 1)
    assert world.lock.lock_state == "Locked"


def test_nothing_is_homed_onto_a_door_that_is_open_or_that_nobody_sees() -> None:
    world = half_turned(World(HANDY))
    world.sense("closed", False)
    world.wait(1000)
    assert world.drives == 0
    world.sense("closed", True)
    world.wait(CALM_S - 0.1)
    assert world.drives == 0, "whoever closed it has his time"
    world.wait(1.1)
    assert world.lock.lock_state == "Locked"
    blind = half_turned(World(HANDY, {"locked": True, "unlocked": False}))
    blind.wait(1000)
    assert blind.drives == 0


def test_a_door_that_opens_while_that_is_being_recorded_is_left_alone() -> None:
    world = half_turned(World(HANDY))
    world.disk = "hangs"
    world.wait(CALM_S + 0.1)
    world.sense("closed", False)
    world.write()
    world.wait(60)
    assert world.drives == 0


@pytest.mark.parametrize("why", ["off", "passage", "power", "strike", "free"])
def test_nothing_is_homed_where_it_is_not_wanted(why: str) -> None:
    settings = HANDY.but(ways=HANDY.ways.but(home=why != "off"))
    settings = settings.but(bolt=settings.bolt.but(kind="strike")) if why == "strike" else settings
    world = World(settings, AT_UNLOCKED if why == "free" else AT_LOCKED)
    if why == "passage":
        world.submit(PropertySet("OperatingMode", "Passage"))
    world.power(why != "power")
    if why == "free":  # it was not locked, and nothing locks it
        world.sense("spindle", True)
        world.sense("unlocked", False)
        world.sense("spindle", False)
    else:
        half_turned(world)
    world.wait(CALM_S + 1)
    world.power(True)
    world.wait(1000)
    assert world.drives == 0


def test_a_bolt_that_no_hand_moved_is_not_homed_by_itself() -> None:
    world = World(HANDY)
    world.sense("locked", False)
    world.wait(1000)
    assert (world.drives, world.alarms) == (0, ["BoltNotOut"])


def test_what_power_cut_short_after_a_hand_goes_on_by_nobodys_order() -> None:
    world = half_turned(World(HANDY))
    world.power(True)
    world.ask("Lock")
    world.wait(0.2)
    world.power(False)
    world.wait(1000)
    world.power(True)
    world.wait(1000)
    assert (world.drives, world.lock.lock_state) == (1, "NotFullyLocked")


# Which there are --------------------------------------------------------------------------------------


def test_every_way_that_is_wired_matched_or_seen_is_listed() -> None:
    assert listed(World(WIRED.but(spindle=None, ways=WaySettings(remote=False))), "way") == []
    assert listed(World(), "way") == [("key",), ("remote",)], "a contact feels it turn, and whoever lists can open"
    world = World(HANDY)
    assert listed(world, "way", "ready", "proved", "overdue") == [
        ("usb", True, 0, True), ("generator", True, 0, True), ("key", True, 0, True), ("code", True, 0, True),
        ("hole", True, 0, True), ("spare-pin", False, 0, True), ("remote", True, 0, True),
    ]  # fmt: skip
    world.plug("Emergency9V", 9.0)
    assert ("9v", TEXTS["9v"]) in listed(world, "way", "text")


def test_a_way_is_ready_if_it_would_work_now() -> None:
    world = World(HANDY).enrol(1, "111111")
    assert ("spare-pin", False) in listed(world, "way", "ready")
    world.enrol(2, "222222")
    assert ("spare-pin", True) in listed(world, "way", "ready")
    world.plug(volts=9.0)
    assert ("usb", False) in listed(world, "way", "ready")


def test_a_code_from_afar_is_a_way_where_somebody_holds_the_issuing_key_and_is_proved_by_opening() -> None:
    world = issuing()
    assert ("granted-code", True, 0, True) in listed(world, "way", "ready", "proved", "overdue")
    world.trust = "Unknown"
    assert ("granted-code", False) in listed(world, "way", "ready")
    world.trust = "Trusted"
    assert opens(world, ONCE)
    assert ("granted-code", False) in listed(world, "way", "overdue")
    assert "granted-code" not in proved(World())


@pytest.mark.parametrize(("readers", "pins", "there"), [
    ({"keypad": KeypadSettings(kind="matrix")}, 0, True), ({"hid": HidSettings(device="04d9:1203")}, 0, True),
    ({"hid": HidSettings(device="04d9:1203", kind="card")}, 1, False), ({"hid": HidSettings()}, 1, False),
    ({"wiegand": WiegandSettings(Pin(14), Pin(15))}, 1, True),
    ({"wiegand": WiegandSettings(Pin(14), Pin(15))}, 0, False),
    ({"nfc": NfcSettings(port="/dev/ttyAMA0"), "fingerprint": FingerprintSettings(port="/dev/ttyAMA0")}, 1, False),
])  # fmt: skip
def test_a_spare_pin_is_a_way_wherever_pins_are_typed(readers: dict[str, Any], pins: int, there: bool) -> None:
    world = World(WIRED.but(**readers))
    for index in range(1, pins + 1):
        world.enrol(index, "111111")
    assert (("spare-pin",) in listed(world, "way")) == there


def with_phone(index: int = 1, **more: Any) -> World:
    """A lock that phones may come to, with one enrolled."""
    world = World(HANDY.but(phone=PhoneSettings(enabled=True), **more))
    assert ("phone",) not in listed(world, "way")
    world.submit(UserSet("Add", index, {}))
    world.submit(CredentialSet("Add", "Phone", 1, index, digest("phone")))
    return world


def test_a_phone_is_a_way_where_one_is_enrolled_and_opening_with_it_proves_it() -> None:
    world = with_phone()
    assert ("phone", True, "") in listed(world, "way", "ready", "why")
    world.present("Phone", "phone", "ProprietaryRemote")
    world.wait(1)
    assert list(proved(world)) == ["phone"]
    off = World(HANDY, snapshot=world.snapshot())
    assert ("phone",) not in listed(off, "way"), "phones are off"


def test_somebody_far_away_proves_that_by_opening_and_not_by_locking() -> None:
    world = World(HANDY, AT_UNLOCKED)
    world.ask("Lock")
    world.wait(1)
    world.ask("Home")
    world.wait(1)
    assert proved(world) == {}
    world.ask("Unbolt")
    world.wait(1)
    assert list(proved(world)) == ["remote"]
    assert ("remote", False) in listed(world, "way", "overdue")


def whys(world: World, radio: bool = True) -> dict[str, str]:
    """What is against each now."""
    ways = world.lock.ways(world.at, radio)
    assert all(way["ready"] == (not way["why"]) for way in ways)
    return {way["way"]: way["why"] for way in ways if way["why"]}


def test_why_a_way_does_not_work_now_is_told() -> None:
    world = with_phone().enrol(2, "111111").enrol(3, "222222")
    assert whys(world) == {}
    assert whys(world, radio=False) == {"phone": "Bluetooth does not work: lockctl doctor"}
    world.submit(PropertySet("OperatingMode", "NoRemoteLockUnlock"))
    assert whys(world) == dict.fromkeys(("phone", "remote"), "NoRemoteLockUnlock mode: remote operation is off")
    world.submit(PropertySet("OperatingMode", "Vacation"))
    assert whys(world) == {"spare-pin": "Vacation mode: only remote operation is allowed"}
    world.submit(PropertySet("OperatingMode", "Normal"))
    world.power(False)
    assert whys(world)["remote"] == whys(world)["spare-pin"] == "there is not enough power to move the bolt"
    world.plug("Generator", 5.0)
    assert whys(world) == dict.fromkeys(("phone", "remote"), "it sleeps, to save power")
    world.plug("Generator", 30.0)
    assert whys(world)["generator"] == "what is plugged in there is not what it should be"


def test_a_phone_whose_owner_is_disabled_is_none() -> None:
    world = with_phone(7)
    world.submit(UserSet("Modify", 7, {"status": "OccupiedDisabled"}))
    assert whys(world)["phone"] == "nobody who is enabled has a phone"


# What proves them ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("contact", "way"), [("code", "code"), ("hole", "hole"), ("spindle", "key")])
def test_a_bolt_that_a_hand_moved_proves_the_way_for_good(contact: Any, way: str) -> None:
    world = World(HANDY)
    world.sense(contact, True)
    world.by_hand("unlocked")
    now = {way: world.wall // 1_000_000}
    assert proved(world) == now
    assert proved(world.restarted(boot="another boot")) == now


def test_a_throw_in_an_emergency_proves_its_source_and_a_plug_alone_does_not() -> None:
    world = World(HANDY)
    world.battery(1.0, 3.0)
    world.plug()
    assert proved(world) == {}
    world.ask("Lock")
    assert proved(world) == {}, "the bolt was there already, and nothing was driven"
    world.unlocked()
    assert list(proved(world)) == ["usb", "remote"]


def test_a_charger_beside_a_good_battery_proves_nothing() -> None:
    world = World(HANDY)
    world.battery(90.0, 4.0)
    world.plug()
    world.unlocked()
    assert "usb" not in proved(world)


def test_another_pin_than_the_usual_one_is_the_spare() -> None:
    world = World(HANDY).enrol(1, "111111").enrol(2, "222222")
    for code in ("111111", "111111"):
        world.type(code)
        world.wait(1)
    assert proved(world) == {}
    world.type("222222")
    world.wait(1)
    assert list(proved(world)) == ["spare-pin"]


def test_what_was_not_proved_for_too_long_is_overdue_unless_nobody_is_to_be_reminded() -> None:
    world = World(HANDY)
    world.sense("code", True)
    world.by_hand("unlocked")
    assert ("code", False) in listed(world, "way", "overdue")
    world.wall += HANDY.ways.drill_days * DAY_S * 1_000_000
    assert ("code", False) in listed(world, "way", "overdue")
    world.wall += 1_000_000
    assert ("code", True) in listed(world, "way", "overdue")
    calm = World(HANDY.but(ways=HANDY.ways.but(drill_days=0)))
    assert not [overdue for (overdue,) in listed(calm, "overdue") if overdue]


def test_that_a_drill_is_overdue_is_told_without_being_asked_until_all_is_proved() -> None:
    world = World(WIRED.but(spindle=None, ways=WaySettings(code=Pin(20), remote=False)))
    assert world.lock.power(world.at)["DrillOverdue"]
    world.sense("code", True)
    world.by_hand("unlocked")
    assert (world.told_power["DrillOverdue"], world.lock.power(world.at)["DrillOverdue"]) == (False, False)
    world.wall += 200 * DAY_S * 1_000_000
    world.sense("closed", False)
    assert world.told_power["DrillOverdue"]


@pytest.mark.parametrize(("off_days", "trust", "overdue"), [
    (400, "Trusted", True), (2, "Trusted", True), (0.5, "Trusted", False), (400, "Floor", True),
    (400, "Unknown", False),
])  # fmt: skip
def test_a_proof_of_a_day_to_come_is_none(off_days: float, trust: Any, overdue: bool) -> None:
    world = World(HANDY)
    world.wall += round(off_days * DAY_S * 1_000_000)
    world.sense("code", True)
    world.by_hand("unlocked")
    world.wall -= round(off_days * DAY_S * 1_000_000)
    world.trust = trust
    assert ("code", overdue) in listed(world, "way", "overdue")
    assert ("key", True) in listed(world, "way", "overdue"), "never is never, whatever the clock"


# The drill -------------------------------------------------------------------------------------------


def test_a_drill_answers_the_list_and_records_each_way_that_is_used_within_its_time_once() -> None:
    world = World(HANDY).enrol(1, "111111")
    world.battery(90.0, 4.0)
    world.submit(DrillAsked(request=1, by="uid 0"))
    assert world.answers[1] == world.lock.ways(world.at)
    assert world.trail[-1][1].fields == {"detail": "drill-began", "by": "uid 0"}
    world.plug()
    for wish in ("Unlock", "Lock"):
        world.ask(wish)
        world.wait(2)
    world.sense("hole", True)
    world.by_hand("unlocked")
    world.sense("hole", False)
    world.wait(DRILL_S)
    world.sense("code", True)
    world.by_hand("locked")
    assert [entry.fields["ways"] for entry in world.entries(detail="drill-proved")] == ["usb", "remote", "hole"]
    assert set(proved(world)) == {"usb", "remote", "hole", "code"}


def test_a_drill_that_cannot_be_recorded_is_answered_all_the_same() -> None:
    world = World(HANDY)
    world.disk = "fails"
    world.submit(DrillAsked(request=1))
    assert isinstance(world.answers[1], list)

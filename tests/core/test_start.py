"""Starting: what a crash cut off, what is damaged, what was kept; and that nothing moves by it."""

from __future__ import annotations

import pytest

from lockd.core.effects import Put
from lockd.core.events import Denied, Noted, PropertySet, ResetAsked, SettingsLoaded, Started
from lockd.core.lockout import HELD_RECORDED, TRICKLE_S
from lockd.core.snapshot import Kept, Snapshot
from tests.core.world import AT_LOCKED, AT_UNLOCKED, WIRED, World, wired


def start(world: World) -> World:
    world.submit(Started())
    return world


@pytest.mark.parametrize("contacts", [
    AT_LOCKED, AT_UNLOCKED, {"locked": False, "unlocked": False}, {"locked": True, "unlocked": True},
    AT_UNLOCKED | {"closed": False, "tamper": True, "inside": True, "spindle": True},
])  # fmt: skip
def test_whatever_the_pins_say_the_motor_stays_off_and_the_bolt_where_it_is(contacts: dict[str, bool]) -> None:
    world = start(World(contacts=contacts))
    world.wait(1000)
    assert world.drives == 0


def test_a_grant_that_a_crash_cut_off_is_closed_as_interrupted() -> None:
    world = World().enrol(1, "123456")
    world.type("123456")
    world.wait(0.2)
    again = start(world.restarted())
    (closed,) = again.entries(phase="interrupted")
    assert closed.kind == "LockOperationError"
    assert closed.fields == {
        "type": "Unlock", "source": "Keypad", "user": 1, "credentials": [["PIN", 1]], "phase": "interrupted",
        "grant": 3, "error": "Unspecified",
    }  # fmt: skip
    assert again.drives == 0
    assert not start(again.restarted()).entries(phase="interrupted")[1:]


def test_an_operation_that_ended_is_not_closed_again() -> None:
    world = World().unlocked()
    world.submit(PropertySet("AutoRelockTime", 9))
    assert not start(world.restarted()).entries(phase="interrupted")


def test_a_new_grant_never_takes_the_row_of_one_that_was_cut_off() -> None:
    world = World()
    world.ask()
    again = start(world.restarted())
    again.ask("Lock")
    again.wait(1)
    assert not [key for _, key in again.rows if key.startswith("grant:")]
    assert len(again.entries(phase="done")) == 1


def test_damage_and_an_older_copy_are_told_of() -> None:
    world = start(World(snapshot=Snapshot(damaged=("user 3: damaged", "PIN 4: damaged"), rolled_back=True)))
    assert world.signals("DoorLockAlarm") == [
        {"alarm": "StoreRolledBack"}, {"alarm": "AuditDegraded", "detail": "damaged", "count": 2},
    ]  # fmt: skip
    assert world.lock.degraded() == (
        "store: user 3: damaged", "store: PIN 4: damaged",
        "store: an older copy was put back; what came after it is missing",
    )  # fmt: skip


# Properties ----------------------------------------------------------------------------------------

SET = {
    "OperatingMode": "Privacy", "AutoRelockTime": 60, "WrongCodeEntryLimit": 9, "UserCodeTemporaryDisableTime": 30,
    "RequirePINforRemoteOperation": True, "ExpiringUserTimeout": 5,
}  # fmt: skip


def test_a_fresh_store_begins_with_what_the_file_says() -> None:
    world = World(wired({"mode": "Vacation", "auto_relock_s": 7, "wrong_code_limit": 3, "lockout_s": 5,
                         "require_pin_for_remote": True, "expiring_timeout_min": 4}))  # fmt: skip
    assert world.lock.parts.registry.properties == {
        "OperatingMode": "Vacation", "AutoRelockTime": 7, "WrongCodeEntryLimit": 3,
        "UserCodeTemporaryDisableTime": 5, "RequirePINforRemoteOperation": True, "ExpiringUserTimeout": 4,
    }  # fmt: skip


@pytest.mark.parametrize("name", SET)
def test_a_property_that_is_set_is_told_recorded_and_kept(name: str) -> None:
    world = World()
    world.submit(PropertySet(name, SET[name], request=1, by="uid 0"))
    assert world.answers == {1: None}
    assert world.told == {name: SET[name]}
    assert world.entries(detail="property-set", property=name, value=str(SET[name]), by="uid 0")
    assert world.restarted(boot="another boot").property(name) == SET[name]


@pytest.mark.parametrize("name", SET)
def test_what_is_kept_outlives_a_restart_though_the_file_says_otherwise(name: str) -> None:
    world = World()
    world.submit(PropertySet(name, SET[name]))
    again = world.restarted(settings=wired({"mode": "Vacation", "auto_relock_s": 1, "wrong_code_limit": 2,
                                            "lockout_s": 3, "expiring_timeout_min": 4}))  # fmt: skip
    assert again.property(name) == SET[name]


@pytest.mark.parametrize(("name", "value", "error"), [
    ("LockState", "Locked", "InvalidField"),
    ("Nonsense", 1, "InvalidField"),
    ("AutoRelockTime", "7", "InvalidField"),
    ("AutoRelockTime", True, "InvalidField"),
    ("RequirePINforRemoteOperation", 1, "InvalidField"),
    ("AutoRelockTime", -1, "InvalidField"),
    ("AutoRelockTime", 86_401, "InvalidField"),
    ("WrongCodeEntryLimit", 0, "InvalidField"),
    ("WrongCodeEntryLimit", 256, "InvalidField"),
    ("UserCodeTemporaryDisableTime", 0, "InvalidField"),
    ("UserCodeTemporaryDisableTime", 256, "InvalidField"),
    ("ExpiringUserTimeout", 0, "InvalidField"),
    ("ExpiringUserTimeout", 2881, "InvalidField"),
    ("OperatingMode", "Party", "InvalidField"),
])  # fmt: skip
def test_a_value_that_it_may_not_have_is_refused_and_changes_nothing(name: str, value: object, error: str) -> None:
    world = World()
    before = world.lock.properties(world.at)
    world.submit(PropertySet(name, value, request=1))
    assert world.answers[1].name == error
    assert name in str(world.answers[1])
    assert world.lock.properties(world.at) == before
    assert world.trail == []


def test_a_file_that_was_changed_is_the_owners_newest_word() -> None:
    world = World()
    world.submit(PropertySet("AutoRelockTime", 60))
    world.submit(PropertySet("WrongCodeEntryLimit", 9))
    world.submit(SettingsLoaded(wired({"auto_relock_s": 20})))
    assert (world.property("AutoRelockTime"), world.property("WrongCodeEntryLimit")) == (20, 9)
    assert world.entries(detail="settings-loaded")
    assert world.entries(detail="property-set", value="20", by="lockd.toml")


def test_a_file_that_was_not_changed_changes_nothing() -> None:
    world = World()
    world.submit(PropertySet("AutoRelockTime", 60))
    world.submit(SettingsLoaded(WIRED))
    assert world.property("AutoRelockTime") == 60


def test_limits_that_are_in_the_file_alone_hold_from_the_next_reading() -> None:
    world = World()
    world.submit(SettingsLoaded(wired({"lockout_max_s": 90}, users=WIRED.users.but(max=3))))
    for _ in range(3):
        for _ in range(5):
            world.type("999999")
        assert world.lock.lockout_remaining("Keypad", world.at) == 90
        world.wait(100)


def test_a_factory_reset_erases_people_and_settings_and_the_trail_stays() -> None:
    world = World().enrol(1, "111111").enrol(2, "222222", type="DisposableUser")
    world.submit(PropertySet("AutoRelockTime", 60))
    world.type("222222")
    world.wait(1)
    before = len(world.trail)
    world.submit(ResetAsked(request=1, by="uid 0"))
    assert world.answers == {1: None}
    assert world.alarms == ["LockFactoryReset"]
    assert world.entries(alarm="LockFactoryReset", by="uid 0")
    assert len(world.trail) > before
    for it in (world, world.restarted()):
        assert (it.lock.people.users, it.lock.people.credentials) == ({}, {})
        assert it.property("AutoRelockTime") == 0
    assert not [key for table, key in world.rows if table != "state" or key.startswith(("property:", "spent:"))]


def test_a_factory_reset_erases_what_is_left_of_damaged_rows_as_well() -> None:
    row, used = {"kind": "PIN", "index": 4, "user": 9, "digest": "00"}, Kept(1, {"used": 1})
    world = World(snapshot=Snapshot(credentials={"PIN:4": row}, state={"spent:9": used}))
    world.rows = {("credential", "PIN:4"): Kept(1, row), ("state", "spent:9"): used}
    world.submit(ResetAsked())
    assert world.rows == {}


def test_rules_that_may_have_been_lost_with_a_damaged_store_hold() -> None:
    lost = World(wired({"mode": "Passage"}), snapshot=Snapshot(incomplete=True))
    assert lost.property("RequirePINforRemoteOperation") is True
    assert lost.property("OperatingMode") == "Normal"
    assert any("set anew" in line for line in lost.lock.degraded())
    kept = {"property:RequirePINforRemoteOperation": Kept(1, {"value": False})}
    assert World(snapshot=Snapshot(state=kept, incomplete=True)).property("RequirePINforRemoteOperation") is False


def test_who_asks_without_the_right_leaves_a_trace_and_a_flood_of_it_a_count() -> None:
    world = World()
    for _ in range(HELD_RECORDED + 5):
        world.submit(Denied("uid 1000 (eve)", "UnlockDoor"))
    assert len(world.entries(detail="access-denied", by="uid 1000 (eve)", operation="UnlockDoor")) == HELD_RECORDED
    world.wait(TRICKLE_S + 1)
    world.submit(Denied("uid 1000 (eve)", "LockDoor"))
    assert len(world.entries(detail="access-denied", count=5)) == 1


def test_what_is_to_be_kept_with_a_note_is_kept_or_answered_as_not_done() -> None:
    world = World()
    note = Noted("time-set", request=1, writes=(Put("state", "time", {"apart": 1}),))
    world.submit(note)
    assert world.answers[1] is None
    assert world.rows["state", "time"].value == {"apart": 1}
    world.disk = "fails"
    world.submit(note.but(request=2))
    assert world.answers[2].detail == "storage"


def test_what_was_decided_for_want_of_rows_holds_after_the_next_start() -> None:
    world = World().enrol(1, "123456", type="DisposableUser")
    damaged = World(snapshot=world.snapshot().but(incomplete=True))
    damaged.rows = dict(world.rows)
    start(damaged)
    again = start(damaged.restarted())
    assert again.property("RequirePINforRemoteOperation") is True
    assert again.property("LockoutRemaining") > 0
    again.wait(100)
    again.type("123456", request=1)
    assert again.answers[1].name == "DisabledUserDenied"

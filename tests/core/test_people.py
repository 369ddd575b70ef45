"""Kinds of users, and rights that are used up: exactly once, whatever the store does."""

from __future__ import annotations

from typing import Any

import pytest

from lockd.core.credentials import Credential
from lockd.core.effects import Publish
from lockd.core.events import PropertySet, UserCleared, UserSet
from lockd.core.people import People, User
from lockd.core.snapshot import Snapshot
from lockd.errors import DisabledUserDenied, InvalidCredential, LockdError, Restricted
from lockd.words import Source
from tests.core.world import AT_UNLOCKED, LEAVES_S, World, digest

PIN = "123456"
MINUTE = 60


def home(**fields: Any) -> World:
    return World().enrol(1, PIN, **fields)


def status(world: World) -> str:
    return world.lock.people.status(world.lock.people.users[1], world.at)


def comes_in(world: World, source: Source = "Keypad") -> bool:
    """Whether the PIN opens now; the door is locked again after."""
    drives = world.drives
    world.ask("Unlock", source, PIN)
    world.wait(3)
    came = world.drives > drives
    world.ask("Lock", "Remote")
    world.wait(1)
    return came


def test_an_unrestricted_user_comes_in_again_and_again() -> None:
    world = home()
    assert [comes_in(world) for _ in range(3)] == [True] * 3
    assert world.signals("LockOperation")[0]["user"] == 1
    assert world.signals("LockOperation")[0]["credentials"] == [["PIN", 1]]


def test_a_pin_of_nobody_opens_nothing_and_names_nobody() -> None:
    world = home()
    world.type("999999", request=1)
    assert isinstance(world.answers[1], InvalidCredential)
    assert "user" not in world.signals("LockOperationError")[0]


def test_a_disabled_user_is_named_and_refused() -> None:
    world = home(status="OccupiedDisabled")
    world.type(PIN, request=1)
    assert isinstance(world.answers[1], DisabledUserDenied)
    assert world.signals("LockOperationError")[0]["user"] == 1
    assert world.drives == 0


def test_a_disabled_user_may_not_lock_either() -> None:
    world = World(contacts=AT_UNLOCKED).enrol(1, PIN, status="OccupiedDisabled")
    world.ask("Lock", "Keypad", PIN, request=1)
    assert isinstance(world.answers[1], DisabledUserDenied)


def test_a_non_access_user_moves_no_bolt() -> None:
    world = home(type="NonAccessUser")
    assert not comes_in(world)


@pytest.mark.parametrize(("source", "may"), [
    ("Remote", True), ("ProprietaryRemote", True), ("Keypad", False), ("RFID", False), ("Biometric", False),
])  # fmt: skip
def test_a_remote_only_user_operates_from_afar_only(source: Source, may: bool) -> None:
    world = home(type="RemoteOnlyUser")
    assert comes_in(world, source) is may


def test_a_forced_user_opens_like_anybody_and_only_those_who_may_read_the_log_are_told() -> None:
    world, ordinary = home(type="ForcedUser"), home()
    assert comes_in(world)
    assert comes_in(ordinary)
    hidden = [e for e in world.effects if isinstance(e, Publish) and e.private]
    assert [e.entry.fields for e in hidden] == [{"alarm": "ForcedUser", "user": 1}]
    assert world.alarms == ordinary.alarms == []
    assert world.signs == ordinary.signs
    assert [f["type"] for f in world.signals("LockOperation")] == [f["type"] for f in ordinary.signals("LockOperation")]
    assert world.entries(alarm="ForcedUser")


# Once ----------------------------------------------------------------------------------------------


def test_a_disposable_user_comes_in_once_and_is_disabled_after() -> None:
    world = home(type="DisposableUser")
    assert [comes_in(world) for _ in range(3)] == [True, False, False]
    assert status(world) == "OccupiedDisabled"
    assert world.lock.lockout_remaining("Keypad", world.at) == 0


@pytest.mark.parametrize("boot", ["", "another boot"])
def test_the_use_is_used_after_a_restart_too(boot: str) -> None:
    world = home(type="DisposableUser")
    assert comes_in(world)
    assert not comes_in(world.restarted(boot=boot))


def test_a_use_that_was_on_disk_when_the_power_failed_is_used() -> None:
    world = home(type="DisposableUser")
    world.type(PIN)  # on disk, and the motor has just begun
    assert not comes_in(world.restarted(boot="another boot"))


def test_a_use_that_was_not_yet_on_disk_when_the_power_failed_is_not() -> None:
    world = home(type="DisposableUser")
    world.disk = "hangs"
    world.type(PIN)
    assert comes_in(world.restarted(boot="another boot"))


def test_of_several_tries_at_once_one_comes_in() -> None:
    world = home(type="DisposableUser")
    world.disk = "hangs"
    for request, source in enumerate(("Keypad", "Remote", "ProprietaryRemote"), 1):
        world.ask("Unlock", source, PIN, request)
    world.write()
    world.wait(1)
    assert [type(world.answers[n]) for n in (1, 2, 3)] == [type(None), DisabledUserDenied, DisabledUserDenied]
    assert len(world.entries(phase="granted")) == 1


def test_the_use_is_given_back_when_the_bolt_never_left_its_end() -> None:
    world = home(type="DisposableUser")
    world.sticks = True
    world.type(PIN)
    world.wait(20)
    world.sticks = False
    assert comes_in(world.restarted())
    assert [comes_in(world) for _ in range(2)] == [True, False]


def test_a_mistake_at_the_door_uses_nothing_up() -> None:
    world = home(type="DisposableUser").unlocked()
    world.sense("closed", False)
    world.ask("Lock", pin=PIN, request=5)
    assert world.answers[5].detail == "door-open"
    world.sense("closed", True)
    world.ask("Lock")
    world.wait(1)
    assert comes_in(world)


def test_the_use_is_used_when_the_bolt_stuck_on_the_way() -> None:
    world = home(type="DisposableUser")
    world.type(PIN)
    world.wait(LEAVES_S + 0.1)
    world.stick()
    world.wait(20)
    assert world.lock.lock_state == "NotFullyLocked"
    world.sticks = False
    assert not comes_in(world)


@pytest.mark.parametrize("kind", ["DisposableUser", "ExpiringUser"])
def test_what_was_used_up_may_be_lost_with_a_damaged_store_so_it_has_to_be_set_anew(kind: str) -> None:
    world = home(type=kind)
    world = World(snapshot=world.snapshot().but(incomplete=True))
    world.wait(100)  # the lockouts that may have been lost are over
    assert not comes_in(world)
    world.submit(UserSet("Modify", 1, {"type": kind}))
    assert comes_in(world)


def test_what_everybody_hears_of_duress_is_what_everybody_hears_of_an_unlocking() -> None:
    told = {}
    for kind in ("UnrestrictedUser", "ForcedUser"):
        world = home(type=kind)
        world.type(PIN)
        world.wait(1)
        told[kind] = [(e.seq, e.entry) for e in world.effects if isinstance(e, Publish) and not e.private]
    unlocked = {kind: heard[-1] for kind, heard in told.items()}
    assert unlocked["ForcedUser"] == unlocked["UnrestrictedUser"]
    (alarm,) = (e for e in world.effects if isinstance(e, Publish) and e.private)
    assert (alarm.entry.fields["alarm"], alarm.seq) == ("ForcedUser", unlocked["ForcedUser"][1].fields["grant"])


def test_when_the_store_fails_it_opens_nothing_and_is_not_used() -> None:
    world = home(type="DisposableUser")
    world.disk = "fails"
    world.type(PIN, request=1)
    world.wait(1)
    assert world.drives == 0
    assert [f["detail"] for f in world.signals("LockOperationError")] == ["storage"]
    assert world.signs == ["refused"]
    assert isinstance(world.answers[1], LockdError)
    assert world.answers[1].detail == "storage"
    world.disk = "works"
    assert [comes_in(world) for _ in range(2)] == [True, False]


def test_when_the_store_answers_too_late_the_use_is_given_back() -> None:
    world = home(type="DisposableUser")
    world.disk = "hangs"
    world.type(PIN, request=1)
    world.wait(5)
    assert world.answers[1].detail == "storage"
    world.write()
    world.wait(1)
    assert world.drives == 0
    assert world.entries(detail="late-record")
    assert [comes_in(world) for _ in range(2)] == [True, False]


def test_a_use_given_back_is_given_back_on_disk_too() -> None:
    world = home(type="DisposableUser")
    world.disk = "hangs"
    world.type(PIN)
    world.wait(5)
    world.write()
    again = world.restarted(boot="another boot")
    assert not [key for _, key in again.rows if key.startswith(("grant:", "spent:"))]
    assert [comes_in(again) for _ in range(2)] == [True, False]


def test_while_nobody_knows_whether_it_is_used_it_opens_nothing() -> None:
    """Else the second try's use could reach the disk before the first one's is given back."""
    world = home(type="DisposableUser")
    world.disk = "hangs"
    world.type(PIN)
    world.wait(5)
    world.type(PIN, request=2)
    assert world.unwritten[-1].entry.fields["error"] == "DisabledUserDenied"
    world.write()
    world.wait(1)
    assert world.drives == 0
    assert [comes_in(world) for _ in range(2)] == [True, False]
    assert not comes_in(world.restarted(boot="another boot"))


def test_a_store_that_fails_late_has_used_nothing() -> None:
    world = home(type="DisposableUser")
    world.disk = "hangs"
    world.type(PIN)
    world.wait(5)
    world.fail()
    world.disk = "works"
    assert [comes_in(world) for _ in range(2)] == [True, False]


def test_setting_the_user_anew_gives_the_use_back() -> None:
    world = home(type="DisposableUser")
    assert comes_in(world)
    world.submit(UserSet("Modify", 1, {"name": "Anna"}))
    assert not comes_in(world)
    world.submit(UserSet("Modify", 1, {"status": "OccupiedEnabled"}))
    assert [comes_in(world) for _ in range(2)] == [True, False]
    world.submit(UserSet("Modify", 1, {"type": "DisposableUser"}))
    assert comes_in(world.restarted())


def test_who_is_no_disposable_user_any_more_may_come_in_again() -> None:
    world = home(type="DisposableUser")
    assert comes_in(world)
    world.submit(UserSet("Modify", 1, {"type": "UnrestrictedUser"}))
    assert [comes_in(world) for _ in range(2)] == [True, True]


def test_a_use_under_way_while_its_user_is_removed_does_not_meet_the_next_one() -> None:
    world = home(type="DisposableUser")
    world.disk = "hangs"
    world.submit(UserCleared(1))
    world.type(PIN)
    world.write()
    world.wait(1)
    world.enrol(1, PIN, type="DisposableUser")
    world.ask("Lock")
    world.wait(1)
    assert [comes_in(world) for _ in range(2)] == [True, False]


def test_a_use_under_way_while_the_type_is_changed_harms_nothing() -> None:
    world = home(type="DisposableUser")
    world.disk = "hangs"
    world.submit(UserSet("Modify", 1, {"type": "ExpiringUser"}))
    world.type(PIN)
    world.write()
    world.wait(1)
    world.ask("Lock")
    world.wait(1)
    assert comes_in(world)


# For a time ----------------------------------------------------------------------------------------


def expiring(minutes: int = 10) -> World:
    world = home(type="ExpiringUser")
    world.submit(PropertySet("ExpiringUserTimeout", minutes))
    return world


def test_an_expiring_users_time_begins_with_his_first_use() -> None:
    world = expiring()
    world.wait(100 * MINUTE)
    assert comes_in(world)
    world.wait(9 * MINUTE)
    assert comes_in(world)
    assert status(world) == "OccupiedEnabled"
    world.wait(1 * MINUTE)
    assert status(world) == "OccupiedDisabled"
    world.type(PIN, request=1)
    assert isinstance(world.answers[1], DisabledUserDenied)


def test_his_time_runs_on_while_lockd_is_away() -> None:
    world = expiring()
    assert comes_in(world)
    assert comes_in(world.restarted(after_s=5 * MINUTE))
    assert not comes_in(world.restarted(after_s=10 * MINUTE, boot="another boot"))


def test_a_new_timeout_does_not_change_a_time_that_has_begun() -> None:
    world = expiring()
    assert comes_in(world)
    world.submit(PropertySet("ExpiringUserTimeout", 1))
    world.wait(5 * MINUTE)
    assert comes_in(world)


@pytest.mark.parametrize("trust", ["Floor", "Unknown"])
def test_without_a_trusted_clock_a_timed_right_waits(trust: Any) -> None:
    world = expiring()
    world.trust = trust
    world.type(PIN, request=1)
    assert (type(world.answers[1]), world.answers[1].detail) == (Restricted, "clock-unset")
    world.trust = "Trusted"
    assert comes_in(world)


@pytest.mark.parametrize("kind", ["UnrestrictedUser", "DisposableUser", "ForcedUser"])
def test_without_a_trusted_clock_everybody_else_comes_in(kind: str) -> None:
    world = home(type=kind)
    world.trust = "Unknown"
    assert comes_in(world)


@pytest.mark.parametrize("first", [True, False])
def test_with_a_dead_disk_a_timed_right_opens_nothing_at_any_use(first: bool) -> None:
    world = expiring()
    assert first or comes_in(world)
    drives = world.drives
    for disk in ("fails", "hangs"):
        world.disk = disk
        world.type(PIN, request=len(world.answers) + 1)
        world.wait(5)
        assert world.answers[len(world.answers)].detail == "storage"
    assert world.drives == drives
    world.write()
    world.wait(1)
    assert comes_in(world)


# Rows that cannot be read --------------------------------------------------------------------------


def damaged() -> World:
    """User 1's row is lost, his PIN's is whole."""
    row = {"kind": "PIN", "index": 1, "user": 1, "digest": digest(PIN).hex()}
    lost = ("user 1: damaged",)
    return World(snapshot=Snapshot(credentials={"PIN:1": row}, boot="this boot", damaged=lost)).enrol(2, "222222")


def test_a_credential_whose_user_cannot_be_read_opens_nothing_and_others_still_do() -> None:
    world = damaged()
    world.type(PIN, request=1)
    assert isinstance(world.answers[1], InvalidCredential)
    world.type("222222", request=2)
    world.wait(1)
    assert world.answers[2] is None


def test_a_new_user_does_not_inherit_the_credential_of_a_damaged_one() -> None:
    world = damaged()
    world.submit(UserSet("Add", 1, {}))
    assert not comes_in(world)
    assert not comes_in(world.restarted())


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_what_is_left_of_a_damaged_user_takes_nobody_s_pin_at_the_next_start(order: tuple[int, int]) -> None:
    rows = [{"kind": "PIN", "index": user, "user": user, "digest": digest(PIN).hex()} for user in order]
    assert People([{"index": 2}], rows).find("PIN", digest(PIN)) == (User(2), Credential("PIN", 2, 2, digest(PIN)))


def test_looking_somebody_up_takes_one_step_however_many_there_are() -> None:
    rows = [{"kind": "PIN", "index": i, "user": i, "digest": digest(str(i)).hex()} for i in range(1, 1001)]
    people = People([{"index": i} for i in range(1, 1001)], rows)
    assert people.find("PIN", digest("777")) == (User(777), people.credentials["PIN", 777])
    assert people.find("RFID", digest("777")) is None
    assert people.find("PIN", digest("0")) is None

"""Users and credentials after Matter: every error, and what each change writes and tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import pytest

from lockd.core.events import (
    CredentialCleared,
    CredentialSet,
    Event,
    ScheduleCleared,
    ScheduleSet,
    UserCleared,
    UserSet,
)  # fmt: skip
from lockd.core.people import UNIQUE_ID_NONE, User
from lockd.core.roster import ALL, NAME_MAX, credentials_supported
from lockd.core.snapshot import Snapshot
from lockd.settings import UserSettings
from lockd.words import CredentialRule, UserType
from tests.core.world import WIRED, World, digest

SMALL = WIRED.but(users=UserSettings(max=3, credentials=2))
BY = "uid 1000 (anna)"
MONDAYS = {"days": 2, "start_hour": 8, "start_minute": 0, "end_hour": 17, "end_minute": 0}


@pytest.fixture
def world() -> World:
    return World(SMALL)


def do(world: World, event: Any) -> Any:
    """The answer to a change."""
    request = len(world.answers) + 1
    world.submit(event.but(request=request, by=BY))
    return world.answers[request]


def refused(world: World, event: Event) -> str:
    """The name of the error it meets; nothing has changed by it."""
    before = (dict(world.rows), list(world.trail), dict(world.lock.people.users), dict(world.lock.people.credentials))
    error = do(world, event)
    after = (dict(world.rows), list(world.trail), dict(world.lock.people.users), dict(world.lock.people.credentials))
    assert before == after
    assert str(error)
    name: str = error.name
    return name


def pin(code: str, index: int = 1, user: int = 1, op: str = "Add", **fields: Any) -> CredentialSet:
    return CredentialSet(op, "PIN", index, user, digest(code), fields)


def told(world: World) -> Mapping[str, Any]:
    return world.signals("LockUserChange")[-1]


# SetUser -------------------------------------------------------------------------------------------


def test_a_user_is_added_with_what_is_given(world: World) -> None:
    fields = {"name": "Anna", "unique_id": 7, "status": "OccupiedDisabled", "type": "ForcedUser", "rule": "Single"}
    assert do(world, UserSet("Add", 2, fields)) is None
    assert world.lock.people.users == {2: User(2, **fields, creator=BY, modifier=BY)}
    assert told(world) == {"data_type": "UserIndex", "operation": "Add", "source": "Remote", "by": BY, "user": 2}
    assert world.restarted().lock.people.users == world.lock.people.users


def test_a_user_of_whom_nothing_is_said_is_an_ordinary_one(world: World) -> None:
    do(world, UserSet("Add", 1, {}))
    user = world.lock.people.users[1]
    assert (user.name, user.unique_id, user.status, user.type, user.rule) == (
        "", UNIQUE_ID_NONE, "OccupiedEnabled", "UnrestrictedUser", "Single",
    )  # fmt: skip


def test_modify_changes_what_is_given_and_leaves_the_rest(world: World) -> None:
    do(world, UserSet("Add", 1, {"name": "Anna", "unique_id": 7}))
    world.submit(UserSet("Modify", 1, {"status": "OccupiedDisabled"}, by="uid 0"))
    user = world.lock.people.users[1]
    assert (user.name, user.unique_id, user.status) == ("Anna", 7, "OccupiedDisabled")
    assert (user.creator, user.modifier) == (BY, "uid 0")
    assert told(world)["operation"] == "Modify"


@pytest.mark.parametrize("op", ["Add", "Modify"])
@pytest.mark.parametrize(("fields", "error"), [
    ({"name": "x" * (NAME_MAX + 1)}, "InvalidField"),
    ({"name": "bell\a"}, "InvalidField"),
    ({"status": "Sleeping"}, "InvalidField"),
    ({"status": "Available"}, "InvalidField"),
    ({"type": "King"}, "InvalidField"),
    ({"rule": "Quad"}, "InvalidField"),
    ({"unique_id": 77}, "Duplicate"),
])  # fmt: skip
def test_a_field_that_will_not_do_is_refused(world: World, op: str, fields: dict[str, Any], error: str) -> None:
    do(world, UserSet("Add", 1, {"unique_id": 77}))
    do(world, UserSet("Add", 2, {})) if op == "Modify" else None
    assert refused(world, UserSet(op, 2, fields)) == error


@pytest.mark.parametrize(("field", "word"), [
    *(("type", word) for word in get_args(UserType)), *(("rule", word) for word in get_args(CredentialRule)),
])  # fmt: skip
def test_every_type_and_every_rule_may_be_set(world: World, field: str, word: str) -> None:
    assert do(world, UserSet("Add", 1, {field: word})) is None


@pytest.mark.parametrize("index", [-1, 0, 4, ALL])
def test_an_index_that_is_out_of_range_is_refused(world: World, index: int) -> None:
    assert refused(world, UserSet("Add", index, {})) == "InvalidField"


def test_add_of_one_who_is_there_and_modify_of_one_who_is_not_are_refused(world: World) -> None:
    do(world, UserSet("Add", 1, {}))
    assert refused(world, UserSet("Add", 1, {})) == "Occupied"
    assert refused(world, UserSet("Modify", 2, {})) == "NotFound"


def test_a_unique_id_may_be_kept_and_none_is_nobodys(world: World) -> None:
    do(world, UserSet("Add", 1, {"unique_id": 7}))
    assert do(world, UserSet("Modify", 1, {"unique_id": 7})) is None
    assert do(world, UserSet("Add", 2, {"unique_id": UNIQUE_ID_NONE})) is None
    assert do(world, UserSet("Add", 3, {"unique_id": UNIQUE_ID_NONE})) is None


# ClearUser -----------------------------------------------------------------------------------------


def test_a_user_is_removed_with_his_credentials(world: World) -> None:
    world.enrol(1, "111111").enrol(2, "222222")
    assert do(world, UserCleared(1)) is None
    assert list(world.lock.people.users) == [2]
    assert list(world.lock.people.credentials) == [("PIN", 2)]
    assert told(world) == {"data_type": "UserIndex", "operation": "Clear", "source": "Remote", "by": BY, "user": 1}
    assert {key for _, key in world.rows} == {"2", "PIN:2"}
    world.type("111111", request=50)
    assert world.answers[50].name == "InvalidCredential"


def test_all_users_are_removed_at_once(world: World) -> None:
    world.enrol(1, "111111").enrol(2, "222222")
    assert do(world, UserCleared(ALL)) is None
    assert world.rows == {}
    assert told(world)["user"] == ALL
    assert do(world, UserCleared(ALL)) is None


@pytest.mark.parametrize("index", [0, 2, 99])
def test_one_who_is_not_there_cannot_be_removed(world: World, index: int) -> None:
    assert refused(world, UserCleared(index)) == "NotFound"


# SetCredential -------------------------------------------------------------------------------------


def test_a_pin_is_added_to_a_user_and_the_next_free_place_is_answered(world: World) -> None:
    world.enrol(1, "111111")
    assert do(world, pin("222222", index=2)) == (1, 3)
    assert [c.key for c in world.lock.people.of(1)] == ["PIN:1", "PIN:2"]
    assert told(world) == {
        "data_type": "PIN", "operation": "Add", "source": "Remote", "by": BY, "user": 1, "index": 2,
    }  # fmt: skip
    assert world.restarted().lock.people.credentials == world.lock.people.credentials


def test_a_pin_for_user_0_makes_a_new_user_and_tells_of_him_too(world: World) -> None:
    world.enrol(1, "111111")
    event = pin("222222", index=5, user=0, user_status="OccupiedEnabled", user_type="DisposableUser")
    assert do(world, event) == (2, 6)
    assert world.lock.people.users[2].type == "DisposableUser"
    assert [(f["data_type"], f["user"]) for f in world.signals("LockUserChange")[-2:]] == [("PIN", 2), ("UserIndex", 2)]


def test_there_is_no_next_free_place_after_the_last(world: World) -> None:
    assert credentials_supported(SMALL.users) == 6
    assert do(world, pin("222222", index=6, user=0)) == (1, 0)


def test_a_pin_is_changed_and_the_old_one_opens_nothing(world: World) -> None:
    world.enrol(1, "111111")
    for user in (0, 1):
        code = f"55555{user}"
        assert do(world, pin(code, user=user, op="Modify")) == (1, 2)
    world.type("111111", request=50)
    assert world.answers[50].name == "InvalidCredential"
    world.type("555551")
    world.wait(1)
    assert world.lock.lock_state == "Unlocked"


def test_the_same_pin_may_be_set_again_in_its_own_place(world: World) -> None:
    world.enrol(1, "111111")
    assert do(world, pin("111111", op="Modify")) == (1, 2)


@pytest.mark.parametrize(("event", "error"), [
    (pin("222222"), "Occupied"),
    (pin("222222", index=2, op="Modify"), "NotFound"),
    (pin("222222", index=0), "InvalidField"),
    (pin("222222", index=7), "InvalidField"),
    (pin("222222", index=2, user=9), "NotFound"),
    (pin("111111", index=2), "Duplicate"),
    (pin("111111", index=2, user=0), "Duplicate"),
    (pin("222222", user=2, op="Modify"), "ConstraintError"),
    (pin("222222", index=2, user_type="ForcedUser"), "InvalidField"),
    (pin("222222", op="Modify", user_type="ForcedUser"), "InvalidField"),
    (pin("222222", index=2, user=0, user_type="King"), "InvalidField"),
    (pin("222222", index=2, user=0, user_status="Available"), "InvalidField"),
    (pin("222222", index=2).but(kind="Nonsense"), "InvalidField"),
    (pin("222222", index=2).but(kind="Face"), "UnsupportedCommand"),
    (pin("222222", index=2).but(kind="ProgrammingPIN"), "ConstraintError"),
])  # fmt: skip
def test_a_credential_that_will_not_do_is_refused(world: World, event: CredentialSet, error: str) -> None:
    world.enrol(1, "111111").enrol(3, "333333")
    assert refused(world, event) == error


def test_a_duplicate_does_not_say_whose_it_is(world: World) -> None:
    world.enrol(1, "111111")
    world.enrol(2, "222222")
    world.submit(pin("222222", index=5).but(request=1))
    assert "2" not in str(world.answers[1])


def test_when_all_places_are_taken_no_more_fit(world: World) -> None:
    for user in (1, 2, 3):
        world.enrol(user, str(user) * 6)
    assert refused(world, pin("444444", index=4, user=0)) == "ResourceExhausted"
    assert do(world, pin("444444", index=4)) == (1, 5)
    assert refused(world, pin("555555", index=5)) == "ResourceExhausted"


def test_a_pin_whose_user_cannot_be_read_may_be_removed_but_not_changed() -> None:
    row = {"kind": "PIN", "index": 1, "user": 9, "digest": digest("111111").hex()}
    world = World(snapshot=Snapshot(credentials={"PIN:1": row}))
    assert refused(world, pin("222222", user=0, op="Modify")) == "NotFound"
    assert do(world, pin("111111", index=2, user=0)) == (1, 3)
    assert do(world, CredentialCleared("PIN", 1)) is None
    world.type("111111")
    world.wait(1)
    assert world.lock.lock_state == "Unlocked"


# Settings that were lowered since ------------------------------------------------------------------


@pytest.fixture
def lowered() -> World:
    """User 3 has PIN 6 and hours 2, and none of these numbers is given any more."""
    world = World(SMALL).enrol(3, "111111")
    do(world, pin("222222", index=6, user=3))
    world.week(user=3, index=2)
    return world.restarted(settings=SMALL.but(users=UserSettings(max=1, credentials=2, schedules=1)))


def test_who_is_above_a_lowered_number_stays_and_can_be_changed_and_removed(lowered: World) -> None:
    lowered.type("222222")
    lowered.wait(1)
    assert lowered.lock.lock_state == "Unlocked"
    assert do(lowered, UserSet("Modify", 3, {"status": "OccupiedDisabled", "name": "Anna"})) is None
    assert do(lowered, pin("333333", index=6, user=0, op="Modify")) == (3, 0)
    assert do(lowered, ScheduleSet("WeekDaySchedule", 2, 3, {**MONDAYS, "days": 4})) is None
    assert do(lowered, ScheduleCleared("WeekDaySchedule", 2, 3)) is None
    assert do(lowered, CredentialCleared("PIN", 6)) is None
    assert lowered.lock.people.users[3].but(creator="", modifier="") == User(3, "Anna", status="OccupiedDisabled")
    assert do(lowered, UserCleared(3)) is None
    assert lowered.lock.people.users == {}


def test_nothing_is_added_above_a_lowered_number(lowered: World) -> None:
    assert refused(lowered, UserSet("Add", 3, {})) == "InvalidField"
    assert refused(lowered, UserSet("Add", 2, {})) == "InvalidField"
    assert refused(lowered, UserSet("Modify", 2, {})) == "InvalidField"
    assert refused(lowered, pin("333333", index=5, user=3)) == "InvalidField"
    assert refused(lowered, pin("333333", index=6, user=3)) == "InvalidField"
    assert refused(lowered, ScheduleSet("WeekDaySchedule", 3, 3, MONDAYS)) == "InvalidField"
    assert do(lowered, UserCleared(3)) is None
    assert refused(lowered, UserSet("Add", 3, {})) == "InvalidField"
    assert do(lowered, UserSet("Add", 1, {})) is None


# ClearCredential -----------------------------------------------------------------------------------


def test_a_pin_is_removed_and_its_user_stays_while_he_has_another(world: World) -> None:
    world.enrol(1, "111111")
    do(world, pin("222222", index=2))
    assert do(world, CredentialCleared("PIN", 1)) is None
    assert told(world) == {
        "data_type": "PIN", "operation": "Clear", "source": "Remote", "by": BY, "user": 1, "index": 1,
    }  # fmt: skip
    assert list(world.lock.people.users) == [1]
    assert [c.key for c in world.lock.people.of(1)] == ["PIN:2"]


def test_whose_last_pin_is_removed_goes_with_it(world: World) -> None:
    world.enrol(1, "111111")
    assert do(world, CredentialCleared("PIN", 1)) is None
    assert world.rows == {}
    assert world.lock.people.users == {}
    assert [(f["data_type"], f["user"]) for f in world.signals("LockUserChange")[-2:]] == [("PIN", 1), ("UserIndex", 1)]


@pytest.mark.parametrize("kind", ["PIN", ""])
def test_all_are_removed_at_once(world: World, kind: str) -> None:
    world.enrol(1, "111111").enrol(2, "222222")
    do(world, UserSet("Add", 3, {}))
    assert do(world, CredentialCleared(kind, ALL)) is None
    assert world.lock.people.credentials == {}
    assert list(world.lock.people.users) == [3]
    assert (world.signals("LockUserChange")[-3]["user"], world.signals("LockUserChange")[-3]["index"]) == (ALL, ALL)
    assert do(world, CredentialCleared(kind, ALL)) is None


@pytest.mark.parametrize(("kind", "index", "error"), [
    ("PIN", 2, "NotFound"), ("", 2, "NotFound"), ("RFID", 1, "NotFound"),
    ("Face", 1, "UnsupportedCommand"), ("Nonsense", 1, "InvalidField"),
])  # fmt: skip
def test_what_is_not_there_cannot_be_removed(world: World, kind: str, index: int, error: str) -> None:
    world.enrol(1, "111111")
    assert refused(world, CredentialCleared(kind, index)) == error


def test_free_places() -> None:
    assert credentials_supported(UserSettings(max=10_000, credentials=100)) == ALL - 1

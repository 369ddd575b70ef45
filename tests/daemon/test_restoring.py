"""What a backup brings back, and what it never does: row by row."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from lockd.core.effects import Put
from lockd.daemon.restoring import LOST, Plan, Tables, plan

Rows = dict[str, dict[str, dict[str, Any]]]


def user(index: int, **fields: Any) -> dict[str, Any]:
    return {"index": index, "name": f"user {index}", "status": "OccupiedEnabled", "type": "UnrestrictedUser",
            "rule": "Single", "unique_id": index, "creator": "a", "modifier": "a", **fields}  # fmt: skip


def credential(kind: str, index: int, owner: int, digest: str = "aa", **terms: Any) -> dict[str, Any]:
    row = {"kind": kind, "index": index, "user": owner, "creator": "a", "modifier": "a", "digest": digest}
    return row | ({"terms": terms} if terms else {})


def hours(owner: int, **fields: Any) -> dict[str, Any]:
    return {"kind": "WeekDaySchedule", "user": owner, "index": 1, "days": 127, "start_hour": 8, **fields}


@pytest.fixture
def old() -> Rows:
    """Everything that there may be, once."""
    return {
        "user": {
            "1": user(1), "2": user(2, type="DisposableUser"), "3": user(3, type="WeekDayScheduleUser"),
            "4": user(4), "5": user(5),
        },
        "credential": {
            "PIN:1": credential("PIN", 1, 1, "01"), "PIN:2": credential("PIN", 2, 2, "02"),
            "PIN:3": credential("PIN", 3, 3, "03"), "PIN:4": credential("PIN", 4, 4, "04", uses=3),
            "Phone:1": credential("Phone", 1, 5, "05"), "Fingerprint:1": credential("Fingerprint", 1, 1, "06"),
        },
        "schedule": {"WeekDaySchedule:3:1": hours(3)},
        "state": {
            "property:AutoRelockTime": {"value": 30}, "property:OperatingMode": {"value": "Passage"},
            "spent:PIN:4:1": {"grant": 9}, "lockout:Keypad": {"level": 1}, "codes-guesses": {"hours": [1]},
            "codes": {"serial": "x"}, "codes-floor": {"hour": 5}, "code:a": {"first": 1},
            "energy": {"throws": 5}, "samples:1": {"samples": []}, "way:key": {"proved": 1},
            "phone:lock": {"private": "aa"}, "phone:key:1": {"digest": "05"}, "phone:list": {"lists": {}, "epoch": 4},
        },
    }  # fmt: skip


@pytest.fixture
def now(old: Rows) -> Rows:
    """The same store: nothing has happened since."""
    rows = copy.deepcopy(old)
    rows["state"]["grant:9"] = {"op": {}}
    return rows


EMPTY: Tables = {"user": {}, "credential": {}, "schedule": {}, "state": {}}


def after(now: Tables, planned: Plan) -> Rows:
    """The store with the writes in it."""
    rows: Rows = {name: {key: dict(row) for key, row in table.items()} for name, table in now.items()}
    for write in planned.writes:
        if isinstance(write, Put):
            rows[write.table][write.key] = dict(write.value)
        else:
            del rows[write.table][write.key]
    return rows


def test_a_store_in_which_nothing_happened_stays_as_it_is(old: Rows, now: Rows) -> None:
    planned = plan(old, now, goes_on=True)
    assert planned == Plan((), (), (), (), 0, 0, 0, False, 0)


def test_who_was_removed_comes_back_disabled_and_who_came_later_goes(old: Rows, now: Rows) -> None:
    del now["user"]["1"], now["credential"]["PIN:1"]
    now["user"]["7"], now["credential"]["PIN:7"] = user(7), credential("PIN", 7, 7, "07")
    planned = plan(old, now, goes_on=True)
    rows = after(now, planned)
    assert (planned.disabled, planned.gone) == ((1,), (7,))
    assert rows["user"]["1"]["status"] == "OccupiedDisabled"
    assert rows["credential"]["PIN:1"] == old["credential"]["PIN:1"]
    assert {"7", "PIN:7"}.isdisjoint((*rows["user"], *rows["credential"]))


@pytest.mark.parametrize(
    ("table", "key", "fields", "disabled"),
    [
        ("user", "1", {"status": "OccupiedDisabled"}, (1,)),
        ("user", "1", {"type": "NonAccessUser"}, (1,)),
        ("user", "1", {"rule": "Dual"}, (1,)),
        ("user", "1", {"name": "another", "modifier": "b"}, ()),
        ("credential", "PIN:1", {"digest": "99"}, (1,)),
        ("credential", "PIN:1", {"terms": {"until": 5}}, (1,)),
        ("credential", "PIN:1", {"modifier": "b"}, ()),
        ("schedule", "WeekDaySchedule:3:1", {"days": 1}, (3,)),
    ],
)
def test_what_was_taken_from_somebody_since_is_not_given_back_unseen(
    table: str, key: str, fields: dict[str, Any], disabled: tuple[int, ...], old: Rows, now: Rows
) -> None:
    now[table][key] |= fields
    planned = plan(old, now, goes_on=True)
    assert planned.disabled == disabled
    rows = after(now, planned)
    assert [int(each) for each, row in rows["user"].items() if row["status"] == "OccupiedDisabled"] == list(disabled)
    still = {"status": "OccupiedDisabled"} if table == "user" and disabled else {}
    assert rows[table][key] == old[table][key] | still


def test_uses_of_then_and_since_stay_consumed(old: Rows, now: Rows) -> None:
    now["state"]["spent:PIN:4:2"] = {"grant": 20}
    now["state"]["spent:2"] = {"used": 1}
    del now["state"]["spent:PIN:4:1"]
    rows = after(now, planned := plan(old, now, goes_on=True))
    assert rows["state"]["spent:PIN:4:1"] == {"grant": 9}
    assert rows["state"]["spent:PIN:4:2"] == {"grant": 20}
    assert "spent:PIN:4:3" not in rows["state"]
    assert rows["state"]["spent:2"] == {"used": 1}
    assert planned.used_up == ()


@pytest.mark.parametrize("goes_on", [True, False])
def test_uses_of_which_nobody_knows_are_used_up(goes_on: bool, old: Rows, now: Rows) -> None:
    """The PIN of few uses was set anew meanwhile, and the user of one visit is another; or it is another store."""
    now["credential"]["PIN:4"]["digest"] = "99"
    now["user"]["2"]["type"] = "UnrestrictedUser"
    rows = after(now, planned := plan(old, now, goes_on))
    assert [rows["state"][f"spent:PIN:4:{n}"] for n in (2, 3)] == [LOST, LOST]
    assert rows["state"]["spent:2"] == LOST
    assert planned.used_up == (2, 4)


def test_a_phone_that_was_revoked_stays_so(old: Rows, now: Rows) -> None:
    del now["credential"]["Phone:1"], now["state"]["phone:key:1"]
    now["state"]["phone:list"] = {"barred": ["aa"], "epoch": 4}
    rows = after(now, planned := plan(old, now, goes_on=True))
    assert planned.phones == 1
    assert {"Phone:1", "phone:key:1"}.isdisjoint((*rows["credential"], *rows["state"]))
    assert rows["state"]["phone:list"] == {"barred": ["aa"], "epoch": 4}


def test_codes_lockouts_mode_and_measurements_of_the_same_store_stay(old: Rows, now: Rows) -> None:
    changed: dict[str, Any] = {
        "codes": {"serial": "y"}, "codes-floor": {"hour": 8}, "code:b": {"first": 2}, "lockout:Keypad": {"level": 7},
        "codes-guesses": {"hours": [9]}, "property:OperatingMode": {"value": "Normal"}, "energy": {"throws": 50},
        "way:key": {"proved": 2}, "time": {"boot": "b"}, "relock": {"seconds": 5},
    }  # fmt: skip
    now["state"] |= changed
    del now["state"]["code:a"]
    now["state"]["property:AutoRelockTime"] = {"value": 5}
    rows = after(now, plan(old, now, goes_on=True))
    assert {key: rows["state"][key] for key in changed} == changed
    assert "code:a" not in rows["state"]
    assert rows["state"]["property:AutoRelockTime"] == {"value": 30}


def test_a_new_card_gets_all_but_what_nobody_can_vouch_for(old: Rows) -> None:
    now: Rows = copy.deepcopy(dict(EMPTY))  # type: ignore[arg-type]
    now["state"] = {"codes": {"serial": "z"}, "code:z": {"first": 1}, "codes-floor": {"hour": 7}, "time": {"boot": "b"}}
    rows = after(now, planned := plan(old, now, goes_on=False))
    assert rows["user"] == old["user"]
    assert rows["schedule"] == old["schedule"]
    assert rows["credential"].keys() == old["credential"].keys() - {"Fingerprint:1"}
    assert rows["state"] == {
        "property:AutoRelockTime": {"value": 30}, "spent:PIN:4:1": {"grant": 9}, "spent:PIN:4:2": LOST,
        "spent:PIN:4:3": LOST, "spent:2": LOST, "lockout:Keypad": {"level": 1}, "codes-guesses": {"hours": [1]},
        "codes-floor": {"hour": 7}, "energy": {"throws": 5}, "samples:1": {"samples": []}, "way:key": {"proved": 1},
        "phone:lock": {"private": "aa"}, "phone:key:1": {"digest": "05"}, "phone:list": {"lists": {}, "epoch": 5},
        "time": {"boot": "b"},
    }  # fmt: skip
    assert (planned.fingers, planned.codes, planned.epoch, planned.disabled) == (1, True, 5, ())


def test_no_lockout_of_the_present_ends_by_a_backup(old: Rows) -> None:
    now: Rows = copy.deepcopy(dict(EMPTY))  # type: ignore[arg-type]
    now["state"] = {"lockout:Keypad": {"level": 9}, "codes-guesses": {"hours": [9]}}
    state = after(now, plan(old, now, goes_on=False))["state"]
    assert (state["lockout:Keypad"], state["codes-guesses"]) == ({"level": 9}, {"hours": [9]})


@pytest.mark.parametrize("goes_on", [True, False])
def test_no_holiday_opens_the_door_to_everybody(goes_on: bool, old: Rows, now: Rows) -> None:
    free = {"kind": "HolidaySchedule", "user": 0, "index": 1, "start": 1, "end": 2, "mode": "Passage"}
    old["schedule"] |= {"HolidaySchedule:0:1": free, "HolidaySchedule:0:2": {**free, "index": 2, "mode": "Vacation"}}
    planned = plan(old, now, goes_on)
    assert planned.holidays == 1
    assert after(now, planned)["schedule"].keys() == {"WeekDaySchedule:3:1", "HolidaySchedule:0:2"}


def test_a_finger_comes_back_only_to_the_store_that_knows_its_slot(old: Rows, now: Rows) -> None:
    now["credential"]["Fingerprint:1"]["user"] = 4
    planned = plan(old, now, goes_on=True)
    assert planned.fingers == 1
    assert "Fingerprint:1" not in after(now, planned)["credential"]

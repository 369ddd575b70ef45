"""What status shows at a glance."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from lockd import words
from lockd.cli.status import facts, headline
from lockd.cli.wording import DOORS, FAULTS, STATES
from lockd.dbus import names
from tests.cli.conftest import Ctl
from tests.cli.fake import LOCK, MANAGER, POWER, FakeLockd

QUIET: dict[str, Any] = {**LOCK, **POWER, **MANAGER}


def test_a_quiet_lock_is_two_lines(ctl: Ctl) -> None:
    assert ctl("status").out.splitlines() == ["Locked", "  Door  closed"]


@pytest.mark.parametrize(
    ("changed", "label", "part"),
    [
        ({"Fault": "Jammed"}, "Fault", "lockctl home"),
        ({"ActuatorEnabled": False, "Fault": "ActuatorDisabled"}, "Fault", "lockctl doctor"),
        ({"OperatingMode": "Privacy"}, "Mode", "Privacy: nothing"),
        ({"AutoRelockTime": 30}, "Relocks", "30 s after unlocking"),
        ({"LockoutRemaining": 84}, "Lockout", "after too many wrong codes; 1 min 24 s"),
        ({"TimeState": "Unknown"}, "Clock", "not set"),
        ({"Degraded": ["the bus is gone"]}, "Degraded", "the bus is gone"),
        ({"DoorState": "DoorForcedOpen"}, "Door", "FORCED OPEN"),
    ],
)
def test_what_matters_is_added(changed: dict[str, Any], label: str, part: str) -> None:
    assert label not in dict(facts(QUIET)) or label == "Door"
    assert part in dict(facts({**QUIET, **changed}))[label]


def test_a_moving_bolt_says_so() -> None:
    assert headline({**QUIET, "LockState": "NotFullyLocked", "Motion": "Unlocking"}) == "NOT FULLY LOCKED, unlocking …"


def test_every_word_has_words_for_people() -> None:
    assert set(STATES) == set(get_args(words.LockState))
    assert set(DOORS) == set(get_args(words.DoorState))
    assert set(FAULTS) | {"None"} == set(get_args(words.Fault))


def test_json_is_every_property(ctl: Ctl) -> None:
    assert ctl("status", "--json").document == QUIET


def test_watching_tells_each_change_once(ctl: Ctl, lockd: FakeLockd) -> None:
    def unlocked(fake: FakeLockd) -> None:
        fake.properties[names.LOCK.name]["LockState"] = "Unlocked"

    lockd.changes = [lambda _: None, unlocked, lambda _: False]
    told = [line.split(maxsplit=1)[1] for line in ctl("status", "--watch").out.splitlines()]
    assert told == ["Locked; door closed", "Unlocked; door closed", "lockd is not running; waiting for it"]


def test_watching_tells_nothing_twice_when_only_what_is_not_shown_changes(ctl: Ctl, lockd: FakeLockd) -> None:
    def limited(fake: FakeLockd) -> None:
        fake.properties[names.LOCK.name]["WrongCodeEntryLimit"] = 3

    lockd.changes = [limited]
    assert ctl("status", "--watch").out.count("\n") == 1
    assert ctl("status", "--watch", "--json").out.count("\n") == 1
    lockd.changes = [lambda fake: fake.properties[names.LOCK.name].update(WrongCodeEntryLimit=4)]
    assert ctl("status", "--watch", "--json").out.count("\n") == 2

"""The log on the terminal."""

from __future__ import annotations

import json
import time
from typing import Any

from lockd.cli import log
from lockd.errors import AccessDenied
from tests.cli.conftest import Ctl
from tests.cli.fake import FakeLockd

HOUR = 3_600_000_000


def event(seq: int, hours_ago: float = 0.0, **fields: Any) -> dict[str, Any]:
    when = int(time.time() * 1e6) - int(hours_ago * HOUR)
    return {"seq": seq, "time": when, "kind": "DoorStateChange", "state": "DoorOpen", **fields}


def granted(seq: int, phase: str, **fields: Any) -> dict[str, Any]:
    return event(seq, kind="LockOperation", type="Unlock", source="Keypad", user=1, phase=phase, **fields)


def test_an_empty_log_says_so(ctl: Ctl) -> None:
    assert ctl("log").out == "Nothing happened yet.\n"
    assert ctl("log", "--json").document == []


def test_events_are_told_with_the_names_of_users(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [{"index": 1, "name": "Anna"}]
    lockd.events = [granted(1, "granted"), granted(2, "done", grant=1)]
    heading, *lines = ctl("log").out.splitlines()
    assert heading.split() == ["When", "No", "What"]
    assert [line.split(maxsplit=2)[2] for line in lines] == ["2   Anna unlocked at the keypad"]


def test_who_may_not_know_the_users_reads_numbers(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.refuse["ListUsers"] = AccessDenied("no")
    lockd.events = [granted(2, "done", grant=1)]
    assert "User 1 unlocked" in ctl("log").out


def test_a_grant_without_outcome_is_told_and_all_tells_both(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.events = [granted(1, "granted"), granted(2, "done", grant=1), granted(3, "granted")]
    assert [line.split()[2] for line in ctl("log").out.splitlines()[1:]] == ["2", "3"]
    assert [line.split()[2] for line in ctl("log", "--all").out.splitlines()[1:]] == ["1", "2", "3"]
    assert [entry["seq"] for entry in ctl("log", "--json").document] == [1, 2, 3]


def test_a_call_for_help_is_told_though_the_door_opened_as_usual(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [{"index": 1, "name": "Anna"}]
    forced = [granted(1, "granted", alarm="ForcedUser"), granted(2, "done", grant=1)]
    alarm = "Alarm: a PIN for emergencies was used: someone may be under threat (Anna)"
    expected = [alarm, "Anna unlocked at the keypad"]
    lockd.events = forced
    assert [line.split(maxsplit=3)[3] for line in ctl("log").out.splitlines()[1:]] == expected
    lockd.events, lockd.changes = [], [lambda fake: fake.events.extend(forced)]
    assert [line.split(maxsplit=2)[2] for line in ctl("log", "--follow").out.splitlines()] == expected


def test_bookkeeping_is_told_only_when_all_is_wanted(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.events = [event(1), event(2, kind="System", detail="lockout-goes-on", source="Keypad")]
    lockd.changes = [lambda fake: fake.events.append({**fake.events[1], "seq": len(fake.events) + 1})]
    assert [line.split()[2] for line in ctl("log").out.splitlines()[1:]] == ["1"]
    assert [line.split()[2] for line in ctl("log", "--all").out.splitlines()[1:]] == ["1", "2"]
    assert ctl("log", "--follow").out.count("\n") == 1
    assert ctl("log", "--follow", "--all").out.count("\n") == 4


def test_a_clock_that_was_set_back_hides_nothing(ctl: Ctl, lockd: FakeLockd) -> None:
    wrong = range(log.PAGE - 100, log.PAGE + 100)
    lockd.events = [event(seq, hours_ago=50 if seq in wrong else 0.5) for seq in range(1, 2 * log.PAGE)]
    assert len(ctl("log", "--json", "--since", "1h").document) == 2 * log.PAGE - 1 - len(wrong)


def test_the_newest_are_read_page_by_page(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.events = [event(seq) for seq in range(1, 3 * log.PAGE)]
    assert [entry["seq"] for entry in ctl("log", "--json", "--max", "2").document] == [1498, 1499]
    assert len(ctl("log", "--json").document) == log.NEWEST
    assert len(ctl("log", "--json", "--max", "0").document) == 1499


def test_since_cuts_by_time_whatever_the_pages(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.events = [event(seq, hours_ago=2000 - seq) for seq in range(1, 2001)]
    assert [e["seq"] for e in ctl("log", "--json", "--since", "3h").document] == [1998, 1999, 2000][-3:]
    assert len(ctl("log", "--json", "--since", "1000h").document) == 1000


def test_since_nonsense_is_wrong_usage(ctl: Ctl) -> None:
    assert ctl("log", "--since", "soon").status == 64
    assert ctl("log", "--max", "-1").status == 64


def test_following_tells_what_comes_with_the_nudge_and_without(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.events = [event(1)]
    lockd.changes = [
        lambda fake: fake.events.extend([event(2), event(3)]),
        lambda fake: None,
        lambda fake: fake.events.append(event(4)),
    ]
    documents = [json.loads(line) for line in ctl("log", "--follow", "--json").out.splitlines()]
    assert [each["seq"] for each in documents] == [1, 2, 3, 4]


def test_following_from_now_on_only(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.events = [event(1, hours_ago=5)]
    lockd.changes = [lambda fake: fake.events.append(event(2))]
    assert ctl("log", "--follow", "--since", "1h").out.count("The door was opened") == 1


def test_a_whole_log_is_whole(ctl: Ctl, lockd: FakeLockd) -> None:
    ran = ctl("log", "verify")
    assert (ran.status, ran.out) == (0, "The log is whole: entries 1 to 3.\n")


def test_a_log_with_a_hole_is_status_2(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.report = {"ok": False, "first": 1, "last": 3, "bad": 2, "reason": "an entry is missing"}
    ran = ctl("log", "verify")
    assert ran.status == 2
    assert "at entry 2: an entry is missing" in ran.out
    assert ctl("log", "verify", "--json").document == lockd.report

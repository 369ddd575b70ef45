"""Ten thousand users: nothing takes more steps than with ten, and they take little room."""

from __future__ import annotations

import os
import sys
import tracemalloc
from types import FrameType
from typing import Any

from lockd.core.events import CredentialCleared, CredentialSet, Event, OperationAsked, Presented, UserCleared, UserSet
from lockd.core.instant import Instant
from lockd.core.lock import Lock
from lockd.core.snapshot import Snapshot
from lockd.settings import UserSettings
from tests.core.world import AT_LOCKED, NOON, WIRED, World

FEW, MANY = 10, 10_000
CORE = os.path.join("lockd", "core")
BIG = WIRED.but(users=UserSettings(max=MANY, credentials=6))
#: Finding a gap among so many takes a few steps more, as it is found by halving.
HALVINGS = 40


def number(n: int) -> bytes:
    return n.to_bytes(32, "big")


def crowd(size: int) -> Snapshot:
    """So many users, but for one in the middle and one at the end, with a PIN each."""
    about = {"creator": "uid 1000 (anna)", "modifier": "uid 1000 (anna)"}
    there = [n for n in range(1, size) if n != size // 2]
    users = {str(n): {"index": n, "name": f"person {n}", "unique_id": n, **about} for n in there}
    pins = {f"PIN:{n}": {"kind": "PIN", "index": n, "user": n, "digest": number(n).hex(), **about} for n in there}
    return Snapshot(users, pins, boot="this boot")


def steps(world: World, event: Event) -> int:
    """The lines of the core that it takes."""
    count = 0

    def line(_frame: FrameType, what: str, _arg: Any) -> Any:
        nonlocal count
        count += what == "line"
        return line

    def call(frame: FrameType, _what: str, _arg: Any) -> Any:
        return line if CORE in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        world.submit(event)
    finally:
        sys.settrace(before)
    return count


def acts(size: int) -> list[Event]:
    """Everything that somebody or other does each day; the last of so many is asked for."""
    last, free = size - 1, size // 2
    return [
        OperationAsked("Lock", "Keypad", Presented("PIN", number(last))),
        OperationAsked("Unlock", "Keypad", Presented("PIN", number(size))),
        UserSet("Modify", last, {"name": "Anna", "unique_id": size + 7}),
        UserSet("Add", free, {"unique_id": size + 8}),
        CredentialSet("Add", "PIN", free, free, number(size + 1)),
        CredentialSet("Modify", "PIN", last, last, number(size + 2), {"uses": 2}),
        CredentialSet("Add", "PIN", size, 0, number(size + 3)),
        CredentialCleared("PIN", free),
        UserCleared(last),
    ]


def test_nothing_takes_more_steps_with_ten_thousand_users() -> None:
    few, many = World(BIG, snapshot=crowd(FEW)), World(BIG, snapshot=crowd(MANY))
    for one, other in zip(acts(FEW), acts(MANY), strict=True):
        in_few, in_many = steps(few, one), steps(many, other)
        assert 0 < in_many <= in_few + HALVINGS, (one, in_few, in_many)
    assert len(few.entries(operation="Add")) == len(many.entries(operation="Add")) == 4


def test_a_search_through_everybody_would_be_seen() -> None:
    """The control."""
    few, more = World(BIG, snapshot=crowd(FEW)), World(BIG, snapshot=crowd(10 * FEW))
    everybody = CredentialCleared("PIN", 0xFFFE)
    assert steps(more, everybody) > steps(few, everybody) + 100 * HALVINGS


def test_ten_thousand_users_take_less_than_ten_mib() -> None:
    tracemalloc.start()
    few = Lock(BIG, crowd(FEW), AT_LOCKED, Instant(0.0, NOON, "Trusted"))
    before = tracemalloc.get_traced_memory()[0]
    many = Lock(BIG, crowd(MANY), AT_LOCKED, Instant(0.0, NOON, "Trusted"))
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(many.people.users) - len(few.people.users) == MANY - FEW
    assert grown < 10 * 2**20

"""The way of an operation, event by event: what is asked, what follows, and in which order."""

from __future__ import annotations

import pytest

from lockd.core.effects import Answer, Changed, DriveBolt, Drop, Effect, Entry, Publish, Put, Record, Show, StopBolt
from lockd.core.events import EnterPressed, OperationAsked, Presented, Recorded, Sensed, Started
from lockd.core.instant import Instant
from lockd.core.lock import Lock
from lockd.core.lockout import HELD_RECORDED
from lockd.core.snapshot import Snapshot
from lockd.errors import InvalidCredential, Restricted
from tests.core.world import AT_LOCKED, AT_UNLOCKED, NOON, WIRED, World, digest

AT = Instant(1000.0, NOON, "Trusted")
USER = {"index": 1, "type": "UnrestrictedUser"}
PIN = {"kind": "PIN", "index": 7, "user": 1, "digest": digest("123456").hex()}
HOUSEHOLD = Snapshot({"1": USER}, {"PIN:7": PIN}, boot="this boot", last_seq=40)


@pytest.fixture
def lock() -> Lock:
    return Lock(WIRED, HOUSEHOLD, AT_LOCKED, AT)


def typed(code: str) -> OperationAsked:
    return OperationAsked("Unlock", "Keypad", Presented("PIN", digest(code)))


def entry(kind: str, **fields: object) -> Entry:
    return Entry(kind, NOON, fields)


GRANTED = entry(
    "LockOperation", type="Unlock", source="Keypad", user=1, credentials=[["PIN", 7]], phase="granted"
)  # fmt: skip
DONE = entry(
    "LockOperation", type="Unlock", source="Keypad", user=1, credentials=[["PIN", 7]], phase="done", grant=41
)  # fmt: skip
KEPT = {
    "op": {
        "wish": "Unlock",
        "source": "Keypad",
        "user": 1,
        "detail": "",
        "by": "",
        "relock_s": None,
        "credentials": [["PIN", 7]],
    },
    "type": "Unlock",
}

THROWN = Put("state", "energy", {
    "throws": 1, "duty_s": 0.0, "step": 1.0, "drops": [], "sags": [], "sums": [0.0, 0.0, 0.0],
})  # fmt: skip


def test_a_pin_from_finger_to_bolt(lock: Lock) -> None:
    assert lock.handle(typed("123456"), AT) == (Record(41, GRANTED, (Put("state", "grant:41", KEPT),)),)
    assert lock.handle(Recorded(41, 41), AT) == (
        DriveBolt("Unlocking"), Show("working"), Changed({"Motion": "Unlocking"}),
    )  # fmt: skip
    assert lock.next_deadline() == AT.mono + WIRED.bolt.travel_s
    assert lock.handle(Sensed("locked", False), AT) == (Changed({"LockState": "NotFullyLocked"}),)
    assert lock.handle(Sensed("unlocked", True), AT) == (
        StopBolt(), Record(42, DONE, (THROWN, Drop("state", "grant:41"))), Show("granted"),
        Changed({"LockState": "Unlocked", "Motion": "Idle"}),
    )  # fmt: skip
    assert lock.handle(Recorded(42, 42), AT) == (Publish(DONE, 42),)
    assert lock.next_deadline() is None


def test_a_wrong_pin_is_on_disk_before_anybody_hears_of_it(lock: Lock) -> None:
    tried = entry("LockOperationError", type="Unlock", source="Remote", error="InvalidCredential", by="uid 1")
    row = {"boot": "this boot", "at": AT.mono, "ages": [0.0], "remaining": 0.0, "level": 0, "day": [[0.0, 1]]}
    asked = OperationAsked("Unlock", "Remote", Presented("PIN", digest("0")), request=9, by="uid 1")
    assert lock.handle(asked, AT) == (Record(41, tried, (Put("state", "lockout:Remote", row),)),)
    assert lock.handle(Recorded(41, 41), AT) == (
        Publish(tried, 41), Answer(9, InvalidCredential("That code is not valid.")),
    )  # fmt: skip


def test_a_wrong_pin_fails_locking_as_well() -> None:
    lock = Lock(WIRED, HOUSEHOLD, AT_UNLOCKED, AT)
    tried = entry("LockOperationError", type="Lock", source="Remote", error="InvalidCredential")
    (record,) = lock.handle(OperationAsked("Lock", "Remote", Presented("PIN", digest("0"))), AT)
    assert isinstance(record, Record)
    assert record.entry == tried


def test_enter_alone_locks() -> None:
    lock = Lock(WIRED, HOUSEHOLD, AT_UNLOCKED, AT)
    (record,) = lock.handle(EnterPressed(), AT)
    assert isinstance(record, Record)
    assert record.entry == entry("LockOperation", type="Lock", source="Keypad", phase="granted")


def test_enter_alone_opens_nothing(lock: Lock) -> None:
    effects: tuple[Effect, ...] = lock.handle(EnterPressed(), AT)
    effects += lock.handle(Recorded(41, 41), AT)
    assert not [e for e in effects if isinstance(e, DriveBolt)]
    assert lock.lock_state == "Locked"


def test_a_pin_given_where_none_is_required_is_still_verified() -> None:
    world = World(contacts=AT_UNLOCKED).enrol(1, "123456")
    world.ask("Lock", "Remote", "999999", request=1)
    assert isinstance(world.answers[1], InvalidCredential)
    assert world.drives == 0
    world.ask("Lock", "Remote", "123456", request=2)
    world.wait(1)
    assert world.answers[2] is None
    assert world.lock.lock_state == "Locked"


def test_the_answer_comes_when_the_bolt_has_arrived() -> None:
    world = World()
    world.ask(request=1)
    world.wait(0.3)
    assert world.answers == {}
    world.wait(0.2)
    assert world.answers == {1: None}


def test_without_wait_the_answer_comes_with_the_grant() -> None:
    world = World()
    effects = world.ask(request=1, wait=False)
    assert world.answers == {1: None}
    assert effects.index(Answer(1)) < effects.index(DriveBolt("Unlocking"))
    world.stick()
    world.wait(20)
    assert world.property("Fault") == "Stalled"  # and nobody is answered twice


def test_a_refusal_says_why_in_the_record_and_to_who_asked() -> None:
    world = World().enrol(1, "123456", type="NonAccessUser")
    world.ask("Unlock", "Keypad", "123456", request=1)
    assert isinstance(world.answers[1], Restricted)
    assert world.signals("LockOperationError") == [{
        "type": "NonAccessUserEvent", "source": "Keypad", "error": "Restricted", "user": 1,
        "credentials": [["PIN", 1]],
    }]  # fmt: skip
    assert world.signs == ["refused"]


def test_a_code_that_could_not_be_read_is_busy_and_not_counted() -> None:
    world = World()
    for _ in range(20):
        world.submit(OperationAsked("Unlock", "Remote", Presented("PIN", b"")))
    world.ask("Unlock", "Remote", request=1)
    world.wait(1)
    assert world.answers == {1: None}
    assert len(world.entries(error="Unspecified", detail="busy")) == HELD_RECORDED


def test_the_first_event_of_all_is_recorded(lock: Lock) -> None:
    assert lock.handle(Started(), AT) == (Record(41, entry("System", detail="started")), Show("ready"))


def test_every_grant_leaves_two_records_and_the_signal_carries_the_outcomes_number() -> None:
    world = World().unlocked()
    granted, done = world.trail
    assert (granted[1].fields["phase"], done[1].fields["phase"]) == ("granted", "done")
    assert done[1].fields["grant"] == granted[0]
    assert [(e.seq, e.entry) for e in world.effects if isinstance(e, Publish)] == [done]


def test_who_does_not_wait_is_answered_once_when_it_is_granted() -> None:
    world = World()
    world.ask(request=1, wait=False)
    assert world.answers == {1: None}
    world.wait(1)
    assert world.lock.lock_state == "Unlocked"
    assert len([e for e in world.effects if isinstance(e, Answer)]) == 1

"""Auto-relock: never on an open door, never a stale one, after any unlocking."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lockd.core.effects import Record
from lockd.core.events import PropertySet, Started
from lockd.settings import Settings
from tests.core.world import AT_UNLOCKED, World, wired

DELAY = 30
RELOCKS: Settings = wired({"auto_relock_s": DELAY})


def world(**contacts: bool) -> World:
    return World(RELOCKS, {"locked": True, "unlocked": False, "closed": True} | contacts)


def is_locked(it: World) -> bool:
    return it.lock.lock_state == "Locked"


def by_keypad(it: World) -> None:
    it.enrol(1, "123456").type("123456")


def by_remote(it: World) -> None:
    it.ask()


def by_thumbturn(it: World) -> None:
    it.by_hand("unlocked")


def by_key(it: World) -> None:
    it.sense("spindle", True)
    it.by_hand("unlocked")
    it.sense("spindle", False)


def by_button(it: World) -> None:
    it.press_inside()


@pytest.mark.parametrize("unlock", [by_keypad, by_remote, by_thumbturn, by_key, by_button])
def test_it_applies_to_any_source_of_unlocking(unlock: Callable[[World], None]) -> None:
    it = world()
    unlock(it)
    it.wait(DELAY)
    assert not is_locked(it)
    it.wait(1)
    assert is_locked(it)


def test_its_own_event_says_auto_and_no_user() -> None:
    it = world().enrol(1, "123456")
    it.type("123456")
    it.wait(DELAY + 1)
    assert it.signals("LockOperation")[-1] == {
        "type": "Lock", "source": "Auto", "detail": "relock-timer", "phase": "done", "grant": it._seq - 1,
    }  # fmt: skip


def test_without_a_time_it_stays_unlocked() -> None:
    it = World().unlocked()
    assert it.lock.next_deadline() is None


def test_a_second_unlock_restarts_it() -> None:
    it = world().unlocked()
    it.wait(DELAY - 5)
    it.ask()
    it.wait(DELAY - 1)
    assert not is_locked(it)
    it.wait(2)
    assert is_locked(it)


def test_locking_in_the_meantime_ends_it() -> None:
    it = world().unlocked()
    it.ask("Lock")
    it.wait(1)
    assert it.lock.next_deadline() is None


def test_locking_by_hand_in_the_meantime_ends_it() -> None:
    it = world().unlocked()
    it.by_hand("locked")
    assert it.lock.next_deadline() is None


# The door ------------------------------------------------------------------------------------------


def test_it_never_throws_the_bolt_while_the_door_is_open_and_restarts_whole_at_each_close() -> None:
    it = world().unlocked()
    it.wait(DELAY - 5)
    it.sense("closed", False)
    it.wait(10 * DELAY)
    assert it.drives == 1
    it.sense("closed", True)
    it.wait(DELAY - 1)
    it.sense("closed", False)
    it.sense("closed", True)
    it.wait(DELAY - 1)
    assert not is_locked(it)
    it.wait(2)
    assert is_locked(it)


def test_unlocked_with_the_door_open_it_waits_for_the_close() -> None:
    it = world(closed=False).unlocked()
    it.wait(1000)
    it.sense("closed", True)
    it.wait(DELAY + 1)
    assert is_locked(it)


def test_without_a_door_contact_it_locks_after_its_time() -> None:
    it = World(RELOCKS, {"locked": True, "unlocked": False}).unlocked()
    it.wait(DELAY + 1)
    assert is_locked(it)


def test_a_door_that_opens_while_the_relock_is_being_recorded_is_not_locked() -> None:
    it = world().unlocked()
    it.wait(DELAY - 1)
    it.disk = "hangs"
    it.wait(1)
    it.sense("closed", False)
    it.write()
    it.wait(DELAY)
    assert it.drives == 1
    it.sense("closed", True)
    it.wait(DELAY + 1)
    assert is_locked(it)


# Stale ones ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("boot", ["", "another boot"])
def test_a_restart_never_fires_a_stale_one_but_begins_anew(boot: str) -> None:
    it = world().unlocked()
    it.wait(DELAY - 2)
    again = it.restarted(after_s=10, boot=boot)
    again.submit(Started())
    again.wait(DELAY - 1)
    assert again.drives == 0
    again.wait(2)
    assert is_locked(again)


def test_a_restart_with_the_door_open_waits_for_the_close() -> None:
    it = World(RELOCKS, AT_UNLOCKED | {"closed": False})
    it.submit(Started())
    it.wait(1000)
    assert it.drives == 0
    it.sense("closed", True)
    it.wait(DELAY + 1)
    assert is_locked(it)


def test_who_unlocks_just_before_it_fires_is_not_locked_out_by_it() -> None:
    """Both are on their way to the disk: the unlock first, then the relock that it restarts."""
    it = world().unlocked()
    it.wait(DELAY - 1.3)
    it.disk = "hangs"
    it.ask(request=1)
    it.wait(1)
    assert [r.entry.fields["source"] for r in it.unwritten] == ["Remote", "Auto"]
    it.write()
    it.wait(1)
    assert it.answers == {1: None}
    assert not is_locked(it)
    assert it.entries(source="Auto", phase="failed", detail="busy")
    it.wait(DELAY)
    assert is_locked(it)


def test_passage_mode_stops_one_that_is_being_recorded() -> None:
    it = world().unlocked()
    it.wait(DELAY - 1.3)
    it.disk = "hangs"
    it.submit(PropertySet("OperatingMode", "Passage"))
    it.wait(1)
    it.write()
    it.wait(100)
    assert not is_locked(it)


def test_somebody_who_locks_first_leaves_it_nothing_to_do() -> None:
    it = world().unlocked()
    it.wait(DELAY - 0.7)
    it.disk = "hangs"
    it.wait(0.5)
    it.by_hand("locked")
    it.write()
    it.wait(100)
    assert is_locked(it)
    assert it.drives == 1


# What it is set to ---------------------------------------------------------------------------------


def test_a_new_time_holds_from_now_on() -> None:
    it = world().unlocked()
    it.wait(20)
    it.submit(PropertySet("AutoRelockTime", 5))
    it.wait(6)
    assert is_locked(it)


def test_a_time_of_nothing_stops_it() -> None:
    it = world().unlocked()
    it.submit(PropertySet("AutoRelockTime", 0))
    it.wait(1000)
    assert not is_locked(it)


def test_passage_mode_stops_it_and_its_end_begins_it_anew() -> None:
    it = world().unlocked()
    it.submit(PropertySet("OperatingMode", "Passage"))
    it.wait(1000)
    assert not is_locked(it)
    it.submit(PropertySet("OperatingMode", "Normal"))
    it.wait(DELAY - 1)
    assert not is_locked(it)
    it.wait(2)
    assert is_locked(it)


@pytest.mark.parametrize("mode", ["Normal", "Passage"])
def test_unlock_with_timeout_brings_its_own_time_whatever_the_mode(mode: str) -> None:
    it = World(wired({"mode": mode}))
    it.ask(relock_s=7)
    it.wait(7)
    assert not is_locked(it)
    it.wait(1)
    assert is_locked(it)


def test_a_change_of_the_usual_time_does_not_touch_an_unlocks_own() -> None:
    it = World()
    it.ask(relock_s=7)
    it.wait(1)
    it.submit(PropertySet("AutoRelockTime", 100))
    it.submit(PropertySet("OperatingMode", "Vacation"))
    it.wait(7)
    assert is_locked(it)
    it.ask()
    it.wait(1)
    it.submit(PropertySet("AutoRelockTime", 10))
    it.wait(11)
    assert is_locked(it)


def test_an_unlocks_own_time_is_kept_until_the_bolt_is_out_again() -> None:
    it = World()
    for _ in range(2):
        it.ask(relock_s=7)
        it.wait(1)
        assert it.rows["state", "relock"].value == {"seconds": 7}
        writes = len([e for e in it.effects if isinstance(e, Record) and any(w.key == "relock" for w in e.writes)])
        it.ask(relock_s=7)
        assert writes == len(
            [e for e in it.effects if isinstance(e, Record) and any(w.key == "relock" for w in e.writes)]
        )
        it.by_hand("locked")
        assert ("state", "relock") not in it.rows


def test_the_last_of_those_who_joined_and_brought_a_time_sets_it() -> None:
    it = World()
    it.ask(relock_s=70)
    it.ask(relock_s=7)
    it.ask()
    it.wait(8)
    assert is_locked(it)


# What gets in its way ------------------------------------------------------------------------------


def test_a_relock_that_jams_is_not_tried_for_ever() -> None:
    it = world().unlocked()
    it.sticks = True
    it.wait(10_000)
    assert it.drives == 1 + 3
    assert it.alarms == ["LockJammed"]


def test_a_relock_that_a_key_stopped_begins_anew() -> None:
    it = world().unlocked()
    it.wait(DELAY - 0.5)
    it.stick()
    it.sense("spindle", True)
    it.sense("spindle", False)
    it.sticks = False
    it.wait(DELAY - 1)
    assert not is_locked(it)
    it.wait(2)
    assert is_locked(it)


def test_a_bolt_that_power_left_unlocked_is_relocked_when_it_is_back() -> None:
    it = world().unlocked()
    it.power(False)
    it.wait(1000)
    assert it.drives == 1
    assert len(it.entries(source="Auto", phase="failed")) == 1
    it.power(True)
    it.wait(DELAY + 1)
    assert is_locked(it)


@pytest.mark.parametrize("boot", ["", "another boot"])
def test_an_unlocks_own_time_outlives_lockd(boot: str) -> None:
    it = World()
    it.ask(relock_s=20)
    it.wait(1)
    again = it.restarted(boot=boot)
    again.submit(Started())
    again.wait(19)
    assert not is_locked(again)
    again.wait(2)
    assert is_locked(again)
    again.by_hand("unlocked")
    once_more = again.restarted()
    once_more.submit(Started())
    once_more.wait(100)
    assert not is_locked(once_more), "the time of one unlocking is not that of another"


def test_an_unlocks_own_time_outlives_a_kill_in_mid_throw() -> None:
    it = World()
    it.ask(relock_s=20)
    it.contacts.update(AT_UNLOCKED)  # it arrived, and nobody was there to see it
    again = it.restarted()
    again.submit(Started())
    again.wait(22)
    assert is_locked(again)

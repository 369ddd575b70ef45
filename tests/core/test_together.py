"""Rules Dual and Tri: several credentials of one person, in any order, within a time."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from types import MappingProxyType
from typing import Any

import pytest

from lockd.core.events import CredentialCleared, CredentialSet, UserSet
from lockd.errors import InvalidCredential, Restricted
from lockd.settings import UserSettings
from lockd.words import Source
from tests.core.world import World, digest, wired

PINS = ("111111", "222222", "333333")
DURESS = "999990"
WINDOW_S = 30


def home(rule: str = "Dual", lock: Mapping[str, Any] = MappingProxyType({}), **fields: Any) -> World:
    """User 1 with three PINs, and user 2 with one who needs no more."""
    settings = wired(lock).but(users=UserSettings(rule_window_s=WINDOW_S))
    world = World(settings).enrol(9, "999999").enrol(1, PINS[0], rule=rule, **fields)
    for index, pin in enumerate(PINS[1:], 2):
        world.submit(CredentialSet("Add", "PIN", index, 1, digest(pin)))
    return world


def show(world: World, pin: str, source: Source = "Keypad", wait_s: float = 1) -> Any:
    """The answer to it."""
    request = len(world.answers) + 1
    world.ask("Unlock", source, pin, request)
    world.wait(wait_s)
    return world.answers[request]


def opens(world: World, *pins: str) -> bool:
    """Whether the last of them opens, and none before."""
    answers = [show(world, pin) for pin in pins]
    assert all(isinstance(each, Restricted) and each.detail == "credential-needed" for each in answers[:-1])
    opened = answers[-1] is None
    if opened:
        world.ask("Lock", "Remote")
        world.wait(1)
    return opened


@pytest.mark.parametrize("order", [*permutations(PINS, 2)])
def test_two_different_credentials_open_in_any_order(order: tuple[str, ...]) -> None:
    world = home()
    assert opens(world, *order)
    assert len(world.entries(phase="granted", user=1)) == 1
    used = [["PIN", PINS.index(pin) + 1] for pin in order]
    assert world.signals("LockOperation")[0]["credentials"] == used


@pytest.mark.parametrize("order", [*permutations(PINS)])
def test_of_a_tri_it_takes_three(order: tuple[str, ...]) -> None:
    world = home("Tri")
    assert opens(world, *order)
    assert not opens(world, *order[:2])


def test_a_first_one_is_answered_by_a_sign_and_recorded_and_signalled_to_nobody() -> None:
    world = home("Tri")
    assert not opens(world, PINS[0])
    assert world.signs == ["more"]
    entry, = world.entries(detail="credential-shown")
    assert entry.kind == "System"
    assert entry.fields == {
        "detail": "credential-shown", "source": "Keypad", "user": 1, "count": 2, "credentials": [["PIN", 1]],
    }  # fmt: skip
    assert world.signals("LockOperation") == world.signals("LockOperationError") == []
    assert world.drives == 0


def test_the_answer_says_how_many_and_for_how_long() -> None:
    world = home("Tri")
    assert str(show(world, PINS[0], "Remote")).startswith("2 more of this user's credentials are needed")
    said = str(show(world, PINS[1], "Remote"))
    assert said.startswith("1 more of this user's credentials is needed")
    assert "within 30 s" in said
    assert world.signs == []
    assert show(world, PINS[2], "Remote") is None


def test_the_same_one_again_is_not_another_one() -> None:
    world = home()
    assert not opens(world, PINS[0], PINS[0], PINS[0])
    assert opens(world, PINS[1])


def test_they_may_be_shown_at_different_places() -> None:
    world = home("Tri")
    assert show(world, PINS[0], "ProprietaryRemote").detail == "credential-needed"
    assert show(world, PINS[1], "RFID").detail == "credential-needed"
    assert show(world, PINS[2], "Keypad") is None


@pytest.mark.parametrize(("between_s", "expected"), [(WINDOW_S - 1, True), (WINDOW_S, True), (WINDOW_S + 0.1, False)])
def test_the_time_between_them_is_bounded(between_s: float, expected: bool) -> None:
    world = home()
    show(world, PINS[0], wait_s=between_s)
    assert (show(world, PINS[1]) is None) is expected


def test_all_three_are_within_one_time() -> None:
    world = home("Tri")
    show(world, PINS[0], wait_s=20)
    show(world, PINS[1], wait_s=20)
    assert show(world, PINS[2]).detail == "credential-needed"  # the first is too long ago
    assert show(world, PINS[0]) is None


def test_what_opened_once_opens_no_second_time() -> None:
    world = home()
    assert opens(world, PINS[0], PINS[1])
    assert not opens(world, PINS[1])


def test_another_person_s_credential_neither_helps_nor_harms() -> None:
    world = home()
    world.submit(UserSet("Modify", 9, {"rule": "Dual"}))
    assert not opens(world, PINS[0], "999999")
    assert opens(world, PINS[1])


def test_nothing_tells_whether_two_first_ones_are_of_one_person() -> None:
    world = home("Tri")
    world.submit(UserSet("Modify", 9, {"rule": "Tri"}))
    assert show(world, PINS[0]) == show(world, "999999")
    assert world.signs == ["more", "more"]


def test_who_needs_one_comes_in_between() -> None:
    world = home()
    show(world, PINS[0])
    assert show(world, "999999") is None
    world.ask("Lock")
    world.wait(1)
    assert show(world, PINS[1]) is None


def test_a_restart_forgets_the_first_one() -> None:
    world = home()
    show(world, PINS[0])
    assert not opens(world.restarted(), PINS[1])


@pytest.mark.parametrize("change", [
    CredentialCleared("PIN", 1), CredentialSet("Modify", "PIN", 1, 0, digest("444444")),
])  # fmt: skip
def test_one_that_was_changed_or_removed_since_does_not_count(change: Any) -> None:
    world = home()
    show(world, PINS[0])
    world.submit(change)
    assert not opens(world, PINS[1])


def test_a_pin_changed_since_is_no_second_one() -> None:
    world = home()
    show(world, PINS[0])
    world.submit(CredentialSet("Modify", "PIN", 1, 0, digest("444444")))
    assert not opens(world, "444444")


def test_wrong_ones_between_count_and_a_first_right_one_forgives_none() -> None:
    """Else whoever holds one of two could try the other without end."""
    world = home(lock={"wrong_code_limit": 3})
    for _ in range(2):
        show(world, PINS[0])
        assert isinstance(show(world, "000000"), InvalidCredential)
    show(world, PINS[0])
    show(world, "000000")
    assert show(world, PINS[1]).detail == "locked-out"
    assert world.alarms == ["WrongCodeEntryLimit"]


def test_both_together_make_the_wrong_ones_forgotten() -> None:
    world = home(lock={"wrong_code_limit": 3})
    for _ in range(3):
        show(world, "000000")
        show(world, "000000")
        assert opens(world, PINS[0], PINS[1])


def test_what_the_rules_refuse_is_refused_at_the_first() -> None:
    world = home(type="WeekDayScheduleUser")
    assert show(world, PINS[0]).detail == "schedule-shut"
    world.week()
    assert opens(world, PINS[0], PINS[1])


def test_a_use_is_used_by_both_together() -> None:
    world = home(type="DisposableUser")
    show(world, PINS[0])
    assert world.lock.people.spent == {}
    assert show(world, PINS[1]) is None
    assert show(world, PINS[2]).name == "DisabledUserDenied"


def test_a_forced_user_calls_for_help_once_he_is_in() -> None:
    world = home(type="ForcedUser")
    show(world, PINS[0])
    assert not world.entries(alarm="ForcedUser")
    show(world, PINS[1])
    assert world.entries(alarm="ForcedUser")


def under_duress(*others: str, rule: str = "Dual") -> World:
    """User 1 with these usual PINs from 1 on, a card 1, and the duress PIN 9."""
    world = World(wired()).enrol(1, others[0], rule=rule)
    for index, pin in enumerate(others[1:], 2):
        world.give(pin, index)
    world.submit(CredentialSet("Add", "RFID", 1, 1, digest("card")))
    world.give(DURESS, 9, duress=True)
    return world


def present(world: World, what: str, request: int) -> Any:
    """The answer to a PIN or a card."""
    if what == "card":
        world.present("RFID", "card", "RFID", request)
    else:
        world.type(what, request=request)
    world.wait(1)
    return world.answers[request]


@pytest.mark.parametrize(("pins", "shown", "told"), [
    (PINS[:1], (DURESS, "card"), [["PIN", 1], ["RFID", 1]]),
    (PINS[:1], ("card", DURESS), [["RFID", 1], ["PIN", 1]]),
    (PINS[:2], (PINS[0], DURESS), [["PIN", 1], ["PIN", 2]]),
    (PINS[:2], (DURESS, PINS[0]), [["PIN", 2], ["PIN", 1]]),
    (PINS[:2], (PINS[1], DURESS), [["PIN", 2], ["PIN", 1]]),
])  # fmt: skip
def test_a_duress_pin_among_others_is_told_as_a_usual_one_and_the_number_is_right(
    pins: tuple[str, ...], shown: tuple[str, ...], told: list[list[Any]]
) -> None:
    world = under_duress(*pins)
    assert present(world, shown[0], 501).detail == "credential-needed"
    assert present(world, shown[1], 502) is None
    assert [signal["credentials"] for signal in world.signals("LockOperation")] == [told]
    assert [entry.fields["credentials"] for entry in world.entries(phase="granted")] == [told]
    assert world.entries(alarm="ForcedUser")
    assert "ForcedUser" not in world.alarms
    usual = under_duress(*pins)
    usual_pin = next(pin for pin in pins if pin not in shown)
    for number, each in enumerate(shown, 501):
        present(usual, usual_pin if each == DURESS else each, number)
    assert [usual.signals("LockOperation"), usual.signs, usual.drives] == [
        world.signals("LockOperation"), world.signs, world.drives,
    ]  # fmt: skip


@pytest.mark.parametrize("order", [(PINS[0], DURESS), (DURESS, PINS[0])])
def test_the_usual_pin_and_the_one_for_duress_are_one_where_there_is_no_other(order: tuple[str, str]) -> None:
    world = under_duress(PINS[0])
    for request, pin in enumerate(order, 501):
        assert present(world, pin, request).detail == "credential-needed"
    assert world.drives == 0
    assert present(world, "card", 503) is None
    assert world.signals("LockOperation")[0]["credentials"] == [["PIN", 1], ["RFID", 1]]
    assert world.entries(alarm="ForcedUser")


def test_who_has_only_those_two_has_too_few_and_is_told_so() -> None:
    world = under_duress(PINS[0])
    world.submit(CredentialCleared("RFID", 1))
    assert world.lock.explain(1, 0, world.at)["reason"] == "Too few credentials: it takes 2, and there is 1."


def test_a_duress_pin_of_who_has_no_usual_one_is_told_as_it_is() -> None:
    world = under_duress(PINS[0])
    world.submit(CredentialCleared("PIN", 1))
    assert present(world, "card", 501).detail == "credential-needed"
    assert present(world, DURESS, 502) is None
    assert world.signals("LockOperation")[0]["credentials"] == [["RFID", 1], ["PIN", 9]]


def test_a_dead_disk_keeps_nobody_from_showing_the_second() -> None:
    world = home()
    world.disk = "fails"
    assert show(world, PINS[0]).detail == "credential-needed"
    assert show(world, PINS[1], wait_s=4) is None



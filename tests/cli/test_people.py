"""Users by index or name."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from lockd.cli.people import SHORT, TYPES, called, find, free_place, pins
from lockd.errors import NotFound, ResourceExhausted
from lockd.words import UserType

ANNA = {"index": 1, "name": "Anna", "credentials": [("PIN", 3), ("RFID", 1)]}
BERT = {"index": 2, "name": "bert", "credentials": []}
TWO = {"index": 4, "name": "2"}
USERS: list[dict[str, Any]] = [ANNA, BERT, TWO]


@pytest.mark.parametrize(("wanted", "found"), [("1", ANNA), ("Anna", ANNA), ("BERT", BERT), ("2", BERT), ("4", TWO)])
def test_a_user_is_found_by_index_then_name_then_any_case(wanted: str, found: object) -> None:
    assert find(USERS, wanted) == found


def test_an_unknown_user_is_not_found_by_the_name_that_was_typed() -> None:
    with pytest.raises(NotFound, match="Carla"):
        find(USERS, "Carla")


def test_a_name_of_two_users_asks_for_the_index() -> None:
    with pytest.raises(NotFound, match="1 and 5"):
        find([*USERS, {"index": 5, "name": "Anna"}], "Anna")


def test_an_exact_name_goes_before_one_of_another_case() -> None:
    assert find([*USERS, {"index": 5, "name": "anna"}], "anna")["index"] == 5


def test_the_lowest_free_place_is_taken() -> None:
    assert free_place([1, 2, 4], 10, "users") == 3


def test_no_place_says_so() -> None:
    with pytest.raises(ResourceExhausted, match="all 2 places for users"):
        free_place([1, 2], 2, "users")


def test_pins_know_their_owner() -> None:
    assert pins(USERS) == {3: ANNA}


def test_every_user_type_has_a_short_word_and_only_enforced_ones_may_be_given() -> None:
    assert set(SHORT) == set(get_args(UserType))
    assert set(TYPES.values()) == set(get_args(UserType))
    assert TYPES["remote-only"] == "RemoteOnlyUser"


def test_a_user_is_called_by_name_and_number() -> None:
    assert called(ANNA) == "Anna (user 1)"
    assert called({"index": 9, "name": ""}) == "user 9"

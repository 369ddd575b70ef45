"""PINs that are easy to guess, and those that are not."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd.daemon.quality import duress_variant, neighbours, weaknesses

COUNTS, REPEATS, DATES = "Its digits count up or down", "Its digits repeat", "It is, or holds, a year or a date"
pins = st.text("0123456789", min_size=4, max_size=10)


@pytest.mark.parametrize(("pin", "why"), [
    ("1234", COUNTS), ("4321", COUNTS), ("123456", COUNTS), ("987654", COUNTS), ("7890", COUNTS), ("13579", COUNTS),
    ("112233", COUNTS), ("123321", COUNTS), ("12344321", COUNTS),
    ("0000", REPEATS), ("111111", REPEATS), ("121212", REPEATS), ("258258", REPEATS), ("848448", REPEATS),
    ("1984", DATES), ("2026", DATES), ("748291984"[-8:], DATES), ("198473", DATES), ("31121984", DATES),
    ("19841231", DATES), ("311284", DATES), ("123184", DATES), ("841231", DATES), ("3112", DATES), ("071984", DATES),
])  # fmt: skip
def test_a_pin_that_is_easy_to_guess_says_why(pin: str, why: str) -> None:
    assert why in weaknesses(pin)


@pytest.mark.parametrize("pin", ["8305", "739164", "580472", "9402857", "60418273"])
def test_a_good_pin_has_nothing_said_of_it(pin: str) -> None:
    assert weaknesses(pin) == []


@pytest.mark.parametrize("digits", [6, 8])
def test_most_pins_are_good_ones(digits: int) -> None:
    """A rule that is against everything would be none."""
    chance = random.Random(7)
    tried = ["".join(chance.choices("0123456789", k=digits)) for _ in range(4000)]
    assert sum(bool(weaknesses(pin)) for pin in tried) < len(tried) * 0.2


@given(pins)
def test_the_neighbours_of_a_pin_differ_from_it_in_one_digit(pin: str) -> None:
    near = list(neighbours(pin))
    assert len(near) == len(set(near)) == 9 * len(pin)
    assert all(sum(a != b for a, b in zip(pin, other, strict=True)) == 1 for other in near)


@given(pins)
def test_a_duress_variant_is_never_its_own_pin_nor_another_ones_of_the_same_beginning(pin: str) -> None:
    assert duress_variant(pin) in neighbours(pin)
    again = pin
    for _ in range(10):
        again = duress_variant(again)
    assert again == pin

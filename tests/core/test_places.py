"""The numbers that are taken: the same answers as a search through all of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lockd.core.places import Places

MOST = 12


@given(st.lists(st.integers(1, MOST)), st.sets(st.integers(1, MOST)), st.integers(0, MOST))
def test_the_next_in_use_and_the_next_free(taken: list[int], left: set[int], after: int) -> None:
    places = Places()
    for index in taken:
        places.take(index)
    for index in left & set(taken):
        places.leave(index)
    kept = set(taken) - left
    assert len(places) == len(kept)
    assert places.following(after) == min((i for i in kept if i > after), default=0)
    assert places.free(MOST, after) == next((i for i in range(after + 1, MOST + 1) if i not in kept), 0)


def test_all_taken() -> None:
    places = Places()
    for index in (1, 2, 3, 4):
        places.take(index)
    assert (places.free(4), places.free(5), places.free(9, after=7)) == (0, 5, 8)


def test_what_is_left_is_free_and_what_is_taken_twice_is_left_at_once() -> None:
    places = Places()
    for index in (3, 1, 3):
        places.take(index)
    assert (len(places), places.following(0), places.following(1), places.following(3)) == (2, 1, 3, 0)
    places.leave(3)
    assert (len(places), places.following(1), places.free(9)) == (1, 0, 2)

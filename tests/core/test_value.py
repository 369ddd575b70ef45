"""Records that look like frozen dataclasses and cost nothing."""

from __future__ import annotations

import copy
import pickle

import pytest

from lockd.value import Value, secret


class Point(Value):
    x: int
    y: int = 0
    _private: int = 0


class Named(Point):
    name: str = "origin"
    key: bytes = secret(default=b"k")


class Sealed(Value):
    data: bytes = secret()


def test_fields_are_the_annotations_in_order_the_bases_first() -> None:
    assert Named(1, 2, "a") == Named(x=1, y=2, name="a", key=b"k")
    assert Named(1).name == "origin"
    assert "x" in Named.__match_args__


def test_a_record_can_be_matched_by_place() -> None:
    match Point(3, 4):
        case Point(x, y):
            assert (x, y) == (3, 4)


@pytest.mark.parametrize(("args", "named"), [
    ((), {}), ((1, 2, 3, 4, 5, 6), {}), ((1,), {"x": 1}), ((1,), {"z": 1}), ((), {"y": 1}),
])  # fmt: skip
def test_what_does_not_fit_is_an_error(args: tuple[int, ...], named: dict[str, int]) -> None:
    with pytest.raises(TypeError, match="Point"):
        Point(*args, **named)


def test_it_cannot_be_changed_but_copied_with_changes() -> None:
    point = Point(1, 2)
    with pytest.raises(AttributeError, match="immutable"):
        point.x = 5
    with pytest.raises(AttributeError, match="immutable"):
        del point.x
    assert point.but(x=5) == Point(5, 2)
    assert point == Point(1, 2)
    with pytest.raises(TypeError, match="z"):
        point.but(z=1)


def test_it_is_equal_to_one_of_its_own_type_with_the_same_fields() -> None:
    assert Point(1, 2) == Point(1, 2)
    assert Point(1, 2) != Point(1, 3)
    assert Point(1) != Named(1)
    assert Point(1) != (1, 0)
    assert len({Point(1), Point(1, 0), Point(2)}) == 2


def test_its_repr_shows_every_field_but_secrets() -> None:
    assert repr(Named(1, key=b"hidden")) == "Named(x=1, y=0, name='origin', key=…)"
    assert repr(Sealed(b"hidden")) == "Sealed(data=…)"


def test_a_secret_without_a_default_has_to_be_given() -> None:
    with pytest.raises(TypeError, match="data"):
        Sealed()


def test_it_can_be_copied_and_pickled() -> None:
    assert copy.deepcopy(Point(1, 2)) == Point(1, 2)
    assert pickle.loads(pickle.dumps(Point(1, 2))) == Point(1, 2)

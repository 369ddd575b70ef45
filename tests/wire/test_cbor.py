"""CBOR from outside: bounded before it is made into anything, and one encoding a value."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress
from typing import Any

import cbor2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lockd.wire import cbor
from lockd.wire.errors import MessageError

WHOLE = st.integers(-(2**64), 2**64 - 1)
PLAIN = st.none() | st.booleans() | WHOLE | st.binary(max_size=40) | st.text(max_size=40)
KEYS = st.text(max_size=5)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@given(VALUES)
@settings(max_examples=60, deadline=None)
def test_what_is_encoded_is_decoded(value: Any) -> None:
    try:
        assert cbor.decode(cbor.encode(value)) == value
    except MessageError as error:
        assert "too deep" in str(error)


@given(st.binary(max_size=120))
@settings(max_examples=250, deadline=None)
@example(bytes.fromhex("9b7fffffffffffffff"))
@example(bytes.fromhex("a1616101"))
def test_arbitrary_bytes_raise_nothing_else_and_have_one_encoding(data: bytes) -> None:
    try:
        value = cbor.decode(data)
    except MessageError:
        return
    assert cbor.encode(value) == data


@given(VALUES, st.data())
@settings(max_examples=60, deadline=None)
def test_altered_bytes_raise_nothing_else(value: Any, data: st.DataObject) -> None:
    encoded = bytearray(cbor.encode(value))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    with suppress(MessageError):
        assert cbor.encode(cbor.decode(bytes(encoded))) == bytes(encoded)


REFUSED = {
    "nothing": ("", "ends too early"),
    "a head cut off": ("19ff", "ends too early"),
    "a string cut off": ("4401", "ends too early"),
    "a list cut off": ("8201", "ends too early"),
    "a list of 2**63": ("9b7fffffffffffffff", "ends too early"),
    "two values": ("0101", "more than one"),
    "a longer head than needed": ("1801", "not deterministic"),
    "keys out of order": ("a2616201616101", "not deterministic"),
    "a key twice": ("a2616101616101", "not deterministic"),
    "a number as key": ("a10101", "no short text"),
    "a long key": ("a17818" + "61" * 24 + "01", "no short text"),
    "a list as key": ("a18001", "no short text"),
    "no UTF-8": ("61ff", "not UTF-8"),
    "a tag": ("c001", "does not use"),
    "a float": ("f93c00", "does not use"),
    "undefined": ("f7", "does not use"),
    "an open list": ("9fff", "does not use"),
    "a reserved head": ("1c", "does not use"),
    "seven lists": ("81" * 7 + "01", "too deep"),
    "513 values": ("990201" + "01" * 513, "too many"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what: str) -> None:
    data, why = REFUSED[what]
    with pytest.raises(MessageError, match=why):
        cbor.decode(bytes.fromhex(data))


def test_as_much_as_is_allowed() -> None:
    for data in ("81" * 6 + "01", "9901ff" + "01" * 511, "a177" + "61" * 23 + "01", "80", "a0"):
        assert cbor.encode(cbor.decode(bytes.fromhex(data))) == bytes.fromhex(data)


def test_a_map_is_asked_for() -> None:
    assert cbor.decode_map(bytes.fromhex("a0")) == {}
    with pytest.raises(MessageError, match="not a map"):
        cbor.decode_map(bytes.fromhex("80"))


def test_lengths_that_lie_cost_no_memory() -> None:
    """The control: a library that believes them makes room for what is announced, or says so otherwise."""
    lies = [bytes((major << 5 | 27,)) + (2**40).to_bytes(8, "big") + b"x" * 50 for major in (2, 3, 4, 5)]
    tracemalloc.start()
    for lie in lies * 100:
        with pytest.raises(MessageError):
            cbor.decode(lie)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 200_000
    with pytest.raises((cbor2.CBORDecodeError, MemoryError, EOFError)):
        cbor2.loads(lies[0])

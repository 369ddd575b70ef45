"""Frames: cut to what fits, put together in order and in time, and nothing else taken for a message."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockd.wire.errors import FramingError
from lockd.wire.framing import CLEAR_ERROR, DATA, FIRST, HANDSHAKE_1, LAST, MAX_MESSAGE, Message, Reassembler, fragments

KINDS = frozenset((HANDSHAKE_1, DATA))


def together(frames: tuple[bytes, ...], tag: int | None = None, gap_s: float = 0.0) -> Message | None:
    reassembler = Reassembler(KINDS, tag)
    *but_last, last = frames
    for number, frame in enumerate(but_last):
        assert reassembler.feed(frame, 0, number * gap_s) is None
    return reassembler.feed(last, 0, len(but_last) * gap_s)


@given(st.binary(min_size=1, max_size=MAX_MESSAGE), st.integers(0, 600), st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_what_is_cut_is_put_together(body: bytes, mtu: int, tag: int) -> None:
    frames = fragments(DATA, tag, body, mtu)
    assert max(map(len, frames)) <= max(20, min(mtu - 3, 244))
    assert together(frames, tag) == Message(DATA, body)


@pytest.mark.parametrize(("mtu", "longest"), [(0, 20), (22, 20), (23, 20), (24, 21), (100, 97), (247, 244), (517, 244)])
def test_no_frame_is_longer_than_the_connection_takes(mtu: int, longest: int) -> None:
    frames = fragments(DATA, 7, bytes(2048), mtu)
    assert {len(frame) for frame in frames[:-1]} == {longest}
    assert together(frames) == Message(DATA, bytes(2048))


def test_the_layout() -> None:
    assert fragments(DATA, 0xAB, b"hello", 23) == (bytes.fromhex("c0ab100005") + b"hello",)
    long = fragments(HANDSHAKE_1, 1, bytes(range(50)), 23)
    assert [frame[:5].hex() for frame in long] == ["8001010032", "01010f1011", "4201212223"]


def test_the_counter_goes_round() -> None:
    flags = [frame[0] for frame in fragments(DATA, 1, bytes(2048), 23)]
    assert len(flags) == 114
    assert [flag & 0x3F for flag in flags] == [n % 64 for n in range(114)]


def test_too_long_to_send() -> None:
    with pytest.raises(FramingError):
        fragments(DATA, 1, bytes(MAX_MESSAGE + 1), 247)


WHOLE = fragments(DATA, 9, bytes(range(60)), 23)

REFUSED = {
    "at an offset": ([WHOLE[0]], 5, "offset"),
    "empty": ([b""], 0, "frame of 0"),
    "two bytes": ([WHOLE[0][:2]], 0, "frame of 2"),
    "longer than GATT has": ([bytes((FIRST, 9, DATA, 2, 0)) + bytes(508)], 0, "frame of 513"),
    "the second one first": ([WHOLE[1]], 0, "later one before"),
    "the first one twice": ([WHOLE[0], WHOLE[0]], 0, "first frame in"),
    "one left out": ([WHOLE[0], WHOLE[2]], 0, "a gap"),
    "one twice": ([WHOLE[0], WHOLE[1], WHOLE[1]], 0, "a gap"),
    "a first one that counts": ([bytes((FIRST | 1,)) + WHOLE[0][1:]], 0, "a gap"),
    "an unknown type": ([bytes((FIRST, 9, CLEAR_ERROR, 0, 1, 1))], 0, "type 31"),
    "no length": ([bytes((FIRST, 9, DATA))], 0, "with 0 bytes"),
    "length 0": ([bytes((FIRST | LAST, 9, DATA, 0, 0))], 0, "with 0 bytes"),
    "length 2049": ([bytes((FIRST, 9, DATA, 8, 1)) + bytes(100)], 0, "with 2049 bytes"),
    "length 65535": ([bytes((FIRST, 9, DATA, 255, 255)) + bytes(100)], 0, "with 65535 bytes"),
    "more than it says": ([bytes((FIRST, 9, DATA, 0, 2)) + bytes(3)], 0, "longer than its message"),
    "nothing in it": ([bytes((FIRST, 9, DATA, 0, 9))], 0, "or empty"),
    "the last one before the end": ([bytes((FIRST | LAST, 9, DATA, 0, 9)) + bytes(8)], 0, "shorter or longer"),
    "whole, but not the last one": ([bytes((FIRST, 9, DATA, 0, 9)) + bytes(9)], 0, "shorter or longer"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what: str) -> None:
    frames, offset, why = REFUSED[what]
    reassembler = Reassembler(KINDS)
    for frame in frames[:-1]:
        reassembler.feed(frame, 0, 0.0)
    with pytest.raises(FramingError, match=why):
        reassembler.feed(frames[-1], offset, 0.0)


def test_frames_of_another_tag_are_not_ours() -> None:
    reassembler = Reassembler(KINDS, 9)
    other = fragments(DATA, 8, bytes(range(60)), 23)
    taken = [reassembler.feed(frame, 0, 0.0) for pair in zip(other, WHOLE, strict=True) for frame in pair]
    assert taken[-1] == Message(DATA, bytes(range(60)))
    assert not any(taken[:-1])


def test_the_tag_is_that_of_the_first_frame() -> None:
    reassembler = Reassembler(KINDS)
    assert (reassembler.tag, reassembler.deadline) == (None, None)
    reassembler.feed(WHOLE[0], 0, 1.0)
    assert (reassembler.tag, reassembler.deadline) == (9, 6.0)
    assert reassembler.feed(bytes((FIRST, 8, HANDSHAKE_1, 0, 9, 1)), 0, 1.0) is None


def test_five_seconds_from_the_first_frame_whatever_comes_between() -> None:
    assert together(WHOLE, gap_s=4.9 / (len(WHOLE) - 1)) is not None
    with pytest.raises(FramingError, match="too long"):
        together(WHOLE, gap_s=5.0 / (len(WHOLE) - 1))


def test_another_message_after_the_first() -> None:
    reassembler = Reassembler(KINDS)
    for _ in range(3):
        assert [reassembler.feed(frame, 0, 0.0) for frame in WHOLE][-1] == Message(DATA, bytes(range(60)))
        assert reassembler.deadline is None


FIRST_ONES = st.binary(max_size=8).map(lambda rest: bytes((FIRST, 9, DATA, 8, 0)) + rest)
FRAMES = st.lists(st.binary(max_size=600) | FIRST_ONES)


@given(FRAMES)
@settings(max_examples=100, deadline=None)
def test_arbitrary_frames_raise_nothing_else_and_take_no_more_than_a_message(frames: list[bytes]) -> None:
    reassembler = Reassembler(KINDS)
    for frame in frames:
        try:
            reassembler.feed(frame, 0, 0.0)
        except FramingError:
            reassembler = Reassembler(KINDS)
        assert len(reassembler._body) <= MAX_MESSAGE

"""A backup as a file: whole or refused, whatever was done to it and whatever it claims."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd import passphrase
from lockd.errors import Failure, InvalidCredential, InvalidField, LockdError
from lockd.passphrase import HEADER_BYTES, check_header, derive, new_header
from lockd.store import archive
from lockd.store.archive import Contents, seal, unseal

CHEAP = (14, 8, 1)
HEADER, KEY = new_header(CHEAP), os.urandom(32)
ROWS = {"user": {"1": {"name": "Änne"}}, "credential": {}, "state": {"way:key": {"proved": 1}}, "schedule": {}}
CONTENTS = Contents(1, "pi", "0.1.0", 7, bytes(32), 0, b"s" * 32, b"k" * 32, ROWS)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """Chunks of few bytes."""
    monkeypatch.setattr(archive, "_CHUNK", 8)
    return 8


@given(st.binary(max_size=40))
def test_what_was_sealed_comes_out(plain: bytes) -> None:
    data = seal(HEADER, KEY, plain)
    assert unseal(KEY, data) == plain
    assert plain not in data[len(HEADER) :] or len(plain) < 4


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 16, 23, 24])
def test_chunks_of_every_size_come_out(size: int, small: int) -> None:
    plain = os.urandom(size)
    assert unseal(KEY, seal(HEADER, KEY, plain)) == plain


def test_no_byte_can_be_changed_and_none_left_out_or_added(small: int) -> None:
    data = seal(HEADER, KEY, os.urandom(3 * small + 1))
    spoiled = [data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1:] for at in range(len(data))]
    cut = [data[:at] for at in range(len(data))]
    missing = [data[:at] + data[at + 1:] for at in range(len(data))]
    for bad in (*spoiled, *cut, *missing, data + b"\0", data + data):
        with pytest.raises(LockdError):
            unseal(KEY, bad)


def test_chunks_cannot_be_dropped_doubled_or_swapped_nor_taken_from_another_backup(small: int) -> None:
    first, second = (seal(HEADER, KEY, b"12345678" * 4) for _ in range(2))
    begin, size = HEADER_BYTES + 16, small + 16
    parts, others = ([data[at:at + size] for at in range(begin, len(data), size)] for data in (first, second))
    head = first[:begin]
    for mixed in ([*parts[:1], *parts[2:]], parts[:-1], [parts[1], parts[0], *parts[2:]], [*parts, parts[-1]],
                  [parts[0], others[1], *parts[2:]]):  # fmt: skip
        with pytest.raises(LockdError):
            unseal(KEY, head + b"".join(mixed))
    assert unseal(KEY, head + b"".join(parts))  # the control


def test_the_same_key_and_header_never_give_the_same_file() -> None:
    """Or two stores under one key and nonce could be laid over each other."""
    assert seal(HEADER, KEY, b"abc")[HEADER_BYTES:] != seal(HEADER, KEY, b"abc")[HEADER_BYTES:]


def test_another_passphrase_is_told_from_damage_further_on(small: int) -> None:
    data = seal(HEADER, KEY, os.urandom(30))
    with pytest.raises(InvalidCredential, match="passphrase"):
        unseal(bytes(32), data)
    with pytest.raises(Failure, match="end is missing"):
        unseal(KEY, data[:-1])


def test_it_is_neither_made_nor_read_without_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST", 1024)
    with pytest.raises(Failure, match="larger"):
        seal(HEADER, KEY, bytes(1024))


def test_the_contents_come_out_as_they_were() -> None:
    assert Contents.decode(CONTENTS.encode()) == CONTENTS
    assert "Änne" not in repr(CONTENTS)
    assert "kkk" not in repr(CONTENTS)


@pytest.mark.parametrize(
    "plain",
    [
        b"", b"{}", b"[]", b"\xff", b"null", b"[" * 100_000,
        CONTENTS.encode().replace(b'"user":', b'"other":'),
        CONTENTS.encode().replace(b"6b6b", b"6b", 1),
        CONTENTS.encode().replace(b'{"name":"\\u00c4nne"}', b"5"),
        CONTENTS.encode().replace(b'"made":1', b'"made":1,"more":2'),
    ],
)  # fmt: skip
def test_contents_of_another_form_are_refused(plain: bytes) -> None:
    assert plain != CONTENTS.encode()
    with pytest.raises(Failure, match="version"):
        Contents.decode(plain)


def test_a_key_comes_of_passphrase_salt_and_cost() -> None:
    words = "correct horse battery"
    key = derive(HEADER, words)
    assert key == derive(HEADER, words)
    assert len({key, derive(HEADER, words + "!"), derive(new_header(CHEAP), words)}) == 3
    assert derive(HEADER, "Grüße an alle") == derive(HEADER, "Gru\u0308ße an alle")  # as another keyboard writes it


@pytest.mark.parametrize("words", ["", "short", "x" * 11, "x" * 1025])
def test_a_passphrase_has_a_least_and_a_greatest_length(words: str) -> None:
    with pytest.raises(InvalidField, match="12 to 1024"):
        derive(HEADER, words)


@pytest.mark.parametrize("cost", [(13, 8, 1), (19, 8, 1), (255, 8, 1), (16, 9, 1), (16, 7, 1), (16, 8, 0), (16, 8, 9)])
def test_a_cost_that_no_lockd_chose_is_refused_before_it_is_paid(
    cost: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passphrase.hashlib, "scrypt", lambda *_, **__: pytest.fail("it was paid"))
    with pytest.raises(InvalidField, match="memory"):
        derive(new_header(cost), "correct horse battery")


@given(st.binary(max_size=80))
def test_whatever_else_is_no_header(data: bytes) -> None:
    for bad in (data, new_header()[:-1], passphrase.MAGIC + data[:18]):
        with pytest.raises(InvalidField):
            check_header(bad)

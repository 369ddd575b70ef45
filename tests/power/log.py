"""The recorder's log: reading it, and marking in it what a commit promised."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import NamedTuple

_HEADER = Struct("=cQQI")


class Record(NamedTuple):
    """One thing done to the folder. Kinds: C created (rest: path), W written (number: offset),
    T truncated (number: length), S synced, U unlinked, R renamed (rest: both paths);
    B a commit begins (rest: JSON), A it is acknowledged (number: its number in the trail)."""

    kind: str
    inode: int
    number: int
    rest: bytes


def mark(kind: str, number: int = 0, rest: bytes = b"") -> None:
    """Append a mark of our own to the log this process is recorded in."""
    handle = os.open(os.environ["POWER_LOG"], os.O_WRONLY | os.O_APPEND)
    os.write(handle, _HEADER.pack(kind.encode(), 0, number, len(rest)) + rest)
    os.close(handle)


def read(log: Path) -> Iterator[Record]:
    """Every record, in order."""
    content = memoryview(log.read_bytes())
    at = 0
    while at < len(content):
        kind, inode, number, size = _HEADER.unpack_from(content, at)
        at += _HEADER.size
        yield Record(kind.decode(), inode, number, bytes(content[at:at + size]))
        at += size

"""Long answers (`aa{sv}`), made a little at a time: the loop has a bolt to stop meanwhile.

They are marshalled here, as dbus-next does it three times as slowly, and all at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from struct import pack, pack_into
from typing import Any

from lockd.dbus.shape import Arg
from lockd.dbus.variants import clean

SIGNATURE = "aa{sv}"
#: The longest that rows keep the loop from everything else.
SLICE_S = 0.002


async def body_of_rows(arg: Arg, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The marshalled body of an answer that is all `rows`. None, and keys without a type, are left out."""
    loop = asyncio.get_running_loop()
    fields = {key: (_head(key, kind), _WRITERS[kind]) for key, kind in arg.fields.items()}
    body = bytearray(4)
    until = loop.time() + SLICE_S
    for row in rows:
        _write_row(body, fields, row)
        if loop.time() >= until:
            await asyncio.sleep(0)
            until = loop.time() + SLICE_S
    pack_into("<I", body, 0, len(body) - 4)
    return bytes(body)


#: Appends a value to a body that begins at a multiple of 8.
Write = Callable[[bytearray, Any], None]


def _write_row(body: bytearray, fields: Mapping[str, tuple[bytes, Write]], row: Mapping[str, Any]) -> None:
    length = _begin_array(body)
    begin = len(body)
    for key, value in row.items():
        if value is not None and key in fields:
            head, write = fields[key]
            body += bytes(-len(body) % 8) + head
            write(body, value)
    pack_into("<I", body, length, len(body) - begin)


def _head(key: str, kind: str) -> bytes:
    """What stands before each value of this key: the key and the type."""
    head = bytearray()
    _write_text(head, key)
    return bytes(head) + bytes((len(kind),)) + kind.encode() + b"\0"


def _begin_array(body: bytearray) -> int:
    """Of structs or entries. Where its length has to be put; that counts from the end of what is here now."""
    body += bytes(-len(body) % 4 + 4)
    length = len(body) - 4
    body += bytes(-len(body) % 8)
    return length


def _write_text(body: bytearray, value: str) -> None:
    data = clean(value).encode()
    body += bytes(-len(body) % 4) + pack("<I", len(data)) + data + b"\0"


def _write_byte(body: bytearray, value: int) -> None:
    body.append(value)


def _write_number(body: bytearray, value: int) -> None:
    body += bytes(-len(body) % 4) + pack("<I", value)


def _write_long(body: bytearray, value: int) -> None:
    body += bytes(-len(body) % 8) + pack("<Q", value)


def _write_real(body: bytearray, value: float) -> None:
    body += bytes(-len(body) % 8) + pack("<d", value)


def _write_pairs(body: bytearray, value: Iterable[tuple[str, int]]) -> None:
    length = _begin_array(body)
    begin = len(body)
    for word, number in value:
        body += bytes(-len(body) % 8)
        _write_text(body, word)
        _write_number(body, number)
    pack_into("<I", body, length, len(body) - begin)


#: The types of the fields that rows have (names.py).
_WRITERS: Mapping[str, Write] = {
    "s": _write_text,
    "y": _write_byte,
    "u": _write_number,
    "b": _write_number,
    "t": _write_long,
    "d": _write_real,
    "a(su)": _write_pairs,
}

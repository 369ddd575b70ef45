"""CBOR as LKP uses it: whole numbers, bytes, text, lists, maps with text keys, true, false, null.

One value has one encoding (RFC 8949, 4.2.1), and no other is taken. Bytes from outside are looked
over before the library sees them, so that it never has to make anything large or deep of them.
"""

from __future__ import annotations

from typing import Any

import cbor2

from lockd.wire.errors import MessageError

MAX_DEPTH = 6  #: containers inside of each other
MAX_ITEMS = 512  #: values altogether, keys included
MAX_KEY = 23  #: bytes of a key: as long as its length fits into its first byte

UINT, NINT, BYTES, TEXT, LIST, MAP, TAG, SIMPLE = range(8)
PLAIN = {0xF4, 0xF5, 0xF6}  #: false, true, null


def encode(value: Any) -> bytes:
    """The one encoding of a value of these types."""
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes) -> Any:
    """The value that is all of `data`; MessageError for anything but its one encoding."""
    _look_over(data)
    value = cbor2.loads(data)
    if encode(value) != data:
        raise MessageError("CBOR that is not deterministic")
    return value


def decode_map(data: bytes) -> dict[str, Any]:
    """The same for what has to be a map."""
    value = decode(data)
    if not isinstance(value, dict):
        raise MessageError("CBOR that is not a map")
    return value


def _look_over(data: bytes) -> None:
    """Walk along the heads of all items, without making anything of them."""
    at, items = 0, 0
    nested = [(1, LIST)]  # what is still to come in each container, and which kind it is
    while nested:
        left, kind = nested.pop()
        if not left:
            continue
        nested.append((left - 1, kind))
        key = kind == MAP and left % 2 == 0
        major, argument, at = _head(data, at)
        items += 1
        if items > MAX_ITEMS:
            raise MessageError("CBOR with too many items")
        if key and (major != TEXT or argument > MAX_KEY):
            raise MessageError("CBOR map with a key that is no short text")
        if major in (BYTES, TEXT):
            at = _string(data, at, argument, major)
        elif major in (LIST, MAP):
            nested.append((argument * (1 if major == LIST else 2), major))
            if len(nested) > MAX_DEPTH + 1:
                raise MessageError("CBOR that is nested too deep")
    if at != len(data):
        raise MessageError("more than one CBOR item")


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Major type, argument, and where the head ends."""
    if at >= len(data):
        raise MessageError("CBOR that ends too early")
    major, short = data[at] >> 5, data[at] & 0x1F
    if major == TAG or (major == SIMPLE and data[at] not in PLAIN) or short > 27:
        raise MessageError("CBOR of a type that LKP does not use")
    width = 0 if short < 24 else 1 << (short - 24)
    end = at + 1 + width
    if end > len(data):
        raise MessageError("CBOR that ends too early")
    return major, int.from_bytes(data[at + 1 : end], "big") if width else short, end


def _string(data: bytes, at: int, length: int, major: int) -> int:
    """Where the string ends."""
    end = at + length
    if end > len(data):
        raise MessageError("CBOR that ends too early")
    if major == TEXT:
        try:
            data[at:end].decode()
        except UnicodeDecodeError:
            raise MessageError("CBOR text that is not UTF-8") from None
    return end

"""Checks of what callers send: each takes a value and its path, and gives the plain value or InvalidField.

A value is never repeated in the text: it may be a PIN in the wrong place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from dbus_next.signature import Variant

from lockd.errors import InvalidField

Check = Callable[[Any, str], Any]

#: The longest string and the longest array that any argument may hold.
LONGEST_TEXT = 256
LONGEST_ARRAY = 1024


def anything(value: Any, _path: str) -> Any:
    """For what its D-Bus type says all about (booleans)."""
    return value


def number(low: int, high: int, *also: int) -> Check:
    """An integer from `low` to `high`, or one of `also`."""

    def check(value: Any, path: str) -> int:
        if not low <= value <= high and value not in also:
            others = "".join(f" or {each}" for each in also)
            raise InvalidField(f"{path}: must be {low} to {high}{others}")
        return int(value)

    return check


def real(low: float, high: float) -> Check:
    """A finite number from `low` to `high`."""

    def check(value: Any, path: str) -> float:
        if not math.isfinite(value) or not low <= value <= high:
            raise InvalidField(f"{path}: must be {low:g} to {high:g}")
        return float(value)

    return check


def word(*allowed: str) -> Check:
    """One of a few words."""

    def check(value: Any, path: str) -> str:
        if value not in allowed:
            raise InvalidField(f"{path}: must be one of {', '.join(each or '(empty)' for each in allowed)}")
        return str(value)

    return check


def matching(pattern: str, meaning: str) -> Check:
    """A string that `pattern` describes as a whole, and `meaning` in words."""
    form = re.compile(pattern)

    def check(value: Any, path: str) -> str:
        if not form.fullmatch(value):
            raise InvalidField(f"{path}: must be {meaning}")
        return str(value)

    return check


def ascending(low: int, high: int) -> Check:
    """Whole numbers in one string, ascending, with commas; perhaps none."""

    def check(value: Any, path: str) -> tuple[int, ...]:
        parts = value.split(",") if value else []
        numbers = [int(part) for part in parts if re.fullmatch(r"[0-9]{1,9}", part)]
        rising = all(one < other for one, other in pairwise(numbers))
        if len(numbers) != len(parts) or not rising or not all(low <= each <= high for each in numbers):
            raise InvalidField(f"{path}: must be whole numbers from {low} to {high}, ascending, with commas between")
        return tuple(numbers)

    return check


def descriptor(value: Any, path: str) -> int:
    """A file descriptor that came with the message; -1: none did."""
    if value < 0:
        raise InvalidField(f"{path}: must be a file descriptor that is sent with the message, and the only one")
    return int(value)


def text(value: Any, path: str) -> str:
    """A string for people."""
    if len(value) > LONGEST_TEXT or not value.isprintable():
        raise InvalidField(f"{path}: must be at most {LONGEST_TEXT} printable characters")
    return str(value)


def octets(value: Any, path: str) -> bytes:
    """Bytes."""
    if not 1 <= len(value) <= LONGEST_ARRAY:
        raise InvalidField(f"{path}: must be 1 to {LONGEST_ARRAY} bytes")
    return bytes(value)


def fields(types: Mapping[str, str], checks: Mapping[str, Check]) -> Check:
    """An `a{sv}` with these keys, of these types, in these ranges."""

    def check(value: Mapping[str, Variant], path: str) -> dict[str, Any]:
        if len(value) > LONGEST_ARRAY:
            raise InvalidField(f"{path}: at most {LONGEST_ARRAY} entries")
        return {key: one(variant, key, f"{path}[{key[:40]!r}]") for key, variant in value.items()}

    def one(variant: Variant, key: str, path: str) -> Any:
        if key not in types:
            raise InvalidField(f"{path}: unknown; there are {', '.join(types)}")
        if variant.signature != types[key]:
            raise InvalidField(f"{path}: must be of type {types[key]}, not {variant.signature[:40]}")
        return checks[key](variant.value, path)

    return check

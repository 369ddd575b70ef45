"""Plain Python values to D-Bus ones and back, by the tables of names.py."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from dbus_next.signature import Variant

from lockd.dbus.shape import Arg
from lockd.errors import InvalidField

#: The type of a file descriptor: its place among those that are sent with the message.
FILE = "h"

#: What stands for None where there has to be a value: no number, or the largest one.
UNKNOWN: Mapping[str, Any] = {"d": math.nan, "u": 0xFFFF_FFFF}


def to_wire(arg: Arg, value: Any) -> Any:
    """The value as dbus-next wants it. In dictionaries None and keys without a type are left out."""
    if arg.signature == "a{sv}":
        return dictionary(arg.fields, value)
    return lists(value)


def variant(signature: str, value: Any) -> Variant:
    """The value of a property; what is unknown has a value of its own there."""
    return Variant(signature, UNKNOWN[signature] if value is None else lists(value))


def dictionary(fields: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, Variant]:
    """`a{sv}` by the types of `fields`."""
    return {
        key: Variant(fields[key], lists(value))
        for key, value in values.items()
        if key in fields and value is not None
    }


def refuse_odd(arg: Arg, value: Any) -> None:
    """InvalidField if a dictionary holds keys that `arg` does not know, or a text would have to be changed."""
    for each in value.values() if isinstance(value, dict) else (value,):
        if isinstance(each, str) and clean(each) != each:
            raise InvalidField(f"{arg.name}: must be text in UTF-8, without NUL")
    odd = sorted(str(key) for key in value if key not in arg.fields) if arg.signature == "a{sv}" else []
    if odd:
        raise InvalidField(f"{arg.name}[{odd[0][:40]}]: unknown; there are {', '.join(arg.fields) or 'none'}")


def lists(value: Any) -> Any:
    """Sequences as the lists that dbus-next takes for arrays and structs, texts clean."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list | tuple):
        return [lists(each) for each in value]
    return value


def clean(text: str) -> str:
    """As D-Bus wants it: no NUL, and nothing but UTF-8, which the name of a file may not be."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def plain(value: Any) -> Any:
    """Without variants, however deep."""
    if isinstance(value, Variant):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value

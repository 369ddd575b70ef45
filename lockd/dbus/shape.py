"""What a D-Bus API is made of, as data: interfaces with methods, properties and signals, and their arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from lockd.value import Value

#: Polkit actions `org.lockd1.<right>`; "any": everybody who may speak to the name at all.
Right = Literal["any", "operate", "manage", "read-log", "configure", "reset"]


class Arg(Value):
    """One argument. `fields`: the keys that its dictionaries may have, and their types."""

    name: str
    signature: str
    fields: Mapping[str, str] = {}


class Method(Value):
    """`takes` and `gives` in order; `right` is asked of the caller."""

    name: str
    right: Right
    doc: str
    takes: tuple[Arg, ...] = ()
    gives: tuple[Arg, ...] = ()


class Property(Value):
    """`write`: the right to set it; empty: read-only. Reading is open to all. `changes`: whether
    PropertiesChanged tells of it (EmitsChangedSignal)."""

    name: str
    signature: str
    doc: str
    write: Right | Literal[""] = ""
    changes: Literal["true", "false", "const"] = "true"


class Signal(Value):
    """One signal."""

    name: str
    doc: str
    carries: tuple[Arg, ...]


class Interface(Value):
    """One interface of the object."""

    name: str
    doc: str
    methods: tuple[Method, ...] = ()
    properties: tuple[Property, ...] = ()
    signals: tuple[Signal, ...] = ()


def args(text: str, fields: Mapping[str, str] | None = None) -> tuple[Arg, ...]:
    """`"index u, options a{sv}"` as arguments; `fields` are those of the dictionaries among them."""
    pairs = (part.split() for part in text.split(",") if part.strip())
    return tuple(Arg(name, signature, fields or {} if "{" in signature else {}) for name, signature in pairs)

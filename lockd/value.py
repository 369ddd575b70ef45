"""Immutable records, compared by type and fields.

They look like frozen dataclasses to the type checker, but cost nothing to define: dataclass
compiles code for each class (0.5 ms each), which would double the time to the first PIN.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self, dataclass_transform


def secret(default: Any = ...) -> Any:
    """Mark a field whose value must never be shown: `digest: bytes = secret()`."""
    return Secret(default)


class Secret:
    """The mark that `secret()` leaves on a class until its fields are collected."""

    def __init__(self, default: Any) -> None:
        self.default = default


_put = object.__setattr__


@dataclass_transform(frozen_default=True, field_specifiers=(secret,))
class Value:
    """Fields are the annotations of the class, its bases' first, in order; immutable."""

    _fields: ClassVar[tuple[str, ...]] = ()
    _names: ClassVar[frozenset[str]] = frozenset()
    _defaults: ClassVar[dict[str, Any]] = {}
    _secrets: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        names = cls.__dict__.get("__annotations__", ())  # noqa: RUF063 - importing inspect is dear
        own = {n: cls.__dict__.get(n, ...) for n in names if not n.startswith("_")}
        marked = {n: default.default for n, default in own.items() if isinstance(default, Secret)}
        cls._fields = (*cls._fields, *own)
        cls._names = frozenset(cls._fields)
        cls._secrets = cls._secrets.union(marked)
        cls._defaults = cls._defaults | {n: default for n, default in (own | marked).items() if default is not ...}
        setattr(cls, "__match_args__", cls._fields)  # noqa: B010 - mypy knows no assignment to it

    def __init__(self, *args: Any, **named: Any) -> None:
        if named or len(args) != len(self._fields):
            args = self._complete(args, named)
        for name, value in zip(self._fields, args):  # noqa: B905 - of one length
            _put(self, name, value)  # one by one: so they share the table of their names, which is most of a record

    def _complete(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """A value for each field."""
        if args:
            placed = dict(zip(self._fields, args, strict=False))
            if len(args) > len(placed) or not placed.keys().isdisjoint(named):
                raise TypeError(f"{type(self).__name__} takes {', '.join(self._fields)}")
            named |= placed
        values = self._defaults | named
        if values.keys() != self._names:
            odd = sorted(values.keys() ^ self._names)
            raise TypeError(f"{type(self).__name__}: missing or unknown {', '.join(odd)}")
        return tuple(map(values.__getitem__, self._fields))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *(self.__dict__[n] for n in self._fields)))

    def __repr__(self) -> str:
        shown = (f"{n}={'…' if n in self._secrets else repr(self.__dict__[n])}" for n in self._fields)
        return f"{type(self).__name__}({', '.join(shown)})"

    def but(self, **changes: Any) -> Self:
        """The same record with some fields changed."""
        changed = object.__new__(type(self))
        fields = changed.__dict__
        fields.update(self.__dict__, **changes)
        if len(fields) > len(self._fields):
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(changes.keys() - self._names))}")
        return changed

"""Everything that is wrong with one lockd.toml, gathered into one report.

The file is anybody's: whatever it holds, a fault is one short line, and there are not too many.
"""

from __future__ import annotations

from typing import Any

from lockd.errors import ConfigurationError
from lockd.settings_schema import RULES, SECTIONS

MAX_FAULTS = 100
MAX_SHOWN = 60
#: A longer number is nobody's setting, and Python refuses to write out very long ones.
MAX_INTEGER = 10**20


class Faults:
    """The report on the file `where`. `paths`: the keys that it speaks of."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.paths: set[str] = set()
        self._lines: list[str] = []
        self._more = 0

    def add(self, path: str, text: str, value: Any = None) -> None:
        """`path`: "section.key", "section." or ".key"; `value`: what stands there, None for nothing."""
        self.paths.add(path)
        if len(self._lines) < MAX_FAULTS:
            shown = "" if value is None else f" = {written(value)}"
            self._lines.append(f"{self.where}: {_place(path)}{shown}: {text}")
        else:
            self._more += 1

    def unknown(self, path: str) -> None:
        """`path` is no key. What stands there is not shown: it might be a secret."""
        near = _nearest(path) if len(self._lines) < MAX_FAULTS else ""
        self.add(path, f"unknown; did you mean {_place(near)}?" if near else "unknown; remove it")

    def raise_any(self) -> None:
        """Raises ConfigurationError when there is a fault."""
        more = (f"{self.where}: … and {self._more} more",) if self._more else ()
        if self._lines:
            raise ConfigurationError((*self._lines, *more))


def written(value: Any, deep: bool = True) -> str:
    """The value as it would stand in the file, shortened."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value) if abs(value) < MAX_INTEGER else "a huge number"
        case str():
            return f'"{clipped(value)}"'
        case list():
            inner = ", ".join(written(item, deep=False) for item in value[:MAX_SHOWN]) if deep else "…"
            return f"[{clipped(inner)}]"
        case dict():
            items = list(value.items())[:MAX_SHOWN]
            inner = ", ".join(f"{clipped(key)} = {written(item, deep=False)}" for key, item in items) if deep else "…"
            return f"{{ {clipped(inner)} }}"
        case _:
            return clipped(str(value))


def clipped(text: str) -> str:
    """One short printable line."""
    short = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
    return short if short.isprintable() else short.encode("unicode_escape").decode("ascii")


def _place(path: str) -> str:
    section, _, key = path.partition(".")
    return f"[{clipped(section)}] {clipped(key)}".rstrip() if section else clipped(key)


def _nearest(path: str) -> str:
    section, _, name = path.partition(".")
    if len(path) > MAX_SHOWN:
        return ""
    import difflib  # only a faulty file needs it

    namesakes = [known for known in RULES if name and known.endswith(f".{name}")]
    siblings = [known.partition(".")[2] for known in RULES if known.startswith(f"{section}.")]
    if namesakes:
        return namesakes[0]
    if siblings:
        return "".join(f"{section}.{near}" for near in difflib.get_close_matches(name, siblings, 1))
    return "".join(f"{near}." for near in difflib.get_close_matches(section or name, SECTIONS, 1))

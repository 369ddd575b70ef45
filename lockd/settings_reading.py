"""From a file to checked values by path, and what the simulation puts where the file says nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lockd.errors import ConfigurationError
from lockd.lightly import changed, in_place_of
from lockd.settings_checks import UNUSED, pins
from lockd.settings_faults import Faults
from lockd.settings_rules import FIRST_LINE, LAST_LINE, Pin, Wrong
from lockd.settings_schema import RULES, SECTIONS
from lockd.value import Value

#: Some ten times the example file with all its comments.
MAX_FILE = 64 * 1024
#: tomllib takes 20 s over a dotted key as long as the file may be.
MAX_LINE = 1000

#: The reference build, as the example file wires it.
SIMULATED: dict[str, Any] = {
    "lock": {"auto_relock_s": 30},
    "bolt": {"forward": 17, "backward": 27, "locked": 23, "unlocked": 24, "travel_s": 1.0},
    "door": {"contact": 25, "ajar_s": 60},
    "tamper": {"contact": {"pin": 8, "active": "high", "pull": "up"}},
    "inside": {"button": 16},
    "spindle": {"contact": 7},
    "keypad": {"kind": "matrix", "rows": [5, 6, 13, 19], "columns": [10, 9, 11]},
    "panel": {"buzzer": 12, "green": 20, "red": 21},
    "power": {"low_volts": 4.9, "critical_volts": 4.6, "dead_volts": 4.0},
    "ways": {"key": True, "thumbturn": True, "code": 3, "hole": 2},
    "gpio": {"backend": "mock"},
}


def text_of(path: Path) -> str:
    """What the file holds. Raises ConfigurationError when it cannot be lockd's."""
    if not path.is_file():
        state = "is not a file" if path.exists() else "is not there"
        raise _unreadable(path, f"{state}; copy the example lockd.toml there and say how the lock is wired")
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE + 1)
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}; see that lockd's user may read it") from None
    try:
        _check_length(len(raw), path)
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _unreadable(path, f"line {line} is not UTF-8 text; save the file as UTF-8") from None


def table_of(text: str, where: str) -> dict[str, Any]:
    """The text as TOML. Raises ConfigurationError."""
    _check_length(len(text), where)
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            raise _unreadable(where, f"line {number} is longer than {MAX_LINE} characters; break it up")
    try:
        return _parser()(text)
    except RecursionError:
        raise _unreadable(where, "nested too deep; the settings are plain [section] tables") from None
    except ValueError as error:
        raise _unreadable(where, f"not TOML: {error}; correct it there") from None


@cache
def _parser() -> Callable[[str], dict[str, Any]]:
    """tomllib's. It has a typing.NamedTuple, whose types Python would compile: dearer than all the rest of it.
    A simulation without a file does without tomllib."""
    with in_place_of({"typing": changed("typing", NamedTuple=Value)}):
        import tomllib
    return tomllib.loads


def _unreadable(where: Path | str, text: str) -> ConfigurationError:
    return ConfigurationError((f"{where}: {text}",))


def _check_length(length: int, where: Path | str) -> None:
    if length > MAX_FILE:
        raise _unreadable(where, f"longer than {MAX_FILE // 1024} KiB; is this the right file?")


def given(table: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    """What the file says, by path, checked key by key."""
    values: dict[str, Any] = {}
    for section, keys in table.items():
        if section not in SECTIONS:
            faults.unknown(f"{section}." if isinstance(keys, dict) else f".{section}")
        elif not isinstance(keys, dict):
            faults.add(section, f"not a section; write [{section}] on a line of its own, and its keys below")
        else:
            for name, raw in keys.items():
                _take(f"{section}.{name}", raw, values, faults)
    return values


def _take(path: str, raw: object, values: dict[str, Any], faults: Faults) -> None:
    rule = RULES.get(path)
    if rule is None:
        faults.unknown(path)
        return
    try:
        values[path] = rule.read(raw, path)
    except Wrong as wrong:
        faults.add(path, f"{wrong}; allowed: {rule.allowed}", raw)


def simulated(values: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    """The values over those of the simulation, whose lines give way to lines that are taken."""
    usual = given(SIMULATED, faults)
    for name in UNUSED[values.get("bolt.kind", "motor")]:
        usual.pop(f"bolt.{name}", None)
    if values.get("keypad.kind") == "none":
        usual = {path: value for path, value in usual.items() if not path.startswith("keypad.")}
    own = {path: value for path, value in usual.items() if path not in values}
    taken = {pin.number for pin in pins(values)} | {pin.number for pin in pins(own)}
    free = iter([number for number in range(LAST_LINE, FIRST_LINE - 1, -1) if number not in taken])
    asked = {pin.number for pin in pins(values)}

    def moved(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(moved, value))
        return value.but(number=next(free)) if isinstance(value, Pin) and value.number in asked else value

    return {path: moved(value) for path, value in own.items()} | {**values, "gpio.backend": "mock"}

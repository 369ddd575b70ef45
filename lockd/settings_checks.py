"""What the keys of lockd.toml demand of each other: pins given twice, pins missing, limits crossed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise
from typing import Any

from lockd.header import CONSOLE, PULLED_UP
from lockd.settings_rules import Pin
from lockd.value import Value

#: How the path of an I2C bus begins.
I2C = "/dev/i2c-"

#: What each kind of bolt cannot do without, and what it has no use for.
NEEDED = {"motor": ("forward", "backward", "locked"), "strike": ("forward", "locked")}
UNUSED = {"motor": (), "strike": ("backward", "enable")}

ACTUATORS = ("bolt.forward", "bolt.backward", "bolt.enable", "bolt.latch")


class Contradiction(Value):
    """`paths`: the keys that do not go together, the one to report first; `text`: why, and what to do."""

    paths: tuple[str, ...]
    text: str


def contradictions(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """Everything that is wrong between `values`, which holds every path of lockd.toml."""
    yield from _limits(values)
    yield from _levels(values)
    yield from _bolt(values)
    yield from _keypad(values)
    yield from _wiegand(values)
    yield from _readers(values)
    yield from _shared(values)


def advice(values: Mapping[str, Any]) -> Iterator[str]:
    """What works, but had better be wired otherwise, one line each."""
    for pin in pins(values):
        high = pin.number in PULLED_UP
        if pin.key not in ACTUATORS:
            continue
        if pin.number in CONSOLE:
            yield f"{pin.key}: GPIO {pin.number} is the serial console's while the Pi starts, which may move the bolt"
        elif high == (pin.active == "high"):
            yield (
                f"{pin.key}: GPIO {pin.number} is pulled {'up' if high else 'down'} from power-on until lockd starts,"
                f" which may move the bolt; GPIO {'9 to 27 are' if high else '2 to 8 are not'} pulled down"
            )


def pins(values: Mapping[str, Any]) -> Iterator[Pin]:
    """Every line that is wired."""
    for value in values.values():
        for pin in value if isinstance(value, tuple) else (value,):
            if isinstance(pin, Pin):
                yield pin


def _limits(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    for low, high in (("lock.pin_min", "lock.pin_max"), ("lock.lockout_s", "lock.lockout_max_s")):
        if values[low] > values[high]:
            text = f"less than {low} = {values[low]}; raise this one or lower that one"
            yield Contradiction((high, low), text)


def _levels(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """A battery is low before it is critical, and critical before it is dead."""
    for unit in ("percent", "volts"):
        order = [f"power.{level}_{unit}" for level in ("dead", "critical", "low")]
        given = [path for path in order if values[path] is not None]
        for low, high in pairwise(given):
            if values[low] >= values[high]:
                yield Contradiction((high, low), f"not above {low} = {values[low]:g}; raise this one or lower that one")


def _bolt(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    kind = values["bolt.kind"]
    for name in NEEDED[kind]:
        if values[f"bolt.{name}"] is None:
            text = f"missing; a {kind} needs {', '.join(NEEDED[kind])}: say which GPIO it is wired to"
            yield Contradiction((f"bolt.{name}", "bolt.kind"), text)
    for name in UNUSED[kind]:
        if values[f"bolt.{name}"] is not None:
            yield Contradiction((f"bolt.{name}", "bolt.kind"), f"a {kind} has none; remove this line")


def _keypad(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    wanted = values["keypad.kind"] == "matrix"
    for path in ("keypad.rows", "keypad.columns"):
        if wanted and not values[path]:
            text = "missing; a matrix keypad needs 4 rows and 3 or 4 columns: list their GPIOs"
            yield Contradiction((path, "keypad.kind"), text)
        if not wanted and values[path]:
            text = 'wired, but keypad.kind is "none"; set kind = "matrix", or remove this line'
            yield Contradiction((path, "keypad.kind"), text)
    levels = {pin.active for path in ("keypad.rows", "keypad.columns") for pin in values[path]}
    if len(levels) > 1:
        text = "rows and columns are active at different levels; a pressed key joins them, so make them equal"
        yield Contradiction(("keypad.rows", "keypad.columns"), text)


def _wiegand(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    paths = ("wiegand.data0", "wiegand.data1")
    for path, other in (paths, paths[::-1]):
        if values[path] is None and values[other] is not None:
            yield Contradiction((path, other), "missing; a Wiegand reader has two lines: say which GPIO it is wired to")


def _readers(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    nfc, finger = values["nfc.port"], values["fingerprint.port"]
    if nfc.startswith(I2C) and values["nfc.irq"] is None:
        text = f"missing; without it a chip at {nfc} would have to be asked all the time: say which GPIO it is wired to"
        yield Contradiction(("nfc.irq", "nfc.port"), text)
    if finger and values["fingerprint.touch"] is None:
        text = "missing; without it the sensor would have to be asked all the time: say which GPIO it is wired to"
        yield Contradiction(("fingerprint.touch", "fingerprint.port"), text)
    if finger and finger == nfc:
        yield Contradiction(("fingerprint.port", "nfc.port"), f"{nfc} is nfc.port already; each needs one of its own")


def _shared(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    for one, other in combinations(pins(values), 2):
        if one.number == other.number:
            text = f"{one.key} and {other.key} both use GPIO {one.number}; give each its own"
            yield Contradiction((other.key.partition("[")[0], one.key.partition("[")[0]), text)

"""gpiozero, brought in once, and without the half of it that lockd has no use for.

Its package imports every board and device it knows, colours, statistics, and `importlib.metadata`
for a choice of factory that lockd makes itself. So only the modules used here are loaded. The rest
follows as soon as anyone asks for it.
"""

from __future__ import annotations

import re
from importlib import import_module
from types import ModuleType
from typing import Any

from lockd.lightly import changed, functions_of, in_place_of, postpone

#: What gpiozero brings in for devices that lockd has not; the backport of importlib.metadata is
#: what it tries first, and pkg_resources what gpiozero 1.6 does, which is Debian 13's.
UNUSED: dict[str, ModuleType | None] = {
    "importlib_metadata": functions_of("importlib.metadata"),
    "pkg_resources": functions_of("pkg_resources"),
    "statistics": functions_of("statistics"),
    "colorzero": functions_of("colorzero"),
    "textwrap": functions_of("textwrap"),
    "gpiozero.input_devices": functions_of("gpiozero.input_devices"),
    "gpiozero.output_devices": functions_of("gpiozero.output_devices"),
    "gpiozero.pins.pigpio": None,
    "spidev": None,
}


def load(name: str) -> Any:
    """The module `gpiozero.<name>`; ImportError as its import would raise it."""
    postpone("gpiozero")
    with in_place_of(UNUSED):
        return import_module(f"gpiozero.{name}")


def _match(pattern: str, name: str) -> Any:
    """As re.match does, for what a pin can be: the first three letters of a kind tell it from the others. A pattern
    that does not begin with three is left to re."""
    kind = pattern[:3]
    return name.startswith(kind) if kind.isalnum() else re.match(pattern, name)


# gpiozero tries a dozen of them on each function of each pin of every Pi, which takes longer than all else of it.
with in_place_of({"re": changed("re", match=_match)}):
    load("pins.data")

GPIOZeroError: type[Exception] = load("exc").GPIOZeroError
GPIODevice: Any = load("devices").GPIODevice

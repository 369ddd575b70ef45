"""gpiozero, brought in once, and without the half of it that lockd has no use for.

Its package imports every board and device it knows, colours, statistics, and `importlib.metadata`
for a choice of factory that lockd makes itself: as long as starting Python three times, on the way
to the first PIN. So only the modules used here are loaded. The rest follows as soon as anyone asks
for it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any


def _postpone(spec: ModuleSpec) -> ModuleType:
    """The package, with its own code still to run: at the first name that is missing."""
    package = module_from_spec(spec)

    def run(name: str) -> Any:
        if name.startswith("__") or "__getattr__" not in vars(package):
            raise AttributeError(f"module {spec.name!r} has no attribute {name!r}")
        del vars(package)["__getattr__"]
        spec.loader.exec_module(package)  # type: ignore[union-attr]
        return getattr(package, name)

    vars(package)["__getattr__"] = run
    return package


@contextmanager
def _in_place_of(modules: dict[str, ModuleType | None]) -> Iterator[None]:
    """These modules under these names meanwhile; None: there is none."""
    before = {name: sys.modules[name] for name in modules if name in sys.modules}
    sys.modules.update(modules)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]
        sys.modules.update(before)


def _later(real: str) -> ModuleType:
    """Stands for a module of functions until one of them is called."""
    small = ModuleType(real)

    def find(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {real!r} has no attribute {name!r}")
        return lambda *args, **named: getattr(import_module(real), name)(*args, **named)

    vars(small)["__getattr__"] = find
    return small


#: What gpiozero brings in for devices that lockd has not; the backport of importlib.metadata is
#: what it tries first, and pkg_resources what gpiozero 1.6 does, which is Debian 13's.
UNUSED: dict[str, ModuleType | None] = {
    "importlib_metadata": _later("importlib.metadata"),
    "pkg_resources": _later("pkg_resources"),
    "statistics": _later("statistics"),
    "colorzero": _later("colorzero"),
    "gpiozero.pins.pigpio": None,
}


def load(name: str) -> Any:
    """The module `gpiozero.<name>`; ImportError as its import would raise it."""
    if "gpiozero" not in sys.modules:
        spec = PathFinder.find_spec("gpiozero")
        if spec is not None and spec.loader is not None:
            sys.modules["gpiozero"] = _postpone(spec)
    with _in_place_of(UNUSED):
        return import_module(f"gpiozero.{name}")


GPIOZeroError: type[Exception] = load("exc").GPIOZeroError
DigitalInputDevice: Any = load("input_devices").DigitalInputDevice
DigitalOutputDevice: Any = load("output_devices").DigitalOutputDevice

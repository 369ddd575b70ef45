"""Importing others' modules without what of them the way to the first PIN does not use.

asyncio, logging, gpiozero and cryptography bring in what other programs need: as long as starting
Python three times. Here such a module is there at once, and its code runs when it is first used.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any


def postpone(*names: str) -> None:
    """Each of these modules or packages from here on, its own code still to run: at the first name that
    is missing. One that is not installed is left to whoever imports it."""
    for name in names:
        spec = None if name in sys.modules else find_spec(name)
        if spec is not None and spec.loader is not None:
            sys.modules[name] = _waiting(module_from_spec(spec))
            parent, _, own = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], own, sys.modules[name])


def _waiting(module: ModuleType) -> ModuleType:
    def run(name: str) -> Any:
        if name.startswith("__") or "__getattr__" not in vars(module):
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        del vars(module)["__getattr__"]
        module.__spec__.loader.exec_module(module)  # type: ignore[union-attr]
        return getattr(module, name)

    vars(module)["__getattr__"] = run
    return module


def make_whole(*names: str) -> None:
    """Run the code of these now, if it has not been."""
    for name in names:
        getattr(sys.modules.get(name), "made_whole", None)


@contextmanager
def in_place_of(modules: dict[str, ModuleType | None]) -> Iterator[None]:
    """These modules under these names meanwhile; None: there is none."""
    before = {name: sys.modules[name] for name in modules if name in sys.modules}
    sys.modules.update(modules)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]
        sys.modules.update(before)


def changed(real: str, **names: Any) -> ModuleType:
    """Stands for a module in which these names mean something else."""
    other = ModuleType(real)
    vars(other).update(vars(import_module(real)) | names)
    return other


def functions_of(real: str) -> ModuleType:
    """Stands for a module of functions until one of them is called."""
    small = ModuleType(real)

    def find(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {real!r} has no attribute {name!r}")
        return lambda *args, **named: getattr(import_module(real), name)(*args, **named)

    vars(small)["__getattr__"] = find
    return small

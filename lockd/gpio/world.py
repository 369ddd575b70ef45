"""The modelled door between two runs of lockd: a file that outlives it, as a real door would.

`python -m lockd.gpio.world FILE VALUES` is what hands do to it meanwhile, when lockd is off for want
of power and only the mechanical ways are left; VALUES are fields of World as JSON.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from lockd.value import Value

log = logging.getLogger("lockd.mechanism")


class World(Value):
    """`bolt`: 0 out (locked) to 1 in (unlocked). `code_open`: the mechanical code wheel; `pin_in`: a
    pin in the emergency hole. `percent`: the battery's charge; `volts`: what it gives at rest; `wear`:
    1 when new; `gauge`: how its fuel gauge works. `plug`: the kind of outside power, empty for none."""

    bolt: float = 0.0
    door_open: bool = False
    jammed: bool = False
    cover_off: bool = False
    code_open: bool = False
    pin_in: bool = False
    percent: float = 100.0
    volts: float = 6.0
    wear: float = 1.0
    gauge: str = "ok"
    plug: str = ""
    plug_volts: float = 0.0


def load(path: Path) -> World:
    """What the file says; a new door, shut and locked, when there is none or it makes no sense."""
    fresh = World()
    try:
        kept = json.loads(path.read_text())
        types = {name: type(value) for name, value in vars(fresh).items()}
        if {name: type(value) for name, value in kept.items()} != types or not _possible(kept):
            raise ValueError("it holds something else")
    except FileNotFoundError:
        return fresh
    except (OSError, ValueError, AttributeError, RecursionError) as fault:
        log.warning("the modelled door in %s cannot be read (%s): it begins shut and locked", path, fault)
        return fresh
    return World(**kept)


def _possible(kept: Mapping[str, Any]) -> bool:
    numbers = [value for value in kept.values() if isinstance(value, float)]
    return all(map(isfinite, numbers)) and 0 <= kept["bolt"] <= 1 and 0 <= kept["percent"] <= 100


def save(path: Path, world: World) -> None:
    """Replace the file; OSError when it cannot."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(vars(world)))
    os.replace(fresh, path)


if __name__ == "__main__":
    kept_in = Path(sys.argv[1])
    save(kept_in, load(kept_in).but(**json.loads(sys.argv[2])))

"""The modelled door between two runs of lockd: a file that outlives it, as a real door would."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

from lockd.value import Value

log = logging.getLogger("lockd.mechanism")


class World(Value):
    """`bolt`: 0 out (locked) to 1 in (unlocked). `plug`: the kind of outside power, empty for none."""

    bolt: float = 0.0
    door_open: bool = False
    jammed: bool = False
    cover_off: bool = False
    percent: float = 100.0
    volts: float = 6.0
    plug: str = ""
    plug_volts: float = 0.0


def load(path: Path) -> World:
    """What the file says; a new door, shut and locked, when there is none or it makes no sense."""
    fresh = World()
    try:
        kept = json.loads(path.read_text())
        types = {name: type(value) for name, value in vars(fresh).items()}
        if {name: type(value) for name, value in kept.items()} != types or not 0 <= kept["bolt"] <= 1:
            raise ValueError("it holds something else")
    except FileNotFoundError:
        return fresh
    except (OSError, ValueError, AttributeError, RecursionError) as fault:
        log.warning("the modelled door in %s cannot be read (%s): it begins shut and locked", path, fault)
        return fresh
    return World(**kept)


def save(path: Path, world: World) -> None:
    """Replace the file; OSError when it cannot."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(vars(world)))
    os.replace(fresh, path)

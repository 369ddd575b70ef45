"""Lines of the front panel's log: when it was, and what it was in a plain sentence."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.text import Text

from lockd.cli.output import clean
from lockd.cli.panel.style import COLOURS, DIM
from lockd.cli.sentences import sentence

#: Marks that are seen before a word is read.
MARKS = {"DoorLockAlarm": "!", "LockOperationError": "✗", "LockOperation": "✓"}


def line_of(event: Mapping[str, Any], names: Mapping[int, str]) -> Text:
    """One event, coloured by its kind."""
    kind = str(event.get("kind", ""))
    seconds = event.get("time", 0) / 1_000_000
    return stamped(f"{MARKS.get(kind, '·')} {sentence(event, names)}.", COLOURS.get(kind, ""), seconds)


def stamped(text: str, style: str, seconds: float | None = None) -> Text:
    """Any line, with the local time before it. `seconds`: since 1970; None: now."""
    clock = time.strftime("%H:%M:%S", time.localtime(seconds))
    return Text.assemble((f"{clock}  ", DIM), (clean(text), style))

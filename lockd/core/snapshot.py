"""What the store held when lockd started: all that the core remembers across a power cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockd.value import Value, secret


class Kept(Value):
    """One row of the table `state`. `seq`: the audit number it was committed with."""

    seq: int
    value: Mapping[str, Any]

    def __hash__(self) -> int:
        return self.seq


class Snapshot(Value):
    """Rows by key as `Put` wrote them. `boot`: the kernel's id of the boot we are in, to tell a
    restart of lockd from a restart of the machine. `damaged`: one line for each row that could
    not be read. `rolled_back`: an older copy of the store was put back. `incomplete`: rows of people
    or state, or the end of the trail, are missing or old, so what is not there may have been."""

    users: Mapping[str, Mapping[str, Any]] = {}
    credentials: Mapping[str, Mapping[str, Any]] = secret(default={})
    state: Mapping[str, Kept] = {}
    boot: str = ""
    last_seq: int = 0
    damaged: tuple[str, ...] = ()
    rolled_back: bool = False
    incomplete: bool = False
    schedules: Mapping[str, Mapping[str, Any]] = {}

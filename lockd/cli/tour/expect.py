"""What a step of the tour expects, as data: each says in words what must happen, and can tell."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import groupby
from typing import Any

from lockd.cli.panel.news import Dictionary
from lockd.cli.tour.stage import Stage
from lockd.value import Value

#: How long a thing may take to happen.
SOON_S = 6.0
#: A bolt this near to an end is there: its contact says so.
END = 0.05
#: How long it is watched that a thing does not happen.
WATCH_S = 0.5


class Expectation(Value):
    """`says`: in words. `met`: whether it is so. `never`: it must not become so within `seconds`."""

    says: str
    met: Callable[[Stage], Awaitable[bool]]
    seconds: float = SOON_S
    never: bool = False

    async def holds(self, stage: Stage) -> bool:
        """Wait for it, or watch that it does not come."""
        return await stage.until(lambda: self.met(stage), self.seconds) is not self.never


def shows(says: str, **properties: Any) -> Expectation:
    """Properties have these values."""

    async def met(stage: Stage) -> bool:
        return stage.here and properties.items() <= stage.properties.items()

    return Expectation(says, met)


def hears(says: str, kind: str, count: int = 1, without: str = "", **fields: Any) -> Expectation:
    """Exactly `count` such events were told in this step, none of them with the key `without`."""

    async def met(stage: Stage) -> bool:
        found = _matching(stage.heard, kind, fields)
        return len(found) == count and not any(without in event for event in found)

    return Expectation(says, met)


def operated(says: str, without: str = "", **fields: Any) -> Expectation:
    """One LockOperation was told, with these fields."""
    return hears(says, "LockOperation", 1, without, **fields)


def alarmed(says: str, **fields: Any) -> Expectation:
    """Exactly one such alarm was told."""
    return hears(says, "DoorLockAlarm", **fields)


def refuses(says: str, **fields: Any) -> Expectation:
    """One LockOperationError was told, with these fields."""
    return hears(says, "LockOperationError", **fields)


def hears_no(says: str, kind: str, seconds: float = WATCH_S, **fields: Any) -> Expectation:
    """No such event is told in this step, nor for so long after."""

    async def met(stage: Stage) -> bool:
        return bool(_matching(stage.heard, kind, fields))

    return Expectation(says, met, seconds, never=True)


def lights(says: str, *lamps: str) -> Expectation:
    """These lamps were lit, last and in this order; however often each."""

    async def met(stage: Stage) -> bool:
        seen = [lamp for lamp, _ in groupby(stage.lamps)]
        return seen[-len(lamps) :] == list(lamps)

    return Expectation(says, met)


def gone(says: str) -> Expectation:
    """lockd does not answer."""
    return Expectation(says, Stage.is_gone)


def travels(says: str, end: float) -> Expectation:
    """The bolt was seen on its way, and at this end of it."""

    async def met(stage: Stage) -> bool:
        return any(0 < place < 1 for place in stage.bolt) and abs(stage.bolt[-1] - end) < END

    return Expectation(says, met)


def refused(says: str, name: str) -> Expectation:
    """The call was refused with this error."""

    async def met(stage: Stage) -> bool:
        return stage.refusal is not None and stage.refusal.name == name

    return Expectation(says, met, WATCH_S)


def logs(says: str, **fields: Any) -> Expectation:
    """The audit trail got such an entry in this step."""

    async def met(stage: Stage) -> bool:
        return any(fields.items() <= entry.items() for entry in await stage.logged())

    return Expectation(says, met)


def answers(says: str, interface: str, method: str, *args: Any, **fields: Any) -> Expectation:
    """A call answers a dictionary with these values."""

    async def met(stage: Stage) -> bool:
        answer = await stage.call(interface, method, *args)
        return answer is not None and fields.items() <= answer.items()

    return Expectation(says, met)


def _matching(events: list[Dictionary], kind: str, fields: Dictionary) -> list[Dictionary]:
    return [event for event in events if event.get("kind") == kind and fields.items() <= event.items()]

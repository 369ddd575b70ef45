"""What the front panel is told, and what it may ask: the seam between the screen and D-Bus."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from lockd.value import Value

Dictionary = Mapping[str, Any]


class Here(Value):
    """lockd answers: every property the panel may want, the newest log entries, the users."""

    properties: Dictionary
    events: Sequence[Dictionary] = ()
    users: Sequence[Dictionary] = ()


class Gone(Value):
    """lockd does not answer any more, and why."""

    cause: str


class Changed(Value):
    """Properties that have new values."""

    properties: Dictionary


class Happened(Value):
    """A signal that tells of something; `event` holds its `kind`."""

    event: Dictionary


class Known(Value):
    """The users, after one was added, changed or removed."""

    users: Sequence[Dictionary]


News = Here | Gone | Changed | Happened | Known


class Link(Protocol):
    """One connection to a simulated lock. Errors are lockd.errors."""

    async def act(self, interface: str, method: str, *args: Any) -> Any:
        """Call a method of `org.lockd1.<interface>`."""

    async def assign(self, interface: str, name: str, value: Any) -> None:
        """Set a property."""

    async def follow(self, tell: Callable[[News], None]) -> None:
        """Tell all news for ever, reconnecting as often as needed."""


class Keeper(Protocol):
    """Who runs the simulated lock, and so holds its power."""

    async def revive(self) -> None:
        """Start again what has ended. Raises Failure."""

    def cut(self) -> None:
        """Cut the power: lockd ends where it stands."""

    async def touch(self, values: Mapping[str, Any]) -> None:
        """Hands on the modelled door while lockd is off. Raises Failure."""

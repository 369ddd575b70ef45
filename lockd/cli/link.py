"""What the commands need of a connection to lockd. `lockd.dbus.client.Client` is one; a test has its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Protocol


class Lockd(Protocol):
    """Interfaces by their full name (`names.LOCK.name`). Errors are those of lockd.errors."""

    async def call(self, interface: str, method: str, *args: Any) -> Any:
        """Call a method; its one answer, a tuple of several, or None."""

    async def get(self, interface: str, name: str) -> Any:
        """One property."""

    async def get_all(self, interface: str) -> dict[str, Any]:
        """Every property of an interface."""

    async def set(self, interface: str, name: str, value: Any) -> None:
        """Set a property."""

    def nudges(self) -> AsyncGenerator[bool, None]:
        """True at once, and for every signal of lockd; False when it went away, True when it is
        back. Raises NotRunning when the bus ends."""

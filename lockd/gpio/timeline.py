"""Time as the parts of this package need it. An asyncio event loop is one; tests bring their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Timer(Protocol):
    """Something that will happen, unless cancelled."""

    def cancel(self) -> None:
        """It will not happen."""


class Timeline(Protocol):
    """The part of an event loop that deals in time. Callbacks run one after the other."""

    def time(self) -> float:
        """Seconds that only go forward; may be asked from any thread."""

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any) -> Timer:
        """Call in so many seconds."""

    def call_soon_threadsafe(self, callback: Callable[..., object], *args: Any) -> Any:
        """Call in the loop's own thread, from whichever thread."""

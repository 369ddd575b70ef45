"""A lock that is handed on in order of arrival."""

from __future__ import annotations

from threading import Lock
from time import monotonic


class Turn:
    """Who works in small steps, letting go between them, never keeps another waiting for more than
    one: a plain Lock would let it take the next step at once, before the other wakes."""

    def __init__(self) -> None:
        self._gate = Lock()
        self._lock = Lock()
        self._since: float | None = None

    def __enter__(self) -> None:
        with self._gate:
            self._lock.acquire()
        self._since = monotonic()

    def __exit__(self, *_: object) -> None:
        self._since = None
        self._lock.release()

    def held_for(self) -> float:
        """Seconds since the present holder got it; 0 when it is free."""
        since = self._since
        return 0.0 if since is None else monotonic() - since

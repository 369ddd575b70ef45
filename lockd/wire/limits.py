"""How much of the lock strangers may take. Addresses cost nothing to change, so nothing is counted by address.

Times: mono seconds.
"""

from __future__ import annotations

FAILURES = 10  #: handshakes that fail, all devices together
WITHIN_S = 60.0
CONNECTIONS = 3
UNVERIFIED_S = 2.0  #: beyond this, one connection may be there without a phone that the lock knows


class HandshakeLimit:
    """Failed handshakes of all devices. It never stands in the way of one that verifies: whoever fails
    beyond it hears TOO_MANY_HANDSHAKES, and need not be recorded one by one."""

    def __init__(self) -> None:
        self._recent: tuple[float, ...] = ()

    def failed(self, at: float) -> None:
        """One more."""
        self._recent = (*self._recent[1 - FAILURES :], at)

    def exceeded(self, at: float) -> bool:
        """Whether there were so many within the last minute."""
        return len(self._recent) == FAILURES and at - self._recent[0] < WITHIN_S


class Connections:
    """Who is connected, and who has to go."""

    def __init__(self) -> None:
        self._speaking: set[str] = set()
        self._unverified: dict[str, float] = {}  # since when, oldest first

    def arrived(self, device: str, at: float) -> None:
        """It is connected, and has said nothing yet."""
        if device not in self._speaking:
            self._unverified.setdefault(device, at)

    def excused(self, device: str) -> None:
        """It is not here for the lock; unless it speaks."""
        if device not in self._speaking:
            self._unverified.pop(device, None)

    def opened(self, device: str, at: float) -> str | None:
        """Whom to disconnect now that the device speaks: itself, if there is no room, or None."""
        if device in self._speaking:
            return None
        leaves = None
        if len(self._speaking) >= CONNECTIONS:
            late = (each for each in self._late(at) if each in self._speaking)
            leaves = next(late, None)
            if leaves is None:
                return device
            self.closed(leaves)
        self._speaking.add(device)
        self._unverified.setdefault(device, at)
        return leaves

    def verified(self, device: str) -> None:
        """Its phone is one that the lock knows."""
        self._unverified.pop(device, None)

    def closed(self, device: str) -> None:
        """It is gone."""
        self._speaking.discard(device)
        self._unverified.pop(device, None)

    def next_deadline(self) -> float | None:
        """When `overdue` has somebody next."""
        waiting = list(self._unverified.values())
        return waiting[1] + UNVERIFIED_S if len(waiting) > 1 else None

    def overdue(self, at: float) -> tuple[str, ...]:
        """Whom to disconnect: of those that have not verified in time all but the youngest."""
        late = self._late(at)
        for device in late[:-1]:
            self.closed(device)
        return tuple(late[:-1])

    def _late(self, at: float) -> list[str]:
        return [device for device, since in self._unverified.items() if at - since >= UNVERIFIED_S]

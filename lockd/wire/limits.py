"""How much of the lock strangers may take. Addresses cost nothing to change, so nothing is counted by address.

Times: mono seconds.
"""

from __future__ import annotations

FAILURES = 10  #: handshakes that fail, all devices together
WITHIN_S = 60.0
CONNECTIONS = 3
UNVERIFIED_S = 2.0  #: beyond this, one connection may be there without a phone that the lock knows
SILENT_S = 10.0  #: beyond this, one may be there that has said nothing; until then a phone looks around


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
        # Since when, oldest first: who has said nothing yet, and whose phone is not known yet.
        self._silent: dict[str, float] = {}
        self._unverified: dict[str, float] = {}

    def arrived(self, device: str, at: float) -> None:
        """It is connected, and has said nothing yet."""
        if device not in self._speaking:
            self._silent.setdefault(device, at)

    def excused(self, device: str) -> None:
        """It is here for something else, and may be silent."""
        self._silent.pop(device, None)

    def opened(self, device: str, at: float) -> str | None:
        """Whom to disconnect now that the device speaks: itself, if there is no room, or None."""
        if device in self._speaking:
            return None
        leaves = None
        if len(self._speaking) >= CONNECTIONS:
            leaves = next(iter(_late(self._unverified, UNVERIFIED_S, at)), None)
            if leaves is None:
                return device
            self.closed(leaves)
        self._silent.pop(device, None)
        self._speaking.add(device)
        self._unverified[device] = at
        return leaves

    def verified(self, device: str) -> None:
        """Its phone is one that the lock knows."""
        self._unverified.pop(device, None)

    def closed(self, device: str) -> None:
        """It is gone."""
        self._speaking.discard(device)
        for waiting in (self._silent, self._unverified):
            waiting.pop(device, None)

    def next_deadline(self) -> float | None:
        """When `overdue` has somebody next."""
        groups = ((self._silent, SILENT_S), (self._unverified, UNVERIFIED_S))
        due = [tuple(waiting.values())[1] + limit for waiting, limit in groups if len(waiting) > 1]
        return min(due, default=None)

    def overdue(self, at: float) -> tuple[str, ...]:
        """Whom to disconnect: of those that have not spoken, and of those that have not verified, in time all but
        the youngest."""
        silent, late = _late(self._silent, SILENT_S, at), _late(self._unverified, UNVERIFIED_S, at)
        going = (*silent[:-1], *late[:-1])
        for device in going:
            self.closed(device)
        return going


def _late(waiting: dict[str, float], limit: float, at: float) -> list[str]:
    return [device for device, since in waiting.items() if at - since >= limit]

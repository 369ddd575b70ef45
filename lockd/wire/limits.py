"""How much of the lock strangers may take. Addresses cost nothing to change, so nothing is counted by address.

Times: mono seconds.
"""

from __future__ import annotations

FAILURES = 10  #: handshakes that fail, all devices together
WITHIN_S = 60.0
CONNECTIONS = 3
UNVERIFIED_S = 2.0  #: beyond this, one connection may be there without a phone that the lock knows
SILENT_S = 10.0  #: until its first write: a phone asks the radio what services there are before


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
        self._since: dict[str, float] = {}  # oldest first
        self._unverified: dict[str, float] = {}
        self._silent: dict[str, float] = {}

    def came(self, device: str, at: float) -> None:
        """It is there, and has not said anything yet; when it does, it is `opened`."""
        if device not in self._since:
            self._silent.setdefault(device, at)

    def opened(self, device: str, at: float) -> str | None:
        """Whom to disconnect now that the device is there: itself, if there is no room, or None."""
        if device in self._since:
            return None
        self._silent.pop(device, None)
        leaves = None
        if len(self._since) >= CONNECTIONS:
            leaves = next((each for each, since in self._unverified.items() if at - since >= UNVERIFIED_S), None)
            if leaves is None:
                return device
            self.closed(leaves)
        self._since[device] = self._unverified[device] = at
        return leaves

    def verified(self, device: str) -> None:
        """Its phone is one that the lock knows."""
        self._unverified.pop(device, None)

    def closed(self, device: str) -> None:
        """It is gone."""
        self._since.pop(device, None)
        self._unverified.pop(device, None)
        self._silent.pop(device, None)

    def next_deadline(self) -> float | None:
        """When `overdue` has somebody next."""
        second = [since + UNVERIFIED_S for since in self._unverified.values()][1:2]
        return min((*second, *(since + SILENT_S for since in self._silent.values())), default=None)

    def overdue(self, at: float) -> tuple[str, ...]:
        """Whom to disconnect: all that were silent too long, and of those that have not verified in time all
        but the youngest."""
        silent = [device for device, since in self._silent.items() if at - since >= SILENT_S]
        late = [device for device, since in self._unverified.items() if at - since >= UNVERIFIED_S]
        for device in late[:-1]:
            self.closed(device)
        for device in silent:
            self.closed(device)
        return (*late[:-1], *silent)

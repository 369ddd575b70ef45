"""Phones, as the rest of the daemon asks of them; they know the desk, and it must not have to know them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from lockd.dbus import desk


class PhoneDesk(desk.PhoneDesk, Protocol):
    """daemon.phones.Phones."""

    def properties(self) -> Mapping[str, Any]:
        """org.lockd1.Phones."""

    async def forget(self, by: str) -> None:
        """After everybody was."""

    def recorded(self) -> None:
        """The trail has grown."""

    def look(self) -> None:
        """Somebody's rights have changed."""

    def refresh(self) -> None:
        """Advertise as it is fit now."""

    def sleep(self, asleep: bool) -> None:
        """While power is short."""

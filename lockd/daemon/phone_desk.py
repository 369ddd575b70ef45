"""Phones, as the rest of the daemon asks of them; they know the desk, and it must not have to know them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class PhoneDesk(Protocol):
    """daemon.phones.Phones."""

    def properties(self) -> Mapping[str, Any]:
        """org.lockd1.Phones."""

    def create_invite(self, fields: Mapping[str, Any], by: str) -> tuple[str, str]:
        """The URI to be shown as a QR code, and the invitation's number."""

    def cancel_invite(self, number: str) -> None:
        """NotFound: it is not open."""

    def listed(self) -> list[dict[str, Any]]:
        """Every phone, by user."""

    async def revoke(self, number: str, by: str) -> None:
        """Remove its credential."""

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

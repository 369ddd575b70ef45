"""What this package needs of a connection to the message bus. The daemon has one to give: adapters do not
know each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from dbus_next.constants import MessageType
from dbus_next.message import Message

#: Who handles a call or signal; False: its body was too long, or not readable, and is not there.
Receive = Callable[[Message, bool], None]

#: The longest that BlueZ may take to answer.
CALL_S = 10.0


class Link(Protocol):
    """A live connection."""

    @property
    def connected(self) -> bool:
        """Whether it still stands."""

    def when_gone(self, call: Callable[[], None]) -> None:
        """Call this at its end."""

    def close(self) -> None:
        """End it. More than once is fine."""

    def post(self, message: Message) -> None:
        """Send it without waiting. Does nothing after the end."""

    async def ask(self, message: Message, timeout_s: float) -> Any:
        """Send a call; the answer's body. Raises CallError, TimeoutError, ConnectionError."""

    async def ask_bus(self, member: str, signature: str = "", *body: Any) -> Any:
        """The same, to the bus itself."""


#: Makes a connection to the bus that BlueZ is on. Raises OSError or CallError.
Connect = Callable[[Receive], Awaitable[Link]]


def call(destination: str, path: str, interface: str, member: str, signature: str = "", *body: Any) -> Message:
    """A method call."""
    return Message(
        destination=destination, path=path, interface=interface, member=member, signature=signature, body=list(body)
    )


def signal(path: str, interface: str, member: str, signature: str, *body: Any) -> Message:
    """A signal to all."""
    return Message(
        message_type=MessageType.SIGNAL, path=path, interface=interface, member=member, signature=signature,
        body=list(body),
    )  # fmt: skip

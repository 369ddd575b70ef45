"""What comes out of a session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockd.value import Value, secret
from lockd.wire.rights import Role


class Opened(Value):
    """Both ends know each other. On the lock: who is there; a stranger has to show a pass yet."""

    phone_key: bytes = b""
    role: Role | None = None
    user: int = 0


class CommandReceived(Value):
    """A command of a session that may give it, with fields that are right; `reply` answers it. `user`:
    whose phone it is, or whom the invitation is for; 0: nobody's."""

    id: int
    command: str
    fields: Mapping[str, Any] = secret()
    phone_key: bytes
    role: Role
    user: int


class Replied(Value):
    """The lock's answer to a command; ACCEPTED is followed by another one."""

    id: int
    result: int
    fields: Mapping[str, Any] = secret()


class Closed(Value):
    """The session is wiped: disconnect. `code`: one of lockd.wire.results. `verified`: the lock knew the phone."""

    code: int
    verified: bool


Event = Opened | CommandReceived | Replied | Closed


class Output(Value):
    """`frames`: to be sent in this order. `error`: what the write is to be answered with as an ATT error;
    0: nothing."""

    frames: tuple[bytes, ...] = ()
    events: tuple[Event, ...] = ()
    error: int = 0

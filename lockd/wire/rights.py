"""Which role may give which command: one table, and what is not in it is denied.

Beside the four roles that people have there are three of a session: `stranger`, whose key the lock does
not know and who may show a guest pass; `invited`, who holds an invitation; `enrolled`, who has used it.
"""

from __future__ import annotations

from typing import Literal

Role = Literal["owner", "admin", "user", "guest", "stranger", "invited", "enrolled"]

_MANAGERS: tuple[Role, ...] = ("owner", "admin")
_KNOWN: tuple[Role, ...] = ("owner", "admin", "user", "guest")

TABLE: dict[str, tuple[Role, ...]] = {
    "UNLOCK": _KNOWN,
    "LOCK": _KNOWN,
    "STATUS": _KNOWN,
    "LOG_READ": _MANAGERS,
    "LOG_ACK": _MANAGERS,
    "USERS": _MANAGERS,
    "INVITE": _MANAGERS,
    "PASS": ("stranger",),
    "REVLIST": _KNOWN,
    "TIME_SET": ("owner",),
    "CONFIG": ("owner",),
    "ENROL": ("invited",),
}

#: Whom a role may invite, change and remove.
MANAGES: dict[Role, tuple[Role, ...]] = {"owner": ("owner", "admin", "user", "guest"), "admin": ("user", "guest")}

#: Whose signing key makes passes and revocation lists.
ISSUERS = _MANAGERS

#: What a guest pass can allow.
GRANTABLE = ("UNLOCK", "LOCK", "STATUS")


def may(role: Role | None, command: str) -> bool:
    """Whether the role may give the command at all. None: there is no session."""
    return role in TABLE.get(command, ())


def may_manage(role: Role | None, other: Role) -> bool:
    """Whether the role may invite, change or remove somebody of the other role."""
    return role is not None and other in MANAGES.get(role, ())

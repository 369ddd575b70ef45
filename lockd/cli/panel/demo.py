"""A demonstration person with a PIN, so that a fresh lock has something to open it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from lockd.cli.panel.news import Link
from lockd.value import Value, secret

#: The most digits of a PIN made here.
DIGITS = 6


class Demonstration(Value):
    """Whom the panel added in this session; the only place that still knows the PIN."""

    name: str
    user: int
    pin: str = secret()


def _free(taken: Iterable[int]) -> int:
    """The lowest index from 1 on that is not taken."""
    used = set(taken)
    return next(index for index in range(1, len(used) + 2) if index not in used)


async def add_person(link: Link, least_digits: int, most_digits: int) -> Demonstration:
    """Add a user and a PIN to the first free places. Raises LockdError; adds all or nothing."""
    users = await link.act("Users", "ListUsers")
    user = _free(entry["index"] for entry in users)
    place = _free(index for entry in users for kind, index in entry.get("credentials", ()) if kind == "PIN")
    name = f"Demo {user}"
    pin = "".join(secrets.choice("0123456789") for _ in range(min(max(DIGITS, least_digits), most_digits)))
    await link.act("Users", "SetUser", "Add", user, {"name": name})
    try:
        await link.act("Users", "SetCredential", "Add", "PIN", place, pin.encode(), user, {})
    except BaseException:
        await link.act("Users", "ClearUser", user)
        raise
    return Demonstration(name, user, pin)

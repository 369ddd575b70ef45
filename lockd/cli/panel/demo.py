"""A demonstration person with a PIN, so that a fresh lock has something to open it."""

from __future__ import annotations

import secrets

from lockd.cli.panel.news import Link
from lockd.value import Value, secret

#: The most digits of a PIN made here.
DIGITS = 6


class Demonstration(Value):
    """Whom the panel added in this session; the only place that still knows the PIN."""

    name: str
    user: int
    pin: str = secret()


async def add_person(link: Link, least_digits: int, most_digits: int) -> Demonstration:
    """Add a PIN, which makes its user, at the first free places. Raises LockdError; adds all or nothing."""
    users = await link.act("Users", "ListUsers")
    taken = {index for entry in users for kind, index in entry.get("credentials", ()) if kind == "PIN"}
    place = next(index for index in range(1, len(taken) + 2) if index not in taken)
    pin = "".join(secrets.choice("0123456789") for _ in range(min(max(DIGITS, least_digits), most_digits)))
    user, _ = await link.act("Users", "SetCredential", "Add", "PIN", place, pin.encode(), 0, {})
    name = f"Demo {user}"
    try:
        await link.act("Users", "SetUser", "Modify", user, {"name": name})
    except BaseException:
        await link.act("Users", "ClearUser", user)
        raise
    return Demonstration(name, user, pin)

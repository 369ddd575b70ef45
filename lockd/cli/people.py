"""Users as people name them: by index or by name, and their types in short words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from lockd.cli import ask
from lockd.cli.link import Lockd
from lockd.dbus.names import ALL, USERS
from lockd.errors import AccessDenied, NotFound, ResourceExhausted
from lockd.words import CredentialRule, UserType

User = Mapping[str, Any]

#: Characters.
NAME_MAX = 64


def _short(name: str) -> str:
    """UnrestrictedUser -> unrestricted, RemoteOnlyUser -> remote-only."""
    stem = name.removesuffix("User")
    return "".join(f"-{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(stem))


#: Each type of user in a short word, and the other way round.
SHORT: dict[str, str] = {name: _short(name) for name in get_args(UserType)}
TYPES: dict[str, str] = {short: name for name, short in SHORT.items()}
RULES = {rule.lower(): rule for rule in get_args(CredentialRule)}
STATUSES = {"OccupiedEnabled": "enabled", "OccupiedDisabled": "disabled", "Available": "free"}


async def everybody(lockd: Lockd) -> Sequence[User]:
    """Every user, by index."""
    users = await lockd.call(USERS.name, "ListUsers")
    return sorted(users, key=lambda user: int(user["index"]))


async def names(lockd: Lockd) -> dict[int, str]:
    """Names by index, for sentences; empty for a caller who may not know them."""
    try:
        return {user["index"]: user["name"] for user in await everybody(lockd) if user.get("name")}
    except AccessDenied:
        return {}


def find(users: Iterable[User], wanted: str) -> User:
    """By index, else by name, else by a name that only differs in case; or NotFound."""
    users = list(users)
    exact = [user for user in users if wanted in (str(user["index"]), user.get("name"))]
    close = [user for user in users if user.get("name", "").casefold() == wanted.casefold()]
    found = exact or close
    by_index = [user for user in found if str(user["index"]) == wanted]
    if len(found) > 1 and not by_index:
        where = " and ".join(str(user["index"]) for user in found)
        raise NotFound(f"“{wanted}” is the name of several users, {where}: say which by its index (lockctl user list)")
    if not found:
        raise NotFound(f"there is no user “{wanted}”")
    return (by_index or found)[0]


def name_fault(name: str) -> str:
    """Why nobody can be called so, as it would mean another on a command line; empty: he can."""
    if len(name) > NAME_MAX or not name.isprintable():
        return f"at most {NAME_MAX} printable characters"
    if name.isdigit():
        return f"“{name}” means the user with that index: choose another name"
    return {"": "it is empty", "all": "“all” means everybody: choose another name"}.get(name, "")


def namesake(users: Iterable[User], name: str) -> str:
    """A sentence, if somebody is called so already; else empty."""
    others = [str(user["index"]) for user in users if user.get("name", "").casefold() == name.casefold()]
    return f" Of that name there is user {' and '.join(others)} too: say by the index whom you mean." if others else ""


def called(user: User) -> str:
    """`Anna (user 3)`, or `user 3`."""
    number = f"user {user['index']}"
    return f"{user['name']} ({number})" if user.get("name") else number


def counted(number: int, what: str = "user") -> str:
    """`1 user`, `2 users`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def free_place(taken: Iterable[int], room: int, what: str) -> int:
    """The lowest index that is free."""
    used = set(taken)
    for index in range(1, min(room, ALL - 1) + 1):
        if index not in used:
            return index
    raise ResourceExhausted(f"all {room} places for {what} are taken; remove one first")


#: What a credential may be, as the keys of a user say it.
MARKS = ("spare", "duress", "limited")


def marked(user: User, mark: str, kind: str, index: int) -> bool:
    """Whether a credential of this user is so."""
    return (kind, index) in [tuple(each) for each in user.get(mark, ())]


def marks(user: User, kind: str, index: int) -> str:
    """`spare, limited`, or nothing."""
    return ", ".join(mark for mark in MARKS if marked(user, mark, kind, index))


def credentials(user: User) -> str:
    """`PIN 1, PIN 4 (spare)`."""
    told = ((f"{kind} {index}", marks(user, kind, index)) for kind, index in user.get("credentials", ()))
    return ", ".join(f"{which} ({mark})" if mark else which for which, mark in told) or "none"


def owners(users: Iterable[User], wanted: str) -> dict[int, User]:
    """Who owns each credential of a type, by its index."""
    return {index: user for user in users for kind, index in user.get("credentials", ()) if kind == wanted}


def pins(users: Iterable[User]) -> dict[int, User]:
    """Who owns each PIN, by the PIN's index."""
    return owners(users, "PIN")


async def forget(lockd: Lockd, user: User, kind: str, index: int, yes: str | None) -> bool:
    """Remove a credential; whether its user went too, which takes a typed yes."""
    last = len(user.get("credentials", ())) == 1
    if last:
        ask.sure(f"It is the last credential of {called(user)}, who is removed with it.", "remove", yes)
    await lockd.call(USERS.name, "ClearCredential", kind, index)
    return last

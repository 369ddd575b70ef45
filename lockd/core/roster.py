"""Changes to users and credentials, after Matter's SetUser, ClearUser, SetCredential and
ClearCredential: checked against everybody there is, and answered with what to write.

Nothing here changes anything: the lock applies a change when it is on disk.
"""

from __future__ import annotations

from typing import Any, get_args

from lockd.core.effects import Drop, Write
from lockd.core.events import CredentialCleared, CredentialSet, UserCleared, UserSet
from lockd.core.people import UNIQUE_ID_NONE, Credential, People, User, credential_row, drop_user, renew, user_row
from lockd.errors import (
    ConstraintError,
    Duplicate,
    InvalidField,
    NotFound,
    Occupied,
    ResourceExhausted,
    UnsupportedCommand,
)  # fmt: skip
from lockd.settings import UserSettings
from lockd.value import Value
from lockd.words import CredentialRule, CredentialType, UserStatus, UserType

ALL = 0xFFFE  #: the index that means every one
NAME_MAX = 64  #: characters of a user's name


class Change(Value):
    """What to commit, what to tell (fields of LockUserChange), and what to answer. `users`: whom
    it made or removed by the way, told of after."""

    writes: tuple[Write, ...]
    told: dict[str, Any]
    result: Any = None
    users: tuple[dict[str, Any], ...] = ()


def plan(
    event: UserSet | UserCleared | CredentialSet | CredentialCleared, people: People, limits: UserSettings
) -> Change:
    """The change an event asks for; raises the LockdError that it meets."""
    match event:
        case UserSet():
            return _set_user(event, people, limits)
        case UserCleared():
            return _clear_user(event, people)
        case CredentialSet():
            return _set_credential(event, people, limits)
        case _:
            return _clear_credential(event, people)


def free_index(taken: set[int], most: int, after: int = 0) -> int:
    """The first free index above `after`; 0: none."""
    return next((i for i in range(after + 1, most + 1) if i not in taken), 0)


def pins_supported(limits: UserSettings) -> int:
    """PIN indexes run from 1 to this."""
    return min(limits.max * limits.credentials, ALL - 1)


def _told(kind: str, operation: str, by: str, user: int, index: int = 0) -> dict[str, Any]:
    told: dict[str, Any] = {"data_type": kind, "operation": operation, "source": "Remote", "by": by, "user": user}
    return told | {"index": index} if index else told


def _range(index: int, most: int, what: str) -> None:
    if not 1 <= index <= most:
        raise InvalidField(f"{what} index {index} is out of range: 1 to {most}.")


def _checked(fields: dict[str, Any], people: People, index: int) -> dict[str, Any]:
    """User fields, each one valid and none taken by another user."""
    if len(fields.get("name", "")) > NAME_MAX or not fields.get("name", "").isprintable():
        raise InvalidField(f"name: at most {NAME_MAX} printable characters.")
    for field, words in (("status", UserStatus), ("type", UserType), ("rule", CredentialRule)):
        if field in fields and fields[field] not in get_args(words):
            raise InvalidField(f"{field}: {fields[field]!r} is not one of {', '.join(get_args(words))}.")
    if fields.get("status") == "Available":
        raise InvalidField("status: Available is what ClearUser makes; set OccupiedEnabled or OccupiedDisabled.")
    unique = fields.get("unique_id", UNIQUE_ID_NONE)
    others = (u for u in people.users.values() if u.index != index)
    if unique != UNIQUE_ID_NONE and any(u.unique_id == unique for u in others):
        raise Duplicate(f"unique_id {unique} belongs to another user.")
    return fields


def _set_user(event: UserSet, people: People, limits: UserSettings) -> Change:
    _range(event.index, limits.max, "user")
    fields = _checked(dict(event.fields), people, event.index)
    old = people.users.get(event.index)
    if event.op == "Add":
        if old is not None:
            raise Occupied(f"User {event.index} exists: Modify or ClearUser it.")
        writes = _made(User(event.index, creator=event.by, modifier=event.by, **fields), people)
    elif old is None:
        raise NotFound(f"There is no user {event.index}.")
    else:
        # Whose type or status is set anew starts anew: what was used up does not linger.
        renewed = (renew(event.index),) if {"type", "status"} & fields.keys() else ()
        writes = (user_row(old.but(**fields, modifier=event.by)), *renewed)
    return Change(writes, _told("UserIndex", event.op, event.by, event.index))


def _made(user: User, people: People) -> tuple[Write, ...]:
    """The rows of a new user. Nothing that an earlier one left is his: no use under way when he
    was removed, no credential or schedule whose user's row was damaged."""
    _, *left = drop_user(user.index, people)
    return (user_row(user), *left)


def _clear_user(event: UserCleared, people: People) -> Change:
    if event.index == ALL:
        gone = list(people.users.values())
    elif event.index in people.users:
        gone = [people.users[event.index]]
    else:
        raise NotFound(f"There is no user {event.index}.")
    writes = tuple(w for user in gone for w in drop_user(user.index, people))
    return Change(writes, _told("UserIndex", "Clear", event.by, event.index))


def _owner(event: CredentialSet, people: People, limits: UserSettings) -> tuple[User, tuple[Write, ...]]:
    """The user that a new credential belongs to, and the rows that make him if he is new."""
    if event.user:
        if event.fields:
            raise InvalidField(f"{', '.join(event.fields)}: only with user 0, for the new user that it makes.")
        if event.user not in people.users:
            raise NotFound(f"There is no user {event.user}.")
        if len(people.of(event.user)) >= limits.credentials:
            raise ResourceExhausted(f"User {event.user} has {limits.credentials} credentials, the most allowed.")
        return people.users[event.user], ()
    index = free_index(set(people.users), limits.max)
    if not index:
        raise ResourceExhausted(f"There are {limits.max} users, the most that fit (users.max).")
    named = {n.removeprefix("user_"): v for n, v in event.fields.items()}
    user = User(index, creator=event.by, modifier=event.by, **_checked(named, people, index))
    return user, _made(user, people)


def _set_credential(event: CredentialSet, people: People, limits: UserSettings) -> Change:
    _supported(event.kind)
    _range(event.index, pins_supported(limits), "credential")
    old = people.credentials.get((event.kind, event.index))
    twin = people.find(event.kind, event.digest)
    if twin is not None and twin[1] is not old:
        # Whose it is stays untold: the caller has just learnt somebody's PIN.
        raise Duplicate("This PIN is in use already: choose another one.")
    if event.op == "Add":
        if old is not None:
            raise Occupied(f"{event.kind} {event.index} is taken.")
        user, made = _owner(event, people, limits)
        new = Credential(event.kind, event.index, user.index, event.digest, event.by, event.by)
    else:
        user, made, new = _modified(event, old, people)
    taken = {i for kind, i in people.credentials if kind == event.kind} | {event.index}
    after = free_index(taken, pins_supported(limits), event.index)
    told = _told(event.kind, event.op, event.by, user.index, event.index)
    users = (_told("UserIndex", "Add", event.by, user.index),) if made else ()
    return Change((*made, credential_row(new)), told, (user.index, after), users)


def _modified(
    event: CredentialSet, old: Credential | None, people: People
) -> tuple[User, tuple[Write, ...], Credential]:
    if old is None or old.user not in people.users:
        raise NotFound(f"There is no {event.kind} {event.index}, or its user cannot be read: clear it.")
    if event.user not in (0, old.user):
        raise ConstraintError(f"{event.kind} {event.index} belongs to user {old.user}.")
    if event.fields:
        raise InvalidField(f"{', '.join(event.fields)}: only when a new user is made.")
    return people.users[old.user], (), old.but(digest=event.digest, modifier=event.by)


def _supported(kind: str) -> None:
    if kind not in get_args(CredentialType):
        raise InvalidField(f"type: {kind!r} is not one of {', '.join(get_args(CredentialType))}.")
    if kind != "PIN":
        raise UnsupportedCommand(f"{kind} credentials are not supported by this lock; PIN is.")


def _clear_credential(event: CredentialCleared, people: People) -> Change:
    if event.kind:
        _supported(event.kind)
    gone = [
        c for c in people.credentials.values()
        if event.kind in ("", c.kind) and event.index in (ALL, c.index)
    ]  # fmt: skip
    if not gone and event.index != ALL:
        raise NotFound(f"There is no {event.kind or 'credential'} {event.index}.")
    keys = {c.key for c in gone}
    kept = {c.user for c in people.credentials.values() if c.key not in keys}
    orphans = sorted({c.user for c in gone} - kept)
    drops: tuple[Write, ...] = tuple(Drop("credential", c.key) for c in gone if c.user not in orphans)
    users = tuple(w for u in orphans for w in drop_user(u, people))
    owner = gone[0].user if len(gone) == 1 else ALL
    return Change(
        (*drops, *users), _told(event.kind or "PIN", "Clear", event.by, owner, event.index),
        users=tuple(_told("UserIndex", "Clear", event.by, user) for user in orphans),
    )  # fmt: skip

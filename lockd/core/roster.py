"""Changes to users, after Matter's SetUser and ClearUser: checked against everybody there is, and
answered with what to write. Those to credentials are in enrolment.py.

Nothing here changes anything: the lock applies a change when it is on disk.
"""

from __future__ import annotations

from typing import Any, get_args

from lockd.core.effects import Write
from lockd.core.events import UserCleared, UserSet
from lockd.core.people import UNIQUE_ID_NONE, People, User, drop_user, renew, user_row
from lockd.errors import Duplicate, InvalidField, NotFound, Occupied
from lockd.settings import UserSettings
from lockd.value import Value
from lockd.words import CredentialRule, Source, UserStatus, UserType

ALL = 0xFFFE  #: the index that means every one
NAME_MAX = 64  #: characters of a user's name


class Change(Value):
    """What to commit, what to tell (fields of LockUserChange), and what to answer. `users`: whom
    it made or removed by the way, told of after."""

    writes: tuple[Write, ...]
    told: dict[str, Any]
    result: Any = None
    users: tuple[dict[str, Any], ...] = ()


def credentials_supported(limits: UserSettings) -> int:
    """Credential indexes of each kind run from 1 to this."""
    return min(limits.max * limits.credentials, ALL - 1)


def told(
    kind: str, operation: str, by: str, user: int, index: int = 0, source: Source = "Remote"
) -> dict[str, Any]:
    """The fields of LockUserChange."""
    fields: dict[str, Any] = {"data_type": kind, "operation": operation, "source": source, "by": by, "user": user}
    return fields | {"index": index} if index else fields


def expect_in_range(index: int, most: int, what: str, there: bool = False) -> None:
    """InvalidField for an index that there is not. Who or what is `there` though the setting was lowered since
    can still be changed and removed."""
    if not there and not 1 <= index <= most:
        raise InvalidField(f"{what} index {index} is out of range: 1 to {most}.")


def checked(fields: dict[str, Any], people: People, index: int) -> dict[str, Any]:
    """User fields, each one valid and none taken by another user than `index`."""
    if len(fields.get("name", "")) > NAME_MAX or not fields.get("name", "").isprintable():
        raise InvalidField(f"name: at most {NAME_MAX} printable characters.")
    for field, words in (("status", UserStatus), ("type", UserType), ("rule", CredentialRule)):
        if field in fields and fields[field] not in get_args(words):
            raise InvalidField(f"{field}: {fields[field]!r} is not one of {', '.join(get_args(words))}.")
    if fields.get("status") == "Available":
        raise InvalidField("status: Available is what ClearUser makes; set OccupiedEnabled or OccupiedDisabled.")
    unique = fields.get("unique_id", UNIQUE_ID_NONE)
    if unique != UNIQUE_ID_NONE and people.named(unique) not in (0, index):
        raise Duplicate(f"unique_id {unique} belongs to another user.")
    return fields


def set_user(event: UserSet, people: People, limits: UserSettings) -> Change:
    """Add or Modify."""
    old = people.users.get(event.index)
    expect_in_range(event.index, limits.max, "user", there=old is not None and event.op == "Modify")
    fields = checked(dict(event.fields), people, event.index)
    if event.op == "Add":
        if old is not None:
            raise Occupied(f"User {event.index} exists: Modify or ClearUser it.")
        writes = made(User(event.index, creator=event.by, modifier=event.by, **fields), people)
    elif old is None:
        raise NotFound(f"There is no user {event.index}.")
    else:
        # Whose type or status is set anew starts anew: what was used up does not linger.
        renewed = (renew(event.index),) if {"type", "status"} & fields.keys() else ()
        writes = (user_row(old.but(**fields, modifier=event.by)), *renewed)
    return Change(writes, told("UserIndex", event.op, event.by, event.index))


def made(user: User, people: People) -> tuple[Write, ...]:
    """The rows of a new user. Nothing that an earlier one left is his: no use under way when he
    was removed, no credential or schedule whose user's row was damaged."""
    _, *left = drop_user(user.index, people)
    return (user_row(user), *left)


def clear_user(event: UserCleared, people: People) -> Change:
    """One with all that is his, or everybody."""
    if event.index == ALL:
        gone = list(people.users.values())
    elif event.index in people.users:
        gone = [people.users[event.index]]
    else:
        raise NotFound(f"There is no user {event.index}.")
    writes = tuple(w for user in gone for w in drop_user(user.index, people))
    return Change(writes, told("UserIndex", "Clear", event.by, event.index))

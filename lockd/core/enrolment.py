"""Changes to credentials, after Matter's SetCredential and ClearCredential: checked against all there
are, and answered with what to write. Those to users are in roster.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from lockd.core.credentials import (
    ALWAYS,
    SPARES_MAX,
    USES_MAX,
    Credential,
    Terms,
    credential_row,
    data_type,
    drop_credential,
    renew_uses,
    space,
)  # fmt: skip
from lockd.core.effects import Write
from lockd.core.events import CredentialCleared, CredentialSet
from lockd.core.people import People, User, drop_user
from lockd.core.roster import ALL, Change, checked, credentials_supported, expect_in_range, made, told
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
from lockd.words import ACCEPTED, CredentialType

#: Options of SetCredential that are of the credential, and what they are called in its terms.
OPTIONS = {"uses": "uses", "from": "start", "until": "until", "spare": "spare", "duress": "duress"}


def set_credential(event: CredentialSet, people: People, limits: UserSettings) -> Change:
    """Add or Modify."""
    _expect_supported(event.kind)
    most = credentials_supported(limits)
    old = people.credentials.get((event.kind, event.index))
    expect_in_range(event.index, most, "credential", there=old is not None and event.op == "Modify")
    _expect_unique(event, old, people)
    about = {n: v for n, v in event.fields.items() if n not in OPTIONS}
    if event.op == "Add":
        if old is not None:
            raise Occupied(f"{event.kind} {event.index} is taken.")
        user, rows = _owner(event, about, people, limits)
    else:
        user, rows = _known(event, about, old, people), ()
    new = _credential(event, old, user)
    _expect_fitting(new, user, people)
    writes = (*rows, credential_row(new), *renew_uses(new.key, max(new.terms.uses, old.terms.uses if old else 0)))
    users = (told("UserIndex", "Add", event.by, user.index, source=event.source),) if rows else ()
    tell = told(data_type(event.kind), event.op, event.by, user.index, event.index, event.source)
    return Change(writes, tell, (user.index, _next_free(event, people, most)), users)


def clear_credential(event: CredentialCleared, people: People) -> Change:
    """One, all of a kind, or all; who loses his last one goes with it."""
    if event.kind:
        _expect_supported(event.kind)
    gone = tuple(_meant(event, people))
    if not gone and event.index != ALL:
        raise NotFound(f"There is no {event.kind or 'credential'} {event.index}.")
    keys = {c.key for c in gone}
    owners = dict.fromkeys(c.user for c in gone)
    orphans = dict.fromkeys(sorted(user for user in owners if all(c.key in keys for c in people.of(user))))
    drops = tuple(write for c in gone if c.user not in orphans for write in drop_credential(c))
    users = tuple(write for user in orphans for write in drop_user(user, people))
    owner = event.user or (gone[0].user if len(gone) == 1 else ALL)
    kinds: set[str] = {c.kind for c in gone} or {event.kind}
    return Change(
        (*drops, *users),
        told(data_type(kinds.pop() if len(kinds) == 1 else ""), "Clear", event.by, owner, event.index, event.source),
        users=tuple(told("UserIndex", "Clear", event.by, user, source=event.source) for user in orphans),
    )  # fmt: skip


def _meant(event: CredentialCleared, people: People) -> Iterable[Credential]:
    if event.index == ALL:
        whose = people.of(event.user) if event.user else people.credentials.values()
        return (c for c in whose if event.kind in ("", c.kind))
    kinds = (event.kind,) if event.kind else get_args(CredentialType)
    found = (people.credentials.get((kind, event.index)) for kind in kinds)
    return (c for c in found if c is not None)


def _expect_supported(kind: str) -> None:
    if kind not in get_args(CredentialType):
        raise InvalidField(f"type: {kind!r} is not one of {', '.join(get_args(CredentialType))}.")
    if kind not in ACCEPTED:
        raise UnsupportedCommand(f"{kind} credentials are not supported by this lock; {', '.join(ACCEPTED)} are.")


def _expect_unique(event: CredentialSet, old: Credential | None, people: People) -> None:
    """Neither the PIN nor its duress variant may be taken, as a PIN or as a variant of one."""
    for digest in filter(None, (event.digest, event.forced)):
        twin = people.find(event.kind, digest)
        if twin is not None and twin[1] is not old:
            # Whose it is stays untold: the caller has just learnt somebody's PIN.
            what = "PIN" if space(event.kind) == "PIN" else event.kind
            raise Duplicate(f"This {what} is in use already: choose another one.")


def _owner(
    event: CredentialSet, about: dict[str, Any], people: People, limits: UserSettings
) -> tuple[User, tuple[Write, ...]]:
    """The user that a new credential belongs to, and the rows that make him if he is new."""
    if event.user:
        if about:
            raise InvalidField(f"{', '.join(about)}: only with user 0, for the new user that it makes.")
        if event.user not in people.users:
            raise NotFound(f"There is no user {event.user}.")
        if len(people.of(event.user)) >= limits.credentials:
            raise ResourceExhausted(f"User {event.user} has {limits.credentials} credentials, the most allowed.")
        return people.users[event.user], ()
    index = event.place or people.places.free(limits.max)
    if index in people.users:
        raise Occupied(f"User {index} exists.")
    if not index:
        raise ResourceExhausted(f"There are {limits.max} users, the most that fit (users.max).")
    named = {n.removeprefix("user_"): v for n, v in about.items()}
    user = User(index, creator=event.by, modifier=event.by, **checked(named, people, index))
    return user, made(user, people)


def _known(event: CredentialSet, about: dict[str, Any], old: Credential | None, people: People) -> User:
    """The user whose credential is changed."""
    if old is None or old.user not in people.users:
        raise NotFound(f"There is no {event.kind} {event.index}, or its user cannot be read: clear it.")
    if event.user not in (0, old.user):
        raise ConstraintError(f"{event.kind} {event.index} belongs to user {old.user}.")
    if about:
        raise InvalidField(f"{', '.join(about)}: only when a new user is made.")
    return people.users[old.user]


def _credential(event: CredentialSet, old: Credential | None, user: User) -> Credential:
    """As it will be: what is not given of its terms stays as it was."""
    given = {OPTIONS[n]: v for n, v in event.fields.items() if n in OPTIONS}
    terms = (old.terms if old is not None else ALWAYS).but(**given)
    _expect_sound(event.kind, terms)
    forced = b"" if terms.duress or event.kind != "PIN" else event.forced
    if old is not None:
        return old.but(digest=event.digest, modifier=event.by, terms=terms, forced=forced)
    return Credential(event.kind, event.index, user.index, event.digest, event.by, event.by, terms, forced)


def _expect_sound(kind: str, terms: Terms) -> None:
    """Terms that make sense by themselves."""
    if not 0 <= terms.uses <= USES_MAX:
        raise InvalidField(f"uses: {terms.uses} is out of range: 1 to {USES_MAX}, or 0 for no limit.")
    if min(terms.start, terms.until) < 0:
        raise InvalidField("from, until: seconds since 1970, or 0 for no limit.")
    if terms.start and terms.until and terms.until <= terms.start:
        raise InvalidField("until: has to be after from.")
    if (terms.spare or terms.duress) and kind != "PIN":
        raise InvalidField(f"spare, duress: only for a PIN, not for {kind}.")
    if terms.uses and kind == "ProgrammingPIN":
        raise InvalidField("uses: a ProgrammingPIN opens nothing, so nothing would use it up.")
    if terms.duress and (terms.spare or terms.limited):
        raise InvalidField("duress: such a PIN opens always: it takes no uses, from, until or spare.")


def _expect_fitting(new: Credential, user: User, people: People) -> None:
    """What the user's other credentials allow."""
    if new.kind == "ProgrammingPIN" and user.type != "ProgrammingUser":
        raise ConstraintError("A ProgrammingPIN belongs to a ProgrammingUser: set the user's type first.")
    spares = sum(c.terms.spare for c in people.of(user.index) if c.key != new.key)
    if new.terms.spare and spares >= SPARES_MAX:
        raise ResourceExhausted(f"User {user.index} has {SPARES_MAX} spare PINs, the most allowed.")


def _next_free(event: CredentialSet, people: People, most: int) -> int:
    """The first free index after this one, which is or will be taken."""
    return people.places_of(event.kind).free(most, event.index)

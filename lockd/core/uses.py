"""What coming in uses up, and what of it is told."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Literal

from lockd.core.credentials import SPENT, Credential, use_key
from lockd.core.effects import Entry, Put
from lockd.core.entries import alarm_entry, used_up_entry
from lockd.core.instant import Instant
from lockd.core.people import People, User
from lockd.words import Source

MINUTE_US = 60_000_000


def consumed(
    people: People, user: User, credential: Credential, ticket: int, minutes: int, at: Instant
) -> tuple[Put, ...]:
    """The rows of what this person's coming in uses up. `ticket`: the number of the grant's record, so
    that it can give back no other's use; `minutes`: how long an ExpiringUser lasts."""
    key = f"{SPENT}{user.index}"
    rows = []
    if user.type == "DisposableUser":
        rows.append(Put("state", key, {"used": at.wall}))
    if user.type == "ExpiringUser" and "expires" not in people.spent.get(key, {}):
        rows.append(Put("state", key, {"expires": at.wall + minutes * MINUTE_US}))
    if credential.terms.uses:
        rows.append(Put("state", use_key(credential, people.next_use(credential)), {"grant": ticket}))
    return tuple(rows)


def state_of(
    people: People, who: tuple[User, Credential] | None, using: Set[str]
) -> Literal["left", "taking", "none"]:
    """Whether the credential has a use left. One that is on its way to the disk (`using`) may yet be
    given back, so nobody else can be told that it is gone, nor have the next."""
    if who is None or not who[1].terms.uses:
        return "left"
    number = people.next_use(who[1])
    if not number:
        return "none"
    return "taking" if use_key(who[1], number) in using else "left"


def tells(people: People, credential: Credential, source: Source, at: Instant) -> Iterator[Entry]:
    """What is recorded, and signalled, beside the opening itself."""
    if credential.terms.spare:
        used = [[credential.kind, credential.index]]
        yield alarm_entry("SparePINUsed", at, source=source, user=credential.user, credentials=used)
    if people.left(credential) == 1:
        yield used_up_entry(credential, source, at)


def stand_in(people: People, credential: Credential) -> Credential:
    """What is said to have been shown: for a duress PIN the user's usual one, if there is one, so that
    nobody who hears of the opening can tell."""
    if not credential.terms.duress:
        return credential
    usual = (c for c in people.of(credential.user) if c.kind == "PIN" and not (c.terms.duress or c.terms.spare))
    return next(usual, credential)

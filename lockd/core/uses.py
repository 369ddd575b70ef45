"""What coming in uses up, and what of it is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import Literal

from lockd.core.credentials import SPENT, Credential, use_key
from lockd.core.effects import Entry, Put
from lockd.core.entries import alarm_entry, used_up_entry
from lockd.core.instant import Instant
from lockd.core.people import People, User
from lockd.words import Source

MINUTE_US = 60_000_000


def consumed(
    people: People, user: User, shown: tuple[Credential, ...], ticket: int, minutes: int, at: Instant
) -> tuple[Put, ...]:
    """The rows of what this person's coming in uses up: of his own right, and of what he has shown.
    `ticket`: the number of the grant's record, so that it can give back no other's use; `minutes`: how
    long an ExpiringUser lasts."""
    key = f"{SPENT}{user.index}"
    rows = [
        Put("state", use_key(credential, people.next_use(credential)), {"grant": ticket})
        for credential in shown if credential.terms.uses
    ]  # fmt: skip
    if user.type == "DisposableUser":
        rows.append(Put("state", key, {"used": at.wall}))
    if user.type == "ExpiringUser" and "expires" not in people.spent.get(key, {}):
        rows.append(Put("state", key, {"expires": at.wall + minutes * MINUTE_US}))
    return tuple(rows)


def state_of(
    people: People, credential: Credential | None, using: Set[str]
) -> Literal["left", "taking", "none"]:
    """Whether the credential has a use left. One that is on its way to the disk (`using`) may yet be
    given back, so nobody else can be told that it is gone, nor have the next."""
    if credential is None or not credential.terms.uses:
        return "left"
    number = people.next_use(credential)
    if not number:
        return "none"
    return "taking" if use_key(credential, number) in using else "left"


def tells(people: People, credential: Credential, source: Source, at: Instant) -> Iterator[Entry]:
    """What is recorded, and signalled, beside the opening itself."""
    if credential.terms.spare:
        used = [[credential.kind, credential.index]]
        yield alarm_entry("SparePINUsed", at, source=source, user=credential.user, credentials=used)
    if people.left(credential) == 1:
        yield used_up_entry(credential, source, at)


def said(people: People, shown: Iterable[Credential]) -> tuple[Credential, ...]:
    """What is said to have been shown, each once, of one user's: for a duress PIN a usual one of his that
    he did not show as well, so that nobody who hears of it can tell. If there is no such one, it says nothing
    that was not said, and counts for nothing more."""
    given = tuple(shown)
    if not any(each.terms.duress for each in given):
        return given
    told = {each for each in given if not each.terms.duress}
    order = []
    for credential in given:
        order.append(_stand_in(people, credential, told) if credential.terms.duress else credential)
        told.add(order[-1])
    return tuple(dict.fromkeys(order))


def _stand_in(people: People, duress: Credential, told: Set[Credential]) -> Credential:
    own = people.of(duress.user)
    usual = [c for c in own if c.kind == "PIN" and not (c.terms.duress or c.terms.spare)] or [duress]
    return next((each for each in usual if each not in told), usual[0])

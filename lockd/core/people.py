"""Users and their credentials in memory: who is behind a digest, in one lookup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lockd.core.calendar import TABLE, Calendar
from lockd.core.credentials import SPENT, Credential, credential_of, drop_credential, space, use_key
from lockd.core.effects import Drop, Put, Write
from lockd.core.instant import Instant
from lockd.core.places import Places
from lockd.value import Value
from lockd.words import SCHEDULED, CredentialRule, UserStatus, UserType

REPEATED = frozenset({"status", "type", "rule", "kind", "creator", "modifier"})  #: fields of few words
UNIQUE_ID_NONE = 0xFFFFFFFF  #: Matter's "no unique id"


class User(Value):
    """As managers set it. What he has used up is kept apart (`People.spent`), so that a change
    and a use under way at once cannot undo each other. `creator`, `modifier`: who, in words."""

    index: int
    name: str = ""
    unique_id: int = UNIQUE_ID_NONE
    status: UserStatus = "OccupiedEnabled"
    type: UserType = "UnrestrictedUser"
    rule: CredentialRule = "Single"
    creator: str = ""
    modifier: str = ""


def use_limited(user: User) -> bool:
    """Whether this person's right lives in the store alone, so that it ends with the store."""
    return user.type in ("DisposableUser", "ExpiringUser")


def limited(user: User) -> bool:
    """Whether this person's right has an end, so that it is none where nothing can be recorded."""
    return use_limited(user) or user.type in SCHEDULED


def user_row(user: User) -> Put:
    """As it is stored."""
    return Put("user", str(user.index), {n: getattr(user, n) for n in User._fields})


class People:
    """Everybody, by index and by digest, and when they may come. Changes only by `apply`, with rows
    that are on disk. `spent`: what was used up, by the key of its row. Nothing here depends on how many
    there are."""

    def __init__(
        self,
        users: Iterable[Mapping[str, Any]] = (),
        credentials: Iterable[Mapping[str, Any]] = (),
        spent: Mapping[str, Mapping[str, Any]] | None = None,
        calendar: Calendar | None = None,
    ) -> None:
        self.users: dict[int, User] = {}
        self.credentials: dict[tuple[str, int], Credential] = {}
        self.spent = dict(spent or {})
        self.calendar = calendar or Calendar()
        self.places = Places()
        self._words: dict[str, str] = {}
        self._by_digest: dict[tuple[str, bytes], Credential] = {}
        self._by_user: dict[int, tuple[Credential, ...]] = {}
        self._by_unique_id: dict[int, int] = {}
        self._by_kind: dict[str, Places] = {}
        for row in users:
            self._put_user(row)
        for row in credentials:
            self._put_credential(row)

    def find(self, kind: str, digest: bytes) -> tuple[User, Credential] | None:
        """Who is behind what was presented. The digest is keyed, so the time of the look-up
        tells nothing about any PIN."""
        credential = self._by_digest.get((space(kind), digest))
        if credential is None or credential.user not in self.users:
            return None
        return self.users[credential.user], credential

    def named(self, unique_id: int) -> int:
        """The index of the user with this unique id; 0: nobody."""
        return self._by_unique_id.get(unique_id, 0)

    def places_of(self, kind: str) -> Places:
        """The indexes of a kind of credentials."""
        return self._by_kind.setdefault(kind, Places())

    def status(self, user: User, at: Instant) -> UserStatus:
        """OccupiedDisabled too for who has used up his right, or may have lost what bounds it."""
        used = self.spent.get(f"{SPENT}{user.index}", {})
        once = user.type in ("DisposableUser", "ScheduleRestrictedUser") and "used" in used
        over = user.type == "ExpiringUser" and at.wall >= used.get("expires", at.wall + 1)
        return "OccupiedDisabled" if once or over else user.status

    def within_hours(self, user: User, at: Instant) -> bool:
        """Whether it is a time at which he may come in, as far as his type and his schedules go."""
        return user.type not in SCHEDULED or self.calendar.open(user.index, user.type, at.wall // 1_000_000)

    def next_use(self, credential: Credential) -> int:
        """The number of the use that it has next; 0: all are used up, or it may be used always."""
        numbers = range(1, credential.terms.uses + 1)
        return next((n for n in numbers if use_key(credential, n) not in self.spent), 0)

    def left(self, credential: Credential) -> int:
        """How often it still opens, if its uses are limited."""
        numbers = range(1, credential.terms.uses + 1)
        return sum(use_key(credential, n) not in self.spent for n in numbers)

    def distrust(self) -> tuple[Write, ...]:
        """What was used up may have been lost, or the only window of its kind: who has a right that
        ends by use or that windows of either kind narrow gets it anew from a manager, or not at all."""
        lost = {"used": 0, "expires": 0}
        unsure = (user for user in self.users.values() if use_limited(user) or user.type == "ScheduleRestrictedUser")
        uses = (use_key(c, n) for c in self.credentials.values() for n in range(1, c.terms.uses + 1))
        writes = tuple(Put("state", key, lost) for key in (*(f"{SPENT}{user.index}" for user in unsure), *uses))
        self.apply(writes)
        return writes

    def of(self, user: int) -> tuple[Credential, ...]:
        """A user's credentials, by type and index."""
        return tuple(sorted(self._by_user.get(user, ()), key=lambda c: (c.kind, c.index)))

    def apply(self, writes: Iterable[Write]) -> None:
        """Take over what was committed."""
        for write in writes:
            if write.table == "user":
                self._take_user(write)
            elif write.table == "credential":
                self._take_credential(write)
            elif write.table == TABLE:
                self.calendar.apply((write,))
            else:
                self.spent.pop(write.key, None)
                if isinstance(write, Put):
                    self.spent[write.key] = write.value

    def _shared(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row, with one copy for all of the words that are the same few again and again."""
        return {n: self._words.setdefault(v, v) if n in REPEATED else v for n, v in row.items()}

    def _take_user(self, write: Write) -> None:
        gone = self.users.pop(int(write.key), None)
        if gone is not None:
            self.places.leave(gone.index)
            if self.named(gone.unique_id) == gone.index:
                del self._by_unique_id[gone.unique_id]
        if isinstance(write, Put):
            self._put_user(write.value)

    def _put_user(self, row: Mapping[str, Any]) -> None:
        new = User(**self._shared(row))
        self.users[new.index] = new
        self.places.take(new.index)
        if new.unique_id != UNIQUE_ID_NONE:
            self._by_unique_id[new.unique_id] = new.index

    def _take_credential(self, write: Write) -> None:
        kind, index = write.key.split(":")
        gone = self.credentials.pop((kind, int(index)), None)
        if gone is not None:
            self.places_of(kind).leave(gone.index)
            for digest in gone.digests:
                if self._by_digest.get((space(kind), digest)) is gone:
                    del self._by_digest[space(kind), digest]
            kept = tuple(c for c in self._by_user.pop(gone.user) if c is not gone)
            if kept:
                self._by_user[gone.user] = kept
        if isinstance(write, Put):
            self._put_credential(write.value)

    def _put_credential(self, row: Mapping[str, Any]) -> None:
        new = credential_of(self._shared(row))
        self.credentials[new.kind, new.index] = new
        self.places_of(new.kind).take(new.index)
        # What is left of a user whose row was damaged may be another's by now.
        for digest in new.digests if new.user in self.users else ():
            self._by_digest[space(new.kind), digest] = new
        self._by_user[new.user] = (*self._by_user.get(new.user, ()), new)


def renew(user: int) -> Drop:
    """The write that gives a user his right anew."""
    return Drop("state", f"{SPENT}{user}")


def drop_user(user: int, people: People) -> tuple[Write, ...]:
    """The writes that remove a user with all that is his."""
    credentials = (write for c in people.of(user) for write in drop_credential(c))
    return (Drop("user", str(user)), renew(user), *credentials, *people.calendar.drops(user))

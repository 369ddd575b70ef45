"""Users and their credentials in memory: who is behind a digest, in one lookup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lockd.core.calendar import TABLE, Calendar
from lockd.core.effects import Drop, Put, Write
from lockd.core.instant import Instant
from lockd.value import Value, secret
from lockd.words import SCHEDULED, CredentialRule, CredentialType, UserStatus, UserType

SPENT = "spent:"  #: rows of the table `state` that say what a user has used up
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


class Credential(Value):
    """One credential; its data is known by `digest` only."""

    kind: CredentialType
    index: int
    user: int
    digest: bytes = secret()
    creator: str = ""
    modifier: str = ""

    @property
    def key(self) -> str:
        """Its row in the store."""
        return f"{self.kind}:{self.index}"


def user_row(user: User) -> Put:
    """As it is stored."""
    return Put("user", str(user.index), {n: getattr(user, n) for n in User._fields})


def credential_row(credential: Credential) -> Put:
    """As it is stored."""
    row = {n: getattr(credential, n) for n in Credential._fields}
    return Put("credential", credential.key, row | {"digest": credential.digest.hex()})


class People:
    """Everybody, by index and by digest, and when they may come. Changes only by `apply`, with rows
    that are on disk."""

    def __init__(
        self,
        users: Iterable[Mapping[str, Any]] = (),
        credentials: Iterable[Mapping[str, Any]] = (),
        spent: Mapping[int, Mapping[str, Any]] | None = None,
        calendar: Calendar | None = None,
    ) -> None:
        self.users: dict[int, User] = {}
        self.credentials: dict[tuple[str, int], Credential] = {}
        self.spent = dict(spent or {})
        self.calendar = calendar or Calendar()
        self._by_digest: dict[tuple[str, bytes], Credential] = {}
        self._by_user: dict[int, tuple[Credential, ...]] = {}
        for row in users:
            self._put_user(row)
        for row in credentials:
            self._put_credential(row)

    def find(self, kind: str, digest: bytes) -> tuple[User, Credential] | None:
        """Who is behind what was presented. The digest is keyed, so the time of the look-up
        tells nothing about any PIN."""
        credential = self._by_digest.get((kind, digest))
        if credential is None or credential.user not in self.users:
            return None
        return self.users[credential.user], credential

    def status(self, user: User, at: Instant) -> UserStatus:
        """OccupiedDisabled too for who has used up his right, or may have lost what bounds it."""
        used = self.spent.get(user.index, {})
        once = user.type in ("DisposableUser", "ScheduleRestrictedUser") and "used" in used
        over = user.type == "ExpiringUser" and at.wall >= used.get("expires", at.wall + 1)
        return "OccupiedDisabled" if once or over else user.status

    def within_hours(self, user: User, at: Instant) -> bool:
        """Whether it is a time at which he may come in, as far as his type and his schedules go."""
        return user.type not in SCHEDULED or self.calendar.open(user.index, user.type, at.wall // 1_000_000)

    def distrust(self) -> tuple[Write, ...]:
        """What was used up may have been lost, or the only window of its kind: who has a right that
        ends by use or that windows of either kind narrow gets it anew from a manager, or not at all."""
        unsure = [user for user in self.users.values() if use_limited(user) or user.type == "ScheduleRestrictedUser"]
        writes = tuple(Put("state", f"{SPENT}{user.index}", {"used": 0, "expires": 0}) for user in unsure)
        self.apply(writes)
        return writes

    def of(self, user: int) -> tuple[Credential, ...]:
        """A user's credentials, by type and index."""
        return tuple(sorted(self._by_user.get(user, ()), key=lambda c: (c.kind, c.index)))

    def apply(self, writes: Iterable[Write]) -> None:
        """Take over what was committed."""
        for write in writes:
            if write.table == "user" and isinstance(write, Put):
                self._put_user(write.value)
            elif write.table == "user":
                self.users.pop(int(write.key), None)
            elif write.table == "credential":
                self._take_credential(write)
            elif write.table == TABLE:
                self.calendar.apply((write,))
            else:
                self._take_spent(write)

    def _take_spent(self, write: Write) -> None:
        user = int(write.key.removeprefix(SPENT))
        self.spent.pop(user, None)
        if isinstance(write, Put):
            self.spent[user] = write.value

    def _put_user(self, row: Mapping[str, Any]) -> None:
        self.users[row["index"]] = User(**row)

    def _take_credential(self, write: Write) -> None:
        kind, index = write.key.split(":")
        gone = self.credentials.pop((kind, int(index)), None)
        if gone is not None:
            if self._by_digest.get((kind, gone.digest)) is gone:
                del self._by_digest[kind, gone.digest]
            self._by_user[gone.user] = tuple(c for c in self._by_user[gone.user] if c is not gone)
        if isinstance(write, Put):
            self._put_credential(write.value)

    def _put_credential(self, row: Mapping[str, Any]) -> None:
        new = Credential(**(dict(row) | {"digest": bytes.fromhex(row["digest"])}))
        self.credentials[new.kind, new.index] = new
        self._by_digest[new.kind, new.digest] = new
        self._by_user[new.user] = (*self._by_user.get(new.user, ()), new)


def renew(user: int) -> Drop:
    """The write that gives a user his right anew."""
    return Drop("state", f"{SPENT}{user}")


def drop_user(user: int, people: People) -> tuple[Write, ...]:
    """The writes that remove a user with all that is his."""
    credentials = (Drop("credential", c.key) for c in people.of(user))
    return (Drop("user", str(user)), renew(user), *credentials, *people.calendar.drops(user))

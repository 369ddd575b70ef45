"""What the lock keeps of phones beside their credentials: its own key, theirs, and what passes have used up.

Rows of the table `state`. Whether a phone may come in is not decided here: without its credential of type
Phone a row is worth nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockd.core.effects import Drop, Put
from lockd.core.people import People
from lockd.value import Value, secret
from lockd.wire.noise import KeyPair
from lockd.wire.passes import Book as PassBook
from lockd.wire.passes import RevocationList
from lockd.wire.rights import Role
from lockd.wire.session import Phone

PREFIX = "phone:"
LOCK_KEY, USED, LIST = f"{PREFIX}lock", f"{PREFIX}used", f"{PREFIX}list"
PHONE, PASS = f"{PREFIX}key:", f"{PREFIX}pass:"


class Known(Value):
    """A phone that was enrolled. `number`: of its row, whose name is not sealed; `key`, `sign`: its public keys;
    `digest`: its credential's; `since`: seconds since 1970."""

    number: int
    key: bytes
    sign: bytes
    digest: bytes = secret()
    role: Role
    label: str
    since: int

    @property
    def id(self) -> str:
        """What people call it by."""
        return self.key[:6].hex()

    @property
    def row(self) -> Put:
        """As it is stored."""
        return Put("state", f"{PHONE}{self.number}", {
            "key": self.key.hex(), "sign": self.sign.hex(), "digest": self.digest.hex(), "role": self.role,
            "label": self.label, "since": self.since,
        })  # fmt: skip


class PhoneBook:
    """`state`: the rows whose keys begin with PREFIX, as the store had them at start."""

    def __init__(self, state: Mapping[str, Mapping[str, Any]]) -> None:
        self.private = bytes.fromhex(state.get(LOCK_KEY, {}).get("private", ""))
        self.used = tuple(bytes.fromhex(each) for each in state.get(USED, {}).get("ids", ()))
        known = (_known(k, row) for k, row in state.items() if k.startswith(PHONE))
        self._phones = {each.key: each for each in known}
        self._uses = {bytes.fromhex(k.removeprefix(PASS)): int(row["used"])
                      for k, row in state.items() if k.startswith(PASS)}  # fmt: skip
        revoked = state.get(LIST, {})
        self._list: tuple[int, int, frozenset[bytes]] = (
            revoked.get("number", 0), revoked.get("epoch", 0), frozenset(map(bytes.fromhex, revoked.get("ids", ())))
        )  # fmt: skip

    def new_key(self, private: bytes) -> Put:
        """The row that gives the lock its key."""
        return Put("state", LOCK_KEY, {"private": private.hex()})

    def remember(self, used: tuple[bytes, ...]) -> Put:
        """The row of the invitations that were used."""
        return Put("state", USED, {"ids": [each.hex() for each in used]})

    def add(self, known: Known) -> None:
        """It is on disk."""
        self._phones[known.key] = known

    def drop(self, known: Known) -> Drop:
        """Forget it; the row to delete."""
        self._phones.pop(known.key, None)
        return Drop("state", known.row.key)

    def drop_dead(self, people: People) -> tuple[Drop, ...]:
        """Forget all that have no credential any more; the rows to delete."""
        alive = {known.key for known, _, _ in self.living(people)}
        return tuple(self.drop(known) for known in tuple(self._phones.values()) if known.key not in alive)

    @property
    def free(self) -> int:
        """A number for another one."""
        return max((known.number for known in self._phones.values()), default=0) + 1

    def find(self, key: bytes) -> Known | None:
        """The phone with this public key, whether it may still come in or not."""
        return self._phones.get(key)

    def living(self, people: People) -> list[tuple[Known, int, int]]:
        """Those that have a credential: with the user's index and the credential's."""
        found = ((known, people.find("Phone", known.digest)) for known in self._phones.values())
        return [(known, who[0].index, who[1].index) for known, who in found if who is not None]

    def who(self, key: bytes, people: People) -> Phone | None:
        """Whose phone it is; None: nobody's."""
        known = self.find(key)
        who = people.find("Phone", known.digest) if known is not None else None
        return Phone(known.role, who[0].index) if known is not None and who is not None else None

    def role_of(self, user: int, people: People) -> Role:
        """The highest one of a user's phones."""
        roles = {known.role for known, index, _ in self.living(people) if index == user}
        ranks: tuple[Role, ...] = ("owner", "admin")
        return next((role for role in ranks if role in roles), "user")

    def passes(self, keys: KeyPair, people: People) -> PassBook:
        """What a pass or a revocation list is looked at with."""
        number, epoch, revoked = self._list
        issuers = {known.sign: known.role for known, _, _ in self.living(people)}
        return PassBook(keys.public, issuers, epoch, revoked, self._uses, number)

    def issuer(self, sign: bytes, people: People) -> Known | None:
        """Whose phone signs with this key."""
        return next((known for known, _, _ in self.living(people) if known.sign == sign), None)

    def use(self, number: bytes, count: int) -> Put:
        """One more use of a pass (or, -1, one given back): it counts from now on; the row to write."""
        self._uses[number] = self._uses.get(number, 0) + count
        return Put("state", PASS + number.hex(), {"used": self._uses[number]})

    def listed(self, new: RevocationList) -> Put:
        """The row of a newer list."""
        ids = [each.hex() for each in new.passes]
        return Put("state", LIST, {"number": new.number, "epoch": max(new.epoch, self._list[1]), "ids": ids})

    def take_list(self, new: RevocationList) -> None:
        """It is on disk."""
        self._list = (new.number, max(new.epoch, self._list[1]), frozenset(new.passes))


def _known(key: str, row: Mapping[str, Any]) -> Known:
    octets = {name: bytes.fromhex(row[name]) for name in ("key", "sign", "digest")}
    return Known(**{**row, **octets, "number": int(key.removeprefix(PHONE))})



"""What the lock keeps of phones beside their credentials: its own key, theirs, and what passes have used up.

Rows of the table `state`. Whether a phone may come in is not decided here: without its credential of type
Phone a row is worth nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockd.core.effects import Drop, Put
from lockd.core.people import People
from lockd.errors import Duplicate, NotFound, ResourceExhausted
from lockd.value import Value, secret
from lockd.wire.noise import KEY, KeyPair
from lockd.wire.passes import Book as PassBook
from lockd.wire.passes import Pass, RevocationList
from lockd.wire.rights import Role
from lockd.wire.session import Phone

PREFIX = "phone:"
LOCK_KEY, USED, LIST = f"{PREFIX}lock", f"{PREFIX}used", f"{PREFIX}list"
PHONE, PASS = f"{PREFIX}key:", f"{PREFIX}pass:"
MOST_BARRED = 256  #: guests and passes


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


class Opened(Value):
    """What the lock keeps of a pass from its first use on. `used`: how often; `guest`: whose it is; `issuer`: who
    signed it; `since`, `expires`: seconds since 1970."""

    used: int
    guest: bytes
    issuer: bytes
    since: int
    expires: int

    @property
    def id(self) -> str:
        """What people call the guest by."""
        return self.guest[:6].hex()

    def row(self, number: bytes) -> Put:
        """As it is stored. `number`: the pass's."""
        return Put("state", PASS + number.hex(), {
            "used": self.used, "guest": self.guest.hex(), "issuer": self.issuer.hex(), "since": self.since,
            "expires": self.expires,
        })  # fmt: skip


class Void(Value):
    """What passes are worth nothing: those from before `epoch`, those on an issuer's latest list (`lists`: by issuer
    its number and the passes' ids), and what is `barred` at the lock itself: guests' keys and passes' ids."""

    epoch: int = 0
    lists: Mapping[bytes, tuple[int, tuple[bytes, ...]]] = {}
    barred: tuple[bytes, ...] = ()

    @property
    def row(self) -> Put:
        """As it is stored."""
        lists = {issuer.hex(): {"number": number, "ids": [each.hex() for each in ids]}
                 for issuer, (number, ids) in self.lists.items()}  # fmt: skip
        return Put("state", LIST, {"epoch": self.epoch, "lists": lists, "barred": [each.hex() for each in self.barred]})


class PhoneBook:
    """`state`: the rows whose keys begin with PREFIX, as the store had them at start."""

    def __init__(self, state: Mapping[str, Mapping[str, Any]]) -> None:
        self.private = bytes.fromhex(state.get(LOCK_KEY, {}).get("private", ""))
        self.used = tuple(bytes.fromhex(each) for each in state.get(USED, {}).get("ids", ()))
        known = (_known(k, row) for k, row in state.items() if k.startswith(PHONE))
        self._phones = {each.key: each for each in known}
        self._passes = {bytes.fromhex(k.removeprefix(PASS)): _opened(row)
                        for k, row in state.items() if k.startswith(PASS)}  # fmt: skip
        self.void = _void(state.get(LIST, {}))

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
        issuers = {known.sign: known.role for known, _, _ in self.living(people)}
        void, used = self.void, {number: each.used for number, each in self._passes.items()}
        revoked = frozenset((*void.barred, *(number for _, ids in void.lists.values() for number in ids)))
        lists = {issuer: number for issuer, (number, _) in void.lists.items()}
        return PassBook(keys.public, issuers, void.epoch, revoked, frozenset(void.barred), used, lists)

    def guests(self, book: PassBook, wall: int) -> list[Opened]:
        """Who has opened with a pass that may still hold, once each. `wall`: seconds since 1970."""
        found = {
            each.guest: each for number, each in self._passes.items()
            if wall < each.expires and number not in book.revoked and each.guest not in book.barred
            and each.issuer in book.issuers
        }  # fmt: skip
        return list(found.values())

    def issuer(self, sign: bytes, people: People) -> Known | None:
        """Whose phone signs with this key."""
        return next((known for known, _, _ in self.living(people) if known.sign == sign), None)

    def use(self, given: Pass, count: int, wall: int) -> Put:
        """One more use of a pass (or, -1, one given back): it counts from now on; the row to write."""
        first = Opened(0, given.holder, given.issuer, wall, given.expires)
        before = self._passes.get(given.id, first)
        self._passes[given.id] = before.but(used=before.used + count)
        return self._passes[given.id].row(given.id)

    def with_list(self, new: RevocationList) -> Void:
        """What is void with a newer list. It replaces that of the same issuer, and no other's."""
        lists = {**self.void.lists, new.issuer: (new.number, new.passes)}
        return self.void.but(lists=lists, epoch=max(new.epoch, self.void.epoch))

    def with_barred(self, number: bytes) -> Void:
        """The same with a guest, by his key, or a pass, by its id; Duplicate, ResourceExhausted."""
        if number in self.void.barred:
            raise Duplicate(f"That {kind_of(number)} is barred already: see `lockctl phone barred`.")
        if len(self.void.barred) >= MOST_BARRED:
            raise ResourceExhausted(f"{MOST_BARRED} guests and passes are barred, and there is no room for more: end"
                                    " every pass with `lockctl ble pass revoke --all`, then unbar some.")
        return self.void.but(barred=(*self.void.barred, number))

    def without_barred(self, number: bytes) -> Void:
        """The other way round; NotFound."""
        if number not in self.void.barred:
            raise NotFound(f"That {kind_of(number)} is not barred: see `lockctl phone barred`.")
        return self.void.but(barred=tuple(each for each in self.void.barred if each != number))


def kind_of(number: bytes) -> str:
    """Whether a guest's key or a pass's id is barred."""
    return "guest" if len(number) == KEY else "pass"


def _known(key: str, row: Mapping[str, Any]) -> Known:
    octets = {name: bytes.fromhex(row[name]) for name in ("key", "sign", "digest")}
    return Known(**{**row, **octets, "number": int(key.removeprefix(PHONE))})


def _opened(row: Mapping[str, Any]) -> Opened:
    return Opened(**{**row, "guest": bytes.fromhex(row["guest"]), "issuer": bytes.fromhex(row["issuer"])})


def _void(row: Mapping[str, Any]) -> Void:
    lists = {bytes.fromhex(issuer): (each["number"], tuple(map(bytes.fromhex, each["ids"])))
             for issuer, each in row.get("lists", {}).items()}  # fmt: skip
    return Void(row.get("epoch", 0), lists, tuple(map(bytes.fromhex, row.get("barred", ()))))

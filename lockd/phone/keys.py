"""What the phone keeps: its keys, the locks that it knows, and the guest passes it was given or has made."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from lockd.errors import Duplicate, NotFound
from lockd.value import Value, secret
from lockd.wire import cose
from lockd.wire.noise import KEY, KeyPair


class Keys(Value):
    """This phone's own keys, one set for each lock: no two locks can tell that it is the same phone.
    `private`: X25519, for sessions; `sign`: Ed25519, for passes and lists."""

    private: bytes = secret()
    sign: bytes = secret()

    @property
    def public(self) -> bytes:
        """What the lock knows the phone by."""
        return KeyPair(self.private).public

    @property
    def signer(self) -> bytes:
        """What it knows the phone's signatures by."""
        return cose.public(self.sign)


class Made(Value):
    """A pass that this phone has signed. `id`: the pass's; `expires`: seconds since 1970."""

    id: bytes
    whose: str
    expires: int
    revoked: bool = False


class Known(Value):
    """A lock. `name`: what it is called here; `key`: its public key; `address`: where it was last, "" if not known;
    `user`: 0 for none; `shown`: the guest pass to be shown, empty if it knows this phone; `listed`: the number of
    the last revocation list that was signed here, `told`: of the last one that the lock has taken from here;
    `epoch`: the one that passes need there, as far as it is known."""

    name: str
    key: bytes
    keys: Keys
    role: str
    user: int = 0
    address: str = ""
    shown: bytes = b""
    made: tuple[Made, ...] = ()
    listed: int = 0
    told: int = 0
    epoch: int = 0


class Book(Value):
    """Every lock, the default one first. `guest`: the keys that passes for this phone are bound to."""

    locks: tuple[Known, ...] = ()
    guest: Keys | None = None

    def find(self, name: str | None) -> Known:
        """By name; None: the default one. NotFound says which there are."""
        found = [lock for lock in self.locks if name is None or lock.name == name]
        if not self.locks:
            raise NotFound("this phone knows no lock: enrol it with `lockctl ble enrol` and an invitation")
        if not found:
            names = ", ".join(lock.name for lock in self.locks)
            raise NotFound(f"this phone knows no lock “{name}”; there are: {names}")
        return found[0]

    def name_for(self, key: bytes, wanted: str) -> str:
        """What that lock is called here already, else the wanted name, or that with a number if another has it."""
        own = [lock.name for lock in self.locks if lock.key == key]
        taken = {lock.name for lock in self.locks if lock.key != key}
        names = (*own, wanted or "lock", *(f"{wanted or 'lock'} {number}" for number in range(2, len(taken) + 3)))
        return next(each for each in names if each not in taken)

    def add(self, lock: Known) -> Book:
        """With one more; the first one is the default. The same lock again is known by its new keys alone.
        Duplicate: another one has that name."""
        others = tuple(each for each in self.locks if each.key != lock.key)
        if lock.name in (each.name for each in others):
            raise Duplicate(f"another lock is called “{lock.name}” here: give another --name")
        return self.but(locks=(*others, lock))

    def put(self, lock: Known) -> Book:
        """With that one changed."""
        return self.but(locks=tuple(lock if each.key == lock.key else each for each in self.locks))

    def prefer(self, name: str) -> Book:
        """With that one as the default."""
        first = self.find(name)
        return self.but(locks=(first, *(each for each in self.locks if each.key != first.key)))


def new_keys() -> Keys:
    """Fresh ones."""
    return Keys(os.urandom(KEY), os.urandom(KEY))


# As JSON ----------------------------------------------------------------------------------------------------


def written(book: Book) -> dict[str, Any]:
    """All of it, secrets too."""
    guest = None if book.guest is None else {"keys": written_keys(book.guest)}
    return {"guest": guest, "locks": [_lock(lock) for lock in book.locks]}


def read(kept: Mapping[str, Any]) -> Book:
    """The other way round; ValueError, KeyError or TypeError: it is damaged."""
    guest = None if kept["guest"] is None else read_keys(kept["guest"]["keys"])
    return Book(tuple(_known(row) for row in kept["locks"]), guest)


def written_keys(keys: Keys) -> dict[str, str]:
    """Both, as text."""
    return {"private": text(keys.private), "sign": text(keys.sign)}


def read_keys(row: Mapping[str, Any]) -> Keys:
    """The other way round."""
    keys = Keys(octets(row["private"]), octets(row["sign"]))
    if {len(keys.private), len(keys.sign)} != {KEY}:
        raise ValueError("keys of another length")
    return keys


def text(data: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def octets(given: str) -> bytes:
    """The other way round; ValueError."""
    return urlsafe_b64decode(given + "=" * (-len(given) % 4))


def _lock(lock: Known) -> dict[str, Any]:
    made = [{"id": text(m.id), "whose": m.whose, "expires": m.expires, "revoked": m.revoked} for m in lock.made]
    return {
        "name": lock.name, "key": text(lock.key), "keys": written_keys(lock.keys), "role": lock.role,
        "user": lock.user, "address": lock.address, "shown": text(lock.shown), "made": made, "listed": lock.listed,
        "told": lock.told, "epoch": lock.epoch,
    }  # fmt: skip


def _known(row: Mapping[str, Any]) -> Known:
    made = (Made(octets(m["id"]), str(m["whose"]), int(m["expires"]), bool(m["revoked"])) for m in row["made"])
    return Known(
        str(row["name"]), octets(row["key"]), read_keys(row["keys"]), str(row["role"]), int(row["user"]),
        str(row["address"]), octets(row["shown"]), tuple(made), int(row["listed"]), int(row.get("told", 0)),
        int(row.get("epoch", 0)),
    )  # fmt: skip

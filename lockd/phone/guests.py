"""Guest passes from both sides: an owner's phone makes and revokes them, a guest's phone keeps and shows them."""

from __future__ import annotations

import contextlib
import os
import re

from lockd.errors import InvalidField, NotFound, ResourceExhausted, Restricted
from lockd.phone.keys import Book, Known, Made, new_keys, octets, text
from lockd.value import Value
from lockd.wire.errors import MessageError
from lockd.wire.noise import KEY
from lockd.wire.passes import (
    ID,
    MAX_LISTED,
    Pass,
    RevocationList,
    Window,
    read_list,
    read_pass,
    sign_list,
    sign_pass,
)  # fmt: skip
from lockd.wire.rights import GRANTABLE, ISSUERS

__all__ = [
    "GRANTABLE", "Pass", "Terms", "Window", "accept", "carried", "make", "named", "read", "revoke", "revoke_all",
    "with_guest_keys",
]  # fmt: skip


class Terms(Value):
    """What a pass allows. `not_before`, `expires`: seconds since 1970; `uses`: 0 for any number; no `windows`:
    at any time; `epoch`: the lock's, if that is higher than what is known of it; `first_use_s`: 0 for any time."""

    not_before: int
    expires: int
    uses: int = 0
    rights: tuple[str, ...] = ("UNLOCK",)
    windows: tuple[Window, ...] = ()
    epoch: int = 0
    first_use_s: int = 0


def make(lock: Known, holder: str, whose: str, terms: Terms) -> tuple[Known, bytes]:
    """A pass for the phone with that key, signed by this one, and the lock with a note of it. Restricted: this
    phone may make none; InvalidField: no such key, or no such terms."""
    _expect_issuer(lock)
    public = _decoded(holder, "the guest's key")
    if len(public) != KEY:
        raise InvalidField("that is not a guest's key: `lockctl ble pass key` on the guest's machine prints it")
    given = Pass(
        lock.key, os.urandom(ID), lock.keys.signer, public, terms.not_before, terms.expires, terms.windows,
        terms.uses, terms.rights, max(terms.epoch, lock.epoch), terms.first_use_s,
    )  # fmt: skip
    if terms.expires <= terms.not_before:
        raise InvalidField("the pass would end before it begins")
    try:
        signed = sign_pass(given, lock.keys.sign)
    except MessageError as error:
        raise InvalidField(f"no pass can be like that: {error}") from None
    return lock.but(made=(*lock.made, Made(given.id, whose, terms.expires))), signed


def revoke(lock: Known, whose: str, now: float) -> tuple[Known, bytes]:
    """The lock with every pass made for `whose` noted as revoked, and the list that tells it so. NotFound: there
    is none. `now`: seconds since 1970; the list's number comes from it, so that several issuers' numbers rise."""
    _expect_issuer(lock)
    found = [each for each in lock.made if each.whose == whose and each.expires > now]
    if not found:
        there = ", ".join(sorted({each.whose for each in lock.made if each.expires > now and not each.revoked}))
        raise NotFound(f"no pass for “{whose}” was made here that still holds; there are: {there or 'none'}")
    made = tuple(each.but(revoked=True) if each in found else each for each in lock.made)
    ids = tuple(each.id for each in made if each.revoked and each.expires > now)
    if len(ids) > MAX_LISTED:
        text = f"a list holds {MAX_LISTED} passes: end all that there are with `lockctl ble pass revoke --all`"
        raise ResourceExhausted(text)
    return _listed(lock.but(made=made), ids, 0, now)


def revoke_all(lock: Known, epoch: int, now: float) -> tuple[Known, bytes]:
    """The lock without a pass, and the list that makes every pass void there, whoever signed it. `epoch`: the one
    that the lock has now; `now` as in `revoke`."""
    _expect_issuer(lock)
    return _listed(lock.but(made=(), epoch=epoch + 1), (), epoch + 1, now)


def carried(book: Book, given: str) -> tuple[Known, bytes]:
    """The lock that a list of somebody else is for, and the list; InvalidField: it is none; NotFound: this phone does
    not know that lock."""
    data = _decoded(given, "a revocation list")
    try:
        told = read_list(data)
    except MessageError:
        text = "that is no revocation list: copy all of what `lockctl ble pass revoke --text` printed"
        raise InvalidField(text) from None
    found = next((lock for lock in book.locks if lock.key == told.lock), None)
    if found is None:
        raise NotFound("the revocation list is for a lock that this phone does not know")
    return found, data


def _listed(lock: Known, ids: tuple[bytes, ...], epoch: int, now: float) -> tuple[Known, bytes]:
    changed = lock.but(listed=max(lock.listed + 1, int(now)))
    return changed, sign_list(RevocationList(lock.key, lock.keys.signer, changed.listed, epoch, ids), lock.keys.sign)


def read(given: str) -> Pass:
    """What is written in a pass, be it true or not; InvalidField: it is none."""
    try:
        return read_pass(_decoded(given, "a pass"))
    except MessageError:
        raise InvalidField("that is not a guest pass: copy all of what `lockctl ble pass create` printed") from None


def named(given: str) -> bytes:
    """What the lock is to know a guest or a pass by, of what a person has in hand: the guest's key; the number of a
    pass; or that of the pass whose text it is. InvalidField: it is none of them."""
    if re.fullmatch("[0-9a-f]{32}|[0-9a-f]{64}", given):
        return bytes.fromhex(given)
    with contextlib.suppress(ValueError, MessageError):
        data = octets(given.strip())
        if text(data) == given.strip():
            return data if len(data) in (ID, KEY) else read_pass(data).id
    raise InvalidField("that is neither a guest's key nor a pass: give what `lockctl ble pass key` printed for him, or"
                       " the text of his pass; one who has opened already: `lockctl phone revoke`, by his id")


def accept(book: Book, given: str, name: str) -> Book:
    """With the lock that a pass is for, to be opened by showing it. Restricted: the pass is another phone's."""
    shown, guest = read(given), book.guest
    if guest is None or guest.public != shown.holder:
        raise Restricted("the pass was made for another phone; give its maker what `lockctl ble pass key` prints here")
    return book.add(Known(name, shown.lock, guest, "guest", shown=_decoded(given, "a pass")))


def with_guest_keys(book: Book) -> Book:
    """With keys that passes can be made for."""
    if book.guest is not None:
        return book
    keys = new_keys()
    while text(keys.public).startswith("-"):  # on a command line it would be taken for an option
        keys = new_keys()
    return book.but(guest=keys)


def _expect_issuer(lock: Known) -> None:
    if lock.role not in ISSUERS:
        raise Restricted(f"only the phones of {' and '.join(ISSUERS)} make passes, and this one is a {lock.role}'s")


def _decoded(given: str, what: str) -> bytes:
    try:
        return octets(given.strip())
    except ValueError:
        raise InvalidField(f"{what} is base64url text: copy all of it") from None

"""Guest passes and revocation lists, signed by the phone of an owner or admin.

A pass is bound to the guest's own key: nobody can pass it on. It is checked without any network, inside
the session of that guest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from lockd.value import Value
from lockd.wire import cbor, cose, results
from lockd.wire.cose import Claims
from lockd.wire.errors import MessageError, PassRefused
from lockd.wire.messages import COMMANDS, NUMBERS
from lockd.wire.noise import KEY
from lockd.wire.rights import GRANTABLE, ISSUERS, Role

#: COSE's external data: what one kind of document says is never taken for the other.
PASS, LIST = b"LKP1 pass", b"LKP1 revocation list"
ID = 16  #: bytes of a pass's number
MAX_WINDOWS = 16
MAX_LISTED = 48
DAY = 1440  #: minutes


class Window(Value):
    """When a pass holds, in the lock's local time. `days`: Sunday 1 … Saturday 64, added; `start`, `end`:
    minutes of the day. An end before the start is past midnight, an equal one makes a whole day; the end
    itself is outside."""

    days: int
    start: int
    end: int

    def holds(self, weekday: int, minute: int) -> bool:
        """`weekday`: Sunday 0 … Saturday 6."""
        length = (self.end - self.start) % DAY or DAY
        yesterday = (weekday - 1) % 7
        return self._within(weekday, minute, length) or self._within(yesterday, minute + DAY, length)

    def _within(self, weekday: int, minute: int, length: int) -> bool:
        return bool(self.days >> weekday & 1) and self.start <= minute < self.start + length


class Pass(Value):
    """`lock`: the lock's public key; `id`: 16 random bytes; `issuer`: who signs (Ed25519); `holder`: the
    guest's public key (X25519); `not_before`, `expires`: seconds since 1970; no `windows`: at any time;
    `uses`: 0 for any number; `rights`: of UNLOCK, LOCK, STATUS; `epoch`: below the lock's it is void;
    `first_use_s`: seconds from `not_before` within which it must be used first, 0: any time."""

    lock: bytes
    id: bytes
    issuer: bytes
    holder: bytes
    not_before: int
    expires: int
    windows: tuple[Window, ...] = ()
    uses: int = 0
    rights: tuple[str, ...] = ("UNLOCK",)
    epoch: int = 0
    first_use_s: int = 0


class RevocationList(Value):
    """Passes that are void, as any phone may carry it to the lock. `number`: higher than any before it of this
    issuer, whose latest list is the one that counts; `epoch`: the lock's from now on, if it is higher; `passes`:
    their ids."""

    lock: bytes
    issuer: bytes
    number: int
    epoch: int
    passes: tuple[bytes, ...]


class Book(Value):
    """What the lock knows when it looks at a pass or list. `issuers`: whose signing keys these are;
    `revoked`: ids; `barred`: keys of guests, whatever pass they show; `used`: by id how often; `lists`: by issuer
    the number of his latest list."""

    lock: bytes
    issuers: Mapping[bytes, Role]
    epoch: int = 0
    revoked: frozenset[bytes] = frozenset()
    barred: frozenset[bytes] = frozenset()
    used: Mapping[bytes, int] = {}
    lists: Mapping[bytes, int] = {}


Signed = TypeVar("Signed", Pass, RevocationList)


class Moment(Value):
    """`wall`: seconds since 1970, and whether they can be trusted; the lock's local weekday (Sunday 0)
    and minute of the day."""

    wall: int
    trusted: bool
    weekday: int
    minute: int


def sign_pass(given: Pass, signing_key: bytes) -> bytes:
    """The signed pass, at most 1 KiB. `signing_key`: 32 private bytes, whose public ones are the issuer.
    MessageError: a value that no pass can have."""
    return _signed(PASS, {
        "lock": given.lock, "id": given.id, "iss": given.issuer, "sub": given.holder, "nbf": given.not_before,
        "exp": given.expires, "win": [[w.days, w.start, w.end] for w in given.windows], "uses": given.uses,
        "cmd": sorted(NUMBERS[name] for name in given.rights), "epoch": given.epoch, "first": given.first_use_s,
    }, signing_key, _pass)  # fmt: skip


def sign_list(given: RevocationList, signing_key: bytes) -> bytes:
    """The signed list, as `sign_pass`."""
    return _signed(LIST, {
        "lock": given.lock, "iss": given.issuer, "n": given.number, "epoch": given.epoch, "ids": list(given.passes),
    }, signing_key, _list)  # fmt: skip


def read_pass(data: bytes) -> Pass:
    """What is written in it, be it true or not: to show it. MessageError: no pass."""
    return _pass(cose.payload(data))


def read_list(data: bytes) -> RevocationList:
    """The same of a revocation list."""
    return _list(cose.payload(data))


def verify_pass(data: bytes, holder: bytes, book: Book, now: Moment) -> Pass:
    """The pass, if it holds now for the phone with this public key; PassRefused says why not. The use is
    not counted here: it has to be durable first."""
    given = _verified(PASS, data, book, _pass)
    refusals = (
        (given.holder != holder, results.NOT_AUTHORISED, "the pass of another phone"),
        (given.id in book.revoked, results.REVOKED, "a pass that is revoked"),
        (holder in book.barred, results.REVOKED, "the pass of a guest who is barred"),
        (given.epoch < book.epoch, results.STALE, "a pass from before all were made void"),
        (not now.trusted, results.TIME_UNKNOWN, "the lock does not know the time"),
        (now.wall < given.not_before, results.TIME_NOT_ALLOWED, "a pass that does not hold yet"),
        (now.wall >= given.expires, results.EXPIRED, "a pass that has expired"),
        (_unused_too_long(given, book, now), results.EXPIRED, "a pass that was not used in time"),
        (0 < given.uses <= book.used.get(given.id, 0), results.USED_UP, "a pass that is used up"),
        (not _open(given.windows, now), results.TIME_NOT_ALLOWED, "a pass that does not hold at this time of the week"),
    )
    for refused, code, why in refusals:
        if refused:
            raise PassRefused(code, why)
    return given


def verify_list(data: bytes, book: Book) -> RevocationList:
    """The list, if it is newer than what the lock has of its issuer; PassRefused says why not."""
    given = _verified(LIST, data, book, _list)
    latest = book.lists.get(given.issuer, 0)
    if given.number <= latest:
        raise PassRefused(results.STALE, f"list {given.number}, and the lock has number {latest}")
    return given


def _unused_too_long(given: Pass, book: Book, now: Moment) -> bool:
    late = now.wall >= given.not_before + given.first_use_s
    return bool(given.first_use_s) and late and not book.used.get(given.id)


def _open(windows: tuple[Window, ...], now: Moment) -> bool:
    return not windows or any(window.holds(now.weekday, now.minute) for window in windows)


def _verified(kind: bytes, data: bytes, book: Book, read: Callable[[bytes], Signed]) -> Signed:
    """What an owner or admin of this lock has signed."""
    try:
        given = read(cose.payload(data))
    except MessageError as error:
        raise PassRefused(results.BAD_PARAM, str(error)) from None
    if not cose.holds(kind, data, given.issuer):
        raise PassRefused(results.NOT_AUTHORISED, "a signature that does not hold")
    if book.issuers.get(given.issuer) not in ISSUERS:
        raise PassRefused(results.NOT_AUTHORISED, "signed by nobody who may")
    if given.lock != book.lock:
        raise PassRefused(results.NOT_AUTHORISED, "for another lock")
    return given


def _signed(kind: bytes, fields: dict[str, Any], signing_key: bytes, read: Callable[[bytes], object]) -> bytes:
    payload = cbor.encode(fields)
    read(payload)
    return cose.sign(kind, payload, fields["iss"], signing_key)


def _pass(payload: bytes) -> Pass:
    fields = Claims(payload, "lock id iss sub nbf exp win uses cmd epoch first")
    windows, numbers = fields.listed("win", MAX_WINDOWS), fields.listed("cmd", len(GRANTABLE))
    rights = tuple(COMMANDS[n].name for n in numbers if type(n) is int and n in COMMANDS)
    if not numbers or len(rights) != len(numbers) or not set(rights) <= set(GRANTABLE):
        raise MessageError(f"cmd: not some of {', '.join(GRANTABLE)}")
    return Pass(
        fields.octets("lock", KEY), fields.octets("id", ID), fields.octets("iss", KEY), fields.octets("sub", KEY),
        fields.whole("nbf"), fields.whole("exp"), tuple(_window(each) for each in windows), fields.whole("uses"),
        rights, fields.whole("epoch"), fields.whole("first"),
    )  # fmt: skip


def _window(given: object) -> Window:
    match given:
        case [int(days), int(start), int(end)] if 1 <= days <= 127 and 0 <= start < DAY and 0 <= end < DAY:
            return Window(int(days), int(start), int(end))
    raise MessageError("win: not days from 1 to 127, and two minutes of the day")


def _list(payload: bytes) -> RevocationList:
    fields = Claims(payload, "lock iss n epoch ids")
    ids = fields.listed("ids", MAX_LISTED)
    if not all(isinstance(each, bytes) and len(each) == ID for each in ids):
        raise MessageError(f"ids: not of {ID} bytes each")
    return RevocationList(
        fields.octets("lock", KEY), fields.octets("iss", KEY), fields.whole("n"), fields.whole("epoch"), tuple(ids)
    )  # fmt: skip

"""How a phone becomes known: an invitation with a secret of its own, shown as a QR code.

The invitation fixes role and user. It holds for 120 s of the monotonic clock, for one phone and five
tries, and lives in memory only; what outlives a restart are the numbers of those that were used.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterable

from lockd.value import Value, secret
from lockd.wire.errors import InvitationError
from lockd.wire.noise import KEY
from lockd.wire.rights import Role

LASTS_S = 120.0
TRIES = 5
ID = 8  #: bytes of an invitation's number
MAX_NAME = 64  #: bytes of the lock's name
REMEMBERED = 256  #: used numbers that are kept

_URI = re.compile(r"lkp:1\?k=([\w-]{43})&p=([\w-]{43})&i=([\w-]{11})&n=([\w-]{0,86})", re.ASCII)


class Offer(Value):
    """What is in the QR code: the lock's public key, the secret, the invitation's number, the lock's name."""

    lock_key: bytes
    psk: bytes = secret()
    id: bytes
    name: str


class Invitation(Value):
    """What the lock keeps of it. `until`: mono seconds."""

    id: bytes
    psk: bytes = secret()
    role: Role
    user: int
    until: float


def write_uri(offer: Offer) -> str:
    """`lkp:1?k=…&p=…&i=…&n=…`, each part base64url without padding."""
    parts = (offer.lock_key, offer.psk, offer.id, offer.name.encode())
    uri = "lkp:1?" + "&".join(f"{name}={_text(part)}" for name, part in zip("kpin", parts, strict=True))
    read_uri(uri)
    return uri


def read_uri(uri: str) -> Offer:
    """What was scanned or typed; InvitationError: it is no invitation of this version."""
    found = _URI.fullmatch(uri.strip())
    if found is None:
        raise InvitationError("not an invitation to a lock (lkp:1?k=…): scan the code again, or copy all of its text"
                              " and give it in quotes")
    try:
        key, psk, number, name = (_bytes(part) for part in found.groups())
        return Offer(key, psk, number, name.decode())
    except (Error, UnicodeDecodeError):
        raise InvitationError("an invitation that was altered: scan the code again") from None


class Invitations:
    """The one invitation that can be open, and the numbers of those that were used."""

    def __init__(self, used: Iterable[bytes] = ()) -> None:
        self._open: Invitation | None = None
        self._tries = 0
        self._used = tuple(used)[-REMEMBERED:]

    @property
    def used(self) -> tuple[bytes, ...]:
        """To be kept across restarts."""
        return self._used

    def open(self, number: bytes, psk: bytes, role: Role, user: int, at: float) -> Invitation:
        """Open one in place of any other. `number`, `psk`: 8 and 32 random bytes; `user`: 0 for a new one."""
        if len(number) != ID or len(psk) != KEY or number in self._used:
            raise InvitationError("an invitation needs 8 and 32 fresh random bytes")
        self._open, self._tries = Invitation(number, psk, role, user, at + LASTS_S), 0
        return self._open

    def current(self, at: float) -> Invitation | None:
        """The open one."""
        if self._open is not None and at >= self._open.until:
            self._open = None
        return self._open

    def failed(self, number: bytes, at: float) -> None:
        """Somebody tried it with a wrong secret; the fifth time closes it."""
        if self._is(number, at):
            self._tries += 1
            if self._tries >= TRIES:
                self._open = None

    def take(self, number: bytes, at: float) -> Invitation | None:
        """Use it up; None: it is not open any more."""
        if not self._is(number, at):
            return None
        taken, self._open = self._open, None
        self._used = (*self._used, number)[-REMEMBERED:]
        return taken

    def cancel(self, number: bytes) -> bool:
        """Close it unused. False: it was not open."""
        found = self._open is not None and self._open.id == number
        if found:
            self._open = None
        return found

    def next_deadline(self) -> float | None:
        """When the open one is over."""
        return None if self._open is None else self._open.until

    def _is(self, number: bytes, at: float) -> bool:
        current = self.current(at)
        return current is not None and current.id == number


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _text(data) != text:
        raise Error("bits that no byte has")
    return data

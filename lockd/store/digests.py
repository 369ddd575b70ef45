"""PINs as the store knows them: one slow hash, then a key that is not in the database.

Whoever copies the database and its key still pays 16 MiB and some 30 ms for every guess; the same
PIN gives the same digest, so that finding it is one lookup whatever the number of users.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lockd.store.keys import KeyRing


class Digester:
    """Makes digests with the salt and key of one store. Safe from any thread."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def issuing_key(self, serial: str) -> bytes:
        """32 bytes: the key of this name that codes are made with; it is nowhere, and made anew each time."""
        return hmac.digest(self._ring.digest_key, b"lockd issuing key 1\0" + serial.encode(), "sha256")

    def digest(self, kind: str, secret: str) -> bytes:
        """32 bytes for a secret of this kind ("PIN"); takes some 30 ms without the GIL."""
        slow = hashlib.scrypt(secret.encode(), salt=self._ring.salt, n=2**14, r=8, p=1, maxmem=2**26, dklen=32)
        return hmac.digest(self._ring.digest_key, kind.encode() + b"\0" + slow, "sha256")

"""Rows sealed so that they can neither be read nor altered, swapped or given another number.

A sealed row is: format version (1 byte), generation of the data key (4), nonce (12), ciphertext
with tag. Table, row and sequence number are authenticated with it.
"""

from __future__ import annotations

import os
from struct import Struct
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

if TYPE_CHECKING:
    from lockd.store.keys import KeyRing

VERSION = 1
_HEADER = Struct(">BI12s")
_PLACE = Struct(">Bqq")
#: SQLite's integers are signed, 64 bits.
_LIMIT = 1 << 63


class Damaged(Exception):
    """What was read is not what was sealed at this place."""


class Sealer:
    """Seals with the newest data key of the ring, opens with any of them."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._ciphers: dict[int, ChaCha20Poly1305] = {}

    def seal(self, table: str, row: int, seq: int, plain: bytes) -> bytes:
        """The sealed form of one row. A random nonce serves for 2^32 rows a key."""
        header = _HEADER.pack(VERSION, self._ring.generation, os.urandom(12))
        cipher = self._cipher(self._ring.generation)
        return header + cipher.encrypt(header[5:], plain, _place(table, row, seq))

    def open(self, table: str, row: int, seq: object, sealed: object) -> bytes:
        """What was sealed; Damaged if it is not intact or not from this place."""
        if not isinstance(sealed, bytes) or len(sealed) < _HEADER.size or not isinstance(seq, int):
            raise Damaged
        version, generation, nonce = _HEADER.unpack_from(sealed)
        if version != VERSION or generation not in self._ring.data:
            raise Damaged
        try:
            return self._cipher(generation).decrypt(nonce, sealed[_HEADER.size:], _place(table, row, seq))
        except InvalidTag:
            raise Damaged from None

    def is_current(self, sealed: object) -> bool:
        """Whether the newest data key sealed it."""
        return isinstance(sealed, bytes) and sealed[:5] == _HEADER.pack(VERSION, self._ring.generation, b"")[:5]

    def _cipher(self, generation: int) -> ChaCha20Poly1305:
        cipher = self._ciphers.get(generation)
        if cipher is None:
            cipher = self._ciphers[generation] = ChaCha20Poly1305(self._ring.data[generation])
        return cipher


def _place(table: str, row: int, seq: int) -> bytes:
    if not -_LIMIT <= seq < _LIMIT:
        raise Damaged
    return table.encode() + _PLACE.pack(VERSION, row, seq)

"""A backup as a file: what the store holds, sealed in chunks under a key that only its maker has.

header (lockd/passphrase.py), 16 random bytes, then chunks of up to 64 KiB, each ChaCha20-Poly1305 with its number and
whether it is the last one in the nonce, header and random bytes authenticated with each. So nothing can be changed,
left out, put elsewhere or cut off. The key of the chunks is made of both: it never serves twice.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Iterator, Mapping
from struct import Struct
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from lockd.errors import Failure, InvalidCredential
from lockd.passphrase import HEADER_BYTES, KEY_BYTES, LARGEST, check_header
from lockd.value import Value, secret

_SEED = 16
_CHUNK, _TAG = 64 * 1024, 16
_NONCE = Struct(">Q3x?")
_LABEL = b"lockd backup chunks 1"

#: Rows by table and key.
Rows = Mapping[str, Mapping[str, Mapping[str, Any]]]


class Contents(Value):
    """The store but for its events, as of record `seq` with this `hash`. `made`: microseconds since 1970; `salt`,
    `digest_key`: what PINs and cards are digested with; `damaged`: rows that could not be read and are left out."""

    made: int
    host: str
    version: str
    seq: int
    hash: bytes
    damaged: int
    salt: bytes = secret()
    digest_key: bytes = secret()
    rows: Rows = secret()

    def encode(self) -> bytes:
        """As it is sealed."""
        octets = {name: getattr(self, name).hex() for name in ("hash", "salt", "digest_key")}
        fields = {name: getattr(self, name) for name in self._fields} | octets
        return json.dumps(fields, separators=(",", ":")).encode()

    def about(self) -> dict[str, Any]:
        """What people are told of it: made (seconds since 1970), host, version, record, damaged, and how many users,
        credentials and schedules."""
        counts = {f"{table}s": len(self.rows[table]) for table in ("user", "credential", "schedule")}
        return {
            "made": self.made // 1_000_000, "host": self.host, "version": self.version, "record": self.seq, **counts,
            "damaged": self.damaged,
        }  # fmt: skip

    @classmethod
    def decode(cls, plain: bytes) -> Contents:
        """Failure if another version wrote it."""
        try:
            fields = json.loads(plain)
            octets = {name: bytes.fromhex(fields[name]) for name in ("hash", "salt", "digest_key")}
            contents = cls(**(fields | octets))
            if not (len(contents.salt) == len(contents.digest_key) == 32 and _are_rows(contents.rows)):
                raise ValueError
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as fault:
            raise Failure("The backup is whole, but this version of lockd cannot read it.") from fault
        return contents


def seal(header: bytes, key: bytes, plain: bytes) -> bytes:
    """The file. InvalidField for a header that is none; Failure for more than LARGEST."""
    check_header(header)
    if len(plain) > LARGEST - LARGEST // 1024:
        raise Failure(f"The store is larger than a backup can be ({LARGEST >> 20} MiB).")
    begin = header + os.urandom(_SEED)
    cipher = _cipher(key, begin)
    chunks = [plain[at:at + _CHUNK] for at in range(0, len(plain), _CHUNK)] or [b""]
    nonces = _nonces(len(chunks))
    return begin + b"".join(cipher.encrypt(n, chunk, begin) for n, chunk in zip(nonces, chunks, strict=True))


def unseal(key: bytes, data: bytes) -> bytes:
    """What was sealed, all of it verified. InvalidField: no backup; InvalidCredential: another passphrase, or its
    beginning is damaged; Failure: damaged or cut short further on."""
    check_header(data)
    begin, size = data[:HEADER_BYTES + _SEED], _CHUNK + _TAG
    cipher, plain = _cipher(key, begin), bytearray()
    starts = range(len(begin), max(len(data), len(begin) + 1), size)
    for number, (nonce, at) in enumerate(zip(_nonces(len(starts)), starts, strict=True)):
        try:
            plain += cipher.decrypt(nonce, data[at:at + size], begin)
        except InvalidTag:
            if number:
                raise Failure("The backup is damaged, or its end is missing (damaged).", "damaged") from None
            text = "The backup does not open: either this is not its passphrase, or the file is damaged or cut short."
            raise InvalidCredential(text) from None
    return bytes(plain)


def _nonces(count: int) -> Iterator[bytes]:
    return (_NONCE.pack(number, number == count - 1) for number in range(count))


def _cipher(key: bytes, begin: bytes) -> ChaCha20Poly1305:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes")
    return ChaCha20Poly1305(hmac.digest(key, _LABEL + begin, "sha256"))


def _are_rows(rows: Any) -> bool:
    return all(
        isinstance(table, dict) and all(isinstance(value, dict) for value in table.values())
        for table in (rows[name] for name in ("user", "credential", "state", "schedule"))
    )

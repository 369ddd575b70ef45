"""COSE_Sign1 (RFC 9052) with EdDSA over deterministic CBOR, as guest passes use it.

Of COSE no more than this: untagged, protected header {1: -8}, no unprotected one, the signer's key in
the payload, at most 1 KiB.
"""

from __future__ import annotations

from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lockd.wire import cbor
from lockd.wire.errors import MessageError
from lockd.wire.messages import MAX_PASS, MAX_WHOLE

PROTECTED = bytes.fromhex("a10127")
SIGNATURE = 64


def public(signing_key: bytes) -> bytes:
    """The public key that belongs to 32 private bytes: who signs with them."""
    return Ed25519PrivateKey.from_private_bytes(signing_key).public_key().public_bytes_raw()


def sign(kind: bytes, content: bytes, issuer: bytes, signing_key: bytes) -> bytes:
    """Sign a payload. `kind`: what it says, so that it is never taken for something else; MessageError:
    the issuer is not who signs, or it is too long."""
    key = Ed25519PrivateKey.from_private_bytes(signing_key)
    if public(signing_key) != issuer:
        raise MessageError("the issuer is another one than who signs")
    data = cbor.encode([PROTECTED, {}, content, key.sign(_to_sign(kind, content))])
    payload(data)
    return data


def payload(data: bytes) -> bytes:
    """What was signed, whether the signature holds or not; MessageError: it is nothing of this kind."""
    return _parts(data)[0]


def holds(kind: bytes, data: bytes, issuer: bytes) -> bool:
    """Whether the issuer (a public key) has signed it as this kind."""
    content, signature = _parts(data)
    try:
        Ed25519PublicKey.from_public_bytes(issuer).verify(signature, _to_sign(kind, content))
    except InvalidSignature:
        return False
    return True


def _to_sign(kind: bytes, content: bytes) -> bytes:
    """COSE's Sig_structure, with the kind as external data."""
    return cbor.encode(["Signature1", PROTECTED, kind, content])


def _parts(data: bytes) -> tuple[bytes, bytes]:
    """Payload and signature."""
    if len(data) > MAX_PASS:
        raise MessageError(f"{len(data)} bytes, and {MAX_PASS} are the most")
    match cbor.decode(data):
        case [protected, unprotected, bytes(content), bytes(signature)] if (
            protected == PROTECTED and unprotected == {} and len(signature) == SIGNATURE
        ):
            return content, signature
    raise MessageError("no COSE_Sign1 with EdDSA")


class Claims:
    """The map in a payload: these keys and no others. MessageError: a value is not what was asked for."""

    def __init__(self, content: bytes, names: str) -> None:
        self._fields = cbor.decode_map(content)
        if self._fields.keys() != set(names.split()):
            raise MessageError(f"not the keys {names}")

    def octets(self, name: str, length: int) -> bytes:
        """So many bytes."""
        value = self._fields[name]
        if not isinstance(value, bytes) or len(value) != length:
            raise MessageError(f"{name}: not {length} bytes")
        return value

    def whole(self, name: str) -> int:
        """A number from 0 on."""
        value = self._fields[name]
        if type(value) is not int or not 0 <= value <= MAX_WHOLE:
            raise MessageError(f"{name}: not a whole number from 0 to {MAX_WHOLE}")
        return value

    def listed(self, name: str, most: int) -> list[Any]:
        """Up to so many of anything."""
        value = self._fields[name]
        if not isinstance(value, list) or len(value) > most:
            raise MessageError(f"{name}: not a list of up to {most}")
        return value

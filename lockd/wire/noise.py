"""The Noise Protocol Framework (revision 34), as far as LKP needs it: the patterns XK and XKpsk3
over 25519, AESGCM and SHA256. https://noiseprotocol.org/noise.html

The ends are the initiator (the phone), who knows the responder's key (the lock's) beforehand.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lockd.wire.errors import HandshakeError

KEY = 32  #: bytes of every key, hash and shared secret
TAG = 16  #: bytes that sealing adds
XK = (("e", "es"), ("e", "ee"), ("s", "se"))
XK_PSK3 = (*XK[:2], (*XK[2], "psk"))


class KeyPair:
    """An X25519 key pair, of 32 private bytes."""

    def __init__(self, private: bytes) -> None:
        self._private = X25519PrivateKey.from_private_bytes(private)
        self.public = self._private.public_key().public_bytes_raw()

    def shared(self, public: bytes) -> bytes:
        """The secret shared with the owner of a public key. An all-zero one is refused by the library:
        it comes from a point of low order, and everybody knows it."""
        try:
            return self._private.exchange(X25519PublicKey.from_public_bytes(public))
        except ValueError:
            raise HandshakeError("a public key of low order") from None


class Cipher:
    """One direction: AES-256-GCM with a counter as nonce. `count`: messages so far."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)
        self.count = 0

    def seal(self, plain: bytes, bound: bytes = b"") -> bytes:
        """Encrypt the next message; `bound`: what is authenticated beside it."""
        return self._aead.encrypt(self._nonce(), plain, bound)

    def open(self, sealed: bytes, bound: bytes = b"") -> bytes:
        """Decrypt the next message; HandshakeError: it is not that."""
        try:
            return self._aead.decrypt(self._nonce(), sealed, bound)
        except InvalidTag:
            raise HandshakeError("a message that is altered, out of turn or not for us") from None

    def _nonce(self) -> bytes:
        nonce = self.count.to_bytes(12, "big")
        self.count += 1
        return nonce


class Handshake:
    """Three messages, then `split`. `lock_key`: the responder's public key. `psk`: makes it XKpsk3.

    After a HandshakeError it must not be used any more.
    """

    def __init__(
        self, initiator: bool, static: KeyPair, ephemeral: KeyPair, lock_key: bytes,
        prologue: bytes = b"", psk: bytes | None = None,
    ) -> None:  # fmt: skip
        self._initiator = initiator
        self._own = {"e": ephemeral, "s": static}
        self._theirs = {"s": lock_key} if initiator else {}
        self._psk = psk
        self._steps = list(XK if psk is None else XK_PSK3)
        name = f"Noise_XK{'' if psk is None else 'psk3'}_25519_AESGCM_SHA256".encode()
        self.hash = self._chain = name.ljust(KEY, b"\0")
        self._cipher: Cipher | None = None
        for known in (prologue, lock_key):
            self._mix_hash(known)

    @property
    def remote(self) -> bytes:
        """The other end's public key; the phone's is known after message 3."""
        return self._theirs["s"]

    def write(self, payload: bytes = b"") -> bytes:
        """Our next message."""
        parts = [self._write(token) for token in self._steps.pop(0)]
        return b"".join(parts) + self._seal(payload)

    def read(self, message: bytes) -> bytes:
        """The payload of the other end's next message."""
        for token in self._steps.pop(0):
            message = self._read(token, message)
        return self._open(message)

    def split(self) -> tuple[Cipher, Cipher]:
        """What we send with, and what we receive with."""
        first, second = (Cipher(key) for key in _derive(self._chain, b"", 2))
        return (first, second) if self._initiator else (second, first)

    def _write(self, token: str) -> bytes:
        if token == "e":
            public = self._own["e"].public
            self._mix_ephemeral(public)
            return public
        if token == "s":
            return self._seal(self._own["s"].public)
        self._mix(token)
        return b""

    def _read(self, token: str, message: bytes) -> bytes:
        """What is left of the message behind this token."""
        size = {"e": KEY, "s": KEY + TAG}.get(token, 0)
        if len(message) < size + TAG:
            raise HandshakeError("a message that is too short")
        if token == "e":
            self._theirs["e"] = message[:size]
            self._mix_ephemeral(message[:size])
        elif token == "s":
            self._theirs["s"] = self._open(message[:size])
        else:
            self._mix(token)
        return message[size:]

    def _mix(self, token: str) -> None:
        if token == "psk":
            assert self._psk is not None
            self._chain, mixed, key = _derive(self._chain, self._psk, 3)
            self._mix_hash(mixed)
            self._cipher = Cipher(key)
            return
        phones, locks = token[0], token[1]
        own, theirs = (phones, locks) if self._initiator else (locks, phones)
        self._mix_key(self._own[own].shared(self._theirs[theirs]))

    def _mix_ephemeral(self, public: bytes) -> None:
        self._mix_hash(public)
        if self._psk is not None:
            self._mix_key(public)

    def _mix_key(self, material: bytes) -> None:
        self._chain, key = _derive(self._chain, material, 2)
        self._cipher = Cipher(key)

    def _mix_hash(self, data: bytes) -> None:
        self.hash = hashlib.sha256(self.hash + data).digest()

    def _seal(self, plain: bytes) -> bytes:
        assert self._cipher is not None
        sealed = self._cipher.seal(plain, self.hash)
        self._mix_hash(sealed)
        return sealed

    def _open(self, sealed: bytes) -> bytes:
        assert self._cipher is not None
        plain = self._cipher.open(sealed, self.hash)
        self._mix_hash(sealed)
        return plain


def _derive(chain: bytes, material: bytes, count: int) -> list[bytes]:
    """Noise's HKDF."""
    secret = hmac.digest(chain, material, "sha256")
    keys = [hmac.digest(secret, b"\x01", "sha256")]
    while len(keys) < count:
        keys.append(hmac.digest(secret, keys[-1] + bytes((len(keys) + 1,)), "sha256"))
    return keys

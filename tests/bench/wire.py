"""A phone's handshake, both ends in this process, beside the X25519 that it cannot do without."""

from __future__ import annotations

import os
from time import perf_counter

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from lockd.wire.enrolment import Invitations
from lockd.wire.events import CommandReceived
from lockd.wire.limits import HandshakeLimit
from lockd.wire.noise import KeyPair
from lockd.wire.session import LockEnd, LockSession, Phone, PhoneSession
from tests.bench.row import Row, row

ROUNDS = 301
MTU = 247


def measure() -> list[Row]:
    """From nothing to the first command that the lock has understood; in turns with the bare primitives."""
    phone, lock = KeyPair(os.urandom(32)), KeyPair(os.urandom(32))
    owner = Phone("owner", 1)
    end = LockEnd(lock, os.urandom, {phone.public: owner}.get, Invitations(), HandshakeLimit())
    handshakes, bare = [], []
    for _ in range(ROUNDS):
        bare.append(_bare(phone.public))
        handshakes.append(_handshake(phone, end))
    return [row("handshake, both ends, 1 ms or less", handshakes, bare, "its X25519 alone", "ms", 3)]


def _handshake(phone: KeyPair, end: LockEnd) -> float:
    begun = perf_counter()
    theirs = PhoneSession(phone, end.keys.public, end.info, os.urandom, 0.0, mtu=MTU)
    ours = LockSession(end, 0.0)
    (first,) = theirs.start("UNLOCK", {}, 0.0).frames
    (second,) = ours.receive(first, 0, MTU, 0.0).frames
    (third,) = theirs.receive(second, 0.0).frames
    _, command = ours.receive(third, 0, MTU, 0.0).events
    taken = 1000 * (perf_counter() - begun)
    assert isinstance(command, CommandReceived)
    return taken


def _bare(public: bytes) -> float:
    """Two ephemeral keys, and three secrets at each end."""
    begun = perf_counter()
    for _ in range(2):
        key = X25519PrivateKey.from_private_bytes(os.urandom(32))
        key.public_key().public_bytes_raw()
        for _ in range(3):
            key.exchange(X25519PublicKey.from_public_bytes(public))
    return 1000 * (perf_counter() - begun)

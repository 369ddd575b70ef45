"""The Noise core against the public vectors, and against another implementation."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockd.wire.errors import HandshakeError
from lockd.wire.noise import Handshake, KeyPair
from tests.wire.ends import keys, secret

#: A folder with vectors of the same form, beside those that lie here.
FOLDERS = (Path(__file__).parent, *(Path(each) for each in (os.environ.get("LOCKD_VECTORS"),) if each))


def vectors() -> Iterator[Any]:
    for folder in FOLDERS:
        for vector in json.loads((folder / "noise-xk.json").read_text())["vectors"]:
            yield pytest.param(vector, id=f"{vector['source']} {vector['protocol_name']}")


@pytest.mark.parametrize("vector", [*vectors()])
def test_public_vectors(vector: dict[str, Any]) -> None:
    def end(role: str) -> Handshake:
        def given(name: str) -> bytes:
            return bytes.fromhex(vector[f"{role}_{name}"])

        psk = bytes.fromhex(vector[f"{role}_psks"][0]) if f"{role}_psks" in vector else None
        own, lock_key = KeyPair(given("static")), KeyPair(bytes.fromhex(vector["resp_static"])).public
        return Handshake(role == "init", own, KeyPair(given("ephemeral")), lock_key, given("prologue"), psk)

    ends = [end("init"), end("resp")]
    messages = [(bytes.fromhex(m["payload"]), bytes.fromhex(m["ciphertext"])) for m in vector["messages"]]
    for number, (payload, ciphertext) in enumerate(messages[:3]):
        assert ends[number % 2].write(payload) == ciphertext
        assert ends[1 - number % 2].read(ciphertext) == payload
    assert {each.hash for each in ends} == {bytes.fromhex(vector["handshake_hash"])}
    assert ends[1].remote == KeyPair(bytes.fromhex(vector["init_static"])).public
    ciphers = [each.split() for each in ends]
    for number, (payload, ciphertext) in enumerate(messages[3:], 3):
        assert ciphers[number % 2][0].seal(payload) == ciphertext
        assert ciphers[1 - number % 2][1].open(ciphertext) == payload


class Other:
    """The package `noiseprotocol` at one end."""

    def __init__(self, initiator: bool, name: str, prologue: bytes, psk: bytes | None) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            connection = pytest.importorskip("noise.connection")
        protocol = f"Noise_XK{'' if psk is None else 'psk3'}_25519_AESGCM_SHA256"
        self.noise = connection.NoiseConnection.from_name(protocol.encode())
        self.noise.set_as_initiator() if initiator else self.noise.set_as_responder()
        self.noise.set_prologue(prologue)
        self.noise.set_keypair_from_private_bytes(connection.Keypair.STATIC, secret(name))
        if initiator:
            self.noise.set_keypair_from_public_bytes(connection.Keypair.REMOTE_STATIC, keys("lock").public)
        if psk is not None:
            self.noise.set_psks(psk)
        self.noise.start_handshake()


@pytest.mark.parametrize("psk", [None, secret("psk")], ids=["XK", "XKpsk3"])
@pytest.mark.parametrize("initiator", [True, False])
def test_another_implementation_understands_ours(initiator: bool, psk: bytes | None) -> None:
    prologue = b"LKP1\0 and more"
    static = keys("phone" if initiator else "lock")
    own = Handshake(initiator, static, keys("drawn"), keys("lock").public, prologue, psk)
    other = Other(not initiator, "lock" if initiator else "phone", prologue, psk).noise
    for number in range(3):
        payload = f"payload {number}".encode()
        if initiator == (number % 2 == 0):
            assert other.read_message(own.write(payload)) == payload
        else:
            assert own.read(bytes(other.write_message(payload))) == payload
    send, receive = own.split()
    assert other.handshake_finished
    for number in range(3):
        assert other.decrypt(send.seal(b"there %d" % number)) == b"there %d" % number
        assert receive.open(bytes(other.encrypt(b"and back %d" % number))) == b"and back %d" % number


def ends(psk: tuple[bytes | None, bytes | None] = (None, None)) -> tuple[Handshake, Handshake]:
    lock_key = keys("lock").public
    return (
        Handshake(True, keys("phone"), keys("e1"), lock_key, b"", psk[0]),
        Handshake(False, keys("lock"), keys("e2"), lock_key, b"", psk[1]),
    )


def test_another_psk_shows_in_message_3() -> None:
    phone, lock = ends((secret("one"), secret("another")))
    lock.read(phone.write())
    phone.read(lock.write())
    with pytest.raises(HandshakeError, match="altered"):
        lock.read(phone.write())


#: Every encoding of a point of low order, https://cr.yp.to/ecdh.html#validate
LOW_ORDER = [
    bytes(32),
    (1).to_bytes(32, "little"),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    *((2**255 - 19 + n).to_bytes(32, "little") for n in (-1, 0, 1)),
]


@pytest.mark.parametrize("point", LOW_ORDER)
@pytest.mark.parametrize("top", [0, 0x80], ids=["", "top bit"])
def test_points_of_low_order_are_refused(point: bytes, top: int) -> None:
    point = point[:31] + bytes((point[31] | top,))
    with pytest.raises(HandshakeError, match="low order"):
        keys("lock").shared(point)


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_arbitrary_bytes_are_refused(message: bytes) -> None:
    with pytest.raises(HandshakeError):
        ends()[1].read(message)

"""Golden transcripts: whole connections with their keys, their randomness and every byte, for any implementation
to be held to. `python -m tests.wire.transcripts` writes them anew into tests/wire/transcripts/.

All bytes are hex. `plain` is what was sealed, padding included; `says` the map in it, its bytes as {"hex": …}.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lockd.wire import results
from lockd.wire.end import prologue
from lockd.wire.errors import HandshakeError
from lockd.wire.framing import CLEAR_ERROR, DATA, HANDSHAKE_1, HANDSHAKE_2, HANDSHAKE_3, Message, Reassembler
from lockd.wire.messages import unpad
from lockd.wire.noise import Handshake, KeyPair
from lockd.wire.passes import LIST, PASS, RevocationList, sign_list
from lockd.wire.session import Phone
from tests.wire.ends import Drawn, Line, World, keys, secret
from tests.wire.test_passes import ID, pass_of, public

FOLDER = Path(__file__).parent / "transcripts"
KINDS = frozenset((HANDSHAKE_1, HANDSHAKE_2, HANDSHAKE_3, DATA, CLEAR_ERROR))
PSK, INVITATION = secret("psk"), b"8 bytes!"


def unlock(mtu: int) -> Line:
    line = World("owner").connect(mtu=mtu).open("UNLOCK")
    line.answer(1, results.ACCEPTED)
    line.answer(1, results.COMPLETE, {"lock": "Unlocked"})
    line.ask("LOG_READ", **{"from": 1, "max": 2})
    line.answer(2, results.COMPLETE, {"events": [{"seq": 1, "type": "Unlock", "user": 1}], "last": 1})
    line.ask("LOG_READ", identity=2, **{"from": 1, "max": 2})
    return line


def enrolment() -> Line:
    world = World("owner")
    world.invitations.open(INVITATION, PSK, "admin", 2, 0.0)
    line = world.connect("new", psk=PSK).open("ENROL", label="Ada's phone", sign=secret("public signing key"))
    line.answer(1, results.COMPLETE, {"role": "admin", "user": 2})
    return line


def guest_pass() -> Line:
    line = World("owner").connect("guest", mtu=185).open("PASS", **{"pass": pass_of()})
    line.lock.admit(Phone("guest", 0, ("UNLOCK",)))
    line.answer(1)
    line.ask("UNLOCK")
    line.answer(2, results.ACCEPTED)
    line.answer(2, results.COMPLETE, {"lock": "Unlocked"})
    return line


def unknown_phone() -> Line:
    return World("owner").connect("stranger").open("UNLOCK")


def wrong_lock_key() -> Line:
    return World("owner").connect(lock_key=keys("another lock").public).open("UNLOCK")


def revoked_while_connected() -> Line:
    line = World("owner").connect().open("STATUS")
    line.answer(1, results.COMPLETE, {"lock": "Locked", "door": "DoorClosed"})
    line.from_lock(line.lock.close(results.REVOKED, 0.0))
    return line


def revocation_list() -> Line:
    """An owner's phone brings a list; the same one again is refused."""
    void = sign_list(RevocationList(keys("lock").public, public("signing"), 5, 1, (ID,)), secret("signing"))
    line = World("owner").connect(mtu=247).open("REVLIST", list=void)
    line.answer(1)
    line.ask("REVLIST", list=void)
    line.answer(2, results.STALE)
    return line


#: With what an issuer's key has signed: by scene the command and its field.
SIGNED = {"guest-pass": ("pass", PASS), "revocation-list": ("list", LIST)}
SCENES: dict[str, Callable[[], Line]] = {
    "unlock-mtu-23": lambda: unlock(23),
    "unlock-mtu-247": lambda: unlock(247),
    "enrolment": enrolment,
    "guest-pass": guest_pass,
    "revocation-list": revocation_list,
    "unknown-phone": unknown_phone,
    "wrong-lock-key": wrong_lock_key,
    "revoked-while-connected": revoked_while_connected,
}


def transcript(name: str) -> dict[str, Any]:
    """One scene, as it lies in the folder."""
    line = SCENES[name]()
    phone_name = {"enrolment": "new", "guest-pass": "guest", "unknown-phone": "stranger"}.get(name, "owner")
    lock_key = keys("another lock" if name == "wrong-lock-key" else "lock").public
    psk = PSK if name == "enrolment" else None
    drawn = Drawn(f"{phone_name} 1")
    tag, phones, locks = drawn(1), drawn(32), Drawn("lock")(32)
    return {
        "about": f"LKP/1: {name}; made by tests/wire/transcripts.py",
        "lock": {"private": secret("lock").hex(), "public": keys("lock").public.hex(), "ephemeral": locks.hex()},
        "phone": {
            "private": secret(phone_name).hex(), "public": keys(phone_name).public.hex(), "ephemeral": phones.hex(),
            "lock_key": lock_key.hex(),
        },
        "tag": tag.hex(), "mtu": line.mtu, "info": line.world.lock.info.hex(), "psk": psk.hex() if psk else None,
        "issuer": {"private": secret("signing").hex(), "public": public("signing").hex()} if name in SIGNED else None,
        "prologue": prologue(line.world.lock.info, int(psk is not None)).hex(),
        "messages": _messages(line, _Listener(phone_name, phones, locks, lock_key, psk, line.world.lock.info)),
    }  # fmt: skip


def _messages(line: Line, listener: _Listener) -> list[dict[str, Any]]:
    """What went through the air, message by message."""
    ends = {who: Reassembler(KINDS) for who in ("phone", "lock")}
    told, frames = [], []
    for who, frame in line.air:
        frames.append(frame.hex())
        message = ends[who].feed(frame, 0, 0.0)
        if message is not None:
            told.append({"from": who, "type": message.kind, **listener.hear(who, message), "frames": frames})
            frames = []
    return told


class _Listener:
    """Somebody who has all the keys and opens every message."""

    def __init__(
        self, phone: str, phones: bytes, locks: bytes, lock_key: bytes, psk: bytes | None, info: bytes
    ) -> None:  # fmt: skip
        start = prologue(info, int(psk is not None))
        self._ends = {
            "phone": Handshake(True, keys(phone), KeyPair(phones), lock_key, start, psk),
            "lock": Handshake(False, keys("lock"), KeyPair(locks), keys("lock").public, start, psk),
        }
        self._ciphers: Any = None

    def hear(self, who: str, message: Message) -> dict[str, Any]:
        other = "lock" if who == "phone" else "phone"
        if message.kind == CLEAR_ERROR:
            return {"body": message.body.hex(), "error": message.body[0]}
        if message.kind == DATA:
            return self._told(message.body, self._ciphers[who].open(message.body))
        try:
            plain = self._ends[other].read(message.body)
        except HandshakeError:  # it is for another lock
            return {"body": message.body.hex()}
        assert self._ends[who].write(plain) == message.body
        return self._told(message.body, plain) | self._over(message.kind)

    def _over(self, kind: int) -> dict[str, Any]:
        if kind != HANDSHAKE_3:
            return {}
        lock = self._ends["lock"]
        to_phone, to_lock = lock.split()
        self._ciphers = {"phone": to_lock, "lock": to_phone}
        return {"handshake_hash": lock.hash.hex()}

    def _told(self, body: bytes, plain: bytes) -> dict[str, Any]:
        said = {"says": _readable(unpad(plain))} if plain else {}
        return {"plain": plain.hex(), **said, "body": body.hex()}


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _readable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_readable(each) for each in value]
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def text(name: str) -> str:
    """As it is in its file."""
    return json.dumps(transcript(name), indent=1) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in SCENES:
        (FOLDER / f"{each}.json").write_text(text(each))

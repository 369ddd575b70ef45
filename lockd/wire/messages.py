"""What lock and phone say to each other inside a session: commands, replies, and INFO before it.

A command is the map {c, id, …}, a reply {id, s, …}; `COMMANDS` says what each takes. Both are padded,
so that their length tells a listener little.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockd.value import Value, secret
from lockd.wire import cbor
from lockd.wire.errors import MessageError, VersionError
from lockd.wire.framing import MAX_MESSAGE
from lockd.wire.noise import KEY, TAG

PROTO = 1
CAP_GUEST_PASSES = 1
PAD = 32
LENGTH = 2  #: bytes before the CBOR that say how long it is
#: Bytes of CBOR in one message; message 3 carries a sealed key as well.
MAX_PLAIN = (MAX_MESSAGE - TAG) // PAD * PAD - LENGTH
MAX_FIRST = (MAX_MESSAGE - KEY - 2 * TAG) // PAD * PAD - LENGTH
MAX_INFO = 64
MAX_ID = 2**32 - 1
MAX_WHOLE = 2**53 - 1  #: what a double still holds, as JavaScript has no other numbers
MAX_TIME = 4_102_444_800  #: seconds since 1970: the end of 2099, as every calendar has it
MAX_PASS = 1024  #: bytes of a pass or a revocation list


class Field(Value):
    """What may stand at a key. `low`, `high`: of a number; of text and bytes their length in bytes."""

    name: str
    kinds: tuple[type, ...]
    low: int = 0
    high: int = 0
    needed: bool = False
    words: tuple[str, ...] = ()

    def check(self, value: Any) -> None:
        """MessageError: not this value here."""
        if type(value) not in self.kinds:
            raise MessageError(f"{self.name}: not of type {' or '.join(kind.__name__ for kind in self.kinds)}")
        if self.words and value not in self.words:
            raise MessageError(f"{self.name}: not one of {', '.join(self.words)}")
        if not self.words and not self.low <= _size(value) <= self.high:
            raise MessageError(f"{self.name}: not from {self.low} to {self.high}")


class Command(Value):
    """`number`: its `c`. `changes`: it does something, so that no key may be misunderstood."""

    number: int
    name: str
    changes: bool
    fields: tuple[Field, ...] = ()

    def check(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that the command knows; MessageError: one is wrong or missing, or unknown in a command
        that changes something."""
        known = {field.name: field for field in self.fields}
        unknown = given.keys() - known.keys()
        if self.changes and unknown:
            raise MessageError(f"{self.name} has no {', '.join(sorted(unknown))}")
        for field in self.fields:
            if field.name in given:
                field.check(given[field.name])
            elif field.needed:
                raise MessageError(f"{self.name} needs {field.name}")
        return {name: value for name, value in given.items() if name in known}


PIN = Field("pin", (str,), 4, 16)
ROLE = Field("role", (str,), needed=True, words=("owner", "admin", "user"))
WAIT = Field("wait", (bool,), 0, 1)
#: Above it stands what means every one: no phone removes everybody by one message.
INDEX_MOST = 0xFFFD
INDEX = Field("index", (int,), 1, INDEX_MOST)

ALL = (
    Command(1, "UNLOCK", True, (PIN,)),
    Command(2, "LOCK", True, (PIN,)),
    Command(3, "STATUS", False),
    Command(4, "LOG_READ", False, (Field("from", (int,), 1, MAX_WHOLE, True), Field("max", (int,), 1, 32), WAIT)),
    Command(5, "LOG_ACK", True, (Field("seq", (int,), 1, MAX_WHOLE, True),)),
    Command(6, "USERS", True, (
        Field("op", (str,), needed=True, words=("list", "set", "clear", "credentials")), INDEX,
        Field("name", (str,), 0, 64), Field("status", (str,), 1, 32), Field("type", (str,), 1, 32),
        Field("rule", (str,), 1, 8), Field("credential", (int,), 1, INDEX_MOST),
    )),
    Command(7, "INVITE", True, (ROLE, Field("user", (int,), 1, INDEX_MOST))),
    Command(8, "PASS", True, (Field("pass", (bytes,), 1, MAX_PASS, True),)),
    Command(9, "REVLIST", True, (Field("list", (bytes,), 1, MAX_PASS, True),)),
    Command(10, "TIME_SET", True, (Field("time", (int,), 0, MAX_TIME, True),)),
    Command(11, "CONFIG", True, (Field("name", (str,), 1, 64, True), Field("value", (int, str, bool), 0, MAX_WHOLE))),
    Command(12, "ENROL", True, (Field("label", (str,), 1, 64, True), Field("sign", (bytes,), KEY, KEY, True))),
)  # fmt: skip
COMMANDS = {command.number: command for command in ALL}
NUMBERS = {command.name: command.number for command in ALL}


class Request(Value):
    """A command as it came; whether it exists and its fields are right is not said yet."""

    id: int
    number: int
    fields: Mapping[str, Any] = secret()


class Reply(Value):
    """`result`: one of lockd.wire.results. `id` 0: the lock ends the session, and says why."""

    id: int
    result: int
    fields: Mapping[str, Any] = secret(default={})


class Info(Value):
    """What a phone can know before it connects: the same at every power-up, of every lock of a version."""

    proto: int = PROTO
    caps: int = CAP_GUEST_PASSES
    max_msg: int = MAX_MESSAGE


def write_request(command: str, identity: int, fields: Mapping[str, Any], room: int = MAX_PLAIN) -> bytes:
    """A command, padded; MessageError: there is no such one, or it does not fit into `room` bytes."""
    if command not in NUMBERS:
        raise MessageError(f"no command {command}")
    return pad({**fields, "c": NUMBERS[command], "id": identity}, room)


def read_request(plain: bytes) -> Request:
    """What the phone wants."""
    fields = unpad(plain)
    return Request(_whole(fields, "id", 1, MAX_ID), _whole(fields, "c", 0, MAX_ID), fields)


def write_reply(reply: Reply) -> bytes:
    """An answer, padded; MessageError: it does not fit."""
    return pad({**reply.fields, "id": reply.id, "s": reply.result}, MAX_PLAIN)


def read_reply(plain: bytes) -> Reply:
    """What the lock says."""
    fields = unpad(plain)
    return Reply(_whole(fields, "id", 0, MAX_ID), _whole(fields, "s", 0, 0xFF), fields)


def write_info(info: Info) -> bytes:
    """The value of the characteristic INFO."""
    return cbor.encode({"proto": info.proto, "caps": info.caps, "max_msg": info.max_msg})


def read_info(data: bytes) -> Info:
    """What keys it knows of INFO; VersionError: another version, or no INFO at all."""
    try:
        if len(data) > MAX_INFO:
            raise MessageError("INFO is too long")
        fields = cbor.decode_map(data)
        info = Info(*(_whole(fields, name, low, MAX_ID) for name, low in (("proto", 0), ("caps", 0), ("max_msg", 1))))
    except MessageError as error:
        raise VersionError(str(error)) from None
    if info.proto != PROTO:
        raise VersionError(f"the lock speaks version {info.proto}, this end {PROTO}")
    return info


def pad(fields: Mapping[str, Any], room: int) -> bytes:
    """length (2, big endian) | CBOR | zeros up to a multiple of 32."""
    data = cbor.encode(dict(fields))
    if len(data) > room:
        raise MessageError(f"{len(data)} bytes, and {room} are the most")
    whole = len(data).to_bytes(LENGTH, "big") + data
    return whole + bytes(-len(whole) % PAD)


def unpad(plain: bytes) -> dict[str, Any]:
    """The map in a padded plaintext; MessageError: it is not padded that way, or no map."""
    length = int.from_bytes(plain[:LENGTH], "big")
    data, rest = plain[LENGTH : LENGTH + length], plain[LENGTH + length :]
    if len(plain) % PAD or len(data) != length or len(rest) >= PAD or any(rest):
        raise MessageError("a plaintext that is not padded as it should")
    return cbor.decode_map(data)


def _whole(fields: dict[str, Any], name: str, low: int, high: int) -> int:
    """Take a number out of a map."""
    value = fields.pop(name, None)
    if type(value) is not int or not low <= value <= high:
        raise MessageError(f"{name}: not a whole number from {low} to {high}")
    return value


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    return len(value) if isinstance(value, bytes) else int(value)

"""Commands, replies and INFO: their layout, and what is no such thing."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockd.wire import cbor, cose, end, enrolment, framing, limits, messages, passes, results, session
from lockd.wire.errors import MessageError, VersionError
from lockd.wire.messages import COMMANDS, Info, Reply, Request


def test_the_layout_of_a_command() -> None:
    plain = messages.write_request("UNLOCK", 1, {"pin": "123456"})
    assert plain.hex() == "0013a3616301626964016370696e66313233343536" + "00" * 11
    assert messages.read_request(plain) == Request(1, 1, {"pin": "123456"})


def test_the_layout_of_a_reply() -> None:
    plain = messages.write_reply(Reply(7, results.BUSY))
    assert plain.hex() == "0009a2617318456269640700" + "00" * 20
    assert messages.read_reply(plain) == Reply(7, results.BUSY, {})


def test_every_command_has_a_number_and_a_name_of_its_own() -> None:
    assert [command.number for command in messages.ALL] == list(range(1, 13))
    assert len(messages.NUMBERS) == len(COMMANDS) == 12


def test_what_a_person_typed_is_not_shown() -> None:
    assert "123456" not in repr(Request(1, 1, {"pin": "123456"})) + repr(Reply(1, 0, {"uri": "123456"}))


@given(st.integers(1, 2**32 - 1), st.binary(max_size=1500))
@settings(max_examples=50, deadline=None)
def test_every_length_is_padded_and_read_again(identity: int, extra: bytes) -> None:
    plain = messages.write_request("STATUS", identity, {"x": extra})
    assert len(plain) % 32 == 0
    assert messages.read_request(plain) == Request(identity, 3, {"x": extra})


def test_as_long_as_a_message_can_be() -> None:
    room = messages.MAX_PLAIN - len(cbor.encode({"id": 1, "s": 0, "x": bytes(300)})) + 300
    assert len(messages.write_reply(Reply(1, 0, {"x": bytes(room)}))) == 2016
    with pytest.raises(MessageError, match="are the most"):
        messages.write_reply(Reply(1, 0, {"x": bytes(room + 1)}))


def test_no_such_command_to_send() -> None:
    with pytest.raises(MessageError, match="no command FIRMWARE"):
        messages.write_request("FIRMWARE", 1, {})


def padded(data: bytes) -> bytes:
    whole = len(data).to_bytes(2, "big") + data
    return whole + bytes(-len(whole) % 32)


MAP = cbor.encode({"c": 1, "id": 1})
BADLY_PADDED = {
    "nothing": b"",
    "not a multiple of 32": padded(MAP)[:-1],
    "32 zeros too many": padded(MAP) + bytes(32),
    "something in the padding": padded(MAP)[:-1] + b"\1",
    "longer than there is": b"\0\x1f" + bytes(30),
    "a plain map": MAP,
}


@pytest.mark.parametrize("what", BADLY_PADDED)
def test_badly_padded(what: str) -> None:
    with pytest.raises(MessageError):
        messages.read_request(BADLY_PADDED[what])


@pytest.mark.parametrize("fields", [
    {}, {"c": 1}, {"id": 1}, {"c": "UNLOCK", "id": 1}, {"c": True, "id": 1}, {"c": 1, "id": 0}, {"c": 1, "id": 2**32},
    {"c": -1, "id": 1}, {"c": 1, "id": None}, [], 1,
])  # fmt: skip
def test_no_command(fields: Any) -> None:
    with pytest.raises(MessageError):
        messages.read_request(padded(cbor.encode(fields)))


@pytest.mark.parametrize("fields", [{"id": 1}, {"id": 1, "s": 256}, {"id": -1, "s": 0}])
def test_no_reply(fields: Any) -> None:
    with pytest.raises(MessageError):
        messages.read_reply(padded(cbor.encode(fields)))


@given(st.binary(max_size=200).map(padded) | st.binary(max_size=128))
@settings(max_examples=150, deadline=None)
def test_arbitrary_bytes_raise_nothing_else(plain: bytes) -> None:
    for read in (messages.read_request, messages.read_reply):
        with suppress(MessageError):
            read(plain)
    with pytest.raises(VersionError):
        messages.read_info(plain)


WRONG: dict[str, list[dict[str, Any]]] = {
    "UNLOCK": [{"pin": 123456}, {"pin": "123"}, {"pin": "1" * 17}, {"role": "owner"}, {"force": True}],
    "LOCK": [{"x": 1}],
    "LOG_READ": [{}, {"from": 0}, {"from": 2**53}, {"from": 1, "max": 33}, {"from": True},
                 {"from": 1, "wait": 1}],
    "LOG_ACK": [{}, {"seq": "1"}],
    "USERS": [{}, {"op": "become"}, {"op": "set", "index": 0}, {"op": "set", "name": "x" * 65}],
    "INVITE": [{}, {"role": "guest"}, {"role": "root"}, {"role": "user", "user": 0}],
    "PASS": [{}, {"pass": b""}, {"pass": bytes(1025)}, {"pass": "text"}],
    "REVLIST": [{}, {"list": bytes(1025)}],
    "TIME_SET": [{}, {"time": -1}, {"time": 1_795_300_131_000}, {"time": 1, "trust": True}],
    "CONFIG": [{}, {"name": ""}, {"name": "x", "value": None}, {"name": "x", "value": -1}],
    "ENROL": [
        {}, {"label": "x"}, {"label": "x", "sign": bytes(31)}, {"label": "", "sign": bytes(32)},
        {"label": "x", "sign": bytes(32), "role": "owner"},
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_fields_that_are_wrong(name: str) -> None:
    command = COMMANDS[messages.NUMBERS[name]]
    for fields in WRONG[name]:
        with pytest.raises(MessageError):
            command.check(fields)


RIGHT: dict[str, dict[str, Any]] = {
    "UNLOCK": {"pin": "1234"}, "LOCK": {}, "STATUS": {}, "LOG_READ": {"from": 1, "max": 32}, "LOG_ACK": {"seq": 9},
    "USERS": {"op": "set", "index": 1, "name": "Ada"}, "INVITE": {"role": "user", "user": 2}, "PASS": {"pass": b"x"},
    "REVLIST": {"list": b"x"}, "TIME_SET": {"time": 0}, "CONFIG": {"name": "AutoRelockTime", "value": 30},
    "ENROL": {"label": "Ada's phone", "sign": bytes(32)},
}  # fmt: skip


@pytest.mark.parametrize("command", messages.ALL, ids=lambda command: command.name)
def test_fields_that_are_right(command: messages.Command) -> None:
    assert command.check(RIGHT[command.name]) == RIGHT[command.name]


def test_a_command_that_changes_nothing_takes_keys_of_a_later_version() -> None:
    assert COMMANDS[messages.NUMBERS["STATUS"]].check({"since": 5}) == {}


def test_info() -> None:
    assert messages.write_info(Info()).hex() == "a3646361707301" + "6570726f746f01" + "676d61785f6d7367190800"
    assert messages.read_info(messages.write_info(Info())) == Info()
    assert messages.read_info(cbor.encode({"proto": 1, "caps": 3, "max_msg": 2048, "later": 1})) == Info(1, 3, 2048)


@pytest.mark.parametrize("fields", [
    {"proto": 2, "caps": 1, "max_msg": 2048}, {"caps": 1, "max_msg": 2048}, {"proto": 1, "caps": 1, "max_msg": 0}, [],
    {"proto": 1, "caps": 1, "max_msg": 1, "x": bytes(64)},
])  # fmt: skip
def test_another_version(fields: Any) -> None:
    with pytest.raises(VersionError):
        messages.read_info(cbor.encode(fields))


def test_the_numbers_of_results_are_those_of_the_protocol() -> None:
    said = {
        0: "COMPLETE", 1: "ACCEPTED", 0x20: "NOT_AUTHORISED", 0x21: "FORBIDDEN", 0x22: "STALE", 0x23: "BAD_PARAM",
        0x24: "UNKNOWN_ID", 0x25: "DISABLED", 0x26: "UNSUPPORTED", 0x27: "TIME_NOT_ALLOWED", 0x28: "TOO_MANY_ATTEMPTS",
        0x29: "FULL", 0x2A: "EXISTS", 0x30: "TIME_UNKNOWN", 0x31: "EXPIRED", 0x32: "REVOKED", 0x33: "USED_UP",
        0x41: "POSITION_UNKNOWN", 0x42: "BLOCKED", 0x44: "TIMEOUT", 0x45: "BUSY", 0x4C: "LOW_POWER", 0x7F: "INTERNAL",
        0x80: "BAD_HANDSHAKE", 0x81: "TOO_MANY_SESSIONS", 0x82: "TOO_MANY_HANDSHAKES", 0x83: "WRONG_VERSION",
        0x84: "BAD_FRAMING",
    }  # fmt: skip
    assert said == results.NAMES


PAGE = (Path(__file__).parents[2] / "docs/lkp.md").read_text()


@pytest.mark.parametrize("said", [
    f"It has at most {messages.MAX_INFO} bytes; unknown keys are ignored",
    f"A body has 1 to {framing.MAX_MESSAGE} bytes", f"a value at most {framing.MAX_VALUE} bytes",
    f" {framing.ATT_HEAD}, {framing.CEILING}) bytes, and {framing.FLOOR} while the MTU is unknown",
    f"A message must be whole {framing.REASSEMBLY_S:.0f} s after its first frame",
    f"padded to a multiple of {messages.PAD} bytes", f"text of up to {cbor.MAX_KEY} bytes",
    f"At most {cbor.MAX_DEPTH} levels and {cbor.MAX_ITEMS} items",
    f"In message 3 the CBOR has at most {messages.MAX_FIRST} bytes, later {messages.MAX_PLAIN}",
    f"Ids are 1 to {messages.MAX_ID} and rise", f"among the last {session.REMEMBERED}, its answer comes again",
    f"from the connection to the first write | {limits.SILENT_S:.0f} s",
    f"before the handshake is over | {end.HANDSHAKE_S:.0f} s", f"of either end | {end.IDLE_S:.0f} s",
    f"a session | {end.LASTS_S:.0f} s, {end.MAX_MESSAGES} messages",
    f"{limits.CONNECTIONS}; of those that have not verified for {limits.UNVERIFIED_S:.0f} s",
    f"of all devices | {limits.FAILURES} a minute",
    f"It holds for {enrolment.LASTS_S:.0f} s, for one phone and five tries",
    f"(32 bytes), the invitation's secret (32), its number ({enrolment.ID}), the lock's name (UTF-8, up to"
    f" {enrolment.MAX_NAME})",
    f"at most {messages.MAX_PASS} bytes, signed with", f"| `id` | {passes.ID} random bytes |",
    f"up to {passes.MAX_WINDOWS} windows", f"up to {passes.MAX_LISTED} passes", f"header `{cose.PROTECTED.hex()}`",
    f"external data `{passes.PASS.decode()}`", f"external data `{passes.LIST.decode()}`",
])  # fmt: skip
def test_the_page_says_what_holds(said: str) -> None:
    assert said in " ".join(PAGE.split())


def test_the_page_has_every_result() -> None:
    assert {int(number, 16): name for number, name in re.findall(r"\| (0x\w\w) \| (\w+) \|", PAGE)} == results.NAMES

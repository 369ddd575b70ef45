"""Guest passes and revocation lists: their layout, who may sign, and when they hold."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from lockd.wire import cbor, cose, results
from lockd.wire.errors import MessageError, PassRefused
from lockd.wire.passes import (
    LIST,
    PASS,
    Book,
    Moment,
    Pass,
    RevocationList,
    Window,
    read_list,
    read_pass,
    sign_list,
    sign_pass,
    verify_list,
    verify_pass,
)
from tests.wire.ends import keys, secret


def public(name: str) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(secret(name)).public_key().public_bytes_raw()


OWNER, HOLDER = public("signing"), keys("guest").public
ID = b"16 bytes, random"
GIVEN = Pass(keys("lock").public, ID, OWNER, HOLDER, 1000, 2000)
BOOK = Book(keys("lock").public, {OWNER: "owner", public("admin"): "admin", public("user"): "user"})
NOW = Moment(1500, True, 3, 600)


def pass_of(**changes: Any) -> bytes:
    return sign_pass(GIVEN.but(**changes), secret("signing"))


def refusal(data: bytes, book: Book = BOOK, now: Moment = NOW, holder: bytes = HOLDER) -> str:
    with pytest.raises(PassRefused) as refused:
        verify_pass(data, holder, book, now)
    return results.NAMES[refused.value.code]


def test_a_pass_that_holds() -> None:
    assert verify_pass(pass_of(), HOLDER, BOOK, NOW) == GIVEN
    assert read_pass(pass_of()) == GIVEN


def test_the_layout() -> None:
    data = pass_of(windows=(Window(127, 0, 0),), uses=3, rights=("LOCK", "UNLOCK"), epoch=2, first_use_s=60)
    protected, unprotected, payload, signature = cbor.decode(data)
    assert (protected.hex(), unprotected, len(signature)) == ("a10127", {}, 64)
    assert cbor.decode(payload) == {
        "lock": keys("lock").public, "id": ID, "iss": OWNER, "sub": HOLDER, "nbf": 1000, "exp": 2000,
        "win": [[127, 0, 0]], "uses": 3, "cmd": [1, 2], "epoch": 2, "first": 60,
    }  # fmt: skip
    signed = cbor.encode(["Signature1", protected, b"LKP1 pass", payload])
    Ed25519PrivateKey.from_private_bytes(secret("signing")).public_key().verify(signature, signed)


def test_the_largest_one_fits() -> None:
    windows = tuple(Window(127, 1439, 1438) for _ in range(16))
    data = pass_of(windows=windows, rights=("UNLOCK", "LOCK", "STATUS"), uses=2**53 - 1, expires=2**53 - 1)
    assert len(data) <= 1024
    assert verify_pass(data, HOLDER, BOOK, NOW).windows == windows


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "another lock's": ({"lock": keys("other").public}, {}, "NOT_AUTHORISED"),
    "another phone's": ({"holder": keys("other").public}, {}, "NOT_AUTHORISED"),
    "revoked": ({}, {"revoked": frozenset([ID])}, "REVOKED"),
    "a barred guest's": ({}, {"barred": frozenset([HOLDER])}, "REVOKED"),
    "of an earlier epoch": ({"epoch": 1}, {"epoch": 2}, "STALE"),
    "used up": ({"uses": 2}, {"used": {ID: 2}}, "USED_UP"),
    "of a phone that is gone": ({}, {"issuers": {}}, "NOT_AUTHORISED"),
    "of a phone that may not": ({}, {"issuers": {OWNER: "user"}}, "NOT_AUTHORISED"),
    "not used in time": ({"first_use_s": 500}, {}, "EXPIRED"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what: str) -> None:
    changes, book, why = REFUSED[what]
    assert refusal(pass_of(**changes), BOOK.but(**book)) == why


@pytest.mark.parametrize(("changes", "book"), [
    ({"epoch": 3}, {"epoch": 2}), ({"uses": 2}, {"used": {ID: 1}}), ({"uses": 0}, {"used": {ID: 1000}}),
    ({"first_use_s": 501}, {}), ({"first_use_s": 1}, {"used": {ID: 1}}), ({}, {"issuers": {OWNER: "admin"}}),
])  # fmt: skip
def test_not_refused(changes: dict[str, Any], book: dict[str, Any]) -> None:
    assert verify_pass(pass_of(**changes), HOLDER, BOOK.but(**book), NOW).id == ID


@pytest.mark.parametrize(("now", "why"), [
    (NOW.but(trusted=False), "TIME_UNKNOWN"), (NOW.but(wall=999), "TIME_NOT_ALLOWED"), (NOW.but(wall=2000), "EXPIRED"),
])  # fmt: skip
def test_it_holds_in_its_time(now: Moment, why: str) -> None:
    assert refusal(pass_of(), now=now) == why


@pytest.mark.parametrize("wall", [1000, 1999])
def test_its_time_has_both_its_ends(wall: int) -> None:
    assert verify_pass(pass_of(), HOLDER, BOOK, NOW.but(wall=wall))


SATURDAY_NIGHT, WEDNESDAYS = Window(64, 22 * 60, 6 * 60), Window(8, 9 * 60, 17 * 60)


@pytest.mark.parametrize(("window", "weekday", "clock", "holds"), [
    (WEDNESDAYS, 3, "08:59", False), (WEDNESDAYS, 3, "09:00", True), (WEDNESDAYS, 3, "16:59", True),
    (WEDNESDAYS, 3, "17:00", False), (WEDNESDAYS, 2, "12:00", False), (WEDNESDAYS, 4, "12:00", False),
    (SATURDAY_NIGHT, 6, "21:59", False), (SATURDAY_NIGHT, 6, "22:00", True), (SATURDAY_NIGHT, 6, "23:59", True),
    (SATURDAY_NIGHT, 0, "00:00", True), (SATURDAY_NIGHT, 0, "05:59", True), (SATURDAY_NIGHT, 0, "06:00", False),
    (SATURDAY_NIGHT, 6, "03:00", False), (SATURDAY_NIGHT, 1, "03:00", False),
    (Window(1, 480, 480), 0, "07:59", False), (Window(1, 480, 480), 0, "08:00", True),
    (Window(1, 480, 480), 1, "07:59", True), (Window(1, 480, 480), 1, "08:00", False),
])  # fmt: skip
def test_windows(window: Window, weekday: int, clock: str, holds: bool) -> None:
    minute = int(clock[:2]) * 60 + int(clock[3:])
    assert window.holds(weekday, minute) == holds
    data, now = pass_of(windows=(Window(16, 0, 1), window)), NOW.but(weekday=weekday, minute=minute)
    if holds:
        assert verify_pass(data, HOLDER, BOOK, now)
    else:
        assert refusal(data, now=now) == "TIME_NOT_ALLOWED"


def altered(**claims: Any) -> bytes:
    """Signed by the owner over a payload that no pass of ours has."""
    fields = cbor.decode(cose.payload(pass_of())) | claims
    return cose.sign(PASS, cbor.encode({k: v for k, v in fields.items() if v is not None}), OWNER, secret("signing"))


@pytest.mark.parametrize("claims", [
    {"lock": bytes(31)}, {"id": "text"}, {"nbf": -1}, {"exp": 2**53}, {"exp": True}, {"win": 1}, {"win": [[1, 2]]},
    {"win": [[128, 0, 0]]}, {"win": [[0, 0, 0]]}, {"win": [[1, 1440, 0]]}, {"win": [[1, 0, -1]]}, {"win": ["x"]},
    {"win": [[1, 0, 0]] * 17}, {"cmd": []}, {"cmd": [6]}, {"cmd": [1, 99]}, {"cmd": ["UNLOCK"]}, {"cmd": [1, 2, 3, 1]},
    {"role": "owner"}, {"uses": None},
])  # fmt: skip
def test_claims_that_no_pass_has(claims: dict[str, Any]) -> None:
    assert refusal(altered(**claims)) == "BAD_PARAM"
    with pytest.raises(MessageError):
        read_pass(altered(**claims))


def test_what_is_no_cose_of_ours() -> None:
    protected, unprotected, payload, signature = cbor.decode(pass_of())
    others: list[Any] = [
        [b"", unprotected, payload, signature], [protected, {"x": 1}, payload, signature], [protected, {}, payload],
        [protected, {}, "text", signature], [protected, {}, payload, signature[1:]], {}, 1,
    ]  # fmt: skip
    for other in others:
        assert refusal(cbor.encode(other)) == "BAD_PARAM"
    assert refusal(bytes(1025)) == "BAD_PARAM"


def test_the_wrong_signer() -> None:
    with pytest.raises(MessageError, match="issuer"):
        sign_pass(GIVEN, secret("another"))


def test_a_value_that_no_pass_can_have_is_not_signed() -> None:
    with pytest.raises(MessageError, match="cmd"):
        pass_of(rights=("CONFIG",))
    with pytest.raises(KeyError):
        pass_of(rights=("FIRMWARE",))


@given(st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_arbitrary_bytes_raise_nothing_else(data: bytes) -> None:
    refusal(data)


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_an_altered_byte_never_holds(data: st.DataObject) -> None:
    encoded = bytearray(pass_of())
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    assert refusal(bytes(encoded)) in ("BAD_PARAM", "NOT_AUTHORISED")


GONE = RevocationList(keys("lock").public, OWNER, 5, 1, (ID, b"another of those"))


def test_a_revocation_list() -> None:
    data = sign_list(GONE, secret("signing"))
    assert verify_list(data, BOOK.but(lists={OWNER: 4})) == GONE
    assert verify_list(data, BOOK.but(lists={public("admin"): 6})) == GONE  # each issuer counts for himself
    assert read_list(data) == GONE
    assert cbor.decode(cose.payload(data)) == {
        "lock": keys("lock").public, "iss": OWNER, "n": 5, "epoch": 1, "ids": [ID, b"another of those"],
    }  # fmt: skip


def test_the_longest_list_fits() -> None:
    ids = tuple(secret(str(n))[:16] for n in range(48))
    assert len(sign_list(GONE.but(passes=ids, number=2**53 - 1, epoch=2**53 - 1), secret("signing"))) <= 1024
    with pytest.raises(MessageError):
        sign_list(GONE.but(passes=(*ids, ID)), secret("signing"))


@pytest.mark.parametrize(("changes", "book", "why"), [
    ({"number": 4}, {}, "STALE"), ({"number": 3}, {}, "STALE"), ({"lock": bytes(32)}, {}, "NOT_AUTHORISED"),
    ({}, {"issuers": {OWNER: "user"}}, "NOT_AUTHORISED"),
])  # fmt: skip
def test_a_list_that_does_not_hold(changes: dict[str, Any], book: dict[str, Any], why: str) -> None:
    with pytest.raises(PassRefused) as refused:
        verify_list(sign_list(GONE.but(**changes), secret("signing")), BOOK.but(lists={OWNER: 4}, **book))
    assert results.NAMES[refused.value.code] == why


@pytest.mark.parametrize("ids", [["text of 16 bytes"], [bytes(15)], 5])
def test_ids_that_no_list_has(ids: Any) -> None:
    payload = cbor.encode(cbor.decode(cose.payload(sign_list(GONE, secret("signing")))) | {"ids": ids})
    with pytest.raises(PassRefused) as refused:
        verify_list(cose.sign(LIST, payload, OWNER, secret("signing")), BOOK)
    assert refused.value.code == results.BAD_PARAM


def test_neither_is_ever_taken_for_the_other() -> None:
    payload = cose.payload(pass_of())
    assert refusal(cose.sign(LIST, payload, OWNER, secret("signing"))) == "NOT_AUTHORISED"

"""New credentials at the counter: lengths, quality, neighbours and variants, and what they cost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from lockd.core.people import People
from lockd.daemon.digests import Digests
from lockd.daemon.enrolment import NEAR, Enrolment
from lockd.errors import Busy, ConstraintError
from lockd.settings import LockSettings
from lockd.store.digests import Digester

ALLOW, WARN, REFUSE = (LockSettings(pin_quality=word) for word in ("allow", "warn", "refuse"))
DURESS = ALLOW.but(duress_digit=True)
#: Of user 1 and of user 2.
OWN, OTHER = "739164", "580472"


class Quick:
    """A digester that takes no time, and counts."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []

    def digest(self, kind: str, secret: str) -> bytes:
        self.done.append((kind, secret))
        return f"{kind} {secret}".encode()


class Counter:
    """An enrolment at which two users with a PIN each are known."""

    def __init__(self, *pins: str) -> None:
        self.quick = Quick()
        self.digests = Digests(cast(Digester, self.quick))
        data = [(n, f"PIN {pin}".encode().hex()) for n, pin in enumerate(pins, 1)]
        rows = [{"kind": "PIN", "index": n, "user": n, "digest": digest} for n, digest in data]
        people = People([{"index": n} for n in range(1, len(pins) + 1)], rows)
        self.enrolment = Enrolment(self.digests, lambda: people)

    async def digest(self, lock: LockSettings, kind: str, data: bytes, user: int = 0, **fields: Any) -> Any:
        return await self.enrolment.digest(lock, kind, data, user, fields)

    async def rate(self, lock: LockSettings, pin: str, user: int = 0) -> list[str]:
        return await self.enrolment.rate(lock, pin, user)


@pytest.fixture
async def counter() -> AsyncIterator[Counter]:
    made = Counter(OWN, OTHER)
    yield made
    made.digests.close()


@pytest.fixture
async def alone() -> AsyncIterator[Counter]:
    made = Counter(OWN)
    yield made
    made.digests.close()


async def test_every_kind_is_digested_as_itself_and_pins_of_both_kinds_as_one(counter: Counter) -> None:
    for kind, data, digested in (
        ("PIN", b"739164", "PIN 739164"), ("ProgrammingPIN", b"739164", "PIN 739164"),
        ("RFID", b"\x04\xa2\x11", "RFID 04a211"), ("Fingerprint", b"\0\7", "Fingerprint 0007"),
        ("Phone", bytes(32), f"Phone {'00' * 32}"),
    ):  # fmt: skip
        assert await counter.digest(WARN, kind, data) == (digested.encode(), b"")
    assert await counter.digest(WARN, "Face", b"x") == (b"", b"")


@pytest.mark.parametrize(("kind", "data"), [
    ("PIN", b"12345"), ("PIN", b"123456789"), ("ProgrammingPIN", b"12345"), ("RFID", b"12"), ("RFID", b"1" * 21),
    ("Fingerprint", b"1"), ("Phone", b"1" * 33),
])  # fmt: skip
async def test_data_of_a_wrong_length_is_refused_before_it_costs_anything(
    counter: Counter, kind: str, data: bytes
) -> None:
    with pytest.raises(ConstraintError, match=str(len(data))):
        await counter.digest(WARN, kind, data)
    assert counter.quick.done == []


async def test_an_easy_pin_is_taken_with_a_warning_or_refused(counter: Counter) -> None:
    for lock in (ALLOW, WARN):
        assert await counter.digest(lock, "PIN", b"123456") == (b"PIN 123456", b"")
    assert await counter.rate(ALLOW, "123456") == []
    assert len(await counter.rate(WARN, "123456")) == 1
    for kind in ("PIN", "ProgrammingPIN"):
        with pytest.raises(ConstraintError, match="weak-pin.*count up or down") as caught:
            await counter.digest(REFUSE, kind, b"123456")
        assert caught.value.detail == "weak-pin"
    with pytest.raises(ConstraintError, match="digits"):
        await counter.rate(WARN, "1" * 250)


@pytest.mark.parametrize("near", ["580473", "980472", "581472"])
async def test_a_pin_one_digit_from_somebody_elses_is_not_a_good_one_and_nobody_is_named(
    counter: Counter, near: str
) -> None:
    assert await counter.rate(WARN, near, 1) == [NEAR]
    assert await counter.rate(WARN, near, 2) == []
    with pytest.raises(ConstraintError) as caught:
        await counter.digest(REFUSE, "PIN", near.encode(), 1)
    assert NEAR in str(caught.value)
    assert not {"2", OTHER} & set(str(caught.value).replace(".", " ").split())


async def test_the_same_is_hashed_whatever_is_found_and_nothing_where_there_is_nobody_else(
    counter: Counter, alone: Counter
) -> None:
    hashed = []
    for pin in ("580473", "980472", "914605"):
        counter.quick.done.clear()
        await counter.rate(WARN, pin)
        hashed.append(len(counter.quick.done))
    assert hashed == [54] * 3
    assert await alone.rate(WARN, "739165", 1) == []
    assert alone.quick.done == []


async def test_a_machine_that_is_too_slow_leaves_the_rest_unchecked(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockd.daemon.enrolment.NEAR_S", 0.0)
    assert await counter.rate(WARN, "580473", 1) == []
    assert len(counter.quick.done) <= 1


async def test_a_variant_is_made_of_usual_pins_only_and_where_it_is_set(counter: Counter) -> None:
    assert await counter.digest(DURESS, "PIN", b"739169") == (b"PIN 739169", b"PIN 739160")
    assert await counter.digest(DURESS, "PIN", b"739169", duress=True) == (b"PIN 739169", b"")
    assert await counter.digest(DURESS, "ProgrammingPIN", b"739169") == (b"PIN 739169", b"")
    assert await counter.digest(ALLOW, "PIN", b"739169") == (b"PIN 739169", b"")


async def test_a_pin_that_is_not_somebodys_real_one_is_near_nobody() -> None:
    """A duress variant is no PIN that anybody would mistype into."""
    counter = Counter(OWN, OTHER)
    people = counter.enrolment._people()
    (other,) = people.of(2)
    people._by_digest["PIN", b"PIN 914605"] = other.but(forced=b"PIN 914605")
    assert await counter.rate(WARN, "914606", 1) == []
    counter.digests.close()


async def test_without_a_key_it_is_busy_and_nothing_is_set() -> None:
    digests = Digests(None)
    with pytest.raises(Busy):
        await Enrolment(digests, People).digest(ALLOW, "RFID", b"1234", 0, {})
    digests.close()

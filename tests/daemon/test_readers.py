"""What a reader brings: one try each, in the order of arrival, bounded, and never a secret in a log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from lockd.core.events import Event, OperationAsked, Presented
from lockd.daemon.digests import Digests
from lockd.daemon.keypad import Typing
from lockd.daemon.readers import SAME_S, Readers
from lockd.daemon.tries import WAITING_MAX, Tries
from lockd.errors import Busy, NotFound
from lockd.words import Sign, Source
from tests.daemon.process import until

CARD, OTHER = b"\x04\xa1\xb2\xc3", b"\x04\xa1\xb2\xc4"


class Slow(Digests):
    """Gives the secret itself, when it is let."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.may = asyncio.Event()
        self.may.set()

    async def digest(self, lane: Source, kind: str, secret: str) -> bytes:
        self.asked.append((kind, secret))
        await self.may.wait()
        return secret.encode()


class Door:
    """Readers and a keypad in front of nobody."""

    def __init__(self) -> None:
        self.digests = Slow()
        self.events: list[Event] = []
        self.signs: list[Sign] = []
        self.held_s: dict[Source, float] = {}
        self.begun = self.told = 0
        self.tries = Tries(
            self.digests, lambda kind, _secret, digest: Presented(kind, digest), self.events.append,
            lambda source: self.held_s.get(source, 0.0),
        )  # fmt: skip
        self.typing = Typing(lambda: 10.0, self.tries, self.signs.append, self._begin)
        self.readers = Readers(self.tries, self.typing.press, self.signs.append, self._begin, self._tell)
        self.reader = self.readers.reader("wiegand")

    def type(self, keys: str) -> None:
        for key in keys:
            self.typing.press(key)

    async def shown(self, count: int) -> list[tuple[str, str, bytes]]:
        """Source, kind and digest of so many tries."""
        await until(lambda: len(self.events) >= count)
        assert len(self.events) == count
        return [(event.source, event.presented.kind, event.presented.digest)
                for event in self.events
                if isinstance(event, OperationAsked) and event.presented is not None]

    def close(self) -> None:
        self.readers.close()
        self.typing.close()
        self.tries.close()

    def _begin(self) -> None:
        self.begun += 1

    def _tell(self) -> None:
        self.told += 1


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door()
    yield made
    made.close()


def in_time(readers: Readers, seconds: float) -> None:
    """So much later: what would have been forgotten by then is."""
    for reader in readers._all.values():
        if seconds >= SAME_S:
            assert reader._forgetting is not None
            assert reader._forgetting.when() - reader._loop.time() <= SAME_S
            reader.forget()


async def test_a_card_asks_to_unlock_with_its_digest_and_is_answered_with_a_tone(door: Door) -> None:
    door.reader.card(CARD)
    assert await door.shown(1) == [("RFID", "RFID", CARD.hex().encode())]
    assert door.events == [OperationAsked("Unlock", "RFID", Presented("RFID", CARD.hex().encode()))]
    assert (door.signs, door.begun) == (["key"], 1)


async def test_a_finger_is_its_slot_and_one_that_is_not_known_is_a_wrong_try(door: Door) -> None:
    door.reader.finger(258)
    door.reader.unknown_finger()
    assert await door.shown(2) == [
        ("Biometric", "Fingerprint", b"0102"), ("Biometric", "Fingerprint", b"unknown"),
    ]  # fmt: skip


async def test_a_readers_keys_join_the_line_of_typing_of_the_keypad(door: Door) -> None:
    door.type("12")
    door.reader.key("3")
    door.reader.key("4")
    door.type("#")
    assert await door.shown(1) == [("Keypad", "PIN", b"1234")]


async def test_tries_are_decided_in_the_order_they_came(door: Door) -> None:
    door.digests.may.clear()
    door.type("1111#")
    door.reader.card(CARD)
    door.type("2222#")
    door.reader.finger(7)
    door.type("3333#")
    door.digests.may.set()
    tries = await door.shown(5)
    assert [source for source, _, _ in tries] == ["Keypad", "RFID", "Keypad", "Biometric", "Keypad"]
    assert [digest for _, kind, digest in tries if kind == "PIN"] == [b"1111", b"2222", b"3333"]


async def test_a_card_that_is_held_is_one_try_and_comes_back_as_a_new_one(door: Door) -> None:
    for _ in range(20):
        door.reader.card(CARD)
    await door.shown(1)
    in_time(door.readers, SAME_S)
    door.reader.card(CARD)
    await door.shown(2)


async def test_another_card_in_between_makes_it_a_new_try(door: Door) -> None:
    for data in (CARD, OTHER, CARD):
        door.reader.card(data)
        await asyncio.sleep(0)
    assert [digest for _, _, digest in await door.shown(3)] == [data.hex().encode() for data in (CARD, OTHER, CARD)]


async def test_the_same_card_at_two_readers_is_two_tries(door: Door) -> None:
    door.reader.card(CARD)
    door.readers.reader("serial").card(CARD)
    await door.shown(2)


async def test_a_flood_of_cards_lets_no_pin_wait_for_more_than_two_of_its_hashes(door: Door) -> None:
    door.digests.may.clear()
    for n in range(500):
        door.reader.card(n.to_bytes(4))
    refused = len(door.events)
    assert refused == 500 - WAITING_MAX["RFID"]
    door.type("123456#")
    door.digests.may.set()
    tries = await door.shown(501)
    assert tries[-1] == ("Keypad", "PIN", b"123456")
    assert [digest for _, _, digest in tries[:refused]] == [b""] * refused
    assert [kind for kind, _ in door.digests.asked] == ["RFID"] * WAITING_MAX["RFID"] + ["PIN"]


async def test_during_the_lockout_of_cards_none_is_hashed_and_a_pin_is(door: Door) -> None:
    door.held_s = {"RFID": 60.0}
    door.reader.card(CARD)
    door.type("123456#")
    assert await door.shown(2) == [("RFID", "RFID", b""), ("Keypad", "PIN", b"123456")]
    assert door.digests.asked == [("PIN", "123456")]


async def test_what_was_shown_is_forgotten_at_the_end(door: Door) -> None:
    door.digests.may.clear()
    door.reader.card(CARD)
    await until(lambda: bool(door.digests.asked))
    door.close()
    door.digests.may.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert door.events == []
    assert door.reader._last is None


async def test_the_card_that_is_enrolled_opens_nothing_and_the_next_one_may(door: Door) -> None:
    waiting = asyncio.create_task(door.readers.next_card(60))
    await asyncio.sleep(0)
    door.reader.card(CARD)
    door.reader.finger(1)  # a finger is no card
    assert await waiting == CARD
    door.reader.card(OTHER)
    assert [kind for _, kind, _ in await door.shown(2)] == ["Fingerprint", "RFID"]


async def test_a_card_held_on_after_it_was_enrolled_is_no_try(door: Door) -> None:
    waiting = asyncio.create_task(door.readers.next_card(60))
    await asyncio.sleep(0)
    door.reader.card(CARD)
    door.reader.card(CARD)
    await waiting
    door.reader.card(CARD)
    await asyncio.sleep(0)
    assert door.events == []


async def test_who_enrols_is_told_when_no_card_comes_and_when_another_one_waits(door: Door) -> None:
    with pytest.raises(NotFound, match=r"no card was shown within 0\.001 s"):
        await door.readers.next_card(0.001)
    waiting = asyncio.create_task(door.readers.next_card(60))
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await door.readers.next_card(60)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    door.reader.card(CARD)
    assert len(await door.shown(1)) == 1


async def test_without_a_reader_there_is_nothing_to_wait_for() -> None:
    readers = Readers(Door().tries, lambda _key: None, lambda _sign: None, lambda: None, lambda: None)
    with pytest.raises(NotFound, match=r"no reader"):
        await readers.next_card(60)


async def test_a_lost_reader_is_said_once_and_shown_until_it_is_back(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    steps: list[tuple[Callable[[], None], int, list[str]]] = [
        (door.reader.found, 1, []),
        (lambda: door.reader.lost("unplugged; plug it in"), 2, ["reader: wiegand: unplugged; plug it in"]),
        (lambda: door.reader.lost("unplugged; plug it in"), 2, ["reader: wiegand: unplugged; plug it in"]),
        (door.reader.found, 3, []),
        (door.reader.found, 3, []),
    ]
    for step, told, degraded in steps:
        step()
        assert (door.told, door.readers.degraded()) == (told, degraded)
    assert caplog.messages == [
        "reader wiegand is there", "reader wiegand: unplugged; plug it in", "reader wiegand is there",
    ]  # fmt: skip


async def test_what_a_reader_comes_to_is_found_by_diagnose(door: Door) -> None:
    def found() -> tuple[str, str]:
        (finding,) = door.readers.findings()
        assert finding["part"] == "reader wiegand"
        return finding["state"], finding["text"]

    assert found() == ("fault", "not found yet")
    door.reader.found()
    assert found() == ("unchecked", "nothing came from it since lockd started")
    door.reader.card(CARD)
    assert found() == ("ok", "1 read since lockd started")
    door.reader.garbled("25 bits")
    assert found() == ("warning", "1 read, 1 garbled, the last one: 25 bits")


async def test_garbage_is_said_once_and_counted_and_no_secret_is_in_any_log(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    door.reader.found()
    for _ in range(1000):
        door.reader.garbled("wrong parity")
    door.reader.card(CARD)
    door.reader.key("7")
    await door.shown(1)
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]
    assert CARD.hex() not in caplog.text + repr(door.events)
    assert "1000 garbled" in next(door.readers.findings())["text"]

"""The first of the accidents that tests/slow has a million of, and what they find in readers that are broken."""

from __future__ import annotations

from random import Random

import pytest

from lockd.readers import keys, pn532, r503
from tests.readers.accidents import cards, fingers, typed

INPUTS = 3000


async def test_no_accident_makes_a_credential() -> None:
    assert [await each(INPUTS, Random(1)) for each in (cards, fingers, typed)] == [0, 0, 0]


async def test_a_card_reader_that_checks_no_sum_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pn532.Frames, "_body", lambda frames, size: bytes(frames._held[4 : size + 4]))
    assert await cards(INPUTS, Random(1)) > 0


async def test_a_sensor_that_checks_no_sum_and_is_asked_once_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(r503, "_right", lambda _body, _size: True)
    monkeypatch.setattr(r503.Sensor, "search", r503.Sensor._search)
    assert await fingers(INPUTS, Random(1)) > 0


async def test_a_typist_who_minds_no_pause_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "PAUSE_S", 1e9)
    assert await typed(INPUTS, Random(1)) > 0

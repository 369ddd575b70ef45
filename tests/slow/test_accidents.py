"""A million accidents to what each reader says: no exception but the ones it tells of, no false credential."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from random import Random
from time import perf_counter

import pytest

from tests.readers.accidents import cards, fingers, typed

pytestmark = pytest.mark.slow

INPUTS = int(os.environ.get("LOCKD_READER_INPUTS", "1000000"))
SEED = int(os.environ.get("LOCKD_SEED", "1"))


@pytest.mark.parametrize("reader", [cards, fingers, typed])
async def test_no_accident_makes_a_credential(reader: Callable[[int, Random], Awaitable[int]]) -> None:
    begun = perf_counter()
    false = await reader(INPUTS, Random(SEED))
    print(f"{reader.__name__}: {INPUTS} inputs in {perf_counter() - begun:.0f} s, {false} false credentials")
    assert false == 0

"""What the keypad's line of typing asks for, and when."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from lockd.core.events import Presented
from lockd.daemon.digests import Digests
from lockd.daemon.keypad import Typing
from lockd.daemon.tries import Tries
from lockd.words import Sign


class Keypad:
    """A line of typing whose time-out can be changed."""

    def __init__(self) -> None:
        self.timeout_s = 10.0
        self.begun = 0
        self.signs: list[Sign] = []
        self.digests = Digests(None)
        tries = Tries(
            self.digests, lambda kind, _digits, digest: Presented(kind, digest), lambda _event: None,
            lambda _source: 0.0,
        )  # fmt: skip
        self.typing = Typing(lambda: self.timeout_s, tries, self.signs.append, self._begin)

    def press(self, keys: str) -> None:
        for key in keys:
            self.typing.press(key)

    @property
    def left_s(self) -> float:
        """Until the code is forgotten."""
        assert self.typing._timer is not None
        return self.typing._timer.when() - self.typing._loop.time()

    def _begin(self) -> None:
        self.begun += 1


@pytest.fixture
async def keypad() -> AsyncIterator[Keypad]:
    made = Keypad()
    yield made
    made.typing.close()
    made.digests.close()


async def test_the_first_key_of_each_code_asks_once(keypad: Keypad) -> None:
    keypad.press("12345")
    assert keypad.begun == 1
    keypad.press("*")
    keypad.press("*#")
    assert keypad.begun == 1, "no code was begun"
    keypad.press("1")
    assert keypad.begun == 2


async def test_the_time_for_a_code_is_that_of_the_moment(keypad: Keypad) -> None:
    keypad.press("1")
    assert 9 < keypad.left_s <= 10
    keypad.timeout_s = 30.0  # emergency power was plugged in
    keypad.press("2")
    assert 29 < keypad.left_s <= 30

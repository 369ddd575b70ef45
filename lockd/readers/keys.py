"""What a USB keypad or card reader types: it pretends to be a keyboard, and tells of keys by their numbers.

Numbers and kinds of events after linux/input-event-codes.h: they are the kernel's, and never change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

EV_SYN, EV_KEY = 0, 1
SYN_REPORT, SYN_DROPPED = 0, 3
DOWN = 1

KEY_ENTER, KEY_KPENTER = 28, 96
ENTERS = (KEY_ENTER, KEY_KPENTER)

#: The digits above the letters, and those of the number block.
DIGITS = dict(zip((11, *range(2, 11)), "0123456789", strict=True)) | dict(
    zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True)
)
#: Letters of a number in base 16.
HEX = dict(zip((30, 48, 46, 32, 18, 33), "ABCDEF", strict=True))
#: Backspace, escape, delete and the number block's own `*`, `-` and `.`.
CLEARS = (14, 1, 111, 55, 74, 83)

#: Held down for capital letters.
SHIFTS = (42, 54)

#: A card's number has so many digits; a reader types them without a pause.
SHORTEST, LONGEST = 4, 20
PAUSE_S = 1.0


class Event(Protocol):
    """One event of the kernel's (evdev.InputEvent)."""

    sec: int
    usec: int
    type: int
    code: int
    value: int


def presses(events: Iterable[Event], lost: Callable[[], None]) -> Iterator[tuple[int, float]]:
    """Each key that goes down, and when, in seconds. `lost` is called where the kernel had to drop
    events; what follows, up to the next whole report, is worth nothing."""
    whole = True
    for event in events:
        if event.type == EV_SYN and event.code == SYN_DROPPED:
            whole = False
            lost()
        elif event.type == EV_SYN and event.code == SYN_REPORT:
            whole = True
        elif whole and event.type == EV_KEY and event.value == DOWN:
            yield event.code, event.sec + event.usec / 1e6


class Keypad:
    """Keys of a keypad: each goes on as one of `0`-`9`, `#`, `*`; any other means nothing."""

    def __init__(self, key: Callable[[str], None]) -> None:
        self._key = key

    def press(self, code: int, _at: float) -> None:
        """A key went down."""
        if code in DIGITS:
            self._key(DIGITS[code])
        elif code in ENTERS:
            self._key("#")
        elif code in CLEARS:
            self._key("*")

    def forget(self) -> None:
        """Some keys were lost: so is the code that they were of."""
        self._key("*")


class CardTyper:
    """A card reader that types the card's number and the enter key: the number goes on, as it was typed."""

    def __init__(self, card: Callable[[bytes], None], garbled: Callable[[str], None]) -> None:
        self._card, self._garbled = card, garbled
        self._typed = ""
        self._odd = False
        self._last = 0.0

    def press(self, code: int, at: float) -> None:
        """A key went down."""
        if not 0 <= at - self._last <= PAUSE_S:
            self.forget()
        self._last = at
        if code in ENTERS:
            self._enter()
        elif (digit := DIGITS.get(code) or HEX.get(code)) and len(self._typed) < LONGEST:
            self._typed += digit
        elif code not in SHIFTS:
            self._odd = True

    def forget(self) -> None:
        """What was typed so far is of no card."""
        self._typed, self._odd = "", False

    def _enter(self) -> None:
        if len(self._typed) >= SHORTEST and not self._odd:
            self._card(self._typed.encode("ascii"))
        elif self._typed or self._odd:
            self._garbled("a line that is no card's number")
        self.forget()

"""What a reader of cards, fingers or keys tells the lock: the seam that every reader's driver is built upon."""

from __future__ import annotations

from typing import Protocol


class Reader(Protocol):
    """One reader, as its driver sees the lock. All in the loop's thread; nothing here blocks, or
    raises for what a person or a broken wire can do. Data is secret: it belongs in no log."""

    def card(self, data: bytes) -> None:
        """A card was read. One that stays at the reader may be told again and again."""

    def finger(self, slot: int) -> None:
        """The sensor knows the finger: it is the template in this slot, 0 to 65535."""

    def unknown_finger(self) -> None:
        """The sensor has seen a finger and does not know it: a wrong try."""

    def key(self, key: str) -> None:
        """A key of the reader's own keypad: `0`-`9`, `#` enters, `*` clears."""

    def garbled(self, why: str) -> None:
        """Something came that no reader sends; it was dropped. `why`: in a few words, without the data."""

    def found(self) -> None:
        """It is there, and works."""

    def lost(self, why: str) -> None:
        """It is not, or does not; `why`: one line for people, with what to do about it."""

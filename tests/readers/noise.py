"""Ways in which bytes are spoiled on a line: flipped, lost, doubled, cut, moved, or never meant."""

from __future__ import annotations

from random import Random


def spoil(data: bytes, chance: Random) -> bytes:
    """The bytes after one to four such accidents."""
    spoiled = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(spoiled) + 1)
        match chance.randrange(7):
            case 0 if at < len(spoiled):
                spoiled[at] ^= 1 << chance.randrange(8)
            case 1 if at < len(spoiled):
                spoiled[at] = chance.randrange(256)
            case 2:
                del spoiled[at : at + chance.randint(1, 4)]
            case 3:
                spoiled[at:at] = spoiled[at : at + chance.randint(1, 8)]
            case 4:
                spoiled[at:at] = chance.randbytes(chance.randint(1, 6))
            case 5:
                del spoiled[at:]
            case _:
                other = chance.randrange(len(spoiled) + 1)
                spoiled[at : at + 4], spoiled[other : other + 4] = spoiled[other : other + 4], spoiled[at : at + 4]
    return bytes(spoiled)


class Line:
    """A way to a device whose answers are given before, in pieces; then it is gone (OSError)."""

    def __init__(self, answers: bytes, chance: Random) -> None:
        self._left = answers
        self._chance = chance

    async def read(self, _size: int = 0) -> bytes:
        if not self._left:
            raise OSError("it is gone")
        size = self._chance.randint(1, 40)
        data, self._left = self._left[:size], self._left[size:]
        return data

    async def write(self, data: bytes) -> None:
        pass

    def good(self) -> None:
        pass

    def close(self) -> None:
        pass

"""Which numbers of a kind are taken: the next one in use and the next free one, however many there are."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator


class Places:
    """Indexes from 1 on, in order."""

    def __init__(self) -> None:
        self._taken: list[int] = []

    def __len__(self) -> int:
        return len(self._taken)

    def __iter__(self) -> Iterator[int]:
        return iter(self._taken)

    def take(self, index: int) -> None:
        """This one is in use; it may have been before."""
        at = bisect_left(self._taken, index)
        if self._taken[at : at + 1] != [index]:
            insort(self._taken, index)

    def leave(self, index: int) -> None:
        """This one, which was in use, is free."""
        del self._taken[bisect_left(self._taken, index)]

    def following(self, index: int) -> int:
        """The next one in use above `index`; 0: none."""
        at = bisect_right(self._taken, index)
        return self._taken[at] if at < len(self._taken) else 0

    def free(self, most: int, after: int = 0) -> int:
        """The first free one above `after`; 0: none up to `most`. As those in use are in order, how
        far they stand without a gap is found by halving."""
        begin = low = bisect_right(self._taken, after)
        high = len(self._taken)
        while low < high:
            middle = (low + high) // 2
            if self._taken[middle] == after + 1 + middle - begin:
                low = middle + 1
            else:
                high = middle
        index = after + 1 + low - begin
        return index if index <= most else 0

"""Records on their way to the disk: each is settled once, by the store or by its time limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lockd.core.effects import Effect, Entry, Record, Write
from lockd.core.instant import Instant
from lockd.value import Value

#: What follows when a record is settled: its number, or 0 if the store failed or hangs.
Then = Callable[[int, Instant], Iterable[Effect]]

BOUND_S = 2.0  #: promise 4: how long a dead disk may keep the rightful person waiting


class Waiting(Value):
    """One record that the store has not answered for. `late`: what follows when the answer comes
    after the limit, whether it was written (its number) or not (0)."""

    due: float
    then: Then
    late: Then


def _nothing(_seq: int, _at: Instant) -> Iterable[Effect]:
    return ()


class Trail:
    """Hands out tickets and remembers who waits for them."""

    def __init__(self, first_ticket: int) -> None:
        self.failing = False
        self._ticket = first_ticket
        self._waiting: dict[int, Waiting] = {}
        self._overdue: dict[int, Then] = {}

    def record(
        self, entry: Entry, writes: tuple[Write, ...], at: Instant, then: Then,
        late: Then = _nothing, bound_s: float = BOUND_S,
    ) -> Record:  # fmt: skip
        """The effect that has it written."""
        self._ticket += 1
        self._waiting[self._ticket] = Waiting(at.mono + bound_s, then, late)
        return Record(self._ticket, entry, writes)

    @property
    def next_ticket(self) -> int:
        """The number that the next record will carry."""
        return self._ticket + 1

    def owed(self, ticket: int) -> bool:
        """Whether this record was given up, and may yet come to be written."""
        return ticket in self._overdue

    @property
    def deadline(self) -> float | None:
        """When the oldest record without an answer is given up, in mono seconds."""
        return min((w.due for w in self._waiting.values()), default=None)

    def recorded(self, ticket: int, seq: int, at: Instant) -> Iterable[Effect]:
        """The store says it is durable."""
        self.failing = bool(self._overdue.keys() - {ticket})
        return self._settled(ticket, seq, at)

    def failed(self, ticket: int, at: Instant) -> Iterable[Effect]:
        """The store says it could not."""
        self.failing = True
        return self._settled(ticket, 0, at)

    def _settled(self, ticket: int, seq: int, at: Instant) -> Iterable[Effect]:
        if ticket in self._waiting:
            return self._waiting.pop(ticket).then(seq, at)
        return self._overdue.pop(ticket, _nothing)(seq, at)

    def tick(self, at: Instant) -> Iterable[Effect]:
        """Give up on what is overdue."""
        for ticket in [t for t, w in self._waiting.items() if w.due <= at.mono]:
            waiting = self._waiting.pop(ticket)
            self._overdue[ticket] = waiting.late
            self.failing = True
            yield from waiting.then(0, at)

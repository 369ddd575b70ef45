"""Readings that come fast, made few, without hiding that a contact flaps."""

from __future__ import annotations

from lockd.reading import Reading


class Burst:
    """Collects readings until they are taken: of each supply the last; and before it, where it was
    there and gone and is as it was told last, one that shows so."""

    def __init__(self) -> None:
        self._told: dict[str, bool] = {}
        self._last: dict[str, Reading] = {}
        self._other: dict[str, Reading] = {}

    def add(self, reading: Reading) -> None:
        """The newest of its supply."""
        if reading.present != self._told.get(reading.name, reading.present):
            self._other[reading.name] = reading
        self._last[reading.name] = reading

    def take(self) -> tuple[Reading, ...]:
        """What is to be told now, in the order of the supplies' first readings."""
        taken: list[Reading] = []
        for name, last in self._last.items():
            other = self._other.get(name)
            if other is not None and other.present != last.present:
                taken.append(other)
            taken.append(last)
            self._told[name] = last.present
        self._last.clear()
        self._other.clear()
        return tuple(taken)

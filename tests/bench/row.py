"""One line of the table."""

from __future__ import annotations

from statistics import median

from lockd.value import Value


class Row(Value):
    """`measured` and `yardstick` in `unit`, as the medians of what was taken in turns."""

    name: str
    measured: float
    yardstick: float
    yardstick_name: str
    unit: str
    goal: float

    @property
    def ratio(self) -> float:
        return self.measured / self.yardstick

    @property
    def reached(self) -> bool:
        return self.ratio <= self.goal

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            self.name, f"{self.measured:.3g} {self.unit}", f"{self.yardstick:.3g} {self.unit}", self.yardstick_name,
            f"{self.ratio:.2f}", f"{self.goal:g}", "reached" if self.reached else "NOT reached",
        )  # fmt: skip


def row(name: str, measured: list[float], yardstick: list[float], yardstick_name: str, unit: str, goal: float) -> Row:
    """Of what was measured in turns."""
    return Row(name, median(measured), median(yardstick), yardstick_name, unit, goal)

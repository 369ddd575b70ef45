"""A small plot of a value from 0 to 100 over time, in block characters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

#: An eighth of a line to a whole one.
BLOCKS = " ▁▂▃▄▅▆▇█"
HEIGHT, WIDTH = 4, 60
MARGIN = "      "

#: A moment in seconds since 1970, and the value then.
Point = tuple[int, float]


def plot(points: Sequence[Point], since: int, until: int) -> list[str]:
    """Lines from the top down, with an axis of dates below. Nothing without points."""
    if not points:
        return []
    columns = _columns(points, since, until)
    lines = []
    for row in range(HEIGHT, 0, -1):
        label = {HEIGHT: "100 %", 1: "  0 %"}.get(row, "")
        lines.append(f"{label:>5} {''.join(_block(value, row) for value in columns)}".rstrip())
    first, last = (f"{datetime.fromtimestamp(moment):%d %b}" for moment in (since, until))
    return [*lines, f"{MARGIN}{first}{last:>{WIDTH - len(first)}}"]


def _columns(points: Sequence[Point], since: int, until: int) -> list[float | None]:
    """The last value in each stretch of time; where there is none, the one before."""
    span = max(1, until - since)
    seen = {min(WIDTH - 1, (moment - since) * WIDTH // span): value for moment, value in points if moment >= since}
    columns: list[float | None] = []
    for index in range(WIDTH):
        earlier = columns[-1] if columns and index <= max(seen, default=-1) else None
        columns.append(seen.get(index, earlier))
    return columns


def _block(value: float | None, row: int) -> str:
    """What of the column is in this row; a value of nearly nothing is still seen."""
    if value is None:
        return " "
    eighths = max(1, round(value / 100 * HEIGHT * 8))
    return BLOCKS[min(8, max(0, eighths - (row - 1) * 8))]

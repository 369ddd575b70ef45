"""What lockd costs, each row against its yardstick in the same run: `python -m tests.bench`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable

from tests.bench import inside, outside, phone, wire
from tests.bench.row import Row

HEAD = ("", "lockd", "yardstick", "", "ratio", "goal", "")


def table(rows: Iterable[Row]) -> str:
    """Plain text, in columns."""
    lines = [HEAD, *(row.cells for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEAD))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def main() -> int:
    """The table. A goal that was not reached is said in its row, and is no failure: a machine that
    others use as well says nothing about lockd by being slow."""
    rows = [*wire.measure(), *outside.measure(), *asyncio.run(inside.measure()), *asyncio.run(phone.measure())]
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())

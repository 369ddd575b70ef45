"""What lockd costs, each row against its yardstick in the same run: `python -m tests.bench`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable

from tests.bench import inside, outside
from tests.bench.row import Row

HEAD = ("", "lockd", "yardstick", "", "ratio", "goal", "")


def table(rows: Iterable[Row]) -> str:
    """Plain text, in columns."""
    lines = [HEAD, *(row.cells for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEAD))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def main() -> int:
    """The table; 1 if a goal was not reached."""
    rows = [*outside.measure(), *asyncio.run(inside.measure())]
    print(table(rows))
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

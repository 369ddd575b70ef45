"""Everything that lockctl says goes through here: one JSON document, or lines and tables.

Text from outside (names, errors) never reaches a terminal with control characters in it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

#: Wide enough that nothing is ever wrapped where no person looks at columns.
UNWRAPPED = 10_000


def clean(text: object) -> str:
    """Printable on one line: control characters become question marks."""
    return "".join(c if c.isprintable() else "?" for c in str(text))


class Output:
    """`as_json`: print documents and no words. `stream`: where to."""

    def __init__(self, as_json: bool, stream: TextIO | None = None) -> None:
        self.as_json = as_json
        self.stream = stream or sys.stdout

    @property
    def terminal(self) -> bool:
        """Whether a person looks at it as it comes."""
        return self.stream.isatty()

    def document(self, value: Any) -> None:
        """One JSON document on one line."""
        print(json.dumps(value, default=str), file=self.stream, flush=True)

    def say(self, text: str) -> None:
        """One line for people."""
        if not self.as_json:
            print(clean(text), file=self.stream, flush=True)

    def done(self, text: str, **facts: Any) -> None:
        """The end of a command that changed something: `text`, or {"ok": true, …facts}."""
        if self.as_json:
            self.document({"ok": True, **facts})
        else:
            self.say(text)

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]], wraps: Sequence[str] = ()) -> None:
        """A table with a heading. The columns `wraps` (the last, if not said) take the room that is
        left, and more lines if that is too little."""
        from rich import box
        from rich.table import Table

        wraps = wraps or headings[-1:]
        table = Table(box=box.SIMPLE_HEAD if self.terminal else None, pad_edge=False, header_style="bold")
        for heading in headings:
            table.add_column(heading, no_wrap=heading not in wraps, overflow="fold")
        for row in rows:
            table.add_row(*(clean(cell) for cell in row))
        self.show(table)

    def show(self, renderable: Any) -> None:
        """Anything that rich can draw, without trailing blanks."""
        console = self.console()
        with console.capture() as drawn:
            console.print(renderable)
        for line in drawn.get().splitlines():
            print(line.rstrip(), file=self.stream)
        self.stream.flush()

    def console(self) -> Console:
        """rich's console on our stream, that takes no text for markup."""
        from rich.console import Console

        width = None if self.terminal else UNWRAPPED
        return Console(file=self.stream, width=width, markup=False, emoji=False, highlight=False)

"""A QR code in the terminal, two modules to a character."""

from __future__ import annotations

from collections.abc import Sequence

QUIET = 2  #: light modules around it; the standard's 4 are more than readers need, and a terminal has few lines
#: By (upper, lower) module, True for dark: as they look on a dark terminal, where a full block is light.
BLOCKS = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}

MISSING = "no QR code can be shown without segno: sudo apt install python3-segno"


def matrix(text: str) -> list[list[bool]] | None:
    """The modules of the code, row by row, True for dark; None: segno is not installed."""
    try:
        import segno
    except ImportError:
        return None
    code = segno.make_qr(text, error="l", boost_error=False)
    return [[bool(module) for module in row] for row in code.matrix]


def lines(modules: Sequence[Sequence[bool]]) -> list[str]:
    """The code as text, with its quiet zone."""
    width = len(modules[0]) + 2 * QUIET
    blank = [[False] * width] * QUIET
    rows = [*blank, *([*[False] * QUIET, *row, *[False] * QUIET] for row in modules), *blank]
    rows += [[False] * width] * (len(rows) % 2)
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return ["".join(BLOCKS[pair] for pair in zip(upper, lower, strict=True)) for upper, lower in pairs]

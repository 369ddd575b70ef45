"""The QR code in the terminal holds what the library made of the text, with light around it."""

from __future__ import annotations

import io
import sys

import pytest

from lockd.cli import inviting, qr
from lockd.cli.output import Output

URI = f"lkp:1?k={'k' * 43}&p={'p' * 43}&i={'i' * 11}&n=SG9tZQ"
SHADES = {characters: pair for pair, characters in qr.BLOCKS.items()}


def read_back(lines: list[str]) -> list[list[bool]]:
    """The modules that are seen: two rows of them in each line."""
    return [[SHADES[character][half] for character in line] for line in lines for half in (0, 1)]


def test_the_lines_show_the_librarys_code_with_a_light_border() -> None:
    segno = pytest.importorskip("segno")
    seen = read_back(qr.lines(qr.matrix(URI) or []))
    code = segno.make_qr(URI, error="l", boost_error=False)
    size = len(code.matrix)
    inner = [row[qr.QUIET : qr.QUIET + size] for row in seen[qr.QUIET : qr.QUIET + size]]
    assert inner == [[bool(module) for module in row] for row in code.matrix]
    assert sum(map(sum, seen)) == sum(map(sum, inner))
    assert code.version <= 7


def test_the_code_is_small_enough_for_a_terminal_of_24_lines_and_80_columns() -> None:
    pytest.importorskip("segno")
    lines = qr.lines(qr.matrix(URI) or [])
    assert len(lines) <= 24
    assert {len(line) for line in lines} == {len(lines[0])}
    assert len(lines[0]) <= 80


def test_another_text_is_another_code() -> None:
    pytest.importorskip("segno")
    assert qr.matrix(URI) != qr.matrix(URI[:-1] + "A")


def test_without_the_library_there_is_the_text_and_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "segno", None)
    stream = io.StringIO()
    inviting.show(URI, Output(False, stream), plain=False)
    assert URI in stream.getvalue().splitlines()
    assert "python3-segno" in stream.getvalue()


def test_only_the_text_if_that_is_wanted() -> None:
    stream = io.StringIO()
    inviting.show(URI, Output(False, stream), plain=True)
    hint, uri = stream.getvalue().splitlines()
    assert uri == URI
    assert "scan" not in hint


class Terminal(io.StringIO):
    """Of a size that the environment says."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("columns", "rows", "name", "drawn", "larger"), [
    (80, 24, "SG9tZQ", 23, ""), (80, 23, "SG9tZQ", 23, "24 lines"), (44, 24, "SG9tZQ", 0, "45 columns"),
    (80, 24, "eCB4IHggeCB4IHggeCB4IHggeA", 25, "49 columns and 26 lines"),
])  # fmt: skip
def test_in_a_small_window_all_of_the_code_is_in_sight_or_its_size_is_said(
    monkeypatch: pytest.MonkeyPatch, columns: int, rows: int, name: str, drawn: int, larger: str
) -> None:
    pytest.importorskip("segno")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", str(rows))
    stream = Terminal()
    inviting.show(URI.replace("SG9tZQ", name), Output(False, stream), plain=False, advice=["advice"])
    text = stream.getvalue()
    assert sum("█" in line for line in text.splitlines()) == drawn
    assert text.rstrip("\n").endswith("█\x1b[0m" if drawn else ")"), "nothing comes after it"
    assert ("make it larger" in text) is bool(larger)
    assert larger in text

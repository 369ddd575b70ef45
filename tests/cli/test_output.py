"""What reaches the terminal."""

from __future__ import annotations

import io
import json
import re

import pytest

from lockd.cli.output import Output, clean


def printed(as_json: bool = False) -> tuple[Output, io.StringIO]:
    stream = io.StringIO()
    return Output(as_json, stream), stream


@pytest.mark.parametrize(
    ("raw", "shown"), [("\x1b[31mred", "?[31mred"), ("a\nb", "a?b"), ("Änne 名", "Änne 名"), (3, "3")]
)
def test_only_printable_characters_are_left(raw: object, shown: str) -> None:
    assert clean(raw) == shown


def test_json_output_says_no_words() -> None:
    out, stream = printed(as_json=True)
    out.say("words")
    out.done("more words", index=3)
    assert json.loads(stream.getvalue()) == {"ok": True, "index": 3}


def test_what_was_done_is_one_line_whatever_a_name_holds() -> None:
    out, stream = printed()
    out.done("Removed a\nb.")
    assert stream.getvalue() == "Removed a?b.\n"


def test_a_table_that_nobody_looks_at_is_never_wrapped_and_has_no_trailing_blanks() -> None:
    out, stream = printed()
    out.table(("No", "What"), [(1, "long " * 100), (22, "[bold]x[/bold] :smile:")])
    heading, first, second = stream.getvalue().splitlines()
    assert heading == "No  What"
    assert first == f"1   {('long ' * 100).rstrip()}"
    assert second == "22  [bold]x[/bold] :smile:"


def test_a_table_at_a_terminal_is_as_wide_as_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    out, stream = printed()
    monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    out.table(("No", "Name", "What"), [(1, "Anna " * 9, "opened")], wraps=("Name",))
    lines = re.sub("\x1b\\[[0-9;]*m", "", stream.getvalue()).splitlines()
    assert max(map(len, lines)) <= 30
    assert any("opened" in line for line in lines)
    assert "\x1b[3" not in stream.getvalue()


def test_what_is_said_is_one_line_whatever_it_holds() -> None:
    out, stream = printed()
    out.say("Anna\nlockctl: done")
    assert stream.getvalue() == "Anna?lockctl: done\n"

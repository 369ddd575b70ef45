"""The drawing: the bolt is where the contacts say, to an eighth of a column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from lockd.cli.panel.drawing import BOLT, BRASS, THROW, draw
from lockd.cli.panel.scene import Scene


def bolt_cells(picture: Text) -> list[int]:
    """The columns that show brass, before or behind."""
    line = picture.split("\n")[6]
    return [
        span.start
        for span in line.spans
        if not isinstance(span.style, str) and BRASS in str(span.style)
    ]


@given(st.floats(0, 1), st.booleans(), st.booleans(), st.booleans(), st.integers(1, 90), st.integers(1, 40))
def test_every_scene_fills_its_place_exactly(
    bolt: float, is_open: bool, jammed: bool, off: bool, width: int, height: int
) -> None:
    picture = draw(Scene(bolt=bolt, door_open=is_open, jammed=jammed, cover_off=off), width, height)
    lines = picture.plain.split("\n")
    assert [len(line) for line in lines] == [width] * height


@pytest.mark.parametrize("is_open", [False, True])
def test_a_thrown_bolt_reaches_further_than_a_drawn_one(is_open: bool) -> None:
    thrown = bolt_cells(draw(Scene(bolt=0.0, door_open=is_open), 34, 12))
    drawn = bolt_cells(draw(Scene(bolt=1.0, door_open=is_open), 34, 12))
    assert thrown[0] - drawn[0] == THROW
    assert len(thrown) == len(drawn) == BOLT


def test_steps_smaller_than_a_column_are_seen() -> None:
    pictures = {str(draw(Scene(bolt=step / 40), 34, 12).markup) for step in range(41)}
    assert len(pictures) == 41


def test_what_is_wrong_is_written_on_it() -> None:
    assert "jam" in draw(Scene(jammed=True), 34, 12).plain
    assert "cover off" in draw(Scene(cover_off=True), 34, 12).plain

"""The documents show lockd as it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from lockd.core.bolt import TABLE
from lockd.words import Sign
from tests import pages

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = ["README.md", *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").glob("*.md")))]


@pytest.mark.parametrize(("path", "mark", "content"), pages.DRAWN)
def test_what_is_drawn_is_what_the_code_says(path: Path, mark: str, content: Callable[[], str]) -> None:
    page = path.read_text()
    assert page == pages.drawn(page, mark, content()), "the code has changed: run `make docs`"


def test_the_diagram_shows_every_state_and_every_change() -> None:
    shown = re.findall(r"(\w+) --> (\w+): ", pages.diagram())
    assert set(shown) == {(state, after) for (state, _), (after, _) in TABLE.items() if state != after}
    assert {state for arrow in shown for state in arrow} == {state for state, _ in TABLE}


def test_every_target_that_the_readme_names_is_in_the_makefile() -> None:
    named = set(re.findall(r"^    make ([a-z-]+)|`make ([a-z-]+)`", README, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {one or other for one, other in named} <= targets


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_links_to_is_there(page: str) -> None:
    path = ROOT / page
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_manual_explains_every_signal_of_lamps_and_buzzer() -> None:
    manual = (ROOT / "docs/manual.md").read_text()
    assert [sign for sign in get_args(Sign) if f"`{sign}`" not in manual] == []


def test_every_test_that_the_readme_names_is_there() -> None:
    named = re.findall(r"`(tests/[a-z_/]+\.py)(?:::(\w+))?`", (ROOT / "README.md").read_text())
    assert len(named) >= 12
    assert [(path, name) for path, name in named if f"def {name}" not in (ROOT / path).read_text()] == []

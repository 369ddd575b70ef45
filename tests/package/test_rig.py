"""What the virtual Pi rests on and what takes no machine: what is kept, for how long, and what its page names."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pi import keep
from tests.pi.host import digest
from tests.pi.keep import KEPT, kept
from tests.pi.package import inputs

RIG = Path(__file__).parents[1] / "pi"


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Where things are kept is a folder of the test's own. What was built, in order."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(keep, "IN_USE", {})
    yield []
    let_go()


def let_go() -> None:
    """As if the process had ended that used them."""
    while keep.IN_USE:
        os.close(keep.IN_USE.popitem()[1])


def building(built: list[str], name: str) -> Callable[[Path], None]:
    def build(folder: Path) -> None:
        assert list(folder.iterdir()) == [], "with what somebody else left"
        built.append(name)
        (folder / name).touch()

    return build


def test_a_thing_is_built_once_and_anew_when_what_it_is_made_of_changes(built: list[str], tmp_path: Path) -> None:
    source = tmp_path / "root.py"
    source.write_text("a disk")
    first = kept("disk", digest([source, "more"]), building(built, "one"))
    assert kept("disk", digest([source, "more"]), building(built, "two")) == first
    source.write_text("another disk")
    second = kept("disk", digest([source, "more"]), building(built, "three"))
    assert kept("disk", digest([source]), building(built, "four")) not in (first, second)
    assert (built, (second / "three").exists()) == (["one", "three", "four"], True)


def test_what_was_left_half_built_is_not_taken_for_a_whole(built: list[str]) -> None:
    def breaks_off(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept("disk", "key", breaks_off)
    folder = kept("disk", "key", building(built, "whole"))
    assert [path.name for path in folder.iterdir()] == built == ["whole"]


def test_those_that_were_used_last_stay_and_of_every_kind(built: list[str]) -> None:
    folders = [kept("disk", str(number), building(built, "it")) for number in range(KEPT)]
    kernel = kept("kernel", "0", building(built, "it"))
    let_go()
    for age, folder in enumerate(folders):
        os.utime(folder, (age, age))
    kept("disk", "0", building(built, "it"))
    kept("disk", "new", building(built, "it"))
    assert [folder.exists() for folder in (*folders, kernel)] == [True, False, True, True]


def test_what_somebody_uses_stays_however_old_it_is(built: list[str]) -> None:
    used = kept("disk", "used", building(built, "it"))
    newer = [kept("disk", str(number), building(built, "it")) for number in range(KEPT)]
    assert all(folder.exists() for folder in (used, *newer))
    let_go()
    kept("disk", "new", building(built, "it"))
    assert not used.exists()


@pytest.mark.skipif(not (RIG.parents[1] / ".git").exists(), reason="needs a clone: it asks git")
def test_the_package_is_made_of_all_that_is_installed_and_of_how() -> None:
    names = {name for name in inputs() if isinstance(name, str)}
    assert {"debian/rules", "lockd/__main__.py", "systemd/system/lockd.service", "docs/lockd.toml"} <= names
    assert not {name for name in names if name.startswith("tests/")}


def test_the_page_of_the_rig_names_every_part() -> None:
    page = (RIG / "README.md").read_text()
    parts = {path.stem for path in (*RIG.glob("[a-z]*.py"), *RIG.glob("guest/*.py"), *RIG.glob("arm/*.py"))}
    there = {name for name in parts if not name.startswith("test_")} - {"conftest"}
    assert there - set(re.findall(r"[`/](\w+)`", page)) == set()

"""Commands that are told can be copied."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lockd.cli import copyable as module
from lockd.cli.copyable import copyable, lockctl


@pytest.fixture
def unfound(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder to be in, and no lockctl where the shell looks."""
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def started(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(module.sys, "argv", [path, "status"])


def test_a_lockctl_that_the_shell_finds_is_just_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "which", lambda name: "/usr/bin/lockctl")
    started(monkeypatch, ".venv/bin/lockctl")
    assert lockctl() == "lockctl"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (".venv/bin/lockctl", ".venv/bin/lockctl"),
        ("{here}/.venv/bin/lockctl", ".venv/bin/lockctl"),
        ("{here}/lockctl", "./lockctl"),
        ("/b/lockctl", "/b/lockctl"),
        ("/somewhere/lockd/cli/main.py", "lockctl"),
    ],
)
def test_else_it_is_told_the_way_it_was_started(
    unfound: Path, monkeypatch: pytest.MonkeyPatch, path: str, told: str
) -> None:
    started(monkeypatch, path.format(here=unfound))
    assert lockctl() == told


def test_only_commands_are_replaced(unfound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started(monkeypatch, os.path.join(".venv", "bin", "lockctl"))
    assert copyable("lockctl: run `lockctl home`; see: lockctl --help (lockctl)") == (
        "lockctl: run `.venv/bin/lockctl home`; see: .venv/bin/lockctl --help (lockctl)"
    )

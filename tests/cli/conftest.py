"""lockctl as a function: arguments in, exit status and what was printed out."""

from __future__ import annotations

import functools
import io
import json
import sys
from typing import Any

import pytest

from lockd.cli import commands
from lockd.cli.main import main
from lockd.value import Value
from tests.cli.fake import FakeLockd

#: Its commands are defined once; that takes longer than most of them.
build = functools.cache(commands.build)


class Ran(Value):
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class Ctl:
    """Runs lockctl against a fake lockd."""

    def __init__(self, lockd: FakeLockd, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.lockd = lockd
        self._capsys = capsys
        self._patch = patch

    def __call__(self, *arguments: str, stdin: str | None = None) -> Ran:
        self._patch.setattr(sys, "stdin", io.StringIO(stdin or ""))
        self._patch.setattr("lockd.cli.main.build", build)
        try:
            status = main(arguments)
        except SystemExit as end:
            status = int(str(end.code or 0))
        out, err = self._capsys.readouterr()
        return Ran(status, out, err)

    def at_a_terminal(self, *answers: str) -> None:
        """A person who answers questions without echo."""
        given = iter(answers)
        self._patch.setattr("lockd.cli.ask._terminal", lambda: True)
        self._patch.setattr("getpass.getpass", lambda question, stream: next(given))


@pytest.fixture
def lockd(monkeypatch: pytest.MonkeyPatch) -> FakeLockd:
    fake = FakeLockd()
    monkeypatch.setattr("lockd.cli.session.connected", fake.connected)
    monkeypatch.setattr("lockd.cli.doctor.lock.connected", fake.connected)
    return fake


@pytest.fixture
def ctl(lockd: FakeLockd, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ctl:
    return Ctl(lockd, capsys, monkeypatch)

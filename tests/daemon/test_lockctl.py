"""lockctl on the private bus, against a lockd that runs."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lockd.cli.main import main
from tests.daemon.process import Lockd

Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def ctl(lockd: Lockd, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command; its exit status and its document."""
    lockd.start()
    lockd.wait_until("is ours on the bus")

    def run(*words: str, stdin: str = "") -> tuple[int, Any]:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        status = main(["--bus", lockd.bus, "--json", *words])
        return status, json.loads(capsys.readouterr().out)

    return run


def test_hours_are_kept_explained_and_taken_away(ctl: Run) -> None:
    status, done = ctl("user", "add", "Anna", "--pin-stdin", "--when", "Mon-Fri 8-17", stdin="246809\n")
    assert (status, done) == (0, {"ok": True, "index": 1, "advice": []})
    _, shown = ctl("user", "show", "Anna")
    assert shown["type"] == "WeekDayScheduleUser"
    assert shown["text"].startswith("Anna may come in Monday to Friday 08:00 to 17:00; ")
    times = ("2030-12-24 12:00", "2030-12-24 17:00", "2030-12-28 12:00")  # a Tuesday, its evening, a Saturday
    answers = [ctl("why", "Anna", "--at", at) for at in times]
    assert [(status, answer["allowed"]) for status, answer in answers] == [(0, True), (1, False), (1, False)]
    assert answers[1][1]["detail"] == "schedule-shut"
    assert ctl("schedule", "add", "Anna", "--from", "2030-12-27", "--until", "2030-12-31")[1]["type"] == (
        "ScheduleRestrictedUser"
    )
    assert ctl("why", "Anna", "--at", times[0])[0] == 1
    assert ctl("schedule", "remove", "Anna", "all")[0] == 0
    assert ctl("schedule", "list")[1] == [{"user": 1, "name": "Anna", "week": [], "days": []}]


def test_a_holiday_has_its_mode_while_it_lasts(ctl: Run) -> None:
    assert ctl("holiday", "add", "--until", "2w", "--mode", "Vacation") == (0, {"ok": True, "index": 1})
    assert ctl("mode")[1] == {"OperatingMode": "Vacation"}
    assert ctl("holiday")[1][0]["mode"] == "Vacation"
    assert ctl("holiday", "remove", "1")[0] == 0
    assert ctl("mode")[1] == {"OperatingMode": "Normal"}


def test_everybody_is_exported_and_comes_back_into_an_empty_lock_as_he_was(ctl: Run, tmp_path: Path) -> None:
    file, again = tmp_path / "users.csv", tmp_path / "again.csv"
    ctl("user", "add", "Anna", "--when", "Mon-Fri 8-17", "--until", "2030-12-31", "--unique-id", "7")
    ctl("user", "add", "Bert", "--disable", "--rule", "dual")
    assert ctl("user", "export", str(file)) == (0, {"ok": True, "file": str(file), "users": 2})
    same = {"ok": True, "check": False, "added": [], "changed": [], "unchanged": 2}
    assert ctl("user", "import", str(file)) == (0, same)
    ctl("user", "remove", "all", "--yes", "all")
    assert ctl("user", "import", str(file)) == (0, {**same, "added": ["Anna", "Bert"], "unchanged": 0})
    ctl("user", "export", str(again))
    assert again.read_text() == file.read_text()


def test_a_spare_pin_for_one_use_is_set_and_told(ctl: Run) -> None:
    ctl("user", "add", "Anna", "--pin-stdin", stdin="246809\n")
    words = ("--spare", "--uses", "1", "--until", "2030-12-31", "--stdin")
    status, done = ctl("pin", "set", "Anna", *words, stdin="975310\n")
    assert (status, done["index"]) == (0, 2)
    assert ctl("pin", "list")[1][1] == {"index": 2, "user": 1, "name": "Anna", "spare": True, "limited": True}
    assert ctl("user", "show", "Anna")[1]["text"] == (
        "Anna may always come in; PIN 2: 1 of 1 uses left, until the end of Tue 31 Dec 2030."
    )

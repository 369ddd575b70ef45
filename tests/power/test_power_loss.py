"""Acknowledged is durable: power cuts at random moments of real work lose nothing, and no use of a PIN
that is good for few is ever to be had twice."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.power import log
from tests.power.disk import Disk

HERE = Path(__file__).parent
FEW, MANY = 120, int(os.environ.get("LOCKD_POWER_STATES", "2000"))
#: Each is replayed by one process.
PARTS = os.cpu_count() or 1

pytestmark = pytest.mark.skipif(
    not shutil.which("gcc") or sys.maxsize < 1 << 32, reason="the recorder takes gcc and a 64-bit Linux")


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("recorder") / "recorder.so"
    options = ("-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-shared", "-fPIC", "-pthread")
    subprocess.run(["gcc", *options, "-o", library, HERE / "recorder.c"], check=True)
    return library


WORK, USES = ("tests.power.work",), ("tests.power.uses", "work")
CRASH, COUNT = ("tests.power.crash",), ("tests.power.uses", "cut")
CODES, CUT_CODES = ("tests.power.codes", "work"), ("tests.power.codes", "cut")


def record(recorder: Path, place: Path, synchronous: str, work: tuple[str, ...] = WORK, sessions: int = 4) -> Path:
    """Run all sessions of work under the recorder; returns the log, beside the folder `state`."""
    (place / "state").mkdir(mode=0o700)
    watched = {"LD_PRELOAD": str(recorder), "POWER_FOLDER": str(place / "state"), "POWER_LOG": str(place / "log")}
    for session in range(sessions):
        subprocess.run([sys.executable, "-m", *work, place / "state", str(session), synchronous],
                       check=True, cwd=HERE.parent.parent, env=os.environ | watched, timeout=120)
    return place / "log"


@pytest.fixture(scope="module")
def uses(recorder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(recorder, tmp_path_factory.mktemp("uses"), "FULL", USES, 2)


@pytest.fixture(scope="module")
def recorded(recorder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(recorder, tmp_path_factory.mktemp("full"), "FULL")


def cut(path: Path, states: int, judge: tuple[str, ...] = CRASH) -> dict[str, Any]:
    """The sums over all states, shared out among the processors."""
    parts = [
        subprocess.Popen([sys.executable, "-m", *judge, path, str(states // PARTS + 1), str(part)],
                         cwd=HERE.parent.parent, stdout=subprocess.PIPE)
        for part in range(PARTS)
    ]
    reports = [json.loads(part.communicate()[0]) for part in parts]
    total = {key: sum(report[key] for report in reports) for key in ("states", "lost", "corrupt")}
    return total | {"examples": [example for report in reports for example in report["examples"]]}


def test_the_recorder_misses_nothing(recorded: Path, tmp_path: Path) -> None:
    """Replaying every record without a power cut gives the folder, byte for byte."""
    disk = Disk()
    for each in log.read(recorded):
        disk.apply(each)
    disk.power_cut(Always(), tmp_path)
    real = {file.name: file.read_bytes() for file in (recorded.parent / "state").iterdir()}
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        name: content for name, content in real.items() if not name.endswith("-shm")}


class Always(random.Random):
    """Lets every unsynced piece survive."""

    def choice(self, seq: Any) -> Any:
        return 1.0

    def random(self) -> float:
        return 0.0


def test_power_cuts_lose_nothing_acknowledged(recorded: Path) -> None:
    report = cut(recorded, FEW)
    assert (report["lost"], report["corrupt"]) == (0, 0), report


def test_the_same_power_cuts_do_lose_commits_that_were_not_synced(recorder: Path, tmp_path: Path) -> None:
    """The control: with synchronous=NORMAL the simulation must find losses, or it proves nothing."""
    report = cut(record(recorder, tmp_path, "NORMAL"), FEW)
    assert report["lost"] > FEW // 10, report


def test_power_cuts_give_no_use_twice_and_take_none_away(uses: Path) -> None:
    report = cut(uses, FEW // 2, COUNT)
    assert (report["lost"], report["corrupt"]) == (0, 0), report


@pytest.mark.slow
def test_thousands_of_power_cuts_lose_nothing_acknowledged(recorded: Path, recorder: Path, tmp_path: Path) -> None:
    full = cut(recorded, MANY)
    normal = cut(record(recorder, tmp_path, "NORMAL"), MANY // 10)
    for name, report in (("FULL", full), ("NORMAL (control)", normal)):
        print(f"synchronous={name}: {report['states']} power cuts, {report['lost']} lost acknowledged commits,"
              f" {report['corrupt']} corrupt")
    assert (full["lost"], full["corrupt"]) == (0, 0), full
    assert normal["lost"] > 0, normal


@pytest.mark.slow
def test_thousands_of_power_cuts_give_no_use_twice_and_take_none_away(
    uses: Path, recorder: Path, tmp_path: Path
) -> None:
    full = cut(uses, MANY, COUNT)
    normal = cut(record(recorder, tmp_path, "NORMAL", USES, 2), MANY // 10, COUNT)
    for name, report in (("FULL", full), ("NORMAL (control)", normal)):
        print(f"synchronous={name}: {report['states']} power cuts around PINs of few uses, {report['lost']} gave"
              f" a use twice, {report['corrupt']} took one away")
    assert (full["lost"], full["corrupt"]) == (0, 0), full
    assert normal["lost"] > 0, normal


@pytest.fixture(scope="module")
def codes(recorder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(recorder, tmp_path_factory.mktemp("codes"), "FULL", CODES)


@pytest.mark.slow
def test_the_use_of_a_code_is_consumed_exactly_once_in_thousands_of_power_cuts(
    codes: Path, recorder: Path, tmp_path: Path
) -> None:
    """The control is a store that does not wait for the disk: it has to give uses back."""
    full = cut(codes, MANY, CUT_CODES)
    normal = cut(record(recorder, tmp_path, "NORMAL", CODES), MANY // 10, CUT_CODES)
    for name, report in (("FULL", full), ("NORMAL (control)", normal)):
        print(f"one-time codes, synchronous={name}: {report['states']} power cuts, in {report['lost']} of them"
              f" a used code opens again, in {report['corrupt']} an unused one does not")
    assert (full["lost"], full["corrupt"]) == (0, 0), full
    assert normal["lost"] > 0, normal


RESTORES, CUT_RESTORES = ("tests.power.restores", "work"), ("tests.power.restores", "cut")


@pytest.fixture(scope="module")
def restores(recorder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(recorder, tmp_path_factory.mktemp("restores"), "FULL", RESTORES, 2)


def test_a_power_cut_leaves_the_store_from_before_a_restore_or_the_restored_one(restores: Path) -> None:
    report = cut(restores, FEW // 2, CUT_RESTORES)
    assert (report["lost"], report["corrupt"]) == (0, 0), report


@pytest.mark.slow
def test_in_thousands_of_power_cuts_no_store_is_half_restored(
    restores: Path, recorder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The control makes two commits of each: halves have to be found."""
    full = cut(restores, MANY, CUT_RESTORES)
    halves = cut(record(recorder, tmp_path, "halves", RESTORES, 2), MANY // 10, CUT_RESTORES)
    with capsys.disabled():
        for name, report in (("as they are", full), ("in halves (control)", halves)):
            print(f"\nrestores {name}: {report['states']} power cuts, {report['lost']} undid one that was done,"
                  f" {report['corrupt']} left half of one")
    assert (full["lost"], full["corrupt"]) == (0, 0), full
    assert halves["corrupt"] > 0, halves

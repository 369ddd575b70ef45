"""`lockctl doctor` as a whole: what is asked, in which order it is told, and how it ends."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from lockd import __version__
from lockd.cli.doctor import command
from lockd.cli.doctor.examine import PARTS, examine
from lockd.cli.exits import NotRunning
from lockd.dbus import names
from lockd.errors import AccessDenied
from tests.cli.conftest import Ctl
from tests.cli.doctor.pi import Pi
from tests.cli.fake import FakeLockd

STORE = {"part": "store", "state": "ok", "ok": True, "text": "7 records written", "remedy": ""}
CLOCK = {"part": "clock", "state": "warning", "ok": False, "text": "Floor", "remedy": "run `lockctl time set`"}
CONTACT = {"part": "bolt.locked", "state": "unchecked", "ok": True, "text": "always on", "remedy": "lock once"}


@pytest.fixture(autouse=True)
def real(lockd: FakeLockd, pi: Pi, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real lock, on the Pi in the folder."""
    lockd.simulated = False
    lockd.findings = [STORE]
    lockd.properties[names.MANAGER.name]["Version"] = __version__
    monkeypatch.setattr(command, "Machine", lambda: pi)


def checks(pi: Pi) -> int:
    """How many there are, with lockd's version and its store."""
    return sum(len(list(examine(part, pi))) for part in PARTS) + 2


def test_all_is_well_is_one_line_and_0(ctl: Ctl, pi: Pi) -> None:
    ran = ctl("doctor")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == f"All is well: {checks(pi)} checks (lockctl doctor --all lists them).\n"


def test_lockd_is_not_started_by_being_looked_at(ctl: Ctl, lockd: FakeLockd) -> None:
    ctl("doctor", "lock")
    assert lockd.starts is False
    ctl("status")
    assert lockd.starts is True


def test_what_is_wrong_comes_first_with_what_to_do_and_ends_with_2(ctl: Ctl, lockd: FakeLockd, pi: Pi) -> None:
    pi.remove("/dev/gpiochip0")
    lockd.findings = [CONTACT, CLOCK, STORE]
    ran = ctl("doctor")
    assert ran.status == 2
    assert [re.split("  +", line) for line in ran.out.splitlines() if not line.startswith(" ")][:-1] == [
        ["fault", "pins: no GPIO chip here has the header's lines"],
        ["warning", "clock: Floor"],
        ["not checked", "bolt.locked: always on → lock once"],
        [""],
    ]
    assert ran.out.splitlines()[-1].startswith(f"1 fault, 1 warning, 1 not checked, {checks(pi) - 1} well (")
    assert ran.out.count("→") == 3


def test_not_checked_alone_is_no_fault(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.findings = [CONTACT]
    assert ctl("doctor").status == 0


def test_parts_are_looked_at_alone_and_listed_whole(ctl: Ctl, pi: Pi) -> None:
    pi.remove("/dev/gpiochip0")
    ran = ctl("doctor", "store", "lock")
    assert ran.status == 0
    assert [line.split()[:2] for line in ran.out.splitlines()[:-2]] == [
        ["well", "store:"], ["well", "store:"], ["well", "version:"], ["well", "store:"],
    ]  # fmt: skip
    assert ran.out.splitlines()[-1] == "All is well: 4 checks."


def test_all_lists_what_is_well_too(ctl: Ctl, pi: Pi) -> None:
    lines = ctl("doctor", "--all").out.splitlines()
    assert lines[-1] == f"All is well: {checks(pi)} checks."
    assert len(lines) == checks(pi) + 2


def test_a_part_that_is_none_is_wrong_usage(ctl: Ctl) -> None:
    ran = ctl("doctor", "engine")
    assert (ran.status, "service, settings, pins" in ran.err) == (64, True)


def test_the_page_of_the_pi_tells_of_every_part() -> None:
    page = (Path(__file__).parents[3] / "docs/pi.md").read_text().partition("| what is looked at |")[2]
    assert tuple(re.findall(r"^\| `(\w+)` \| ", page.partition("\n\n")[0], re.MULTILINE)) == command.NAMES


def test_json_is_one_finding_each(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.findings = [CLOCK]
    ran = ctl("doctor", "lock", "--json")
    assert ran.status == 2
    assert ran.document == [
        {"part": "lock", "check": "clock", **{key: CLOCK[key] for key in ("state", "ok", "text", "remedy")}},
        {"part": "lock", "check": "version", "state": "ok", "ok": True, "text": f"lockd {__version__} answers",
         "remedy": ""},
    ]  # fmt: skip


def test_it_works_while_lockd_is_down(ctl: Ctl, lockd: FakeLockd, pi: Pi, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(bus: str | None, starts: bool) -> Any:
        raise NotRunning("lockd is not running: start it with `systemctl start lockd`, or a simulation with"
                         " `lockctl simulate`")  # fmt: skip

    monkeypatch.setattr("lockd.cli.doctor.lock.connected", nobody)
    pi.states["lockd"] |= {"ActiveState": "failed", "Result": "watchdog"}
    pi.users = {}
    ran = ctl("doctor")
    assert (ran.status, ran.err) == (2, "")
    assert ran.out.splitlines()[0].endswith("it does not run: it hung, and the watchdog ended it")
    assert ran.out.splitlines()[2].endswith("  answer: lockd is not running")
    assert f"2 faults, {checks(pi) - 3} well" in ran.out


def test_who_may_not_ask_lockd_is_told_so_and_gets_the_rest(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.refuse["Diagnose"] = AccessDenied("not for you")
    ran = ctl("doctor")
    assert ran.status == 0
    assert "not checked  findings: you may not read what lockd finds" in ran.out


def test_another_version_than_lockctls_is_a_warning(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.properties[names.MANAGER.name]["Version"] = "0.0.1"
    assert "lockd 0.0.1 runs" in ctl("doctor").out


def test_a_lockd_without_states_is_understood(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.findings = [{"part": "store", "ok": False, "text": "broken", "remedy": "mend it"}]
    ran = ctl("doctor", "lock", "--json")
    assert [(each["check"], each["state"]) for each in ran.document] == [("store", "fault"), ("version", "ok")]


def test_of_a_simulation_the_machine_is_not_looked_at(ctl: Ctl, lockd: FakeLockd, pi: Pi) -> None:
    lockd.simulated = True
    pi.remove("/dev/gpiochip0")
    ran = ctl("doctor")
    assert ran.status == 0
    assert ran.out.splitlines()[-1].startswith("It is a simulation")
    assert ctl("doctor", "pins").status == 2


def test_one_cause_that_keeps_many_checks_from_looking_is_told_once(ctl: Ctl, pi: Pi) -> None:
    pi.files({"/etc/lockd/lockd.toml": "[bolt"})
    out = ctl("doctor").out
    assert out.count("is missing or has faults") == 1
    assert "  settings, pins, store, clock, power, ways: /etc" in out

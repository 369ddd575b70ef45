"""What power says of the battery, its history, and the other ways in."""

from __future__ import annotations

import time
from datetime import datetime
from math import nan
from typing import Any, get_args

import pytest

from lockd import words
from lockd.cli import power
from lockd.cli.plot import WIDTH, plot
from lockd.cli.status import power_words
from lockd.core.ways_told import TEXTS
from lockd.dbus import names
from tests.cli.conftest import Ctl
from tests.cli.fake import POWER, FakeLockd

KEY: dict[str, Any] = {"way": "key", "ready": True, "why": "", "proved": 0, "overdue": False, "text": "turn it twice"}
USB: dict[str, Any] = {**KEY, "way": "usb", "text": "plug in a power bank"}
DAY_S = 86_400


def test_a_good_battery_is_told_in_a_few_lines(ctl: Ctl, lockd: FakeLockd) -> None:
    assert ctl("power").out.splitlines() == [
        "Battery 80 %, 5.9 V: good",
        "  Fed by    battery",
        "  Read      3 s ago",
        "  Good for  900 to 1500 more throws; empty in some 200 days at this pace",
        "  Spends    8.2 throws and 0.45 % a day of late",
        "  Motor     1234 throws in its life, on for 30 min 51 s in all",
    ]
    quiet = {"Throws": 0, "MotorSeconds": 0, "ThrowsPerDay": nan, "DrainPerDay": nan}
    lockd.properties[names.POWER.name] = {**POWER, **quiet}
    assert len(ctl("power").out.splitlines()) == 4


def test_that_a_drill_is_overdue_is_told_where_people_look(ctl: Ctl, lockd: FakeLockd) -> None:
    for command in (("power",), ("status",)):
        assert "overdue" not in ctl(*command).out
    lockd.properties[names.POWER.name] = {**POWER, "DrillOverdue": True}
    for command in (("power",), ("status",)):
        assert ctl(*command).out.splitlines()[-1].split() == ["Drill", "overdue:", "lockctl", "power", "drill"]


def test_what_is_not_known_is_said_so_and_null_in_json(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.properties[names.POWER.name] = {
        **POWER, "Source": "Unknown", "BatteryLevel": "Unknown", "BatteryPercent": nan, "Voltage": nan,
        "ReadingAge": power.UNKNOWN, "RemainingOperations": power.UNKNOWN, "RemainingDays": power.UNKNOWN,
    }  # fmt: skip
    out = ctl("power").out
    assert out.startswith("Battery: not known\n")
    assert "more throws" not in out
    told = ctl("power", "--json").document
    assert (told["BatteryPercent"], told["RemainingOperations"], told["ReadingAge"]) == (None, None, None)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"BatteryLevel": "Low", "BatteryPercent": 18.0}, "Battery 18 %, 5.9 V: LOW"),
        ({"BatteryLevel": "Critical"}, "charge the battery now; PINs still open"),
        ({"BatteryLevel": "Dead"}, "give it power from outside and type the usual PIN"),
        ({"BatteryLevel": "Dead", "Source": "EmergencyUsb", "Voltage": 5.1, "SessionActive": True},
         "Fed by      the USB-C port, 5.1 V (emergency power)"),
        ({"BatteryLevel": "Dead", "Source": "EmergencyUsb", "Voltage": 5.1, "SessionActive": True},
         "What to do  type the usual PIN; then charge or change the battery before you lock again"),
    ],
)  # fmt: skip
def test_a_battery_in_need_says_what_to_do(ctl: Ctl, lockd: FakeLockd, changed: dict[str, Any], said: str) -> None:
    lockd.properties[names.POWER.name] = {**POWER, **changed}
    assert said in ctl("power").out


def test_every_word_of_the_power_has_words_for_people() -> None:
    assert set(power.SOURCES) == set(get_args(words.PowerSource))
    assert set(power.LEVELS) == set(get_args(words.BatteryLevel))
    assert set(power.WAYS) == set(TEXTS)


def test_status_tells_of_the_power_only_when_it_matters() -> None:
    assert power_words(POWER) == ""
    assert power_words({**POWER, "Source": "Mains", "BatteryLevel": "Low"}) == ""
    assert power_words({**POWER, "BatteryLevel": "Low"}).startswith("Battery 80 %, 5.9 V: LOW; battery; 900 to 1500")


def test_the_plot_falls_from_left_to_right(ctl: Ctl, lockd: FakeLockd) -> None:
    now = int(time.time())
    lockd.samples = [{"time": now - 30 * DAY_S + day * DAY_S, "percent": 100.0 - day * 3} for day in range(30)]
    lines = ctl("power").out.splitlines()[-5:]
    tops = [line[6:].rstrip() for line in lines[:4]]
    assert [len(top) for top in tops] == sorted(len(top) for top in tops)
    assert lines[-1].endswith(f"{datetime.fromtimestamp(now):%d %b}")
    assert max(len(line) for line in lines) <= 80


@pytest.mark.parametrize("value", [0.0, 100.0])
def test_a_plot_of_nothing_but_its_ends_stays_inside(value: float) -> None:
    lines = plot([(0, value), (99, value)], 0, 100)
    assert all(len(line) <= 6 + WIDTH for line in lines)
    assert ("█" in lines[0]) == (value == 100.0)
    assert lines[3].strip("0 %")
    assert plot([], 0, 100) == []


def test_ways_say_when_each_was_proved_and_that_a_drill_is_due(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.ways = [{**KEY, "proved": int(time.time()) - 5}, {**USB, "overdue": True}]
    ran = ctl("power", "ways")
    assert ran.status == 2
    named = [line.split("  ")[0] for line in ran.out.splitlines()[1:3]]
    assert named == ["mechanical key", "power bank at the USB-C port"]
    assert "never (overdue)" in ran.out
    assert ran.out.splitlines()[-1] == "A drill is overdue: lockctl power drill"
    assert "Not now" not in ran.out
    lockd.ways = [{**KEY, "proved": 1, "ready": False, "why": "nobody has it"}]
    ran = ctl("power", "ways")
    assert ran.status == 0
    assert ran.out.splitlines()[-1].endswith("turn it twice Not now: nobody has it.")


def test_a_drill_ticks_off_what_the_lock_has_seen(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.ways = [dict(KEY), dict(USB)]

    def proves(index: int) -> Any:
        return lambda fake: fake.ways[index].update(proved=int(time.time()) + 1)

    lockd.changes = [proves(1), lambda _: False, proves(0)]
    ran = ctl("power", "drill")
    assert lockd.done == [("Drill",)]
    assert ran.out.splitlines() == [
        "Leave the door open. Use each within 10 minutes; it is ticked off when the lock has seen it (Ctrl-C ends):",
        "1. mechanical key: turn it twice",
        "2. power bank at the USB-C port: plug in a power bank",
        "Proved: power bank at the USB-C port.",
        "Proved: mechanical key.",
        "Every emergency way works.",
    ]
    assert ran.status == 0


def test_a_drill_that_ends_early_says_what_was_not_proved(
    ctl: Ctl, lockd: FakeLockd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power, "DRILL_S", 0)
    lockd.ways = [dict(KEY)]
    ran = ctl("power", "drill", "--json")
    assert (ran.status, ran.document) == (2, {"ok": False, "unproved": ["key"]})

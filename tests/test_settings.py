"""lockd.toml: what it means, and what is said about everything that is wrong with it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd import settings
from lockd.errors import ConfigurationError
from lockd.settings import Pin, Settings
from lockd.settings_reading import MAX_FILE
from lockd.settings_schema import KEYS, RULES, Input, Output
from tests import wiring

ROOT = Path(__file__).parent.parent
EXAMPLE = (ROOT / "docs/lockd.toml").read_text()

#: The least that a lock needs.
LEAST = {"bolt": {"forward": 17, "backward": 27, "locked": 22}}


def build(**sections: Any) -> Settings:
    return settings.build(LEAST | sections, "lockd.toml")


def faults(table: dict[str, Any], simulate: bool = False) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        settings.build(table, "lockd.toml", simulate)
    return caught.value.faults


def faults_of(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        settings.parse(text, "lockd.toml")
    return caught.value.faults


# What it means


def test_what_the_file_does_not_say_has_its_default() -> None:
    assert build() == Settings(
        bolt=Settings().bolt.but(
            forward=Pin(17, "high", "none", "bolt.forward"),
            backward=Pin(27, "high", "none", "bolt.backward"),
            locked=Pin(22, "low", "up", "bolt.locked"),
        )
    )


def test_values_arrive_where_they_belong() -> None:
    read = build(lock={"auto_relock_s": 30, "mode": "Privacy"}, tamper={"contact": 4}, door={"ajar_s": 0})
    assert (read.lock.auto_relock_s, read.lock.mode, read.door.ajar_s) == (30, "Privacy", 0)
    assert read.tamper == Pin(4, "low", "up", "tamper.contact")


def test_a_whole_number_is_taken_where_seconds_are_wanted() -> None:
    assert build(keypad={"timeout_s": 5}).keypad.timeout_s == 5.0


@pytest.mark.parametrize(
    ("raw", "pin"),
    [
        (24, Pin(24, "low", "up", "door.contact")),
        ({"pin": 24, "active": "high"}, Pin(24, "high", "down", "door.contact")),
        ({"pin": 24, "active": "high", "pull": "up"}, Pin(24, "high", "up", "door.contact")),
        ({"pin": 24, "pull": "none"}, Pin(24, "low", "none", "door.contact")),
    ],
)
def test_a_contact_is_a_switch_to_ground_unless_told_otherwise(raw: Any, pin: Pin) -> None:
    assert build(door={"contact": raw}).door.contact == pin


def test_an_output_may_be_active_low() -> None:
    assert build(panel={"red": {"pin": 21, "active": "low"}}).panel.red == Pin(21, "low", "none", "panel.red")


def test_a_matrix_keypad_is_active_low_throughout() -> None:
    keypad = build(keypad={"kind": "matrix", "rows": [5, 6, 13, 19], "columns": [12, 16, 20]}).keypad
    assert [pin.number for pin in keypad.rows] == [5, 6, 13, 19]
    assert {(pin.active, pin.pull) for pin in keypad.rows} == {("low", "none")}
    assert {(pin.active, pin.pull) for pin in keypad.columns} == {("low", "up")}


def test_a_strike_does_with_one_output() -> None:
    assert settings.build({"bolt": {"kind": "strike", "forward": 17, "locked": 22}}, "x").bolt.backward is None


# The simulation


def pins_of(value: Settings) -> list[int]:
    return [int(number) for number in re.findall(r"Pin\(number=(\d+)", repr(value))]


def test_the_simulation_has_everything_wired_to_its_own_line() -> None:
    simulated = settings.simulation()
    assert len(pins_of(simulated)) == len(set(pins_of(simulated))) == 20
    assert simulated.gpio.backend == "mock"
    assert simulated.keypad.kind == "matrix"
    assert all((simulated.tamper, simulated.inside, simulated.spindle, simulated.bolt.unlocked, simulated.panel.red))
    assert settings.advise(simulated) == ()


def test_a_file_changes_the_simulation_and_its_lines_give_way() -> None:
    table = {"bolt": {"forward": 5, "locked": 12}, "lock": {"auto_relock_s": 7}, "gpio": {"backend": "lgpio"}}
    simulated = settings.build(table, "lockd.toml", simulate=True)
    assert simulated.bolt.forward == Pin(5, "high", "none", "bolt.forward")
    assert simulated.bolt.backward == settings.simulation().bolt.backward
    assert len(set(pins_of(simulated))) == 20
    assert (simulated.lock.auto_relock_s, simulated.gpio.backend) == (7, "mock")


def test_the_simulation_of_a_strike_or_without_a_keypad_drops_what_is_not_there() -> None:
    simulated = settings.parse('[bolt]\nkind = "strike"\n[keypad]\nkind = "none"', "x", simulate=True)
    assert (simulated.bolt.backward, simulated.keypad.rows) == (None, ())


@given(st.permutations(range(2, 28)), st.integers(0, 12))
def test_any_wiring_can_be_simulated(numbers: list[int], wired: int) -> None:
    table: dict[str, Any] = {}
    pairs = ("wiegand.data0", "wiegand.data1")  # one without the other is a fault
    places = [key.path for key in KEYS if isinstance(key.rule, Input | Output) and key.path not in pairs]
    for path, number in zip(places[:wired], [n for n in numbers if n > 3], strict=False):
        section, _, name = path.partition(".")
        table.setdefault(section, {})[name] = number
    simulated = pins_of(settings.build(table, "x", simulate=True))
    assert len(simulated) == len(set(simulated))


# The example


def test_the_example_names_every_key_with_its_default_what_it_takes_and_its_meaning() -> None:
    for row in settings.describe(Settings()):
        section, _, name = row.path.partition(".")
        text = EXAMPLE.partition(f"\n[{section}]\n")[2].partition("\n[")[0]
        line = re.search(rf"^#?{name} = (.*)$", text, re.MULTILINE)
        assert line, f"{row.path} is not in the example"
        if row.default is not None:
            assert line[0].startswith("#")
            assert settings.parse(uncommented(f"[{section}]\n{line[0]}"), "x", simulate=True) == settings.build(
                {section: {name: row.default}}, "x", simulate=True
            )
            assert row.allowed in " ".join(text.split("\n# ")).replace("\n", " "), f"{row.path}: {row.allowed}"


def uncommented(text: str) -> str:
    return re.sub(r"^#(\w+ = )", r"\1", text, flags=re.MULTILINE)


def test_the_example_is_a_lock_that_works() -> None:
    assert settings.parse(EXAMPLE, "docs/lockd.toml") == build(bolt=LEAST["bolt"] | {"locked": 23})
    assert settings.advise(build()) == ()


def test_the_simulation_is_wired_as_the_example() -> None:
    assert set(settings.wired(settings.simulation())) <= set(settings.wired(wiring.example()))


def test_the_example_is_free_of_faults_with_everything_switched_on() -> None:
    left = []
    for keypad in ("matrix", "wiegand"):
        rows = settings.describe(settings.parse(wiring.switched_on(EXAMPLE, keypad), "docs/lockd.toml"))
        left.append({row.path for row in rows if row.value is None})
    readers = {"wiegand.data0", "wiegand.data1", "nfc.irq", "fingerprint.touch"}
    assert left == [readers, {"keypad.rows", "keypad.columns"}]


def test_describing_and_reading_are_inverse() -> None:
    simulated = settings.simulation()
    table: dict[str, Any] = {}
    for row in settings.describe(simulated):
        section, _, name = row.path.partition(".")
        if row.value is not None:
            table.setdefault(section, {})[name] = row.value
    assert settings.build(table, "x") == simulated


# What is said about what is wrong


def test_every_fault_is_in_one_report() -> None:
    report = faults(
        {"lock": {"pin_min": 99, "pin_mx": 4}, "bolt": {"forward": 17, "backward": 17, "locked": True}, "foo": {}}
    )
    assert report == (
        "lockd.toml: [lock] pin_min = 99: out of range; allowed: 4 to 10 digits",
        "lockd.toml: [lock] pin_mx: unknown; did you mean [lock] pin_max?",
        "lockd.toml: [bolt] locked = true: no pin number; allowed: a BCM number from 2 to 27, or"
        ' { pin = N, active = "low" or "high", pull = "up", "down" or "none" }',
        "lockd.toml: [foo]: unknown; remove it",
        "lockd.toml: [bolt] backward = 17: bolt.forward and bolt.backward both use GPIO 17; give each its own",
    )


def test_a_line_used_twice_names_both_uses() -> None:
    (fault,) = faults(LEAST | {"panel": {"red": 17}})
    assert "bolt.forward and panel.red both use GPIO 17" in fault
    (fault,) = faults(LEAST | {"keypad": {"kind": "matrix", "rows": [5, 6, 13, 19], "columns": [12, 5, 20]}})
    assert "keypad.rows[0] and keypad.columns[1] both use GPIO 5" in fault


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, ["forward: missing; a motor needs", "backward: missing", "locked: missing"]),
        ({"bolt": {"kind": "strike"}}, ["forward: missing; a strike needs forward, locked", "locked: missing"]),
        (
            {"bolt": {"kind": "strike", "forward": 17, "locked": 22, "backward": 27}},
            ["[bolt] backward = 27: a strike has none"],
        ),
        (LEAST | {"lock": {"pin_min": 8, "pin_max": 4}}, ["[lock] pin_max = 4: less than lock.pin_min = 8"]),
        (LEAST | {"lock": {"pin_min": 9}}, ["[lock] pin_max = 8: less than lock.pin_min = 9"]),
        (LEAST | {"lock": {"lockout_max_s": 10}}, ["[lock] lockout_max_s = 10: less than lock.lockout_s = 90"]),
        (LEAST | {"keypad": {"kind": "matrix"}}, ["rows: missing; a matrix keypad needs 4", "columns: missing"]),
        (LEAST | {"keypad": {"rows": [5, 6, 13, 19]}}, ['wired, but keypad.kind is "none"']),
        (LEAST | {"keypad": {"kind": "matrix", "rows": [5], "columns": [12, 16, 20]}}, ["a list of 1; allowed:"]),
        (
            LEAST
            | {
                "keypad": {
                    "kind": "matrix", "rows": [5, 6, 13, 19],
                    "columns": [{"pin": n, "active": "high"} for n in (12, 16, 20)],
                }
            },
            ["active at different levels"],
        ),
        (LEAST | {"wiegand": {"data0": 10}}, ["[wiegand] data1: missing; a Wiegand reader has two lines"]),
        (LEAST | {"wiegand": {"data1": 9}}, ["[wiegand] data0: missing; a Wiegand reader has two lines"]),
        (LEAST | {"wiegand": {"data0": 9, "data1": 9}}, ["wiegand.data0 and wiegand.data1 both use GPIO 9"]),
        (LEAST | {"nfc": {"port": "/dev/i2c-1"}}, ["[nfc] irq: missing; without it a chip at /dev/i2c-1"]),
        (LEAST | {"fingerprint": {"port": "/dev/serial0"}}, ["[fingerprint] touch: missing; without it the sensor"]),
        (
            LEAST | {"nfc": {"port": "/dev/a"}, "fingerprint": {"port": "/dev/a", "touch": 5}},
            ['[fingerprint] port = "/dev/a": /dev/a is nfc.port already'],
        ),
        (LEAST | {"nfc": {"port": "ttyUSB0"}}, ["no device; allowed: the path of a device"]),
        (LEAST | {"nfc": {"port": "/dev/../etc/passwd"}}, ["no device"]),
        (LEAST | {"hid": {"device": "16c0:27d"}}, ['no device; allowed: "VENDOR:PRODUCT" as lsusb shows it']),
        (LEAST | {"hid": {"device": "/dev/input/x", "kind": "mouse"}}, ['kind = "mouse": unknown word']),
        (LEAST | {"door": {"contact": 1}}, ["GPIO 1 is kept for the EEPROM of a HAT"]),
        (LEAST | {"door": {"contact": 28}}, ["no line of the header; allowed: a BCM number from 2 to 27"]),
        (LEAST | {"door": {"contact": -1}}, ["no line of the header"]),
        (LEAST | {"door": {"contact": {"pin": 2, "active": "high"}}}, ["GPIO 2 is always pulled up"]),
        (LEAST | {"door": {"contact": {"pin": 4, "activ": "high"}}}, ["takes only pin, active, pull"]),
        (LEAST | {"door": {"contact": {"active": "high"}}}, ["no pin number"]),
        (LEAST | {"door": {"contact": {"pin": 4, "pull": ["up"]}}}, ['pull is not "up", "down" or "none"']),
        (LEAST | {"panel": {"red": {"pin": 4, "pull": "up"}}}, ["takes only pin, active"]),
        (LEAST | {"time": {"zone": "Europe"}}, ["no time zone that this machine knows"]),
        (LEAST | {"time": {"zone": "../../etc/passwd"}}, ["no time zone that this machine knows"]),
        (LEAST | {"store": {"key": "key.bin"}}, ["neither a known word nor an absolute path"]),
        (LEAST | {"store": {"key": "/" + "x" * 300}}, ["no path of a file"]),
        (LEAST | {"gpio": {"backend": "pigpio"}}, ['unknown word; allowed: "lgpio" or "mock"']),
        (LEAST | {"lock": 3}, ["[lock]: not a section; write [lock]"]),
        (LEAST | {"lock": [{}]}, ["not a section; write [lock]"]),
        (LEAST | {"auto_relock_s": 3}, ["toml: auto_relock_s: unknown; did you mean [lock] auto_relock_s?"]),
        (LEAST | {"lock": {"contact": 3}}, ["[lock] contact: unknown; did you mean [door] contact?"]),
        (LEAST | {"panle": {}}, ["[panle]: unknown; did you mean [panel]?"]),
        (LEAST | {"users": {"schedules": 254}}, ["[users] schedules = 254: out of range; allowed: 1 to 253"]),
        (LEAST | {"users": {"guests": 3}}, ["[users] guests: unknown"]),
        (LEAST | {"radio": {}}, ["[radio]: unknown"]),
        (LEAST | {"power": {"low_percent": 10}}, ["low_percent = 10.0: not above power.critical_percent"]),
        (LEAST | {"power": {"low_volts": 3.2, "dead_volts": 3.3}}, ["low_volts = 3.2: not above power.dead_volts"]),
        (LEAST | {"power": {"usb_window": [5.5, 4.4]}}, ["the least is not below the most; allowed: [LEAST, MOST]"]),
        (LEAST | {"power": {"usb_window": [5.5]}}, ["not a list of two"]),
        (LEAST | {"power": {"usb_window": [4.4, 1e999]}}, ["out of range; allowed: [LEAST, MOST], each 0 to 60 volts"]),
        (LEAST | {"power": {"low_percent": True}}, ["not a number; allowed: 2 to 90 percent"]),
        (LEAST | {"power": {"battery": "../BAT0"}}, ["no name of a device"]),
        (LEAST | {"power": {"sleep": "bus"}}, ["not a list; allowed: a list of"]),
        (LEAST | {"power": {"sleep": ["motor"]}}, ["unknown word; allowed: a list of"]),
        (LEAST | {"power": {"supplies": {}}}, ["no such list; allowed: a list of at most 16 tables"]),
        (LEAST | {"power": {"supplies": [{"match": {}, "source": "Mains"}]}}, ["match is no table of udev properties"]),
        (LEAST | {"power": {"supplies": [{"match": {"A": 1}, "source": "Mains"}]}}, ["not a short text"]),
        (LEAST | {"power": {"supplies": [{"match": {"A": "b"}}]}}, ["takes match and source, and needs both"]),
        (LEAST | {"power": {"supplies": [{"match": {"A": "b"}, "source": "Sun"}]}}, ["unknown word"]),
        (LEAST | {"phones": {"enabled": True}}, ["[phones]: unknown"]),
        (LEAST | {"phone": {"adapter": "hci"}}, ["no name of a Bluetooth adapter"]),
        (LEAST | {"phone": {"name": ""}}, ["too long, or not to be printed; allowed: text of 1 to 20 bytes"]),
        (LEAST | {"phone": {"name": "ä" * 11}}, ["too long, or not to be printed"]),
    ],
)
def test_a_contradiction_or_an_impossible_value_is_explained(table: dict[str, Any], said: list[str]) -> None:
    report = faults(table)
    assert len(report) == len(said)
    for line, words in zip(report, said, strict=True):
        assert words in line
        assert line.startswith("lockd.toml: ")


def test_a_fault_in_a_key_is_not_reported_again_as_what_it_would_have_caused() -> None:
    assert len(faults({"bolt": LEAST["bolt"] | {"kind": "motr", "locked": "x"}})) == 2


def test_what_stands_under_an_unknown_key_is_not_shown() -> None:
    (fault,) = faults(LEAST | {"users": {"pin": "493817"}})
    assert "493817" not in fault


def test_syntax_errors_say_where() -> None:
    (fault,) = faults_of("[lock]\n\npin_min = = 4\n")
    assert fault.startswith("lockd.toml: not TOML: ")
    assert "line 3" in fault
    assert "line 3" in faults_of("[lock]\npin_min = 4\npin_min = 4\n")[0]


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 30_000,
        "[lock]\nmode." + "a." * 30_000 + "b = 1",
        "[lock]\nmode = " + "[" * 300 + "]" * 300,
        "[gpio]\nchip = 0x" + "f" * 60_000,
        "[gpio]\nchip = " + "9" * 60_000,
        f'[lock]\nmode = "{"m" * 60_000}"',
        f"[lock]\n{'k' * 60_000} = 1",
        "[lock]\nmode." + "a." * 400 + "b = 1",
        "[gpio]\nchip = 0x" + "f" * 900,
        f'[lock]\nmode = "{"m" * 900}"',
        "[lock]\nmode = [\n" + "[\n" * 30_000,
        "".join("[" + "a." * 490 + f"b{n}]\n" for n in range(60)),
        "[lock]\n" + "".join(f"k{n} = 1\n" for n in range(6000)),
        '[lock]\n"\\u001b[2J\\n" = "\\u0000"',
    ],
)
def test_absurd_files_get_a_short_answer(text: str) -> None:
    report = faults_of(text)
    assert len(report) <= 101
    assert all(len(line) < 300 and line.isprintable() for line in report)


def test_the_faults_beyond_a_hundred_are_counted() -> None:
    table = LEAST | {"lock": {f"k{n}": 1 for n in range(250)}}
    assert faults(table)[-1] == "lockd.toml: … and 150 more"


# The file


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "lockd.toml").write_text(EXAMPLE)
    assert settings.load(tmp_path / "lockd.toml") == settings.parse(EXAMPLE, "lockd.toml")


def test_files_that_cannot_be_lockds_are_refused_with_a_remedy(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "huge").write_bytes(b"\xc3" * (MAX_FILE + 1))
    (tmp_path / "latin").write_bytes(b"[lock]\n# caf\xe9\n")
    said = {
        "none": "is not there; copy the example",
        "": "is not a file; ",
        "pipe": "is not a file; ",
        "huge": "longer than 64 KiB",
        "latin": "line 2 is not UTF-8 text",
    }
    for name, words in said.items():
        with pytest.raises(ConfigurationError) as caught:
            settings.load(tmp_path / name)
        (fault,) = caught.value.faults
        assert fault.startswith(f"{tmp_path / name}: {words}")


def test_a_file_that_may_not_be_read_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "lockd.toml").touch()
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ConfigurationError, match="cannot be read: Permission denied"):
        settings.load(tmp_path / "lockd.toml")


def test_a_line_longer_than_anyone_writes_is_refused() -> None:
    assert "line 2 is longer than 1000 characters" in faults_of("[lock]\n" + "#" * 1001)[0]


def test_a_text_longer_than_a_file_may_be_is_refused() -> None:
    assert "longer than 64 KiB" in faults_of("#" * (MAX_FILE + 1))[0]


# Whatever it is


#: A value that no key takes, or that only some do.
NONSENSE: list[Any] = [
    True, -1, 0, 10**9, 1 << 99_999, 1.5, float("nan"), float("inf"), "", "x" * 100_000, "\0", [], [[]], {},
    {"pin": {}}, {"pin": 17, "active": []}, [17] * 4, ["a"] * 3, [float("nan")] * 4, date(2026, 1, 1),
]


@pytest.mark.parametrize("path", RULES)
def test_every_key_corrupted_in_every_way_is_reported_by_its_path_or_taken(path: str) -> None:
    section, _, name = path.partition(".")
    refused = 0
    for raw in NONSENSE:
        table = LEAST | {section: LEAST.get(section, {}) | {name: raw}}
        try:
            settings.build(table, "lockd.toml")
        except ConfigurationError as error:
            refused += 1
            assert any(f"[{section}] {name} = " in fault or path in fault for fault in error.faults)
            assert all(len(fault) < 400 and fault.isprintable() for fault in error.faults)
    assert refused >= len(NONSENSE) // 2


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
NAMES = st.sampled_from([key.path.partition(".")[2] for key in KEYS]) | st.text(max_size=8)
SECTION_NAMES = st.sampled_from([key.path.partition(".")[0] for key in KEYS]) | st.text(max_size=8)
LIKELY = st.sampled_from(["motor", "strike", "matrix", "mock", "Normal", "high", "low", "auto"]) | st.integers(-2, 30)
PIN_TABLES = st.dictionaries(st.sampled_from(["pin", "active", "pull", "p"]), LIKELY)
VALUES = LIKELY | PIN_TABLES | st.lists(LIKELY | PIN_TABLES, max_size=5) | ANYTHING
TABLES = st.dictionaries(SECTION_NAMES, st.dictionaries(NAMES, VALUES) | ANYTHING)


@given(TABLES, st.booleans())
def test_any_table_makes_settings_or_a_report(table: dict[str, Any], simulate: bool) -> None:
    try:
        assert isinstance(settings.build(table, "lockd.toml", simulate), Settings)
    except ConfigurationError as error:
        assert error.faults
        assert all(fault.startswith("lockd.toml: ") and fault.isprintable() for fault in error.faults)


@given(st.text(max_size=80) | st.from_regex(r"(\[[a-z]{0,3}\]\n)?([a-z\"._]{1,4} = [0-9\[{\"a-]{0,6}\n){0,3}"))
def test_any_text_makes_settings_or_a_report(text: str) -> None:
    try:
        settings.parse(text, "lockd.toml")
    except ConfigurationError as error:
        assert error.faults


# What had better be wired otherwise


def test_advice_names_actuators_that_a_pi_would_switch_on_at_power_on() -> None:
    wired = build(bolt=LEAST["bolt"] | {"forward": 5, "latch": {"pin": 20, "active": "low"}}, panel={"red": 6})
    forward, latch = settings.advise(wired)
    assert forward.startswith("bolt.forward: GPIO 5 is pulled up from power-on until lockd starts")
    assert latch.startswith("bolt.latch: GPIO 20 is pulled down from power-on until lockd starts")


# The way to the first PIN


def test_reading_settings_imports_nothing_that_takes_time() -> None:
    code = (
        "import sys; from lockd import settings; settings.simulation();"
        "print(*sorted({'dataclasses', 'inspect', 'tomllib', 'difflib', 'zoneinfo', 'json'}"
        " & {name for name in sys.modules}))"
    )
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""

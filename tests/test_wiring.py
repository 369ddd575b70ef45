"""The header, config.txt, and the documents of the reference build agree."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lockd import header, settings
from lockd.gpio.chip import LABELS
from lockd.settings import Pin, Settings
from lockd.settings_rules import LAST_LINE
from tests import pages, wiring

BOLT = {"forward": 17, "backward": 27, "locked": 22}


def wired(**sections: object) -> Settings:
    return settings.build({"bolt": BOLT, **sections}, "lockd.toml")


def boot(config: Settings) -> tuple[str, ...]:
    return header.boot_lines(settings.wired(config))


# The header


def test_every_line_has_one_pin() -> None:
    assert sorted(header.PHYSICAL) == list(range(28))
    assert len(set(header.PHYSICAL.values())) == 28
    # Far apart, and as printed on every board: https://pinout.xyz
    assert [header.PHYSICAL[line] for line in (2, 14, 17, 27, 8, 7, 26, 21)] == [3, 8, 11, 13, 24, 26, 37, 40]
    assert [2 * n + 1 + c for n, pair in enumerate(header.HEADER) for c, what in enumerate(pair) if what == "GND"] == [
        6, 9, 14, 20, 25, 30, 34, 39,
    ]  # fmt: skip


# config.txt


def test_outputs_wait_off_and_inputs_with_their_pull() -> None:
    config = wired(
        door={"contact": {"pin": 24, "active": "high"}},
        tamper={"contact": {"pin": 25, "pull": "none"}},
        panel={"red": {"pin": 21, "active": "low"}, "green": 20},
    )
    assert boot(config) == (
        "[all]", "gpio=17,20,27=op,dl", "gpio=21=op,dh", "gpio=22=ip,pu", "gpio=24=ip,pd", "gpio=25=ip,pn",
        "dtparam=strict_gpiod",
    )  # fmt: skip


@pytest.mark.parametrize(("active", "state"), [("low", "ip,pu"), ("high", "ip,pd")])
def test_no_pressed_key_joins_two_driven_lines(active: str, state: str) -> None:
    rows = [{"pin": line, "active": active} for line in (5, 6, 13, 19)]
    columns = [{"pin": line, "active": active} for line in (4, 8, 20)]
    config = wired(keypad={"kind": "matrix", "rows": rows, "columns": columns})
    assert f"gpio=4,5,6,8,13,19,20={state}" in [line.replace(",22", "") for line in boot(config)]


def test_nothing_wired_has_no_state() -> None:
    assert boot(Settings()) == ("[all]", header.STRICT)


# The reference build


def test_the_reference_build_leaves_every_motor_line_still_and_the_kept_lines_free() -> None:
    config = wiring.example()
    assert settings.advise(config) == ()
    lines = {pin.number for pin in wiring.everything()}
    assert lines.isdisjoint({0, 1, *wiring.KEPT})
    assert len(lines) == 21


def test_the_printed_settings_are_the_example() -> None:
    assert settings.wired(settings.parse(wiring.settings(), "x")) == wiring.everything()


def test_the_drawing_is_that_of_the_settings() -> None:
    assert wiring.FILE.read_text() == wiring.svg(), "the code has changed: run `make docs`"


def test_every_line_is_drawn_with_its_pin() -> None:
    drawn = ElementTree.parse(wiring.FILE).getroot()
    words = [element.text or "" for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    lines = {int(word.removeprefix("GPIO ")) for word in words if word.startswith("GPIO ")}
    assert lines == {pin.number for pin in wiring.everything()}
    assert {str(number) for number in range(1, 41)} <= set(words)


def test_a_line_on_the_other_side_of_the_header_is_not_drawn_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = tuple(pin.but(number=18) if pin.key == "bolt.forward" else pin for pin in wiring.everything())
    monkeypatch.setattr(wiring, "everything", lambda: moved)
    with pytest.raises(ValueError, match="bolt.forward: GPIO 18 has changed sides"):
        wiring.svg()


def test_other_lines_make_another_drawing_and_other_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: tuple[Callable[[], str], ...] = (wiring.svg, pages.wires, pages.boot)
    before = [show() for show in shown]
    moved = tuple(pin.but(number=4) if pin.key == "bolt.enable" else pin for pin in wiring.everything())
    monkeypatch.setattr(wiring, "everything", lambda: moved)
    assert all(show() != was for show, was in zip(shown, before, strict=True))


def test_no_page_names_a_line_for_config_txt_by_hand() -> None:
    docs = Path(wiring.__file__).parent.parent / "docs"
    texts = (page.read_text() for page in docs.glob("*.md"))
    told = {line for text in texts for line in re.findall(r"^ *(gpio=\S+|dtparam=strict\S+)", text, re.MULTILINE)}
    assert told == set(header.boot_lines(wiring.everything())[1:])


def test_the_page_of_the_pi_names_the_chips_that_lockd_finds_and_the_lines_that_are_pulled_up() -> None:
    page = (wiring.DOCS / "pi.md").read_text()
    (row,) = re.findall(r"^\| the chip's label \| (.*) \|$", page, re.MULTILINE)
    zero_2, three, four, five = row.split(" | ")
    assert zero_2 == three
    assert (three, four, five) == tuple(f"`{label}`" for label in LABELS)
    last = header.PULLED_UP[-1]
    assert f"GPIO 0 to {last} are pulled up, {last + 1} to {LAST_LINE} down" in page


# What the Pi does on a line of the motor's


@pytest.mark.parametrize("line", header.CONSOLE)
def test_advice_keeps_the_motor_off_the_console(line: int) -> None:
    (advice,) = settings.advise(wired(bolt=BOLT | {"enable": line}))
    assert advice.startswith(f"bolt.enable: GPIO {line} is the serial console's")


def test_a_lamp_may_hang_on_the_console() -> None:
    assert settings.advise(wired(panel={"red": 14})) == ()
    assert header.is_input(Pin(4, key="keypad.columns[0]"))
    assert not header.is_input(Pin(5, key="keypad.rows[3]"))

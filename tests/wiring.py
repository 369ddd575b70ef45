"""docs/wiring.svg and the tables of docs/wiring.md: the reference build, drawn from docs/lockd.toml
with all of it switched on.

The lines come from there; what hangs on them, and where it stands in the drawing, is said here. A
line that moves to the other side of the header is told, not drawn wrongly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from lockd.header import HEADER, PHYSICAL
from lockd.settings import Pin, Settings, describe, parse, wired

DOCS = Path(__file__).parent.parent / "docs"
EXAMPLE, FILE = DOCS / "lockd.toml", DOCS / "wiring.svg"

WIDTH, HEIGHT = 1400, 960
LEFT, RIGHT = 568, 832  # the board's edges
TOP, STEP = 132, 35  # the first row of pins, and from one to the next

#: Lines that the reference build keeps free, by what for.
KEPT = {2: "I²C data", 3: "I²C clock", 4: "4th column", 14: "console", 15: "console"}

#: What the example knows and the reference build has not: rarer sources, and what opens without a motor.
LEFT_OUT = ("power.nine_volt_line", "power.generator_line", "power.wireless_line", "ways.code", "ways.hole")

STYLE = """
text { font: 14px "DejaVu Sans", Verdana, sans-serif; fill: #1f2328; }
.small { font-size: 12px; fill: #57606a; }
.pin { font-size: 10.5px; text-anchor: middle; fill: #fff; font-weight: bold; }
.head { font-size: 15px; font-weight: bold; }
.title { font-size: 22px; font-weight: bold; }
.end { text-anchor: end; } .middle { text-anchor: middle; }
.part { fill: #fff; stroke: #57606a; stroke-width: 1.6; }
.outside { fill: #fff1d6; stroke: #b35900; stroke-width: 1.6; }
.board { fill: #e3f1e5; stroke: #3d7a48; stroke-width: 2; }
.line { fill: none; stroke: #57606a; stroke-width: 1.8; }
.drives { fill: none; stroke: #0b62d6; stroke-width: 2.2; }
.reads { fill: none; stroke: #17803d; stroke-width: 2.2; }
.power { fill: none; stroke: #cf222e; stroke-width: 2.6; }
.ground { fill: none; stroke: #1f2328; stroke-width: 1.8; }
.option { stroke-dasharray: 6 4; }
.dot { fill: #1f2328; }
"""


#: What the wires go to, but for the contacts.
PARTS = {
    "bolt.forward": "bridge AIN1, and 10 kΩ to ground",
    "bolt.backward": "bridge AIN2, and 10 kΩ to ground",
    "bolt.enable": "bridge SLP, and 10 kΩ to ground",
    "bolt.latch": "gate of the latch's MOSFET, and 10 kΩ to ground",
    "keypad.rows": "keypad row {}, through 1 kΩ",
    "keypad.columns": "keypad column {}, through 1 kΩ",
    "power.usb_line": "middle of the divider, 10 kΩ to the outside socket and 15 kΩ to ground",
    "panel.buzzer": "base of the buzzer's transistor, through 1 kΩ",
    "panel.green": "green lamp, through 330 Ω; its other end to ground",
    "panel.red": "red lamp, through 330 Ω; its other end to ground",
}

#: Switches to ground, and when they do what.
CONTACTS = {
    "bolt.locked": "closes when the bolt is fully out",
    "bolt.unlocked": "closes when the bolt is fully in",
    "door.contact": "closes when the door is closed",
    "tamper.contact": "opens when the cover is off",
    "spindle.contact": "closes while a key turns",
    "inside.button": "closes while the button inside is pressed",
}


def switched_on(text: str, keypad: str = "matrix") -> str:
    """The example with all that is commented out switched on, but for the other kind of keypad, and the readers'
    lines beside a matrix: a header has not enough of them."""
    text = re.sub(r"^#(\w+ = )", r"\1", text, flags=re.MULTILINE)
    if keypad == "matrix":
        text = text.replace('kind = "none"', 'kind = "matrix"')
        return re.sub(r"^((?:data[01]|irq|touch) = )", r"#\1", text, flags=re.MULTILINE)
    return re.sub(r"^(rows|columns) = ", r"#\1 = ", text, flags=re.MULTILINE)


def example() -> Settings:
    """The example file with all that is commented out switched on, with a matrix keypad."""
    return parse(switched_on(EXAMPLE.read_text()), str(EXAMPLE))


def everything() -> tuple[Pin, ...]:
    """Every line of the reference build."""
    return tuple(pin for pin in wired(example()) if pin.key not in LEFT_OUT)


def wires() -> Iterator[tuple[int, int, str, str]]:
    """Pin of the header, BCM line, setting, and what it is wired to, by the pins."""
    for pin in sorted(everything(), key=lambda pin: PHYSICAL[pin.number]):
        path, _, index = pin.key.rstrip("]").partition("[")
        to = f"switch to ground that {CONTACTS[path]}" if path in CONTACTS else PARTS[path]
        yield PHYSICAL[pin.number], pin.number, pin.key, to.format(int(index or 0) + 1)


def settings() -> str:
    """The wiring as TOML, without anything else."""
    sections: dict[str, list[str]] = {}
    wanted = {pin.key.partition("[")[0] for pin in everything()} | {"keypad.kind"}
    for key in describe(example()):
        if key.path in wanted:
            section, _, name = key.path.partition(".")
            sections.setdefault(section, []).append(f"{name} = {_toml(key.value)}\n")
    return "\n".join(f"[{section}]\n{''.join(keys)}" for section, keys in sections.items())


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {_toml(inner)}' for name, inner in value.items())} }}"
    return json.dumps(value)


def svg() -> str:
    """The whole drawing."""
    lines = {pin.key: pin.number for pin in everything()}
    body = "".join((*_board(lines), *_bridge(lines), *_keypad(lines), *_latch(lines), *_supply(lines),
                    *_contacts(lines), *_buzzer(lines), *_lamps(lines), *_legend()))  # fmt: skip
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
        "<title>Wiring of the reference build</title>\n"
        f"<style>{STYLE}</style>\n"
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="14" fill="#fbfcfd"/>\n{body}</svg>\n'
    )


# Strokes


def text(x: float, y: float, words: str, style: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{style}">{escape(words)}</text>\n'


def path(style: str, way: str) -> str:
    return f'<path class="{style}" d="{way}"/>\n'


def box(x: float, y: float, width: float, height: float, style: str = "part", radius: float = 8) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" class="{style}"/>\n'


def dot(x: float, y: float) -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="3.6" class="dot"/>\n'


def ground(x: float, y: float) -> str:
    return path("ground", f"M{x} {y}v8m-11 0h22m-18 5h14m-10 5h6")


def flag(x: float, y: float, words: str) -> str:
    """A supply that is wired elsewhere: a red arrow that points up from (x, y)."""
    return path("power", f"M{x} {y}v-16m-6 7l6 -8l6 8") + text(x, y - 24, words, "small middle")


def resistor(x: float, y: float, upright: bool = False) -> str:
    """Its middle is at (x, y); it is 30 long, drawn over a wire."""
    return box(x - 6, y - 15, 12, 30, radius=2) if upright else box(x - 15, y - 6, 30, 12, radius=2)


def diode(x: float, y: float, style: str = "line") -> str:
    """Lets through from right to left; 16 long, drawn over a wire."""
    return f'<path d="M{x + 8} {y - 8}v16l-16 -8z" class="part"/>\n' + path(style, f"M{x - 8} {y - 8}v16")


# Parts


def row(line: int) -> float:
    """The height at which the wire of a BCM line meets the header."""
    return TOP + STEP * ((PHYSICAL[line] - 1) // 2)


def y_of(lines: dict[str, int], key: str, side: int) -> float:
    """The same of a setting. ValueError when its pin is not on that side of the header."""
    line = lines[key]
    if (PHYSICAL[line] % 2 == 1) != (side == LEFT):
        raise ValueError(f"{key}: GPIO {line} has changed sides; place its part anew in {__file__}")
    return row(line)


def _board(lines: dict[str, int]) -> Iterable[str]:
    used = {number: key for key, number in lines.items()}
    yield box(LEFT, 92, RIGHT - LEFT, STEP * 20 + 40, "board", 14)
    yield text(700, 78, "Raspberry Pi: 40-pin header", "head middle")
    for index, pair in enumerate(HEADER):
        y = TOP + STEP * index
        for column, line in enumerate(pair):
            left, number = column == 0, 2 * index + column + 1
            colour = {"GND": "#1f2328", "5 V": "#cf222e", "3.3 V": "#d4760a"}.get(str(line), "#8b949e")
            if line in used:
                colour = "#0b62d6"
            words = str(line) if isinstance(line, str) else f"GPIO {line}"
            if line in (0, 1):
                words = "never use"
            elif line in KEPT:
                words = KEPT[line]  # type: ignore[index]
            style = "end" if left else ""
            yield f'<circle cx="{684 if left else 716}" cy="{y}" r="11.5" fill="{colour}"/>\n'
            yield text(684 if left else 716, y + 4, str(number), "pin")
            yield text(664 if left else 736, y + 5, words, style if line in used else f"{style} small".strip())


def _bridge(lines: dict[str, int]) -> Iterable[str]:
    yield box(226, 178, 194, 220)
    yield text(323, 244, "H-bridge", "head middle") + text(323, 262, "DRV8833 module", "small middle")
    inputs = (("bolt.forward", 210, 544, "AIN1"), ("bolt.backward", 284, 526, "AIN2"), ("bolt.enable", 358, 508, "SLP"))
    for key, y, bend, name in inputs:
        yield path("drives", f"M{LEFT} {y_of(lines, key, LEFT)}H{bend}V{y}H420")
        yield path("line", f"M480 {y}v42") + resistor(480, y + 23, upright=True) + ground(480, y + 42) + dot(480, y)
        yield text(412, y + 5, f"{key.partition('.')[2]}  {name}", "end") + text(466, y + 28, "10 kΩ", "small end")
    yield path("line", "M226 240H150M226 330H150")
    yield text(234, 235, "AO1", "small") + text(234, 335, "AO2", "small")
    yield path("line", "M150 240V248M150 330V322") + '<circle cx="150" cy="285" r="37" class="part"/>\n'
    yield text(150, 294, "M", "title middle") + text(106, 280, "bolt", "end") + text(106, 298, "motor", "end")
    yield path("power", "M380 178V118H96") + flag(96, 118, "") + text(30, 90, "5 V from the UPS board", "small")
    yield box(176, 110, 44, 16, "part", 4) + path("power", "M176 118H220") + text(198, 144, "fuse 2 A", "small middle")
    yield text(370, 170, "VM", "small end")
    yield dot(290, 118) + path("line", "M290 118v16m-13 0h26m-26 7h26m-13 0v8") + ground(290, 149)
    yield text(270, 144, "470 µF", "small end")
    yield ground(323, 398) + text(323, 390, "GND", "small middle")


def _keypad(lines: dict[str, int]) -> Iterable[str]:
    columns = [y_of(lines, f"keypad.columns[{n}]", LEFT) for n in range(3)]
    rows = [y_of(lines, f"keypad.rows[{n}]", LEFT) for n in range(4)]
    places = (180, 245, 310)
    yield box(136, rows[0] - 32, 220, rows[3] - rows[0] + 84, "outside", 14)
    yield text(246, rows[3] + 38, "keypad", "head middle")
    for n, (x, y) in enumerate(zip(places, columns, strict=True)):
        yield path("reads", f"M{LEFT} {y}H{x}V{rows[3]}")
        yield text(LEFT - 14, y - 7, f"column {n + 1}", "small end") + resistor(450, y)
    for n, y in enumerate(rows):
        yield path("drives", f"M{LEFT} {y}H{places[0]}") + resistor(450, y)
        yield text(LEFT - 14, y - 7, f"row {n + 1}", "small end")
        for x, key in zip(places, ("123", "456", "789", "*0#")[n], strict=True):
            yield box(x - 21, y - 13, 42, 26, "part", 6) + text(x, y + 5, key, "head middle")
    yield text(450, rows[0] - 26, "1 kΩ in each wire", "small middle")


def _latch(lines: dict[str, int]) -> Iterable[str]:
    y = y_of(lines, "bolt.latch", LEFT)
    yield path("drives option", f"M{LEFT} {y}H530V862H470")
    yield text(LEFT - 14, y - 7, "latch", "small end")
    yield box(226, 836, 244, 52, "part option")
    yield text(348, 858, "MOSFET, latch coil", "head middle")
    yield text(348, 877, "only if the door has a latch to pull", "small middle")


def _supply(lines: dict[str, int]) -> Iterable[str]:
    five, zero, sense = TOP, TOP + 2 * STEP, y_of(lines, "power.usb_line", RIGHT)
    yield box(930, 104, 158, 130)
    yield text(1009, 162, "UPS board", "head middle") + text(1009, 182, "with Li-ion cell", "small middle")
    yield path("power", f"M{RIGHT} {five}H930") + path("ground", f"M{RIGHT} {zero}H930")
    yield text(938, five + 5, "5 V out", "small") + text(938, zero + 5, "GND", "small")
    yield text(1080, five + 5, "USB-C in", "small end")
    yield path("power", f"M1088 {five}H1236") + diode(1196, five) + dot(1140, five)
    yield box(1236, 106, 146, 52, "outside") + text(1309, 128, "USB-C socket", "head middle")
    yield text(1309, 147, "two power wires only", "small middle")
    yield path("power option", "M1236 202H1160V132") + diode(1196, 202) + dot(1160, five)
    yield box(1236, 174, 146, 56, "outside option") + text(1309, 197, "9 V contacts", "head middle")
    yield text(1309, 216, "and 5 V regulator", "small middle")
    yield path("reads", f"M{RIGHT} {sense}H1140") + path("line", f"M1140 {five}V{sense}H1230") + dot(1140, sense)
    yield resistor(1140, 262, upright=True) + text(1126, 267, "10 kΩ", "small end")
    yield resistor(1190, sense) + text(1190, sense - 12, "15 kΩ", "small middle")
    yield ground(1230, sense)
    yield text(RIGHT + 14, sense - 7, "power.usb_line: is there power from outside?", "small")


def _contacts(lines: dict[str, int]) -> Iterable[str]:
    for key, when in CONTACTS.items():
        y = y_of(lines, key, RIGHT)
        lever = f"M980 {y}l38 {0 if when.startswith('opens') else -14}"
        yield path("reads", f"M{RIGHT} {y}H980") + path("line", f"{lever}M1020 {y}H1052")
        yield dot(980, y) + dot(1020, y) + _ground_sideways(1052, y)
        yield text(RIGHT + 14, y - 7, key, "small")
        yield text(1086, y + 5, when)


def _ground_sideways(x: float, y: float) -> str:
    return path("ground", f"M{x} {y}h6m0 -10v20m5 -16v12m5 -9v6")


def _buzzer(lines: dict[str, int]) -> Iterable[str]:
    y = y_of(lines, "panel.buzzer", RIGHT)
    yield path("drives", f"M{RIGHT} {y}H1010") + resistor(930, y) + text(930, y - 12, "1 kΩ", "small middle")
    yield text(RIGHT + 14, y - 7, "buzzer", "small")
    yield f'<circle cx="1020" cy="{y}" r="21" class="part"/>\n'
    yield path("ground", f"M1010 {y - 12}v24M1010 {y - 5}l18 -12M1010 {y + 5}l18 12m-9 -1l9 1l-4 -8")
    yield path("line", f"M1028 {y - 17}v-14H1106M1028 {y + 17}v6") + ground(1028, y + 23)
    yield text(1050, y + 16, "NPN, BC337", "small")
    yield f'<circle cx="1124" cy="{y - 31}" r="18" class="outside"/>\n'
    yield path("power", f"M1142 {y - 31}H1170v-6") + flag(1170, y - 31, "5 V")
    yield text(1196, y - 26, "buzzer, 5 V, active")


def _lamps(lines: dict[str, int]) -> Iterable[str]:
    for name, colour in (("green", "#2da44e"), ("red", "#e5343d")):
        y = y_of(lines, f"panel.{name}", RIGHT)
        yield path("drives", f"M{RIGHT} {y}H1010") + resistor(930, y) + path("line", f"M1010 {y}H1052")
        yield f'<circle cx="1016" cy="{y}" r="13" class="outside"/>\n'
        yield f'<path d="M1009 {y - 8}v16l13 -8z" fill="{colour}"/>\n' + path("ground", f"M1022 {y - 8}v16")
        yield _ground_sideways(1052, y) + text(1086, y + 5, f"{name} lamp, 330 Ω")
        yield text(RIGHT + 14, y - 7, name, "small")


def _legend() -> Iterable[str]:
    yield text(30, 42, "lockd: wiring of the reference build", "title")
    yield text(1370, 42, "pin numbers in circles, GPIO numbers beside them", "small end")
    y = 928
    entries = (("drives", "lockd drives"), ("reads", "lockd reads"), ("power", "supply"), ("line option", "optional"))
    for index, (style, words) in enumerate(entries):
        x = 30 + 150 * index
        yield path(style, f"M{x} {y}h36") + text(x + 44, y + 5, words)
    yield box(650, y - 10, 36, 20, "outside", 4) + text(696, y + 5, "outside the door")
    yield ground(848, y - 9) + text(870, y + 5, "one common ground: UPS board, bridge and the Pi's GND pins")

"""The 40-pin header of every Pi from the B+ on: where its lines are, what they do before lockd runs,
and what config.txt has to say so that they do no harm."""

from __future__ import annotations

from collections.abc import Iterable

from lockd.settings_rules import Input, Lines, Pin
from lockd.settings_schema import RULES

#: The physical pins in their two columns, from the end with the SD card. A number is a BCM line.
HEADER: tuple[tuple[int | str, int | str], ...] = (
    ("3.3 V", "5 V"), (2, "5 V"), (3, "GND"), (4, 14), ("GND", 15), (17, 18), (27, "GND"), (22, 23), ("3.3 V", 24),
    (10, "GND"), (9, 25), (11, 8), ("GND", 7), (0, 1), (5, "GND"), (6, 12), (13, "GND"), (19, 16), (26, 20),
    ("GND", 21),
)  # fmt: skip

#: The physical pin of each line.
PHYSICAL = {
    line: 2 * row + column
    for row, pair in enumerate(HEADER)
    for column, line in enumerate(pair, 1)
    if isinstance(line, int)
}

#: Pulled up from power-on until somebody says otherwise; the others are pulled down:
#: https://datasheets.raspberrypi.com/bcm2835/bcm2835-peripherals.pdf, page 102. A Pi 5 does the same.
PULLED_UP = range(9)
#: Where the firmware and Linux print while they start, if the serial console is on.
CONSOLE = (14, 15)

#: What else the lines are for.
SHARED = {
    **dict.fromkeys((2, 3), "I2C (clock chip, fuel gauge); 1.8 kΩ to 3.3 V on the board"),
    **dict.fromkeys(range(7, 12), "SPI; leave it off"),
    **dict.fromkeys(CONSOLE, "serial console; leave it off"),
}

BIAS = {"up": "pu", "down": "pd", "none": "pn"}
#: In the order of config.txt: first what must not move.
STATES = ("op,dl", "op,dh", "ip,pu", "ip,pd", "ip,pn")

#: Lines are let go when the process that held them dies, so that their resistors stop the motor at once. Without it the
#: kernel of Raspberry Pi OS keeps them as they were: https://github.com/raspberrypi/linux/pull/6117.
STRICT = "dtparam=strict_gpiod"


def is_input(pin: Pin) -> bool:
    """Whether lockd reads the line; it drives the others."""
    rule = RULES[pin.key.partition("[")[0]]
    return isinstance(rule.each if isinstance(rule, Lines) else rule, Input)


def boot_state(pin: Pin) -> str:
    """What config.txt makes of the line: an output that is off, an input with its pull. Keypad rows
    wait as inputs at their level of rest, so that no pressed key joins two driven lines."""
    if is_input(pin):
        return f"ip,{BIAS[pin.pull]}"
    if pin.key.startswith("keypad."):
        return "ip,pu" if pin.active == "low" else "ip,pd"
    return "op,dl" if pin.active == "high" else "op,dh"


def boot_lines(pins: Iterable[Pin]) -> tuple[str, ...]:
    """The lines for config.txt, https://www.raspberrypi.com/documentation/computers/config_txt.html#gpio-control."""
    lines: dict[str, list[int]] = {state: [] for state in STATES}
    for pin in pins:
        lines[boot_state(pin)].append(pin.number)
    said = (f"gpio={','.join(map(str, sorted(numbers)))}={state}" for state, numbers in lines.items() if numbers)
    return ("[all]", *said, STRICT)

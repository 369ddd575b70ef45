"""config wiring, config boot: what lockd.toml comes to at the header and in config.txt."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from lockd.cli.output import Output

if TYPE_CHECKING:
    from lockd.settings import Pin


def wiring(args: Namespace) -> int:
    """Each wire in the order of the header's pins, and what had better be wired otherwise."""
    from lockd.settings import advise, load, wired

    out = Output(args.json)
    settings = load(args.file)
    rows = sorted(map(_row, wired(settings)), key=lambda row: row["pin"])
    if out.as_json:
        out.document(rows)
    else:
        out.table(("Pin", "GPIO", "Setting", "lockd", "On while", "At power-on", "Otherwise for"),
                  (tuple(row.values()) for row in rows))
        for line in advise(settings):
            out.say(line)
    return 0


def _row(pin: Pin) -> dict[str, int | str]:
    from lockd.header import PHYSICAL, PULLED_UP, SHARED, is_input

    return {
        "pin": PHYSICAL[pin.number],
        "gpio": pin.number,
        "setting": pin.key,
        "lockd": "reads" if is_input(pin) else "drives",
        "on_while": pin.active,
        "at_power_on": "high" if pin.number in PULLED_UP else "low",
        "otherwise_for": SHARED.get(pin.number, ""),
    }


def boot(args: Namespace) -> int:
    """The lines for config.txt; what they cannot help against stands there as comments."""
    from lockd.header import boot_lines
    from lockd.settings import advise, load, wired

    out = Output(args.json)
    settings = load(args.file)
    lines, advice = boot_lines(wired(settings)), advise(settings)
    if out.as_json:
        out.document({"lines": list(lines), "advice": list(advice)})
    else:
        out.say(f"# How the lines of {args.file} wait for lockd (lockctl config boot)")
        for line in (*(f"# Beware: {each}" for each in advice), *lines):
            out.say(line)
    return 0

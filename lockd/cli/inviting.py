"""Showing an invitation: the same for `lockctl phone invite` and `lockctl ble invite`."""

from __future__ import annotations

from collections.abc import Iterable

from lockd.cli import qr
from lockd.cli.copyable import copyable
from lockd.cli.output import Output

#: As long as an invitation is open (lockd.wire.enrolment.LASTS_S).
LASTS_S = 120


def show(uri: str, out: Output, plain: bool, advice: Iterable[str] = ()) -> None:
    """The text, what is to be said of it, and the code last: all of it stays in sight in 24 lines. `plain`: no code."""
    hint = "scan the code, or run" if not plain else "run"
    out.say(copyable(f"For one phone, within {LASTS_S // 60} minutes: {hint} there: lockctl ble enrol '…', with this:"))
    out.say(uri)
    for line in advice:
        out.say(copyable(line))
    if not plain:
        _show_code(uri, out)


def _show_code(uri: str, out: Output) -> None:
    modules = qr.matrix(uri)
    if modules is None:
        out.say(f"({qr.MISSING})")
        return
    from rich.text import Text

    lines = qr.lines(modules)
    width, height, window = len(lines[0]), len(lines) + 1, out.console().size
    if out.terminal and (window.width < width or window.height < height):
        out.say(f"(The code needs a window of {width} columns and {height} lines: make it larger, and invite again.)")
    if window.width >= width:
        out.show(Text("\n".join(lines), style="bright_white on black"))

"""Showing an invitation: the same for `lockctl phone invite` and `lockctl ble invite`."""

from __future__ import annotations

from lockd.cli import qr
from lockd.cli.copyable import copyable
from lockd.cli.output import Output

#: As long as an invitation is open (lockd.wire.enrolment.LASTS_S).
LASTS_S = 120


def show(uri: str, out: Output, plain: bool) -> None:
    """The code if there can be one, and the text in any case. `plain`: no code."""
    modules = None if plain else qr.matrix(uri)
    if modules is not None:
        from rich.text import Text

        out.show(Text("\n".join(qr.lines(modules)), style="bright_white on black"))
    elif not plain:
        out.say(f"({qr.MISSING})")
    out.say(uri)
    out.say(copyable(f"For one phone, within {LASTS_S // 60} minutes: scan it, or run there: lockctl ble enrol '…'"))

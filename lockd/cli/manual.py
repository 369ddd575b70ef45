"""The manual page, made of the parser: `python -m lockd.cli.manual > lockctl.1`. Needs argparse-manpage."""

from __future__ import annotations

import sys
from argparse import SUPPRESS
from collections.abc import Iterable

from lockd import __version__
from lockd.cli.commands import build
from lockd.cli.exits import MEANINGS

ENVIRONMENT = {
    "LOCKD_BUS": "Where lockd is: system, session or a D-Bus address. --bus goes before it.",
    "NO_COLOR": "If set, nothing is coloured.",
}

FILES = {
    "/etc/lockd/lockd.toml": "The settings of lockd.",
    "~/.config/lockd/issuing-key.json": "The issuing key, if lockctl code key was not told another place.",
    "~/.local/share/lockd/phone/locks.json": "The locks that lockctl ble knows, and the keys to them unless the"
    " desktop keeps a keyring.",
    "$XDG_RUNTIME_DIR/lockd-simulation/bus": "The address of the bus of a running simulation.",
}

NOTES = """With \\-\\-json every command prints one JSON document on one line: what was asked for, or
{"ok": true} with what was done, or {"ok": false, "error", "text", "status"}; \\-\\-follow and
\\-\\-watch print one document for each event or change. Words and keys are those of the D-Bus API.
PINs and passphrases are asked for without echo, or read from a pipe; they are never taken from the command line."""


def page() -> str:
    """The page in roff."""
    from argparse_manpage.manpage import Manpage

    parser = build()
    examples = [example for each in parser.family() for example in each.examples]
    parser.epilog = None
    for each in parser.family():
        if each is not parser:
            for action in each.common:
                action.help = SUPPRESS  # said once, for all
    made = Manpage(parser, {
        "project_name": "lockd", "version": __version__, "manual_section": 1, "manual_title": "lockd",
        "description": "see, drive and manage the lock that lockd runs",
    }, format="single-commands-section")  # fmt: skip
    made.add_section("notes", ">", NOTES)
    made.add_section("examples", ">", _examples(dict.fromkeys(examples)))
    made.add_section("exit status", ">", _listed({str(status): text for status, text in MEANINGS.items()}))
    made.add_section("environment", ">", _listed(ENVIRONMENT))
    made.add_section("files", ">", _listed(FILES))
    made.add_section("see also", ">", ".BR busctl (1)")
    return str(made)


def _examples(lines: Iterable[str]) -> str:
    return "\n".join([".nf", *(_roff(line) for line in lines), ".fi"])


def _listed(lines: dict[str, str]) -> str:
    return "\n".join(f".TP\n.B {_roff(term)}\n{_roff(text)}" for term, text in lines.items())


def _roff(text: str) -> str:
    return text.replace("\\", "\\\\").replace("-", "\\-")


if __name__ == "__main__":
    sys.stdout.write(page())

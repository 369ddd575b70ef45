"""config: is lockd.toml right, and what does it come to? Needs no running lockd."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from lockd.cli.access import access
from lockd.cli.exits import CONFIGURATION
from lockd.cli.output import Output
from lockd.cli.parser import COMPLETE_FILE, command, group
from lockd.cli.wiring import boot, wiring
from lockd.errors import ConfigurationError

DEFAULT = Path("/etc/lockd/lockd.toml")


def add_parser(subparsers: Any) -> None:
    """Add `config` and its commands."""
    parser, commands = group(subparsers, "config", "check or show lockd.toml and its wiring",
                             ("lockctl config check",), "Works without a running lockd.")
    parser.set_defaults(run=check, file=DEFAULT)
    for name, help, run, examples in (
        ("check", "find every fault in a settings file", check,
         ("lockctl config check", "lockctl config check ./lockd.toml")),
        ("show", "every setting with its value", show, ("lockctl config show", "lockctl config show --changed")),
        ("wiring", "list every wire, by the pins of the header", wiring, ("lockctl config wiring",)),
        ("access", "print what systemd and udev have to allow for the readers in the file", access,
         ("lockctl config access",)),
        ("boot", "print the lines for config.txt that keep the bolt still until lockd runs", boot,
         ("lockctl config boot", "lockctl config boot | sudo tee -a /boot/firmware/config.txt")),
    ):
        one = command(commands, name, help, examples, f"Exit status {CONFIGURATION} if the file is wrong.")
        file = one.add_argument("file", nargs="?", type=Path, default=DEFAULT, metavar="FILE",
                                help=f"default: {DEFAULT}")
        file.complete = COMPLETE_FILE  # type: ignore[attr-defined] # shtab's way
        one.set_defaults(run=run)
        if run is show:
            one.add_argument("--changed", action="store_true", help="only what differs from the default")


def check(args: Namespace) -> int:
    """All faults and advice at once."""
    from lockd.settings import advise, load

    out = Output(args.json)
    faults: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    try:
        advice = advise(load(args.file))
    except ConfigurationError as error:
        faults = error.faults
    if out.as_json:
        out.document({"ok": not faults, "file": str(args.file), "faults": list(faults), "advice": list(advice)})
    else:
        for line in faults or advice:
            out.say(line)
        out.say(f"{args.file}: {_verdict(len(faults))}")
    return CONFIGURATION if faults else 0


def _verdict(faults: int) -> str:
    if not faults:
        return "good."
    return f"{faults} {'fault' if faults == 1 else 'faults'}. Nothing is loaded from a file with faults."


def show(args: Namespace) -> int:
    """What the file and the defaults come to."""
    from lockd.settings import describe, load

    out = Output(args.json)
    rows = [row for row in describe(load(args.file)) if not args.changed or row.value != row.default]
    if out.as_json:
        out.document({row.path: row.value for row in rows})
    else:
        out.table(("Setting", "Value", "Default", "What it is"),
                  ((row.path, _plain(row.value), _plain(row.default), row.meaning) for row in rows))
    return 0


def _plain(value: Any) -> str:
    return "-" if value is None else json.dumps(value)

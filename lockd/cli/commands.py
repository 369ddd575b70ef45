"""The one definition of lockctl's commands: help, manual and completion all come from it."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from lockd import __version__
from lockd.cli import (
    backup,
    behaviour,
    ble,
    codes,
    configuration,
    enrol,
    explain,
    log,
    model,
    operate,
    phone,
    pins,
    power,
    schedules,
    service,
    simulate,
    status,
    users,
)  # fmt: skip
from lockd.cli.doctor import command as doctor
from lockd.cli.exits import FAILURE
from lockd.cli.parser import Parser

DESCRIPTION = """See, drive and manage the door lock that lockd runs. Without --bus it speaks to the lockd of the
system; if there is none, to a simulation of yours (lockctl simulate)."""

FAMILIES = (
    status, operate, users, pins, enrol, codes, schedules, explain, phone, log, power, behaviour, configuration, doctor,
    service, backup, model, simulate, ble,
)  # fmt: skip


def build() -> Parser:
    """The whole parser; `args.run(args)` gives the exit status."""
    parser = Parser(prog="lockctl", description=DESCRIPTION, examples=(
        "lockctl status", "lockctl unlock --for 30", "lockctl user add Anna --pin", "lockctl log --since yesterday",
        "lockctl simulate",
    ))
    parser.set_defaults(json=False, bus=None)
    parser.add_argument("--version", action="version", version=f"lockctl {__version__}")
    parser.add_argument("--print-completion", action=_Completion, choices=("bash", "zsh"),
                        help="print the completion script for a shell")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for family in FAMILIES:
        family.add_parser(subparsers)
    return parser


class _Completion(argparse.Action):
    """Prints the script that shtab makes of the parser, and ends."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: object, values: Any, option: object = None) -> None:
        try:
            import shtab
        except ImportError:
            print("lockctl: completion scripts are made by shtab, which is not installed", file=sys.stderr)
            raise SystemExit(FAILURE) from None
        print(shtab.complete(parser, shell=values))
        raise SystemExit(0)

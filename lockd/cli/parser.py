"""The kind of parser that every command of lockctl is defined with."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn

from lockd.cli.exits import USAGE

COMPLETE_FILE = {"bash": "_shtab_compgen_files", "zsh": "_files"}


class Parser(argparse.ArgumentParser):
    """A parser of lockctl or one of its commands: `examples` in its help, --json and --bus in any
    place, and mistakes told in one line with exit status 64."""

    def __init__(self, *args: Any, examples: Iterable[str] = (), **named: Any) -> None:
        self.examples = tuple(examples)
        shown = "\n".join(f"  {example}" for example in self.examples)
        named.setdefault("epilog", f"examples:\n{shown}" if shown else None)
        named["description"] = textwrap.fill(" ".join((named.get("description") or "").split()), 78)
        named["formatter_class"] = argparse.RawDescriptionHelpFormatter
        named["allow_abbrev"] = False
        named["conflict_handler"] = "resolve"
        super().__init__(*args, **named)
        common = self.add_argument_group("everywhere")
        self.common = (
            common.add_argument("--json", action="store_true", default=argparse.SUPPRESS,
                                help="print one JSON document"),
            common.add_argument("--bus", metavar="BUS", default=argparse.SUPPRESS,
                                help="system, session or a D-Bus address (or environment LOCKD_BUS)"),
        )  # fmt: skip

    def error(self, message: str) -> NoReturn:
        print(f"lockctl: {' '.join(message.split())}; see: {self.prog} --help", file=sys.stderr)
        raise SystemExit(USAGE)

    def family(self) -> Iterator[Parser]:
        """This parser and all below it."""
        yield self
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                for parser in action.choices.values():
                    yield from parser.family()


def command(subparsers: Any, name: str, help: str, examples: Sequence[str] = (), more: str = "") -> Parser:
    """A command: `help` is its line in the list, and with `more` its description."""
    description = f"{help[:1].upper()}{help[1:]}. {more}"
    parser: Parser = subparsers.add_parser(name, help=help, description=description, examples=examples)
    return parser


def group(subparsers: Any, name: str, help: str, examples: Sequence[str] = (), more: str = "") -> tuple[Parser, Any]:
    """A command with commands of its own: its parser, and where they go."""
    parser = command(subparsers, name, help, examples, more)
    return parser, parser.add_subparsers(title="commands", metavar="COMMAND", prog=f"lockctl {name}")


def positive(text: str) -> int:
    """A whole number from 1 on that fits a D-Bus u."""
    number = int(text)
    if not 1 <= number <= 0xFFFF_FFFF:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 on")
    return number

"""The kind of parser that every command of lockctl is defined with."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NoReturn

from lockd.cli.exits import Usage
from lockd.dbus.names import ALL

COMPLETE_FILE = {"bash": "_shtab_compgen_files", "zsh": "_files"}


class Parser(argparse.ArgumentParser):
    """A parser of lockctl or one of its commands: `examples` in its help, --json and --bus in any
    place; a mistake raises Usage."""

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
        raise Usage(f"{message}; see: {self.prog} --help")

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


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A `type` of arguments: whole numbers in a range; `most`: None if only lockd knows."""
    span = f"from {least} on" if most is None else f"from {least} to {most}"

    def read(text: str) -> int:
        digits = text.isascii() and text.isdigit() and len(text) < 20
        if not digits or int(text) < least or (most is not None and int(text) > most):
            raise argparse.ArgumentTypeError(f"“{text}” is not a whole number {span}")
        return int(text)

    return read


#: The number of a user or a PIN.
place = whole(1, ALL - 1)

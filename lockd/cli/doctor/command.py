"""The command `doctor`, and how its findings are told: what is wrong first, what is well in one line."""

from __future__ import annotations

import asyncio
from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lockd.cli.copyable import copyable
from lockd.cli.doctor.examine import PARTS, examine
from lockd.cli.doctor.finding import Finding
from lockd.cli.doctor.lock import Answer, ask
from lockd.cli.doctor.lock import findings as lock_findings
from lockd.cli.doctor.machine import Machine
from lockd.cli.exits import FOUND_FAULTS
from lockd.cli.output import Output, clean
from lockd.cli.parser import command
from lockd.words import Verdict

if TYPE_CHECKING:
    from rich.console import RenderableType

LOCK = "lock"
NAMES = (*PARTS, LOCK)

#: In the order of telling: the word for each, its plural, and its colour.
WORDS: dict[Verdict, tuple[str, str, str]] = {
    "fault": ("fault", "faults", "bold red"),
    "warning": ("warning", "warnings", "yellow"),
    "unchecked": ("not checked", "not checked", "dim"),
    "ok": ("well", "well", "green"),
}


def add_parser(subparsers: Any) -> None:
    """Add `doctor`."""
    parser = command(subparsers, "doctor", "look at everything the lock depends on, and say what to do",
                     ("lockctl doctor", "lockctl doctor --all", "lockctl doctor pins lock"),
                     "Changes nothing, and works while lockd is down. As root it sees more. Exit status"
                     f" {FOUND_FAULTS} if there is a fault or a warning.")
    parser.add_argument("parts", nargs="*", type=_part, metavar="PART",
                        help=f"only these: {', '.join(NAMES)} (what lockd itself says)")
    parser.add_argument("--all", action="store_true", help="list what is well, too")
    parser.set_defaults(run=doctor)


def _part(word: str) -> str:
    if word not in NAMES:
        raise ArgumentTypeError(f"“{word}” is none of {', '.join(NAMES)}")
    return word


def doctor(args: Namespace) -> int:
    """Look, and tell. A simulation has no machine that would matter."""
    answer = asyncio.run(ask(args.bus))
    parts = args.parts or ((LOCK,) if answer.simulated else NAMES)
    found = sorted(_found(parts, Machine(), answer), key=lambda each: list(WORDS).index(each.state))
    out = Output(args.json)
    if out.as_json:
        out.document([_document(each) for each in found])
    else:
        listed = [each for each in found if each.state != "ok" or args.all or args.parts]
        if listed:
            out.show(picture(listed))
            out.say("")
        out.say(summary(found, len(listed) < len(found)))
        if answer.simulated and not args.parts:
            out.say("It is a simulation, so the machine itself was not looked at.")
    return 0 if all(each.ok for each in found) else FOUND_FAULTS


def _found(parts: Sequence[str], machine: Machine, answer: Answer) -> Iterator[Finding]:
    for part in NAMES:
        if part not in parts:
            continue
        if part == LOCK:
            yield from (each.but(part=LOCK) for each in lock_findings(answer))
        else:
            yield from examine(part, machine)


def _document(each: Finding) -> dict[str, Any]:
    return {
        "part": each.part, "check": each.check, "state": each.state, "ok": each.ok, "text": each.text,
        "remedy": each.remedy,
    }  # fmt: skip


def summary(found: Sequence[Finding], more: bool) -> str:
    """`1 fault, 2 warnings, 3 not checked, 20 well`. `more`: what is well was left out."""
    counts = {state: sum(each.state == state for each in found) for state in WORDS}
    told = ", ".join(f"{count} {WORDS[state][count != 1]}" for state, count in counts.items() if count)
    said = f"All is well: {len(found)} checks" if counts["ok"] == len(found) else told
    return copyable(f"{said} (lockctl doctor --all lists them)." if more else f"{said}.")


def picture(found: Sequence[Finding]) -> RenderableType:
    """A line for each, and under what is wrong what to do."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for (state, text, remedy), labels in _alike(found).items():
        word, _, colour = WORDS[state]
        line, remedy = clean(f"{', '.join(labels)}: {text}"), clean(copyable(remedy))
        if state == "unchecked" and remedy:
            line, remedy = f"{line} → {remedy}", ""
        grid.add_row(Text(word, colour), Text(line, "dim" if state == "unchecked" else ""))
        if remedy and state != "ok":
            grid.add_row("", Text(f"→ {remedy}", "bold"))
    return grid


def _alike(found: Sequence[Finding]) -> dict[tuple[Verdict, str, str], list[str]]:
    """What one cause keeps from being looked at is told once, for all its parts."""
    told: dict[tuple[Verdict, str, str], list[str]] = {}
    for each in found:
        labels = told.setdefault((each.state, each.text, each.remedy), [])
        label = each.check if each.part == LOCK else each.part
        if label not in labels:
            labels.append(label)
    return told

"""Help, manual and completion come from the same parser, and say everything."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import shtab

from lockd.cli import manual
from lockd.cli.exits import MEANINGS, STATUSES
from lockd.cli.parser import Parser
from tests.cli.conftest import Ctl, build

#: Options of every command, which the manual tells once.
EVERYWHERE = {"-h", "--help", "--json", "--bus"}
COMMANDS = [parser.prog.removeprefix("lockctl").split() for parser in build().family()]


def test_every_command_of_the_brief_is_there() -> None:
    assert {" ".join(words) for words in COMMANDS} >= {
        "status", "lock", "unlock", "home", "user list", "user show", "user add", "user set", "user remove",
        "user export", "user import", "pin set",
        "pin remove", "pin list", "card list", "card add", "card remove",
        "finger list", "finger add", "finger remove", "schedule list", "schedule add",
        "schedule remove", "holiday list", "holiday add", "holiday remove", "why", "code new", "code key", "code list",
        "code revoke", "code epoch", "log", "log verify", "config check", "config show", "config wiring",
        "config boot", "config access", "mode", "set", "doctor",
        "rotate-key", "factory-reset", "backup", "restore",
        "time set", "press", "present", "door", "key", "thumb", "jam", "tamper",
        "inside", "battery", "plug", "unplug", "simulate",
    }  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(words: list[str], ctl: Ctl) -> None:
    ran = ctl(*words, "--help")
    assert ran.status == 0
    assert "examples:\n  lockctl" in ran.out or "| lockctl" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100


def options(parser: Parser) -> set[str]:
    """All that it takes, as they are typed."""
    return {option for action in parser._actions for option in action.option_strings}


@pytest.mark.parametrize(
    "example", [example for parser in build().family() for example in parser.examples if "|" not in example]
)
def test_every_example_is_a_command_that_is_understood(example: str) -> None:
    words = subprocess.run(["sh", "-c", f'for w in {example}; do echo "$w"; done'], capture_output=True, text=True)
    _, *arguments = words.stdout.splitlines()
    assert callable(build().parse_args(arguments).run)


def test_the_manual_tells_every_command_and_status() -> None:
    page = manual.page()
    for words in COMMANDS:
        assert " ".join(words).replace("-", "\\-") in page
    for status, meaning in MEANINGS.items():
        assert f".B {status}\n{meaning}" in page.replace("\\-", "-")


def test_the_manual_tells_every_option_in_the_chapter_of_its_command() -> None:
    said_once, *rest = manual.page().replace("\\-", "-").split(".SS \\fB")
    chapters = {chapter.partition("\\fR\n")[0]: chapter for chapter in rest} | {"lockctl": said_once}
    for parser in build().family():
        common = EVERYWHERE if parser.prog != "lockctl" else {"-h", "--help"}
        told = set(re.findall(r"\\fB(-[\w-]+)\\fR", chapters[parser.prog]))
        assert told == options(parser) - common, parser.prog


def test_every_status_that_is_used_has_a_meaning() -> None:
    assert set(STATUSES.values()) <= set(MEANINGS)


@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")
def test_the_manual_is_faultless_roff() -> None:
    drawn = subprocess.run(
        ["groff", "-man", "-Tutf8", "-P-cbou", "-ww"], input=manual.page(), capture_output=True, text=True, check=True
    )
    assert "LOCKCTL(1)" in drawn.stdout
    assert [line for line in drawn.stderr.splitlines() if "break" not in line and "adjust" not in line] == []


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_knows_every_command(shell: str, ctl: Ctl) -> None:
    script = ctl("--print-completion", shell).out
    assert script == shtab.complete(build(), shell=shell) + "\n"
    assert "factory-reset" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_offers_every_command_option_and_choice_of_the_parser() -> None:
    """Asked of bash itself, as by somebody who presses the tabulator after each command."""
    wanted = {f"{parser.prog} '-'": options(parser) for parser in build().family()}
    for parser in build().family():
        choices = next((action.choices for action in parser._actions if not action.option_strings), None)
        wanted |= {f"{parser.prog} ''": set(choices)} if choices else {}
    asked = [f"COMP_WORDS=({words}) COMP_CWORD={words.count(' ')}; _shtab_lockctl; echo ${{COMPREPLY[*]}}"
             for words in wanted]  # fmt: skip
    script = "\n".join([shtab.complete(build(), shell="bash"), *asked])
    said = subprocess.run(["bash", "--norc"], input=script, capture_output=True, text=True, check=True).stdout
    assert dict(zip(wanted, (set(line.split()) for line in said.splitlines()), strict=True)) == wanted


def test_without_shtab_completion_says_so(ctl: Ctl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    ran = ctl("--print-completion", "bash")
    assert (ran.status, ran.err.count("shtab")) == (1, 1)


@pytest.mark.parametrize("arguments", [(), ("party",), ("lock", "now"), ("unlock", "--for", "0"), ("press", "abc")])
def test_wrong_usage_is_one_line_and_64(arguments: tuple[str, ...], ctl: Ctl) -> None:
    ran = ctl(*arguments)
    assert (ran.status, ran.out, ran.err.count("\n")) == (64, "", 1)
    assert "--help" in ran.err


def test_the_page_in_docs_has_the_same_statuses() -> None:
    page = (Path(__file__).parents[2] / "docs" / "lockctl.md").read_text()
    assert [line for line in page.splitlines() if line[:3].strip("| ").isdigit()] == [
        f"| {status} | {meaning} |" for status, meaning in MEANINGS.items()
    ]

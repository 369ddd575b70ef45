"""What only a person can give: PINs and passphrases without echo, and a yes to what cannot be undone.

A PIN is never an argument (every process may read those) and never printed.
"""

from __future__ import annotations

import contextlib
import getpass
import signal
import sys
from collections.abc import Iterator

from lockd.cli.exits import Usage
from lockd.cli.output import clean


def pin(question: str, from_stdin: bool, option: str) -> str:
    """One PIN, from a prompt without echo, or the first line of a pipe if `option` was given."""
    return secret(question, from_stdin, option, "PIN")


def new_pin(question: str, from_stdin: bool, option: str) -> str:
    """A PIN to be set; asked for twice at a terminal."""
    return new_secret(question, from_stdin, option, "PIN")


def secret(question: str, from_stdin: bool, option: str, what: str) -> str:
    """As `pin`; `what` it is called."""
    return _secret(question, what) if _terminal() else _piped(from_stdin, option, what)


def new_secret(question: str, from_stdin: bool, option: str, what: str) -> str:
    """As `new_pin`."""
    if not _terminal():
        return _piped(from_stdin, option, what)
    first = _secret(question, what)
    if first != _secret("The same again: ", what):
        raise Usage(f"the two {what}s differ; nothing was changed, run it again")
    return first


def sure(question: str, word: str, given: str | None) -> None:
    """Raises Usage unless the person types `word`, or gave it as an option."""
    if given is None:
        if not _terminal():
            raise Usage(f"this needs a yes, and there is no terminal to ask at; give --yes '{word}'")
        with interruptible():
            given = _line(f"{clean(question)}\nType “{word}” to go on: ")
    if given.strip() != word:
        raise Usage(f"that was not “{word}”; nothing was changed")


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """asyncio would let the first Ctrl-C wait until the question is answered."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _secret(question: str, what: str) -> str:
    with interruptible():
        try:
            given = getpass.getpass(clean(question), stream=sys.stderr)
        except EOFError:
            given = ""
    if not given:
        raise Usage(f"no {what} was given; nothing was done")
    return given


def _piped(wanted: bool, option: str, what: str) -> str:
    if not wanted:
        raise Usage(f"there is no terminal to ask for the {what} at; pipe it in and give {option}")
    given = sys.stdin.readline().rstrip("\r\n") if sys.stdin is not None else ""
    if not given:
        raise Usage(f"no {what} came from standard input; nothing was done")
    return given


def _line(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline()

"""lockctl: reads the command line, runs the command, and turns what went wrong into one line and an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from lockd.cli.commands import build
from lockd.cli.exits import CONFIGURATION, INTERRUPTED, OK, line_of, status_of
from lockd.cli.output import Output, clean
from lockd.errors import ConfigurationError, LockdError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status. --help and its kin raise SystemExit, as argparse does."""
    given = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        try:
            return _run(given)
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _stop_writing()
        return OK


def _run(given: Sequence[str]) -> int:
    as_json = "--json" in given  # what cannot be understood is to be answered in JSON too
    try:
        args = build().parse_args(given)
        as_json = args.json
        status: int = args.run(args)
        return status
    except ConfigurationError as error:
        return _complain(as_json, error, CONFIGURATION, "; ".join(error.faults))
    except LockdError as error:
        return _complain(as_json, error, status_of(error), line_of(error))


def _complain(as_json: bool, error: LockdError, status: int, line: str) -> int:
    print(f"lockctl: {clean(line)}", file=sys.stderr, flush=True)
    if as_json:
        Output(True).document({"ok": False, "error": error.name, "text": str(error), "status": status})
    return status


def _stop_writing() -> None:
    """Whoever read our output has enough; the interpreter must not flush into it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())

"""`lockd`, `python -m lockd`: the command line, the settings, and off."""

from __future__ import annotations

import gc
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from lockd import __version__
from lockd.errors import ConfigurationError, LockdError
from lockd.lightly import functions_of, in_place_of, postpone

if TYPE_CHECKING:
    from pathlib import Path

USAGE = """\
usage: lockd [--config FILE] [--state-dir DIR] [--bus system|session|ADDRESS] [--simulate]

The lock's daemon. It runs until SIGTERM; SIGHUP has it read its configuration again.

  --config FILE    the settings (default /etc/lockd/lockd.toml)
  --state-dir DIR  where users, PINs and the audit trail are kept, sealed
                   (default $STATE_DIRECTORY, else /var/lib/lockd)
  --bus BUS        which D-Bus to be on: system (default), session, or an address
  --simulate       no hardware: a modelled door behind mock pins, the session bus,
                   and a state folder of your own ($XDG_STATE_HOME/lockd-simulation)
  --version        print the version
  --help           print this

Exit status: 0 ended as asked, 64 wrong usage, 78 wrong configuration, 1 anything else.
See also: lockctl(1), which talks to a running lockd.
"""

VALUED = ("--config", "--state-dir", "--bus")
#: Imported by others, and not used before READY.
LATER = ("inspect", "ipaddress", "linecache", "locale", "ntpath", "textwrap")
DEFAULT_CONFIG = "/etc/lockd/lockd.toml"


class Usage(LockdError):
    """The command line is wrong. Exit status 64."""


def parse(argv: list[str]) -> dict[str, str]:
    """The options that are given, by name. By hand: argparse would cost a tenth of the way to
    the first PIN."""
    given: dict[str, str] = {}
    rest = list(argv)
    while rest:
        option, joined, value = rest.pop(0).partition("=")
        if option in given:
            raise Usage(f"{option} is given twice")
        if option in VALUED:
            if not joined and not rest:
                raise Usage(f"{option} needs a value")
            given[option] = value if joined else rest.pop(0)
        elif option == "--simulate" and not joined:
            given[option] = "yes"
        else:
            raise Usage(f"unknown argument {option!r}")
    empty = next((option for option, value in given.items() if not value), "")
    if empty:
        raise Usage(f"{empty} needs a value")
    return given


def _folders(given: dict[str, str], simulate: bool) -> tuple[Path, Path]:
    """Where state is kept, and where what only matters until the next boot."""
    from pathlib import Path

    if simulate:
        home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
        state = Path(given.get("--state-dir") or f"{home}/lockd-simulation")
        return state, state
    state = Path(given.get("--state-dir") or os.environ.get("STATE_DIRECTORY") or "/var/lib/lockd")
    return state, Path(os.environ.get("RUNTIME_DIRECTORY") or "/run/lockd")


def start(given: dict[str, str]) -> int:
    """Read the settings, then run."""
    _import_lightly()
    from pathlib import Path

    from lockd.daemon.app import Options, run
    from lockd.daemon.journald import log_to_stderr
    from lockd.settings import load, simulation

    simulate = "--simulate" in given
    config = Path(given["--config"]) if "--config" in given else None if simulate else Path(DEFAULT_CONFIG)
    settings = simulation() if config is None else load(config, simulate)
    state, runtime = _folders(given, simulate)
    bus = given.get("--bus", "session" if simulate else "system")
    log_to_stderr()
    return run(Options(config, state, runtime, bus, simulate), settings)


def _import_lightly() -> None:
    """asyncio without TLS, which it does without where Python has none and lockd never uses, and without
    connecting to several addresses at once; pathlib without URLs; both without what they have for the sake of
    mistakes."""
    if "asyncio" in sys.modules:
        return
    postpone(*LATER)
    unused = {"ssl": None, "asyncio.sslproto": ModuleType("asyncio.sslproto")}
    seldom = {name: functions_of(name) for name in ("asyncio.staggered", "urllib.parse")}
    with in_place_of({**unused, **seldom}):
        import asyncio  # noqa: F401
        import pathlib  # noqa: F401


def main(argv: list[str] | None = None) -> int:
    """The whole program; returns the exit status."""
    args = sys.argv[1:] if argv is None else argv
    if "--help" in args or "-h" in args:
        print(USAGE, end="")
        return 0
    if "--version" in args:
        print(f"lockd {__version__}")
        return 0
    gc.disable()  # nothing that is made on the way to the first PIN is garbage; see app.run
    try:
        return start(parse(args))
    except Usage as error:
        print(f"lockd: {error}; see lockd --help", file=sys.stderr)
        return 64
    except ConfigurationError as error:
        print("\n".join(f"lockd: {fault}" for fault in error.faults), file=sys.stderr)
        return 78
    except LockdError as error:
        print(f"lockd: {error}", file=sys.stderr)
        return 1
    finally:
        gc.enable()


if __name__ == "__main__":
    sys.exit(main())

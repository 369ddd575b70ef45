"""Exit statuses of lockctl, what each means, and what to do about each refusal.

The manual and the help text print these tables; scripts may rely on the numbers.
"""

from __future__ import annotations

from lockd.cli.copyable import copyable
from lockd.errors import LockdError

OK = 0
FAILURE = 1
FOUND_FAULTS = 2
USAGE = 64
NOT_RUNNING = 69
CONFIGURATION = 78
INTERRUPTED = 130

MEANINGS = {
    OK: "done",
    FAILURE: "lockd or the lock could not do it; of why: the user could not come in",
    FOUND_FAULTS: "a check found something wrong (log verify, doctor, user import, power ways, power drill)",
    3: "refused: wrong PIN or passphrase or none, a disabled user, or the mode or a schedule forbids it",
    4: "there is nobody or nothing of that name or index",
    5: "it is there already, or there is no room for another one",
    6: "the bolt is jammed",
    7: "locked out after too many wrong PINs",
    8: "not enough power to move the bolt",
    9: "this lock does not do that",
    USAGE: "wrong usage: nothing was asked of lockd",
    65: "lockd does not accept a value that was given",
    NOT_RUNNING: "lockd is not running, or went away; with ble: no way to the lock",
    75: "busy: try again",
    77: "access denied",
    CONFIGURATION: "lockd.toml is wrong",
    INTERRUPTED: "interrupted (Ctrl-C)",
}

STATUSES = {
    "Failure": FAILURE,
    "InvalidCredential": 3,
    "DisabledUserDenied": 3,
    "Restricted": 3,
    "NotFound": 4,
    "Duplicate": 5,
    "Occupied": 5,
    "ResourceExhausted": 5,
    "Jammed": 6,
    "LockedOut": 7,
    "InsufficientBattery": 8,
    "UnsupportedCommand": 9,
    "Usage": USAGE,
    "InvalidField": 65,
    "ConstraintError": 65,
    "NotRunning": NOT_RUNNING,
    "Unreachable": NOT_RUNNING,
    "Busy": 75,
    "AccessDenied": 77,
}

#: What to do, where lockd's own text may leave it open: the sign that it did say, and the words.
REMEDIES = {
    "Jammed": ("lockctl home", "clear the bolt's way, then run: lockctl home"),
    "LockedOut": ("again", "lockctl status shows how long it lasts"),
    "Busy": ("again", "try again in a moment"),
    "NotFound": ("lockctl user list", "lockctl user list shows who is there"),
    "AccessDenied": ("root", "run it as root, or be given the right by polkit"),
    "InsufficientBattery": ("power", "plug in outside power"),
}


class Usage(LockdError):
    """The command cannot be understood or cannot ask what it needs; nothing was done."""

    name = "Usage"


class NotRunning(LockdError):
    """There is no lockd to speak to."""

    name = "NotRunning"


def status_of(error: LockdError) -> int:
    """The exit status for an error."""
    return STATUSES.get(error.name, FAILURE)


def line_of(error: LockdError) -> str:
    """What happened and what to do, in one line."""
    text = " ".join(str(error).split()) or error.name
    sign, remedy = REMEDIES.get(error.name, ("", ""))
    others = error.name == "NotFound" and "user" not in text
    said = others or sign in text or "`lockctl " in text or "; there are" in text
    return copyable(text if said else f"{text.rstrip('.')}; {remedy}")

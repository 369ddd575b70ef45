"""What a lock's result, or a radio that does not work, means to a person: one sentence each."""

from __future__ import annotations

from lockd.errors import (
    Busy,
    DisabledUserDenied,
    Duplicate,
    Failure,
    InsufficientBattery,
    InvalidCredential,
    InvalidField,
    Jammed,
    LockdError,
    LockedOut,
    NotFound,
    ResourceExhausted,
    Restricted,
    UnsupportedCommand,
)
from lockd.wire import results


class Unreachable(LockdError):
    """No way to the lock: no adapter, no bluetoothd, out of range, or it went away."""

    name = "Unreachable"


class Refused(Exception):
    """What the radio heard from the lock as an ATT error. `code`: one of lockd.wire.results."""

    def __init__(self, code: int) -> None:
        super().__init__(f"ATT error {code:#04x}")
        self.code = code


#: Everything that a lock can answer but COMPLETE and ACCEPTED.
SENTENCES: dict[int, tuple[type[LockdError], str]] = {
    results.NOT_AUTHORISED: (InvalidCredential, "the lock does not know this phone, or the PIN or pass is wrong; enrol"
                             " it with a new invitation, or give the right PIN"),
    results.FORBIDDEN: (Restricted, "this phone may not do that, or the lock's mode forbids it now"),
    results.STALE: (Restricted, "that is older than what the lock has; make a new one"),
    results.BAD_PARAM: (InvalidField, "the lock does not accept a value that was given"),
    results.UNKNOWN_ID: (NotFound, "the lock has no such user, credential or invitation; `lockctl user list` there"
                         " shows who is known"),
    results.DISABLED: (DisabledUserDenied, "the user of this phone is disabled; an owner can enable him again"),
    results.UNSUPPORTED: (UnsupportedCommand, "this lock does not know that command"),
    results.TIME_NOT_ALLOWED: (Restricted, "not at this time: the schedule or the pass forbids it"),
    results.TOO_MANY_ATTEMPTS: (LockedOut, "locked out after too many wrong tries; wait, then try again"),
    results.FULL: (ResourceExhausted, "the lock has no room for another one; remove one first"),
    results.EXISTS: (Duplicate, "the lock has that already"),
    results.TIME_UNKNOWN: (Restricted, "the lock does not know the time, and this needs it; an owner can set it there"),
    results.EXPIRED: (Restricted, "the pass has expired; ask for a new one"),
    results.REVOKED: (InvalidCredential, "this phone or pass was revoked; ask an owner for a new invitation"),
    results.USED_UP: (Restricted, "the pass is used up; ask for a new one"),
    results.POSITION_UNKNOWN: (Failure, "the lock does not know where its bolt is; run `lockctl home` there"),
    results.BLOCKED: (Jammed, "the bolt did not arrive; clear its way, then run `lockctl home` at the lock"),
    results.TIMEOUT: (Failure, "that took too long, and the lock ended the session; try again"),
    results.BUSY: (Busy, "the lock is busy with something else; try again in a moment"),
    results.LOW_POWER: (InsufficientBattery, "not enough power to move the bolt; plug in outside power"),
    results.INTERNAL: (Failure, "the lock could not do it; its log says why"),
    results.BAD_HANDSHAKE: (InvalidCredential, "this is not the lock that the key is for, or the invitation is over"),
    results.TOO_MANY_SESSIONS: (Busy, "the lock is busy with other phones; try again in a moment"),
    results.TOO_MANY_HANDSHAKES: (LockedOut, "too many phones failed at this lock; wait a minute, then try again"),
    results.WRONG_VERSION: (UnsupportedCommand, "the lock speaks another version of the protocol; update lockd on the"
                            " older end"),
    results.BAD_FRAMING: (Failure, "what was sent was damaged on its way; try again"),
}  # fmt: skip


def refusal(code: int) -> LockdError:
    """The error for a result; `detail` is its name in the protocol."""
    kind, text = SENTENCES.get(code, (Failure, f"the lock answered {code:#04x}, which this phone does not know"))
    return kind(text, results.NAMES.get(code, f"{code:#04x}"))

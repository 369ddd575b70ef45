"""May this be done now, by this person, from there? One list of rules, asked in order.

Who pressed the inside button or turned a key is never asked (promise 5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil
from typing import Literal

from lockd.core.codes import CodeState
from lockd.core.credentials import ALWAYS, SECOND_US, Credential
from lockd.core.people import User
from lockd.errors import (
    Busy,
    DisabledUserDenied,
    Failure,
    InsufficientBattery,
    InvalidCredential,
    LockdError,
    LockedOut,
    Restricted,
)
from lockd.value import Value
from lockd.words import SCHEDULED, OperatingMode, OperationError, Source, TimeState, UserType, Wish

#: Sources outside the door, that a mode may shut.
REMOTE: frozenset[Source] = frozenset({"Remote", "ProprietaryRemote"})
LOCAL: frozenset[Source] = frozenset({"Keypad", "RFID", "Biometric"})

#: Which sources a mode shuts to everybody but a ProgrammingUser.
SHUT: dict[OperatingMode, frozenset[Source]] = {
    "Normal": frozenset(),
    "Passage": frozenset(),
    "Vacation": LOCAL,
    "Privacy": LOCAL | REMOTE,
    "NoRemoteLockUnlock": REMOTE,
}

#: Types whose right depends on the clock.
TIMED: frozenset[UserType] = frozenset({"ExpiringUser", *SCHEDULED})

IN_WORDS: dict[OperatingMode, str] = {
    "Normal": "Normal mode",
    "Passage": "Passage mode",
    "Vacation": "Vacation mode: only remote operation is allowed",
    "Privacy": "Privacy mode: nothing from outside is allowed until it is ended inside",
    "NoRemoteLockUnlock": "NoRemoteLockUnlock mode: remote operation is off",
}


#: Why a code granted from afar opens nothing: the detail, and in words.
CODE_TEXTS: dict[CodeState, tuple[str, str]] = {
    "clock-unset": ("clock-unset", "Codes are timed and the clock is not set (clock-unset): set it with"
                    " `lockctl time set`."),
    "held": ("codes-held", "Too many wrong codes within a day (codes-held): PINs go on working, codes do not."),
    "closed": ("code-closed", "This code is for other hours (code-closed)."),
    "full": ("codes-full", "As many codes as may be open at a time are (codes-full): revoke one's label."),
}


class Case(Value):
    """All that a decision depends on. `shown`: something was presented; `who`: whom it belongs
    to, his status as it is now. `wait_s`: the rest of the source's lockout. `free`: needs no credential of anybody.
    `shortage`: why there is no power for a throw. `within_hours`: whether his schedules let him in now.
    `uses`: of a credential whose uses are limited, whether one is left, or is just being taken. `wall`:
    microseconds since 1970. `code`: what it is worth as a code granted from afar."""

    wish: Wish
    source: Source
    mode: OperatingMode
    shown: bool
    unread: bool
    who: tuple[User, Credential] | None
    free: bool
    wait_s: float
    door_closed: bool | None
    tampered: bool
    trust: TimeState
    shortage: InsufficientBattery | None
    wall: int
    uses: Literal["left", "taking", "none"] = "left"
    within_hours: bool = True
    code: CodeState = ""


class Refusal(Value):
    """No. `error` and `detail` go into the record, `answer` to who asked. `counts`: a wrong code."""

    error: OperationError
    detail: str
    answer: LockdError
    counts: bool = False


#: A ProgrammingPIN that would open if it were a PIN. What comes of it at the keypad is core/programming.py's.
PROGRAMS = Refusal("Restricted", "", Restricted("A ProgrammingPIN makes changes at the keypad; it does not open."))


def decide(case: Case) -> Refusal | None:
    """The first rule that says no; None: granted."""
    return next((refusal for rule in RULES for refusal in rule(case)), None)


def _lockout(case: Case) -> Iterator[Refusal]:
    if case.wait_s > 0:
        text = f"Too many wrong codes (locked-out): try again in {ceil(case.wait_s)} s."
        yield Refusal("Restricted", "locked-out", LockedOut(text, "locked-out"))


def _unread(case: Case) -> Iterator[Refusal]:
    if case.unread:
        yield Refusal("Unspecified", "busy", Busy("The code could not be checked now (busy): try again.", "busy"))


def _credential(case: Case) -> Iterator[Refusal]:
    if case.shown and case.who is None and case.code in ("", "unknown"):
        yield Refusal("InvalidCredential", "", InvalidCredential("That code is not valid."), counts=True)
    elif not case.shown and not case.free:
        text = "A PIN is required (pin-required): give one, or change RequirePINforRemoteOperation."
        yield Refusal("InvalidCredential", "pin-required", InvalidCredential(text, "pin-required"))


def _code(case: Case) -> Iterator[Refusal]:
    """What cannot be looked at counts as a wrong one: it may have been a guess."""
    if case.code == "used":
        text = "This code was used up (code-used): it opens once."
        yield Refusal("DisabledUserDenied", "code-used", DisabledUserDenied(text, "code-used"))
    elif case.code in CODE_TEXTS:
        detail, text = CODE_TEXTS[case.code]
        yield Refusal("Restricted", detail, Restricted(text, detail), counts=case.code in ("clock-unset", "held"))


def _status(case: Case) -> Iterator[Refusal]:
    if case.who is not None and case.who[0].status != "OccupiedEnabled":
        yield Refusal("DisabledUserDenied", "", DisabledUserDenied("This user is disabled, or has used up his right."))


def _uses(case: Case) -> Iterator[Refusal]:
    if case.uses == "none":
        text = "This code has been used as often as it may be (used-up)."
        yield Refusal("DisabledUserDenied", "used-up", DisabledUserDenied(text, "used-up"))
    elif case.uses == "taking":
        text = "This code is being used just now (busy): try again."
        yield Refusal("Unspecified", "busy", Busy(text, "busy"))


def _terms(case: Case) -> Iterator[Refusal]:
    terms = case.who[1].terms if case.who is not None else ALWAYS
    if terms.valid(case.wall):
        return
    early = case.wall < terms.start * SECOND_US
    detail, text = ("too-early", "not valid yet") if early else ("expired", "no longer valid")
    yield Refusal("Restricted", detail, Restricted(f"This code is {text} ({detail}).", detail))


def _programming(case: Case) -> Iterator[Refusal]:
    if case.who is not None and case.who[1].kind == "ProgrammingPIN":
        yield PROGRAMS


def _mode(case: Case) -> Iterator[Refusal]:
    master = case.who is not None and case.who[0].type == "ProgrammingUser"
    if case.source in SHUT[case.mode] and not master:
        text = f"Refused (mode-forbids): {IN_WORDS[case.mode]}."
        yield Refusal("Restricted", "mode-forbids", Restricted(text, "mode-forbids"))


def _clock(case: Case) -> Iterator[Refusal]:
    timed = case.who is not None and (case.who[0].type in TIMED or case.who[1].terms.timed)
    if timed and case.trust != "Trusted":
        text = "This code is timed and the clock is not set (clock-unset): set it with `lockctl time set`."
        yield Refusal("Restricted", "clock-unset", Restricted(text, "clock-unset"))


def moves_bolt(user: User, source: Source) -> bool:
    """Whether a user of this type may do so from there."""
    return user.type != "NonAccessUser" and (user.type != "RemoteOnlyUser" or source in REMOTE)


def _type(case: Case) -> Iterator[Refusal]:
    if case.who is None or moves_bolt(case.who[0], case.source):
        return
    if case.who[0].type == "NonAccessUser":
        yield Refusal("Restricted", "", Restricted("This user may not move the bolt: a try is only recorded."))
    else:
        yield Refusal("Restricted", "", Restricted("This user may operate the lock only from afar."))


def _hours(case: Case) -> Iterator[Refusal]:
    if not case.within_hours:
        text = "It is outside this user's hours (schedule-shut): see his schedules."
        yield Refusal("Restricted", "schedule-shut", Restricted(text, "schedule-shut"))


def _tamper(case: Case) -> Iterator[Refusal]:
    if case.tampered and case.source in LOCAL and case.wish != "Lock" and not case.shown:
        text = "The outer cover is off, or nobody can tell (tamper-hold): a code is needed until it is back."
        yield Refusal("Restricted", "tamper-hold", Restricted(text, "tamper-hold"))


def _door(case: Case) -> Iterator[Refusal]:
    if case.wish == "Lock" and case.door_closed is False:
        yield Refusal("Unspecified", "door-open", Failure("The door is open (door-open): close it first.", "door-open"))


def _power(case: Case) -> Iterator[Refusal]:
    if case.shortage is not None:
        yield Refusal("InsufficientBattery", case.shortage.detail, case.shortage)


RULES: tuple[Callable[[Case], Iterator[Refusal]], ...] = (
    _lockout, _unread, _credential, _code, _clock, _status, _uses, _terms, _programming, _mode, _type, _hours, _tamper,
    _door, _power,
)  # fmt: skip


"""May this be done now, by this person, from there? One list of rules, asked in order.

Who pressed the inside button or turned a key is never asked (promise 5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil
from typing import Literal

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
from lockd.words import OperatingMode, OperationError, Source, TimeState, Wish

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

IN_WORDS: dict[OperatingMode, str] = {
    "Normal": "Normal mode",
    "Passage": "Passage mode",
    "Vacation": "Vacation mode: only remote operation is allowed",
    "Privacy": "Privacy mode: nothing from outside is allowed until it is ended inside",
    "NoRemoteLockUnlock": "NoRemoteLockUnlock mode: remote operation is off",
}


class Case(Value):
    """All that a decision depends on. `shown`: something was presented; `who`: whom it belongs
    to, his status as it is now. `wait_s`: the rest of the source's lockout. `free`: needs no credential of anybody.
    `shortage`: why there is no power for a throw. `uses`: of a credential whose uses are limited,
    whether one is left, or is just being taken. `wall`: microseconds since 1970."""

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
    uses: Literal["left", "taking", "none"]
    wall: int


class Refusal(Value):
    """No. `error` and `detail` go into the record, `answer` to who asked. `counts`: a wrong code."""

    error: OperationError
    detail: str
    answer: LockdError
    counts: bool = False


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
    if case.shown and case.who is None:
        yield Refusal("InvalidCredential", "", InvalidCredential("That code is not valid."), counts=True)
    elif not case.shown and not case.free:
        text = "A PIN is required (pin-required): give one, or change RequirePINforRemoteOperation."
        yield Refusal("InvalidCredential", "pin-required", InvalidCredential(text, "pin-required"))


def _status(case: Case) -> Iterator[Refusal]:
    if case.who is not None and case.who[0].status != "OccupiedEnabled":
        yield Refusal("DisabledUserDenied", "", DisabledUserDenied("This user is disabled, or has used up his right."))


def _uses(case: Case) -> Iterator[Refusal]:
    if case.uses == "none":
        yield Refusal("DisabledUserDenied", "", DisabledUserDenied("This code has been used as often as it may be."))
    elif case.uses == "taking":
        text = "This code is being used just now (busy): try again."
        yield Refusal("Unspecified", "busy", Busy(text, "busy"))


def _terms(case: Case) -> Iterator[Refusal]:
    terms = case.who[1].terms if case.who is not None else ALWAYS
    if case.wall < terms.start * SECOND_US:
        yield Refusal("Restricted", "", Restricted("This code is not valid yet."))
    elif terms.until and case.wall >= terms.until * SECOND_US:
        yield Refusal("Restricted", "", Restricted("This code is no longer valid."))


def _programming(case: Case) -> Iterator[Refusal]:
    if case.who is not None and case.who[1].kind == "ProgrammingPIN":
        yield Refusal("Restricted", "", Restricted("A ProgrammingPIN makes changes at the keypad; it does not open."))


def _mode(case: Case) -> Iterator[Refusal]:
    master = case.who is not None and case.who[0].type == "ProgrammingUser"
    if case.source in SHUT[case.mode] and not master:
        text = f"Refused (mode-forbids): {IN_WORDS[case.mode]}."
        yield Refusal("Restricted", "mode-forbids", Restricted(text, "mode-forbids"))


def _clock(case: Case) -> Iterator[Refusal]:
    timed = case.who is not None and (case.who[0].type == "ExpiringUser" or case.who[1].terms.timed)
    if timed and case.trust != "Trusted":
        text = "This code is timed and the clock is not set (clock-unset): set it with `lockctl time set`."
        yield Refusal("Restricted", "clock-unset", Restricted(text, "clock-unset"))


def _type(case: Case) -> Iterator[Refusal]:
    kind = case.who[0].type if case.who is not None else ""
    if kind == "NonAccessUser":
        yield Refusal("Restricted", "", Restricted("This user may not move the bolt: the try was recorded."))
    elif kind == "RemoteOnlyUser" and case.source not in REMOTE:
        yield Refusal("Restricted", "", Restricted("This user may operate the lock only from afar."))


def _tamper(case: Case) -> Iterator[Refusal]:
    if case.tampered and case.source in LOCAL and case.wish != "Lock" and not case.shown:
        text = "The outer cover is off (tamper-hold): a code is needed until it is back."
        yield Refusal("Restricted", "tamper-hold", Restricted(text, "tamper-hold"))


def _door(case: Case) -> Iterator[Refusal]:
    if case.wish == "Lock" and case.door_closed is False:
        yield Refusal("Unspecified", "door-open", Failure("The door is open (door-open): close it first.", "door-open"))


def _power(case: Case) -> Iterator[Refusal]:
    if case.shortage is not None:
        yield Refusal("InsufficientBattery", case.shortage.detail, case.shortage)


RULES: tuple[Callable[[Case], Iterator[Refusal]], ...] = (
    _lockout, _unread, _credential, _clock, _status, _uses, _terms, _programming, _mode, _type, _tamper, _door, _power,
)  # fmt: skip


"""Whether a user could come in at a moment and why not: by the same rules that decide at the door."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lockd.core.access import Case, Refusal, decide
from lockd.core.credentials import SPENT, Credential
from lockd.core.instant import Instant
from lockd.core.parts import Parts
from lockd.core.people import User
from lockd.core.together import NEEDED
from lockd.core.uses import said, state_of
from lockd.words import SCHEDULED, CredentialType, Source

#: Where each is shown. A ProgrammingPIN opens nothing.
PLACES: dict[CredentialType, Source] = {
    "PIN": "Keypad", "RFID": "RFID", "Fingerprint": "Biometric", "Face": "Biometric", "Phone": "ProprietaryRemote",
}  # fmt: skip
IN_WORDS: dict[Source, str] = {
    "Keypad": "at the keypad", "RFID": "at the card reader", "Biometric": "at the reader", "Remote": "over D-Bus",
    "ProprietaryRemote": "by phone",
}  # fmt: skip
#: Of the user's own right; that of a PIN is said by the rules.
USED_UP = "This user's right is used up (used-up): set his type or status anew to give it back."


def why(user: User, parts: Parts, at: Instant, wait_s: Callable[[Source], float] | None) -> dict[str, Any]:
    """With the keys of dbus/names.py's EXPLANATION_FIELDS: allowed, reason (a sentence), detail (as in
    the records), next_open and until (seconds since 1970; 0: never, or nobody can tell). `wait_s`: the
    rest of a source's lockout; None: it is not about now, so the bolt, the door and power are well."""
    people = parts.registry.people
    shown = [credential for credential in people.of(user.index) if credential.kind in PLACES]
    count = len(said(people, shown))
    if count < NEEDED[user.rule]:
        return _no(f"Too few credentials: it takes {NEEDED[user.rule]}, and there is {count or 'none'}.")
    refusals = {each: _decide(user, each, parts, at, wait_s) for each in shown}
    usable = [credential for credential, refusal in refusals.items() if refusal is None]
    if len(said(people, usable)) < NEEDED[user.rule]:
        refusal = next(refusal for refusal in refusals.values() if refusal is not None)
        if user.status != people.status(user, at) and refusal.error == "DisabledUserDenied":
            return _no(USED_UP, "used-up")
        shut = refusal.detail == "schedule-shut"
        return _no(str(refusal.answer), refusal.detail, _next(user, parts, at) if shut else 0)
    return {"allowed": True, "reason": _yes(user, usable, parts), "detail": "", "next_open": 0,
            "until": _until(user, usable, parts, at)}  # fmt: skip


def _decide(
    user: User, credential: Credential, parts: Parts, at: Instant, wait_s: Callable[[Source], float] | None
) -> Refusal | None:
    people, source = parts.registry.people, _place(user, credential)
    asked = user.but(status=people.status(user, at))
    now = wait_s is not None
    return decide(Case(
        "Unlock", source, parts.registry.mode_at(at), True, False, (asked, credential), False,
        wait_s(source) if wait_s is not None else 0.0, parts.door.closed if now else None, parts.exposed and now,
        at.trust, parts.shortage if now else None, at.wall, state_of(people, credential, frozenset()),
        within_hours=people.within_hours(user, at),
    ))  # fmt: skip


def _place(user: User, credential: Credential) -> Source:
    return "Remote" if user.type == "RemoteOnlyUser" else PLACES[credential.kind]


def _no(reason: str, detail: str = "", next_open: int = 0) -> dict[str, Any]:
    return {"allowed": False, "reason": reason, "detail": detail, "next_open": next_open, "until": 0}


def _yes(user: User, usable: Iterable[Credential], parts: Parts) -> str:
    where = " or ".join(dict.fromkeys(IN_WORDS[_place(user, each)] for each in usable))
    needed, window_s = NEEDED[user.rule], parts.settings.users.rule_window_s
    rule = f", with {needed} different credentials within {window_s:g} s" if needed > 1 else ""
    return f"May come in {where}{rule}."


def _next(user: User, parts: Parts, at: Instant) -> int:
    return parts.registry.people.calendar.next_change(user.index, user.type, at.wall // 1_000_000)


def _until(user: User, usable: Iterable[Credential], parts: Parts, at: Instant) -> int:
    """When the right ends, as far as it is known: the user's own, or that of the last of his credentials."""
    ends = [credential.terms.until for credential in usable]
    shown = max(ends) if all(ends) else 0
    return min((end for end in (shown, _users_end(user, parts, at)) if end), default=0)


def _users_end(user: User, parts: Parts, at: Instant) -> int:
    if user.type in SCHEDULED:
        return _next(user, parts, at)
    used = parts.registry.people.spent.get(f"{SPENT}{user.index}", {})
    return int(used.get("expires", 0)) // 1_000_000 if user.type == "ExpiringUser" else 0

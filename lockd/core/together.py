"""Credentials that open together: a user with the rule Dual or Tri shows two or three different ones,
in any order, within a set time.

As Matter has it, any of his credentials count, two PINs too. A duress PIN counts as the usual one that is said
to have been shown in its place: else the trail would say too few, and so that it was one. Nothing of this
outlives a restart.
"""

from __future__ import annotations

from collections.abc import Callable

from lockd.core.credentials import Credential
from lockd.core.people import People, User
from lockd.core.uses import said
from lockd.words import CredentialRule

NEEDED: dict[CredentialRule, int] = {"Single": 1, "Dual": 2, "Tri": 3}


def phone_alone(people: People) -> bool:
    """Whether there is somebody who has no other way to open than his phone, or needs it beside another."""
    return any(_needs_phone(people, number) for number in people.places_of("Phone"))


def _needs_phone(people: People, number: int) -> bool:
    credential = people.credentials["Phone", number]
    user = people.users.get(credential.user)
    others = [each for each in people.of(credential.user) if each.kind not in ("Phone", "ProgrammingPIN")]
    return user is not None and user.status == "OccupiedEnabled" and len(others) < NEEDED[user.rule]


class Together:
    """What was shown and did not suffice by itself: by user, each credential with its mono seconds, and
    whether it called for help."""

    def __init__(self) -> None:
        self._shown: dict[int, tuple[tuple[Credential, float, bool], ...]] = {}

    def show(
        self, people: People, user: User, credential: Credential, forced: bool, still: Callable[[Credential], bool],
        window_s: float, at: float,
    ) -> tuple[int, tuple[Credential, ...], bool]:  # fmt: skip
        """How many more it takes, those of his that count now, this one last, and whether any of them
        called for help (`forced`). They are different ones, shown within the window, and good for as
        much as then (`still`). Enough of them are forgotten by it."""
        before = (
            each for each in self._shown.pop(user.index, ())
            if at - each[1] <= window_s and each[0].key != credential.key and still(each[0])
        )  # fmt: skip
        shown = (*before, (credential, at, forced))
        missing = max(0, NEEDED[user.rule] - len(said(people, (each for each, _, _ in shown))))
        if missing:
            self._shown[user.index] = shown
        return missing, tuple(each for each, _, _ in shown), any(called for _, _, called in shown)

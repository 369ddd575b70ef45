"""Credentials that open together: a user with the rule Dual or Tri shows two or three different ones,
in any order, within a set time.

As Matter has it, any of his credentials count, two PINs too. Nothing of this outlives a restart.
"""

from __future__ import annotations

from lockd.core.people import Credential, People, User
from lockd.words import CredentialRule

NEEDED: dict[CredentialRule, int] = {"Single": 1, "Dual": 2, "Tri": 3}


class Together:
    """What was shown and did not suffice by itself: by user, each credential with its mono seconds."""

    def __init__(self) -> None:
        self._shown: dict[int, tuple[tuple[Credential, float], ...]] = {}

    def show(
        self, user: User, credential: Credential, people: People, window_s: float, at: float
    ) -> tuple[int, tuple[Credential, ...]]:
        """How many more it takes, and those of his that count now, this one last: different ones, shown
        within the window, and neither changed nor removed since. Enough of them are forgotten by it."""
        before = (
            (other, moment) for other, moment in self._shown.pop(user.index, ())
            if at - moment <= window_s and other.key != credential.key and _still(other, people)
        )  # fmt: skip
        shown = (*before, (credential, at))
        missing = max(0, NEEDED[user.rule] - len(shown))
        if missing:
            self._shown[user.index] = shown
        return missing, tuple(other for other, _ in shown)


def _still(credential: Credential, people: People) -> bool:
    return people.credentials.get((credential.kind, credential.index)) == credential

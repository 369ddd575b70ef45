"""Whoever wants to change people: from what is asked to what it takes, by the one module that knows how.

registry.py imports this, and with it those modules, for the first change: they take a twentieth of the time of the
whole core, and before READY they are of no use to who wants to come in.
"""

from __future__ import annotations

from lockd.core.enrolment import clear_credential, set_credential
from lockd.core.events import CredentialCleared, CredentialSet, ScheduleCleared, ScheduleSet, UserCleared, UserSet
from lockd.core.people import People
from lockd.core.roster import Change, clear_user, set_user
from lockd.core.scheduling import plan_schedule
from lockd.settings import UserSettings

#: Changes to people, to what they open with, and to when they may.
Asked = UserSet | UserCleared | CredentialSet | CredentialCleared | ScheduleSet | ScheduleCleared


def plan(event: Asked, people: People, limits: UserSettings) -> Change:
    """The change that an event asks for; raises the LockdError that it meets."""
    match event:
        case UserSet():
            return set_user(event, people, limits)
        case UserCleared():
            return clear_user(event, people)
        case CredentialSet():
            return set_credential(event, people, limits)
        case CredentialCleared():
            return clear_credential(event, people)
        case _:
            return plan_schedule(event, people, limits)

"""Changes to schedules, after Matter's Set…Schedule and Clear…Schedule: checked against everybody
there is, and answered with what to write.
"""

from __future__ import annotations

from typing import Any

from lockd.core.calendar import ALL_SCHEDULES, LOCKS_OWN, TABLE, schedule_key, schedule_row
from lockd.core.effects import Drop
from lockd.core.events import ScheduleCleared, ScheduleSet
from lockd.core.people import People
from lockd.core.roster import Change
from lockd.errors import InvalidField, NotFound
from lockd.settings import UserSettings


def plan_schedule(event: ScheduleSet | ScheduleCleared, people: People, limits: UserSettings) -> Change:
    """The change an event asks for; raises the LockdError that it meets."""
    if event.user != LOCKS_OWN and event.user not in people.users:
        raise NotFound(f"There is no user {event.user}.")
    every = isinstance(event, ScheduleCleared) and event.index == ALL_SCHEDULES
    there = (event.kind, event.index) in people.calendar.of(event.user)  # though the setting was lowered since
    if not every and not there and not 1 <= event.index <= limits.schedules:
        raise InvalidField(f"index: {event.index} is out of range: 1 to {limits.schedules} (users.schedules).")
    return _set(event, people) if isinstance(event, ScheduleSet) else _clear(event, people)


def _set(event: ScheduleSet, people: People) -> Change:
    """A new entry, or another one in its place."""
    fields = event.fields
    if "start" in fields and fields["start"] >= fields["end"]:
        raise InvalidField("end: must be later than start; both are seconds since 1970.")
    operation = "Modify" if (event.kind, event.index) in people.calendar.of(event.user) else "Add"
    row = schedule_row(event.kind, event.user, event.index, fields)
    return Change((row,), _told(event, operation))


def _clear(event: ScheduleCleared, people: People) -> Change:
    there = [index for kind, index in people.calendar.of(event.user) if kind == event.kind]
    if event.index != ALL_SCHEDULES and event.index not in there:
        raise NotFound(f"There is no {event.kind} {event.index}.")
    gone = there if event.index == ALL_SCHEDULES else [event.index]
    drops = tuple(Drop(TABLE, schedule_key(event.kind, event.user, index)) for index in gone)
    return Change(drops, _told(event, "Clear"))


def _told(event: ScheduleSet | ScheduleCleared, operation: str) -> dict[str, Any]:
    whose = {"user": event.user} if event.user != LOCKS_OWN else {}
    told = {"data_type": event.kind, "operation": operation, "source": "Remote", "by": event.by}
    return {**told, **whose, "index": event.index}

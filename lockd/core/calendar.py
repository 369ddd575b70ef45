"""Schedules in memory: whose windows are open, and which holiday it is.

What hours mean is in schedule.py, which is imported when somebody comes whom they concern: with
datetime it takes as long as a thirtieth of the core, and a lock without schedules knows no time zone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lockd.core.effects import Drop, Put, Write
from lockd.core.instant import Instant
from lockd.core.spans import Holiday
from lockd.words import OperatingMode, ScheduleKind, UserType

if TYPE_CHECKING:
    from datetime import tzinfo

TABLE = "schedule"
#: What an entry of each kind holds, as on D-Bus.
FIELDS: dict[ScheduleKind, tuple[str, ...]] = {
    "WeekDaySchedule": ("days", "start_hour", "start_minute", "end_hour", "end_minute"),
    "YearDaySchedule": ("start", "end"),
    "HolidaySchedule": ("start", "end", "mode"),
}

#: The kind and the index of one of a user's entries.
Place = tuple[ScheduleKind, int]
LOCKS_OWN = 0  #: whose holidays are
ALL_SCHEDULES = 0xFE  #: the index that means every one


def utc() -> tzinfo:
    """The zone of a lock that was told of none."""
    from datetime import UTC

    return UTC


def schedule_key(kind: ScheduleKind, user: int, index: int) -> str:
    """Its row in the store."""
    return f"{kind}:{user}:{index}"


def schedule_row(kind: ScheduleKind, user: int, index: int, fields: Mapping[str, Any]) -> Put:
    """As it is stored."""
    return Put(TABLE, schedule_key(kind, user, index), {"kind": kind, "user": user, "index": index, **fields})


def _order(entry: tuple[Place, object]) -> tuple[int, int]:
    (kind, index), _ = entry
    return tuple(FIELDS).index(kind), index


class Calendar:
    """Everybody's schedules, and the lock's holidays. Changes only by `apply`, with rows that are on
    disk. `zone`: gives the lock's time zone; it is first asked when a weekly window is there."""

    def __init__(self, rows: Iterable[Mapping[str, Any]] = (), zone: Callable[[], tzinfo] = utc) -> None:
        self.zone = zone
        self._of: dict[int, dict[Place, dict[str, Any]]] = {}
        self._holidays: dict[int, Holiday] = {}
        self.apply(schedule_row(row["kind"], row["user"], row["index"], row) for row in rows)

    def of(self, user: int) -> Mapping[Place, Mapping[str, Any]]:
        """A user's entries, as on D-Bus; those of the lock are its holidays."""
        return self._of.get(user, {})

    def users(self) -> list[int]:
        """Everybody who has any, the lock itself among them."""
        return list(self._of)

    def listed(self, first: int, last: int, most: int) -> Iterator[dict[str, Any]]:
        """The entries of these users with `type`, `user` and `index`, by user, type and index: all of each
        user, until there are as many as `most`. Meanwhile they may change."""
        count = 0
        for user in sorted(user for user in self._of if first <= user <= last):
            own = sorted(self.of(user).items(), key=_order)
            yield from ({"type": kind, "user": user, "index": index, **entry} for (kind, index), entry in own)
            count += len(own)
            if count >= most:
                return

    def drops(self, user: int) -> tuple[Drop, ...]:
        """The writes that remove all of a user's."""
        return tuple(Drop(TABLE, schedule_key(kind, user, index)) for kind, index in self.of(user))

    def open(self, user: int, kind: UserType, seconds: int) -> bool:
        """Whether the windows that this type asks for are open then, in seconds since 1970."""
        if user not in self._of:
            return False
        from lockd.core.schedule import is_open, timetable

        return is_open(kind, timetable(self._of[user].values()), seconds, self.zone)

    def next_change(self, user: int, kind: UserType, seconds: int) -> int:
        """When `open` next becomes what it is not then; 0: never, as far as can be seen."""
        if user not in self._of:
            return 0
        from lockd.core.schedule import next_change, timetable

        return next_change(kind, timetable(self._of[user].values()), seconds, self.zone)

    def lasting(self, at: Instant) -> list[int]:
        """The holidays that it is now, the one that counts first; none with a clock that may be wrong."""
        if not self._holidays or at.trust != "Trusted":
            return []
        seconds = at.wall // 1_000_000
        return sorted(index for index, holiday in self._holidays.items() if holiday.open(seconds))

    def mode(self, index: int) -> OperatingMode:
        """That of a holiday."""
        return self._holidays[index].mode

    def deadline(self, at: Instant) -> float | None:
        """When a holiday next begins or ends, in mono seconds; None: never, or nobody knows."""
        if not self._holidays or at.trust != "Trusted":
            return None
        edges = (edge * 1_000_000 for each in self._holidays.values() for edge in (each.start, each.end))
        wall = min((edge for edge in edges if edge > at.wall), default=None)
        return at.mono + (wall - at.wall) / 1_000_000 if wall is not None else None

    def apply(self, writes: Iterable[Write]) -> None:
        """Take over what was committed."""
        for write in writes:
            kind, user, index = write.key.split(":")
            self._take(kind, int(user), int(index), write.value if isinstance(write, Put) else None)  # type: ignore[arg-type]

    def _take(self, kind: ScheduleKind, user: int, index: int, row: Mapping[str, Any] | None) -> None:
        own = self._of.setdefault(user, {})
        own.pop((kind, index), None)
        if row is not None:
            own[kind, index] = {name: row[name] for name in FIELDS[kind]}
            if kind == "WeekDaySchedule":
                self.zone()
        if kind == "HolidaySchedule":
            self._holidays = self._made(own)
        if not own:
            del self._of[user]

    @staticmethod
    def _made(own: Mapping[Place, Mapping[str, Any]]) -> dict[int, Holiday]:
        return {index: Holiday(**row) for (_, index), row in own.items()}

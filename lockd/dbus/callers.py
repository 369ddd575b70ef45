"""Who sends: the Unix user behind a name on the bus; and who may hear the private signals."""

from __future__ import annotations

import asyncio
import pwd
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TypeVar

from lockd.dbus.connection import CallError, Connection
from lockd.dbus.desk import Caller
from lockd.errors import AccessDenied

#: Callers remembered; the bus never gives a unique name twice, so that one forgotten is only asked for again.
MOST_CALLERS = 256
#: The longest that a user's name is waited for.
NAME_S = 2.0
#: Listeners with the right to read the log; one more makes the oldest deaf until it calls again.
MOST_READERS = 32

Key = TypeVar("Key", str, int)


class Callers:
    """Asks the bus once for each sender."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._uids: dict[str, int] = {}
        self._names: dict[int, str] = {}

    async def uid(self, sender: str) -> int:
        """His Unix user, as the bus itself knows him. AccessDenied when he has left already."""
        if sender not in self._uids:
            try:
                (uid,) = await self._connection.ask_bus("GetConnectionUnixUser", "s", sender)
            except (CallError, OSError):
                raise AccessDenied("the bus does not know who you are") from None
            _remember(self._uids, sender, uid)
        return self._uids[sender]

    async def identify(self, sender: str) -> Caller:
        """The caller with the name of his user. AccessDenied as above."""
        uid = await self.uid(sender)
        if uid not in self._names:
            try:
                name = await _user_name(uid)
            except RuntimeError:  # no thread is to be had now; the next call tries again
                return Caller(sender, uid, "")
            _remember(self._names, uid, name)
        return Caller(sender, uid, self._names[uid])


class Readers:
    """Connected callers who have shown the right to read the log since they connected."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._names: dict[str, None] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._names))

    def admit(self, sender: str) -> None:
        """He has the right."""
        if sender in self._names:
            return
        if len(self._names) >= MOST_READERS:
            self.left(next(iter(self._names)))
        self._names[sender] = None
        self._connection.tell_bus("AddMatch", "s", _departure(sender))

    def left(self, sender: str) -> None:
        """He is not on the bus any more."""
        if sender in self._names:
            del self._names[sender]
            self._connection.tell_bus("RemoveMatch", "s", _departure(sender))


def _remember(known: dict[Key, Any], key: Key, value: Any) -> None:
    """The oldest makes room."""
    if len(known) >= MOST_CALLERS and key not in known:
        del known[next(iter(known))]
    known[key] = value


def _departure(sender: str) -> str:
    """Only this caller's end wakes lockd, not everybody's."""
    return (
        "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
        f"member='NameOwnerChanged',arg0='{sender}'"
    )


async def _user_name(uid: int) -> str:
    """Empty if there is none, or none in time: a directory in the network may be asked, so that it is asked in
    a thread, which may hang as long as it likes. RuntimeError: no thread could be started."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def give(name: str) -> None:
        if not answer.done():
            answer.set_result(name)

    def look_up() -> None:
        try:
            name = pwd.getpwuid(uid).pw_name
        except (KeyError, OSError, OverflowError):
            name = ""
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(give, name)

    threading.Thread(target=look_up, name="lockd-user-name", daemon=True).start()
    try:
        async with asyncio.timeout(NAME_S):
            return await answer
    except TimeoutError:
        return ""

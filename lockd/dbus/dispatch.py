"""Answers the calls of one connection: rights, limits, errors, replies."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from dbus_next.constants import MessageFlag
from dbus_next.message import Message

from lockd.dbus import names, rows
from lockd.dbus.callers import Callers, Readers
from lockd.dbus.connection import Connection
from lockd.dbus.desk import Caller
from lockd.dbus.frames import close_all
from lockd.dbus.polkit import Policy
from lockd.dbus.router import Answer, Call, Router, body_of
from lockd.dbus.shape import Arg
from lockd.dbus.standard import ERROR, StandardError
from lockd.dbus.variants import clean
from lockd.errors import AccessDenied, Busy, InvalidField, LockdError

log = logging.getLogger("lockd.dbus")

#: Calls under way, of all callers and of one; of one user on however many connections half of all.
MOST_PENDING = 256
MOST_PENDING_OF_ONE = 32
#: So many are root's alone.
ROOM_FOR_ROOT = 32
#: The longest text of an error.
LONGEST_ERROR = 1000
TOO_MANY = "too many calls are waiting already; try again when they are answered"


class Load:
    """The calls under way, over all connections: one that lost its caller still ends by itself."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._of: Counter[str] = Counter()
        self._of_user: Counter[int] = Counter()
        #: Of each method with a long answer only one is made at a time; another method need not wait for it.
        self.turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def refuse_more(self, sender: str) -> None:
        """Busy if there is no room for another call of this sender."""
        if len(self._tasks) >= MOST_PENDING or self._of[sender] >= MOST_PENDING_OF_ONE:
            raise Busy(TOO_MANY)

    @contextmanager
    def of_user(self, uid: int) -> Iterator[None]:
        """A call, from when it is known whose it is. Busy if this user leaves too little room for others."""
        strangers = self._of_user.total() - self._of_user[0]
        if self._of_user[uid] >= MOST_PENDING // 2 or (uid and strangers >= MOST_PENDING - ROOM_FOR_ROOT):
            raise Busy(TOO_MANY)
        self._of_user[uid] += 1
        try:
            yield
        finally:
            self._of_user -= Counter((uid,))  # which drops those that are down to none

    def begin(self, sender: str, work: Coroutine[Any, Any, None]) -> None:
        """Run it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        self._of[sender] += 1
        task.add_done_callback(lambda done: self._end(sender, done))

    async def stop(self) -> None:
        """End all of them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _end(self, sender: str, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._of[sender] -= 1
        if not self._of[sender]:
            del self._of[sender]


class Dispatcher:
    """Takes the method calls of one connection."""

    def __init__(
        self, connection: Connection, router: Router, policy: Policy, callers: Callers, readers: Readers, load: Load
    ) -> None:
        self._connection = connection
        self._router = router
        self._policy = policy
        self._callers = callers
        self._readers = readers
        self._load = load

    def receive(self, message: Message, whole: bool) -> None:
        """A method call; answered at once or later, with a result or an error, unless no answer is wanted."""
        try:
            asked = self._router.understand(message, whole)
            if isinstance(asked, Answer):
                self._reply(message, asked.gives, body_of(asked.gives, asked.values))
                return
            self._load.refuse_more(message.sender)
            kept = message.unix_fds if asked.files else []
            self._load.begin(message.sender, self._perform(message, asked, kept))
            if kept:
                message.unix_fds = []
        except Exception as error:  # noqa: BLE001 - every fault becomes the caller's answer
            self._refuse(message, error)

    async def _perform(self, message: Message, call: Call, files: list[int]) -> None:
        try:
            with self._load.of_user(await self._callers.uid(message.sender)):
                caller = await self._callers.identify(message.sender)
                values = await self._admit(message, call, caller)
                body, marshalled = await self._answer(call, caller, values)
                self._reply(message, call.gives, body, marshalled)
        except Exception as error:  # noqa: BLE001 - every fault becomes the caller's answer
            self._refuse(message, error)
        finally:
            close_all(files)

    async def _admit(self, message: Message, call: Call, caller: Caller) -> list[Any]:
        """The arguments, if he has the right and they are good; a refusal leaves a trace."""
        interactive = bool(message.flags & MessageFlag.ALLOW_INTERACTIVE_AUTHORIZATION)
        try:
            await self._policy.require(caller, call.right, interactive)
            values = call.check()
        except (AccessDenied, InvalidField) as error:
            if call.right == "operate" or (call.right != "any" and isinstance(error, AccessDenied)):
                self._router.desk.refused(caller.by, call.name, error.name)
            raise
        if call.right == "read-log" and self._connection.connected:
            self._readers.admit(message.sender)
        return values

    async def _answer(self, call: Call, caller: Caller, values: list[Any]) -> tuple[list[Any], bytes | None]:
        """The answer's body. One that is all rows is marshalled here: one at a time, and that in slices."""
        if [arg.signature for arg in call.gives] == [rows.SIGNATURE]:
            async with self._load.turns[call.name]:
                return [[]], await rows.body_of_rows(call.gives[0], await call.run(caller, *values))
        result = await call.run(caller, *values)
        return body_of(call.gives, result if len(call.gives) > 1 else (result,)[: len(call.gives)]), None

    def _reply(
        self, message: Message, gives: tuple[Arg, ...], body: list[Any], marshalled: bytes | None = None
    ) -> None:
        reply = Message.new_method_return(message, "".join(arg.signature for arg in gives), body)
        self._send(message, reply, marshalled)

    def _refuse(self, message: Message, error: Exception) -> None:
        name, text = _named(error)
        if name is None:
            log.error("%s failed: %s", message.member, type(error).__name__, exc_info=error)
            name, text = names.ERROR + "Failure", "lockd failed at this; its journal says why"
        self._send(message, Message.new_error(message, name, clean(text[:LONGEST_ERROR])))

    def _send(self, message: Message, reply: Message, marshalled: bytes | None = None) -> None:
        if not message.flags & MessageFlag.NO_REPLY_EXPECTED:
            self._connection.post(reply, marshalled)


def _named(error: Exception) -> tuple[str | None, str]:
    """The D-Bus name and the text of an error that has them."""
    if isinstance(error, AccessDenied):
        return ERROR + "AccessDenied", str(error)
    if isinstance(error, LockdError):
        return names.ERROR + error.name, str(error)
    if isinstance(error, StandardError):
        return error.name, str(error)
    return None, ""

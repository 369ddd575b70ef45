"""A small client for lockctl and the front panel: plain Python in and out, errors as in lockd.errors."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Self

from dbus_next.constants import MessageFlag, MessageType
from dbus_next.message import Message
from dbus_next.signature import Variant

from lockd import errors
from lockd.dbus import names, standard
from lockd.dbus.connection import CallError, Connection
from lockd.dbus.variants import FILE, plain, refuse_odd, to_wire
from lockd.errors import AccessDenied, Failure, InvalidField, LockdError, UnsupportedCommand
from lockd.value import Value

#: A person may be asked for a password (60 s), and a bolt may try more than once.
TIMEOUT_S = 120.0
#: The longest answer: 1000 log entries are a tenth of it.
LARGEST = 16 * 1024 * 1024
#: Signals that wait for a reader who is slow; the oldest of more are dropped.
MOST_SIGNALS = 1000

_BUS = "org.freedesktop.DBus"
_RULES = (
    f"type='signal',sender='{names.BUS_NAME}',path='{names.PATH}'",
    f"type='signal',sender='{_BUS}',member='NameOwnerChanged',arg0='{names.BUS_NAME}'",
)
_METHODS = {(each.name, method.name): method for each in names.INTERFACES for method in each.methods}
_PROPERTIES = {(each.name, prop.name): prop for each in names.INTERFACES for prop in each.properties}
_ERRORS: Mapping[str, type[LockdError]] = {
    names.ERROR + kind.name: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, LockdError) and "name" in vars(kind)
} | {names.ERROR + "Failure": Failure, standard.ERROR + "AccessDenied": AccessDenied}


class NoBus(Failure):
    """There is no message bus there, or it ended."""


class NotRunning(Failure):
    """The bus is there, lockd is not on it."""


class NoAnswer(Failure):
    """lockd took too long."""


class Signal(Value):
    """What lockd told. `value`: the plain value of its argument; of PropertiesChanged a pair
    (interface, new values). `Lost` and `Back` of org.lockd1 say that lockd itself left or came."""

    interface: str
    name: str
    value: Any


class Client:
    """One connection: `async with Client.connect("system") as lock: await lock.call(...)`.

    Errors that lockd answers with are raised as the class of that name in lockd.errors; besides those
    NoBus, NotRunning and NoAnswer.
    """

    def __init__(self, bus: str, starts: bool) -> None:
        self.bus = bus
        self._flags = MessageFlag.ALLOW_INTERACTIVE_AUTHORIZATION
        if not starts:
            self._flags |= MessageFlag.NO_AUTOSTART
        self._link: Connection
        self._owner: str | None = None  # whose signals are lockd's; empty: nobody's; None: not known yet
        self._listening = False
        self._queues: list[asyncio.Queue[Signal | None]] = []

    @classmethod
    def connect(cls, bus: str = "system", starts: bool = True) -> Self:
        """`bus`: system, session or an address. `starts`: a call may have the bus start lockd. To be
        entered with `async with`."""
        return cls(bus, starts)

    async def __aenter__(self) -> Self:
        try:
            self._link = await Connection.open(self.bus, self._heard, LARGEST, files=True)
        except (OSError, CallError) as error:
            raise NoBus(f"the {_in_words(self.bus)} cannot be reached: {error}") from None
        self._link.when_gone(lambda: self._tell(None))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._link.close()

    async def call(self, interface: str, method: str, *values: Any, timeout_s: float = TIMEOUT_S) -> Any:
        """Call a method with plain values, or file descriptors. Gives None, the value, or a tuple of the values.

        Missing options at the end are taken as empty. Raises LockdError.
        """
        known = _METHODS.get((interface, method))
        if known is None:
            raise UnsupportedCommand(f"there is no method {method} of {interface}")
        if len(values) == len(known.takes) - 1 and known.takes[-1].fields:
            values = (*values, {})
        if len(values) != len(known.takes):
            raise InvalidField(f"{method} takes {', '.join(arg.name for arg in known.takes) or 'nothing'}")
        for arg, value in zip(known.takes, values, strict=True):
            refuse_odd(arg, value)
        files = [value for arg, value in zip(known.takes, values, strict=True) if arg.signature == FILE]
        if files and not self._link.files:
            raise UnsupportedCommand(f"the {_in_words(self.bus)} passes no open files on, which {method} needs")
        with self._translated(method):
            body = [files.index(value) if arg.signature == FILE else to_wire(arg, value)
                    for arg, value in zip(known.takes, values, strict=True)]  # fmt: skip
        signature = "".join(arg.signature for arg in known.takes)
        answer = await self._ask(interface, method, signature, body, timeout_s, files)
        return None if not known.gives else answer[0] if len(known.gives) == 1 else tuple(answer)

    async def get(self, interface: str, name: str) -> Any:
        """One property."""
        (value,) = await self._ask(standard.PROPERTIES.name, "Get", "ss", [interface, name])
        return value

    async def get_all(self, interface: str) -> dict[str, Any]:
        """All properties of an interface."""
        (values,) = await self._ask(standard.PROPERTIES.name, "GetAll", "s", [interface])
        return dict(values)

    async def set(self, interface: str, name: str, value: Any) -> None:
        """Change a property."""
        prop = _PROPERTIES.get((interface, name))
        if prop is None:
            raise UnsupportedCommand(f"there is no property {name} of {interface}")
        with self._translated(name):
            variant = Variant(prop.signature, value)
        await self._ask(standard.PROPERTIES.name, "Set", "ssv", [interface, name, variant])

    @asynccontextmanager
    async def signals(self) -> AsyncIterator[AsyncIterator[Signal]]:
        """`async with lock.signals() as news: async for signal in news`: all that lockd tells from the entry on.

        It goes on when lockd leaves and comes back; NoBus when the bus ends.
        """
        queue: asyncio.Queue[Signal | None] = asyncio.Queue(MOST_SIGNALS)
        self._queues.append(queue)
        stream = self._drain(queue)
        try:
            await self._listen()
            yield stream
        finally:
            self._queues.remove(queue)
            await stream.aclose()

    async def _drain(self, queue: asyncio.Queue[Signal | None]) -> AsyncGenerator[Signal, None]:
        while signal := await queue.get():
            yield signal
        raise NoBus(f"the {_in_words(self.bus)} has ended")

    async def _listen(self) -> None:
        """Have the bus send us lockd's signals, and word of its coming and going."""
        if self._listening:
            return
        with self._translated("listen"):
            for rule in _RULES:
                await self._link.ask_bus("AddMatch", "s", rule)
            try:
                (owner,) = await self._link.ask_bus("GetNameOwner", "s", names.BUS_NAME)
            except CallError:
                owner = ""  # it is not there yet; the rules tell when it comes
            if self._owner is None:  # else word of its coming was read together with the answer, and is newer
                self._owner = owner
        self._listening = True

    async def _ask(
        self, interface: str, member: str, signature: str, body: list[Any], timeout_s: float = TIMEOUT_S,
        files: Sequence[int] = (),
    ) -> list[Any]:  # fmt: skip
        with self._translated(member):
            message = Message(
                destination=names.BUS_NAME,
                path=names.PATH,
                interface=interface,
                member=member,
                signature=signature,
                body=body,
                flags=self._flags,
                unix_fds=list(files),
            )
            return [plain(value) for value in await self._link.ask(message, timeout_s)]

    @contextmanager
    def _translated(self, member: str) -> Iterator[None]:
        """Errors of D-Bus as errors for people."""
        try:
            yield
        except CallError as error:
            raise _error(error, member, self.bus) from None
        except TimeoutError:
            raise NoAnswer(f"lockd did not answer to {member} in time") from None
        except OSError as error:
            raise NoBus(f"the {_in_words(self.bus)} has ended: {error}") from None
        except (TypeError, ValueError, struct.error) as error:
            raise InvalidField(f"{member}: a value is of the wrong type ({type(error).__name__})") from None

    def _heard(self, message: Message, whole: bool) -> None:
        if message.message_type is not MessageType.SIGNAL or not whole or not message.body:
            return
        if message.sender == _BUS and message.member == "NameOwnerChanged" and message.body[0] == names.BUS_NAME:
            self._owner = message.body[2]
            self._tell(Signal(names.BUS_NAME, "Back" if self._owner else "Lost", None))
        elif message.sender == self._owner and message.path == names.PATH:
            body = plain(message.body)
            value = (body[0], body[1]) if message.interface == standard.PROPERTIES.name else body[0]
            self._tell(Signal(message.interface, message.member, value))

    def _tell(self, signal: Signal | None) -> None:
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(signal)


def _error(error: CallError, member: str, bus: str) -> LockdError:
    text = str(error)
    if kind := _ERRORS.get(error.name):
        return kind(text)
    word = error.name.removeprefix(standard.ERROR)
    if word in ("ServiceUnknown", "NameHasNoOwner") or word.startswith("Spawn."):
        return NotRunning(f"lockd is not running on the {_in_words(bus)}")
    if word in ("NoReply", "Disconnected", "Timeout", "TimedOut"):
        return NoAnswer(f"lockd went away, or did not answer to {member} in time")
    if word in ("UnknownInterface", "UnknownMethod", "UnknownProperty", "UnknownObject"):
        return UnsupportedCommand(f"this lockd does not have {member}: {text}")
    return Failure(f"{text} ({error.name})")


def _in_words(bus: str) -> str:
    return f"{bus} bus" if bus in ("system", "session") else f"bus at {bus}"

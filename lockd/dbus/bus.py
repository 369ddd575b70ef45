"""lockd on a message bus: it owns org.lockd1, answers, tells; and comes back whenever the bus does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from dbus_next.constants import MessageType
from dbus_next.message import Message

from lockd.dbus import names
from lockd.dbus.callers import Callers, Readers
from lockd.dbus.connection import CallError, Connection
from lockd.dbus.desk import Desk
from lockd.dbus.dispatch import Dispatcher, Load
from lockd.dbus.polkit import PolicyWord, policy_for
from lockd.dbus.router import Router
from lockd.dbus.standard import PROPERTIES
from lockd.dbus.variants import to_wire, variant

log = logging.getLogger("lockd.dbus")

#: Seconds between tries while there is no bus: doubling from the first to the last.
FIRST_RETRY_S = 0.1
LAST_RETRY_S = 3.0
#: Answers of RequestName that mean that the name is ours.
_OURS = (1, 4)
_BUS = "org.freedesktop.DBus"


class Bus:
    """`bus`: system, session or an address. `policy`: polkit, or same-user for a bus of one's own.

    `told` is called whenever `trouble` has changed: one line for people, empty while org.lockd1 is ours.
    """

    def __init__(
        self,
        bus: str,
        desk: Desk,
        policy: PolicyWord,
        *,
        simulator: bool = False,
        told: Callable[[], None] = lambda: None,
    ) -> None:
        self.trouble = "not connected to D-Bus yet"
        self._bus = bus
        self._policy: PolicyWord = policy
        self._router = Router(desk, simulator)
        self._load = Load()
        self._told = told
        self._session: _Session | None = None
        self._owned = asyncio.Event()
        self._awake = asyncio.Event()
        self._awake.set()
        self._running: asyncio.Task[Any] | None = None

    async def run(self) -> None:
        """Keep connected until cancelled, or closed (which is the same)."""
        self._running = asyncio.current_task()
        retry_s = FIRST_RETRY_S
        try:
            while True:
                if not self._awake.is_set():
                    self._say("asleep while power is short")
                    await self._awake.wait()
                try:
                    connection = await self._connect()
                    await self._request_name(connection)
                    retry_s = FIRST_RETRY_S
                    if self._awake.is_set():
                        self._say(f"the D-Bus connection ended: {await connection.gone()}")
                except (OSError, CallError) as error:
                    why = error.strerror if isinstance(error, OSError) and error.strerror else error
                    self._say(f"no D-Bus at {self._bus}: {why}")
                finally:
                    self._leave()
                if self._awake.is_set():
                    await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, LAST_RETRY_S)
        finally:
            await self._load.stop()

    def sleep(self, asleep: bool) -> None:
        """Leave the bus, and stay away until told otherwise; calls under way end unanswered."""
        if not asleep:
            self._awake.set()
        elif self._awake.is_set():
            self._awake.clear()
            if self._session:
                self._session.connection.close("power is short")

    async def owned(self) -> None:
        """Wait until org.lockd1 is ours."""
        await self._owned.wait()

    def emit(self, interface: str, signal: str, value: Any, private: bool = False) -> None:
        """Send a signal with one argument, to all or (private) to those with the right to read the log.

        Without a bus nobody hears it; what matters is in the audit trail. KeyError: no such signal.
        """
        (arg,) = _SIGNALS[interface, signal].carries
        body = [to_wire(arg, value)]
        if session := self._session:
            for listener in session.readers if private else (None,):
                session.connection.post(_signal(interface, signal, arg.signature, body, listener))

    def properties_changed(self, interface: str, values: Mapping[str, Any]) -> None:
        """Tell of new values. KeyError: no such property."""
        signatures = self._router.signatures(interface)
        changed = {name: variant(signatures[name], value) for name, value in values.items()}
        if session := self._session:
            body = [interface, changed, []]
            session.connection.post(_signal(PROPERTIES.name, "PropertiesChanged", "sa{sv}as", body, None))

    async def close(self) -> None:
        """End `run`: leave the bus, and end all calls under way."""
        if self._running:
            self._running.cancel()
            await asyncio.wait({self._running})

    async def _connect(self) -> Connection:
        def receive(message: Message, whole: bool) -> None:
            if message.message_type is MessageType.SIGNAL:
                self._heard(message)
            elif self._session:
                self._session.dispatcher.receive(message, whole)

        connection = await Connection.open(self._bus, receive, files=True)
        self._session = _Session(connection, self._router, self._policy, self._load)
        return connection

    async def _request_name(self, connection: Connection) -> None:
        """Ask for the name; if another has it the bus gives it to us as soon as it is free."""
        (answer,) = await connection.ask_bus("RequestName", "su", names.BUS_NAME, 0)
        if answer in _OURS:
            self._say("")
        else:
            self._say(f"another process owns {names.BUS_NAME} on the bus; waiting for it to go")

    def _heard(self, message: Message) -> None:
        """What the bus itself tells us; others cannot say so."""
        session = self._session
        if session is None or message.sender != _BUS or not message.body:
            return
        if message.member == "NameOwnerChanged":
            session.readers.left(message.body[0])
        elif message.body[0] == names.BUS_NAME and message.member == "NameAcquired":
            self._say("")
        elif message.body[0] == names.BUS_NAME and message.member == "NameLost":
            session.connection.close(f"lost the name {names.BUS_NAME}")

    def _leave(self) -> None:
        if self._session:
            self._session.connection.close()
        self._session = None
        self._owned.clear()

    def _say(self, trouble: str) -> None:
        """Log it and tell of it when it is new."""
        if trouble:
            self._owned.clear()
        else:
            self._owned.set()
        if trouble == self.trouble:
            return
        self.trouble = trouble
        if trouble:
            log.warning("%s", trouble)
        else:
            log.info("%s is ours on the bus", names.BUS_NAME)
        self._told()


class _Session:
    """What lives as long as one connection."""

    def __init__(self, connection: Connection, router: Router, policy: PolicyWord, load: Load) -> None:
        self.connection = connection
        self.readers = Readers(connection)
        self.dispatcher = Dispatcher(
            connection, router, policy_for(policy, connection), Callers(connection), self.readers, load
        )


_SIGNALS = {(each.name, signal.name): signal for each in names.INTERFACES for signal in each.signals}


def _signal(interface: str, member: str, signature: str, body: list[Any], listener: str | None) -> Message:
    return Message(
        message_type=MessageType.SIGNAL,
        path=names.PATH,
        interface=interface,
        member=member,
        signature=signature,
        body=body,
        destination=listener,  # type: ignore[arg-type]
    )

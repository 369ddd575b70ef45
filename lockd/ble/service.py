"""The phones that are connected: a session for each, between BlueZ and whoever carries commands out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Protocol

from lockd.ble.adapter import Adapter
from lockd.ble.advert import Spec
from lockd.ble.gatt import Gatt, Written
from lockd.ble.link import Connect
from lockd.wire import results
from lockd.wire.events import Closed, CommandReceived, Opened, Output
from lockd.wire.limits import Connections
from lockd.wire.session import LockEnd, LockSession, Phone


class Counter(Protocol):
    """Who carries commands out."""

    def opened(self, session: LockSession, opened: Opened) -> None:
        """A phone has proved its key."""

    def asked(self, device: str, session: LockSession, command: CommandReceived) -> None:
        """It wants something; `Service.reply` answers, once or (ACCEPTED first) twice."""

    def ended(self, session: LockSession, closed: Closed) -> None:
        """The session is wiped."""

    def told(self) -> None:
        """`trouble`, `present` or `advertising` has changed."""


def now() -> float:
    """Seconds of the clock that nobody sets and that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Service:
    """`connect` gives a connection to the bus that BlueZ is on; `adapter`: hci0, …, or auto."""

    def __init__(self, connect: Connect, lock: LockEnd, adapter: str, counter: Counter) -> None:
        self._lock, self._counter = lock, counter
        self._connections = Connections()
        self._sessions: dict[str, LockSession] = {}
        self._timer: asyncio.TimerHandle | None = None
        gatt = Gatt(lock.info, self._written, lambda path: self._adapter.released(path))
        self._adapter = Adapter(connect, gatt, adapter, self)

    @property
    def trouble(self) -> str:
        """Why no phone can connect; empty: they can."""
        return self._adapter.trouble

    @property
    def present(self) -> bool:
        """Whether there is an adapter."""
        return self._adapter.present

    @property
    def advertising(self) -> bool:
        """Whether it advertises."""
        return self._adapter.advertising

    @property
    def sessions(self) -> Mapping[str, LockSession]:
        """The live ones, by device path."""
        return self._sessions

    async def run(self) -> None:
        """Until cancelled."""
        try:
            await self._adapter.run()
        finally:
            self.lost()

    def advertise(self, spec: Spec | None) -> None:
        """Like this; None: not at all, and let everybody go."""
        self._adapter.advertise(spec)
        if spec is None:
            for device in tuple(self._sessions):
                self.close(device, results.LOW_POWER)

    def reply(self, device: str, session: LockSession, identity: int, result: int, fields: Mapping[str, Any]) -> None:
        """Answer a command of that session; nothing happens if it is over."""
        self._carry_out(device, session, session.reply(identity, result, fields, now()))

    def admit(self, device: str, session: LockSession, phone: Phone) -> None:
        """The pass that it has shown holds."""
        session.admit(phone)
        self._connections.verified(device)

    def close(self, device: str, result: int) -> None:
        """End the session of a device, saying why."""
        session = self._sessions.get(device)
        if session is not None:
            self._carry_out(device, session, session.close(result, now()))

    # What the adapter tells ------------------------------------------------------------------------

    def came(self, device: str) -> None:
        """It has connected, and may never say a word."""
        self._connections.arrived(device, now())
        self._arm()

    def excused(self, device: str) -> None:
        """It is no phone of ours, and may stay."""
        self._connections.excused(device)
        self._arm()

    def left(self, device: str) -> None:
        """It has disconnected."""
        self._forget(device)
        self._connections.closed(device)
        self._arm()

    def lost(self) -> None:
        """All have."""
        for device in tuple(self._sessions):
            self.left(device)
        self._connections = Connections()
        self._arm()

    def told(self) -> None:
        """Something about the adapter has changed."""
        self._counter.told()

    def _written(self, written: Written) -> int:
        """A write to RX; the code of the ATT error that it gets, or 0."""
        at = now()
        before = self._sessions.get(written.device)
        if before is not None and before.replaced_by(written.value):
            self._forget(written.device)
            self._connections.closed(written.device)
        if written.device not in self._sessions and any(
            other.speaks_as(written.value) for other in self._sessions.values()
        ):
            self._send_away(written.device)
            return results.TOO_MANY_SESSIONS
        leaves = self._connections.opened(written.device, at)
        if leaves is not None:
            self._send_away(leaves)
        if leaves == written.device:
            return results.TOO_MANY_SESSIONS
        session = self._sessions.get(written.device)
        if session is None:
            session = self._sessions[written.device] = LockSession(self._lock, at)
        out = session.receive(written.value, written.offset, written.mtu, at)
        # The answer to the write goes first, and what follows from it after.
        asyncio.get_running_loop().call_soon(self._carry_out, written.device, session, out)
        return out.error

    def _carry_out(self, device: str, session: LockSession, out: Output) -> None:
        for frame in out.frames:
            self._adapter.notify(frame)
        for event in out.events:
            match event:
                case Opened():
                    if session.verified:
                        self._connections.verified(device)
                    self._counter.opened(session, event)
                case CommandReceived():
                    self._counter.asked(device, session, event)
                case Closed():
                    self._counter.ended(session, event)
                    self._send_away(device)
        self._arm()

    def _send_away(self, device: str) -> None:
        self._forget(device)
        self._adapter.disconnect(device)

    def _forget(self, device: str) -> None:
        """Wipe what there is of it."""
        session = self._sessions.pop(device, None)
        if session is not None:
            session.close(results.TIMEOUT, now())

    def _arm(self) -> None:
        """One timer for all that has an end."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        ends = [session.next_deadline() for session in self._sessions.values()]
        due = [at for at in (*ends, self._connections.next_deadline()) if at is not None]
        if due:
            delay = max(0.0, min(due) - now())
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        at = now()
        for device in self._connections.overdue(at):
            self._send_away(device)
        for device, session in tuple(self._sessions.items()):
            self._carry_out(device, session, session.tick(at))
        self._arm()



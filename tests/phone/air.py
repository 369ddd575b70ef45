"""Locks in memory for the phone: wire's own lock end behind a transport and a radio that can fail."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from lockd.phone.client import Way
from lockd.phone.keys import Keys, Known
from lockd.phone.refusals import Refused, Unreachable
from lockd.phone.transport import Seen
from lockd.wire import results
from lockd.wire.events import Closed, CommandReceived, Output
from lockd.wire.rights import Role
from lockd.wire.session import LockSession
from tests.wire.ends import World, keys, secret

Answer = tuple[int, Mapping[str, Any]]

OPENED: tuple[Answer, ...] = ((results.ACCEPTED, {}), (results.COMPLETE, {"lock": "Unlocked"}))


class Lock:
    """One lock. `does`: how it answers each command, one after the other; `slow`: seconds before each answer;
    `mtu`: the connection's; `events`: what its sessions gave; `silent`: it answers nothing more."""

    def __init__(self, *known: Role) -> None:
        self.world = World(*known)
        self.does: dict[str, tuple[Answer, ...]] = {"UNLOCK": OPENED}
        self.slow = 0.0
        self.mtu = 0
        self.silent = False
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.ends: list[int] = []
        self.lines: list[Line] = []
        self.before: Callable[[Line, CommandReceived], None] = lambda line, event: None

    def clock(self) -> float:
        """The time, for both ends."""
        return self.world.at


class Line:
    """As transport.Transport. `cut`: the connection ends after so many more writes; `spoil`: what becomes of a
    notification on its way."""

    def __init__(self, lock: Lock) -> None:
        self.lock, self.mtu = lock, lock.mtu
        self.session = LockSession(lock.world.lock, lock.world.at)
        self.queue: deque[tuple[float, bytes]] = deque()
        self.cut: int | None = None
        self.spoil: Callable[[bytes], bytes] = lambda frame: frame
        self.written: list[bytes] = []
        lock.lines.append(self)

    async def info(self) -> bytes:
        return self.lock.world.lock.info

    async def write(self, frame: bytes) -> None:
        if self.cut is not None:
            self.cut -= 1
            if self.cut < 0:
                raise Unreachable("the lock went away")
        self.written.append(frame)
        self.take(self.session.receive(frame, 0, self.mtu, self.lock.world.at))

    async def notified(self, until: float) -> bytes | None:
        world = self.lock.world
        if self.queue and self.queue[0][0] <= max(until, world.at):
            at, frame = self.queue.popleft()
            world.at = max(world.at, at)
            return self.spoil(frame)
        if self.cut is not None and self.cut < 0:
            raise Unreachable("the lock went away")
        world.at = max(world.at, until)
        return None

    def take(self, out: Output) -> None:
        """What the lock's end gave: notifications, commands to be answered, and an ATT error."""
        self.say(out.frames)
        for event in out.events:
            if isinstance(event, CommandReceived):
                self._do(event)
            elif isinstance(event, Closed):
                self.lock.ends.append(event.code)
        if out.error:
            raise Refused(out.error)

    def say(self, frames: tuple[bytes, ...]) -> None:
        """Notify now."""
        if not self.lock.silent:
            self.queue.extend((self.lock.world.at, frame) for frame in frames)

    def _do(self, event: CommandReceived) -> None:
        lock = self.lock
        lock.asked.append((event.command, dict(event.fields)))
        lock.before(self, event)
        at = lock.world.at
        for result, fields in lock.does.get(event.command, ((results.COMPLETE, {}),)):
            at += lock.slow
            frames = self.session.reply(event.id, result, fields, lock.world.at).frames
            if not lock.silent:
                self.queue.extend((at, frame) for frame in frames)


class Air:
    """As transport.Radio. `locks`: by address; None is at no address now."""

    def __init__(self, **locks: Lock | None) -> None:
        self.locks = locks
        self.tried: list[str] = []
        self.scans = 0
        self.fault: Unreachable | None = None

    async def scan(self, seconds: float) -> tuple[Seen, ...]:
        self.scans += 1
        if self.fault is not None:
            raise self.fault
        there = [(address, lock) for address, lock in self.locks.items() if lock is not None]
        return tuple(
            Seen(address, "Front door", -40 - n, lock.world.invitations.current(lock.world.at) is not None)
            for n, (address, lock) in enumerate(there)
        )

    @contextlib.asynccontextmanager
    async def connected(self, address: str) -> AsyncIterator[Line]:
        self.tried.append(address)
        lock = self.locks.get(address)
        if lock is None:
            raise Unreachable("the lock is not in reach")
        yield Line(lock)


def way(name: str = "owner", lock_key: bytes = b"", psk: bytes | None = None) -> Way:
    """With that name's key to the lock."""
    return Way(secret(name), lock_key or keys("lock").public, psk)


def known(role: str = "owner", name: str = "Home", **more: Any) -> Known:
    """The lock as the phone with that role's key knows it."""
    return Known(name, keys("lock").public, Keys(secret(role), secret(f"{role} signs")), role, **more)

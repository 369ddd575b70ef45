"""A lock and phones around it, in memory: every frame passes through a test's hands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any

from lockd.wire import results
from lockd.wire.enrolment import Invitations
from lockd.wire.events import Closed, CommandReceived, Event, Output, Replied
from lockd.wire.limits import HandshakeLimit
from lockd.wire.messages import Info, write_info
from lockd.wire.noise import KeyPair
from lockd.wire.rights import Role
from lockd.wire.session import LockEnd, LockSession, Phone, PhoneSession


def secret(name: str) -> bytes:
    """32 bytes that only this name gives."""
    return sha256(name.encode()).digest()


def keys(name: str) -> KeyPair:
    return KeyPair(secret(name))


class Drawn:
    """Randomness that a test can have again."""

    def __init__(self, seed: str) -> None:
        self.seed, self.count = seed, 0

    def __call__(self, size: int) -> bytes:
        self.count += 1
        return secret(f"{self.seed} {self.count}")[:size]


class World:
    """One lock. `at`: the mono time; `people`: whose phones it knows."""

    def __init__(self, *known: Role) -> None:
        self.at = 0.0
        self.people = {keys(role).public: Phone(role, n) for n, role in enumerate(known or ("owner",), 1)}
        self.invitations = Invitations()
        self.limit = HandshakeLimit()
        self.lock = LockEnd(keys("lock"), Drawn("lock"), self.people.get, self.invitations, self.limit)
        self.lines = 0

    def connect(self, name: str = "owner", **more: Any) -> Line:
        """A new connection of the phone with that name's key."""
        self.lines += 1
        return Line(self, name, **more)


class Line:
    """One connection. `air`: each frame with who sent it; `lock_events`, `phone_events`: what came out."""

    def __init__(
        self, world: World, name: str, lock_key: bytes = b"", info: bytes = b"", psk: bytes | None = None, mtu: int = 0
    ) -> None:  # fmt: skip
        self.world, self.mtu = world, mtu
        self.lock = LockSession(world.lock, world.at)
        drawn = Drawn(f"{name} {world.lines}")
        self.phone = PhoneSession(
            keys(name), lock_key or keys("lock").public, info or write_info(Info()), drawn, world.at, psk, mtu
        )
        self.air: list[tuple[str, bytes]] = []
        self.lock_events: list[Event] = []
        self.phone_events: list[Event] = []
        self.errors: list[int] = []

    def open(self, command: str = "STATUS", **fields: Any) -> Line:
        """The whole handshake, with its first command."""
        self.from_phone(self.phone.start(command, fields, self.world.at))
        return self

    def ask(self, command: str, identity: int = 0, **fields: Any) -> None:
        self.from_phone(self.phone.send(command, fields, self.world.at, identity))

    def answer(self, identity: int, result: int = results.COMPLETE, fields: Mapping[str, Any] | None = None) -> None:
        self.from_lock(self.lock.reply(identity, result, fields or {}, self.world.at))

    def from_phone(self, out: Output) -> None:
        """Take what the phone's end gave, and bring its frames to the lock."""
        self.phone_events += out.events
        self.write(out.frames)

    def from_lock(self, out: Output) -> None:
        self.lock_events += out.events
        self.errors += [out.error] if out.error else []
        for frame in out.frames:
            self.air.append(("lock", frame))
            self.from_phone(self.phone.receive(frame, self.world.at))

    def write(self, frames: Iterable[bytes], offset: int = 0) -> None:
        for frame in frames:
            self.air.append(("phone", frame))
            self.from_lock(self.lock.receive(frame, offset, self.mtu, self.world.at))

    def wait(self, seconds: float) -> None:
        """Time passes on both ends."""
        self.world.at += seconds
        self.from_lock(self.lock.tick(self.world.at))
        self.from_phone(self.phone.tick(self.world.at))

    @property
    def commands(self) -> list[str]:
        """What the daemon was asked to do."""
        return [event.command for event in self.lock_events if isinstance(event, CommandReceived)]

    @property
    def results(self) -> list[tuple[int, int]]:
        """What the phone heard: ids and results."""
        return [(event.id, event.result) for event in self.phone_events if isinstance(event, Replied)]

    @property
    def ends(self) -> list[int]:
        """Codes with which the lock's end closed."""
        return [event.code for event in self.lock_events if isinstance(event, Closed)]

    @property
    def phone_ends(self) -> list[int]:
        return [event.code for event in self.phone_events if isinstance(event, Closed)]

    def sent(self, who: str) -> list[bytes]:
        return [frame for sender, frame in self.air if sender == who]


def first_frames(line: Line, stop: Callable[[int], bool]) -> list[bytes]:
    """Let the handshake run, but keep back the phone's frames from the one on that `stop` names (by number)."""
    kept: list[bytes] = []
    frames = list(line.phone.start("UNLOCK", {}, line.world.at).frames)
    number = 0
    while frames:
        frame = frames.pop(0)
        if stop(number):
            kept.append(frame)
        else:
            line.air.append(("phone", frame))
            out = line.lock.receive(frame, 0, line.mtu, line.world.at)
            line.lock_events += out.events
            line.errors += [out.error] if out.error else []
            for answer in out.frames:
                line.air.append(("lock", answer))
                frames += line.phone.receive(answer, line.world.at).frames
        number += 1
    return kept

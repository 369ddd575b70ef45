"""From a granted wish to a moved bolt: recorded first, then driven, then told what came of it.

Promise 1: the motor is asked only after the store has answered. Promise 4: a store that is dead
or hangs delays an ordinary right by a bounded time; a right that is used up by using it ends there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lockd.core.access import NO_POWER
from lockd.core.bolt import Adrift, Arrived, Failed, HandMoved, Joined, Outcome, Queued, Stopped
from lockd.core.effects import DriveLatch, Drop, Effect, Put, Show, Write
from lockd.core.entries import Operation, operation_entry, reply, storage_failure, system_entry
from lockd.core.instant import Instant
from lockd.core.parts import Parts
from lockd.core.trail import BOUND_S
from lockd.errors import Busy, Failure, InsufficientBattery, Jammed, LockdError
from lockd.words import Contact, Direction, Fault, Motion

INSIDE_BOUND_S = 0.5  #: a dead disk keeps who wants out no longer than this
KEY_S = 5.0  #: a bolt that moves this soon after the key turned was moved by the key

TEXTS: dict[str, str] = {
    "jammed": "The bolt did not arrive (jammed): free it, then `lockctl home`.",
    "motor-timeout": "The bolt did not move at all (motor-timeout): check the motor's power and wires,"
    " then `lockctl home`.",
}


class Throws:
    """The operations under way, and the one that waits for the other direction."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.using: set[int] = set()
        self.latch_until: float | None = None
        self.opened_inside_at = float("-inf")
        self._key_at = float("-inf")
        self._under_way: tuple[Operation, ...] = ()
        self._waiting: Operation | None = None

    @property
    def motion(self) -> Motion:
        """What the bolt is doing."""
        if self.latch_until is not None:
            return "Unlatching"
        homing = any(op.wish == "Home" for op in self._under_way)
        return "Homing" if homing else self.parts.bolt.direction or "Idle"

    # Granted ----------------------------------------------------------------------------------

    def grant(
        self, op: Operation, at: Instant, use: tuple[Write, ...] = (), writes: tuple[Write, ...] = ()
    ) -> Iterator[Effect]:
        """Write it ahead, with the use that it consumes; what follows, follows when that is durable."""
        kind = self.parts.operation_type(op.wish)
        op = op.but(key=f"grant:{self.parts.trail.next_ticket}")
        kept = {n: getattr(op, n) for n in ("wish", "source", "user", "detail", "by")}
        opened = Put("state", op.key, {"op": kept | {"credentials": [list(c) for c in op.credentials]}, "type": kind})
        if use:
            self.using.add(op.user)

        def then(seq: int, later: Instant) -> Iterator[Effect]:
            self.using.discard(op.user)
            if use and not seq:
                yield from self._unrecorded(op, later)
                return
            self.parts.registry.people.apply(use)
            yield from () if op.wait else reply(op.request)
            yield from self._start(op.but(grant=seq), later)

        def late(seq: int, later: Instant) -> Iterator[Effect]:
            # Written after it was given up: what was used for nothing is given back. An ordinary
            # operation went ahead without its record; its row has no more to say.
            if use:
                back = tuple(Drop(w.table, w.key) for w in use)
                yield self._outcome(op.but(grant=seq), "failed", later, back, error="Unspecified", detail="storage")
            else:
                yield self.parts.record(system_entry("late-record", later, grant=seq), later, (Drop("state", op.key),))

        bound = INSIDE_BOUND_S if op.source == "Button" else BOUND_S
        entry = operation_entry(op, kind, "granted", at)
        yield self.parts.trail.record(entry, (*writes, *use, opened), at, then, late, bound)

    def _unrecorded(self, op: Operation, at: Instant) -> Iterator[Effect]:
        error = storage_failure("A code that may be used only once or for a time was not accepted")
        yield self._outcome(op, "failed", at, error="Unspecified", detail="storage")
        yield from (*reply(op.request, error), *self.parts.local(op.source, "refused"))

    def _start(self, op: Operation, at: Instant) -> Iterator[Effect]:
        """Hand it to the bolt: first of its kind, joining what is under way, or waiting its turn."""
        bolt = self.parts.bolt
        if not self.parts.powered:
            yield from self._fail(op, InsufficientBattery(NO_POWER), at)
            return
        if op.wish == "Lock" and self.parts.door.closed is False and self.parts.settings.bolt.kind == "motor":
            yield from self._fail(op, Failure("The door is open (door-open): close it first.", "door-open"), at)
            return
        if op.wish == "Home" and bolt.known:
            yield from self._succeed(op, at)
            return
        outcomes = bolt.want(self._direction(op), at.mono)
        if outcomes == (Queued(),):
            yield from self._wait(op, at)
            return
        self._under_way = (*self._under_way, op)
        if outcomes == (Joined(),):
            yield from self._supersede(op, at)
            return
        yield from self.parts.local(op.source, "working")
        yield from self.follow(outcomes, at)

    def _direction(self, op: Operation) -> Direction:
        locks = op.wish == "Lock" or (op.wish == "Home" and self.parts.homes_to_locked)
        return "Locking" if locks else "Unlocking"

    def _wait(self, op: Operation, at: Instant) -> Iterator[Effect]:
        if self._waiting is None:
            self._waiting = op
            return
        error = Busy("The bolt is moving and another wish waits (busy): try again.", "busy")
        yield from self._fail(op, error, at)

    def _supersede(self, op: Operation, at: Instant) -> Iterator[Effect]:
        """Who asks to open after somebody asked to lock has the last word."""
        if self._waiting is not None and self._direction(op) == "Unlocking":
            dropped, self._waiting = self._waiting, None
            yield from self._fail(dropped, Busy("A later wish to open came before it (busy).", "busy"), at)

    # What the world does ------------------------------------------------------------------------

    def sense(self, contact: Contact, on: bool, at: Instant) -> Iterator[Effect]:
        """A contact of the bolt changed."""
        return self.follow(self.parts.bolt.sense(contact, on, at.mono), at)

    def key_turned(self, at: Instant) -> Iterator[Effect]:
        """The motor is never held against a hand (promise 5)."""
        self._key_at = at.mono
        if self.parts.bolt.direction is not None:
            yield from self.follow(self.parts.bolt.halt("PositionUnknown", at.mono), at)

    def power_lost(self, at: Instant) -> Iterator[Effect]:
        """Motor off, now; nothing goes on by itself when the power is back."""
        self.parts.powered = False
        yield from self.follow(self.parts.bolt.halt("PowerLost", at.mono), at)
        yield from self.parts.alarm("PowerLost", at)

    def actuator_failed(self, cause: str, at: Instant) -> Iterator[Effect]:
        """The pins do not answer."""
        self.parts.actuator_fault = cause
        yield from self.follow(self.parts.bolt.halt("ActuatorDisabled", at.mono), at)
        yield from self.parts.alarm("LockJammed", at, "actuator-disabled")

    def release_latch(self) -> Iterator[Effect]:
        """The latch was pulled for long enough."""
        self.latch_until = None
        yield DriveLatch(False)

    def follow(self, outcomes: Iterable[Outcome], at: Instant) -> Iterator[Effect]:
        """What the bolt says came of it."""
        for outcome in outcomes:
            match outcome:
                case Arrived(direction):
                    yield from self._arrived(direction, at)
                case Failed(_, _, detail):
                    yield from self._jammed(detail, at)
                case Stopped(_, fault):
                    yield from self._cut_short(fault, at)
                case HandMoved(end):
                    yield from self._by_hand(end == "Locked", at)
                case Adrift():
                    torn = self.parts.bolt.lock_state == "Unknown"
                    yield from self.parts.alarm("BoltNotOut", at, "contacts" if torn else "")
                case Joined() | Queued():
                    pass
                case _:
                    yield outcome

    def _arrived(self, direction: Direction, at: Instant) -> Iterator[Effect]:
        done, self._under_way = self._under_way, ()
        if direction == "Locking":
            self.parts.autolock.locked()
        else:
            self.parts.relock(at, next((op.relock_s for op in reversed(done) if op.relock_s), None))
            if self.parts.settings.bolt.latch is not None and any(op.wish == "Unlock" for op in done):
                self.latch_until = at.mono + self.parts.settings.bolt.latch_hold_s
                yield DriveLatch(True)
        for op in done:
            yield from self._succeed(op, at)
        yield Show("locked" if direction == "Locking" else "granted")
        yield from self._next(at)

    def _jammed(self, detail: str, at: Instant) -> Iterator[Effect]:
        """It failed for all who asked for it; who waits for the other way gets his turn."""
        done, self._under_way = self._under_way, ()
        for op in done:
            yield from self._fail(op, Jammed(TEXTS[detail], detail), at)
        yield from self.parts.alarm("LockJammed", at, detail)
        yield Show("jammed")
        yield from self._next(at)

    def _next(self, at: Instant) -> Iterator[Effect]:
        if self._waiting is not None:
            op, self._waiting = self._waiting, None
            yield from self._start(op, at)

    def _cut_short(self, fault: Fault, at: Instant) -> Iterator[Effect]:
        everyone = (*self._under_way, *((self._waiting,) if self._waiting is not None else ()))
        self._under_way, self._waiting = (), None
        errors: dict[Fault, LockdError] = {
            "PowerLost": InsufficientBattery("The power failed in mid-throw (power-lost): ask again.", "power-lost"),
            "ActuatorDisabled": Failure("The motor's pins do not answer (actuator-disabled).", "actuator-disabled"),
        }
        error = errors.get(fault, Busy("The key was turned (busy): the motor was stopped.", "busy"))
        for op in everyone:
            yield from self._fail(op, error, at)

    def _by_hand(self, locked: bool, at: Instant) -> Iterator[Effect]:
        keyed = at.mono - self._key_at <= KEY_S
        detail = "mechanical-key" if keyed else "thumbturn"
        op = Operation("Lock" if locked else "Unbolt", "Manual", detail=detail)
        yield self.parts.record(operation_entry(op, "Lock" if locked else "Unlock", "", at), at)
        if locked:
            self.parts.autolock.locked()
            return
        self.parts.relock(at)
        if not keyed:
            yield from self.parts.end_privacy(at)

    # How it ends ----------------------------------------------------------------------------------

    def _succeed(self, op: Operation, at: Instant) -> Iterator[Effect]:
        yield self._outcome(op, "done", at)
        if op.wait:
            yield from reply(op.request)
        if op.source == "Button" and op.wish == "Unlock":
            self.opened_inside_at = at.mono
            yield from self.parts.end_privacy(at)

    def _fail(self, op: Operation, error: LockdError, at: Instant) -> Iterator[Effect]:
        low = isinstance(error, InsufficientBattery)
        why = "InsufficientBattery" if low else "Unspecified"
        yield self._outcome(op, "failed", at, error=why, detail=error.detail)
        if op.wait:
            yield from reply(op.request, error)
        yield from self.parts.local(op.source, "refused")

    def _outcome(
        self, op: Operation, phase: str, at: Instant, also: tuple[Write, ...] = (), **more: str
    ) -> Effect:
        entry = operation_entry(op, self.parts.operation_type(op.wish), phase, at, **more)
        return self.parts.record(entry, at, (*also, Drop("state", op.key)))

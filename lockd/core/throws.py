"""From a granted wish to a moved bolt: recorded first, then driven, then told what came of it.

Promise 1: the motor is asked only after the store has answered. Promise 4: a store that is dead
or hangs delays an ordinary right by a bounded time; a right that is used up by using it ends there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import get_args

from lockd.codes import HOUR_US, read_key
from lockd.core.access import IN_WORDS, SHUT, TIMED, moves_bolt
from lockd.core.bolt import Adrift, Arrived, Failed, HandMoved, Joined, Outcome, Queued, Stopped
from lockd.core.effects import Answer, DriveLatch, Drop, Effect, Publish, Put, Show, Write
from lockd.core.entries import Operation, alarm_entry, operation_entry, reply, storage_failure, system_entry
from lockd.core.hands import HANDS, Hands
from lockd.core.instant import Instant
from lockd.core.parts import Parts
from lockd.core.people import User
from lockd.core.snapshot import Snapshot
from lockd.core.trail import BOUND_S
from lockd.errors import (
    Busy,
    DisabledUserDenied,
    Failure,
    InsufficientBattery,
    Jammed,
    LockdError,
    Restricted,
)  # fmt: skip
from lockd.words import Contact, Direction, Fault, Motion, OperationError

WAITING_MAX = 8  #: wishes that may wait for the bolt to come to the end of a throw
RELOCK = "relock"  #: row of the table `state`: the relock time that an operation brought, and on what power
INSIDE_BOUND_S = 0.5  #: a dead disk keeps who wants out no longer than this

TEXTS: dict[str, str] = {
    "jammed": "The bolt did not arrive (jammed): free it, then `lockctl home`.",
    "motor-timeout": "The bolt did not move at all (motor-timeout): check the motor's power and wires,"
    " then `lockctl home`.",
}


class Throws:
    """The operations under way, and the one that waits for the other direction."""

    def __init__(self, parts: Parts, snapshot: Snapshot) -> None:
        self.parts = parts
        kept = snapshot.state[RELOCK].value if RELOCK in snapshot.state else {}
        self._kept_relock: tuple[int | None, bool] = (kept.get("seconds"), kept.get("emergency", False))
        #: The rows of uses that are on their way to the disk.
        self.using: set[str] = set()
        self.latch_until: float | None = None
        self.opened_inside_at = float("-inf")
        #: What the power failed for, until it is back and that is said.
        self.cut: Operation | None = None
        self.hands = Hands()
        self._why_stopped: LockdError = Failure("The motor was stopped.")
        self._under_way: tuple[Operation, ...] = ()
        self._waiting: tuple[Operation, ...] = ()

    @property
    def motion(self) -> Motion:
        """What the bolt is doing."""
        if self.latch_until is not None:
            return "Unlatching"
        homing = any(op.wish == "Home" for op in self._under_way)
        return "Homing" if homing else self.parts.bolt.direction or "Idle"

    # Granted ----------------------------------------------------------------------------------

    def grant(
        self, op: Operation, at: Instant, use: tuple[Put, ...] = (), writes: tuple[Write, ...] = (),
        recorded_only: bool = False, forced: bool = False,
    ) -> Iterator[Effect]:  # fmt: skip
        """Write it ahead, with the use that it consumes; what follows, follows when that is durable,
        or without `recorded_only` when the store has had its time. `forced` is said in that record
        and in no other, so that nobody can tell by counting."""
        ticket = self.parts.trail.next_ticket
        kind = self.parts.operation_type(op.wish)
        op = op.but(key=f"grant:{ticket}", use=use)
        kept = {n: getattr(op, n) for n in ("wish", "source", "user", "detail", "by", "relock_s")}
        kept |= {"label": op.label} if op.label else {}
        power = {"emergency": True} if self.parts.feed.session.source is not None else {}
        who = {"credentials": [list(c) for c in op.credentials]}
        opened = Put("state", op.key, {"op": kept | who, "type": kind, **power})
        taken = {write.key for write in use}
        self.using |= taken

        def then(seq: int, later: Instant) -> Iterator[Effect]:
            if not self.parts.trail.owed(ticket):
                self.using -= taken
            if recorded_only and not seq:
                yield from self._unrecorded(op, later)
                return
            self.parts.registry.consume((*use, *writes) if seq else use)
            if forced:
                yield Publish(alarm_entry("ForcedUser", at, user=op.user), seq, private=True)
            if op.stages:
                yield Answer(op.request, last=False)
            yield from () if op.wait else reply(op.request)
            yield from self._start(op.but(grant=seq), later)

        def late(seq: int, later: Instant) -> Iterator[Effect]:
            # What was used for nothing is given back. An ordinary operation went ahead without its
            # record; its row has no more to say.
            self.using -= taken
            if seq:
                self.parts.registry.consume(writes)
                entry = system_entry("late-record", later, grant=seq)
                yield self.parts.record(entry, later, (*self._back(op), Drop("state", op.key)))

        bound = INSIDE_BOUND_S if op.source == "Button" else BOUND_S
        duress = {"alarm": "ForcedUser"} if forced else {}
        entry = operation_entry(op, kind, "granted", at, **duress)
        yield self.parts.trail.record(entry, (*writes, *use, opened), at, then, late, bound)

    def _unrecorded(self, op: Operation, at: Instant) -> Iterator[Effect]:
        error = storage_failure("A code that may be used only once or for a time was not accepted")
        yield self._outcome(op, "failed", at, (), error="Unspecified", detail="storage")
        yield from (*reply(op.request, error), *self.parts.local(op.source, "refused"))

    def _start(self, op: Operation, at: Instant) -> Iterator[Effect]:
        """Hand it to the bolt: first of its kind, joining what is under way, or waiting its turn."""
        obstacle = self._obstacle(op, at)
        if obstacle is not None:
            yield from self._fail(op, obstacle, at, begun=False)
            return
        if op.wish == "Home" and self.parts.bolt.known:
            yield from self._succeed(op, at)
            return
        outcomes = self.parts.bolt.want(self.parts.direction(op.wish), at.mono)
        self.hands.left = False
        if outcomes == (Queued(),):
            yield from self._wait(op, at)
            return
        if self.latch_until is not None and self.parts.direction(op.wish) == "Locking":
            yield from self.release_latch()
        self._under_way = (*self._under_way, op)
        if outcomes == (Joined(),):
            yield from self._supersede(op, at)
        yield from self.follow(outcomes, at)
        if self.parts.bolt.direction is not None:
            yield from self.parts.local(op.source, "working")

    def _obstacle(self, op: Operation, at: Instant) -> LockdError | None:
        """What has come between the grant and the bolt."""
        if op.source == "Auto" and not (self._homes() if op.wish == "Home" else self.parts.autolock.take()):
            return Busy("The bolt was moved meanwhile (busy): that relock is a stale one.", "busy")
        shortage = self._shortage(op)
        if shortage is not None:
            return shortage
        if self.hands.holding(at.mono):
            return Busy("Somebody moves the bolt by hand (busy): try again.", "busy")
        forbidden = self._forbidden(op, at)
        if forbidden is not None:
            return forbidden
        if op.wish == "Lock" and self.parts.door.closed is False and self.parts.settings.bolt.kind == "motor":
            return Failure("The door is open (door-open): close it first.", "door-open")
        return None

    def _shortage(self, op: Operation) -> LockdError | None:
        """Why there is no power for it."""
        if not self.parts.draws(self.parts.direction(op.wish)):
            return None
        if op.source == "Auto" and self._spares_relock():
            return InsufficientBattery("There is not enough power to lock and to open again: the bolt stays in.")
        return self.parts.lacks(op.wish)

    def _spares_relock(self) -> bool:
        """What was opened on emergency power is locked by itself as the setting says."""
        rule = self.parts.settings.power.relock
        return self.parts.emergency and (rule == "never" or (rule == "with-energy" and not self.parts.feed.ample()))

    def relocks_anew(self) -> bool:
        """Whether a relock that came to nothing is to be tried again; what lacks power waits for it."""
        return self.parts.shortage is None and self.parts.bolt.state != "Jammed" and not self._spares_relock()

    def _forbidden(self, op: Operation, at: Instant) -> LockdError | None:
        """An operation that had to wait may have lost its right meanwhile."""
        people = self.parts.registry.people
        user = people.users.get(op.user)
        if op.user and (user is None or user.status != "OccupiedEnabled"):
            return DisabledUserDenied("This user was removed or disabled meanwhile.")
        if any(people.credentials.get((shown.kind, shown.index)) != shown for shown in op.shown):
            return DisabledUserDenied("This user's code was removed or changed meanwhile.")
        if any(not shown.terms.valid(at.wall) for shown in op.shown):
            return Restricted("This code is no longer valid (expired).", "expired")
        if user is not None and not moves_bolt(user, op.source):
            return Restricted("This user may not do that any more.")
        if user is not None and not people.within_hours(user, at):
            return Restricted("This user's hours have ended meanwhile (schedule-shut).", "schedule-shut")
        if (late := self._late(op, user, at)) is not None:
            return late
        mode = self.parts.registry.mode
        if op.source in SHUT[mode] and (user is None or user.type != "ProgrammingUser"):
            return Restricted(f"Refused (mode-forbids): {IN_WORDS[mode]}.", "mode-forbids")
        return None

    def _late(self, op: Operation, user: User | None, at: Instant) -> LockdError | None:
        """What goes by the clock may have ended while it waited, or the clock be worth less."""
        codes, people = self.parts.registry.codes, self.parts.registry.people
        if op.code and not codes.stands(read_key(op.code)):
            return DisabledUserDenied("This code was revoked meanwhile.")
        timed = op.code or any(shown.terms.timed for shown in op.shown) or (user is not None and user.type in TIMED)
        if timed and at.trust != "Trusted":
            return Restricted("The clock is not known to be right any more (clock-unset).", "clock-unset")
        if op.code and not codes.lasts(read_key(op.code), at.wall // HOUR_US):
            return Restricted("This code's hours have ended meanwhile (code-closed).", "code-closed")
        if user is not None and user.type == "ExpiringUser" and people.status(user, at) != "OccupiedEnabled":
            return DisabledUserDenied("This user's time has ended meanwhile.")
        return None

    def _wait(self, op: Operation, at: Instant) -> Iterator[Effect]:
        """All who wait want the same, as the bolt moves only two ways."""
        if len(self._waiting) < WAITING_MAX:
            self._waiting = (*self._waiting, op)
            return
        error = Busy("The bolt is moving and others wait for it (busy): try again.", "busy")
        yield from self._fail(op, error, at, begun=False)

    def _supersede(self, op: Operation, at: Instant) -> Iterator[Effect]:
        """Who asks to open after somebody asked to lock has the last word."""
        if self.parts.direction(op.wish) == "Unlocking":
            dropped, self._waiting = self._waiting, ()
            for other in dropped:
                yield from self._fail(other, Busy("A later wish to open came before it (busy).", "busy"), at)

    # What the world does ------------------------------------------------------------------------

    def sense(self, contact: Contact, on: bool | None, at: Instant) -> Iterator[Effect]:
        """A contact of the bolt changed. One that the motor reached proves its pins obey again; one that cannot be
        read any more proves no hand's work."""
        outcomes = self.parts.bolt.sense(contact, on, at.mono)
        if any(isinstance(outcome, Arrived) for outcome in outcomes):
            self.parts.actuator_fault = ""
        self.hands.stir(at.mono)
        between = self.parts.bolt.state == "Unknown"
        by_hand = on is not None and bool(self.hands.whose(at.mono))
        self.hands.left = between and (self.hands.left or by_hand)
        return self.follow(outcomes, at)

    def hand(self, contact: Contact, on: bool | None, at: Instant) -> Iterator[Effect]:
        """The motor is never held against a hand (promise 5)."""
        self.hands.feel(contact, on, at.mono)
        (self.parts.unfelt.add if on is None else self.parts.unfelt.discard)(contact)
        if on and self.parts.bolt.direction is not None:
            self.hands.left = True
            why = Busy("The bolt was moved by hand (busy): the motor was stopped.", "busy")
            yield from self._let_go(why, at)
        if on and contact != "spindle":  # a key is told of when it has opened
            untold = self.hands.untold(contact, at.mono)
            if untold is not None:
                yield from self.parts.alarm("EmergencyKeyUsed", at, HANDS[contact], count=untold)

    @property
    def home_at(self) -> float | None:
        """When a bolt that a hand left between its ends is to be homed, in mono seconds; None: not now."""
        return self.hands.gone_at if self.parts.door.closed else None

    def home(self, at: Instant) -> Iterator[Effect]:
        """Nobody is there any more, and the door is seen to be closed."""
        self.hands.left = False
        if self._homes():
            yield from self.grant(Operation("Home", "Auto", detail="after-hand"), at)

    def _homes(self) -> bool:
        """Whether a bolt between its ends is thrown without anybody's order: out, never in, onto a closed
        door, and only where it was locked before or would be by itself. A relock that is due does it anyway."""
        parts = self.parts
        delay, mode = parts.relock_policy()
        locks = mode != "Passage" and (parts.bolt.end == "Locked" or delay > 0) and not parts.autolock.due
        usable = parts.settings.ways.home and parts.settings.bolt.kind == "motor" and parts.shortage is None
        return usable and locks and parts.bolt.state == "Unknown" and parts.door.closed is True

    def door_opened(self, at: Instant) -> Iterator[Effect]:
        """The bolt is never thrown on while the door is open."""
        if self.parts.bolt.direction == "Locking" and self.parts.settings.bolt.kind == "motor":
            yield from self._let_go(Failure("The door was opened (door-open): the motor was stopped.", "door-open"), at)

    def _let_go(self, why: LockdError, at: Instant) -> Iterator[Effect]:
        self._why_stopped = why
        yield from self.follow(self.parts.bolt.halt("PositionUnknown", at.mono), at)

    def power_gone(self, at: Instant) -> Iterator[Effect]:
        """Motor off, now; nothing goes on by itself when the power is back."""
        self.cut = next(iter(self._under_way), None)
        yield from self.follow(self.parts.bolt.halt("PowerLost", at.mono), at)

    def actuator_failed(self, cause: str, at: Instant) -> Iterator[Effect]:
        """The pins do not answer."""
        known, self.parts.actuator_fault = self.parts.actuator_fault, cause
        yield from self.follow(self.parts.bolt.halt("ActuatorDisabled", at.mono), at)
        if not known:
            yield from self.parts.alarm("LockJammed", at, "actuator-disabled")

    def adrift(self, at: Instant) -> Iterator[Effect]:
        """Nobody knows where the bolt is, and nobody is moving it."""
        torn = self.parts.bolt.lock_state == "Unknown"
        return self.parts.alarm("BoltNotOut", at, "contacts" if torn else "")

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
                case HandMoved(end, seen):
                    yield from self._by_hand(end == "Locked", seen, at)
                case Adrift():
                    yield from self.adrift(at)
                case Joined() | Queued():
                    pass
                case _:
                    yield outcome

    def _arrived(self, direction: Direction, at: Instant) -> Iterator[Effect]:
        done, self._under_way = self._under_way, ()
        if direction == "Locking":
            self.parts.forget_relock()
        else:
            self.parts.emergency = self.parts.feed.session.source is not None
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
        waiting, self._waiting = self._waiting, ()
        for op in waiting:
            yield from self._start(op, at)

    def _cut_short(self, fault: Fault, at: Instant) -> Iterator[Effect]:
        begun, waited = self._under_way, self._waiting
        self._under_way, self._waiting = (), ()
        errors: dict[Fault, LockdError] = {
            "PowerLost": InsufficientBattery("The power failed in mid-throw (power-lost): ask again.", "power-lost"),
            "ActuatorDisabled": Failure("The motor's pins do not answer (actuator-disabled).", "actuator-disabled"),
        }
        error = errors.get(fault, self._why_stopped)
        for op in begun:
            yield from self._fail(op, error, at)
        for op in waited:
            yield from self._fail(op, error, at, begun=False)

    def _by_hand(self, locked: bool, seen: bool, at: Instant) -> Iterator[Effect]:
        """Or by whatever else, where nobody has `seen` it move."""
        detail = (self.hands.whose(at.mono) or self._thumbturn) if seen else "found"
        op = Operation("Lock" if locked else "Unbolt", "Manual" if seen else "Unspecified", detail=detail)
        if locked:
            self.parts.forget_relock()
        else:
            self.parts.relock(at)
        self.parts.emergency = False
        entry = operation_entry(op, "Lock" if locked else "Unlock", "", at)
        proof, drilled = self.parts.proof(op, at)
        yield self.parts.record(entry, at, (*self._relock_rows(), *proof))
        yield from (self.parts.record(each, at) for each in drilled)
        if detail == "mechanical-key" and not locked:
            yield from self.parts.alarm("EmergencyKeyUsed", at, detail)
        if detail == "thumbturn" and not locked:
            yield from self.parts.end_privacy(at)

    @property
    def _thumbturn(self) -> str:
        """What a hand that no contact felt has turned, where a key would have been felt, or there is none."""
        settings = self.parts.settings
        inside = settings.spindle is not None or (settings.ways.thumbturn and not settings.ways.key)
        return "thumbturn" if inside and not self.parts.unfelt else ""

    # How it ends ----------------------------------------------------------------------------------

    def _succeed(self, op: Operation, at: Instant) -> Iterator[Effect]:
        proof, drilled = self.parts.proof(op, at)
        yield self._outcome(op, "done", at, (*self._relock_rows(), *proof, *self.parts.feed.energy.rows()))
        yield from (self.parts.record(each, at) for each in (*drilled, *op.tells))
        if op.wait:
            yield from reply(op.request)
        if op.source == "Button" and op.wish == "Unlock":
            self.opened_inside_at = at.mono
            yield from self.parts.end_privacy(at)

    def _fail(self, op: Operation, error: LockdError, at: Instant, begun: bool = True) -> Iterator[Effect]:
        """`begun`: the bolt was asked to move for it, so that it may have let somebody in."""
        why = error.name if error.name in get_args(OperationError) else "Unspecified"
        nothing_came_of_it = not begun or self.parts.bolt.lock_state == "Locked"
        back = self._back(op) if nothing_came_of_it else ()
        self.parts.registry.consume(back)
        yield self._outcome(op, "failed", at, back, error=why, detail=error.detail)
        if not nothing_came_of_it:
            yield from (self.parts.record(each, at) for each in op.tells)
        if op.wait:
            yield from reply(op.request, error)
        yield from self.parts.refused(op.source, error.name)
        if op.source == "Auto" and op.wish == "Lock" and self.relocks_anew():
            self.parts.relock_anew(at)

    def _relock_rows(self) -> tuple[Write, ...]:
        """A relock time that an operation brought outlives lockd, or its door would stay open; and so does
        the rule for what was opened on emergency power, which is likely to fail."""
        now = (self.parts.own_relock_s, self.parts.emergency)
        if now == self._kept_relock:
            return ()
        self._kept_relock = now
        row = {name: value for name, value in zip(("seconds", "emergency"), now, strict=True) if value}
        return (Put("state", RELOCK, row),) if row else (Drop("state", RELOCK),)

    def _outcome(self, op: Operation, phase: str, at: Instant, also: tuple[Write, ...], **more: str) -> Effect:
        entry = operation_entry(op, self.parts.operation_type(op.wish), phase, at, **more)
        return self.parts.record(entry, at, (*also, Drop("state", op.key)))

    def _back(self, op: Operation) -> tuple[Write, ...]:
        """The writes that give back what was used for nothing, unless it was renewed and used again."""
        spent = self.parts.registry.people.spent
        mine = (write for write in op.use if spent.get(write.key, write.value) == write.value)
        return tuple(Drop(write.table, write.key) for write in mine)

"""Who is let in: each try is decided by access.py, paid for by lockout.py, and leaves a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import ceil
from typing import TYPE_CHECKING, Literal

from lockd.codes import Window
from lockd.core.access import LOCAL, PROGRAMS, Case, Refusal, decide
from lockd.core.codes import GUESSES, USED, CodeState, Guesses
from lockd.core.credentials import SPENT, Credential
from lockd.core.effects import Effect, Entry, Put, Write
from lockd.core.entries import Operation, alarm_entry, refusal_entry, reply, system_entry, telling
from lockd.core.events import Denied, EnterPressed, OperationAsked, Presented
from lockd.core.instant import Instant
from lockd.core.lockout import Policy, Trickle, Tries
from lockd.core.parts import Parts
from lockd.core.people import User, limited
from lockd.core.snapshot import Snapshot
from lockd.core.throws import Throws
from lockd.core.together import Together
from lockd.core.trail import Then
from lockd.core.uses import consumed, said, state_of, tells
from lockd.errors import LockdError, Restricted
from lockd.words import OperationError, Source, Wish

if TYPE_CHECKING:
    from lockd.core.programming import Programming

#: Sources whose wrong tries are counted, each for itself.
COUNTED: tuple[Source, ...] = ("Keypad", "Remote", "ProprietaryRemote", "RFID", "Biometric")


class Guard:
    """Decides what is asked from outside. `tries`: the wrong ones, by source. `charge_first`: why nothing may
    be managed now."""

    def __init__(
        self, parts: Parts, throws: Throws, snapshot: Snapshot, at: Instant,
        charge_first: Callable[[], LockdError | None],
    ) -> None:  # fmt: skip
        self.parts = parts
        self.throws = throws
        #: None until somebody has typed a ProgrammingPIN.
        self.programming: Programming | None = None
        self._charge_first = charge_first
        self._boot = snapshot.boot
        kept = snapshot.state.get(GUESSES)
        self.guesses = Guesses.restored(kept.value, snapshot.boot, at.mono) if kept is not None else Guesses()
        self._denials = Trickle()
        self._unread = Trickle()
        self._together = Together()
        self.tries: dict[Source, Tries] = {}
        for source in COUNTED:
            kept = snapshot.state.get(f"lockout:{source}")
            if kept is not None:
                self.tries[source] = Tries.restored(kept.value, snapshot.boot, at.mono)
            elif snapshot.incomplete:
                # Whoever can damage a row could end a lockout by it.
                self.tries[source] = Tries()
                self.tries[source].shut(self._policy(), at.mono)

    def rows(self, at: Instant) -> tuple[Write, ...]:
        """The wrong tries of all sources, to be kept."""
        return tuple(self._row(source, at) for source in self.tries)

    @property
    def deadlines(self) -> Iterator[float | None]:
        """When lockouts end or are saved, in mono seconds."""
        for tries in self.tries.values():
            yield from (tries.until, tries.checkpoint)
        if self.programming is not None:
            yield self.programming.deadline

    def remaining(self, source: Source, at: Instant) -> int:
        """Whole seconds that this source has to wait, rounded up; 0: none."""
        return ceil(self.tries[source].remaining(at.mono)) if source in self.tries else 0

    def longest(self, at: Instant) -> int:
        """Seconds until no source has to wait, rounded up; 0: none has."""
        return max((self.remaining(source, at) for source in self.tries), default=0)

    def denied(self, event: Denied, at: Instant) -> Iterator[Effect]:
        """A caller without the right: every try leaves a trace, but a flood of them only a count."""
        untold = self._denials.take(at.mono)
        if untold is not None:
            entry = system_entry("access-denied", at, by=event.by, operation=event.method, count=untold)
            yield self.parts.record(entry, at)

    def asked(self, event: OperationAsked, at: Instant) -> Iterator[Effect]:
        """Somebody outside wants the bolt moved."""
        yield from self.tick(at)
        if self.programming is not None and event.source in LOCAL:
            yield from self.programming.end("interrupted", at)
        shown = event.presented
        who = self._who(shown.kind, shown.digest, at) if shown is not None else None
        code = self._code(shown, at) if shown is not None and who is None else ""
        tries = self.tries.setdefault(event.source, Tries())
        parts, people = self.parts, self.parts.registry.people
        refusal = decide(Case(
            event.wish, event.source, parts.registry.mode, shown is not None, shown is not None and not shown.digest,
            who, self._free(event), tries.remaining(at.mono), parts.door.closed, parts.exposed, at.trust,
            parts.lacks(event.wish), at.wall, self._left(shown, who and who[1]),
            within_hours=who is None or people.within_hours(who[0], at), code=code,
        ))  # fmt: skip
        if refusal is None:
            yield from self._grant(event, who, tries, at)
        elif refusal.detail == "locked-out":
            yield from self._held(event, refusal, tries, at)
        elif refusal.detail == "busy" and self._unread.take(at.mono) is None:
            yield from reply(event.request, refusal.answer)
        elif refusal is PROGRAMS and event.source == "Keypad" and who is not None:
            yield from self._program(event, who, tries, at)
        else:
            yield from self._refuse(event, refusal, who, tries, at, self._guessed(at) if code == "unknown" else ())

    def enter(self, _event: EnterPressed, at: Instant) -> Iterator[Effect]:
        """`#` alone: lock, or in Passage mode open what is locked."""
        unlocks = self.parts.registry.mode == "Passage" and self.parts.bolt.lock_state == "Locked"
        wish: Wish = "Unlock" if unlocks else "Lock"
        return self.asked(OperationAsked(wish, "Keypad"), at)

    def tick(self, at: Instant) -> Iterator[Effect]:
        """Lockouts that end, and those whose remainder is due to be saved."""
        for source, tries in self.tries.items():
            if tries.until is not None and tries.until <= at.mono:
                yield from self._end(source, tries, at)
            elif tries.checkpoint is not None and tries.checkpoint <= at.mono:
                entry = system_entry("lockout-goes-on", at, source=source, count=tries.checked(at.mono))
                yield self.parts.record(entry, at, (self._row(source, at),))

        if self.programming is not None:
            yield from self.programming.tick(at)

    def _end(self, source: Source, tries: Tries, at: Instant) -> Iterator[Effect]:
        """What was only counted is recorded now."""
        entry = system_entry("lockout-ended", at, source=source, count=tries.end())
        yield self.parts.record(entry, at, (self._row(source, at),))
        yield from self.parts.local(source, "quiet")

    def _who(self, kind: str, digest: bytes, at: Instant) -> tuple[User, Credential] | None:
        """Whom it belongs to, with his status as it is now. A use that is on its way to the disk
        counts as used."""
        people = self.parts.registry.people
        found = people.find(kind, digest)
        if found is None:
            return None
        user, credential = found
        if digest != credential.digest and not self.parts.settings.lock.duress_digit:
            return None
        in_use = f"{SPENT}{user.index}" in self.throws.using
        status = "OccupiedDisabled" if in_use else people.status(user, at)
        return (user if status == user.status else user.but(status=status)), credential

    def _code(self, shown: Presented, at: Instant) -> CodeState:
        """What it is worth as a code granted from afar. A use on its way to the disk counts as used."""
        codes = self.parts.registry.codes
        if not shown.code or not codes.serial:
            return ""
        if at.trust != "Trusted":
            return "clock-unset"
        if self.guesses.held(at.mono):
            return "held"
        if shown.window is None:
            return "unknown"
        in_use = shown.window.kind == "once" and USED + shown.window.key in self.throws.using
        return "used" if in_use else codes.state(shown.window, at)

    def _left(self, shown: Presented | None, credential: Credential | None) -> Literal["left", "taking", "none"]:
        """As `state_of`. The first use of a timed code may yet be given back, with the right of whoever has
        come in by it since."""
        window = shown.window if shown is not None and credential is None else None
        if window is not None and window.kind != "once" and USED + window.key in self.throws.using:
            return "taking"
        return state_of(self.parts.registry.people, credential, self.throws.using)

    def _guessed(self, at: Instant) -> tuple[Write, ...]:
        """One more wrong code."""
        self.guesses.add(at.mono)
        return (self.guesses.row(self._boot, at.mono),)

    def windows(self, at: Instant) -> tuple[Window, ...]:
        """What a typed code is to be compared with; none when nothing is to be looked at."""
        return () if self.guesses.held(at.mono) else self.parts.registry.codes.windows(at)

    def _free(self, event: OperationAsked) -> bool:
        """Whether this needs no code of anybody: locking at the keypad always, opening there only
        in Passage; from afar as the setting says. Home goes to locked or to where the door is open."""
        if event.wish == "Home":
            return True
        if event.source == "Keypad":
            return event.wish == "Lock" or self.parts.registry.mode == "Passage"
        return event.source == "Remote" and not self.parts.registry.properties["RequirePINforRemoteOperation"]

    def _held(self, event: OperationAsked, refusal: Refusal, tries: Tries, at: Instant) -> Iterator[Effect]:
        """A try during a lockout: recorded, then only counted, and never signalled."""
        after = (*reply(event.request, refusal.answer), *self.parts.local(event.source, "locked-out"))
        if not tries.hold():
            yield from after
            return
        kind = self.parts.operation_type(event.wish)
        entry = refusal_entry(kind, event.source, refusal, None, event.by, at)
        yield self.parts.trail.record(entry, (), at, lambda _seq, _at: after)

    def _program(
        self, event: OperationAsked, who: tuple[User, Credential], tries: Tries, at: Instant
    ) -> Iterator[Effect]:
        """A ProgrammingPIN, at the keypad: it makes no wrong code forgotten."""
        from lockd.core.programming import Programming

        if self.programming is None:
            self.programming = Programming(self.parts, self._charge_first, self.wrong)
        why_not = self.programming.why_not(who[0])
        if why_not is None:
            yield from reply(event.request, PROGRAMS.answer)
            yield from self.programming.begin(*who, at)
        else:
            error: OperationError = "InsufficientBattery" if why_not.detail == "charge-first" else "Restricted"
            yield from self._refuse(event, Refusal(error, why_not.detail, why_not), who, tries, at, ())

    def wrong(self, entry: Entry, at: Instant, after: Iterable[Effect]) -> Iterator[Effect]:
        """Something else that was typed at the keypad counts as a wrong code; `after`: what follows its record."""
        yield from self._count("Keypad", entry, at, telling(entry, *after))

    def _refuse(
        self, event: OperationAsked, refusal: Refusal, who: tuple[User, Credential] | None, tries: Tries, at: Instant,
        guessed: tuple[Write, ...],
    ) -> Iterator[Effect]:  # fmt: skip
        """The answer waits for the record, so that no power cut makes a wrong try free."""
        kind = self.parts.operation_type(event.wish)
        window = event.presented.window if event.presented is not None and not who and not refusal.counts else None
        label = window.label if window is not None else ""
        told = (who[0], said(self.parts.registry.people, (who[1],))[0]) if who is not None else None
        entry = refusal_entry(kind, event.source, refusal, told, event.by, at, label)
        sign = self.parts.refused(event.source, "wrong" if refusal.counts and not refusal.detail else refusal.error)
        tell = telling(entry, *reply(event.request, refusal.answer), *sign)
        if refusal.counts:
            yield from self._count(event.source, entry, at, tell, guessed)
        else:
            yield self.parts.trail.record(entry, (), at, tell)

    def _count(
        self, source: Source, entry: Entry, at: Instant, tell: Then, writes: tuple[Write, ...] = ()
    ) -> Iterator[Effect]:
        """One more wrong code, which may be one too many."""
        tries = self.tries.setdefault(source, Tries())
        started = tries.fail(self._policy(), at.mono)

        def then(seq: int, later: Instant) -> Iterator[Effect]:
            yield from tell(seq, later)
            if not seq and not tries.remaining(later.mono):
                # What cannot be counted on disk could be tried again after each power cut.
                tries.shut(self._policy(), later.mono)
                yield from self._shut(source, later)

        yield self.parts.trail.record(entry, (self._row(source, at), *writes), at, then)
        if started:
            yield from self._shut(source, at)

    def _shut(self, source: Source, at: Instant) -> Iterator[Effect]:
        if self.programming is not None and source == "Keypad":
            yield from self.programming.end("locked-out", at)
        alarm = alarm_entry("WrongCodeEntryLimit", at, source=source)
        yield self.parts.record(alarm, at, (), *self.parts.local(source, "locked-out"))

    def _grant(
        self, event: OperationAsked, who: tuple[User, Credential] | None, tries: Tries, at: Instant
    ) -> Iterator[Effect]:
        """No rule says no; what is left to ask is whether he has shown enough."""
        op = Operation(
            event.wish, event.source, by=event.by, request=event.request, wait=event.wait, relock_s=event.relock_s,
            detail="home" if event.wish == "Home" else event.detail, stages=event.stages,
        )  # fmt: skip
        window = event.presented.window if event.presented is not None else None
        if who is None and window is None:
            yield from self.throws.grant(op, at)
            return
        if who is None:
            assert window is not None
            yield from self._admit_code(op, window, tries, at)
            return
        people, window_s = self.parts.registry.people, self.parts.settings.users.rule_window_s
        missing, shown, forced = self._together.show(
            people, *who, self._forced(event, *who), lambda other: self._counts(other, at), window_s, at.mono
        )
        if missing:
            yield from self._more(event, who, missing, at)
        else:
            yield from self._admit(op, who[0], shown, forced, tries, at)

    def _counts(self, credential: Credential, at: Instant) -> bool:
        """Whether a credential that was shown before was neither changed since, nor used up, nor ended."""
        people = self.parts.registry.people
        now = people.credentials.get((credential.kind, credential.index))
        left = state_of(people, credential, self.throws.using) == "left"
        timely = credential.terms.valid(at.wall) and (at.trust == "Trusted" or not credential.terms.timed)
        return now == credential and left and timely

    def _more(
        self, event: OperationAsked, who: tuple[User, Credential], missing: int, at: Instant
    ) -> Iterator[Effect]:
        """A right credential that does not suffice. It makes no wrong one forgotten, or whoever holds one
        of two could try the other without end; nobody but who reads the log hears whose it is."""
        user, credential = who
        text = (
            f"{missing} more of this user's credentials {'is' if missing == 1 else 'are'} needed (credential-needed):"
            f" show another one within {self.parts.settings.users.rule_window_s:g} s."
        )
        (told,) = said(self.parts.registry.people, (credential,))
        entry = system_entry(
            "credential-shown", at, source=event.source, user=user.index, by=event.by, count=missing,
            credentials=[[told.kind, told.index]],
        )  # fmt: skip
        answer = reply(event.request, Restricted(text, "credential-needed"))
        yield self.parts.record(entry, at, (), *answer, *self.parts.local(event.source, "more"))

    def _admit(
        self, op: Operation, user: User, shown: tuple[Credential, ...], forced: bool, tries: Tries, at: Instant
    ) -> Iterator[Effect]:
        """Granted. A right code makes the wrong ones forgotten, and is used up if it is of that kind: by opening,
        as locking does nobody harm."""
        people, ticket = self.parts.registry.people, self.parts.trail.next_ticket
        opens = self.parts.direction(op.wish) == "Unlocking"
        forgotten = (self._row(op.source, at),) if tries.succeed() else ()
        told = tuple((each.kind, each.index) for each in said(people, shown))
        spare = any(credential.terms.spare for credential in shown)
        op = op.but(
            user=user.index, shown=shown, credentials=told, detail=op.detail or ("spare-pin" if spare else ""),
            tells=tuple(entry for each in shown if opens for entry in tells(people, each, op.source, at)),
        )  # fmt: skip
        minutes = self.parts.registry.properties["ExpiringUserTimeout"]
        use = consumed(people, user, shown, ticket, minutes, at) if opens else ()
        ends = limited(user) or any(credential.terms.limited for credential in shown)
        yield from self.throws.grant(op, at, use, forgotten, ends, forced)

    @staticmethod
    def _forced(event: OperationAsked, user: User, credential: Credential) -> bool:
        """Whether this opening calls for help."""
        shown = event.presented
        return user.type == "ForcedUser" or (shown is not None and credential.duress(shown.digest))

    def _admit_code(self, op: Operation, window: Window, tries: Tries, at: Instant) -> Iterator[Effect]:
        """Its use is on disk before the motor moves, whatever becomes of the disk."""
        codes = self.parts.registry.codes
        forgotten = (self._row(op.source, at),) if tries.succeed() else ()
        detail = "one-time-code" if window.kind == "once" else "timed-code"
        op = op.but(detail=detail, label=window.label, code=window.key)
        use = codes.use(window, at)
        yield from self.throws.grant(op, at, use, (*forgotten, *codes.prune(at)), recorded_only=True)

    def _policy(self) -> Policy:
        lock, now = self.parts.settings.lock, self.parts.registry.properties
        return Policy(
            now["WrongCodeEntryLimit"], lock.wrong_code_window_s,
            now["UserCodeTemporaryDisableTime"], lock.lockout_max_s, lock.wrong_code_day_limit,
        )  # fmt: skip

    def _row(self, source: Source, at: Instant) -> Write:
        return Put("state", f"lockout:{source}", self.tries[source].kept(self._boot, at.mono))

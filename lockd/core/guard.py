"""Who is let in: each try is decided by access.py, paid for by lockout.py, and leaves a record."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from lockd.core.access import Case, Refusal, decide
from lockd.core.credentials import SPENT, Credential
from lockd.core.effects import Effect, Put, Write
from lockd.core.entries import Operation, alarm_entry, refusal_entry, reply, system_entry, telling
from lockd.core.events import Denied, EnterPressed, OperationAsked
from lockd.core.instant import Instant
from lockd.core.lockout import Policy, Trickle, Tries
from lockd.core.parts import Parts
from lockd.core.people import User, use_limited
from lockd.core.snapshot import Snapshot
from lockd.core.throws import Throws
from lockd.core.uses import consumed, stand_in, state_of, tells
from lockd.words import Source, Wish

#: Sources whose wrong tries are counted, each for itself.
COUNTED: tuple[Source, ...] = ("Keypad", "Remote", "ProprietaryRemote", "RFID", "Biometric")


class Guard:
    """Decides what is asked from outside. `tries`: the wrong ones, by source."""

    def __init__(self, parts: Parts, throws: Throws, snapshot: Snapshot, at: Instant) -> None:
        self.parts = parts
        self.throws = throws
        self._boot = snapshot.boot
        self._denials = Trickle()
        self._unread = Trickle()
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
        shown = event.presented
        who = self._who(shown.kind, shown.digest, at) if shown is not None else None
        tries = self.tries.setdefault(event.source, Tries())
        parts = self.parts
        refusal = decide(Case(
            event.wish, event.source, parts.registry.mode, shown is not None, shown is not None and not shown.digest,
            who, self._free(event), tries.remaining(at.mono), parts.door.closed, parts.tampered, at.trust,
            parts.shortage, state_of(parts.registry.people, who, self.throws.using), at.wall,
        ))  # fmt: skip
        if refusal is None:
            yield from self._admit(event, who, tries, at)
        elif refusal.detail == "locked-out":
            yield from self._held(event, refusal, tries, at)
        elif refusal.detail == "busy" and self._unread.take(at.mono) is None:
            yield from reply(event.request, refusal.answer)
        else:
            yield from self._refuse(event, refusal, who, tries, at)

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
        return user.but(status="OccupiedDisabled" if in_use else people.status(user, at)), credential

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

    def _refuse(
        self, event: OperationAsked, refusal: Refusal, who: tuple[User, Credential] | None, tries: Tries, at: Instant
    ) -> Iterator[Effect]:
        """The answer waits for the record, so that no power cut makes a wrong try free."""
        kind = self.parts.operation_type(event.wish)
        said = (who[0], stand_in(self.parts.registry.people, who[1])) if who is not None else None
        entry = refusal_entry(kind, event.source, refusal, said, event.by, at)
        started = refusal.counts and tries.fail(self._policy(), at.mono)
        writes = (self._row(event.source, at),) if refusal.counts else ()
        sign = self.parts.refused(event.source, "wrong" if refusal.counts else refusal.error)
        tell = telling(entry, *reply(event.request, refusal.answer), *sign)

        def then(seq: int, later: Instant) -> Iterator[Effect]:
            yield from tell(seq, later)
            if refusal.counts and not seq and not tries.remaining(later.mono):
                # What cannot be counted on disk could be tried again after each power cut.
                tries.shut(self._policy(), later.mono)
                yield from self._shut(event.source, later)

        yield self.parts.trail.record(entry, writes, at, then)
        if started:
            yield from self._shut(event.source, at)

    def _shut(self, source: Source, at: Instant) -> Iterator[Effect]:
        alarm = alarm_entry("WrongCodeEntryLimit", at, source=source)
        yield self.parts.record(alarm, at, (), *self.parts.local(source, "locked-out"))

    def _admit(
        self, event: OperationAsked, who: tuple[User, Credential] | None, tries: Tries, at: Instant
    ) -> Iterator[Effect]:
        """Granted. A right code makes the wrong ones forgotten, and is used up if it is of that kind."""
        op = Operation(
            event.wish, event.source, by=event.by, request=event.request, wait=event.wait, relock_s=event.relock_s,
            detail="home" if event.wish == "Home" else "",
        )  # fmt: skip
        if who is None:
            yield from self.throws.grant(op, at)
            return
        user, credential = who
        people, ticket = self.parts.registry.people, self.parts.trail.next_ticket
        forgotten = (self._row(event.source, at),) if tries.succeed() else ()
        said = stand_in(people, credential)
        told = tuple(tells(people, credential, op.source, at))
        op = op.but(
            user=user.index, credentials=((said.kind, said.index),), tells=told,
            detail=op.detail or ("spare-pin" if credential.terms.spare else ""),
        )  # fmt: skip
        minutes = self.parts.registry.properties["ExpiringUserTimeout"]
        use = consumed(people, user, credential, ticket, minutes, at)
        ends = use_limited(user) or credential.terms.limited
        yield from self.throws.grant(op, at, use, forgotten, ends, self._forced(event, user, credential))

    @staticmethod
    def _forced(event: OperationAsked, user: User, credential: Credential) -> bool:
        """Whether this opening calls for help."""
        shown = event.presented
        return user.type == "ForcedUser" or (shown is not None and credential.duress(shown.digest))

    def _policy(self) -> Policy:
        lock, now = self.parts.settings.lock, self.parts.registry.properties
        return Policy(
            now["WrongCodeEntryLimit"], lock.wrong_code_window_s,
            now["UserCodeTemporaryDisableTime"], lock.lockout_max_s,
        )  # fmt: skip

    def _row(self, source: Source, at: Instant) -> Write:
        return Put("state", f"lockout:{source}", self.tries[source].kept(self._boot, at.mono))

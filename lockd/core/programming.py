"""Programming at the keypad: who types a ProgrammingPIN gives, changes and takes away PINs, line by line.

The lock asks, a line answers, a sign says what came of it; the manual has the grammar. It sees PINs as digests
alone. Nothing here opens anything, and a new PIN is taken only when it was typed twice. Whoever shows a
credential at the door ends it. Imported with the first ProgrammingPIN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from lockd.core.credentials import Credential
from lockd.core.effects import Effect, Entry, Show
from lockd.core.entries import reply, storage_failure, system_entry
from lockd.core.events import CredentialCleared, CredentialSet, LineTyped
from lockd.core.instant import Instant
from lockd.core.parts import Parts
from lockd.core.people import User
from lockd.core.roster import ALL, credentials_supported
from lockd.core.together import NEEDED
from lockd.errors import InsufficientBattery, LockdError, ResourceExhausted, Restricted
from lockd.value import Value
from lockd.words import CredentialType, Sign, Step

STEP_S = 30.0  #: so long the lock waits for each line

Deed = Literal["new", "change", "remove", "own"]

#: What the first line of a deed may be.
DEEDS: dict[int, Deed] = {0: "own", 1: "new", 2: "change", 3: "remove"}
#: And what is asked for after it.
ORDER: dict[Deed, tuple[Step, ...]] = {
    "own": ("pin", "again"), "new": ("number", "pin", "again"), "change": ("number", "pin", "again"),
    "remove": ("number", "sure"),
}  # fmt: skip


class Asked(Value):
    """What the lock waits for. `number`: of the question, never the same twice; `user`: whose PIN it will be (0:
    nobody's yet); `kind`: of it."""

    number: int
    step: Step
    user: int = 0
    kind: CredentialType = "PIN"


class Programming:
    """`asked`: None while nobody programs. `deadline`: when it ends by itself, in mono seconds. `charge_first`: why
    nothing may be managed now. `wrong`: records a line that counts as a wrong code, and what follows from that."""

    def __init__(
        self, parts: Parts, charge_first: Callable[[], LockdError | None],
        wrong: Callable[[Entry, Instant, Iterable[Effect]], Iterable[Effect]],
    ) -> None:  # fmt: skip
        self.parts = parts
        self.asked: Asked | None = None
        self.deadline: float | None = None
        self._charge_first, self._wrong = charge_first, wrong
        self._questions = 0
        self._who: tuple[User, Credential] | None = None
        self._deed: Deed = "new"
        self._user = 0
        self._typed: LineTyped | None = None

    # Begin and end ------------------------------------------------------------------------------

    def why_not(self, user: User) -> LockdError | None:
        """Why this holder of a ProgrammingPIN may not program now; None: he may."""
        if not self.parts.settings.keypad.programming:
            return Restricted("Programming at the keypad is off (programming-off): see [keypad] in lockd.toml.",
                              "programming-off")  # fmt: skip
        if user.type != "ProgrammingUser" or NEEDED[user.rule] > 1:
            return Restricted("Only a ProgrammingUser with the rule Single programs at the keypad.")
        if self.parts.exposed:
            text = "The outer cover is off, or nobody can tell (tamper-hold): put it back, or see `lockctl doctor`."
            return Restricted(text, "tamper-hold")
        if self.parts.feed.weak:
            return InsufficientBattery("This source is kept for opening (charge-first): program later.", "charge-first")
        return storage_failure("Nothing can be changed") if self.parts.trail.failing else self._charge_first()

    def begin(self, user: User, credential: Credential, at: Instant) -> Iterator[Effect]:
        """He may, and is asked for his choice once it is on disk that he came."""
        who = self._who = (user, credential)
        self._ask("choice", at)
        first = self.asked

        def then(seq: int, _later: Instant) -> Iterator[Effect]:
            if seq and self.asked is first:  # else he has typed ahead, or left
                yield Show("menu")
            elif not seq and self._who is who:
                self._stop()
                yield Show("refused")

        entry = system_entry("programming-began", at, source="Keypad", user=user.index,
                             credentials=[[credential.kind, credential.index]])  # fmt: skip
        yield self.parts.trail.record(entry, (), at, then)

    def end(self, why: str, at: Instant, *signs: Sign) -> Iterator[Effect]:
        """It is over, if it was on; what is on its way to the disk goes on. `why`: for the trail, in one word."""
        if self._who is not None:
            entry = system_entry(f"programming-{why}", at, source="Keypad", user=self._who[0].index)
            self._stop()
            yield self.parts.record(entry, at)
            yield from map(Show, signs)

    def leave(self, request: int, at: Instant) -> Iterator[Effect]:
        """`*`: nothing of what is unfinished is kept."""
        yield from (*self.end("left", at, "left"), *reply(request))

    def tick(self, at: Instant) -> Iterator[Effect]:
        """Nobody has typed for too long."""
        if self.deadline is not None and self.deadline <= at.mono:
            yield from self.end("timed-out", at, "left")

    def _stop(self) -> None:
        self.asked = self.deadline = self._who = self._typed = None

    # Questions and answers ------------------------------------------------------------------------

    def line(self, event: LineTyped, at: Instant) -> Iterator[Effect]:
        """An answer, if it is one to the question that is open."""
        asked, done = self.asked, reply(event.request)
        if asked is None or event.asked != asked.number or asked.step == "saving":
            yield from done
        elif (why_not := self._why_not_on()) is not None:
            yield from self.end("refused", at, self._sign(why_not))
            yield from done
        elif asked.step in ("again", "sure") and self._repeats(event, asked):
            yield from self._save(event.request, at)
        else:
            yield from (*ANSWERS[asked.step](self, event, at), *done)

    def _why_not_on(self) -> LockdError | None:
        """Why he who began may not go on."""
        assert self._who is not None
        user, credential = self._who
        people = self.parts.registry.people
        now = people.users.get(user.index)
        if now is None or now.status != "OccupiedEnabled" or self._own(credential) != credential:
            return Restricted("Who programs was removed, disabled or changed meanwhile.")
        return self.why_not(now)

    def _own(self, credential: Credential) -> Credential | None:
        return self.parts.registry.people.credentials.get((credential.kind, credential.index))

    def _ask(self, step: Step, at: Instant) -> None:
        self._questions += 1
        kind: CredentialType = "ProgrammingPIN" if self._deed == "own" else "PIN"
        self.asked = Asked(self._questions, step, 0 if self._deed == "new" else self._user, kind)
        self.deadline = at.mono + STEP_S if step != "saving" else None

    def _again(self, sign: Sign, at: Instant, step: Step | None = None) -> Iterator[Effect]:
        """That was no good: the same is asked for once more, or another step of the deed."""
        assert self.asked is not None
        self._ask(step or self.asked.step, at)
        yield Show(sign)

    def _on(self, at: Instant, sign: Sign = "more") -> Iterator[Effect]:
        """Good; what comes next."""
        assert self.asked is not None
        order: tuple[Step, ...] = ("choice", *ORDER[self._deed])
        self._ask(order[order.index(self.asked.step) + 1], at)
        yield Show(sign)

    def _choice(self, event: LineTyped, at: Instant) -> Iterator[Effect]:
        if event.number not in DEEDS:
            return self._again("wrong", at)
        assert self._who is not None
        limits = self.parts.settings.users
        self._deed = DEEDS[event.number]
        self._user = self._who[0].index if self._deed == "own" else 0
        full = not self.parts.registry.people.places.free(limits.max) or not self._place()
        return self._again("full", at) if self._deed == "new" and full else self._on(at)

    def _number(self, event: LineTyped, at: Instant) -> Iterator[Effect]:
        number, people = event.number or 0, self.parts.registry.people
        user = people.users.get(number)
        if self._deed == "new":
            known = 1 <= number <= self.parts.settings.users.max
            sign: Sign | None = "wrong" if not known else "refused" if user is not None else None
        elif user is None or (self._deed == "remove" and not self._pins(number)):
            sign = "wrong"
        elif self._is_master(user) and not (self._deed == "change" and self._is_self(user)):
            sign = "refused"
        else:
            sign = "full" if self._deed == "change" and self._is_full(number) else None
        if sign is not None:
            return self._again(sign, at)
        self._user = number
        return self._on(at)

    def _pin(self, event: LineTyped, at: Instant) -> Iterable[Effect]:
        """What is somebody's, or near it, is told like what is weak, and counts as a wrong code: nobody hunts for
        PINs so."""
        assert self._who is not None
        taken = self._is_taken(event)
        if taken or event.verdict == "refused" or not event.digest:
            answer = tuple(self._again("refused", at))
        else:
            self._typed = event
            answer = tuple(self._on(at, "weak" if event.verdict == "weak" else "more"))
        if not (taken or event.near):
            return answer
        detail = "programming-duplicate" if taken else "programming-near"
        return self._wrong(system_entry(detail, at, source="Keypad", user=self._who[0].index), at, answer)

    def _is_taken(self, event: LineTyped) -> bool:
        """Whether the PIN or its duress variant is a PIN already, but for the one whose place it takes."""
        people, old = self.parts.registry.people, self._old()
        found = (people.find("PIN", digest) for digest in (event.digest, event.forced) if digest)
        return any(twin is not None and twin[1] != old for twin in found)

    def _repeats(self, event: LineTyped, asked: Asked) -> bool:
        if asked.step == "sure":
            return event.number == self._user
        return self._typed is not None and event.digest == self._typed.digest

    def _differs(self, _event: LineTyped, at: Instant) -> Iterator[Effect]:
        """Not what was typed before: all of it anew."""
        step: Step = "pin" if self._typed is not None else "number"
        self._typed = None
        return self._again("wrong", at, step)

    # What is changed --------------------------------------------------------------------------------

    def _save(self, request: int, at: Instant) -> Iterable[Effect]:
        """The change, and the next question when it is on disk."""
        change = self._change()
        self._ask("saving", at)
        saving, self._typed = self.asked, None

        def answered(result: Any, later: Instant) -> Iterator[Effect]:
            if self.asked is saving:
                self._renew()
                failed = isinstance(result, LockdError)
                yield from self._again(self._sign(result) if failed else "saved", later, "choice")
            yield from reply(request)

        return self.parts.registry.change(change, at, answered)

    def _change(self) -> CredentialSet | CredentialCleared:
        assert self._who is not None
        who = self._who[0]
        by = f"{who.name} (user {who.index}) at the keypad" if who.name else f"user {who.index} at the keypad"
        if self._deed == "remove" or self._typed is None:
            return CredentialCleared("PIN", ALL, by=by, user=self._user, source="Keypad")
        old, digest, forced = self._old(), self._typed.digest, self._typed.forced
        if old is not None:
            return CredentialSet("Modify", old.kind, old.index, 0, digest, {}, 0, by, forced, source="Keypad")
        user, place = (0, self._user) if self._deed == "new" else (self._user, 0)
        return CredentialSet("Add", "PIN", self._place(), user, digest, {}, 0, by, forced, place, "Keypad")

    def _renew(self) -> None:
        """His own PIN may be another one now."""
        assert self._who is not None
        user, credential = self._who
        self._who = (user, self._own(credential) or credential)

    def _old(self) -> Credential | None:
        """The one in whose place the new one comes: the user's usual PIN, or the ProgrammingPIN itself."""
        assert self._who is not None
        if self._deed == "own":
            return self._who[1]
        return self._usual(self._user) if self._deed == "change" else None

    def _usual(self, user: int) -> Credential | None:
        return next((c for c in self._pins(user) if not (c.terms.spare or c.terms.duress)), None)

    def _pins(self, user: int) -> list[Credential]:
        return [c for c in self.parts.registry.people.of(user) if c.kind == "PIN"]

    def _place(self) -> int:
        """Where a further PIN goes; 0: there is no room."""
        return self.parts.registry.people.places_of("PIN").free(credentials_supported(self.parts.settings.users))

    def _is_full(self, user: int) -> bool:
        """Whether there is no room for a PIN beside what he has."""
        most = self.parts.settings.users.credentials
        taken = len(self.parts.registry.people.of(user)) >= most or not self._place()
        return taken and self._usual(user) is None

    def _is_self(self, user: User) -> bool:
        return self._who is not None and user.index == self._who[0].index

    @staticmethod
    def _is_master(user: User) -> bool:
        """Whom the keypad neither removes nor changes, but for his own PIN."""
        return user.type == "ProgrammingUser"

    @staticmethod
    def _sign(error: LockdError) -> Sign:
        if isinstance(error, ResourceExhausted):
            return "full"
        return "no-power" if isinstance(error, InsufficientBattery) else "refused"


#: What takes the line at each step; a repetition that is right is taken before.
ANSWERS: dict[Step, Callable[[Programming, LineTyped, Instant], Iterable[Effect]]] = {
    "choice": Programming._choice, "number": Programming._number, "pin": Programming._pin,
    "again": Programming._differs, "sure": Programming._differs,
}  # fmt: skip

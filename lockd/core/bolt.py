"""The bolt: one table of states and inputs, and the time a throw may take.

The table is the whole truth about how the bolt may move; the README's diagram is drawn from it.
An input that the table does not name is an error that changes nothing.
"""

from __future__ import annotations

from typing import Literal

from lockd.core.effects import DriveBolt, StopBolt
from lockd.errors import LockdError
from lockd.settings import BoltSettings
from lockd.value import Value
from lockd.words import Direction, Fault, LockState

State = Literal["Unknown", "Locked", "Unlocking", "Unlocked", "Locking", "Jammed"]

#: Wishes; what the contacts say together; the travel limit with and without a retry left; the
#: motor taken away (power lost, a hand on the key).
Input = Literal[
    "LockWanted", "UnlockWanted",
    "AtLocked", "AtUnlocked", "Between", "Contradiction",
    "TimedOut", "GaveUp", "Halted",
]  # fmt: skip

#: What goes with a transition. `hold`: nothing to do; `join`: the wish is under way already;
#: `queue`: the opposite wish has to wait; `here`: the bolt is where it is wanted.
Act = Literal["hold", "drive", "arrive", "here", "join", "queue", "retry", "stop", "fail", "hand"]

TABLE: dict[tuple[State, Input], tuple[State, Act]] = {
    ("Unknown", "LockWanted"): ("Locking", "drive"),
    ("Unknown", "UnlockWanted"): ("Unlocking", "drive"),
    ("Unknown", "AtLocked"): ("Locked", "hand"),
    ("Unknown", "AtUnlocked"): ("Unlocked", "hand"),
    ("Unknown", "Between"): ("Unknown", "hold"),
    ("Unknown", "Contradiction"): ("Unknown", "hold"),
    ("Unknown", "Halted"): ("Unknown", "hold"),
    ("Locked", "LockWanted"): ("Locked", "here"),
    ("Locked", "UnlockWanted"): ("Unlocking", "drive"),
    ("Locked", "AtLocked"): ("Locked", "hold"),
    ("Locked", "AtUnlocked"): ("Unlocked", "hand"),
    ("Locked", "Between"): ("Unknown", "hold"),
    ("Locked", "Contradiction"): ("Unknown", "hold"),
    ("Locked", "Halted"): ("Locked", "hold"),
    ("Unlocked", "LockWanted"): ("Locking", "drive"),
    ("Unlocked", "UnlockWanted"): ("Unlocked", "here"),
    ("Unlocked", "AtLocked"): ("Locked", "hand"),
    ("Unlocked", "AtUnlocked"): ("Unlocked", "hold"),
    ("Unlocked", "Between"): ("Unknown", "hold"),
    ("Unlocked", "Contradiction"): ("Unknown", "hold"),
    ("Unlocked", "Halted"): ("Unlocked", "hold"),
    ("Unlocking", "LockWanted"): ("Unlocking", "queue"),
    ("Unlocking", "UnlockWanted"): ("Unlocking", "join"),
    ("Unlocking", "AtLocked"): ("Unlocking", "hold"),
    ("Unlocking", "AtUnlocked"): ("Unlocked", "arrive"),
    ("Unlocking", "Between"): ("Unlocking", "hold"),
    ("Unlocking", "Contradiction"): ("Unknown", "fail"),
    ("Unlocking", "TimedOut"): ("Unlocking", "retry"),
    ("Unlocking", "GaveUp"): ("Jammed", "fail"),
    ("Unlocking", "Halted"): ("Unknown", "stop"),
    ("Locking", "LockWanted"): ("Locking", "join"),
    ("Locking", "UnlockWanted"): ("Locking", "queue"),
    ("Locking", "AtLocked"): ("Locked", "arrive"),
    ("Locking", "AtUnlocked"): ("Locking", "hold"),
    ("Locking", "Between"): ("Locking", "hold"),
    ("Locking", "Contradiction"): ("Unknown", "fail"),
    ("Locking", "TimedOut"): ("Locking", "retry"),
    ("Locking", "GaveUp"): ("Jammed", "fail"),
    ("Locking", "Halted"): ("Unknown", "stop"),
    ("Jammed", "LockWanted"): ("Locking", "drive"),
    ("Jammed", "UnlockWanted"): ("Unlocking", "drive"),
    ("Jammed", "AtLocked"): ("Locked", "hand"),
    ("Jammed", "AtUnlocked"): ("Unlocked", "hand"),
    ("Jammed", "Between"): ("Jammed", "hold"),
    ("Jammed", "Contradiction"): ("Unknown", "hold"),
    ("Jammed", "Halted"): ("Jammed", "hold"),
}

REST_S = 0.3  #: the motor rests this long before a retry
ADRIFT_S = 5.0  #: a bolt that left its end by hand, or was stopped, and reached none within this is adrift


class IllegalTransition(LockdError):
    """The table does not know this input in this state: a mistake of lockd's own."""


class Arrived(Value):
    """The wished end was reached, by the motor or because the bolt was there."""

    direction: Direction


class Failed(Value):
    """The throw ended without arriving, for the bolt's own reason."""

    direction: Direction
    fault: Fault
    detail: str


class Stopped(Value):
    """The throw was cut short from outside (`halt`), for this reason."""

    direction: Direction
    fault: Fault


class HandMoved(Value):
    """The bolt reached an end without the motor. `seen`: its contacts saw it come there; else it was found there, by
    a contact that could not be read before."""

    end: Literal["Locked", "Unlocked"]
    seen: bool = True


class Queued(Value):
    """The wish has to wait for the opposite one that is under way."""


class Joined(Value):
    """The wish is under way already."""


class Adrift(Value):
    """The bolt stays between its ends, moved there by nobody's order."""


Notice = Arrived | Failed | Stopped | HandMoved | Queued | Joined | Adrift
Outcome = DriveBolt | StopBolt | Notice


def position(locked: bool | None, unlocked: bool | None, moving: bool) -> Input:
    """What both contacts say together; None: there is no such contact, or it cannot be read. Without an unlocked
    contact, a resting bolt that is seen not to be locked counts as unlocked."""
    if locked and unlocked:
        return "Contradiction"
    if locked:
        return "AtLocked"
    if unlocked or (unlocked is None and locked is False and not moving):
        return "AtUnlocked"
    return "Between"


class Bolt:
    """One bolt. Methods return what to do and what happened, in order. Times: mono seconds."""

    def __init__(self, settings: BoltSettings, locked: bool | None, unlocked: bool | None) -> None:
        self.settings = settings
        self.locked = locked
        self.unlocked = unlocked
        self.state: State = "Unknown"
        self.fault: Fault = "None"
        self.end: Literal["Locked", "Unlocked"] | None = None
        self.deadline: float | None = None
        self._resting = False
        self._retries = 0
        at_start = position(locked, unlocked, moving=False)
        if at_start in ("AtLocked", "AtUnlocked"):
            self.state = self.end = "Locked" if at_start == "AtLocked" else "Unlocked"
        else:
            self.fault = "PositionUnknown"

    @property
    def direction(self) -> Direction | None:
        """Where the throw under way goes."""
        return self.state if self.state in ("Locking", "Unlocking") else None

    @property
    def known(self) -> bool:
        """Whether it rests at one of its ends, seen there."""
        return self.state in ("Locked", "Unlocked")

    @property
    def lock_state(self) -> LockState:
        """What the contacts say, and nothing else."""
        seen = position(self.locked, self.unlocked, moving=not self.known)
        words: dict[Input, LockState] = {
            "AtLocked": "Locked", "AtUnlocked": "Unlocked", "Contradiction": "Unknown",
            "Between": "NotFullyLocked" if self.locked is not None else "Unknown",
        }  # fmt: skip
        return words[seen]

    def want(self, direction: Direction, at: float) -> tuple[Outcome, ...]:
        """Throw it there."""
        wanted: Input = "LockWanted" if direction == "Locking" else "UnlockWanted"
        return (*self._look(at), *self._step(wanted, at))

    def sense(self, contact: str, on: bool | None, at: float) -> tuple[Outcome, ...]:
        """One of its contacts, `locked` or `unlocked`, changed; None: it cannot be read any more, which takes a
        bolt to no end."""
        blind = on is None or getattr(self, contact) is None
        setattr(self, contact, on)
        moving = not self.known if on is None else self.direction is not None
        outcomes = self._step(position(self.locked, self.unlocked, moving), at)
        return tuple(each.but(seen=False) if blind and isinstance(each, HandMoved) else each for each in outcomes)

    def halt(self, fault: Fault, at: float) -> tuple[Outcome, ...]:
        """Motor off now, for this reason; where the bolt is, only its contacts can say."""
        stopped = (Stopped(self.direction, fault),) if self.direction is not None else ()
        return (*self._step("Halted", at), *stopped, *self._look(at))

    def _look(self, at: float) -> tuple[Outcome, ...]:
        """A bolt that failed or was stopped may be seen at an end all the while, and no contact
        will change to say so."""
        seen = position(self.locked, self.unlocked, moving=True)
        lost = self.state in ("Unknown", "Jammed")
        return self._step(seen, at) if lost and seen in ("AtLocked", "AtUnlocked") else ()

    def tick(self, at: float) -> tuple[Outcome, ...]:
        """The deadline has come."""
        if self.direction is None:
            self.deadline = None
            self.fault = "PositionUnknown"
            return (Adrift(),)
        if self._resting:
            return (self._drive(at),)
        if self._arrives_unseen():
            return self._step("AtUnlocked", at)
        return self._step("TimedOut" if self._retries < self.settings.retries else "GaveUp", at)

    def _arrives_unseen(self) -> bool:
        """Without an unlocked contact a whole drive away from the locked one is all there is."""
        return self.state == "Unlocking" and self.unlocked is None and self.locked is False

    def _step(self, given: Input, at: float) -> tuple[Outcome, ...]:
        if (self.state, given) not in TABLE:
            raise IllegalTransition(f"bolt: {given} while {self.state}")
        before = self.state
        self.state, act = TABLE[self.state, given]
        if given == "Contradiction":
            self.fault = "PositionUnknown"
        if act == "hold":
            return self._hold(given, before, at)
        towards_locked = before == "Locking" or (given == "LockWanted" and before != "Unlocking")
        return self._act(act, given, "Locking" if towards_locked else "Unlocking", at)

    def _hold(self, given: Input, before: State, at: float) -> tuple[Outcome, ...]:
        if given == "Halted":
            return self._let_go()
        if self.state != "Unknown" or before == "Unknown":
            return ()
        if given == "Contradiction":
            return (Adrift(),)
        self.deadline = at + ADRIFT_S
        return ()

    def _act(self, act: Act, given: Input, direction: Direction, at: float) -> tuple[Outcome, ...]:
        match act:
            case "drive":
                self._retries = 0
                return (self._drive(at),)
            case "retry":
                return self._rest(at)
            case "arrive":
                return (*self._settle(), Arrived(direction))
            case "here":
                return (Arrived(direction),)
            case "hand":
                return self._by_hand()
            case "fail":
                return self._fail(given, direction)
            case "stop":
                self.fault = "PositionUnknown"
                self.deadline = at + ADRIFT_S
                return (StopBolt(),)
            case "join":
                return (Joined(),)
            case _:
                return (Queued(),)

    def _drive(self, at: float) -> DriveBolt:
        self._resting = False
        self.fault = "None"
        self.deadline = at + self.settings.travel_s
        assert self.direction is not None
        return DriveBolt(self.direction)

    def _rest(self, at: float) -> tuple[Outcome, ...]:
        self._retries += 1
        self._resting = True
        self.deadline = at + REST_S
        return (StopBolt(),)

    def _settle(self) -> tuple[Outcome, ...]:
        """At an end by the motor. A strike stays energised until it is asked to lock."""
        self.deadline = None
        self.end = "Locked" if self.state == "Locked" else "Unlocked"
        holds = self.settings.kind == "strike" and self.end == "Unlocked"
        return () if holds else (StopBolt(),)

    def _let_go(self) -> tuple[Outcome, ...]:
        """A strike at rest may be energised; its spring locks it then, and no hand."""
        if self.settings.kind == "motor":
            return ()
        self.end = "Locked"
        return (StopBolt(),)

    def _by_hand(self) -> tuple[Outcome, ...]:
        self.deadline = None
        self.fault = "None"
        before, self.end = self.end, ("Locked" if self.state == "Locked" else "Unlocked")
        off = self._let_go() if self.end == "Locked" else ()
        return off if before == self.end else (*off, HandMoved(self.end))

    def _fail(self, given: Input, direction: Direction) -> tuple[Outcome, ...]:
        self.deadline = None
        if given == "Contradiction":
            return (StopBolt(), Failed(direction, "PositionUnknown", "jammed"))
        start = self.unlocked if direction == "Locking" else self.locked
        self.fault = "Stalled" if start else "Jammed"
        return (StopBolt(), Failed(direction, self.fault, "motor-timeout" if start else "jammed"))

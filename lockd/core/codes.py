"""Codes granted from afar, as the lock sees them: which windows may be open now, and which were used.

The issuing key is not here: who has it finds the window that a typed code stands for (lockd/codes.py), and this
says what the window is worth. Everything needs a clock that can be trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from lockd.codes import (
    DAY,
    FIRST,
    HOUR_US,
    LONGEST,
    MOST_FRESH,
    MOST_GUESSES,
    MOST_KEPT,
    Label,
    Window,
    fresh,
    read_key,
    windows_of,
)  # fmt: skip
from lockd.core.effects import Drop, Put, Write
from lockd.core.events import CodesSet
from lockd.core.instant import Instant
from lockd.core.lockout import Daily
from lockd.core.snapshot import Kept
from lockd.errors import ConstraintError, NotFound, ResourceExhausted

ROW = "codes"  #: the row of the table `state` with the key's name, the epoch and the labels
FLOOR = "codes-floor"  #: the one with the hour before which no code can start any more
USED = "code:"  #: one for each window that was used
GUESSES = "codes-guesses"  #: the wrong ones of the last day

#: What a typed code comes to. "": it is none; unknown: no window's; clock-unset, held: it could not be
#: looked at; used: up; closed: a weekly one at another time; full: too many others go on.
CodeState = Literal["", "unknown", "clock-unset", "held", "used", "closed", "full", "valid"]


class Codes:
    """`serial`: which issuing key it is; empty: there is none. `uses`: windows that were used, by key;
    those that last are open because of it. `floor`: no window that starts before this hour is accepted
    any more. `lost`: the key was given up, as uses may have been forgotten."""

    def __init__(self, state: Mapping[str, Kept], incomplete: bool) -> None:
        self.labels: dict[str, Label] = {}
        self.uses: dict[str, Window] = {}
        self.floor = 0
        self._forget()
        self.lost = incomplete and ROW in state
        #: What was decided for want of rows, to be written down.
        self.decided: tuple[Write, ...] = ()
        rows = {key: kept for key, kept in state.items() if key in (ROW, FLOOR) or key.startswith(USED)}
        if incomplete:
            self.decided = tuple(Drop("state", key) for key in rows if key != FLOOR)
        self.apply(Put("state", key, kept.value) for key, kept in rows.items() if not incomplete or key == FLOOR)

    @property
    def granting(self) -> bool:
        """Whether there is an issuing key."""
        return bool(self.serial)

    def windows(self, at: Instant) -> tuple[Window, ...]:
        """What a typed code is to be compared with, at most codes.MOST: those that may be used first
        now, and those that were and are not over."""
        if not self.serial or at.trust != "Trusted":
            return ()
        hour = at.wall // HOUR_US
        new = (w for label in self.labels.values() for w in fresh(label, self.epoch, hour) if w.start >= self.floor)
        return tuple(dict.fromkeys((*self.kept(hour), *new)))

    def kept(self, hour: int) -> tuple[Window, ...]:
        """Those that were used first, and go on."""
        return tuple(w for w in self.uses.values() if w.kind != "once" and hour < w.end and self.stands(w))

    def lasts(self, window: Window, hour: int) -> bool:
        """Whether a window that was just used is not over yet."""
        if window.kind == "once":
            return hour < window.start + self.labels[window.label].accept
        return window.covers(hour)

    def stands(self, window: Window) -> bool:
        """Whether neither its label nor its epoch was revoked, and the label still allows it."""
        return window.epoch == self.epoch and _allowed(window, self.labels)

    def state(self, window: Window, at: Instant) -> CodeState:
        """What it is worth now."""
        hour = at.wall // HOUR_US
        if window not in self.windows(at):
            return "unknown"
        if window.key in self.uses:
            return "used" if window.kind == "once" else "valid" if window.covers(hour) else "closed"
        return "full" if window.kind != "once" and len(self.kept(hour)) >= MOST_KEPT else "valid"

    def use(self, window: Window, at: Instant) -> tuple[Put, ...]:
        """What its first use leaves behind."""
        return () if window.key in self.uses else (Put("state", USED + window.key, {"first": at.wall}),)

    def prune(self, at: Instant) -> tuple[Write, ...]:
        """The writes that forget uses that are long over. A clock that is set back brings none of them back:
        what starts no later than they did is not accepted any more."""
        hour = at.wall // HOUR_US
        old = [w for w in self.uses.values() if max(w.end, w.start + DAY) <= hour]
        if not old:
            return ()
        floor = max(self.floor, *(w.start + 1 for w in old))
        gone = (Drop("state", USED + w.key) for w in old)
        return (Put("state", FLOOR, {"hour": floor}), *gone)

    def everything(self) -> tuple[Write, ...]:
        """The writes that erase all of it but the floor."""
        return (Drop("state", ROW), *self._drop_uses())

    def apply(self, writes: Iterable[Write]) -> None:
        """Take over what was committed."""
        for write in writes:
            if write.key == ROW and isinstance(write, Put):
                self._take(write.value)
            elif write.key == ROW:
                self._forget()
            elif write.key == FLOOR and isinstance(write, Put):
                self.floor = write.value["hour"]
            elif isinstance(write, Put):
                self.uses[write.key.removeprefix(USED)] = read_key(write.key.removeprefix(USED))
            else:
                self.uses.pop(write.key.removeprefix(USED), None)

    def plan(self, event: CodesSet) -> tuple[Write, ...]:
        """The writes of a change; raises the LockdError that it meets."""
        if event.op == "key":
            labels = self.labels or {label.name: label for label in FIRST}
            after = max(label.number for label in labels.values())
            return (self._row(event.serial, self.epoch + 1, max(self.next, after + 1), labels), *self._drop_uses())
        if not self.serial:
            raise NotFound("There is no issuing key yet: make one with `lockctl code key`.")
        if event.op == "epoch":
            return (self._row(self.serial, self.epoch + 1, self.next, self.labels), *self._drop_uses())
        if event.op == "label":
            changed = self._with(event)
            return (self._row(self.serial, self.epoch, self.next + 1, changed), *self._drop_narrowed(changed))
        if event.name not in self.labels:
            raise NotFound(f"There is no label {event.name}; there are {', '.join(self.labels) or 'none'}.")
        labels = {**self.labels, event.name: self.labels[event.name].but(number=self.next)}
        if event.op == "remove":
            del labels[event.name]
        return (self._row(self.serial, self.epoch, self.next + 1, labels), *self._drop_uses(event.name))

    def _with(self, event: CodesSet) -> Mapping[str, Label]:
        """The labels with one more, or one changed."""
        if bool(event.lengths) == (event.kind == "once"):
            raise ConstraintError("lengths: a one-time code has none, and every other kind needs one at least.")
        if event.lengths and event.lengths[-1] > LONGEST[event.kind]:
            raise ConstraintError(f"lengths: a {event.kind} code lasts {LONGEST[event.kind]} hours at the most.")
        old = self.labels.get(event.name)
        new = Label(event.name, event.kind, event.lengths, event.accept, old.number if old is not None else self.next)
        labels = {**self.labels, new.name: new}
        if (total := windows_of(labels.values())) > MOST_FRESH:
            raise ResourceExhausted(
                f"The label would keep {new.windows} windows waiting, and all labels together {total}, where"
                f" {MOST_FRESH} is the most that cannot be guessed: give it fewer lengths or a shorter accept,"
                " or remove another label."
            )
        return labels

    @staticmethod
    def _row(serial: str, epoch: int, following: int, labels: Mapping[str, Label]) -> Put:
        rows = [[n, label.kind, list(label.lengths), label.accept, label.number] for n, label in labels.items()]
        return Put("state", ROW, {"serial": serial, "epoch": epoch, "next": following, "labels": rows})

    def _take(self, row: Mapping[str, Any]) -> None:
        self.serial, self.epoch, self.next = row["serial"], row["epoch"], row["next"]
        self.labels = {name: Label(name, kind, tuple(ls), accept, n) for name, kind, ls, accept, n in row["labels"]}

    def _forget(self) -> None:
        self.serial, self.epoch, self.next = "", 0, 1
        self.labels, self.uses = {}, {}

    def _drop_uses(self, label: str = "") -> tuple[Write, ...]:
        return tuple(Drop("state", USED + w.key) for w in self.uses.values() if label in ("", w.label))

    def _drop_narrowed(self, labels: Mapping[str, Label]) -> tuple[Write, ...]:
        """What goes on and is not allowed any more has ended for good: were the label widened again, it would go
        on beside others that were let in since, and be more than may. Of one-time codes nothing is forgotten."""
        lasting = (w for w in self.uses.values() if w.kind != "once")
        ended = (w for w in lasting if not (self.stands(w) and _allowed(w, labels)))
        return tuple(Drop("state", USED + w.key) for w in ended)


def _allowed(window: Window, labels: Mapping[str, Label]) -> bool:
    label = labels.get(window.label)
    return label is not None and label.allows(window)


class Guesses(Daily):
    """Wrong codes within the last day: no right PIN and no setting makes them forgotten."""

    def held(self, at: float) -> bool:
        """Whether there were so many that no code is looked at."""
        return self.count(at) >= MOST_GUESSES

    def row(self, boot: str, at: float) -> Put:
        """As it is stored."""
        return Put("state", GUESSES, {"boot": boot, "at": at, "hours": self.ages(at)})

    @classmethod
    def restored(cls, row: Mapping[str, Any], boot: str, at: float) -> Guesses:
        """From a row. In another boot nobody knows how much time passed, so none has."""
        passed = max(0.0, at - row["at"]) if boot and row["boot"] == boot else 0.0
        return cls((at - passed - age, count) for age, count in row["hours"])

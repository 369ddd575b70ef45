"""The parts of one lock that its deciders share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lockd.core.autolock import Autolock
from lockd.core.bolt import Bolt
from lockd.core.door import Door
from lockd.core.effects import Effect, Entry, Show, Write
from lockd.core.entries import Operation, alarm_entry, system_entry, telling
from lockd.core.events import PropertySet
from lockd.core.feed import Feed
from lockd.core.hands import hand_pins
from lockd.core.instant import Instant
from lockd.core.registry import Registry
from lockd.core.snapshot import Snapshot
from lockd.core.trail import Trail
from lockd.core.ways import Ways
from lockd.errors import InsufficientBattery
from lockd.settings import Settings
from lockd.words import Alarm, Contact, Direction, OperationType, Sign, Source, Wish

if TYPE_CHECKING:
    from datetime import tzinfo


class Parts:
    """Bolt, door, people, trail; and what to do with them that more than one decider needs."""

    def __init__(
        self, settings: Settings, snapshot: Snapshot, contacts: Mapping[Contact, bool], at: Instant,
        zone: Callable[[], tzinfo],
    ) -> None:  # fmt: skip
        self.settings = settings
        self.trail = Trail(snapshot.last_seq)
        self.registry = Registry(settings, snapshot, self.trail, zone)
        self.bolt = Bolt(settings.bolt, contacts.get("locked"), contacts.get("unlocked"))
        self.door = Door(contacts.get("closed"), settings.door.ajar_s, at.mono)
        self.autolock = Autolock()
        self.own_relock_s: int | None = None
        #: Whether the outer cover is off; None: its contact cannot be read.
        self.tampered = contacts.get("tamper", None if settings.tamper is not None else False)
        self.actuator_fault = ""
        #: Contacts of hands that cannot be read.
        self.unfelt = {contact for contact, pin in hand_pins(settings).items() if pin and contact not in contacts}
        self.feed = Feed(settings, snapshot.state)
        self.ways = Ways(snapshot.state, self.feed, self.registry)
        self.driven = False  #: whether the motor is on
        self.emergency = False  #: whether the bolt was drawn on emergency power

    def record(self, entry: Entry, at: Instant, writes: tuple[Write, ...] = (), *after: Effect) -> Effect:
        """Write it, then tell of it."""
        return self.trail.record(entry, writes, at, telling(entry, *after))

    def alarm(self, alarm: Alarm, at: Instant, detail: str = "", **more: Any) -> Iterator[Effect]:
        """Something needs a person."""
        yield self.record(alarm_entry(alarm, at, detail, **more), at)

    @property
    def exposed(self) -> bool:
        """Whether the outer cover is off, for all that is known."""
        return self.tampered is not False

    @property
    def shortage(self) -> InsufficientBattery | None:
        """Why there is no power for a throw, or for the rest of the one under way."""
        held = self.driven and self.settings.bolt.kind == "strike"
        return self.feed.shortage(moving=held or self.bolt.direction is not None)

    def draws(self, direction: Direction) -> bool:
        """Whether to move that way takes power: a strike's spring locks it."""
        return self.settings.bolt.kind == "motor" or direction == "Unlocking"

    def direction(self, wish: Wish) -> Direction:
        """Where that throws the bolt."""
        return "Locking" if wish == "Lock" or (wish == "Home" and self.homes_to_locked) else "Unlocking"

    def lacks(self, wish: Wish) -> InsufficientBattery | None:
        """Why there is no power for it. To home a bolt that rests at an end takes none."""
        moves = wish != "Home" or not self.bolt.known
        return self.shortage if moves and self.draws(self.direction(wish)) else None

    def doing(self, op: Operation) -> dict[str, Any]:
        """An operation in the words of an entry."""
        return {
            "type": self.operation_type(op.wish), "source": op.source, "user": op.user, "by": op.by,
            "credentials": [list(c) for c in op.credentials] or None, "grant": op.grant,
        }  # fmt: skip

    def proof(self, op: Operation, at: Instant) -> tuple[tuple[Write, ...], tuple[Entry, ...]]:
        """What the operation proves of the other ways in: the writes that keep it, and what a
        drill records of it."""
        seen = self.ways.used(op, self.driven, at)
        drilled = (system_entry("drill-proved", at, ways=way) for way in self.ways.drilled(seen, at))
        return self.ways.prove(seen, at), tuple(drilled)

    def refused(self, source: Source, error: str) -> Iterable[Effect]:
        """A refusal, said to who stands at the door."""
        signs: dict[str, Sign] = {"wrong": "wrong", "InsufficientBattery": "no-power"}
        return self.local(source, signs.get(error, "refused"))

    def local(self, source: Source, sign: Sign) -> Iterable[Effect]:
        """Said with lamps and buzzer to who stands at the door."""
        return (Show(sign),) if source in ("Keypad", "Button", "RFID", "Biometric") else ()

    def operation_type(self, wish: Wish) -> OperationType:
        """As it is recorded. Home is what it comes to: the end where the bolt rests, else the one
        that it would be driven to."""
        if wish == "Home":
            return "Lock" if self.homes_to_locked else "Unlock"
        if wish == "Lock":
            return "Lock"
        return "Unlatch" if wish == "Unlock" and self.settings.bolt.latch is not None else "Unlock"

    @property
    def homes_to_locked(self) -> bool:
        """Home leaves a bolt that is seen at an end there; else it throws it, but never onto an open door.
        A strike's spring throws it anyway."""
        if self.bolt.known:
            return self.bolt.state == "Locked"
        return self.settings.bolt.kind == "strike" or self.door.closed is not False

    def relock_policy(self) -> tuple[int, str]:
        """What the relock delay depends on."""
        return self.registry.properties["AutoRelockTime"], self.registry.mode

    def relock(self, at: Instant, own_s: int | None = None) -> None:
        """The bolt was drawn: it locks again after the operation's own time, else after the
        lock's. A strike falls back by itself, whatever the mode and the door, and its coil is
        never held longer for being asked again."""
        if self.settings.bolt.kind == "strike":
            if not self.autolock.due:
                self.autolock.unlocked(self.settings.bolt.hold_s, None, at.mono)
            return
        delay, mode = self.relock_policy()
        if mode == "Passage":
            delay = 0
        self.own_relock_s = own_s
        self.autolock.unlocked(own_s or delay, self.door.closed, at.mono)

    def forget_relock(self) -> None:
        """The bolt is out."""
        self.own_relock_s = None
        self.emergency = False
        self.autolock.locked()

    def relock_anew(self, at: Instant) -> None:
        """The door moved, or what was begun came to nothing: the same delay, whole. A strike has
        its own time, whatever the door does."""
        if self.settings.bolt.kind == "motor":
            self.autolock.anew(self.door.closed, at.mono)

    def end_privacy(self, at: Instant) -> Iterator[Effect]:
        """Somebody inside opened: Privacy has served."""
        if self.registry.mode == "Privacy":
            yield from self.registry.change(PropertySet("OperatingMode", "Normal", by="inside"), at)

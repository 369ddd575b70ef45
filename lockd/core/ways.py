"""The other ways in: which there are, when each was last proved to work, and the drill that proves them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lockd.core.effects import Put, Write
from lockd.core.entries import Operation
from lockd.core.feed import Feed
from lockd.core.instant import Instant
from lockd.core.people import People
from lockd.core.snapshot import Kept
from lockd.settings import Settings
from lockd.words import PowerSource

PROVED = "way:"  #: rows of the table `state`
DRILL_S = 600.0
DAY_S = 86_400

#: How to use each, in the order in which they are listed.
TEXTS: dict[str, str] = {
    "usb": "Plug a power bank into the USB-C port, wait for the sign, and type the PIN.",
    "9v": "Hold a 9 V battery to its contacts until the bolt has moved, and type the PIN meanwhile.",
    "generator": "Turn the generator's handle, and type the PIN while it gives power.",
    "wireless": "Hold a phone that shares its power to the lock, and type the PIN.",
    "key": "Turn the mechanical key in the cylinder.",
    "code": "Set the mechanical code on its wheel, and turn it.",
    "hole": "Push a pin into the emergency hole.",
    "spare-pin": "Type another PIN than the usual one.",
    "granted-code": "Ask whoever holds the issuing key for a code, and type it.",
}
PLUGS: dict[PowerSource, str] = {
    "EmergencyUsb": "usb", "Emergency9V": "9v", "Generator": "generator", "Wireless": "wireless",
}  # fmt: skip
HANDS = {"mechanical-key": "key", "mechanical-code": "code", "emergency-hole": "hole"}


class Ways:
    """`proved`: seconds since 1970, by way."""

    def __init__(self, state: Mapping[str, Kept]) -> None:
        self.proved: dict[str, int] = {
            key.removeprefix(PROVED): row.value["proved"] for key, row in state.items() if key.startswith(PROVED)
        }
        self._drill_until = float("-inf")
        self._shown: set[str] = set()
        self._last_pin: tuple[str, int] | None = None

    def drill(self, at: Instant) -> None:
        """What is used from now on is a drill, for a while."""
        self._drill_until = at.mono + DRILL_S
        self._shown = set()

    def used(self, op: Operation, feed: Feed, driven: bool, at: Instant) -> list[str]:
        """The ways that this operation has shown to work. `driven`: the motor moved the bolt for it."""
        seen = [HANDS[op.detail]] if op.source == "Manual" and op.detail in HANDS else []
        in_need = feed.session.source is not None or at.mono < self._drill_until
        if driven and in_need and feed.supply.source in PLUGS:
            seen.append(PLUGS[feed.supply.source])
        if op.source == "Keypad" and op.credentials:
            if op.detail == "spare-pin" or self._last_pin not in (None, op.credentials[0]):
                seen.append("spare-pin")
            self._last_pin = op.credentials[0]
        return seen + ["granted-code"] * bool(op.code)

    def prove(self, ways: Iterable[str], at: Instant) -> tuple[Write, ...]:
        """The writes that keep it."""
        seconds = at.wall // 1_000_000
        self.proved |= dict.fromkeys(ways, seconds)
        return tuple(Put("state", f"{PROVED}{way}", {"proved": seconds}) for way in ways)

    def drilled(self, ways: Iterable[str], at: Instant) -> list[str]:
        """Those that are proved by a drill, each once."""
        if at.mono >= self._drill_until:
            return []
        new = [way for way in ways if way not in self._shown]
        self._shown.update(new)
        return new

    def listed(
        self, settings: Settings, feed: Feed, people: People, granting: bool, at: Instant
    ) -> list[dict[str, Any]]:
        """With the keys of dbus/names.py's WAY_FIELDS. `granting`: whether there is a key that codes are made with."""
        return [
            {"way": way, "ready": ready, "proved": self.proved.get(way, 0),
             "overdue": self._overdue(way, settings.ways.drill_days, at), "text": TEXTS[way]}
            for way, ready in self._ready(self._there(settings, feed, granting), feed, people, at)
        ]  # fmt: skip

    def overdue(self, settings: Settings, feed: Feed, granting: bool, at: Instant) -> bool:
        """Whether any is."""
        return any(self._overdue(way, settings.ways.drill_days, at) for way in self._there(settings, feed, granting))

    def _overdue(self, way: str, days: int, at: Instant) -> bool:
        """A proof of a day to come was dated by a clock that was wrong, and may be of any day."""
        if not days or (way in self.proved and at.trust == "Unknown"):
            return False
        return not -DAY_S <= at.wall // 1_000_000 - self.proved.get(way, 0) <= days * DAY_S

    def _there(self, settings: Settings, feed: Feed, granting: bool) -> list[str]:
        """Each that this lock has."""
        wired = settings.ways
        hands = {"key": settings.has_key, "code": wired.code, "hole": wired.hole}
        there = [way for source, way in PLUGS.items() if source in feed.plugs or way in self.proved]
        there += [way for way, given in hands.items() if given]
        return there + ["spare-pin"] * (settings.keypad.kind != "none") + ["granted-code"] * granting

    @staticmethod
    def _ready(there: Iterable[str], feed: Feed, people: People, at: Instant) -> Iterator[tuple[str, bool]]:
        """And whether it would work now, as far as that can be told."""
        faulty = {PLUGS.get(port.source) for port in feed.supply.ports.values() if port.fault or port.flapping}
        for way in there:
            if way == "spare-pin":
                yield way, sum(_usable(people, *key) for key in people.credentials) > 1
            elif way == "granted-code":
                yield way, at.trust == "Trusted"
            else:
                yield way, way not in faulty


def _usable(people: People, kind: str, index: int) -> bool:
    user = people.users.get(people.credentials[kind, index].user)
    return kind == "PIN" and user is not None and user.status == "OccupiedEnabled"

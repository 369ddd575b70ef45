"""The other ways in: which there are, when each was last proved to work, and the drill that proves them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lockd.core.effects import Put, Write
from lockd.core.entries import Operation
from lockd.core.feed import Feed
from lockd.core.instant import Instant
from lockd.core.people import People
from lockd.core.registry import Registry
from lockd.core.snapshot import Kept
from lockd.settings import Settings
from lockd.words import PowerSource, Source, Wish

PROVED = "way:"  #: rows of the table `state`
DRILL_S = 600.0
DAY_S = 86_400

PLUGS: dict[PowerSource, str] = {
    "EmergencyUsb": "usb", "Emergency9V": "9v", "Generator": "generator", "Wireless": "wireless",
}  # fmt: skip
HANDS = {"mechanical-key": "key", "mechanical-code": "code", "emergency-hole": "hole"}
#: What opens from afar, or from beside the door, by what it is recorded as.
AFAR: dict[Source, str] = {"ProprietaryRemote": "phone", "Remote": "remote"}
OPENING: tuple[Wish, ...] = ("Unlock", "Unbolt")


class Ways:
    """`proved`: seconds since 1970, by way."""

    def __init__(self, state: Mapping[str, Kept], feed: Feed, registry: Registry) -> None:
        self._feed, self._registry = feed, registry
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

    def used(self, op: Operation, driven: bool, at: Instant) -> list[str]:
        """The ways that this operation has shown to work. `driven`: the motor moved the bolt for it."""
        seen = [HANDS[op.detail]] if op.source == "Manual" and op.detail in HANDS else []
        feed = self._feed
        in_need = feed.session.source is not None or at.mono < self._drill_until
        if driven and in_need and feed.supply.source in PLUGS:
            seen.append(PLUGS[feed.supply.source])
        if op.source == "Keypad" and op.credentials:
            if op.detail == "spare-pin" or self._last_pin not in (None, op.credentials[0]):
                seen.append("spare-pin")
            self._last_pin = op.credentials[0]
        if op.source in AFAR and op.wish in OPENING:
            seen.append(AFAR[op.source])
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

    @property
    def there(self) -> list[str]:
        """Each that this lock has, in the order in which they are listed."""
        settings, people = self._registry.settings, self._registry.people
        wired = settings.ways
        there = [way for source, way in PLUGS.items() if source in self._feed.plugs or way in self.proved]
        others = {
            "key": settings.has_key, "code": wired.code, "hole": wired.hole,
            "spare-pin": types_pins(settings, people),
            "granted-code": self._registry.codes.granting,
            "phone": settings.phone.enabled and people.places_of("Phone"),
            "remote": wired.remote,
        }  # fmt: skip
        return there + [way for way, given in others.items() if given]

    def overdue(self, way: str, at: Instant) -> bool:
        """Whether it was not proved for too long. A proof of a day to come was dated by a clock that was wrong, and
        may be of any day."""
        days = self._registry.settings.ways.drill_days
        if not days or (way in self.proved and at.trust == "Unknown"):
            return False
        return not -DAY_S <= at.wall // 1_000_000 - self.proved.get(way, 0) <= days * DAY_S


def types_pins(settings: Settings, people: People) -> bool:
    """Whether PINs can be typed at the door. Nobody tells if a Wiegand reader has keys; who gives PINs says so."""
    wiegand = settings.wiegand.data0 is not None and bool(people.places_of("PIN"))
    usb = bool(settings.hid.device) and settings.hid.kind == "keypad"
    return settings.keypad.kind != "none" or usb or wiegand

"""All that feeds the lock, taken together: readings in, one judgement out."""

from __future__ import annotations

from collections.abc import Iterator

from lockd.core.battery import ORDER, Battery
from lockd.core.port import BEST, Port
from lockd.reading import Reading
from lockd.settings import PowerSettings
from lockd.words import BatteryLevel, PortFault, PowerSource


class Supply:
    """Batteries and ports by name. Times: mono seconds."""

    def __init__(self, settings: PowerSettings) -> None:
        self.settings = settings
        self.batteries: dict[str, Battery] = {}
        self.ports: dict[str, Port] = {}
        self._asked_all = False
        self._other_rules = False  # by which readings come, since all were read
        #: The fullest battery that is there; None: none is.
        self.battery: Battery | None = None
        #: Good outside power, the best first, whether or not its contact is still.
        self.feeding: list[Port] = []

    def read(self, reading: Reading, at: float, loaded: bool) -> None:
        """One supply was read. `loaded`: while the motor runs."""
        if reading.source == "Battery":
            self.ports.pop(reading.name, None)
            battery = self.batteries.setdefault(reading.name, Battery())
            battery.read(reading, self.settings, at, loaded, charger=bool(self.feeding))
        elif reading.source in BEST:
            self.batteries.pop(reading.name, None)
            port = self.ports.setdefault(reading.name, Port(reading.source))
            if port.source != reading.source:
                port = self.ports[reading.name] = Port(reading.source)
            port.read(reading, self.settings, at)
        self._weigh()

    def keep(self, names: frozenset[str], at: float) -> None:
        """No other supplies than these are there any more. What the rules no longer name was not taken out."""
        self._asked_all = True
        if self._other_rules:
            self._other_rules = False
            self.batteries = {name: each for name, each in self.batteries.items() if name in names}
        sources: dict[str, PowerSource] = {name: port.source for name, port in self.ports.items() if port.present}
        sources |= {name: "Battery" for name, battery in self.batteries.items() if battery.present}
        for name in sources.keys() - names:
            self.read(Reading(name, sources[name], present=False), at, loaded=False)
        self._weigh()

    def load(self, settings: PowerSettings) -> None:
        """Other limits hold from now on."""
        named = (settings.battery, settings.supplies)
        self._other_rules = self._other_rules or named != (self.settings.battery, self.settings.supplies)
        self.settings = settings
        for port in self.ports.values():
            port.review(settings)
        for battery in self.batteries.values():
            battery.review(settings)
        self._weigh()

    def tick(self, at: float) -> bool:
        """What has said nothing for too long is unknown. True: something is."""
        stale = [each for each in self._every if each.known and self._stale_at(each) <= at]
        for each in stale:
            each.forget()
        for battery in self.batteries.values():
            if battery.rested_at is not None and battery.rested_at <= at:
                battery.rest()
        self._weigh()
        return bool(stale)

    @property
    def deadlines(self) -> Iterator[float | None]:
        """When readings become stale, batteries have rested, and ports settle."""
        for each in self._every:
            if each.known:
                yield self._stale_at(each)
        for battery in self.batteries.values():
            yield battery.rested_at
        for port in self.ports.values():
            yield port.deadline

    def faults(self, at: float) -> Iterator[tuple[Port, PortFault]]:
        """What has settled to be wrong since this was asked last."""
        for port in self.ports.values():
            fault = port.settled(at)
            if fault is not None:
                yield port, fault

    @property
    def untold(self) -> tuple[Port, PortFault] | None:
        """A fault that has settled and goes on, and has no record yet."""
        settled = ((port, port.told) for port in self.ports.values() if not port.recorded)
        return next(((port, fault) for port, fault in settled if fault is not None), None)

    def _stale_at(self, each: Battery | Port) -> float:
        return each.read_at + self.settings.stale_s

    @property
    def _every(self) -> tuple[Battery | Port, ...]:
        return (*self.batteries.values(), *self.ports.values())

    # The judgement ------------------------------------------------------------------------------

    def _weigh(self) -> None:
        there = (battery for battery in self.batteries.values() if battery.present)
        self.battery = max(there, key=lambda b: (ORDER.index(b.level), b.percent or 0, b.volts or 0), default=None)
        wrong = {port.source for port in self.ports.values() if port.fault is not None}
        # Who says no volts may be at the same plug as one who says that they are wrong.
        fed = (port for port in self.ports.values() if port.feeds and not (port.volts is None and port.source in wrong))
        self.feeding = sorted(fed, key=lambda port: BEST.index(port.source))

    @property
    def level(self) -> BatteryLevel:
        """The battery's."""
        return self.battery.level if self.battery is not None else "Unknown"

    @property
    def blank(self) -> bool:
        """Whether it is in doubt if the battery is dead, or has not been measured yet."""
        return self.battery is not None and self.battery.blank

    @property
    def percent(self) -> float | None:
        """Of the battery's charge."""
        return self.battery.percent if self.battery is not None else None

    @property
    def watt_hours(self) -> float | None:
        """That the battery holds."""
        return self.battery.watt_hours if self.battery is not None else None

    @property
    def absent(self) -> bool:
        """Whether there is a place for a battery, and none in it."""
        return bool(self.batteries) and self.battery is None

    @property
    def unmeasured(self) -> bool:
        """Whether nobody tells of any battery, though all were asked."""
        return self._asked_all and not self.batteries

    @property
    def sound(self) -> list[Port]:
        """What of it the motor may be driven from."""
        return [port for port in self.feeding if port.sound]

    @property
    def source(self) -> PowerSource:
        """What feeds the lock."""
        if sound := self.sound:
            return sound[0].source
        return "Battery" if self.battery is not None else "Unknown"

    @property
    def feeder(self) -> Battery | Port | None:
        """That one itself, as far as it is known."""
        return sound[0] if (sound := self.sound) else self.battery

    @property
    def read_at(self) -> float:
        """When anything was read last."""
        return max((each.read_at for each in self._every), default=float("-inf"))

    @property
    def port_read_at(self) -> float | None:
        """When the oldest of what is told of outside power was read; None: nothing is."""
        return min((port.read_at for port in self.ports.values() if port.known), default=None)

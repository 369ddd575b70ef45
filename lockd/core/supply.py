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
        """No other supplies than these are there any more."""
        sources: dict[str, PowerSource] = {name: port.source for name, port in self.ports.items() if port.present}
        sources |= {name: "Battery" for name, battery in self.batteries.items() if battery.present}
        for name in sources.keys() - names:
            self.read(Reading(name, sources[name], present=False), at, loaded=False)

    def load(self, settings: PowerSettings) -> None:
        """Other limits hold from now on."""
        self.settings = settings
        for port in self.ports.values():
            port.review(settings)
        for battery in self.batteries.values():
            battery.review(settings)
        self._weigh()

    def tick(self, at: float) -> bool:
        """A battery that has said nothing for too long is an unknown one. True: there is one."""
        stale = [battery for battery in self.batteries.values() if battery.known and self._stale_at(battery) <= at]
        for battery in stale:
            battery.forget()
        self._weigh()
        return bool(stale)

    @property
    def deadlines(self) -> Iterator[float | None]:
        """When batteries become stale and ports settle."""
        for battery in self.batteries.values():
            if battery.known:
                yield self._stale_at(battery)
        for port in self.ports.values():
            yield port.deadline

    def faults(self, at: float) -> Iterator[tuple[Port, PortFault]]:
        """What has settled to be wrong since this was asked last."""
        for port in self.ports.values():
            fault = port.settled(at)
            if fault is not None:
                yield port, fault

    def _stale_at(self, battery: Battery) -> float:
        return battery.read_at + self.settings.stale_s

    # The judgement ------------------------------------------------------------------------------

    def _weigh(self) -> None:
        there = (battery for battery in self.batteries.values() if battery.present)
        self.battery = max(there, key=lambda b: (ORDER.index(b.level), b.percent or 0, b.volts or 0), default=None)
        fed = (port for port in self.ports.values() if port.feeds)
        self.feeding = sorted(fed, key=lambda port: BEST.index(port.source))

    @property
    def level(self) -> BatteryLevel:
        """The battery's."""
        return self.battery.level if self.battery is not None else "Unknown"

    @property
    def percent(self) -> float | None:
        """Of the battery's charge."""
        return self.battery.percent if self.battery is not None else None

    @property
    def absent(self) -> bool:
        """Whether there is a place for a battery, and none in it."""
        return bool(self.batteries) and self.battery is None

    @property
    def sound(self) -> list[Port]:
        """What of it the motor may be driven from."""
        return [port for port in self.feeding if port.sound]

    @property
    def source(self) -> PowerSource:
        """What feeds the lock."""
        if self.sound:
            return self.sound[0].source
        return "Battery" if self.battery is not None else "Unknown"

    @property
    def feeder(self) -> Battery | Port | None:
        """That one itself, as far as it is known."""
        return self.sound[0] if self.sound else self.battery

    @property
    def read_at(self) -> float:
        """When anything was read last."""
        every: tuple[Battery | Port, ...] = (*self.batteries.values(), *self.ports.values())
        return max((each.read_at for each in every), default=float("-inf"))

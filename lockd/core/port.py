"""One way in for outside power: what is wrong with it, and whether it is still enough to be believed."""

from __future__ import annotations

from math import isfinite

from lockd.core.battery import sane
from lockd.reading import Reading
from lockd.settings import PowerSettings
from lockd.words import PortFault, PowerSource

FLAPS, FLAPS_S = 3, 2.0  #: more changes than this within so many seconds are a contact that comes and goes
STILL_S = 2.0  #: such a contact is believed again when it has been still for this long
REVERSED = -0.5  #: volts; what is nearer to none is noise
MOST_WATTS = 250.0  #: no plug of a lock gives more
SETTLE_S = 0.5  #: a fault that lasts this long is told of

#: Best first. A weak one gives enough for one throw, and for nothing beside it.
BEST: tuple[PowerSource, ...] = ("Mains", "EmergencyUsb", "Emergency9V", "Generator", "Wireless")
WEAK: frozenset[PowerSource] = frozenset({"Generator", "Wireless"})
#: What is brought to a lock only when its battery fails it.
BROUGHT: frozenset[PowerSource] = WEAK | {"Emergency9V"}


def window(settings: PowerSettings, source: PowerSource, negotiated: bool) -> tuple[float, float]:
    """The least and the most volts that this source has to have. Volts that the board's charger has
    asked for end at that charger: the motor never sees them."""
    if negotiated and source == "EmergencyUsb":
        return settings.pd_window
    windows = {
        "Mains": settings.mains_window, "EmergencyUsb": settings.usb_window, "Emergency9V": settings.nine_volt_window,
        "Generator": settings.generator_window, "Wireless": settings.wireless_window,
    }  # fmt: skip
    return windows[source]


def fault_of(volts: float | None, present: bool, limits: tuple[float, float]) -> PortFault | None:
    """What is wrong with these volts."""
    if volts is not None and volts < REVERSED:
        return "reversed"
    if volts is None or not present or limits[0] <= volts <= limits[1]:
        return None
    return "under-voltage" if volts < limits[0] else "over-voltage"


class Port:
    """`feeds`: power is there and nothing is wrong with it; `sound`: and its contact is still, so
    that the motor may be driven from it. `read_at`: mono seconds of the last reading, as all times. `told`: the
    fault that has settled; `recorded`: whether there was room for a record of it."""

    def __init__(self, source: PowerSource) -> None:
        self.source = source
        self.present = False
        self.volts: float | None = None
        self.negotiated = False
        self.watts: float | None = None
        self.fault: PortFault | None = None
        self.flapping = False
        self.read_at = float("-inf")
        self.deadline: float | None = None
        self._changes: tuple[float, ...] = ()
        self.told: PortFault | None = None
        self.recorded = True

    @property
    def known(self) -> bool:
        """Whether there is anything that could become too old to be true."""
        return self.present or self.fault is not None

    @property
    def feeds(self) -> bool:
        """Whether outside power is there and good."""
        return self.present and self.fault is None

    @property
    def sound(self) -> bool:
        """Whether a throw may be driven from it."""
        return self.feeds and not self.flapping

    def read(self, reading: Reading, settings: PowerSettings, at: float) -> None:
        """A new reading."""
        before, known = (self.present, self.fault), self.read_at != float("-inf")
        number = reading.volts is None or isfinite(reading.volts)  # else nobody knows what is there
        self.present, self.read_at = reading.present and number, at
        self.volts, self.negotiated = reading.volts if number else None, reading.negotiated
        self.watts = sane(reading.watts, 0, MOST_WATTS)
        self.review(settings)
        if (self.present, self.fault) != before:
            self._changed(at, known)

    def review(self, settings: PowerSettings) -> None:
        """What is wrong by these windows."""
        self.fault = fault_of(self.volts, self.present, self.window(settings))

    def window(self, settings: PowerSettings) -> tuple[float, float]:
        """The least and the most volts that are good."""
        return window(settings, self.source, self.negotiated)

    def forget(self) -> None:
        """It has said nothing for too long: nobody knows what is there."""
        self.present, self.volts, self.watts, self.fault = False, None, None, None

    def settled(self, at: float) -> PortFault | None:
        """The fault that is to be told of now, once for each that lasts; None: none."""
        if self.deadline is not None and self.deadline <= at:
            self.deadline, self.flapping = None, False
        elif self.deadline is not None and not self.flapping:
            return None
        now: PortFault | None = "flapping" if self.flapping else self.fault
        told, self.told = self.told, now
        return now if now != told else None

    def _changed(self, at: float, known: bool) -> None:
        """What was found at start is no change of it."""
        recent = (moment for moment in self._changes if at - moment <= FLAPS_S)
        self._changes = (*recent, at) if known else ()
        # A flood keeps no more than decides.
        self._changes = self._changes[-FLAPS - 1 :]
        self.flapping = self.flapping or len(self._changes) > FLAPS
        self.deadline = at + (STILL_S if self.flapping else SETTLE_S)

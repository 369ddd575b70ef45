"""What feeds the lock and what that is worth: may the bolt be moved now, and if not, what helps?"""

from __future__ import annotations

from collections.abc import Mapping

from lockd.core.battery import Battery
from lockd.core.energy import Energy, Estimate
from lockd.core.port import WEAK
from lockd.core.session import Session
from lockd.core.snapshot import Kept
from lockd.core.supply import Supply
from lockd.errors import InsufficientBattery
from lockd.settings import Settings
from lockd.words import PortFault, PowerSource

#: What each kind of outside power is for who stands at the door.
PLUG_IN: dict[PowerSource, str] = {
    "EmergencyUsb": "plug a power bank into the USB-C port",
    "Emergency9V": "hold a 9 V battery to its contacts",
    "Generator": "turn the generator's handle",
    "Wireless": "hold a phone that shares its power to the lock",
}
BY_HAND = {"key": "the mechanical key", "code": "the mechanical code", "hole": "the emergency hole"}
WRONG: dict[PortFault, str] = {
    "over-voltage": "gives too much: {volts:.1f} V, where {low:g} to {high:g} V are needed",
    "under-voltage": "gives too little: {volts:.1f} V, where {low:g} to {high:g} V are needed",
    "reversed": "is the wrong way round: turn it",
    "flapping": "comes and goes: clean its contacts and hold it still",
}


class Feed:
    """Supplies, the emergency session, and the energy that throws take. `plugs`: the kinds of outside power that
    this lock can take in an emergency, as far as is known."""

    def __init__(self, settings: Settings, state: Mapping[str, Kept]) -> None:
        self.settings = settings
        self.supply = Supply(settings.power)
        self.session = Session()
        self.energy = Energy(state)
        self.estimate: Estimate | None = None
        self.throw_source: PowerSource = "Unknown"  #: what fed the lock when the last throw began
        self.plugs = self._plugs()

    def load(self, settings: Settings) -> None:
        """Other settings hold from now on."""
        self.settings = settings
        self.supply.load(settings.power)
        self.weigh()

    def weigh(self) -> None:
        """How far does the battery go, and what can be plugged in? To be asked whenever a supply was read."""
        self.estimate = self.energy.estimate(self.supply.percent, self.settings.power.dead_percent)
        self.plugs = self._plugs()

    @property
    def weak(self) -> bool:
        """Whether the session runs on what gives enough for one throw alone."""
        ports = self.supply.sound or self.supply.feeding
        return self.session.source is not None and bool(ports) and all(port.source in WEAK for port in ports)

    @property
    def strong(self) -> bool:
        """Whether outside power feeds the lock that does not run short."""
        return any(port.source not in WEAK for port in self.supply.sound)

    def shortage(self, moving: bool) -> InsufficientBattery | None:
        """Why the bolt is not to be moved, with what helps; None: there is enough, or nobody can tell.
        `moving`: a throw is under way, which is to be ended."""
        if self.supply.sound and not (self.weak and self.session.throws and not moving):
            return None
        if self._serves(moving):
            return None
        if self.supply.sound:
            text = "this gave the one throw that it is good for; take it away for a moment and try again"
            return InsufficientBattery(f"There is not enough power to move the bolt: {text}.")
        return self._faulty() or InsufficientBattery(
            f"There is not enough power to move the bolt: {self._remedies()}."
        )

    def ample(self) -> bool:
        """Whether there is energy for a throw in both directions."""
        battery, cost = self.supply.battery, self.energy.cost
        if self.strong or battery is None:
            return self.strong
        if battery.level in ("Dead", "Critical"):
            left = (battery.percent or 0.0) - self.settings.power.dead_percent
            return cost is not None and left > 2 * cost[1] and self._serves(moving=False)
        return self._serves(moving=False)

    def _serves(self, moving: bool) -> bool:
        """Whether the battery carries a throw, or may: what cannot be measured refuses nobody. What the
        measured cost says is taken at its best, as who is refused for a wrong number stays outside."""
        battery, power = self.supply.battery, self.settings.power
        if self.supply.absent and self._faulty() is not None:  # there is nothing else that it would be driven from
            return False
        if battery is None:  # what the throw began with has gone; what is weak was brought as there is no other
            return not self.weak and (not moving or self.throw_source == "Unknown")
        if battery.blank and (self.supply.feeding or self._faulty() is not None):
            return False  # should it be dead, that would be what the motor is driven from
        if battery.sags_away(power) or battery.browned_out is not None:
            return False
        if not self._charged_unseen(battery) and (battery.level == "Dead" or self._costs_more(battery)):
            return False
        if power.dead_volts is None or battery.volts is None:
            return True
        return battery.load_volts is not None or battery.volts - self.energy.sag >= power.dead_volts

    def _charged_unseen(self, battery: Battery) -> bool:
        """Whether outside power is there that nothing but the battery's gauge tells of, as on a board whose charger
        has no driver: whether it carries the throw, only the throw can say."""
        return battery.charging and not self.supply.feeding and self._faulty() is None

    def _costs_more(self, battery: Battery) -> bool:
        """Whether a throw took more than is left, even at the least."""
        cost = self.energy.cost
        return cost is not None and battery.percent is not None and battery.percent < cost[0]

    def _faulty(self) -> InsufficientBattery | None:
        """What is plugged in, and cannot be used."""
        for port in self.supply.ports.values():
            fault: PortFault | None = "flapping" if port.flapping else port.fault
            if fault is not None:
                low, high = port.window(self.settings.power)
                why = WRONG[fault].format(volts=port.volts or 0.0, low=low, high=high)
                return InsufficientBattery(f"What is plugged in {why} ({fault}).", fault)
        return None

    def _remedies(self) -> str:
        """What to plug in or to use, of what this lock has."""
        ways = self.settings.ways
        texts = [text for source, text in PLUG_IN.items() if source in self.plugs]
        hands = {"key": self.settings.has_key, "code": ways.code, "hole": ways.hole}
        texts += [f"use {BY_HAND[name]}" for name, there in hands.items() if there]
        return ", or ".join(texts) or "charge the battery, plug in a power bank, or use the mechanical key"

    def _plugs(self) -> set[PowerSource]:
        power = self.settings.power
        lines: dict[PowerSource, object] = {
            "EmergencyUsb": power.usb_line, "Emergency9V": power.nine_volt_line,
            "Generator": power.generator_line, "Wireless": power.wireless_line,
        }  # fmt: skip
        wired = {source for source, line in lines.items() if line is not None}
        matched = {match.source for match in power.supplies}
        seen = {port.source for port in self.supply.ports.values()}
        return {source for source in PLUG_IN if source in wired | matched | seen}

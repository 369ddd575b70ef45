"""What lockd tells the world: signals and new property values on D-Bus, lines in the log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lockd.core.effects import Publish

if TYPE_CHECKING:
    from lockd.dbus.bus import Bus

log = logging.getLogger("lockd.event")

#: Of the signals that are not org.lockd1.Lock's.
INTERFACES = {"LockUserChange": "org.lockd1.Users", "PowerChange": "org.lockd1.Power"}
LOUD = frozenset({"DoorLockAlarm", "LockOperationError"})


class Voice:
    """`bus` is None until it is loaded: what is told before is read by whoever comes later."""

    def __init__(self) -> None:
        self.bus: Bus | None = None

    def publish(self, effect: Publish) -> None:
        """Sink of Publish. What is private goes to no log that others read."""
        entry = effect.entry
        event = {"seq": effect.seq, "time": entry.time, **entry.fields}
        self.emit(INTERFACES.get(entry.kind, "org.lockd1.Lock"), entry.kind, event, effect.private)
        if not effect.private:
            level = logging.WARNING if entry.kind in LOUD else logging.INFO
            words = " ".join(f"{name}={_plain(value)}" for name, value in entry.fields.items())
            fields = {f"LOCKD_{name.upper()}": str(value) for name, value in event.items()}
            log.log(level, "%s %s", entry.kind, words, extra=fields | {"LOCKD_KIND": str(entry.kind)})

    def emit(self, interface: str, signal: str, value: Any, private: bool = False) -> None:
        """A signal with one argument."""
        if self.bus is not None:
            self.bus.emit(interface, signal, value, private)

    def changed(self, interface: str, values: Mapping[str, Any]) -> None:
        """New property values."""
        if self.bus is not None:
            self.bus.properties_changed(interface, values)


def _plain(value: Any) -> str:
    """For a line of the log; credentials as PIN:1."""
    return ",".join(":".join(map(str, each)) for each in value) if isinstance(value, list) else str(value)

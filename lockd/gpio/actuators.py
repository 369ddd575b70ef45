"""Which lines can move something."""

from __future__ import annotations

from lockd.settings import BoltSettings, Pin


def motor_pins(bolt: BoltSettings) -> tuple[Pin, ...]:
    """The lines that can move something, the one that silences the others first."""
    return tuple(pin for pin in (bolt.enable, bolt.forward, bolt.backward, bolt.latch) if pin is not None)

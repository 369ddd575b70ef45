"""The mock pin that the modelled door listens to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lockd.gpio.library import load

_mock: Any = load("pins.mock")

#: gpiozero's mock keeps every level for its own tests; here nobody asks.
KEPT_STATES = 1000


class LoudPin(_mock.MockPin):  # type: ignore[misc]
    """A mock pin whose every setting is told to whoever is wired to it, in the setter's thread."""

    heard: Callable[[], object] | None = None

    def _set_state(self, value: float) -> None:
        super()._set_state(value)
        self._tell()

    def _set_function(self, value: str) -> None:
        super()._set_function(value)
        self._tell()

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        self._tell()

    def pulse(self, at: float) -> None:
        """To the other level and back at once, as a kernel tells it that saw it at `at`, in seconds."""
        told = self.when_changed
        if told is not None and self.edges in ("both", "falling" if self.state else "rising"):
            told(at, not self.state)

    def _tell(self) -> None:
        if len(self.states) > KEPT_STATES:
            self.clear_states()
        if self.heard is not None:
            self.heard()

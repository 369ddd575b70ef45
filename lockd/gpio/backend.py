"""The two peers behind the pins: the Pi's own chip through lgpio, and the mock for a modelled door.

Foreign exceptions become lockd's here, once, with the pin's key path in the text.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lockd.errors import Failure
from lockd.gpio.chip import device
from lockd.gpio.library import GPIOZeroError, load
from lockd.settings import GpioSettings, Pin

#: The Pi the mock claims to be, a 3B: BCM 0 to 27.
MOCK_REVISION = "a02082"


def faults() -> tuple[type[Exception], ...]:
    """What a pin may fail with."""
    lgpio = sys.modules.get("lgpio")
    own = (lgpio.error,) if lgpio is not None and hasattr(lgpio, "error") else ()
    return (GPIOZeroError, OSError, *own)


@contextmanager
def naming(pin: Pin) -> Iterator[None]:
    """Whatever fails in here is a Failure that names this pin."""
    try:
        yield
    except faults() as fault:
        where = f"{pin.key}: " if pin.key else ""
        raise Failure(f"{where}GPIO{pin.number}: {str(fault).strip(chr(39))}") from fault


def open_factory(settings: GpioSettings, runtime_dir: Path) -> Any:
    """gpiozero's pin factory for the backend that is set. Failure says what to install or do."""
    return mock_factory() if settings.backend == "mock" else chip_factory(device(settings.chip), runtime_dir)


def mock_factory() -> Any:
    """Pins without a Pi, whose outputs can be heard; the modelled door is wired to them."""
    from lockd.gpio.loud import LoudPin

    factory = load("pins.mock").MockFactory(revision=MOCK_REVISION, pin_class=LoudPin)
    # gpiozero 1.6 shares them among all factories of a process.
    factory.pins, factory._reservations = {}, defaultdict(list)
    return factory


def chip_factory(chip: Path, runtime_dir: Path) -> Any:
    """The lines of this /dev/gpiochip; lgpio puts its pipe into `runtime_dir`."""
    # lgpio reads it at import, once: https://abyz.me.uk/lg/py_lgpio.html
    os.environ["LG_WD"] = str(runtime_dir)
    try:
        _name_pulls()
        library = load("pins.lgpio")
    except ModuleNotFoundError as fault:
        raise Failure(
            f"gpio.backend: the Python module {fault.name} is missing; install it (apt install python3-lgpio, or"
            ' pip install lgpio), or set gpio.backend = "mock"'
        ) from fault
    except (ImportError, OSError) as fault:
        raise Failure(f"gpio.backend: lgpio does not start in {runtime_dir}: {fault}") from fault
    try:
        factory = _on(library.LGPIOFactory)(int(chip.name.removeprefix("gpiochip")))
        factory.pin_class = _steady(library.LGPIOPin)
        # Asked for here, so that a machine that is no Pi is named once.
        factory.board_info if hasattr(library.LGPIOFactory, "board_info") else factory.pi_info
    except faults() as fault:
        raise Failure(_why_not(chip, fault)) from fault
    return factory


def _why_not(chip: Path, fault: Exception) -> str:
    if not chip.exists():
        return f"gpio.chip: there is no {chip}; see which one is the header's with gpiodetect, or say \"auto\""
    if not os.access(chip, os.R_OK | os.W_OK):
        return f"gpio.chip: no permission for {chip}; run lockd as a member of the group gpio"
    return f"gpio.chip: {chip}: {str(fault).strip(chr(39))}"


def _name_pulls() -> None:
    """lgpio 0.2 has other names for the pulls than gpiozero 1.6, Debian 13's, knows."""
    import lgpio

    for pull in ("NONE", "UP", "DOWN"):
        old = "DISABLE" if pull == "NONE" else f"PULL_{pull}"
        if not hasattr(lgpio, f"SET_BIAS_{old}"):
            setattr(lgpio, f"SET_BIAS_{old}", getattr(lgpio, f"SET_PULL_{pull}"))


def _on(base: Any) -> Any:
    """LGPIOFactory of gpiozero 2.0 takes chip 4 on a Pi 5 and else 0, whatever it is told:
    https://github.com/gpiozero/gpiozero/issues/1162. This one takes what it is told."""
    import lgpio

    class ChipFactory(base):  # type: ignore[misc]
        def __init__(self, chip: int) -> None:
            super(base, self).__init__()
            self._handle = lgpio.gpiochip_open(chip)
            self._chip = chip

    return ChipFactory


def _steady(base: Any) -> Any:
    """LGPIOPin claims every output low and then raises it: for an active-low motor that is a
    jerk at each start. This one claims it at its level."""
    import lgpio

    class SteadyPin(base):  # type: ignore[misc]
        def output_with_state(self, state: bool) -> None:
            number = self._number if hasattr(self, "_number") else self.number
            lgpio.gpio_claim_output(self.factory._handle, number, int(state))

    return SteadyPin

"""The readers that speak for themselves, as lockd.toml names them: loaded after READY, and kept running."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from lockd.daemon.readers import Readers
from lockd.errors import LockdError
from lockd.gpio.pins import Pins
from lockd.reader import Reader
from lockd.settings import FingerprintSettings, HidSettings, NfcSettings, Settings
from lockd.settings_checks import I2C
from lockd.udev.apart import apart

if TYPE_CHECKING:
    from lockd.readers.fingerprint import Fingerprint

Run = Coroutine[Any, Any, None]


class Drivers:
    """`named`: the slots of the fingerprint sensor that credentials name, None while nobody knows.
    `sensor`: that sensor, None: there is none."""

    def __init__(self, pins: Pins, readers: Readers, named: Callable[[], frozenset[int] | None]) -> None:
        self._pins, self._readers, self._named = pins, readers, named
        self.sensor: Fingerprint | None = None

    def begin(self, settings: Settings) -> list[Run]:
        """What is to be run until cancelled, one for each reader."""
        runs = []
        if settings.nfc.port:
            runs += self._begin("nfc", lambda reader: self._nfc(settings.nfc, reader))
        if settings.hid.device:
            runs += self._begin("hid", lambda reader: self._hid(settings.hid, reader))
        if settings.fingerprint.port:
            runs += self._begin("fingerprint", lambda reader: self._finger(settings.fingerprint, reader))
        return runs

    def tidy(self) -> None:
        """People have changed: what the sensor knows of those who are gone goes too."""
        if self.sensor is not None:
            self.sensor.tidy()

    def _begin(self, name: str, make: Callable[[Reader], Run]) -> list[Run]:
        """None whose line cannot be had: that does not mend itself."""
        reader = self._readers.reader(name)
        try:
            return [make(reader)]
        except LockdError as fault:
            reader.lost(f"{fault}; then restart lockd")
            return []

    def _nfc(self, nfc: NfcSettings, reader: Reader) -> Run:
        from lockd.readers.i2c import connect_bus
        from lockd.readers.nfc import Nfc
        from lockd.readers.pn532 import BAUD
        from lockd.readers.port import connect

        if not nfc.port.startswith(I2C):
            return Nfc(lambda: connect(nfc.port, BAUD, apart), reader).run()
        assert nfc.irq is not None  # settings_checks
        line = self._pins.input(nfc.irq)
        return Nfc(lambda: connect_bus(nfc.port, line, apart), reader).run()

    def _hid(self, hid: HidSettings, reader: Reader) -> Run:
        from lockd.readers.hid import Hid

        return Hid(hid.kind, hid.device, reader, apart).run()

    def _finger(self, finger: FingerprintSettings, reader: Reader) -> Run:
        from lockd.readers.fingerprint import Fingerprint
        from lockd.readers.port import connect
        from lockd.readers.r503 import BAUD

        assert finger.touch is not None  # settings_checks
        touch = self._pins.input(finger.touch)
        self.sensor = Fingerprint(lambda: connect(finger.port, BAUD, apart), touch, reader, self._named)
        return self.sensor.run()

"""Finding locks: everything that advertises the service. bleak is imported here only when it is needed."""

from __future__ import annotations

import inspect
from typing import Any

from lockd.phone.transport import Seen
from lockd.wire.uuids import ENROLMENT, SERVICE


def on(adapter: str | None, taker: Any) -> dict[str, Any]:
    """How a class of bleak's is told which adapter to use: in `bluez`, by itself in versions that have no such
    argument. None: it is not told."""
    if adapter is None:
        return {}
    new = "bluez" in inspect.signature(taker).parameters
    return {"bluez": {"adapter": adapter}} if new else {"adapter": adapter}


async def scan(seconds: float, adapter: str | None = None) -> tuple[Seen, ...]:
    """Every lock heard within so many seconds, the nearest first. What bleak raises is not translated here."""
    from bleak import BleakClient, BleakScanner

    # The scanner had an argument `bluez` for other things before it took the adapter there, as the client does.
    heard = await BleakScanner.discover(seconds, return_adv=True, **on(adapter, BleakClient))
    seen = (_seen(device, said) for device, said in heard.values() if _is_lock(said))
    return tuple(sorted(seen, key=lambda each: -each.rssi))


def _is_lock(said: Any) -> bool:
    return not {SERVICE, ENROLMENT}.isdisjoint(uuid.lower() for uuid in said.service_uuids)


def _seen(device: Any, said: Any) -> Seen:
    enrolling = ENROLMENT in {uuid.lower() for uuid in said.service_uuids}
    return Seen(device.address, said.local_name or device.name or "", said.rssi, enrolling)

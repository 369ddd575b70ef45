"""Finding locks: everything that advertises the service. bleak is imported here only when it is needed."""

from __future__ import annotations

from typing import Any

from lockd.phone.transport import Seen
from lockd.wire.uuids import ENROLMENT, SERVICE


async def scan(seconds: float) -> tuple[Seen, ...]:
    """Every lock heard within so many seconds, the nearest first. What bleak raises is not translated here."""
    from bleak import BleakScanner

    heard = await BleakScanner.discover(seconds, return_adv=True)
    seen = (_seen(device, said) for device, said in heard.values() if _is_lock(said))
    return tuple(sorted(seen, key=lambda each: -each.rssi))


def _is_lock(said: Any) -> bool:
    return not {SERVICE, ENROLMENT}.isdisjoint(uuid.lower() for uuid in said.service_uuids)


def _seen(device: Any, said: Any) -> Seen:
    enrolling = ENROLMENT in {uuid.lower() for uuid in said.service_uuids}
    return Seen(device.address, said.local_name or device.name or "", said.rssi, enrolling)

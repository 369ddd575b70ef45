"""The advertisements: what anybody near may see of the lock, and how often. Never a state or a serial number.

Two, as two UUIDs of 16 bytes do not fit into the 31 bytes of one: that of the service, always, and
one more while an invitation is open.
"""

from __future__ import annotations

from collections.abc import Mapping

from dbus_next.signature import Variant

from lockd.ble import names
from lockd.value import Value
from lockd.wire import uuids


class Spec(Value):
    """`interval_ms`: between two advertisements; `enrolling`: an invitation is open; `name`: for people."""

    interval_ms: int = 250
    enrolling: bool = False
    name: str = "lockd"

    @property
    def paths(self) -> tuple[str, ...]:
        """The objects to be registered."""
        return (names.ADVERTISEMENT_PATH, *((names.ENROLMENT_PATH,) if self.enrolling else ()))


#: What BlueZ asks for by name, or tells, beside what is in `properties`: an error would fill its log and ours.
ASKED: Mapping[str, Variant] = {"TxPower": Variant("n", 0), "Duration": Variant("q", 2), "Timeout": Variant("q", 0)}


def properties(path: str, spec: Spec) -> dict[str, Variant]:
    """org.bluez.LEAdvertisement1 of that object. MinInterval and MaxInterval are read by BlueZ from 5.77 on;
    before, they are passed over without a word, and the interval is the one of main.conf."""
    enrolment = path == names.ENROLMENT_PATH
    return {
        "Type": Variant("s", "peripheral"),
        "ServiceUUIDs": Variant("as", [uuids.ENROLMENT if enrolment else uuids.SERVICE]),
        "LocalName": Variant("s", spec.name),
        "Discoverable": Variant("b", True),
        "MinInterval": Variant("u", spec.interval_ms),
        "MaxInterval": Variant("u", spec.interval_ms * 5 // 4),
    }

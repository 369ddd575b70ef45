"""What the core wants done. One effect type, one sink (daemon/pump.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockd.value import Value, secret
from lockd.words import Direction, EntryKind, Service, Sign


class Entry(Value):
    """One line of the audit trail. `time`: microseconds since 1970. `fields`: as on D-Bus
    (`type source detail error alarm state phase grant user credentials by count …`), JSON types
    only, without `seq` and `time`; credentials as [["PIN", 1]]. Never a secret."""

    kind: EntryKind
    time: int
    fields: Mapping[str, Any]

    def __hash__(self) -> int:
        return hash((self.kind, self.time))


class Put(Value):
    """Write one sealed row. Tables: user, credential, state, schedule. `value`: JSON types only; some hold
    digests, so none is shown."""

    table: str
    key: str
    value: Mapping[str, Any] = secret()

    def __hash__(self) -> int:
        return hash((self.table, self.key))


class Drop(Value):
    """Delete one row; a row that is not there is fine."""

    table: str
    key: str


Write = Put | Drop


class Record(Value):
    """Commit the entry and its writes together, durably; answered by Recorded or EffectFailed
    with the same ticket."""

    ticket: int
    entry: Entry
    writes: tuple[Write, ...] = ()


class DriveBolt(Value):
    """Run the motor (or energise the strike) in one direction until StopBolt."""

    direction: Direction


class StopBolt(Value):
    """Motor off."""


class DriveLatch(Value):
    """Pull the latch, or let it go."""

    on: bool


class Publish(Value):
    """Send a signal of the entry's kind. `seq` 0: the record did not reach the store.
    `private`: only to callers with the right to read the log."""

    entry: Entry
    seq: int
    private: bool = False


class Changed(Value):
    """Properties of the interface that have new values."""

    values: Mapping[str, Any]
    interface: str = "org.lockd1.Lock"

    def __hash__(self) -> int:
        return hash((self.interface, *self.values))


class Answer(Value):
    """The reply to a request: a value, or the error that it met. `last` False: it is granted and recorded,
    and another answer follows."""

    request: int
    result: Any = None
    last: bool = True


class Show(Value):
    """Say something with lamps and buzzer."""

    sign: Sign


class ReadSupplies(Value):
    """Read every supply anew; answered by SupplyRead for each, in a later turn."""


class Spare(Value):
    """These services sleep from now on, and all others are awake."""

    services: frozenset[Service]


Effect = (
    Record | DriveBolt | StopBolt | DriveLatch | Publish | Changed | Answer | Show | ReadSupplies | Spare
)

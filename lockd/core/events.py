"""What happens to a lock: the only way into the core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockd.core.effects import Write
from lockd.reading import Reading
from lockd.settings import Settings
from lockd.value import Value, secret
from lockd.words import Alarm, Contact, CredentialType, Source, Wish


class Started(Value):
    """The pins are ours; from here on the lock works."""


class Sensed(Value):
    """A contact changed, debounced."""

    contact: Contact
    on: bool


class Presented(Value):
    """What a person showed. `digest`: the store's keyed digest of it; empty when the try was
    refused unread (its source was locked out, or too many waited)."""

    kind: CredentialType
    digest: bytes = secret()


class OperationAsked(Value):
    """Someone wants the bolt moved. `request`: who waits for the Answer (0: nobody); `wait`:
    answer when the bolt has arrived, else when the operation is granted and recorded. `by`: the
    D-Bus caller in words. `relock_s`: relock this long after, whatever AutoRelockTime says."""

    wish: Wish
    source: Source
    presented: Presented | None = None
    request: int = 0
    wait: bool = True
    by: str = ""
    relock_s: int | None = None


class EnterPressed(Value):
    """`#` with no digits before it: lock; in Passage mode also unlock."""


class Recorded(Value):
    """The Record with this ticket is durable, as number `seq` of the audit trail."""

    ticket: int
    seq: int


class EffectFailed(Value):
    """The Record with this ticket (0: DriveBolt) could not be done; `cause` in one line."""

    ticket: int
    cause: str


class PropertySet(Value):
    """A rw property of org.lockd1.Lock, already of the right D-Bus type."""

    name: str
    value: Any
    request: int = 0
    by: str = ""


class UserSet(Value):
    """`op`: Add or Modify. `fields`: name unique_id status type rule, those given."""

    op: str
    index: int
    fields: Mapping[str, Any]
    request: int = 0
    by: str = ""

    def __hash__(self) -> int:
        return hash((self.op, self.index))


class UserCleared(Value):
    """Remove a user with his credentials; 0xFFFE: all."""

    index: int
    request: int = 0
    by: str = ""


class CredentialSet(Value):
    """A credential for a user (0: a new one, with the given `user_status`/`user_type` in `fields`).
    `forced`: the digest of a PIN's duress variant, empty where it is to have none. `fields` may hold
    its terms too: uses, from, until (seconds since 1970), spare, duress."""

    op: str
    kind: CredentialType
    index: int
    user: int
    digest: bytes = secret()
    fields: Mapping[str, Any] = {}
    request: int = 0
    by: str = ""
    forced: bytes = secret(default=b"")

    def __hash__(self) -> int:
        return hash((self.op, self.index))


class CredentialCleared(Value):
    """Remove a credential; kind "": of every type; index 0xFFFE: all of the type."""

    kind: str
    index: int
    request: int = 0
    by: str = ""


class Noted(Value):
    """Something the daemon did that belongs in the trail (System: key-rotated, time-set …)."""

    detail: str
    by: str = ""
    alarm: Alarm | None = None
    request: int = 0
    writes: tuple[Write, ...] = ()


class Denied(Value):
    """A D-Bus caller without the right asked for `method`."""

    by: str
    method: str


class ResetAsked(Value):
    """Erase every user, credential and kept setting. The audit trail stays."""

    request: int = 0
    by: str = ""


class SettingsLoaded(Value):
    """SIGHUP read a faultless file."""

    settings: Settings


class SupplyRead(Value):
    """One supply was read: because it changed, because it was asked (ReadSupplies), or at start."""

    reading: Reading


class SuppliesRead(Value):
    """Every supply that there is has been read: those that were not among them are gone."""

    names: frozenset[str]


class DrillAsked(Value):
    """Walk somebody through proving the emergency ways."""

    request: int = 0
    by: str = ""


Event = (
    Started | Sensed | OperationAsked | EnterPressed | Recorded | EffectFailed
    | PropertySet | UserSet | UserCleared | CredentialSet | CredentialCleared | Noted | Denied
    | ResetAsked | SettingsLoaded | SupplyRead | SuppliesRead | DrillAsked
)

"""What happens to a lock: the only way into the core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from lockd.codes import CodeKind, Window
from lockd.core.effects import Write
from lockd.reading import Reading
from lockd.settings import Settings
from lockd.value import Value, secret
from lockd.words import Alarm, Contact, CredentialType, PINVerdict, ScheduleKind, Source, Wish


class Started(Value):
    """The pins are ours; from here on the lock works."""


class Sensed(Value):
    """A contact changed, debounced. `on` None: it cannot be read any more, and nobody knows how it is."""

    contact: Contact
    on: bool | None


class Presented(Value):
    """What a person showed. `digest`: the store's keyed digest of it; empty when the try was
    refused unread (its source was locked out, or too many waited). `code`: it may be a code granted from
    afar; `window`: what that code stands for, None where it is none that is valid now."""

    kind: CredentialType
    digest: bytes = secret()
    code: bool = False
    window: Window | None = None


class OperationAsked(Value):
    """Someone wants the bolt moved. `request`: who waits for the Answer (0: nobody); `wait`:
    answer when the bolt has arrived, else when the operation is granted and recorded; `stages`: both.
    `by`: the caller in words. `relock_s`: relock this long after, whatever AutoRelockTime says. `detail`:
    which way it came, in one word."""

    wish: Wish
    source: Source
    presented: Presented | None = None
    request: int = 0
    wait: bool = True
    by: str = ""
    relock_s: int | None = None
    stages: bool = False
    detail: str = ""


class EnterPressed(Value):
    """`#` with no digits before it: lock; in Passage mode also unlock."""


class LineTyped(Value):
    """What was typed, up to `#`, in answer to a question of the keypad's programming mode; `asked`: its
    number (core/programming.py). `number`: where one was asked for, None: it is none. `digest`, `forced`: of a
    PIN, as in CredentialSet; empty where it could not be read. `verdict`: on a new PIN; `near`: it is one digit
    from somebody else's."""

    asked: int
    number: int | None = secret(default=None)
    digest: bytes = secret(default=b"")
    forced: bytes = secret(default=b"")
    verdict: PINVerdict = "good"
    near: bool = False
    request: int = 0


class ProgrammingLeft(Value):
    """`*` with no digits before it, in programming mode."""

    request: int = 0


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
    """A credential for a user (0: a new one, with the given `user_status`/`user_type` in `fields`, at the index
    `place` if that is given).
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
    place: int = 0
    source: Source = "Remote"

    def __hash__(self) -> int:
        return hash((self.op, self.index))


class CredentialCleared(Value):
    """Remove a credential; kind "": of every type; index 0xFFFE: all of the type, of `user` alone if that is
    given."""

    kind: str
    index: int
    request: int = 0
    by: str = ""
    user: int = 0
    source: Source = "Remote"


class ScheduleSet(Value):
    """An entry of a user's schedules, or of the lock's holidays (user 0). `fields`: calendar.FIELDS of
    its kind, each in its range."""

    kind: ScheduleKind
    index: int
    user: int
    fields: Mapping[str, Any]
    request: int = 0
    by: str = ""

    def __hash__(self) -> int:
        return hash((self.kind, self.index, self.user))


class ScheduleCleared(Value):
    """Remove an entry; index 0xFE: all of this user and kind."""

    kind: ScheduleKind
    index: int
    user: int
    request: int = 0
    by: str = ""


CodesOp = Literal["key", "epoch", "label", "revoke", "remove"]


class CodesSet(Value):
    """A change to the codes granted from afar. `op`: key (a new issuing key, called `serial`), epoch (all codes
    are void), label (add or change `name`), revoke (all its codes are void), remove. `lengths`: hours, ascending."""

    op: CodesOp
    name: str = ""
    kind: CodeKind = "once"
    lengths: tuple[int, ...] = ()
    accept: int = 1
    serial: str = ""
    request: int = 0
    by: str = ""


class ClockChanged(Value):
    """The clock was put, or is worth more or less than before."""


class Noted(Value):
    """Something the daemon did that belongs in the trail (System: key-rotated, time-set …). `value`: what came of
    it, in words; `count`: how often the same went untold before."""

    detail: str
    by: str = ""
    alarm: Alarm | None = None
    request: int = 0
    writes: tuple[Write, ...] = ()
    value: str = ""
    count: int = 0


class Denied(Value):
    """A D-Bus caller without the right asked for `method`."""

    by: str
    method: str


class ResetAsked(Value):
    """Erase every user, credential, schedule and kept setting. The audit trail stays."""

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
    Started | Sensed | OperationAsked | EnterPressed | LineTyped | ProgrammingLeft | Recorded | EffectFailed
    | PropertySet | UserSet | UserCleared | CredentialSet | CredentialCleared | CodesSet | Noted | Denied
    | ScheduleSet | ScheduleCleared | ClockChanged
    | ResetAsked | SettingsLoaded | SupplyRead | SuppliesRead | DrillAsked
)

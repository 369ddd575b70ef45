"""The lines of the audit trail, as the core writes them."""

from __future__ import annotations

from typing import Any

from lockd.core.access import Refusal
from lockd.core.credentials import Credential, data_type
from lockd.core.effects import Answer, Effect, Entry, Publish, Put
from lockd.core.instant import Instant
from lockd.core.people import User
from lockd.core.trail import Then
from lockd.errors import LockdError
from lockd.value import Value
from lockd.words import Alarm, EntryKind, OperationType, Source, Wish

#: Kinds that are D-Bus signals too; System is for the trail alone.
SIGNALS: frozenset[EntryKind] = frozenset(
    {"LockOperation", "LockOperationError", "DoorLockAlarm", "DoorStateChange", "LockUserChange"}
)


class Operation(Value):
    """One wish that was asked, from the decision to the outcome. `grant`: the number of its
    write-ahead record (0: storage failed); `key`: its row in the store until the outcome; `use`:
    the writes that its use consumed; `tells`: what is recorded beside the outcome. `label`, `code`: of a
    code granted from afar, and its window's key. `shown`: what it was granted for; `credentials` is what is said."""

    wish: Wish
    source: Source
    user: int = 0
    credentials: tuple[tuple[str, int], ...] = ()
    detail: str = ""
    by: str = ""
    request: int = 0
    wait: bool = True
    relock_s: int | None = None
    grant: int = 0
    key: str = ""
    use: tuple[Put, ...] = ()
    tells: tuple[Entry, ...] = ()
    label: str = ""
    code: str = ""
    stages: bool = False
    shown: tuple[Credential, ...] = ()


def _fields(**given: Any) -> dict[str, Any]:
    """Without what is empty: an absent key means unknown or none."""
    return {n: v for n, v in given.items() if v}


def operation_entry(op: Operation, kind: OperationType, phase: str, at: Instant, **more: Any) -> Entry:
    """A grant (phase granted) or what came of it (done, failed, interrupted)."""
    fields = {
        "type": kind, "source": op.source, "detail": op.detail, "user": op.user, "label": op.label, "by": op.by,
        "credentials": [list(c) for c in op.credentials], "phase": phase, "grant": op.grant,
    }  # fmt: skip
    name: EntryKind = "LockOperationError" if "error" in more else "LockOperation"
    return Entry(name, at.wall, _fields(**fields | more))


def refusal_entry(
    kind: OperationType, source: Source, refusal: Refusal, who: tuple[User, Credential] | None, by: str, at: Instant,
    label: str = "",
) -> Entry:  # fmt: skip
    """A try that was refused. A wrong code names nobody; `label`: of a code granted from afar."""
    user = who[0].index if who is not None else 0
    used = [[who[1].kind, who[1].index]] if who is not None else None
    return Entry("LockOperationError", at.wall, _fields(
        type="NonAccessUserEvent" if who is not None and who[0].type == "NonAccessUser" else kind,
        source=source, error=refusal.error, detail=refusal.detail, user=user, credentials=used, label=label, by=by,
    ))  # fmt: skip


def alarm_entry(alarm: Alarm, at: Instant, detail: str = "", **more: Any) -> Entry:
    """Something needs a person."""
    return Entry("DoorLockAlarm", at.wall, _fields(alarm=alarm, detail=detail, **more))


def used_up_entry(credential: Credential, source: Source, at: Instant) -> Entry:
    """A credential has been used as often as it may be."""
    return Entry("LockUserChange", at.wall, _fields(
        data_type=data_type(credential.kind), operation="Modify", source=source, detail="used-up",
        user=credential.user, index=credential.index,
    ))  # fmt: skip


def system_entry(detail: str, at: Instant, **more: Any) -> Entry:
    """Something about lockd itself."""
    return Entry("System", at.wall, _fields(detail=detail, **more))


def telling(entry: Entry, *after: Effect, private: bool = False) -> Then:
    """What follows a record: its signal, then the rest."""

    def then(seq: int, _at: Instant) -> tuple[Effect, ...]:
        told = (Publish(entry, seq, private),) if entry.kind in SIGNALS else ()
        return (*told, *after)

    return then


def reply(request: int, result: Any = None) -> tuple[Effect, ...]:
    """The answer, if anybody waits for one."""
    return (Answer(request, result),) if request else ()


def storage_failure(what: str) -> LockdError:
    """The store did not take it, so it was not done."""
    return LockdError(f"{what} (storage): the store could not write it; see `lockctl doctor`.", "storage")

"""All that the D-Bus side may ask of the daemon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from lockd.codes import CodeKind
from lockd.core.events import CodesOp
from lockd.value import Value
from lockd.words import ScheduleKind, Wish


class Caller(Value):
    """Who sent a message: the unique name on the bus, the Unix user (`name` empty: unknown)."""

    sender: str
    uid: int
    name: str

    @property
    def by(self) -> str:
        """In words, as the audit trail says it: `uid 1000 (anna)`."""
        return f"uid {self.uid} ({self.name})" if self.name else f"uid {self.uid}"


class PhoneDesk(Protocol):
    """The same for phones, as far as D-Bus asks for them."""

    def create_invite(self, fields: Mapping[str, Any], by: str) -> tuple[str, str]:
        """The URI, and the invitation's number."""

    def cancel_invite(self, number: str) -> None:
        """Close it unused."""

    def listed(self) -> list[dict[str, Any]]:
        """PHONE_FIELDS of each."""

    async def revoke(self, number: str, by: str) -> None:
        """By its id."""

    async def bar(self, number: bytes, by: str) -> None:
        """A guest by his key, or a pass by its number."""

    async def unbar(self, number: bytes, by: str) -> None:
        """The other way round."""

    def barred(self) -> list[dict[str, Any]]:
        """BARRED_FIELDS of each."""


class Desk(Protocol):
    """The daemon's counter. Arguments are of the right type and range; everything raises LockdError.

    Dictionaries are plain Python with the keys of names.py; `by` is `Caller.by`.
    """

    #: The modelled door (gpio.mechanism), or None.
    simulator: Any

    def refused(self, by: str, method: str, error: str) -> None:
        """Keep a trace of a call that went no further: for lack of a right, or to move the bolt with a wrong
        argument. `error` is the name of the refusal. Returns at once."""

    async def operate(self, wish: Wish, by: str, pin: str | None, wait: bool, relock_s: int | None) -> None:
        """Move the bolt; `pin` is digits. Returns when it arrived, or with `wait` False when granted."""

    async def set_property(self, name: str, value: Any, by: str) -> None:
        """A rw property of org.lockd1.Lock."""

    def get_property(self, interface: str, name: str) -> Any:
        """The value now, of every property but Simulator's."""

    async def set_user(self, op: str, index: int, fields: Mapping[str, Any], by: str) -> None:
        """Add or Modify."""

    def get_user(self, index: int) -> Mapping[str, Any]:
        """USER_FIELDS; a free place has only index and next."""

    def list_users(self) -> Iterable[Mapping[str, Any]]:
        """USER_FIELDS of each; they are taken a few at a time."""

    async def clear_user(self, index: int, by: str) -> None:
        """0xFFFE: all."""

    async def set_credential(
        self, op: str, kind: str, index: int, data: bytes, user: int, fields: Mapping[str, Any], by: str
    ) -> tuple[int, int]:
        """The user, and the next free index. `data` of a PIN is ASCII digits."""

    async def rate_pin(self, pin: str, user: int) -> list[str]:
        """Why this PIN is not a good one for the user (0: a new one), in words; empty: it is."""

    async def enrol(self, kind: str, user: int, timeout_s: float, by: str) -> int:
        """Kind RFID or Fingerprint; the index of the new credential. `timeout_s`: until somebody is there. The
        steps are told by EnrolProgress."""

    def credential_status(self, kind: str, index: int) -> Mapping[str, Any]:
        """STATUS_FIELDS."""

    async def clear_credential(self, kind: str, index: int, by: str) -> None:
        """Kind "": every type; index 0xFFFE: all of the type."""

    def explain(self, user: int, seconds: int) -> Mapping[str, Any]:
        """EXPLANATION_FIELDS; seconds since 1970, 0: now."""

    async def set_schedule(
        self, kind: ScheduleKind, index: int, user: int, fields: Mapping[str, Any], by: str
    ) -> None:
        """An entry of SCHEDULE_FIELDS' kind; user 0: the lock's own, a holiday."""

    def get_schedule(self, kind: ScheduleKind, index: int, user: int) -> Mapping[str, Any]:
        """Its fields; NotFound for a place that is free."""

    def list_schedules(self, first: int, last: int) -> Iterable[Mapping[str, Any]]:
        """SCHEDULE_FIELDS of each entry of the users from `first` to `last` (0: the lock), as many as one answer
        holds; they are taken a few at a time."""

    async def clear_schedule(self, kind: ScheduleKind, index: int, user: int, by: str) -> None:
        """Index 0xFE: all of that kind and user."""

    async def new_codes_key(self, by: str) -> bytes:
        """Its 32 bytes, this once."""

    async def change_codes(self, op: CodesOp, name: str, by: str) -> None:
        """Revoke or remove a label, or raise the epoch."""

    async def set_label(self, name: str, kind: CodeKind, lengths: tuple[int, ...], accept: int, by: str) -> None:
        """Add or change one. `lengths`: hours, ascending."""

    def list_labels(self) -> list[dict[str, Any]]:
        """LABEL_FIELDS of each."""

    def list_open_codes(self) -> list[dict[str, Any]]:
        """CODE_FIELDS of each."""

    def phone_desk(self) -> PhoneDesk:
        """UnsupportedCommand: phones are off."""

    async def read_log(self, first: int, limit: int) -> list[dict[str, Any]]:
        """EVENT_FIELDS of each, ascending."""

    async def verify_log(self) -> Mapping[str, Any]:
        """REPORT_FIELDS."""

    async def drill(self, by: str) -> list[dict[str, Any]]:
        """Begin one. WAY_FIELDS of each emergency way."""

    def ways(self) -> list[dict[str, Any]]:
        """WAY_FIELDS of each emergency way."""

    def power_history(self, days: int) -> list[dict[str, Any]]:
        """SAMPLE_FIELDS of each, oldest first."""

    def diagnose(self) -> list[dict[str, Any]]:
        """FINDING_FIELDS of each."""

    async def set_time(self, seconds: int, by: str) -> None:
        """Seconds since 1970."""

    async def rotate_key(self, by: str) -> None:
        """A new data key."""

    async def factory_reset(self, by: str) -> None:
        """Erase everything but the audit trail."""

    async def backup(self, handle: int, by: str) -> None:
        """`handle`: a file descriptor of the caller's, closed after it; what goes through it: daemon/backups.py."""

    async def restore(self, handle: int, by: str) -> None:
        """As `backup`."""

    def set_time_state(self, state: str) -> None:
        """Simulation only: Trusted, Floor or Unknown."""

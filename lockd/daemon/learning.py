"""Enrolling what cannot be typed: the next card that is shown, a finger that the sensor learns.

A finger's credential with index N is the template in slot N - 1, so that whoever sees the credentials
knows which templates are anybody's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any

from lockd.core.lock import Lock
from lockd.daemon.drivers import Drivers
from lockd.daemon.readers import SLOT_BYTES, Readers
from lockd.errors import Busy, LockdError, NotFound, UnsupportedCommand

#: `set_credential(op, kind, index, data, user, fields, by)` of the desk.
SetCredential = Callable[[str, str, int, bytes, int, Mapping[str, Any], str], Awaitable[tuple[int, int]]]


class Learning:
    """One enrolment at a time. `tell`: the steps, as EnrolProgress carries them."""

    def __init__(
        self, lock: Lock, readers: Readers, drivers: Drivers, give: SetCredential,
        tell: Callable[[Mapping[str, Any]], None],
    ) -> None:  # fmt: skip
        self._lock, self._readers, self._drivers, self._give, self._tell = lock, readers, drivers, give, tell
        self._busy = asyncio.Lock()
        self._slot: int | None = None

    def named(self) -> frozenset[int]:
        """The slots of the sensor that are somebody's, or are about to be."""
        slots = {index - 1 for kind, index in self._lock.people.credentials if kind == "Fingerprint"}
        return frozenset(slots if self._slot is None else slots | {self._slot})

    async def enrol(self, kind: str, user: int, timeout_s: float, by: str) -> int:
        """The index of the new credential; `timeout_s`: until somebody is there. Raises LockdError."""
        if user not in self._lock.people.users:
            raise NotFound(f"There is no user {user}.")
        if (refusal := self._lock.management_refusal) is not None:
            raise refusal
        if self._busy.locked():
            raise Busy("somebody else enrols at this moment: try again", "busy")
        async with self._busy:
            try:
                index = await (self._card if kind == "RFID" else self._finger)(user, timeout_s, by)
            except LockdError as refusal:
                self._step("failed", kind, user, text=str(refusal))
                raise
            self._step("done", kind, user, index=index)
            return index

    async def _card(self, user: int, timeout_s: float, by: str) -> int:
        self._step("present", "RFID", user)
        data = await self._readers.next_card(timeout_s)
        index = self._free("RFID")
        await self._give("Add", "RFID", index, data, user, {}, by)
        return index

    async def _finger(self, user: int, timeout_s: float, by: str) -> int:
        sensor = self._drivers.sensor
        if sensor is None:
            raise UnsupportedCommand("this lock has no fingerprint sensor: wire one, and name it in lockd.toml")
        index = self._free("Fingerprint")
        self._slot = index - 1
        try:
            await sensor.enrol(self._slot, lambda step: self._step(step, "Fingerprint", user), timeout_s)
            await self._give("Add", "Fingerprint", index, self._slot.to_bytes(SLOT_BYTES), user, {}, by)
        finally:
            self._slot = None
            sensor.tidy()  # of what was learnt and then refused
        return index

    def _free(self, kind: str) -> int:
        taken = self._lock.people.credentials
        return next(index for index in count(1) if (kind, index) not in taken)

    def _step(self, step: str, kind: str, user: int, **more: Any) -> None:
        self._tell({"step": step, "type": kind, "user": user} | more)

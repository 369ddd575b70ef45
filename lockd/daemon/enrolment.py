"""New credentials at the counter: what their data may be, whether a PIN is good enough, and the
digests that go on to the core. The data itself goes no further.

Whether a PIN is one digit from another user's cannot be seen in digests. An index of PINs with a
digit left out would tell at once, but would make each one ten times easier to find for who has the
store and its key. So every neighbour is hashed, when a PIN is set and then only: nine for each
digit, 54 of a PIN of six (some 1.6 s at 30 ms each), in the worker's thread and one at a time, so that
whoever is at the keypad waits for one hash at the most. All are hashed whatever is found, and the
answer says neither whose PIN is near nor which digit it is. On a machine so slow that it takes
longer than NEAR_S, the rest goes unchecked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from lockd.core.credentials import space
from lockd.core.people import People
from lockd.daemon.digests import Digests
from lockd.daemon.quality import duress_variant, neighbours, weaknesses
from lockd.errors import Busy, ConstraintError
from lockd.settings import LockSettings
from lockd.words import DATA_BYTES

NEAR_S = 20.0
NEAR = "It is one digit from a PIN of somebody else"


class Enrolment:
    """`people`: everybody, as they are now."""

    def __init__(self, digests: Digests, people: Callable[[], People]) -> None:
        self._digests, self._people = digests, people

    async def digest(
        self, lock: LockSettings, kind: str, data: bytes, user: int, fields: Mapping[str, Any]
    ) -> tuple[bytes, bytes]:
        """The digest of new data, and that of a PIN's duress variant (empty: it has none). `user`: whose
        it is, 0: a new one's. Raises ConstraintError and Busy; kinds that are not known to it have no
        digest, and are the core's to refuse."""
        if space(kind) == "PIN":
            return await self._pin(lock, kind, data.decode("ascii"), user, fields)
        if kind not in DATA_BYTES:
            return b"", b""
        least, most = DATA_BYTES[kind]
        if not least <= len(data) <= most:
            raise ConstraintError(f"data: a {kind} has {_span(least, most)} bytes; this has {len(data)}.")
        return _made(await self._digests.digest_data("Unspecified", kind, data)), b""

    async def rate(self, lock: LockSettings, pin: str, user: int) -> list[str]:
        """Why this PIN is not a good one for this user (0: a new one), in words; empty: it is. Raises
        as `digest` does."""
        if not lock.pin_min <= len(pin) <= lock.pin_max:
            raise ConstraintError(f"data: a PIN has {lock.pin_min} to {lock.pin_max} digits; this has {len(pin)}.")
        if lock.pin_quality == "allow":
            return []
        return weaknesses(pin) + ([NEAR] if await self._is_near(pin, user) else [])

    async def _pin(
        self, lock: LockSettings, kind: str, pin: str, user: int, fields: Mapping[str, Any]
    ) -> tuple[bytes, bytes]:
        strict = lock if lock.pin_quality == "refuse" else lock.but(pin_quality="allow")
        faults = await self.rate(strict, pin, user)
        if faults:
            raise ConstraintError(f"data: choose another PIN (weak-pin). {'. '.join(faults)}.", "weak-pin")
        digest = await self.hash(pin)
        varies = lock.duress_digit and kind == "PIN" and not fields.get("duress")
        return digest, await self.hash(duress_variant(pin)) if varies else b""

    async def _is_near(self, pin: str, user: int) -> bool:
        people = self._people()
        own = sum(space(c.kind) == "PIN" for c in people.of(user))
        if sum(len(people.places_of(kind)) for kind in ("PIN", "ProgrammingPIN")) == own:
            return False
        found = False
        with suppress(TimeoutError):
            async with asyncio.timeout(NEAR_S):
                for near in neighbours(pin):
                    found |= self._is_of_another(await self.hash(near), user)
        return found

    def _is_of_another(self, digest: bytes, user: int) -> bool:
        """Whether it is somebody else's PIN, and not its duress variant."""
        who = self._people().find("PIN", digest)
        return who is not None and who[0].index != user and who[1].digest == digest

    async def hash(self, pin: str) -> bytes:
        """The digest of a PIN, unrated. Raises Busy."""
        return _made(await self._digests.digest("Unspecified", "PIN", pin))


def _made(digest: bytes) -> bytes:
    if not digest:
        raise Busy("The credential could not be prepared now (busy): try again.", "busy")
    return digest


def _span(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"

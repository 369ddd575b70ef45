"""From a reader to the core: cards and fingers become tries, keys join the keypad's line of typing.

What a reader brings is answered and decided as a typed PIN is (tries.py). A card that is held at
its reader is one try, however often it is told. While somebody enrols a card, the next one is his.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Any

from lockd.daemon.digests import in_hex
from lockd.daemon.finding import finding
from lockd.daemon.tries import Tries
from lockd.errors import Busy, NotFound
from lockd.words import CredentialType, Sign, Source

log = logging.getLogger("lockd.readers")

#: What was shown is the same try as long as it is shown again within this time.
SAME_S = 2.0
#: Two bytes name a slot of a fingerprint sensor.
SLOT_BYTES = 2
#: No slot: of a finger that the sensor does not know.
UNKNOWN = b""

#: A credential's kind and its data.
Shown = tuple[CredentialType, bytes]
SOURCES: dict[CredentialType, Source] = {"RFID": "RFID", "Fingerprint": "Biometric"}


class Readers:
    """Every reader but the matrix keypad. `typing`: takes a key; `begun` is called when somebody
    shows something; `told` when `degraded` has changed."""

    def __init__(
        self,
        tries: Tries,
        typing: Callable[[str], None],
        show: Callable[[Sign], None],
        begun: Callable[[], None],
        told: Callable[[], None],
    ) -> None:
        self._tries, self._show, self._begun = tries, show, begun
        self._typing, self._told = typing, told
        self._loop = asyncio.get_running_loop()
        self._all: dict[str, OneReader] = {}
        self._enrolling: asyncio.Future[bytes] | None = None

    def reader(self, name: str) -> OneReader:
        """A new one, called after its section in lockd.toml; lost until its driver has found it."""
        self._all[name] = OneReader(name, self._shown, self._typing, self._told)
        return self._all[name]

    async def next_card(self, timeout_s: float) -> bytes:
        """The data of the card that is shown next, at whichever reader; it opens nothing. Raises Busy
        while somebody else waits for one, NotFound when none was shown in time or there is no reader."""
        if not self._all:
            raise NotFound("this lock has no reader: wire one, and name it in lockd.toml")
        if self._enrolling is not None:
            raise Busy("somebody else enrols a card at this moment: try again", "busy")
        self._enrolling = self._loop.create_future()
        try:
            async with asyncio.timeout(timeout_s):
                return await self._enrolling
        except TimeoutError:
            raise NotFound(f"no card was shown within {timeout_s:g} s: begin again, and hold it there") from None
        finally:
            self._enrolling = None

    def degraded(self) -> list[str]:
        """A line for each reader that is lost."""
        return [f"reader: {reader.name}: {reader.trouble}" for reader in self._all.values() if reader.trouble]

    def findings(self) -> Iterator[dict[str, Any]]:
        """One for each reader."""
        return (reader.finding() for reader in self._all.values())

    def close(self) -> None:
        """Forget what was shown."""
        for reader in self._all.values():
            reader.forget()

    def _shown(self, shown: Shown) -> None:
        kind, data = shown
        if kind == "RFID" and self._enrolling is not None and not self._enrolling.done():
            self._show("key")
            self._enrolling.set_result(data)
            return
        self._show("key")
        self._begun()
        self._tries.show(SOURCES[kind], kind, in_hex(data) or "unknown")


class OneReader:
    """What a driver is given (lockd/reader.py). `trouble`: why it does not work; empty: it does."""

    def __init__(
        self, name: str, shown: Callable[[Shown], None], typing: Callable[[str], None], told: Callable[[], None]
    ) -> None:
        self.name = name
        self.trouble = "not found yet"
        self._take, self._typing, self._told = shown, typing, told
        self._loop = asyncio.get_running_loop()
        self._last: Shown | None = None
        self._forgetting: asyncio.TimerHandle | None = None
        self._read = self._garbled = 0
        self._garbage = ""

    def card(self, data: bytes) -> None:
        """A card was read."""
        self._once(("RFID", data))

    def finger(self, slot: int) -> None:
        """The sensor knows the finger."""
        self._once(("Fingerprint", slot.to_bytes(SLOT_BYTES)))

    def unknown_finger(self) -> None:
        """It does not."""
        self._once(("Fingerprint", UNKNOWN))

    def key(self, key: str) -> None:
        """A key of its own keypad."""
        self._read += 1
        self._typing(key)

    def garbled(self, why: str) -> None:
        """Said the first time, counted always."""
        self._garbled += 1
        self._garbage = why
        if self._garbled == 1:
            log.warning("reader %s: dropped what is none of a reader's (%s); more is only counted", self.name, why)

    def found(self) -> None:
        """It is there."""
        self._be("")

    def lost(self, why: str) -> None:
        """It is not."""
        self._be(why)

    def forget(self) -> None:
        """What was shown last: the same again is a new try."""
        if self._forgetting is not None:
            self._forgetting.cancel()
        self._last = self._forgetting = None

    def finding(self) -> dict[str, Any]:
        """As Diagnose says it."""
        part = f"reader {self.name}"
        if self.trouble:
            return finding(part, "fault", self.trouble, "see that it has power and that its wires are as in lockd.toml")
        if self._garbled:
            told = f"{self._read} read, {self._garbled} garbled, the last one: {self._garbage}"
            return finding(part, "warning", told, "keep its wires away from the motor's and twist each with ground")
        if not self._read:
            return finding(part, "unchecked", "nothing came from it since lockd started", "show it a card")
        return finding(part, "ok", f"{self._read} read since lockd started")

    def _once(self, shown: Shown) -> None:
        again = shown == self._last
        self.forget()
        self._last = shown
        self._forgetting = self._loop.call_later(SAME_S, self.forget)
        if not again:
            self._read += 1
            self._take(shown)

    def _be(self, trouble: str) -> None:
        """Said once, until it is another one."""
        if trouble == self.trouble:
            return
        if trouble:
            log.error("reader %s: %s", self.name, trouble)
        else:
            log.info("reader %s is there", self.name)
        self.trouble = trouble
        self._told()

"""How lockd is: the watchdog's self-check, what Diagnose says, and what does not work now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from lockd.core.instant import Instant
from lockd.core.lock import Lock
from lockd.daemon import notify
from lockd.daemon.clock import Clock
from lockd.daemon.digests import Digests
from lockd.daemon.felt import UNREADABLE
from lockd.daemon.finding import finding
from lockd.daemon.hardware import Hardware
from lockd.daemon.journal import Journal
from lockd.daemon.power import Power
from lockd.daemon.readers import Readers
from lockd.daemon.voice import Voice
from lockd.errors import LockdError
from lockd.store.vault import Vault
from lockd.words import Verdict

log = logging.getLogger("lockd.health")

MISTAKE = "lockd made a mistake in looking at the store"
#: Parts whose lines may fail, beside the contacts: how bad that is, and what to do.
LINES: dict[str, tuple[Verdict, str]] = {
    "outside power": ("fault", UNREADABLE),
    "keypad": ("fault", UNREADABLE),
    "panel": ("warning", UNREADABLE),
}
CHECK_S = 5.0  #: a store that has not answered for this long is treated as one that fails


class Health:
    """Looks at everybody, changes nobody."""

    def __init__(
        self, lock: Lock, hardware: Hardware, journal: Journal, digests: Digests, clock: Clock, voice: Voice,
        why_no_store: str, power: Power, readers: Readers,
    ) -> None:  # fmt: skip
        self._lock, self._hardware, self._journal, self._clock, self._voice = lock, hardware, journal, clock, voice
        self._digests = digests
        self._why_no_store, self._power, self._readers = why_no_store, power, readers
        #: What is wrong with phones; None: they are off.
        self.phones: Callable[[], str] | None = None
        self._told: list[str] = []
        self._trouble = ""

    def degraded(self) -> list[str]:
        """A line for each thing that does not work."""
        lines = list(self._lock.degraded())
        if self._why_no_store:  # which is why no record can be written
            lines = [line for line in lines if not line.startswith("store: ")] + [f"store: {self._why_no_store}"]
        if self._power.trouble:
            lines.append(f"power: {self._power.trouble}")
        if self.phones is not None and (trouble := self.phones()):
            lines.append(f"phones: {trouble}")
        lines += self._readers.degraded()
        lines += [f"{part}: {trouble}" for part, trouble in self._hardware.troubles()]
        if self._voice.bus is None or self._voice.bus.trouble:
            lines.append(f"dbus: {self._voice.bus.trouble if self._voice.bus else 'not started yet'}")
        return lines

    def tell(self) -> None:
        """Of a change in what works, from READY on, which says how it is."""
        if self._voice.bus is None:
            return
        now = self.degraded()
        if now != self._told:
            self._told = now
            self._voice.changed("org.lockd1.Manager", {"Degraded": now})
            notify.status(self.status())

    def status(self) -> str:
        """One line for `systemctl status`."""
        lines = [line for line in self.degraded() if not line.startswith("dbus: not started")]
        return f"degraded: {'; '.join(lines)}" if lines else "a PIN works"

    async def watch(self, interval_s: float, awake: Callable[[], None]) -> None:
        """Tell systemd that lockd lives, but only after looking. `awake` is called each time, for what
        nobody tells of and is not worth waking up for."""
        while True:
            awake()
            if await self.fit():
                notify.alive()
            await asyncio.sleep(interval_s)

    async def fit(self) -> bool:
        """The loop runs (or this would not), the pins obey, the store answers. A store that fails
        is no reason to end: the core works without it (promise 4), and a restart would only forget
        who may come in."""
        own = self._own_trouble()
        self._complain(own or await self._store_trouble())
        return not own

    def _own_trouble(self) -> str:
        """What a restart may mend."""
        try:
            self._hardware.pins.check()
        except LockdError as fault:
            return str(fault)
        if not self._digests.alive:
            return "the thread that checks codes has ended"
        return "" if self._journal.alive else "the store's thread has ended"

    async def _store_trouble(self) -> str:
        if self._journal.vault is None or self._lock.parts.trail.failing:
            return ""
        try:
            async with asyncio.timeout(CHECK_S):
                await self._journal.write_thread(Vault.check)
        except TimeoutError:
            return f"the store has not answered for {CHECK_S:g} s"
        except LockdError as fault:
            return str(fault)
        except Exception as fault:  # a mistake of lockd's own is no reason to end either
            if self._trouble != MISTAKE:
                log.error("self-check of the store", exc_info=fault)
            return MISTAKE
        return ""

    def _complain(self, trouble: str) -> None:
        """Once, until it is another one."""
        if trouble and trouble != self._trouble:
            log.error("self-check: %s", trouble)
        self._trouble = trouble

    def findings(self) -> list[dict[str, Any]]:
        """Part by part: is it well, what is it like, what to do."""
        at = self._clock.now()
        seen = self._lock.properties(at)
        store = [line for line in self.degraded() if line.startswith("store: ")]
        bus = self._voice.bus.trouble if self._voice.bus is not None else "not started yet"
        parts, contacts = self._lock.parts, self._hardware.contacts
        return [
            finding("bolt", _fault_if(seen["Fault"] != "None"), f"{seen['LockState']}, fault {seen['Fault']}",
                    "free the bolt and run `lockctl home`; if it does not help, check motor, wires and contacts"),
            finding("motor", _fault_if(parts.actuator_fault), parts.actuator_fault or "its pins obey",
                    "check that no other program uses the pins, then `systemctl restart lockd`"),
            finding("door", "warning" if seen["DoorState"] in ("DoorForcedOpen", "DoorAjar") else "ok",
                    seen["DoorState"], "close the door"),
            finding("cover", "warning" if parts.tampered else "ok", "off" if parts.tampered else "on",
                    "put the outer cover back and look for what was changed behind it"),
            finding("store", _fault_if(store), "; ".join(store) or f"{self._journal.last_seq} records written",
                    "see the log of lockd; check the disk; put back a copy if rows are damaged"),
            finding("clock", "ok" if at.trust == "Trusted" else "warning", at.trust,
                    "timed codes do not work: set the time with `lockctl time set`, or let NTP do it"),
            finding("bus", _fault_if(bus), bus or "org.lockd1 is ours", "check that dbus runs and no other lockd does"),
            self._feed(at),
            *self._hardware.felt.findings(contacts.levels(), seen["Motion"] != "Idle", contacts.troubles()),
            *self._readers.findings(),
            *(finding(part, state, why, remedy) for part, why in self._hardware.troubles() if part in LINES
              for state, remedy in (LINES[part],)),
            self._people(at),
            self._programming(),
            self._ways(at),
            *self._phones(),
        ]  # fmt: skip

    def _feed(self, at: Instant) -> dict[str, Any]:
        """What feeds the lock, and whether it will for long."""
        power = self._lock.power(at)
        level = power["BatteryLevel"]
        told = f"fed by {power['Source']}, battery {level}"
        if power["Source"] == level == "Unknown":
            return finding("power", "unchecked", "nothing says what feeds the lock", "see [power] in lockd.toml")
        state: Verdict = {"Low": "warning", "Critical": "fault", "Dead": "fault"}.get(level, "ok")  # type: ignore[assignment]
        return finding("power", state, told, "charge or change the battery; `lockctl power` says for how long it lasts")

    def _ways(self, at: Instant) -> dict[str, Any]:
        """Whether the ways that nobody uses would work when they are needed."""
        ways = self._lock.ways(at)
        overdue = [way["way"] for way in ways if way["overdue"]]
        told = f"not proved to work, or not for long: {', '.join(overdue)}" if overdue else f"{len(ways)}, none overdue"
        return finding("drill", "warning" if overdue else "ok", told,
                       "prove them, with the door open: lockctl power drill")

    def _phones(self) -> list[dict[str, Any]]:
        """Nothing is said of them while they are off."""
        if self.phones is None:
            return []
        trouble = self.phones()
        return [finding("phones", "warning" if trouble else "ok", trouble or "phones can connect",
                        "see that bluetoothd runs and its adapter is on: `bluetoothctl show`, `rfkill list`")]

    def _programming(self) -> dict[str, Any]:
        """Whether the keypad changes people."""
        pins = len(self._lock.people.places_of("ProgrammingPIN"))
        told = f"{pins} ProgrammingPIN{' is' if pins == 1 else 's are'} set" if pins else "no ProgrammingPIN is set"
        on = self._lock.parts.settings.keypad.programming
        return finding("programming", "ok", f"on, and {told}" if on else "off")

    def _people(self, at: Instant) -> dict[str, Any]:
        """Whether anybody could come in with a code."""
        if self._why_no_store:
            return finding("people", "unchecked", "the store cannot be read")
        people = self._lock.people
        able = [
            user for user in people.users.values()
            if user.type != "NonAccessUser" and people.status(user, at) == "OccupiedEnabled" and people.of(user.index)
        ]  # fmt: skip
        return finding("people", _fault_if(not able), f"{len(able)} of {len(people.users)} users can come in",
                       "add somebody: lockctl user add NAME --type programming --pin")


def _fault_if(bad: object) -> Verdict:
    return "fault" if bad else "ok"

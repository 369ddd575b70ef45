"""Which contacts changed and which ways the motor was driven since lockd started: so a dead contact is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lockd.daemon.finding import finding
from lockd.gpio.contacts import contact_pins
from lockd.settings import Settings
from lockd.words import Contact, Direction, Verdict

#: So often nobody unlocks a door without opening it.
UNOPENED = 5

BOLT = ("locked", "unlocked")
UNREADABLE = "see whether another program holds its line (gpioinfo), and check its pin in lockd.toml: lockd tries again"
TRY = "lock, unlock, open the door, press and turn: each once, then look again"


class Felt:
    """Counts for as long as lockd runs."""

    def __init__(self, settings: Settings) -> None:
        self._keys = {contact: pin.key for contact, pin in contact_pins(settings).items()}
        self._strike = settings.bolt.kind == "strike"
        self._changes = dict.fromkeys(self._keys, 0)
        self._drives: dict[Direction, int] = {"Locking": 0, "Unlocking": 0}

    def changed(self, contact: Contact) -> None:
        """It went on or off."""
        self._changes[contact] += 1

    def driven(self, direction: Direction) -> None:
        """The motor was switched on."""
        self._drives[direction] += 1

    def findings(
        self, levels: Mapping[Contact, bool], moving: bool = False, troubles: Mapping[Contact, str] = {}
    ) -> Iterator[dict[str, Any]]:
        """One for each contact that is wired; `levels` as they are now. `moving`: a throw is under way,
        which the bolt's contacts have still to answer. `troubles`: why some cannot be read."""
        for contact, key in self._keys.items():
            if contact in troubles:
                yield finding(key, "fault", f"cannot be read: {troubles[contact]}", UNREADABLE)
            elif moving and contact in BOLT:
                yield finding(key, "unchecked", "the bolt moves", "look again when it has come to rest")
            else:
                yield finding(key, *self._judge(contact, levels))

    def _judge(self, contact: Contact, levels: Mapping[Contact, bool]) -> tuple[Verdict, str, str]:
        state = "on" if levels[contact] else "off"
        count = self._changes[contact]
        if contact == "unlocked" and levels[contact] and levels.get("locked"):
            return "fault", "on together with bolt.locked: the bolt cannot be out and in at once", (
                "look which of the two contacts is stuck, or wired with the wrong active level")  # fmt: skip
        if count:
            return "ok", f"changed {count} {'time' if count == 1 else 'times'} since lockd started, now {state}", ""
        return self._unmoved(contact, state)

    def _unmoved(self, contact: Contact, state: str) -> tuple[Verdict, str, str]:
        never = f"always {state} since lockd started"
        if contact in BOLT and self._tried:
            return "fault", f"{never}, though the motor was driven {self._driven} times", (
                "see that the bolt moves and reaches the contact; then check the contact and its wire")  # fmt: skip
        if contact == "closed" and self._drives["Unlocking"] >= UNOPENED:
            return "warning", f"{never}, though the bolt was drawn {self._drives['Unlocking']} times", (
                "open the door and look again; if it stays so, check the contact, its magnet and its wire")  # fmt: skip
        if contact in ("inside", "spindle", "code", "hole") and state == "on":
            return "warning", never, "see what holds it, or whether its active level in lockd.toml is wrong"
        return "unchecked", "not changed since lockd started", TRY

    @property
    def _tried(self) -> bool:
        """Both ways: one alone may have found the bolt where it was to go. A strike locks by its spring."""
        return self._drives["Unlocking"] > 0 and (self._strike or self._drives["Locking"] > 0)

    @property
    def _driven(self) -> int:
        return sum(self._drives.values())

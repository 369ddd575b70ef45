"""Whatever the disk, the bolt and the power do: no use opens twice, and what is left opens."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lockd.core.credentials import SPENT, Credential
from lockd.core.effects import Record
from lockd.core.events import Started
from lockd.words import Contact
from tests.core.world import LEAVES_S, World

PIN, MASTER = "code of few uses", "code of whom it belongs to"
USES = 2


class Door(World):
    """`opened`: how often the motor drew the bolt from its locked end. No two grants on disk share a use."""

    opened = 0

    def sense(self, contact: Contact, on: bool) -> Any:
        self.opened += self.motor == "Unlocking" and contact == "locked" and not on
        return super().sense(contact, on)

    def _commit(self, record: Record) -> None:
        if record.entry.fields.get("phase") == "granted" and ["PIN", 2] in record.entry.fields.get("credentials", ()):
            (use,) = (write.key for write in record.writes if write.key.startswith(SPENT))
            assert ("state", use) not in self.rows, "a use that is used already"
        super()._commit(record)


class Uses(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = Door().enrol(1, MASTER)
        self.world.give(PIN, 2, uses=USES)
        self.bought = USES  #: uses that were given

    @property
    def credential(self) -> Credential:
        return self.world.lock.people.credentials["PIN", 2]

    @rule()
    def come(self) -> None:
        self.world.type(PIN)

    @rule()
    def leave(self) -> None:
        self.world.ask("Lock", "Keypad")

    @rule()
    def come_and_get_stuck(self) -> None:
        self.world.type(PIN)
        self.world.wait(LEAVES_S + 0.1)
        self.world.stick()
        self.world.wait(20)
        self.world.sticks = False

    @rule(seconds=st.sampled_from((0.05, 0.2, 0.5, 1, 4, 15)))
    def pass_time(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule(sticks=st.booleans())
    def jam(self, sticks: bool) -> None:
        if sticks:
            self.world.stick()
        self.world.sticks = sticks

    @rule(disk=st.sampled_from(("hangs", "hangs", "fails", "works")))
    def change_disk(self, disk: Any) -> None:
        self.world.disk = disk if disk == "hangs" or not self.world.unwritten else "hangs"

    @precondition(lambda self: self.world.unwritten)
    @rule(well=st.booleans())
    def answer(self, well: bool) -> None:
        if well:
            self.world.write()
        else:
            self.world.fail()

    @rule()
    def renew(self) -> None:
        if not self.world.unwritten and self.world.disk == "works":
            self.world.give(PIN, 2, op="Modify")
            self.bought += USES

    @rule(boot=st.sampled_from(("", "another boot")))
    def lose_power(self, boot: str) -> None:
        opened = self.world.opened
        again = self.world.restarted(boot=boot)
        again.__class__ = Door
        self.world = again  # type: ignore[assignment]
        self.world.opened = opened
        self.world.submit(Started())

    @invariant()
    def no_use_opens_twice(self) -> None:
        assert self.world.opened <= self.bought

    def teardown(self) -> None:
        """In the end, with a world that works again: what is left opens, and no more."""
        world = self.world
        world.write()
        world.sticks = False
        world.wait(100)
        world.ask("Home", "Remote")
        world.wait(20)
        left, opened = world.lock.people.left(self.credential), world.opened
        for _ in range(USES + 1):
            world.ask("Lock", "Keypad")
            world.wait(5)
            world.type(PIN)
            world.wait(5)
        assert world.lock.people.left(self.credential) == 0
        assert world.opened - opened == left
        assert world.opened <= self.bought


TestUses = Uses.TestCase
TestUses.settings = settings(max_examples=100, stateful_step_count=30)

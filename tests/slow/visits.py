"""Real work on D-Bus that may be cut off at any moment, and what must be left of it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

from lockd.dbus.client import Client, NoAnswer, NoBus, NotRunning
from lockd.errors import DisabledUserDenied, InvalidCredential, LockdError, LockedOut
from tests.daemon.process import LOCK, LOG, MANAGER, SIMULATOR, USERS, trail

#: Quick lockouts, so that many begin and end.
CONFIG = """[gpio]
debounce_ms = 5
[lock]
wrong_code_limit = 3
wrong_code_day_limit = 1000
lockout_s = 1
lockout_max_s = 2
"""
CUT_OFF = (NoAnswer, NotRunning, NoBus)
#: Who lives there; the last place is for people who may come in once.
PLACES = 5
GUEST = 9

#: A user as he can be told from outside: his name and whether he has a PIN; None: a free place.
Person = tuple[str, bool] | None


def pin_of(index: int) -> str:
    return f"{13579 * index:06}"


class Ledger:
    """What was acknowledged, over all the kills. `people`: what each place may hold; two while a
    change was under way."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.people: dict[int, set[Person]] = {index: {None} for index in range(1, PLACES + 1)}
        self.told: list[dict[str, Any]] = []
        self.newest: dict[str, Any] = {}
        self.acknowledged: Counter[str] = Counter()
        self.this_round: Counter[str] = Counter()
        self.held: tuple[float, float] | None = None
        self.guest_came = False

    # Work ---------------------------------------------------------------------------------------

    async def work(self, caller: Client) -> None:
        """Until lockd is gone."""
        kinds: tuple[Callable[[Client], Awaitable[None]], ...] = (
            self._change_people, self._operate, self._fumble, self._watch, self._guest,
        )  # fmt: skip
        await asyncio.gather(*(self._until_cut_off(kind, caller) for kind in kinds))

    async def _until_cut_off(self, kind: Callable[[Client], Awaitable[None]], caller: Client) -> None:
        try:
            while True:
                await kind(caller)
        except CUT_OFF:
            pass

    async def _change_people(self, caller: Client) -> None:
        """Add, rename, give a PIN, remove."""
        index = self.chance.randint(1, PLACES)
        (now,) = self.people[index]
        if now is None:
            name = f"n{self.chance.randint(0, 9999)}"
            await self._change(index, (name, False), caller.call(USERS, "SetUser", "Add", index, {"name": name}))
        elif not now[1]:
            given = caller.call(USERS, "SetCredential", "Add", "PIN", index, pin_of(index).encode(), index, {})
            await self._change(index, (now[0], True), given)
        elif self.chance.random() < 0.5:
            name = f"m{self.chance.randint(0, 9999)}"
            await self._change(index, (name, True), caller.call(USERS, "SetUser", "Modify", index, {"name": name}))
        else:
            await self._change(index, None, caller.call(USERS, "ClearUser", index))

    async def _change(self, index: int, after: Person, asked: Awaitable[Any]) -> None:
        (before,) = self.people[index]
        self.people[index] = {before, after}
        await asked
        self.people[index] = {after}
        self._count("change")

    async def _operate(self, caller: Client) -> None:
        """Unlock and lock, to and fro; some do not wait for the bolt."""
        method = self.chance.choice(("UnlockDoor", "LockDoor"))
        options: dict[str, Any] = {"wait": self.chance.random() < 0.5}
        try:
            await caller.call(LOCK, method, options)
        except CUT_OFF:
            raise
        except LockdError:
            return  # another wish was in the way
        self._count("granted")

    async def _fumble(self, caller: Client) -> None:
        """Wrong PINs, up to the lockout and in it."""
        await asyncio.sleep(self.chance.random() * 0.1)
        self.held = None
        try:
            await caller.call(LOCK, "UnlockDoor", {"pin": "000000"})
        except InvalidCredential:
            self._count("wrong")
        except LockedOut:
            self._count("held")
        self.held = await caller.get(LOCK, "LockoutRemaining"), monotonic()

    async def _watch(self, caller: Client) -> None:
        """What is told with its number is on the disk."""
        async with caller.signals() as news:
            async for signal in news:
                if signal.name == "Lost":
                    raise NotRunning("it was killed")
                if isinstance(signal.value, dict) and signal.value.get("seq"):
                    self.told.append(signal.value)

    async def _guest(self, caller: Client) -> None:
        """Somebody with a right to come in once; then he is shown out."""
        self.guest_came = False
        if "name" in await caller.call(USERS, "GetUser", GUEST):
            await caller.call(USERS, "ClearUser", GUEST)
        await caller.call(USERS, "SetUser", "Add", GUEST, {"type": "DisposableUser"})
        await caller.call(USERS, "SetCredential", "Add", "PIN", GUEST, b"987654", GUEST, {})
        try:
            await caller.call(LOCK, "UnlockDoor", {"pin": "987654", "wait": False})
        except LockedOut:
            await asyncio.sleep(0.05)
        else:
            self.guest_came = True
            self._count("use")

    def _count(self, what: str) -> None:
        self.this_round[what] += 1

    # Afterwards ---------------------------------------------------------------------------------

    async def check(self, caller: Client) -> None:
        """That nothing is missing, of a lockd that has just started and done nothing yet."""
        assert await caller.get(MANAGER, "Degraded") == []
        assert not await caller.get(SIMULATOR, "MotorOn")
        await self._check_people(caller)
        await self._check_trail(caller)
        await self._check_lockout(caller)
        self.acknowledged += self.this_round
        self.this_round.clear()

    async def _check_people(self, caller: Client) -> None:
        users = {user["index"]: user for user in await caller.call(USERS, "ListUsers")}
        for index, may_be in self.people.items():
            user = users.get(index)
            found = (user["name"], bool(user["credentials"])) if user else None
            assert found in may_be, f"user {index}: {found}, acknowledged was {may_be}"
            self.people[index] = {found}
        if self.guest_came:
            assert users[GUEST]["status"] == "OccupiedDisabled"
            with_pin = caller.call(LOCK, "UnlockDoor", {"pin": "987654"})
            try:
                await with_pin
            except (DisabledUserDenied, LockedOut):
                pass
            else:
                raise AssertionError("a right that was used up opened again")

    async def _check_trail(self, caller: Client) -> None:
        report = await caller.call(LOG, "Verify")
        assert report["ok"], report
        first = self.newest.get("seq", 1)
        events = {event["seq"]: event for event in await trail(caller, first)}
        assert events.get(first, {}) == self.newest or not self.newest, "the newest event of before is gone"
        for told in self.told:
            kept = {name: value for name, value in events[told["seq"]].items() if name != "kind"}
            assert kept == told, f"event {told['seq']} is not what was told"
        found = Counter(event.get("phase") or event.get("error") for event in events.values())
        for what, kind in (("granted", "granted"), ("wrong", "InvalidCredential")):
            assert found[kind] >= self.this_round[what], f"{what}: {found[kind]} of {self.this_round[what]}"
        self.acknowledged["told"] += len(self.told)
        self.newest = events[max(events)]
        self.told.clear()

    async def _check_lockout(self, caller: Client) -> None:
        if self.held is not None:
            (left, then), self.held = self.held, None
            now = await caller.get(LOCK, "LockoutRemaining")
            assert left - (monotonic() - then) - 1 <= now <= left, f"a lockout of {left} s became {now} s"

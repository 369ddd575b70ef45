"""The tour: real D-Bus calls to a real lockd, told in plain sentences, and each one checked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from lockd.cli.output import Output
from lockd.cli.panel.news import Link
from lockd.cli.sentences import sentence
from lockd.cli.simulation.world import World
from lockd.cli.tour.emergency import EMERGENCY
from lockd.cli.tour.stage import Stage
from lockd.cli.tour.steps import END, STEPS, Step
from lockd.errors import LockdError

#: How long lockd may take to be on the bus once it is ready.
ARRIVAL_S = 20.0

STORY = (*STEPS, *EMERGENCY, END)


class Tour:
    """`told`: what happened so far, one dictionary a step: told, checks (what was expected: did
    it happen), failure (what went wrong, absent when nothing did)."""

    def __init__(self, link: Link, world: World, out: Output) -> None:
        self.told: list[dict[str, Any]] = []
        self._stage = Stage(link, world)
        self._link, self._world, self._out = link, world, out

    async def play(self, steps: Sequence[Step] = STORY) -> bool:
        """Whether everything happened as told; ends at the first step where something did not."""
        began = time.monotonic()
        following = asyncio.create_task(self._link.follow(self._stage.take))
        try:
            is_good = await self._arrived() and await self._play(steps)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        self._conclude(is_good, time.monotonic() - began)
        return is_good

    async def _arrived(self) -> bool:
        await self._stage.until(self._is_settled, ARRIVAL_S)
        if not self._stage.here:
            self._out.say("✗ lockd started, but does not answer on D-Bus")
        return self._stage.here

    async def _is_settled(self) -> bool:
        return self._stage.here or self._world.lockd.ended

    async def _play(self, steps: Sequence[Step]) -> bool:
        for number, step in enumerate(steps, 1):
            self._out.say(f"{number:2}. {step.told}")
            told: dict[str, Any] = {"told": step.told, "checks": {}}
            self.told.append(told)
            try:
                await self._take_step(step, told["checks"])
            except LockdError as error:
                told["failure"] = str(error)
                self._out.say(f"      ✗ {error}")
            if "failure" in told or not all(told["checks"].values()):
                return False
        return True

    async def _take_step(self, step: Step, checks: dict[str, bool]) -> None:
        await self._stage.begin()
        for act in step.acts:
            await act(self._stage)
        for expectation in step.expect:
            holds = await expectation.holds(self._stage)
            checks[expectation.says] = holds
            self._out.say(f"      {'✓' if holds else '✗ NOT SO:'} {expectation.says}")
        for expectation in step.expect:
            if not (expectation.never or await expectation.met(self._stage)):
                checks[expectation.says] = False
                self._out.say(f"      ✗ NOT SO ANY MORE: {expectation.says}")
        if not all(checks.values()):
            self._explain()

    def _explain(self) -> None:
        """What happened instead."""
        stage = self._stage
        if stage.refusal is not None:
            self._out.say(f"        refused: {stage.refusal} ({stage.refusal.name})")
        for event in stage.heard:
            self._out.say(f"        told: {event['kind']}: {sentence(event, {})}")
        names = ("LockState", "Motion", "Fault", "DoorState", "Bolt")
        self._out.say("        now: " + ", ".join(f"{name} {stage.properties.get(name)}" for name in names))

    def _conclude(self, is_good: bool, seconds: float) -> None:
        checks = sum(len(step["checks"]) for step in self.told)
        if is_good:
            self._out.say(f"All {checks} things happened as told ({seconds:.0f} s).")
        else:
            self._out.say("Something did not happen as told. lockd's own log ends:")
            for line in self._world.lockd.told(20).splitlines():
                self._out.say(line)
        if self._out.as_json:
            self._out.document({"ok": is_good, "seconds": round(seconds, 1), "steps": self.told})

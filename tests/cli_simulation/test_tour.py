"""The tour believes nothing: a step that did not happen as told fails it."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from lockd.cli.output import Output
from lockd.cli.panel.news import Changed, Gone, Happened, Here, News
from lockd.cli.simulation.world import World
from lockd.cli.tour.expect import (
    Expectation,
    answers,
    gone,
    hears,
    hears_no,
    lights,
    logs,
    refused,
    refuses,
    shows,
    travels,
)
from lockd.cli.tour.play import STORY, Tour
from lockd.cli.tour.stage import Stage
from lockd.cli.tour.steps import Step, call, hand, put
from lockd.errors import Failure, Jammed
from tests.cli_simulation.fake import PROPERTIES, FakeLink

SHORT_S = 0.05
UNLOCK = {"kind": "LockOperation", "type": "Unlock", "source": "Keypad", "user": 1}

REFUSED = {"kind": "LockOperationError", "error": "InsufficientBattery"}


class Scripted(FakeLink):
    """Each call of a method makes its news happen."""

    def __init__(self, **script: tuple[News, ...]) -> None:
        super().__init__()
        self.script = script
        self.entries: list[dict[str, Any]] = []

    async def act(self, interface: str, method: str, *args: Any) -> Any:
        answer = await super().act(interface, method, *args)
        for news in self.script.get(method, ()):
            self.tell(news)
        return [entry for entry in self.entries if entry["seq"] >= args[0]] if method == "Read" else answer


class StillWorld:
    """A world without processes, for steps that need none."""

    def __init__(self) -> None:
        self.lockd = self
        self.ended = False

    def told(self, lines: int) -> str:
        return "  the log's last words"


async def played(link: FakeLink, *steps: Step, as_json: bool = False) -> tuple[bool, str]:
    stream = io.StringIO()
    quick = [step.but(expect=tuple(e.but(seconds=SHORT_S) for e in step.expect)) for step in steps]
    is_good = await Tour(link, cast(World, StillWorld()), Output(as_json, stream)).play(quick)
    return is_good, stream.getvalue()


async def holds(expectation: Expectation, prepare: Callable[[Stage], None]) -> bool:
    stage = Stage(Scripted(), cast(World, StillWorld()))
    stage.take(Here(PROPERTIES))
    await stage.begin()
    prepare(stage)
    return await expectation.but(seconds=SHORT_S).holds(stage)


def told(*news: News) -> Callable[[Stage], None]:
    def prepare(stage: Stage) -> None:
        for each in news:
            stage.take(each)

    return prepare


async def test_a_step_that_happened_is_good() -> None:
    link = Scripted(Press=(Happened(UNLOCK), Changed({"LockState": "Unlocked"})))
    expected = hears("said", "LockOperation"), shows("open", LockState="Unlocked")
    step = Step("Anna types.", (hand("Press", "1#"),), expected)
    is_good, text = await played(link, step)
    assert is_good
    assert "✓ said" in text
    assert "All 2 things happened as told" in text


async def test_the_tour_ends_at_the_first_step_that_did_not_happen_and_says_what_did() -> None:
    link = Scripted(Press=(Happened({**UNLOCK, "type": "Lock"}),))
    step = Step("Anna types.", (hand("Press", "1#"),), (hears("she unlocked", "LockOperation", type="Unlock"),))
    is_good, text = await played(link, step, Step("never told", (), ()))
    assert not is_good
    assert "✗ NOT SO: she unlocked" in text
    assert "told: LockOperation" in text
    assert "the log's last words" in text
    assert "never told" not in text


async def test_what_was_so_must_still_be_so_at_the_end_of_the_step() -> None:
    link = Scripted(GetUser=(Happened(UNLOCK),))
    one, later = hears("one", "LockOperation"), answers("later", "Users", "GetUser", 1)
    link.tell = lambda _: None
    is_good, text = await played(Answering(link), Step("twice", (call("Users", "GetUser", 1),), (one, later)))
    assert not is_good
    assert "NOT SO ANY MORE: one" in text


class Answering(Scripted):
    """GetUser answers a dictionary, and is heard of."""

    def __init__(self, like: Scripted) -> None:
        super().__init__(**like.script)

    async def act(self, interface: str, method: str, *args: Any) -> Any:
        answer = await super().act(interface, method, *args)
        return {} if method == "GetUser" else answer


async def test_an_act_that_cannot_be_done_fails_the_tour() -> None:
    async def breaks(stage: Stage) -> None:
        raise Failure("lockd ended with status 1")

    is_good, text = await played(FakeLink(), Step("It is started again.", (breaks,), ()))
    assert not is_good
    assert "lockd ended with status 1" in text


async def test_a_lockd_that_never_answers_fails_the_tour() -> None:
    class Mute(FakeLink):
        async def follow(self, tell: Callable[[News], None]) -> None:
            tell(Gone("nobody there"))
            await asyncio.Event().wait()

    stream, world = io.StringIO(), StillWorld()
    world.ended = True
    assert not await Tour(Mute(), cast(World, world), Output(False, stream)).play(())
    assert "does not answer on D-Bus" in stream.getvalue()


async def test_json_is_one_document_with_every_check() -> None:
    step = Step("A look.", (), (shows("locked", LockState="Locked"), shows("open", LockState="Unlocked")))
    is_good, text = await played(FakeLink(), step, as_json=True)
    document = json.loads(text)
    assert (is_good, document["ok"]) == (False, False)
    assert document["steps"] == [{"told": "A look.", "checks": {"locked": True, "open": False}}]


@pytest.mark.parametrize(("expectation", "news", "expected"), [
    (shows("", LockState="Locked"), (), True),
    (shows("", LockState="Locked"), (Gone("away"),), False),
    (hears("", "LockOperation", user=1), (Happened(UNLOCK),), True),
    (hears("", "LockOperation", user=2), (Happened(UNLOCK),), False),
    (hears("", "LockOperation"), (Happened(UNLOCK), Happened(UNLOCK)), False),
    (hears("", "LockOperation", 2), (Happened(UNLOCK), Happened(UNLOCK)), True),
    (hears("", "LockOperation", without="user"), (Happened(UNLOCK),), False),
    (hears_no("", "LockOperation"), (), True),
    (hears_no("", "LockOperation"), (Happened(UNLOCK),), False),
    (travels("", 1.0), (Changed({"Bolt": 0.4}), Changed({"Bolt": 1.0})), True),
    (travels("", 1.0), (Changed({"Bolt": 1.0}),), False),
    (travels("", 1.0), (Changed({"Bolt": 0.4}),), False),
    (refused("", "Jammed"), (), False),
    (refuses("", error="InsufficientBattery"), (Happened(REFUSED),), True),
    (refuses("", error="InvalidCredential"), (Happened(REFUSED),), False),
    (lights("", "Green", "Red"), (Changed({"Green": True}), Changed({"Green": False, "Red": True})), True),
    (lights("", "Green", "Red"), (Changed({"Red": True}), Changed({"Red": False, "Green": True})), False),
    (lights("", "Green"), (Changed({"Green": False}),), False),
    (gone(""), (Gone("away"),), True),
    (gone(""), (), False),
])  # fmt: skip
async def test_an_expectation_can_tell(expectation: Expectation, news: tuple[News, ...], expected: bool) -> None:
    assert await holds(expectation, told(*news)) is expected


async def test_a_refusal_is_known_by_its_name() -> None:
    link = FakeLink()
    link.refuse["UnlockDoor"] = Jammed("it is stuck")
    unlock = call("Lock", "UnlockDoor", {})
    assert (await played(link, Step("", (unlock,), (refused("as it should", "Jammed"),))))[0]
    assert not (await played(link, Step("", (unlock,), (refused("otherwise", "Busy"),))))[0]


async def test_the_log_counts_from_the_beginning_of_the_step() -> None:
    class Logging(Scripted):
        async def assign(self, interface: str, name: str, value: Any) -> None:
            self.entries.append({"seq": len(self.entries) + 1, "detail": name})

    step = Step("", (put("first", 1),), (logs("first is there", detail="first"),))
    after = Step("", (), (logs("first is old", detail="first"),))
    is_good, text = await played(Logging(), step, after)
    assert not is_good
    assert "✓ first is there" in text
    assert "NOT SO: first is old" in text


def test_every_step_says_what_it_does_and_expects_something() -> None:
    for step in STORY:
        assert step.told.endswith("." if step.told[-1] != ":" else ":")
        assert step.expect
        assert len({expectation.says for expectation in step.expect}) == len(step.expect)

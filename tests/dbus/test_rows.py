"""Long answers: marshalled as D-Bus says, in slices, and one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from dbus_next._private.marshaller import Marshaller
from hypothesis import given
from hypothesis import strategies as some

from lockd.dbus import names, rows
from lockd.dbus.client import Client
from lockd.dbus.rows import SIGNATURE, body_of_rows
from lockd.dbus.variants import dictionary
from tests.dbus.conftest import PATIENCE_S
from tests.dbus.fakes import USER, FakeDesk

LONG = [
    (each, method) for each in names.INTERFACES for method in each.methods
    if [arg.signature for arg in method.gives] == [SIGNATURE]
]  # fmt: skip
(USERS,) = (method.gives[0] for _, method in LONG if method.name == "ListUsers")
VALUES: dict[str, some.SearchStrategy[Any]] = {
    "s": some.text(max_size=9),
    "y": some.integers(0, 255),
    "u": some.integers(0, 2**32 - 1),
    "t": some.integers(0, 2**64 - 1),
    "b": some.booleans(),
    "d": some.floats(allow_nan=False),
    "a(su)": some.lists(some.tuples(some.text(max_size=9), some.integers(0, 2**32 - 1)), max_size=3),
}


@given(some.data())
def test_rows_are_marshalled_as_any_other_value(data: some.DataObject) -> None:
    _, method = data.draw(some.sampled_from(LONG))
    (arg,) = method.gives
    fields = {key: VALUES[kind] | some.none() for key, kind in arg.fields.items()} | {"no such key": some.text()}
    drawn = data.draw(some.lists(some.fixed_dictionaries({}, optional=fields), max_size=5))
    plainly = Marshaller(SIGNATURE, [[dictionary(arg.fields, row) for row in drawn]])  # type: ignore[no-untyped-call]
    assert asyncio.run(body_of_rows(arg, drawn)) == plainly.marshall()  # type: ignore[no-untyped-call]


async def test_between_slices_of_a_long_answer_everything_else_has_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "SLICE_S", 0.0)
    seen: list[str] = []

    async def others() -> None:
        while True:
            seen.append("others")
            await asyncio.sleep(0)

    def users() -> Iterator[Mapping[str, Any]]:
        for _ in range(5):
            seen.append("row")
            yield USER

    task = asyncio.create_task(others())
    await body_of_rows(USERS, users())
    task.cancel()
    assert seen == ["row", "others"] * 5


async def test_rows_that_are_quickly_done_are_one_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "SLICE_S", 3600.0)
    work = body_of_rows(USERS, [USER] * 10)
    with pytest.raises(StopIteration):
        work.send(None)


async def test_long_answers_of_a_method_are_made_one_after_the_other(
    client: Client, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "SLICE_S", 0.0)
    made: list[int] = []

    def users() -> Iterator[Mapping[str, Any]]:
        mine = max(made, default=0) + 1
        for _ in range(5):
            made.append(mine)
            yield USER

    monkeypatch.setattr(desk, "list_users", users)
    answers = await asyncio.gather(*(client.call(names.USERS.name, "ListUsers") for _ in range(3)))
    assert [len(answer) for answer in answers] == [5, 5, 5]
    assert made == [1] * 5 + [2] * 5 + [3] * 5


async def test_a_log_that_does_not_answer_holds_up_no_other_method(
    client: Client, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, reading = asyncio.Event(), asyncio.Event()

    async def read_log(_first: int, _limit: int) -> list[dict[str, Any]]:
        reading.set()
        await opened.wait()
        return []

    monkeypatch.setattr(desk, "read_log", read_log)
    async with asyncio.timeout(PATIENCE_S):
        read = asyncio.ensure_future(client.call(names.LOG.name, "Read", 1, 1))
        await reading.wait()
        assert await client.call(names.MANAGER.name, "Diagnose")
        opened.set()
        assert await read == []


async def test_a_fault_amid_the_rows_is_answered(
    client: Client, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "list_users", lambda: [USER, {"index": -1}])
    with pytest.raises(Exception, match="its journal says why"):
        await client.call(names.USERS.name, "ListUsers")
    monkeypatch.undo()
    assert len(await client.call(names.USERS.name, "ListUsers")) == 1

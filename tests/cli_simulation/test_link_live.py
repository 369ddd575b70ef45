"""The panel's link and a real lockd on a real bus: what happens is told, deaths and returns too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from lockd.cli.panel.demo import add_person
from lockd.cli.panel.link import BusLink
from lockd.cli.panel.news import Gone, News
from lockd.cli.panel.story import Story
from lockd.cli.simulation.place import Place
from lockd.cli.simulation.world import World, running
from lockd.dbus.client import NotRunning

PATIENCE_S = 20.0


class Room:
    """A person before the panel, without the screen: `until` waits for what he sees."""

    def __init__(self, world: World, link: BusLink) -> None:
        self.world, self.link = world, link
        self.story = Story("wait")
        self.log = ""
        self._told = asyncio.Event()

    def take(self, news: News) -> None:
        self.log += "".join(f"{line}\n" for line in self.story.take(news))
        if isinstance(news, Gone):
            assert not self.story.scene.here
        self._told.set()

    async def until(self, seen: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not seen():
                self._told.clear()
                await self._told.wait()


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    place = Place(tmp_path / "place")
    assert place.take()
    async with running(place, tmp_path / "state") as world:
        made = Room(world, BusLink(place.address))
        following = asyncio.create_task(made.link.follow(made.take))
        await made.until(lambda: made.story.scene.here)
        yield made
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    place.release()


async def test_a_demonstration_person_opens_with_the_shown_pin(room: Room) -> None:
    assert "Nobody has a PIN yet" in room.log
    demo = await add_person(room.link, *room.story.digits)
    await room.link.act("Simulator", "Press", f"{demo.pin}#")
    await room.until(lambda: room.story.scene.bolt == 1.0 and room.story.scene.lock_state == "Unlocked")
    await room.until(lambda: "Demo 1 unlocked" in room.log)


async def test_a_mode_set_here_is_seen_here(room: Room) -> None:
    await room.link.assign("Lock", "OperatingMode", "Privacy")
    await room.until(lambda: room.story.scene.mode == "Privacy")


async def test_deaths_of_lockd_and_of_the_bus_are_told_and_survived(room: Room) -> None:
    for child in (room.world.lockd, room.world.bus):
        child.kill()
        await room.until(lambda: not room.story.scene.here)
        with pytest.raises(NotRunning):
            await room.link.act("Lock", "Home")
        await child.wait()
        await room.world.revive()
        await room.until(lambda: room.story.scene.here)
    assert room.log.count("lockd answers again") == 2

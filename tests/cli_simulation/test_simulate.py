"""`lockctl simulate`: what it starts it ends, and it trusts no folder of anybody else."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from lockd.cli import simulate
from lockd.cli.exits import Usage
from lockd.cli.simulation import world as worlds
from lockd.cli.simulation.child import Child, NotServing
from lockd.cli.simulation.place import Place, simulation_folder
from lockd.cli.simulation.world import World, running
from lockd.dbus.client import Client
from lockd.errors import Failure
from lockd.settings import simulation

READY = """
import os, signal, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b"STATUS=soon", os.environ["NOTIFY_SOCKET"])
s.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
signal.pause()
"""

#: Starts a child that says a word into a pipe and holds it open.
PARENT = """
import asyncio, sys
from pathlib import Path
from lockd.cli.simulation.child import Child

async def main():
    child = Child("holder", ("sh", "-c", f"echo here >/proc/self/fd/{sys.argv[1]}; exec sleep 600"), Path(sys.argv[2]))
    await child.start(pass_fds=(int(sys.argv[1]),))
    await child.wait()

asyncio.run(main())
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "place")
    assert made.take()
    return made


def lockd_is(world: World, program: str) -> None:
    """Put another program in lockd's place."""
    environment = {"NOTIFY_SOCKET": str(world.place.folder / "notify")}
    world.lockd = Child("lockd", (sys.executable, "-c", program), world.place.folder / "lockd.log", environment)


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert simulation_folder() == Path("/run/user/7/lockd-simulation")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert simulation_folder() == Path(f"/tmp/lockd-simulation-{os.getuid()}")


def test_it_is_private(tmp_path: Path) -> None:
    Place(tmp_path / "place")
    assert stat.S_IMODE((tmp_path / "place").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "place").mkdir()
    (tmp_path / "place").chmod(mode)
    with pytest.raises(Failure, match="belongs to you alone"):
        Place(tmp_path / "place")


def test_a_link_to_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "place").symlink_to(tmp_path / "real")
    with pytest.raises(Failure, match="belongs to you alone"):
        Place(tmp_path / "place")


def test_a_runtime_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="XDG_RUNTIME_DIR"):
        Place(tmp_path / "absent" / "place")


def test_one_runs_it_and_the_next_one_after_that(tmp_path: Path) -> None:
    first, second = Place(tmp_path / "place"), Place(tmp_path / "place")
    assert first.take()
    assert not second.take()
    first.release()
    assert second.take()
    second.release()


def test_the_address_is_announced_and_taken_back(place: Place) -> None:
    place.announce()
    assert (place.folder / "bus").read_text().strip() == place.address
    place.release()
    assert not (place.folder / "bus").exists()


def test_leftovers_of_a_killed_one_are_cleared(tmp_path: Path) -> None:
    before = Place(tmp_path / "place")
    before.announce()
    after = Place(tmp_path / "place")
    assert after.take()
    assert not (tmp_path / "place" / "bus").exists()
    after.release()


async def test_a_world_serves_a_real_bus_and_ends_it(place: Place) -> None:
    world = World(place, None)
    lockd_is(world, READY)
    try:
        await world.start_bus()
        await world.start_lockd()
        async with Client.connect(place.address):
            pass
        assert not world.lockd.ended
    finally:
        await world.end()
    assert world.lockd.ended
    assert world.bus.ended
    place.release()
    assert not place.socket.exists()


async def test_what_was_killed_is_revived(place: Place) -> None:
    world = World(place, None)
    lockd_is(world, READY)
    try:
        await world.revive()
        for child in (world.lockd, world.bus):
            child.kill()
            assert await child.wait() < 0
            await world.revive()
            assert not child.ended
        async with Client.connect(place.address):
            pass
    finally:
        await world.end()


async def test_hands_move_the_door_while_its_power_is_cut(place: Place, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    world = World(place, tmp_path / "state")
    lockd_is(world, READY)
    try:
        await world.start_lockd()
        world.cut()
        await world.touch({"bolt": 1.0, "plug": "EmergencyUsb"})
        assert world.lockd.ended
        kept = json.loads((tmp_path / "state" / "door.json").read_text())
        assert (kept["bolt"], kept["plug"], kept["percent"]) == (1.0, "EmergencyUsb", 100.0)
        with pytest.raises(Failure, match="could not be moved"):
            await world.touch({"no such thing": 1})
    finally:
        await world.end()


def test_the_state_is_where_lockd_itself_would_keep_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from lockd.__main__ import _folders

    for home in ("/home/own", None):
        if home:
            monkeypatch.setenv("XDG_STATE_HOME", home)
        else:
            monkeypatch.delenv("XDG_STATE_HOME")
        assert worlds.own_state() == _folders({}, simulate=True)[0]


async def test_a_lockd_that_fails_is_told_with_its_last_words(place: Place) -> None:
    world = World(place, None)
    lockd_is(world, "raise SystemExit('no key for the store')")
    try:
        with pytest.raises(NotServing, match="lockd ended with status 1") as caught:
            await world.start_lockd()
        assert "no key for the store" in caught.value.said
        assert "no key" not in str(caught.value), "one line only"
    finally:
        await world.end()


async def test_a_lockd_that_never_gets_ready_is_not_waited_for_for_ever(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worlds, "START_S", 0.2)
    world = World(place, None)
    lockd_is(world, "import signal; signal.pause()")
    try:
        with pytest.raises(NotServing, match="not ready within"):
            await world.start_lockd()
    finally:
        await world.end()


async def test_a_missing_dbus_daemon_is_one_clear_line(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(place.folder))
    with pytest.raises(Failure, match="dbus-daemon is not installed"):
        async with running(place, None):
            pass


async def test_a_lockd_that_does_not_listen_is_killed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lockd.cli.simulation.child.PATIENCE_S", 0.1)
    world = World(place, None)
    lockd_is(world, "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + READY)
    try:
        await world.start_lockd()
    finally:
        await world.end()
    assert await world.lockd.wait() == -signal.SIGKILL


async def test_a_killed_simulation_takes_its_children_along(tmp_path: Path) -> None:
    """The pipe ends when the last who holds it is gone."""
    reading, writing = os.pipe()
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(writing), str(tmp_path / "log"), pass_fds=(writing,)
    )
    os.close(writing)
    said = asyncio.StreamReader()
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(said), os.fdopen(reading, "rb")
    )
    async with asyncio.timeout(10):
        assert await said.readline() == b"here\n"
        parent.kill()
        await parent.wait()
        assert await said.read() == b""
    pipe.close()


@pytest.mark.parametrize("given", [{"fresh": True}, {"tour": True}])
def test_a_state_folder_is_neither_thrown_away_nor_toured(given: dict[str, bool], tmp_path: Path) -> None:
    args = {"tour": False, "fresh": False, "keep": False, "json": False, "state_dir": tmp_path} | given
    with pytest.raises(Usage):
        simulate.run(Namespace(**args))


def test_a_missing_textual_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "_is_watched", lambda: True)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Failure, match="needs textual"):
        simulate.run(Namespace(tour=False, fresh=False, keep=False, json=False, state_dir=None))


def test_a_second_terminal_is_told_a_lockctl_that_it_can_run(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(sys, "argv", [".venv/bin/lockctl", "simulate"])
    lines = simulate._second_terminal(place).splitlines()
    assert lines[0].startswith("  .venv/bin/lockctl ")
    assert lines[0].endswith(" status")


def test_a_jam_is_told_before_anybody_thinks_that_the_simulation_hangs() -> None:
    bolt = simulation().bolt
    assert (1 + bolt.retries) * bolt.travel_s <= 4

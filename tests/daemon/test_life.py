"""Beginning and ending: exit statuses, one lockd at a time, what others may see of it."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from lockd.dbus.bus import LAST_RETRY_S
from lockd.dbus.client import Client
from lockd.errors import LockdError
from tests.daemon.process import LOCK, PATIENCE_S, SIMULATOR, Lockd, enrol, heard, on_the_bus, press, trail, until
from tests.fakes.bus import PrivateBus

PIN = "135790"
#: As on a Pi; this machine has no such chip.
REAL = "[bolt]\nforward = 17\nbackward = 27\nlocked = 5\nunlocked = 6\n[gpio]\nchip = 15\n"
#: A modelled door, as a settings file may ask for it.
MOCK = '[gpio]\nbackend = "mock"\n[bolt]\nforward = 17\nbackward = 27\nlocked = 22\n'
NAME = "Ottilie"


async def test_ready_comes_once_and_a_pin_works_from_there(lockd: Lockd) -> None:
    lockd.start()
    async with on_the_bus(lockd) as caller:
        await enrol(caller, PIN)
    assert lockd.end() == 0
    lockd.start()
    async with on_the_bus(lockd) as caller, caller.signals() as news, asyncio.timeout(PATIENCE_S):
        await press(caller, PIN + "#")
        await heard(news, "LockOperation", phase="done", user=1)
    assert lockd.end() == 0
    assert [note.splitlines()[0] for note in lockd.notes if "READY" in note or "STOPPING" in note] == [
        "READY=1", "STOPPING=1",
    ]  # fmt: skip
    assert lockd.notes[0] == "READY=1\nSTATUS=a PIN works"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_as_asked_with_status_0_and_without_a_word_of_trouble(lockd: Lockd, number: signal.Signals) -> None:
    lockd.start()
    lockd.wait_until("is ours on the bus")
    lockd.send(number)
    assert lockd.wait() == 0
    assert not [line for line in lockd.log.splitlines() if " INFO " not in line]


def test_signals_that_come_before_ready_are_obeyed_at_ready(lockd: Lockd) -> None:
    """A start in which all of them come as early as can be: none ends lockd, or is lost."""
    (lockd.place / "early.py").write_text("""
import os, signal, sys
from lockd.__main__ import main
from lockd.daemon import app
begin = app.Hardware.__init__
def interrupted(self, *args):
    begin(self, *args)
    for number in (signal.SIGHUP, signal.SIGTERM):
        os.kill(os.getpid(), number)
app.Hardware.__init__ = interrupted
sys.exit(main())
""")
    lockd.module = "early"
    lockd.launch(PYTHONPATH=str(lockd.place))
    assert lockd.wait() == 0
    assert "the configuration was read again" in lockd.log
    assert lockd.notes[0] == "READY=1\nSTATUS=a PIN works"


async def test_ended_in_mid_throw_it_leaves_the_bolt_where_it_is(lockd: Lockd, caller: Client) -> None:
    await caller.call(LOCK, "UnlockDoor", {"wait": False})
    await until(lambda: lockd.bolt > 0.2)
    assert lockd.end() == 0
    bolt = lockd.bolt
    assert 0.2 < bolt < 1.0
    lockd.start()
    async with on_the_bus(lockd) as again:
        granted, closed = (event for event in await trail(again) if "phase" in event)
        assert (closed["kind"], closed["phase"]) == ("LockOperationError", "interrupted")
        assert closed["grant"] == granted["seq"]
        assert await again.get(SIMULATOR, "Bolt") == bolt
        assert await again.get(LOCK, "LockState") == "NotFullyLocked"


async def test_a_grant_cut_off_by_a_crash_is_closed_once_at_the_next_start(lockd: Lockd, caller: Client) -> None:
    await caller.call(LOCK, "UnlockDoor", {"wait": False})
    lockd.kill()
    for _ in range(2):
        lockd.start()
        async with on_the_bus(lockd) as again:
            events = await trail(again)
            (granted,) = (event for event in events if event.get("phase") == "granted")
            (closed,) = (event for event in events if event.get("phase") == "interrupted")
            assert closed["grant"] == granted["seq"]
            assert closed["source"] == "Remote"
            assert not await again.get(SIMULATOR, "MotorOn")
            assert await again.get(SIMULATOR, "Bolt") < 1.0
        lockd.kill()


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--frob"], 64, "unknown argument '--frob'; see lockd --help"),
        (["--bus"], 64, "--bus needs a value"),
        (["--state-dir", "/tmp", "--state-dir", "/"], 64, "--state-dir is given twice"),
        (["--simulate=no"], 64, "unknown argument"),
        (["--simulate", "--config", "/nowhere/lockd.toml"], 78, "/nowhere/lockd.toml"),
        (["--simulate", "--config", "wrong.toml"], 78, "[lock] wrong_code_limit = 0: out of range"),
        (["--simulate", "--config", "broken.toml"], 78, "broken.toml"),
        (["--config", "real.toml"], 1, "gpio."),
    ],
    ids=lambda each: str(each)[:40],
)
def test_a_start_that_cannot_be_says_why_in_words(
    lockd: Lockd, arguments: list[str], status: int, words: str
) -> None:
    (lockd.place / "wrong.toml").write_text("[lock]\nwrong_code_limit = 0\nfrob = 1\n[bolt]\nfrob = 2\n")
    (lockd.place / "broken.toml").write_text("[lock\n")
    (lockd.place / "real.toml").write_text(REAL)
    lockd.arguments = [str(lockd.place / each) if each.endswith(".toml") else each for each in arguments]
    lockd.launch()
    assert lockd.wait() == status
    assert words in lockd.log
    assert "Traceback" not in lockd.log
    assert all(line.startswith("lockd: ") for line in lockd.log.splitlines())
    assert lockd.notes == []


def test_every_fault_of_the_configuration_is_named_at_once(lockd: Lockd) -> None:
    lockd.config.write_text("[lock]\nwrong_code_limit = 0\nfrob = 1\n[bolt]\nretries = 'x'\n")
    lockd.launch()
    assert lockd.wait() == 78
    lines = lockd.log.splitlines()
    assert len(lines) == 3
    for word in ("wrong_code_limit", "frob", "retries"):
        assert sum(word in line for line in lines) == 1


async def test_without_a_store_nothing_is_opened_by_a_code_but_the_inside_still_gets_out(lockd: Lockd) -> None:
    lockd.state.touch()  # a file where the folder should be
    lockd.start()
    assert lockd.notes[0].startswith("READY=1\nSTATUS=degraded: store: ")
    async with on_the_bus(lockd) as caller, caller.signals() as news, asyncio.timeout(PATIENCE_S):
        with pytest.raises(LockdError):
            await caller.call(LOCK, "UnlockDoor", {"pin": PIN})
        with pytest.raises(LockdError):
            await caller.call("org.lockd1.Users", "SetUser", "Add", 1, {})
        assert await caller.get(SIMULATOR, "Bolt") == 0.0
        await caller.call(SIMULATOR, "PressInside")
        await heard(news, "LockOperation", phase="done", source="Button")
        assert await caller.get(LOCK, "LockState") == "Unlocked"
    assert lockd.log.count("the store cannot be opened") == 1
    assert lockd.end() == 0
    assert "Traceback" not in lockd.log


def test_a_second_lockd_on_the_same_store_ends_and_leaves_it_alone(lockd: Lockd) -> None:
    lockd.start()
    with Lockd(lockd.bus) as second:
        second.arguments = list(lockd.arguments)
        second.launch()
        assert second.wait() == 1
        assert "another lockd" in second.log
        assert "Traceback" not in second.log
    assert lockd.end() == 0


async def test_without_a_bus_it_is_ready_and_comes_to_the_bus_when_there_is_one(
    lockd: Lockd, private_bus: PrivateBus
) -> None:
    assert LAST_RETRY_S < 5
    private_bus.kill()
    lockd.start()
    lockd.wait_until("no D-Bus")
    private_bus.start()
    async with asyncio.timeout(5), on_the_bus(lockd) as caller:
        assert await caller.get(LOCK, "LockState") == "Locked"
    assert lockd.log.count("no D-Bus") == 1


async def test_nobody_sees_a_secret_or_a_name(lockd: Lockd, caller: Client) -> None:
    await caller.call("org.lockd1.Users", "SetUser", "Add", 1, {"name": NAME})
    await caller.call("org.lockd1.Users", "SetCredential", "Add", "PIN", 1, PIN.encode(), 1, {})
    async with caller.signals() as news, asyncio.timeout(PATIENCE_S):
        await press(caller, PIN + "#")
        await heard(news, "LockOperation", phase="done")
    await caller.call(LOCK, "LockDoor", {"pin": PIN})
    process = Path(f"/proc/{lockd.pid}")
    visible = [lockd.log.encode(), *((process / name).read_bytes() for name in ("cmdline", "environ", "comm"))]
    kept = [file.read_bytes() for file in lockd.state.iterdir()]
    for secret in (PIN.encode(), NAME.encode()):
        assert not any(secret in content for content in (*visible, *kept))
    assert all(file.stat().st_mode & 0o077 == 0 for file in lockd.state.iterdir() if file.name != "door.json")


async def test_the_modelled_door_moves_without_being_shown(private_bus: PrivateBus) -> None:
    """The mock backend in a settings file, and no --simulate: nobody is told of the model, and all else works."""
    with Lockd(private_bus.address, MOCK) as lockd:
        lockd.arguments.remove("--simulate")
        lockd.start()
        async with on_the_bus(lockd) as caller:
            await caller.call(LOCK, "UnlockDoor", {})
            assert await caller.get(LOCK, "LockState") == "Unlocked"
            with pytest.raises(LockdError):
                await caller.get(SIMULATOR, "Bolt")
        assert lockd.end() == 0

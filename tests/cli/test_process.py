"""lockctl as a process, on a real bus, at a real terminal."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from lockd import errors
from lockd.cli import connect
from lockd.dbus import names
from lockd.dbus.bus import Bus
from tests.dbus.conftest import running
from tests.dbus.fakes import FakeDesk
from tests.fakes.bus import PrivateBus, private_bus

__all__ = ["private_bus"]

PATIENCE_S = 20.0


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
async def lockd(private_bus: PrivateBus, desk: FakeDesk) -> AsyncIterator[Bus]:
    async with running(Bus(private_bus.address, desk, "same-user", simulator=True)) as bus, asyncio.timeout(PATIENCE_S):
        await bus.owned()
        yield bus


async def start(*arguments: str, bus: str = "", stdin: Any = PIPE, **environment: str) -> Process:
    """`bus`: in LOCKD_BUS."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "lockd.cli.main", *arguments, stdin=stdin, stdout=PIPE, stderr=PIPE,
        env={**os.environ, "LOCKD_BUS": bus, **environment}, start_new_session=True,
    )  # fmt: skip


async def run(*arguments: str, given: str = "", **how: Any) -> tuple[int, str, str]:
    async with asyncio.timeout(PATIENCE_S):
        process = await start(*arguments, **how)
        out, err = await process.communicate(given.encode())
        return await process.wait(), out.decode(), err.decode()


async def test_it_reads_a_lock_over_d_bus(private_bus: PrivateBus, lockd: Bus) -> None:
    status, out, err = await run("status", "--json", bus=private_bus.address)
    assert (status, err) == (0, "")
    assert json.loads(out)["LockState"] == "Locked"
    assert json.loads(out)["Degraded"] == ["a lamp is broken"]


async def test_a_piped_pin_reaches_the_lock(private_bus: PrivateBus, lockd: Bus, desk: FakeDesk) -> None:
    status, _, err = await run("unlock", "--pin-stdin", "--for", "20", given="123456\n", bus=private_bus.address)
    assert (status, err) == (0, "")
    assert desk.calls[0][:2] == ("operate", "Unlock")
    assert desk.calls[0][3:] == ("123456", True, 20)


async def test_refusals_keep_their_class_over_d_bus(private_bus: PrivateBus, lockd: Bus, desk: FakeDesk) -> None:
    desk.error = errors.LockedOut("Too many wrong codes (locked-out): try again in 84 s.", "locked-out")
    status, out, err = await run("lock", bus=private_bus.address)
    assert (status, out) == (7, "")
    assert err == "lockctl: Too many wrong codes (locked-out): try again in 84 s.\n"


async def test_an_answer_that_makes_no_sense_is_told_in_one_line(
    private_bus: PrivateBus, lockd: Bus, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "list_users", lambda: [{"name": "nobody's index"}])
    status, out, err = await run("user", "list", bus=private_bus.address)
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    assert "same version" in err


async def test_nothing_there_says_how_to_start_one(private_bus: PrivateBus) -> None:
    status, _, err = await run("status", bus=private_bus.address)
    assert status == 69
    assert "systemctl start lockd" in err
    assert "lockctl simulate" in err


async def test_no_bus_at_all_is_the_same(tmp_path: Path) -> None:
    status, _, err = await run(
        "status", DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={tmp_path}/none", XDG_RUNTIME_DIR=str(tmp_path)
    )
    assert status == 69
    assert err.count("\n") == 1
    assert "lockctl simulate" in err


async def test_a_missing_socket_says_why_in_words(tmp_path: Path) -> None:
    _, _, err = await run("status", "--bus", f"unix:path={tmp_path}/none")
    assert "No such file or directory" in err
    assert "Errno" not in err


async def test_a_simulation_is_found_without_being_named(private_bus: PrivateBus, lockd: Bus, tmp_path: Path) -> None:
    (tmp_path / "lockd-simulation").mkdir()
    (tmp_path / "lockd-simulation" / "bus").write_text(private_bus.address + "\n")
    status, out, _ = await run(
        "mode", DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={tmp_path}/none", XDG_RUNTIME_DIR=str(tmp_path)
    )
    assert (status, out) == (0, "Locked\n")


def test_the_word_of_another_user_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lockd-simulation").mkdir()
    (tmp_path / "lockd-simulation" / "bus").write_text("unix:path=/evil")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert connect.simulation_address() == "unix:path=/evil"
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    assert connect.simulation_address() == ""


async def test_the_system_bus_goes_before_a_simulation(private_bus: PrivateBus, lockd: Bus, tmp_path: Path) -> None:
    (tmp_path / "lockd-simulation").mkdir()
    (tmp_path / "lockd-simulation" / "bus").write_text(f"unix:path={tmp_path}/none")
    status, _, _ = await run("mode", DBUS_SYSTEM_BUS_ADDRESS=private_bus.address, XDG_RUNTIME_DIR=str(tmp_path))
    assert status == 0


async def test_watching_ends_quietly_with_ctrl_c(private_bus: PrivateBus, lockd: Bus) -> None:
    process = await start("status", "--watch", bus=private_bus.address)
    assert process.stdout
    assert await process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert (process.returncode, err) == (130, b"")


async def test_watching_ends_quietly_when_nobody_reads(
    private_bus: PrivateBus, lockd: Bus, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = await start("status", "--watch", "--json", bus=private_bus.address)
    assert process.stdout
    assert process.stderr
    await process.stdout.readline()
    process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]
    before = desk.get_property
    monkeypatch.setattr(desk, "get_property", lambda of, name: [] if name == "Degraded" else before(of, name))
    lockd.properties_changed(names.LOCK.name, {"LockState": "Unlocked"})
    assert await process.stderr.read() == b""
    assert await process.wait() == 0


async def test_watching_tells_that_lockd_went_and_came(private_bus: PrivateBus, desk: FakeDesk) -> None:
    bus = Bus(private_bus.address, desk, "same-user", simulator=True)
    async with asyncio.timeout(PATIENCE_S):
        async with running(bus):
            await bus.owned()
            process = await start("status", "--watch", bus=private_bus.address)
            assert process.stdout
            assert b" Locked" in await process.stdout.readline()
        assert b"lockd is not running" in await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        await process.communicate()


async def test_ctrl_c_at_the_pin_question_ends_at_once(private_bus: PrivateBus, lockd: Bus, desk: FakeDesk) -> None:
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        "setsid", "--ctty", "--wait", sys.executable, "-m", "lockd.cli.main", "unlock", "--pin",
        stdin=theirs, stdout=PIPE, stderr=PIPE, env={**os.environ, "LOCKD_BUS": private_bus.address},
    )  # fmt: skip
    os.close(theirs)
    assert process.stderr
    assert await process.stderr.readuntil(b": ") == b"PIN: "
    os.write(ours, b"\x03")
    out, err = await process.communicate()
    os.close(ours)
    assert (process.returncode, out, err.strip()) == (130, b"", b"")
    assert desk.calls == []


async def test_a_pin_typed_at_a_terminal_is_not_echoed(private_bus: PrivateBus, lockd: Bus, desk: FakeDesk) -> None:
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        "setsid", "--ctty", "--wait", sys.executable, "-m", "lockd.cli.main", "pin", "set", "Anna",
        stdin=theirs, stdout=PIPE, stderr=PIPE, env={**os.environ, "LOCKD_BUS": private_bus.address},
    )  # fmt: skip
    os.close(theirs)
    assert process.stderr
    for question in (b"New PIN for Anna (user 1): ", b"The same again: "):
        assert (await process.stderr.readuntil(b": ")).lstrip().endswith(question)
        os.write(ours, b"135790\n")
    out, err = await process.communicate()
    os.set_blocking(ours, False)
    try:
        seen = os.read(ours, 4096)
    except OSError:
        seen = b""
    os.close(ours)
    assert process.returncode == 0
    assert out == b"PIN 1 of Anna (user 1) changed.\n"
    assert b"135790" not in seen + out + err
    assert desk.calls[-1][:6] == ("set_credential", "Modify", "PIN", 1, b"135790", 1)

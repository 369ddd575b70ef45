"""Backup and restore on the private bus: lockctl, a lockd that runs, and files that somebody has had in hand."""

from __future__ import annotations

import asyncio
import io
import json
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lockd.cli.main import main
from lockd.core.lockout import HELD_RECORDED
from lockd.dbus.client import Client
from lockd.errors import Busy, DisabledUserDenied, InsufficientBattery, InvalidCredential, InvalidField, LockdError
from lockd.passphrase import derive, new_header
from lockd.store.faults import StoreError
from tests.daemon.inside import Inside, inside
from tests.daemon.process import LOCK, LOG, MANAGER, USERS, Lockd, enrol, on_the_bus, until
from tests.fakes.bus import PrivateBus

CHEAP = (14, 8, 1)
WORDS = "correct horse battery"
ANNA, BERT, ONCE = "135790", "246801", "975310"
#: The key that `backup_of` uses, and its header.
HEADER = new_header(CHEAP)
KEY = derive(HEADER, WORDS)

Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def ctl(lockd: Lockd, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command; its exit status and its document."""
    lockd.start()
    lockd.wait_until("is ours on the bus")
    monkeypatch.setattr("lockd.cli.backup.new_header", lambda: new_header(CHEAP))

    def run(*words: str, stdin: str = WORDS + "\n") -> tuple[int, Any]:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        status = main(["--bus", lockd.bus, "--json", *words])
        return status, json.loads(capsys.readouterr().out)

    return run


@pytest.fixture(scope="module")
def shared() -> Iterator[Lockd]:
    """One for all tests that leave it as it was."""
    with PrivateBus() as bus, Lockd(bus.address) as lockd:
        yield lockd.start()


@pytest.fixture
async def still(shared: Lockd) -> AsyncIterator[Client]:
    """A caller of it, where Anna lives."""
    async with on_the_bus(shared) as client:
        if not await client.call(USERS, "ListUsers"):
            await enrol(client, ANNA)
        yield client


async def talk(caller: Client, method: str, sent: bytes, word: bytes = b"") -> bytes:
    """One call with a pair of sockets; what came out of the other end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        loop = asyncio.get_running_loop()
        calling = asyncio.create_task(caller.call(MANAGER, method, theirs.fileno()))
        await loop.sock_sendall(ours, sent + word)
        ours.shutdown(socket.SHUT_WR)
        try:
            await calling
        finally:
            theirs.close()
        answer = b""
        while part := await loop.sock_recv(ours, 1 << 16):
            answer += part
    assert int.from_bytes(answer[:4]) == len(answer) - 4
    return answer[4:]


async def backup_of(caller: Client) -> bytes:
    return await talk(caller, "Backup", HEADER + KEY)


async def restored(caller: Client, data: bytes, word: bytes = b"", key: bytes = KEY) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(await talk(caller, "Restore", key + len(data).to_bytes(4) + data, word))
    return report


async def since(caller: Client, seq: int) -> set[str]:
    """What was recorded after this number."""
    return {event.get("detail", event["kind"]) for event in await caller.call(LOG, "Read", seq + 1, 100)}


async def opens(caller: Client, pin: str) -> bool:
    """Whether the PIN opens."""
    try:
        await caller.call(LOCK, "UnlockDoor", {"pin": pin})
    except (InvalidCredential, DisabledUserDenied):
        return False
    return True


def test_a_lock_goes_to_another_card_by_two_commands(ctl: Run, lockd: Lockd, tmp_path: Path) -> None:
    file = tmp_path / "lock.backup"
    assert ctl("user", "add", "Anna", "--pin-stdin", stdin=ANNA + "\n")[0] == 0
    status, done = ctl("backup", str(file), "--stdin")
    assert (status, done) == (0, {"ok": True, "file": str(file), "bytes": file.stat().st_size})
    assert file.stat().st_mode & 0o777 == 0o600
    assert ANNA.encode() not in file.read_bytes()
    assert [each.name for each in tmp_path.iterdir()] == ["lock.backup"]
    assert ctl("backup", str(file), "--stdin")[0] == 5  # it is there already
    lockd.end()
    for name in ("lockd.db", "lockd.keys", "anchor"):
        (lockd.state / name).unlink()
    lockd.start()
    while lockd.log.count("is ours on the bus") < 2:
        lockd.wait_until("ready")
    assert ctl("user", "list")[1] == []
    status, report = ctl("restore", str(file), "--check", "--stdin")
    assert (status, report["restored"], report["users"], report["goes_on"]) == (0, False, 1, False)
    assert ctl("user", "list")[1] == []
    assert ctl("restore", str(file), "--stdin")[0] == 64  # nobody said the word
    status, report = ctl("restore", str(file), "--stdin", "--yes", "restore")
    assert (status, report["restored"]) == (0, True)
    assert [user["name"] for user in ctl("user", "list")[1]] == ["Anna"]
    assert ctl("unlock", "--pin-stdin", stdin=ANNA + "\n")[0] == 0
    details = [event.get("detail") for event in ctl("log", "--all")[1]]
    assert details.count("restored") == 1


def test_what_lockctl_is_given_is_looked_at_first(ctl: Run, tmp_path: Path) -> None:
    """And nothing is left lying about."""
    file = tmp_path / "lock.backup"
    assert ctl("backup", str(tmp_path / "nowhere" / "lock.backup"), "--stdin")[0] == 1
    assert ctl("backup", str(file), "--stdin", stdin="short\n")[0] == 64
    assert ctl("restore", str(file), "--stdin")[0] == 4
    file.write_bytes(b"something else")
    assert ctl("restore", str(file), "--stdin")[0] == 65
    assert ctl("backup", str(file), "--stdin", "--force")[0] == 0
    assert ctl("restore", str(file), "--stdin", "--check", stdin="another passphrase\n")[0] == 3
    assert [each.name for each in tmp_path.iterdir()] == ["lock.backup"]


async def test_the_pins_of_the_backup_open_and_those_from_after_do_not(lockd: Lockd, caller: Client) -> None:
    await enrol(caller, ANNA)
    await caller.call(USERS, "SetCredential", "Add", "PIN", 9, ONCE.encode(), 1, {"uses": 2})
    data = await backup_of(caller)
    assert await opens(caller, ONCE)
    await enrol(caller, BERT, 2)
    report = await restored(caller, data, b"restore")
    assert (report["goes_on"], report["gone"], report["disabled"], report["used_up"]) == (True, ["user 2"], [], [])
    lockd.wait_for_note("READY=1")
    async with on_the_bus(lockd) as again:
        assert [await opens(again, pin) for pin in (ANNA, BERT, ONCE, ONCE)] == [True, False, True, False]
        assert (await again.call(LOG, "Verify"))["ok"]
        assert await again.get(MANAGER, "Degraded") == []
        (told,) = [e for e in await again.call(LOG, "Read", 1, 100) if e.get("detail") == "restored"]
        assert told["by"].startswith(f"uid {os.getuid()}")
        assert f"record {report['record']}" in told["value"]


async def test_without_the_word_and_with_a_wrong_one_nothing_is_done(still: Client) -> None:
    await enrol(still, BERT, 2)
    data = await backup_of(still)
    await still.call(USERS, "ClearUser", 2)
    before = await still.get(LOG, "LastSequence")
    assert (await restored(still, data))["disabled"] == ["user 2"]
    with pytest.raises(InvalidField, match="word"):
        await restored(still, data, b"restorE")
    assert [user["index"] for user in await still.call(USERS, "ListUsers")] == [1]
    assert await since(still, before) <= {"restore-refused"}


async def test_no_file_that_somebody_had_in_hand_is_taken(still: Client) -> None:
    data = await backup_of(still)
    before = await still.get(LOG, "LastSequence")
    spoiled = bytearray(data)
    spoiled[-1] ^= 1
    for bad, key, kind in (
        (bytes(spoiled), KEY, InvalidCredential), (data[:-1], KEY, InvalidCredential), (data + b"x", KEY, LockdError),
        (data, bytes(32), InvalidCredential), (b"", KEY, InvalidField), (b"lockd backup 2\n" + data, KEY, InvalidField),
    ):  # fmt: skip
        with pytest.raises(kind):
            await restored(still, bad, b"restore", key)
    with pytest.raises(InvalidField, match="expected"):
        await talk(still, "Restore", KEY + b"\0\0\xff\xff" + data)
    with pytest.raises(InvalidField, match="MiB"):
        await talk(still, "Restore", KEY + b"\xff" * 4)
    assert await since(still, before) <= {"restore-refused"}
    assert await opens(still, ANNA)


async def test_one_at_a_time_and_a_caller_who_is_silent_stops_no_pin(still: Client) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        silent = asyncio.create_task(still.call(MANAGER, "Backup", theirs.fileno()))
        await still.get(LOG, "LastSequence")  # by then lockd has taken the first one
        with pytest.raises(Busy):
            await restored(still, b"")
        assert await opens(still, ANNA)
        ours.shutdown(socket.SHUT_RDWR)
        with pytest.raises(InvalidField, match="expected"):
            await silent
    assert await backup_of(still)


async def test_anything_but_a_socket_is_refused(still: Client, tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        for method in ("Backup", "Restore"):
            with pytest.raises(InvalidField, match="socket"):
                await still.call(MANAGER, method, file.fileno())


async def test_every_file_descriptor_is_closed_again(shared: Lockd, still: Client) -> None:
    def held() -> int:
        return len(os.listdir(f"/proc/{shared.pid}/fd"))

    data = await backup_of(still)
    await restored(still, data)
    before = held()
    for _ in range(3):
        await backup_of(still)
        await restored(still, data)
        with pytest.raises(InvalidField):
            await restored(still, b"nothing")
    assert held() == before


async def test_lockd_begins_anew_as_the_same_process(lockd: Lockd, caller: Client) -> None:
    """Whoever started it need not know, and the bolt stays where it is."""
    await caller.call(LOCK, "UnlockDoor")
    pid = lockd.pid
    async with caller.signals() as news:
        await restored(caller, await backup_of(caller), b"restore")
        lockd.wait_for_note("READY=1")
        async for signal in news:
            if signal.name == "Back":
                break
    assert any(note.startswith("RELOADING=1") for note in lockd.notes)
    assert not any("STOPPING" in note for note in lockd.notes)
    async with on_the_bus(lockd) as again:
        assert await again.get(LOCK, "LockState") == "Unlocked"
    assert lockd.pid == pid
    assert lockd.end() == 0


class Handed:
    """A caller inside the daemon's own process."""

    def __init__(self, lock: Inside) -> None:
        self._desk = lock.daemon.desk

    async def call(self, _interface: str, method: str, handle: int) -> None:
        await (self._desk.backup if method == "Backup" else self._desk.restore)(handle, "test")


async def test_a_restore_that_the_disk_refuses_changes_nothing_and_who_came_meanwhile_comes_in(tmp_path: Path) -> None:
    async with inside(tmp_path / "state") as lock:
        caller: Any = Handed(lock)
        await lock.enrol(ANNA)
        data = await backup_of(caller)
        await lock.enrol(BERT, 2)
        asking: list[asyncio.Task[None]] = []
        loop = asyncio.get_running_loop()

        def fail() -> None:
            """In the writer's thread, when somebody has just asked to come in."""
            lock.before_commit = lambda: None
            loop.call_soon_threadsafe(lambda: asking.append(loop.create_task(lock.ask("Unlock", BERT))))
            raise StoreError("the disk is full")

        lock.before_commit = fail
        with pytest.raises(StoreError, match="disk is full"):
            await restored(caller, data, b"restore")
        await asking[0]
        assert [user["index"] for user in lock.daemon.desk.list_users()] == [1, 2]


async def test_nobody_comes_in_while_it_could_not_be_recorded(tmp_path: Path) -> None:
    async with inside(tmp_path / "state") as lock:
        await lock.enrol(ANNA)
        lock.daemon.pump.hold(True)
        asking = asyncio.create_task(lock.ask("Unlock", ANNA))
        await lock.enrol(BERT, 2)  # which takes longer
        assert not asking.done()
        assert ("motor", True) not in lock.events
        lock.daemon.pump.hold(False)
        await asking


async def test_who_was_refused_and_why_is_recorded_and_many_times_as_a_count(tmp_path: Path) -> None:
    async with inside(tmp_path / "state") as lock:
        caller: Any = Handed(lock)
        data = await backup_of(caller)
        with pytest.raises(InvalidCredential):
            await restored(caller, data, key=bytes(32))
        for _ in range(HELD_RECORDED + 1):
            with pytest.raises(InvalidField):
                await restored(caller, b"nothing")
        told = [event for event in await lock.daemon.desk.read_log(1, 100) if event.get("detail") == "restore-refused"]
        assert len(told) == HELD_RECORDED
        assert told[0]["by"] == "test"
        assert told[0]["value"].startswith("The backup does not open: either this is not its passphrase")
        assert told[1]["value"] == "This is no backup that can be read: it does not begin like one."


async def test_while_the_bolt_moves_and_while_the_battery_is_critical_it_is_refused(tmp_path: Path) -> None:
    async with inside(tmp_path / "state") as lock:
        caller: Any = Handed(lock)
        data = await backup_of(caller)
        await lock.ask("Unlock", wait=False)
        with pytest.raises(Busy, match="moving"):
            await restored(caller, data, b"restore")
        await lock.until("Unlocked")
        lock.daemon.hardware.door.set_battery(5.0, 5.0)
        await until(lambda: lock.daemon.pump.lock.management_refusal is not None)
        for method in ("Backup", "Restore"):
            with pytest.raises(InsufficientBattery):
                await caller.call(MANAGER, method, 0)

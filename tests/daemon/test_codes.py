"""A code granted from afar, from the key file to the bolt: through the real process, and in this one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import time
from typing import Any

import pytest

from lockd.cli import keyfile
from lockd.codes import DIGITS, Window, code_of
from lockd.dbus.client import Client
from lockd.errors import InsufficientBattery
from tests.daemon.inside import Inside, inside
from tests.daemon.process import LOCK, PATIENCE_S, SIMULATOR, Lockd, heard, on_the_bus, press, trail, until

CODES = "org.lockd1.Codes"


async def keys(caller: Client) -> keyfile.Key:
    """What `lockctl code key` puts into its file."""
    key = bytes(await caller.call(CODES, "CreateKey"))
    values = await caller.get_all(CODES)
    labels = tuple(keyfile.label_of(row) for row in await caller.call(CODES, "ListLabels"))
    return keyfile.Key(values["Key"], key, values["Epoch"], labels)


def code(key: keyfile.Key, name: str, length: int = 0) -> str:
    """As it is made on another machine, for this hour."""
    label = next(label for label in key.labels if label.name == name)
    return code_of(key.key, Window(key.epoch, name, label.number, label.kind, int(time()) // 3600, length))


async def test_a_code_opens_once_even_after_a_kill_and_a_revoked_one_never(lockd: Lockd) -> None:
    lockd.start()
    async with on_the_bus(lockd) as caller, caller.signals() as news, asyncio.timeout(2 * PATIENCE_S):
        key = await keys(caller)
        once, visit = code(key, "once"), code(key, "visitor", 3)
        await press(caller, once + "#")
        opened = await heard(news, "LockOperation", phase="done")
        assert (opened["detail"], opened["label"]) == ("one-time-code", "once")
        await caller.call(LOCK, "LockDoor", {})
        await press(caller, once + "#")
        refused = await heard(news, "LockOperationError")
        assert (refused["error"], refused["detail"], refused["label"]) == ("DisabledUserDenied", "code-used", "once")
    lockd.kill()
    lockd.start()
    async with on_the_bus(lockd) as caller, caller.signals() as news, asyncio.timeout(2 * PATIENCE_S):
        await press(caller, once + "#")
        await heard(news, "LockOperationError", detail="code-used")
        await press(caller, visit + "#")
        await heard(news, "LockOperation", phase="done", label="visitor")
        (row,) = await caller.call(CODES, "ListOpen")
        assert (row["label"], row["length"]) == ("visitor", 3)
        await caller.call(LOCK, "LockDoor", {})
        await caller.call(CODES, "RevokeLabel", "visitor")
        await press(caller, visit + "#")
        assert "label" not in await heard(news, "LockOperationError", error="InvalidCredential")
        assert await caller.get(SIMULATOR, "Bolt") == 0.0
        events = await trail(caller)
    whole = str(events) + lockd.log
    assert not any(each in whole for each in (once, visit, key.key.hex()))
    assert not any(once.encode() in file.read_bytes() for file in lockd.state.iterdir() if file.is_file())


async def test_a_code_needs_the_time_and_an_owner_can_set_it(tmp_path: Path) -> None:
    async with inside(tmp_path) as lock:
        await lock.daemon.desk.new_codes_key("test")
        code, clock = _code_now(lock), lock.daemon.clock
        refusals = lock.daemon.pump.lock.guard.tries
        clock.forced, clock._automatic, clock._rtc = None, False, False
        assert clock.now().trust != "Trusted"
        lock.press(code + "#")
        await until(lambda: "Keypad" in refusals and bool(refusals["Keypad"].failures))
        assert lock.bolt == 0.0
        await lock.daemon.desk.set_time(int(time()), "test")
        lock.press(code + "#")
        await lock.until("Unlocked")
    told = [entry.fields for kind, entry in lock.events if kind == "durable"]  # until the last one, as it has ended
    assert [fields["detail"] for fields in told if "error" in fields] == ["clock-unset"]
    assert [fields["label"] for fields in told if fields.get("phase") == "done"] == ["once"]


async def test_every_entry_is_compared_with_every_code_at_the_price_of_a_pin(tmp_path: Path) -> None:
    """A right code, a wrong one and a PIN do the same work: one slow hash, and a comparison with each window."""
    async with inside(tmp_path) as lock:
        await lock.daemon.desk.new_codes_key("test")
        matcher, compared = lock.daemon.desk._matcher, []
        before = lock.daemon.pump.lock.code_windows

        def counted(at: Any) -> tuple[Window, ...]:
            compared.append(before(at))
            return compared[-1]

        lock.daemon.pump.lock.code_windows = counted  # type: ignore[method-assign]
        right = _code_now(lock)
        for typed in (right, "000000000", "135790", "1", ""):
            shown = matcher.presented("PIN", typed, b"digest")
            assert (shown.code, shown.window is not None) == (len(typed) == DIGITS, typed == right)
        assert {len(each) for each in compared} == {48}
        assert matcher.presented("PIN", right, b"").window is None


def _code_now(lock: Inside) -> str:
    key = lock.daemon.digests._digester
    assert key is not None
    (window,) = (w for w in lock.daemon.pump.lock.code_windows(lock.daemon.clock.now())
                 if w.kind == "once" and w.start == lock.daemon.clock.now().wall // 3_600_000_000)  # fmt: skip
    return code_of(key.issuing_key(lock.daemon.pump.lock.codes.serial), window)


async def test_a_pin_of_nine_digits_wins_over_the_code_that_it_equals(tmp_path: Path) -> None:
    async with inside(tmp_path) as lock:
        lock.daemon.settings = lock.daemon.desk.settings = lock.daemon.settings.but(
            lock=lock.daemon.settings.lock.but(pin_max=10))
        await lock.daemon.desk.new_codes_key("test")
        code = _code_now(lock)
        await lock.enrol(code)
        lock.press(code + "#")
        await lock.until("Unlocked")
        await until(lambda: lock.daemon.pump.lock.throws.motion == "Idle")
        assert lock.daemon.pump.lock.codes.uses == {}


async def test_after_a_reset_no_code_from_before_fits_though_epochs_and_numbers_begin_anew(tmp_path: Path) -> None:
    async with inside(tmp_path) as lock:
        desk, codes = lock.daemon.desk, lock.daemon.pump.lock.codes
        before = [await desk.new_codes_key("test"), (codes.epoch, dict(codes.labels)), codes.serial, _code_now(lock)]
        await desk.factory_reset("test")
        assert (codes.serial, codes.labels) == ("", {})
        after = [await desk.new_codes_key("test"), (codes.epoch, dict(codes.labels)), codes.serial, _code_now(lock)]
        assert before[1] == after[1]
        assert [one == other for one, other in zip(before, after, strict=True)] == [False, True, False, False]
        matcher = desk._matcher
        assert matcher.presented("PIN", str(before[3]), b"digest").window is None
        assert matcher.presented("PIN", str(after[3]), b"digest").window is not None


async def test_each_key_is_another_and_none_is_kept(tmp_path: Path) -> None:
    async with inside(tmp_path) as lock:
        made = [await lock.daemon.desk.new_codes_key("test") for _ in range(2)]
        assert made[0] != made[1]
        assert [len(key) for key in made] == [32, 32]
        door = lock.daemon.hardware.door
        door.set_battery(8.0, 4.5)
        await until(lambda: lock.daemon.desk.get_property("org.lockd1.Power", "BatteryLevel") == "Critical")
        with pytest.raises(InsufficientBattery):
            await lock.daemon.desk.new_codes_key("test")

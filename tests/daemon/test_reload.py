"""SIGHUP: a good file holds from then on; a faulty one changes nothing, and each fault is told once."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import pytest

from lockd.dbus.client import Client
from lockd.settings_schema import KEYS
from tests.daemon.process import LOCK, NIMBLE, PATIENCE_S, USERS, Lockd, changed, everything, trail

HUGE = 10**30
#: What may stand nowhere, as TOML writes it.
NOWHERE: dict[str, str] = {
    "of a wrong type": "{ what = 1979-05-27 }",
    "empty": '""',
    "too long": f'"{"x" * 300}"',
    "out of range": str(-HUGE),
    "absurd": f"[{', '.join(['[[[7]]]'] * 50)}]",
    "not a number": "nan",
}
#: The machine's own time zone.
MAY_BE_EMPTY = {"time.zone", "nfc.port", "hid.device", "fingerprint.port"}


def _file(values: dict[str, str]) -> str:
    """lockd.toml with these keys."""
    lines = []
    for section in dict.fromkeys(path.partition(".")[0] for path in values):
        lines.append(f"[{section}]")
        lines += [f"{path.partition('.')[2]} = {raw}" for path, raw in values.items() if path.startswith(f"{section}.")]
    return "\n".join(lines)


async def _reloaded(lockd: Lockd, text: str) -> list[str]:
    """Have it read this file; the lines that it logs."""
    before = len(lockd.log.splitlines())
    lockd.config.write_text(text)
    lockd.send(signal.SIGHUP)
    lockd.wait_for_note("RELOADING=1")
    lockd.wait_for_note("READY=1")
    return lockd.log.splitlines()[before:]


@pytest.fixture
async def reloadable(lockd: Lockd, caller: Client) -> Lockd:
    lockd.wait_until("is ours on the bus")
    return lockd


async def test_a_good_file_holds_at_once(reloadable: Lockd, caller: Client) -> None:
    assert await caller.get(LOCK, "AutoRelockTime") == 30
    async with caller.signals() as news, asyncio.timeout(PATIENCE_S):
        said = await _reloaded(reloadable, f"{NIMBLE}[lock]\nauto_relock_s = 33\npin_min = 8\n")
        await changed(news, "AutoRelockTime", 33)
    assert await caller.get(LOCK, "AutoRelockTime") == 33
    assert await caller.get(USERS, "MinPINCodeLength") == 8
    assert [line.partition("INFO ")[2] for line in said] == ["lockd: the configuration was read again"]


async def test_what_a_restart_alone_can_bring_is_said(reloadable: Lockd, caller: Client) -> None:
    said = await _reloaded(reloadable, f"{NIMBLE}[bolt]\nforward = 25\n[store]\nevents = 500\n[lock]\npin_min = 5\n")
    assert sum("only a restart" in line and "[bolt]" in line and "[store]" in line for line in said) == 1
    assert await caller.get(USERS, "MinPINCodeLength") == 5
    await caller.call(LOCK, "UnlockDoor")


@pytest.mark.parametrize("fault", NOWHERE)
async def test_a_wrong_value_of_any_key_changes_nothing(reloadable: Lockd, caller: Client, fault: str) -> None:
    wrong = {key.path: NOWHERE[fault] for key in KEYS if fault != "empty" or key.path not in MAY_BE_EMPTY}
    before: Any = await everything(caller)
    said = await _reloaded(reloadable, _file(wrong))
    for path in wrong:
        section, _, name = path.partition(".")
        assert sum(f"[{section}] {name} =" in line for line in said) == 1, path
    assert len(said) == len(wrong)
    assert all(" ERROR lockd: not reloaded: " in line and len(line) < 600 for line in said)
    assert await everything(caller) == before


@pytest.mark.parametrize(
    "text",
    ["[lock]\nfrob = 1\n", "[frob]\n", "frob = 1\n", "lock = 1\n", "[lock\n", "\0", "\xff", "x" * 3_000_000,
     "[lock]\npin_min = 8\npin_max = 6\n", "[bolt]\nforward = 17\nbackward = 17\n"],
    ids=lambda text: repr(text)[:30],
)  # fmt: skip
async def test_a_file_that_makes_no_sense_changes_nothing(reloadable: Lockd, caller: Client, text: str) -> None:
    before = await everything(caller)
    said = await _reloaded(reloadable, text)
    assert len(said) == 1
    assert " ERROR lockd: not reloaded: " in said[0]
    assert len(said[0]) < 600
    assert await everything(caller) == before


async def test_a_file_that_is_gone_changes_nothing(reloadable: Lockd, caller: Client) -> None:
    before = await everything(caller)
    reloadable.config.unlink()
    reloadable.send(signal.SIGHUP)
    reloadable.wait_for_note("READY=1")
    assert reloadable.log.count("not reloaded") == 1
    assert await everything(caller) == before


async def test_after_faulty_files_a_good_one_is_taken(reloadable: Lockd, caller: Client) -> None:
    await _reloaded(reloadable, "[lock\n")
    async with caller.signals() as news, asyncio.timeout(PATIENCE_S):
        await _reloaded(reloadable, f"{NIMBLE}[lock]\nauto_relock_s = 44\n")
        await changed(news, "AutoRelockTime", 44)
    details = [event.get("detail") for event in await trail(caller)]
    assert details.count("settings-loaded") == 1

"""10,000 wrong PINs a second on D-Bus: memory is flat, and who stands at the keypad is served."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from time import monotonic

import pytest

from lockd.dbus.client import Client
from tests.daemon.process import LOCK, LOG, NIMBLE, ROOT, SIMULATOR, Lockd, enrol, on_the_bus, press, trail, until
from tests.fakes.bus import PrivateBus, private_bus

__all__ = ["private_bus"]

RATE = float(os.environ.get("LOCKD_FLOOD_RATE", "10000"))
SECONDS = 10.0
#: The flood is in full swing, and every buffer has been used once.
WARM_S = 2.0
PIN = "135790"
#: A finger that first strays over the keys for some seconds, so that the PIN comes in the midst of the flood.
KEYS = "*" * 50 + PIN + "#"
#: How much longer than without the flood it may take until the bolt is drawn: so many times, and so long at least
#: (the tries that came before are decided first).
SLOWER = 3.0
LATER_S = 3.0
#: A step that the allocator takes once (2 MiB were seen); 60 bytes kept of each call would be more.
NOISE_KIB = 4096

pytestmark = pytest.mark.slow


def _rss_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


async def _drawn(lockd: Lockd) -> float:
    """Seconds until the bolt is drawn, as the door itself has it: the bus has no time for us."""
    begun = monotonic()
    await until(lambda: lockd.bolt == 1.0)
    return monotonic() - begun


async def _memory(lockd: Lockd) -> list[int]:
    """Once a second until the flood is nearly over."""
    await asyncio.sleep(WARM_S)
    found = []
    for _ in range(int(SECONDS - WARM_S)):
        found.append(_rss_kib(lockd.pid))
        await asyncio.sleep(1)
    return found


async def _answered(caller: Client) -> float:
    """Seconds until the bus has time for us again."""
    begun = monotonic()
    assert await caller.get(LOCK, "LockState") == "Unlocked"
    return monotonic() - begun


async def test_a_flood_of_wrong_pins_neither_grows_memory_nor_shuts_out_the_keypad(private_bus: PrivateBus) -> None:
    with Lockd(private_bus.address, NIMBLE) as lockd:
        lockd.start()
        async with on_the_bus(lockd) as caller:
            await enrol(caller, PIN)
            await press(caller, KEYS)
            alone = await _drawn(lockd)
            await caller.call(LOCK, "LockDoor")
            await press(caller, KEYS)
            flood = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.slow.flood", lockd.bus, str(SECONDS), str(RATE),
                cwd=ROOT, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            served, memory = await asyncio.gather(_drawn(lockd), _memory(lockd))
            said, _ = await flood.communicate()
            sent = int(said)
            behind = await _answered(caller)
            print(f"sent {sent / SECONDS:,.0f}/s, taken {sent / (SECONDS + behind):,.0f}/s;"
                  f" from the first key to the bolt: alone {alone:.2f} s, in the flood {served:.2f} s;"
                  f" RSS {memory} KiB")  # fmt: skip
            assert served < max(alone + LATER_S, alone * SLOWER)
            # A hash that is under way takes 16 MiB, for a moment.
            assert min(memory[-3:]) - min(memory[:3]) < NOISE_KIB
            events = await trail(caller)
            (alarm,) = (n for n, event in enumerate(events) if event.get("alarm") == "WrongCodeEntryLimit")
            assert len(events[alarm:]) < 50, "a flood fills the trail"
            assert await caller.get(LOCK, "LockoutRemaining") > 0
            assert await caller.get(SIMULATOR, "MotorOn") is False
            assert (await caller.call(LOG, "Verify"))["ok"]
        assert len(lockd.log.splitlines()) < 1000
        assert lockd.end() == 0

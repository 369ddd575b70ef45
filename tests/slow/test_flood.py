"""10,000 wrong PINs a second on D-Bus: memory is flat, and who stands at the keypad is served."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from time import monotonic

import pytest

from lockd.dbus.client import Client
from tests.daemon.process import LOCK, LOG, NIMBLE, PATIENCE_S, ROOT, Lockd, enrol, heard, on_the_bus, press, trail
from tests.fakes.bus import PrivateBus, private_bus

__all__ = ["private_bus"]

RATE = float(os.environ.get("LOCKD_FLOOD_RATE", "10000"))
SECONDS = 10.0
#: The flood is in full swing, and every buffer has been used once.
WARM_S = 2.0
PIN = "135790"
#: Nobody waits longer than this for the bolt, pressing the keys included; and this much memory is noise.
SERVED_S = 4.0
NOISE_KIB = 1024

pytestmark = pytest.mark.slow


def _rss_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


async def _come_in(caller: Client) -> float:
    """Type the PIN and wait for the bolt, then lock again by hand; the seconds it took."""
    async with caller.signals() as news, asyncio.timeout(2 * PATIENCE_S):
        begun = monotonic()
        await press(caller, PIN + "#")
        await heard(news, "LockOperation", source="Keypad", type="Unlock", phase="done")
        served = monotonic() - begun
        await caller.call("org.lockd1.Simulator", "TurnThumb", "lock")
        await heard(news, "LockOperation", source="Manual", type="Lock")
    return served


async def test_a_flood_of_wrong_pins_neither_grows_memory_nor_shuts_out_the_keypad(private_bus: PrivateBus) -> None:
    with Lockd(private_bus.address, NIMBLE) as lockd:
        lockd.start()
        async with on_the_bus(lockd) as caller:
            await enrol(caller, PIN)
            alone = await _come_in(caller)
            flood = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.slow.flood", lockd.bus, str(SECONDS), str(RATE),
                cwd=ROOT, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            await asyncio.sleep(WARM_S)
            begun, rss = monotonic(), [_rss_kib(lockd.pid)]
            served = []
            while monotonic() - begun < SECONDS - WARM_S - 2 * SERVED_S or len(served) < 2:
                served.append(await _come_in(caller))
                rss.append(_rss_kib(lockd.pid))
            assert flood.returncode is None, "the flood ended before the keypad's user was served"
            said, _ = await flood.communicate()
            rss.append(_rss_kib(lockd.pid))
            count = {name: int(number) for name, number in (pair.split("=") for pair in said.decode().split())}
            print(f"sent {count['sent'] / SECONDS:,.0f}/s, answered {count['errors'] / SECONDS:,.0f}/s;"
                  f" PIN at the keypad to bolt: alone {alone:.2f} s, in the flood {', '.join(f'{s:.2f}' for s in served)} s;"
                  f" RSS {' '.join(map(str, rss))} KiB")  # fmt: skip
            assert count["answers"] == 0
            assert max(served) < SERVED_S
            assert max(rss) - rss[0] < NOISE_KIB
            events = await trail(caller)
            (alarm,) = (n for n, event in enumerate(events) if event.get("alarm") == "WrongCodeEntryLimit")
            assert len(events[alarm:]) < 50, "a flood fills the trail"
            assert await caller.get(LOCK, "LockoutRemaining") > 0
            assert (await caller.call(LOG, "Verify"))["ok"]
        assert len(lockd.log.splitlines()) < 1000
        assert lockd.end() == 0

"""phone.py DEED WORDS: people with phones, in the room of the lock. Prints what came of it as a line of JSON."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from statistics import median
from typing import Any

from att import Gone, Line, Radio
from echo import SERVICE as ECHO
from handles import alone

from lockd.errors import LockdError
from lockd.phone.client import Client, Way
from lockd.phone.keys import Known
from lockd.phone.refusals import Refused
from lockd.phone.shelf import Shelf
from lockd.wire.limits import SILENT_S

LOCK = "hci0"
#: A session is over at once; bluetoothd takes a link down two seconds after it is told to.
ENDS_S = 4.0
HOMES = Path("/run/radio")
PHONES = ("org.lockd1", "/org/lockd1", "org.lockd1.Phones")


def known(name: str) -> Known:
    """The lock, as this person's phone knows it."""
    return Shelf(HOMES / name / "lockd" / "phone", lambda: None).load().find(None)


def way(name: str) -> Way:
    lock = known(name)
    return Way(lock.keys.private, lock.key)


async def call(*words: str) -> str:
    """What a program says; the loop goes on."""
    return await asyncio.to_thread(lambda: subprocess.check_output(words, text=True))


async def outcome(work: Awaitable[Any]) -> str:
    """How it ended, in a word or a sentence."""
    try:
        await work
    except Refused as refused:
        return f"{refused.code:#04x}"
    except LockdError as error:
        return error.detail or f"{error.name}: {error}"
    return "done"


async def unlock(radio: Radio, name: str) -> None:
    """As a person does, who has come to the door."""
    async with radio.connected() as line:
        await (await Client.over(line, way(name))).command("UNLOCK")


def resources(unit: str) -> tuple[int, int]:
    """A service's memory in KiB, and its open files."""
    pid = subprocess.check_output(["systemctl", "show", "--value", "-p", "MainPID", unit], text=True).strip()
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]), len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def rounds(name: str, adapter: str, count: str) -> dict[str, Any]:
    """Come, unlock, lock and go, so many times."""
    radio, mine = Radio(adapter), way(name)
    misses, taken, grown = [], [], []
    for number in range(int(count)):
        if number % 20 == 0:
            grown.append((*resources("lockd"), *resources("bluetooth")))
        begun = time.monotonic()
        try:
            async with radio.connected() as line:
                client = await Client.over(line, mine)
                await client.command("UNLOCK")
                taken.append(time.monotonic() - begun)
                await client.command("LOCK")
        except (LockdError, Refused, TimeoutError) as error:
            misses.append(f"{number}: {type(error).__name__}: {error}")
    grown.append((*resources("lockd"), *resources("bluetooth")))
    return {"misses": misses, "median_s": median(taken), "longest_s": max(taken), "grown": grown}


async def revoked(name: str, adapter: str) -> dict[str, Any]:
    """Revoked while connected, and once more at the door."""
    radio = Radio(adapter)
    async with radio.connected() as line:
        client = await Client.over(line, way(name))
        await client.command("STATUS")
        begun = time.monotonic()
        ending = asyncio.create_task(_end(line, begun))
        await call("lockctl", "phone", "revoke", f"phone-{name}")
        told = time.monotonic() - begun
        ended = await ending
        after = await outcome(client.command("UNLOCK"))
    return {"revoked_s": told, "ended_s": ended, "same": after, "next": await outcome(unlock(radio, name))}


async def _end(line: Line, begun: float) -> float:
    """Seconds until the link was down."""
    await line.att.down.wait()
    return time.monotonic() - begun


async def together(first: str, adapter: str, second: str, another: str) -> dict[str, Any]:
    """Two phones at once, each with a session of its own, and each hearing the other's."""
    await asyncio.to_thread(alone, LOCK)
    async with Radio(adapter).connected() as one, Radio(another).connected() as two:
        clients = await Client.over(one, way(first)), await Client.over(two, way(second))
        said = [await outcome(client.command("STATUS")) for client in clients]
        said += await asyncio.gather(*(outcome(client.command("UNLOCK")) for client in clients))
        said += [await outcome(clients[0].command("LOCK")), await outcome(clients[1].command("STATUS"))]
    return {"said": said}


async def killed(name: str, adapter: str) -> dict[str, Any]:
    """bluetoothd dies in mid-session, and is back at once."""
    radio = Radio(adapter)
    async with radio.connected() as line:
        client = await Client.over(line, way(name))
        await client.command("STATUS")
        await call("systemctl", "kill", "-s", "KILL", "bluetooth")
        down = await line.att.ended(20)
        same = await outcome(client.command("UNLOCK"))
    await call("systemctl", "start", "bluetooth")
    back = await until(*PHONES, "Advertising", said="true")
    return {"down": down, "same": same, "back_s": back, "next": await outcome(unlock(radio, name))}


async def unplugged(name: str, adapter: str, number: str) -> dict[str, Any]:
    """Every controller is taken out of the machine, and put in again."""
    await call("systemctl", "stop", "btvirt")
    await until(*PHONES, "AdapterPresent", said="false")
    await call("systemd-run", "-q", "--collect", "--unit=btvirt", "/run/radio/usr/bin/btvirt", f"-l{number}")
    await until("org.bluez", "/org/bluez/hci0", "org.bluez.Adapter1", "Powered", said="true")
    back = await until(*PHONES, "Advertising", said="true")
    return {"back_s": back, "next": await outcome(unlock(Radio(adapter), name))}


async def until(*words: str, said: str) -> float:
    """Seconds until a property on D-Bus is that."""
    script = f'until busctl get-property {" ".join(words)} 2>/dev/null | grep -q {said}; do sleep 0.05; done'
    begun = time.monotonic()
    await call("sh", "-c", script)
    return time.monotonic() - begun


async def speed(name: str, adapter: str, count: str) -> dict[str, Any]:
    """Milliseconds from the first write of a handshake to ACCEPTED, and, over the same links, from a write of the
    same length to the notification that a bare server makes of it."""
    echo = await asyncio.create_subprocess_exec(sys.executable, "/run/rig/echo.py", stdout=subprocess.PIPE)
    assert echo.stdout is not None
    await echo.stdout.readline()
    accepted, echoed = [], []
    try:
        for _ in range(int(count)):
            async with Radio(adapter).connected() as line:
                bare = await Line.over(line.att, 0, service=ECHO)
                echoed += [await _timed(_echo(bare)) for _ in range(3)]
                client = await Client.over(line, way(name))
                granted = asyncio.Event()
                unlocking = asyncio.create_task(client.command("UNLOCK", accepted=granted.set))
                accepted.append(await _timed(granted.wait()))
                await unlocking
                await client.command("LOCK")
    finally:
        echo.terminate()
        await echo.wait()
    return {"accepted_ms": accepted, "echoed_ms": echoed}


async def _timed(work: Awaitable[Any]) -> float:
    begun = time.monotonic()
    await work
    return 1000 * (time.monotonic() - begun)


async def _echo(line: Line) -> None:
    await line.write(os.urandom(53))
    assert await line.notified(asyncio.get_running_loop().time() + 10) is not None


async def silent(*adapters: str) -> dict[str, Any]:
    """Links that are made and never used: how many are left after a while, and whether the last phone, which is
    the lock's own, comes in beside them."""
    *strangers, name, own = adapters
    await asyncio.to_thread(alone, LOCK)
    links, failed = [], []
    for each in strangers:
        try:
            links.append(await Radio(each).link())
        except Gone as gone:
            failed.append(f"{each}: {gone}")
        await asyncio.sleep(0.5)
    came = await outcome(unlock(Radio(own), name))
    await asyncio.sleep(SILENT_S + ENDS_S)
    left = sum(not link.gone for link in links)
    for link in links:
        link.close()
    return {"made": len(links), "failed": failed, "unlock": came, "left": left}


DEEDS: dict[str, Callable[..., Coroutine[Any, Any, dict[str, Any]]]] = {
    "rounds": rounds, "revoked": revoked, "together": together, "killed": killed, "unplugged": unplugged,
    "silent": silent, "speed": speed,
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(asyncio.run(DEEDS[sys.argv[1]](*sys.argv[2:]))))

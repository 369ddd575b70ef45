"""attacks.py DEED WORDS: strangers with radios, who keep to no rules. Prints what came of it as a line of JSON."""

import asyncio
import contextlib
import json
import os
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from att import MTU, WRITE, Gone, Line, Radio
from handles import address, alone
from phone import ENDS_S, LOCK, known, outcome, resources, unlock, way

from lockd.phone.client import Client
from lockd.wire import messages
from lockd.wire.end import HANDSHAKE_S
from lockd.wire.noise import KeyPair
from lockd.wire.session import PhoneSession

COMES = 5  #: times to the door, at most
BESIDE = 20  #: questions, and then another phone comes


@asynccontextmanager
async def stranger(adapter: str, mtu: int = 517) -> AsyncIterator[Line]:
    """At the lock, where nobody else is, with nothing said yet."""
    await asyncio.to_thread(alone, LOCK)
    async with Radio(adapter).connected(mtu=mtu) as line:
        yield line


def hello() -> bytes:
    """A message 1 that is right, in one frame: whoever knows the lock's public key can make one."""
    keys, info = KeyPair(os.urandom(32)), messages.write_info(messages.Info())
    return PhoneSession(keys, known("Anna").key, info, os.urandom, 0.0, mtu=247).start("UNLOCK", {}, 0.0).frames[0]


async def mtus(name: str, own: str, *sizes: str) -> dict[str, Any]:
    """A session at each MTU, and then at the largest: the longest notification of each, and whether all came whole."""
    found = {}
    for size in map(int, sizes):
        async with stranger(own, mtu=size) as line:
            client = await Client.over(line, way(name))
            row: list[Any] = [line.mtu, await outcome(client.command("LOG_READ", {"from": 1, "max": 3})), line.longest]
            row.append(await outcome(line.att.ask(struct.pack("<BH", MTU, 517))))
            row.append(await outcome(client.command("LOG_READ", {"from": 1, "max": 3})))
            found[size] = [*row, line.longest]
    return {"mtus": found}


async def holders(name: str, own: str, *adapters: str) -> dict[str, Any]:
    """Everybody begins a handshake, and says no more. How it goes for a phone that tries until it comes in."""
    await asyncio.to_thread(alone, LOCK)
    lines = [await Line.over(await Radio(each).link()) for each in adapters]
    for number, line in enumerate(lines):
        frame = hello()
        await line.write(frame[:1] + bytes((number,)) + frame[2:])
    loop = asyncio.get_running_loop()
    began, came = loop.time(), [""]
    while came[-1] != "done" and len(came) <= COMES:
        came.append(await outcome(unlock(Radio(own), name)))
    took = loop.time() - began
    ended = await asyncio.gather(*(line.att.ended(HANDSHAKE_S + ENDS_S) for line in lines))
    for line in lines:
        line.att.close()
    return {"unlock": came[1:], "took_s": took, "ended": ended}


async def unread(name: str, adapter: str, another: str, other: str, count: str) -> dict[str, Any]:
    """A phone that asks without end, and reads no answer. How it goes for another one meanwhile."""
    await asyncio.to_thread(alone, LOCK)
    before, sent, beside = resources("lockd"), 0, ""
    async with Radio(adapter).connected() as line:
        client = await Client.over(line, way(name))
        await client.command("STATUS")
        line.att.listen(False)
        with contextlib.suppress(Gone):
            while sent < int(count):
                if sent == BESIDE:
                    beside = await outcome(unlock(Radio(other), another))
                for frame in client._session.send("LOG_READ", {"from": 1}, asyncio.get_running_loop().time()).frames:
                    line.att.send(struct.pack("<BH", WRITE, line.rx) + frame)
                sent += 1
                await asyncio.sleep(0.1)
    return {"sent": sent, "ended": line.att.gone, "beside": beside, "before": before, "after": resources("lockd")}


async def pairing(adapter: str) -> dict[str, Any]:
    """What the lock says to a wish for a bond, and whether anything of it stays."""
    await ran(*f"busctl set-property org.bluez /org/bluez/{adapter} org.bluez.Adapter1 Pairable b true".split())
    async with stranger(adapter):
        device = f"/org/bluez/{adapter}/dev_{address(LOCK).replace(':', '_')}"
        done = await ran(*f"busctl --timeout=20 call org.bluez {device} org.bluez.Device1 Pair".split())
    kept = await ran("grep", "-rl", "Key]", "/var/lib/bluetooth")
    return {"status": done.returncode, "said": done.stderr.strip(), "keys": kept.stdout}


async def ran(*words: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(lambda: subprocess.run(words, capture_output=True, text=True))


DEEDS: dict[str, Callable[..., Coroutine[Any, Any, dict[str, Any]]]] = {
    "mtus": mtus, "holders": holders, "unread": unread, "pairing": pairing,
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(asyncio.run(DEEDS[sys.argv[1]](*sys.argv[2:]))))

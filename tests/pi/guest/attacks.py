"""attacks.py DEED WORDS: strangers with radios, who keep to no rules. Prints what came of it as a line of JSON."""

import asyncio
import contextlib
import json
import os
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from att import COMMAND, EXECUTE, MTU, PREPARE, READ, READ_AT, WRITE, Gone, Line, Radio
from handles import address, alone
from phone import ENDS_S, LOCK, known, outcome, resources, unlock, way

from lockd.phone.client import Client
from lockd.phone.refusals import Refused
from lockd.wire import messages
from lockd.wire.framing import DATA, FIRST, HANDSHAKE_1, HANDSHAKE_3, LAST, fragments
from lockd.wire.noise import KeyPair
from lockd.wire.session import PhoneSession

TAG = 7
UNLOCK = messages.write_request("UNLOCK", 1, {})
BESIDE = 20  #: questions, and then another phone comes

Try = Callable[[Line], Awaitable[None]]


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


def writing(*frames: bytes) -> Try:
    async def attempt(line: Line) -> None:
        for frame in frames:
            await line.write(frame)

    return attempt


def asking(*requests: Callable[[Line], bytes]) -> Try:
    async def attempt(line: Line) -> None:
        for request in requests:
            await line.att.ask(request(line))

    return attempt


def prepared(offset: int, piece: bytes) -> Callable[[Line], bytes]:
    return lambda line: struct.pack("<BHH", PREPARE, line.rx, offset) + piece


def executed(how: int) -> Callable[[Line], bytes]:
    return lambda _: bytes((EXECUTE, how))


def at(operation: int, where: str, *more: int) -> Callable[[Line], bytes]:
    """A request about the characteristic `where`."""
    return lambda line: struct.pack("<BH", operation, getattr(line, where)) + struct.pack(f"<{len(more)}H", *more)


async def commanded(line: Line) -> None:
    """A write that wants no answer. The lock has none such, but bluetoothd hands it on."""
    line.att.send(struct.pack("<BH", COMMAND, line.rx) + fragments(DATA, TAG, UNLOCK, line.mtu)[0])
    await line.att.ended(ENDS_S)


def framed(kind: int, body: bytes, mtu: int = 517) -> tuple[bytes, ...]:
    return fragments(kind, TAG, body, mtu)


#: What is written or asked by a stranger; the next one comes over the same link, if it is still there.
TRIES: dict[str, Try] = {
    "513 bytes": writing(bytes(513)),
    "prepared, and dropped": asking(prepared(0, framed(DATA, UNLOCK)[0]), executed(0)),
    "prepared without end": asking(*(prepared(18 * n, bytes(18)) for n in range(200)), executed(1)),
    "prepared again and again": asking(*(prepared(0, bytes(18)) for _ in range(200)), executed(1)),
    "executed, nothing prepared": asking(executed(1)),
    "read RX": asking(at(READ, "rx")),
    "read TX": asking(at(READ, "tx")),
    "write TX": asking(at(WRITE, "tx", 1)),
    "write INFO": asking(at(WRITE, "info_at", 1)),
    "INFO from the middle": asking(at(READ_AT, "info_at", 5)),
    "INFO beyond its end": asking(at(READ_AT, "info_at", 500)),
    "nothing": writing(b""),
    "one byte": writing(b"\x80"),
    "two bytes": writing(b"\xc0\x07"),
    "512 bytes": writing(b"\xff" * 512),
    "unlock in clear": writing(*framed(DATA, UNLOCK)),
    "message 3 first": writing(*framed(HANDSHAKE_3, os.urandom(96))),
    "a key of low order": writing(*framed(HANDSHAKE_1, bytes(48))),
    "a key of chance": writing(*framed(HANDSHAKE_1, os.urandom(48))),
    "a length of 65535": writing(bytes((FIRST, TAG, HANDSHAKE_1, 255, 255)) + bytes(40)),
    "the end of a message": writing(bytes((LAST | 3, TAG)) + bytes(20)),
    "two first frames": writing(bytes((FIRST, TAG, HANDSHAKE_1, 0, 48, 1)), bytes((FIRST, TAG, HANDSHAKE_1, 0, 48, 1))),
    "a gap": writing(bytes((FIRST, TAG, HANDSHAKE_1, 0, 48, 1)), bytes((2, TAG, 1))),
    "at an offset": asking(prepared(7, framed(HANDSHAKE_1, bytes(48))[0]), executed(1)),
    "a write command": commanded,
}


async def tries(adapter: str) -> dict[str, Any]:
    """Each of TRIES: how it ended, and whether the lock took the link down."""
    found, left = {}, dict(TRIES)
    while left:
        async with stranger(adapter) as line:
            while left and not line.att.gone:
                name, attempt = next(iter(left.items()))
                del left[name]
                print(name, file=sys.stderr, flush=True)
                how = await outcome(attempt(line))
                found[name] = [how, await line.att.ended(ENDS_S if how.startswith("0x8") else 0.0)]
                await outcome(line.att.ask(executed(0)(line)))
    return {"tries": found}


async def long_write(adapter: str) -> dict[str, Any]:
    """Message 1 in three pieces that BlueZ glues: it is answered as if it had come in one."""
    async with stranger(adapter, mtu=23) as line:
        frame = hello()
        for start in range(0, len(frame), 18):
            await line.att.ask(prepared(start, frame[start : start + 18])(line))
        await line.att.ask(executed(1)(line))
        heard = await line.notified(asyncio.get_running_loop().time() + ENDS_S)
    return {"answered": heard is not None, "longest": len(heard or b"")}


async def replay(name: str, adapter: str, own: str) -> dict[str, Any]:
    """All that a phone wrote when it unlocked, written once more: by another radio, and by the phone's own."""
    async with Radio(own).connected() as line:
        client = await Client.over(line, way(name))
        await client.command("UNLOCK")
        await client.command("LOCK")
        written = tuple(line.written)
    found = []
    for each in (adapter, own):
        async with stranger(each, mtu=247) as line:
            how = await outcome(writing(*written)(line))
            found.append([how, await line.att.ended(ENDS_S)])
    return {"frames": len(written), "replayed": found}


async def listen(name: str, own: str, adapter: str) -> dict[str, Any]:
    """Whoever listens hears sealed frames of equal kind, and can say nothing in their name."""
    async with stranger(adapter) as ear, Radio(own).connected() as line:
        client = await Client.over(line, way(name))
        said = await client.command("STATUS")
        heard = []
        while (frame := await ear.notified(asyncio.get_running_loop().time() + 0.5)) is not None:
            heard.append(frame)
        words = [value for value in said.values() if isinstance(value, str)]
        plain = [word for word in words if word.encode() in b"".join(heard)]
        injected = await outcome(writing(bytes((FIRST | LAST, heard[0][1], DATA, 0, 40)) + os.urandom(40))(ear))
        still = await outcome(client.command("STATUS"))
    return {"words": words, "heard": len(heard), "plain": plain, "injected": injected, "still": still}


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


async def flood(adapter: str, seconds: str) -> dict[str, Any]:
    """Frames with one tag after those of another, and nonsense, as fast as the link takes them."""
    count, links = 0, 0
    before = resources("lockd")
    loop = asyncio.get_running_loop()
    end = loop.time() + float(seconds)
    while loop.time() < end:
        async with Radio(adapter).connected() as line:
            links += 1
            with contextlib.suppress(Gone, Refused):
                await line.write(bytes((FIRST, TAG, HANDSHAKE_1, 0, 48, 1)))
                while loop.time() < end:
                    await line.write(bytes((FIRST, TAG + 1)) + os.urandom(100))
                    count += 1
            # bluetoothd 5.82 does not survive a link that goes down with a write under way.
            await line.att.ended(ENDS_S)
    return {"writes": count, "links": links, "before": before, "after": resources("lockd")}


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
    "tries": tries, "long_write": long_write, "replay": replay, "listen": listen, "mtus": mtus,
    "flood": flood, "unread": unread, "pairing": pairing,
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(asyncio.run(DEEDS[sys.argv[1]](*sys.argv[2:]))))

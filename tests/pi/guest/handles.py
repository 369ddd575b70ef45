"""Links that have the same handle at both ends.

btvirt hands data on under the handle that the sender's end has (emulator/btdev.c, send_acl). Each end takes the lowest
that is free there, and both kernels are told the caller's (conn_link). So the data of the lock's second link would come
as the first's, unless the second phone has a link already, to whomever, when it makes the one to the lock. Of that link
the far end may have another handle than its kernel knows, and its kernel may never hear of its end: it carries nothing.
"""

import asyncio
import ctypes
import fcntl
import os
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol, TypeVar

ADAPTERS = Path("/sys/class/bluetooth")
FAMILY, HCI, CONTROL, NO_ADAPTER = 31, 1, 3, 0xFFFF
GET_ADAPTER, GET_LINKS, MOST = 0x800448D3, 0x800448D4, 16  #: HCIGETDEVINFO, HCIGETCONNLIST
LINK = struct.Struct("<H6sBBHI")
LOWEST = 42
#: The kernel's management interface: advertise so that anybody can connect.
ADD_ADVERTISING, ADVERTISEMENT = 0x003E, struct.pack("<BIHHBB", 1, 1, 0, 0, 0, 0)
COMPLETE, FAILED = 1, 2
TRIES, DOWN_S = 5, 10.0

_libc = ctypes.CDLL(None, use_errno=True)


class Link(Protocol):
    """Whatever can be taken down."""

    def close(self) -> None:
        """Take it down."""


L = TypeVar("L", bound=Link)


async def linked(own: str, peer: str, connect: Callable[[str], Awaitable[L]]) -> L:
    """The link that `connect` makes from `own` to `peer`; adapters by name."""
    for _ in range(TRIES):
        async with AsyncExitStack() as ballast:
            await asyncio.to_thread(settle, own, peer)
            others = (path.name for path in sorted(ADAPTERS.glob("hci?"), reverse=True) if path.name not in (own, peer))
            while free(own) < free(peer):
                other = next(others)
                advertise(other)
                ballast.callback((await connect(other)).close)
            link = await connect(peer)
        if links(own).get(address(peer)) == links(peer).get(address(own)):
            return link
        link.close()  # another one has come or gone meanwhile
        await asyncio.to_thread(alone, own)
    raise OSError(f"{own} and {peer} do not agree on a handle")


def settle(own: str, peer: str) -> None:
    """Links of `own` that have ended may not be down yet."""
    end = time.monotonic() + DOWN_S
    while free(own) > free(peer):
        if time.monotonic() > end:
            raise OSError(f"{own} has more links than {peer}")
        time.sleep(0.1)


def alone(adapter: str) -> None:
    """Wait until it has no link at all."""
    end = time.monotonic() + DOWN_S
    while links(adapter):
        if time.monotonic() > end:
            raise OSError(f"{adapter} still has links: {links(adapter)}")
        time.sleep(0.1)


def free(adapter: str) -> int:
    """The lowest handle that no link of this adapter has."""
    taken = links(adapter).values()
    return next(handle for handle in range(LOWEST, LOWEST + MOST + 1) if handle not in taken)


def links(adapter: str) -> dict[str, int]:
    """The handles of its links, by the other end's address."""
    asked = bytearray(struct.pack("<HH", number(adapter), MOST) + bytes(MOST * LINK.size))
    with socket.socket(FAMILY, socket.SOCK_RAW, HCI) as kernel:
        fcntl.ioctl(kernel, GET_LINKS, asked)
    _, count = struct.unpack_from("<HH", asked)
    found = LINK.iter_unpack(asked[4 : 4 + count * LINK.size])
    return {written(octets): handle for handle, octets, *_ in found}


def address(adapter: str) -> str:
    """Of an adapter here, by its name."""
    asked = bytearray(struct.pack("<H", number(adapter)) + bytes(256))
    with socket.socket(FAMILY, socket.SOCK_RAW, HCI) as kernel:
        fcntl.ioctl(kernel, GET_ADAPTER, asked)
    return written(bytes(asked[10:16]))


def advertise(adapter: str) -> None:
    """From now on, until somebody has connected."""
    with socket.socket(FAMILY, socket.SOCK_RAW, HCI) as kernel:
        name = struct.pack("<HHH", FAMILY, NO_ADAPTER, CONTROL)
        if _libc.bind(kernel.fileno(), name, len(name)):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        kernel.send(struct.pack("<HHH", ADD_ADVERTISING, number(adapter), len(ADVERTISEMENT)) + ADVERTISEMENT)
        while True:
            said = kernel.recv(512)
            event, _, _, command = struct.unpack_from("<HHHH", said)
            if event in (COMPLETE, FAILED) and command == ADD_ADVERTISING:
                break
    if said[8]:
        raise OSError(f"{adapter} does not advertise: {said[8]:#04x}")


def written(octets: bytes) -> str:
    """An address as people write it."""
    return octets[::-1].hex(":").upper()


def number(adapter: str) -> int:
    return int(adapter.removeprefix("hci"))

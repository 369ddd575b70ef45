"""Long answers (`aa{sv}`), made a little at a time: the loop has the bolt to stop meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from struct import pack
from typing import Any

from dbus_next._private.marshaller import Marshaller

from lockd.dbus.names import Arg
from lockd.dbus.variants import dictionary

SIGNATURE = "aa{sv}"
#: The longest that rows keep the loop from everything else.
SLICE_S = 0.002


async def body_of_rows(arg: Arg, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The marshalled body of an answer that is all `rows`."""
    loop = asyncio.get_running_loop()
    body = bytearray(4)
    until = loop.time() + SLICE_S
    for row in rows:
        _append(body, arg, row)
        if loop.time() >= until:
            await asyncio.sleep(0)
            until = loop.time() + SLICE_S
    body[:4] = pack("<I", len(body) - 4)
    return bytes(body)


def _append(body: bytearray, arg: Arg, row: Mapping[str, Any]) -> None:
    """A dictionary is its length and its entries, which begin at a multiple of 8: only the gap between
    the two depends on where it stands."""
    alone = Marshaller("a{sv}", [dictionary(arg.fields, row)]).marshall()  # type: ignore[no-untyped-call]
    body += bytes(-len(body) % 4) + alone[:4]
    body += bytes(-len(body) % 8) + alone[8:]

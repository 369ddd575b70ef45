"""What accidents make of readers: so many inputs to each, and how many of them it took for a credential
that nobody had shown.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from random import Random
from types import SimpleNamespace
from typing import Any

from lockd.readers import pn532, r503
from lockd.readers.hid import Hid
from lockd.readers.keys import DIGITS, ENTERS, EV_KEY, EV_SYN, HEX, SYN_DROPPED, SYN_REPORT
from lockd.readers.port import Lost
from tests.readers import pn532_model, r503_model
from tests.readers.ear import Ear
from tests.readers.noise import Line, spoil

#: So often the loop has its turn.
TURN = 1000

CARD = bytes.fromhex("04a1b2c3d4e5f6")
ENROLLED = b"0012345678"


async def cards(inputs: int, chance: Random) -> int:
    """Cards that were told though no whole frame with their number came."""
    said = pn532_model.ACK + pn532_model.listed(CARD) + pn532_model.ACK + pn532_model.framed(b"\xd5\x53\x00")
    false = 0
    for each in range(inputs):
        await _turn(each)
        data = spoil(said, chance) if chance.random() < 0.9 else chance.randbytes(chance.randint(0, 64))
        try:
            uid = await pn532.Chip(Line(data, chance)).card(1.0)
        except (OSError, Lost):
            continue
        false += bool(uid) and not _came(uid, data)
    return false


def _came(uid: bytes, data: bytes) -> bool:
    """Whether one of the frames in there, with both its sums right, lists a card of this number."""
    for found in re.finditer(b"(?=\x00\xff)", data):
        size, check, *rest = data[found.start() + 2 :] or b"\x01\x00"
        body = bytes(rest[:size])
        right = (size + check) % 256 == 0 and len(rest) > size and (sum(body) + rest[size]) % 256 == 0
        if right and body[:3] == b"\xd5\x4b\x01" and body[8 : 8 + len(uid)] == uid:
            return True
    return False


async def fingers(inputs: int, chance: Random) -> int:
    """Strangers that were taken for somebody."""
    stranger = [r503_model.packet(each) for each in (b"\x00", b"\x00", b"\x09" + bytes(4), b"\x09" + bytes(4))]
    false = 0
    for each in range(inputs):
        await _turn(each)
        sensor = r503.Sensor(Line(spoil(b"".join(stranger), chance), chance))
        sensor.slots = 200
        try:
            false += await sensor.look(1) and await sensor.search() is not None
        except (OSError, Lost):
            continue
    return false


async def typed(inputs: int, chance: Random) -> int:
    """Times that the enrolled card was told by a reader that had typed it never as a whole."""
    known = {word: code for code, word in reversed((DIGITS | HEX).items())}
    codes = [known[word] for word in ENROLLED.decode()]
    ear = Ear()
    hid = Hid("card", "", ear, None)  # type: ignore[arg-type]
    at = 1000.0
    for each in range(inputs):
        await _turn(each)
        events: deque[Any] = deque()
        cut = chance.randint(1, len(codes) - 1)
        for place, code in enumerate([*codes, chance.choice(ENTERS)]):
            if place == cut:
                at += _accident(events, at, chance)
            at += 0.001
            events.extend((_event(at, EV_KEY, code, 1), _event(at, EV_SYN, SYN_REPORT, 0)))
        hid._take(SimpleNamespace(read=lambda events=events: iter(events)))  # type: ignore[arg-type]
        at += 0.001
    return sum(card == ENROLLED for card in ear.all("card"))


def _accident(events: deque[Any], at: float, chance: Random) -> float:
    """In the middle of a number; the seconds it took."""
    match chance.randrange(5):
        case 0:
            return 1.1 + chance.random()  # a pause
        case 1:
            events.append(_event(at, EV_SYN, SYN_DROPPED, 0))
        case 2:
            events.append(_event(at, EV_KEY, chance.choice((16, 57, 103, 250, *DIGITS)), 1))
        case 3:
            events.append(_event(at, EV_KEY, chance.choice(ENTERS), 1))
        case _:
            return -chance.random() - 0.1  # the clock was set
    return 0.0


def _event(at: float, kind: int, code: int, value: int) -> Any:
    return SimpleNamespace(sec=int(at), usec=int(at % 1 * 1e6), type=kind, code=code, value=value)


async def _turn(each: int) -> None:
    if each % TURN == 0:
        await asyncio.sleep(0)

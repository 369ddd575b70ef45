"""A PN532 on a serial line, at the end of a pty: cards, noise, and the plug pulled out."""

from __future__ import annotations

import asyncio
import errno
import termios
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lockd.readers import pn532
from lockd.readers.nfc import Nfc
from lockd.readers.port import NONSENSE, SerialPort, Stream, in_words
from tests.readers.ear import Ear
from tests.readers.pn532_model import Pn532, framed, listed
from tests.readers.pty import Plug

UID = bytes.fromhex("04a1b2c3d4e5f6")
OTHER = bytes.fromhex("deadbeef")


class Rig(Plug):
    """The chip, its plug, and what the driver tells."""

    model: Pn532

    def __init__(self, path: Path) -> None:
        super().__init__(path, Pn532())
        self.ear = Ear()

    async def connect(self) -> Stream:
        return Stream(SerialPort(str(self.path), pn532.BAUD))

    def lay(self, uid: bytes) -> None:
        self.say(self.model.lay(uid))


@asynccontextmanager
async def running(rig: Rig, check_s: float = 60.0) -> AsyncIterator[Rig]:
    nfc = Nfc(rig.connect, rig.ear, waits=(0.01,), rest_s=0.01, check_s=check_s)
    task = asyncio.create_task(nfc.run())
    try:
        yield rig
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        rig.unplug()


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path / "port")


async def test_a_card_is_read_and_while_there_is_none_the_chip_is_left_alone(rig: Rig) -> None:
    rig.plug()
    async with running(rig):
        await rig.ear.hears("found")
        rig.model.asked.clear()
        await rig.until(lambda: rig.model.waiting)
        assert rig.model.asked[-1:] == [pn532.IN_LIST_PASSIVE_TARGET]
        rig.lay(UID)
        await rig.ear.hears("card", 2)  # it lies there
        rig.lay(b"")
        await rig.until(lambda: rig.model.waiting)
        rig.lay(OTHER)
        await rig.ear.until(lambda: OTHER in rig.ear.all("card"))
    assert set(rig.ear.all("card")) == {UID, OTHER}
    assert rig.ear.all("lost") == []


async def test_a_number_that_is_made_up_anew_each_time_is_no_card(rig: Rig) -> None:
    rig.plug()
    rig.model.card = bytes.fromhex("08112233")
    async with running(rig):
        await rig.ear.hears("garbled")
        rig.model.card = UID
        await rig.ear.hears("card")
    assert set(rig.ear.all("card")) == {UID}


async def test_garbage_between_the_frames_is_passed_over(rig: Rig) -> None:
    rig.plug()
    rig.model.card = UID
    async with running(rig):
        await rig.ear.hears("card")
        for noise in (
            b"\x00\x00\xff",
            b"\x00\xff\x10\xf0half",
            listed(OTHER)[:-2] + b"\x99\x00",
            bytes(200),
            b"\xff" * 99,
        ):
            before = len(rig.ear.all("card"))
            rig.noise = noise
            await rig.ear.hears("card", before + 3)
    assert set(rig.ear.all("card")) == {UID}


async def test_pulled_out_in_mid_frame_and_put_in_again(rig: Rig) -> None:
    rig.plug()
    rig.model.card = UID
    async with running(rig):
        for losses, cut in enumerate((1, 5, 8, 15), 1):
            before = len(rig.ear.all("card"))
            await rig.ear.hears("card", before + 1)
            rig.cut = cut
            await rig.ear.hears("lost", losses)
            rig.plug()
    assert set(rig.ear.all("card")) == {UID}


async def test_a_port_that_is_not_there_is_told_and_found_later(rig: Rig) -> None:
    async with running(rig):
        await rig.ear.hears("lost")
        rig.plug()
        await rig.ear.hears("found")
    assert rig.ear.all("lost")[0] == "it is not plugged in"


async def test_a_port_that_another_program_has_is_told(rig: Rig) -> None:
    rig.plug()
    other = SerialPort(str(rig.path), pn532.BAUD)
    async with running(rig):
        await rig.ear.hears("lost")
        other.close()
        await rig.ear.hears("found")
    assert rig.ear.all("lost")[0] == "another program has it open: end that"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (PermissionError(errno.EACCES, "x"), "lockctl config access"),
        (OSError("device reports readiness to read but returned no data"), "it is not plugged in"),
        (OSError(errno.ENOTTY, "x"), "Inappropriate ioctl for device"),
        (ModuleNotFoundError("x", name="serial"), "install python3-serial"),
        (TimeoutError(), "it does not answer"),
        (termios.error(5, "Input/output error"), "Input/output error"),
    ],
)
def test_what_goes_wrong_is_told_in_words(fault: Exception, words: str) -> None:
    assert words in in_words(fault)


async def test_a_chip_that_is_none_is_told(rig: Rig) -> None:
    rig.plug()
    rig.model.version = b"\x07\x01\x06\x07"
    async with running(rig):
        await rig.ear.hears("lost")
        rig.model.version = b"\x32\x01\x06\x07"
        await rig.ear.hears("found")
    assert rig.ear.all("lost")[0] == "it is no PN532"


async def test_a_chip_that_nobody_shows_a_card_is_asked_whether_it_is_there(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.plug()
    async with running(rig, check_s=0.05):
        await rig.ear.hears("found")
        await rig.until(lambda: rig.model.asked.count(pn532.GET_FIRMWARE_VERSION) >= 3)
        assert rig.ear.all("lost") == []
        monkeypatch.setattr(pn532, "ACK_S", 0.05)
        monkeypatch.setattr(pn532, "ANSWER_S", 0.05)
        rig.model.asleep = True  # it has lost its power
        await rig.ear.hears("lost")
        assert rig.ear.all("lost") == ["it does not answer"]
        await rig.ear.hears("found", 2)


async def test_a_flood_of_nonsense_is_cut_off(rig: Rig) -> None:
    rig.plug()
    async with running(rig):
        await rig.ear.hears("found")
        while not rig.ear.all("lost"):
            rig.say(b"\xa5" * 512)
            await asyncio.sleep(0)
    assert rig.ear.all("lost")[0] == "it talks nonsense"


def frames(*chunks: bytes) -> list[bytes]:
    found = pn532.Frames()

    def each() -> Iterator[bytes]:
        for chunk in chunks:
            yield from found.feed(chunk)

    return list(each())


def test_a_frame_is_found_however_it_is_cut() -> None:
    whole = framed(b"\xd5\x03\x32\x01\x06\x07")
    for at in range(len(whole)):
        assert frames(whole[:at], whole[at:]) == [b"\xd5\x03\x32\x01\x06\x07"]
    assert frames(*(bytes((each,)) for each in whole * 3)) == [b"\xd5\x03\x32\x01\x06\x07"] * 3


@pytest.mark.parametrize("place", range(3, 12))
def test_a_frame_with_one_wrong_byte_is_none(place: int) -> None:
    whole = bytearray(framed(b"\xd5\x03\x32\x01\x06\x07"))
    whole[place] ^= 0x40
    assert frames(bytes(whole), framed(b"\xd5\x15")) == [b"\xd5\x15"]


def test_what_holds_no_frame_is_not_kept() -> None:
    found = pn532.Frames()
    for _ in range(100):
        assert list(found.feed(b"\xa5" * NONSENSE)) == []
    assert len(found._held) < 2


@pytest.mark.parametrize(
    "said", ["", "00", "0101000408", "020100040804", "010100040805aabbccddee", "010100040807aabbccdd"]
)
def test_an_answer_without_a_whole_uid_is_no_card(said: str) -> None:
    assert pn532.uid_of(bytes.fromhex(said)) == b""

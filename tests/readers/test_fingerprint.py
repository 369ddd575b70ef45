"""A modelled fingerprint sensor at the end of a pty: touched, taught, garbled, pulled out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lockd.errors import Duplicate, Failure, LockdError, NotFound, ResourceExhausted
from lockd.readers import fingerprint, r503
from lockd.readers.fingerprint import Fingerprint
from lockd.readers.port import SerialPort, Stream
from tests.readers.ear import Ear, Touch
from tests.readers.pty import Plug
from tests.readers.r503_model import R503, packet


class Rig(Plug):
    """The sensor with Anna in slot 3, its plug, its touch line, and what the driver tells."""

    model: R503

    def __init__(self, path: Path) -> None:
        super().__init__(path, R503())
        self.model.templates = {3: "anna"}
        self.ear, self.touch = Ear(), Touch()
        self.named: frozenset[int] | None = frozenset((3,))
        self.steps: list[str] = []
        self.sensor = Fingerprint(self.connect, self.touch, self.ear, lambda: self.named, waits=(0.01,), look_s=0.001)

    async def connect(self) -> Stream:
        return Stream(SerialPort(str(self.path), r503.BAUD))

    def lay(self, finger: str) -> None:
        self.model.finger = finger
        self.touch.set(bool(finger))

    async def change(self, finger: str) -> None:
        """Lift whatever lies there, and then lay this one."""
        self.lay("")
        await asyncio.sleep(0)
        self.lay(finger)

    def follow(self, *fingers: str) -> None:
        """At each step do as asked, with these fingers one after the other."""
        left = list(fingers)

        def step(asked: str) -> None:
            self.steps.append(asked)
            if asked == "lift":
                self.lay("")
            elif left:
                self.lay(left.pop(0))

        self.step = step


@asynccontextmanager
async def running(rig: Rig) -> AsyncIterator[Rig]:
    task = asyncio.create_task(rig.sensor.run())
    try:
        yield rig
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        rig.unplug()


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = Rig(tmp_path / "port")
    made.plug()
    async with running(made):
        await made.ear.hears("found")
        yield made


async def test_a_finger_is_one_try_and_the_sensor_is_left_alone_until_it_is_touched(rig: Rig) -> None:
    rig.model.asked.clear()
    rig.lay("anna")
    await rig.ear.hears("finger")
    assert rig.ear.all("finger") == [3]
    asked = list(rig.model.asked)
    await rig.change("stranger")
    await rig.ear.hears("unknown")
    assert asked == [r503.GET_IMAGE, r503.EXTRACT, r503.SEARCH, r503.SEARCH]
    assert rig.ear.all("finger") == [3]


async def test_a_poor_image_is_taken_again_and_a_hopeless_one_is_no_try(rig: Rig) -> None:
    rig.model.poor = 3
    rig.lay("anna")
    await rig.ear.hears("finger")
    rig.model.poor = fingerprint.LOOKS
    await rig.change("stranger")
    await rig.until(lambda: not rig.model.poor)
    await rig.change("anna")
    await rig.ear.hears("finger", 2)
    assert rig.ear.all("unknown") == []


async def test_a_finger_is_learnt_in_two_looks_and_does_not_open_meanwhile(rig: Rig) -> None:
    rig.follow("bert", "bert")
    await rig.sensor.enrol(7, rig.step)
    assert rig.steps == ["present", "lift", "again"]
    assert rig.model.templates == {3: "anna", 7: "bert"}
    rig.named = frozenset((3, 7))
    await rig.change("anna")
    await rig.ear.hears("finger")
    assert rig.ear.all("finger") == [3]


@pytest.mark.parametrize(
    ("slot", "fingers", "error"),
    [
        (7, ("bert", "carla"), Failure),
        (7, ("anna",), Duplicate),
        (200, (), ResourceExhausted),
        (7, (), NotFound),
        (7, ("bert",), NotFound),
    ],
)
async def test_what_cannot_be_learnt_leaves_the_sensor_as_it_was(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, slot: int, fingers: tuple[str, ...], error: type[LockdError]
) -> None:
    if error is NotFound:
        monkeypatch.setattr(fingerprint, "NEXT_S", 0.05)
    rig.follow(*fingers)
    with pytest.raises(LockdError) as refused:
        await rig.sensor.enrol(slot, rig.step, 0.05)
    assert type(refused.value) is error
    assert rig.model.templates == {3: "anna"}
    assert rig.ear.all("finger") == rig.ear.all("unknown") == []


async def test_a_template_that_no_credential_names_is_removed_and_never_opens(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "port")
    rig.model.templates |= {0: "old", 199: "older"}
    rig.plug()
    async with running(rig):
        await rig.ear.hears("found")
        assert rig.model.templates == {3: "anna"}
        rig.named = frozenset()
        rig.sensor.tidy()
        await rig.until(lambda: not rig.model.templates)
        rig.lay("anna")
        await rig.ear.hears("unknown")


async def test_while_nobody_knows_the_credentials_nothing_is_removed(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "port")
    rig.named = None
    rig.model.templates |= {0: "old"}
    rig.plug()
    async with running(rig):
        await rig.ear.hears("found")
        rig.follow("old")
        with pytest.raises(Duplicate):
            await rig.sensor.enrol(7, rig.step)
        assert rig.model.templates == {0: "old", 3: "anna"}


async def test_learning_ends_when_the_sensor_is_pulled_out(rig: Rig) -> None:
    rig.follow("bert")
    rig.cut = 4
    with pytest.raises(Failure, match="lost meanwhile"):
        await rig.sensor.enrol(7, rig.step)
    with pytest.raises(Failure, match="not there"):
        await rig.sensor.enrol(7, rig.step)
    rig.plug()
    await rig.ear.hears("found", 2)
    rig.follow("bert", "bert")
    await rig.sensor.enrol(7, rig.step)
    assert rig.model.templates == {3: "anna", 7: "bert"}


async def test_pulled_out_while_nobody_touches_it(rig: Rig) -> None:
    rig.unplug()
    await rig.ear.hears("lost")
    rig.plug()
    rig.say(b"\x55")  # as it does when it gets power
    await rig.ear.hears("found", 2)
    rig.lay("anna")
    await rig.ear.hears("finger")


async def test_noise_before_an_answer_is_passed_over(rig: Rig) -> None:
    for noise in (b"\x55", b"\xef\x01\xff\xff", bytes(99), packet(b"\x00")[:-1] + b"\x77", packet(b"\x00", kind=2)):
        rig.noise = noise
        before = len(rig.ear.all("finger"))
        await rig.change("anna")
        await rig.ear.hears("finger", before + 1)
    assert rig.ear.all("lost") == []


async def test_an_answer_to_another_question_opens_nothing(rig: Rig) -> None:
    rig.noise = packet(b"\x00\x00\x03\x00\x64")  # "slot 3", to whoever asked for an image
    rig.lay("stranger")
    await rig.ear.hears("lost")
    assert rig.ear.all("finger") == []


async def test_two_answers_that_differ_open_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, spoiled = rig.model._answer, [b"\x00\x00\x03\x00\x64"]

    def answer(code: int, params: bytes) -> bytes:
        return spoiled.pop() if code == r503.SEARCH and spoiled else usual(code, params)

    monkeypatch.setattr(rig.model, "_answer", answer)
    rig.lay("stranger")
    await rig.ear.hears("lost")
    assert rig.ear.all("finger") == []
    assert "one thing now" in str(rig.ear.all("lost")[0])


async def test_a_password_of_somebody_else_is_told(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "port")
    rig.model.password = b"abcd"
    rig.plug()
    async with running(rig):
        await rig.ear.hears("lost")
    assert "password" in str(rig.ear.all("lost")[0])


def test_a_packet_is_found_however_it_is_cut() -> None:
    whole = packet(b"\x00\x01\x02\x03\x04")
    for at in range(len(whole)):
        found = r503.Packets()
        assert [*found.feed(b"\x55" + whole[:at]), *found.feed(whole[at:] + whole)] == [b"\x00\x01\x02\x03\x04"] * 2


def test_what_holds_no_packet_is_not_kept() -> None:
    found = r503.Packets()
    for _ in range(50):
        assert list(found.feed(b"\xef\x01\xff" * 1000)) == []
    assert len(found._held) < len(r503.HEADER)

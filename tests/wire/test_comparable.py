"""Who is refused learns nothing from how long it took. Time is counted in work, which no busy machine changes: the
calls that the lock makes for one message, and of these the costly ones, which are all of its cryptography.

What tells nothing may differ: whoever sends a message knows himself how much of it fits. It differs by one X25519 at
the most, some 0.1 ms on a Pi, where a radio answers each 7.5 ms at its fastest.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from lockd.core.people import People
from lockd.daemon.phone_book import Known, PhoneBook
from lockd.wire import results
from lockd.wire.errors import HandshakeError
from lockd.wire.noise import Handshake, KeyPair
from lockd.wire.session import LockSession
from tests.wire.ends import Line, World, first_frames, keys, secret

Work = Counter[str]
PSK, INVITATION = secret("psk"), b"8 bytes!"
COSTLY = ("KeyPair.__init__", "KeyPair.shared", "Cipher.__init__", "Cipher.seal", "Cipher.open", "_derive")
#: How much more one refusal of a message may cost than another: one secret that is derived and tried.
APART = {"KeyPair.shared": 1, "Cipher.__init__": 2, "Cipher.open": 1, "_derive": 2}
CALLS_APART = 50
#: A stranger's key may be in two tables, or in none.
LOOK_UP_APART = 3


@contextmanager
def counted(work: Work) -> Iterator[None]:
    """Every function of lockd's that is called meanwhile: others' may be a collection of garbage."""

    def called(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_globals.get("__name__", "").startswith("lockd."):
            work[frame.f_code.co_qualname] += 1

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        yield
    finally:
        sys.setprofile(before)


class Refusal:
    """What the lock does with what `frames` gives. `works`: what each message cost it; `said`: the last answer but for
    its tag, and of a sealed one the length; `code`: why it closed."""

    def __init__(self, line: Line, frames: Callable[[Line], list[bytes]]) -> None:
        self.works: list[Work] = []
        take, work = line.lock.receive, Work()

        def receive(*given: Any) -> Any:
            nonlocal work
            with counted(work):
                out = take(*given)
            if out.frames:
                self.works.append(work)
                work = Work()
            return out

        line.lock.receive = receive  # type: ignore[method-assign]
        line.write(frames(line))
        assert line.commands == []
        (self.code,) = line.ends
        *_, last = line.sent("lock")
        self.said = last[2:] if self.code == results.BAD_HANDSHAKE else len(last)

    @property
    def costly(self) -> Work:
        """Of the message that was refused."""
        return Work({name: self.works[-1][name] for name in COSTLY})


def a_line(name: str = "owner", inviting: bool = False, **more: Any) -> Line:
    world = World()
    if inviting:
        world.invitations.open(INVITATION, PSK, "owner", 0, 0.0)
    return world.connect(name, mtu=247, **more)


def message_1(line: Line) -> list[bytes]:
    return list(line.phone.start("UNLOCK", {}, 0.0).frames)


def message_3(line: Line) -> list[bytes]:
    return first_frames(line, lambda number: number >= 1)


def altered(message: Callable[[Line], list[bytes]], at: int) -> Callable[[Line], list[bytes]]:
    """With a bit flipped in this byte."""

    def frames(line: Line) -> list[bytes]:
        (frame,) = message(line)
        return [frame[:at] + bytes((frame[at] ^ 1,)) + frame[at + 1 :]]

    return frames


def low_order(line: Line) -> list[bytes]:
    return [frame[:5] + bytes(48) for frame in message_1(line)]


def too_late(line: Line) -> list[bytes]:
    """The invitation is closed between messages 2 and 3."""
    frames = message_3(line)
    line.world.invitations.cancel(INVITATION)
    return frames


def no_command(line: Line) -> list[bytes]:
    """It is right, and says nothing."""
    (frame,) = message_1(line)
    line.phone._first = bytes(32)
    (answer,) = line.lock.receive(frame, 0, 247, 0.0).frames
    return list(line.phone.receive(answer, 0.0).frames)


class Claimed(KeyPair):
    """Somebody's public key with another private one."""

    def __init__(self, public: bytes) -> None:
        super().__init__(secret("thief"))
        self.public = public


def claiming(name: str) -> Refusal:
    """To be the phone with that name, without its private key."""
    thief = a_line()
    assert thief.phone._handshake is not None
    thief.phone._handshake._own["s"] = Claimed(keys(name).public)
    return Refusal(thief, message_3)


def expect_the_same(one: Refusal, other: Refusal) -> None:
    assert (one.said, one.code, one.works) == (other.said, other.code, other.works)


def test_whether_a_key_is_known_cannot_be_asked_without_having_it() -> None:
    known, unknown = claiming("owner"), claiming("nobody")
    assert known.said == b"\x1f\x00\x01\x80"
    assert known.costly["KeyPair.shared"] == 1, "it is counted"
    expect_the_same(known, unknown)


def test_a_lock_that_looks_up_too_early_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Handshake._read

    def early(self: Handshake, token: str, message: bytes) -> bytes:
        rest = read(self, token, message)
        if token == "s" and self.remote != keys("owner").public:
            raise HandshakeError("nobody's")
        return rest

    monkeypatch.setattr(Handshake, "_read", early)
    with pytest.raises(AssertionError):
        expect_the_same(claiming("owner"), claiming("nobody"))


def strangers() -> tuple[Refusal, Refusal]:
    """One whom the lock never knew, and one whose row is there still and whose credential is gone."""
    gone = Known(1, keys("gone").public, bytes(32), b"digest", "user", "old", 0)
    book, people = PhoneBook({gone.row.key: gone.row.value}), People()
    found = []
    for name in ("nobody", "gone"):
        world = World()
        world.lock = world.lock.but(who=lambda key: book.who(key, people))
        found.append(Refusal(world.connect(name, mtu=247), message_3))
    return found[0], found[1]


def expect_the_same_cost(unknown: Refusal, revoked: Refusal) -> None:
    assert {unknown.code, revoked.code} == {results.NOT_AUTHORISED}
    assert (unknown.said, unknown.costly) == (revoked.said, revoked.costly)
    assert abs(unknown.works[-1].total() - revoked.works[-1].total()) <= LOOK_UP_APART


def test_an_unknown_phone_and_a_revoked_one_are_answered_alike() -> None:
    unknown, revoked = strangers()
    assert unknown.costly["Cipher.seal"] == 1, "it is counted"
    expect_the_same_cost(unknown, revoked)


def test_a_lock_that_is_short_with_the_revoked_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def who(self: PhoneBook, key: bytes, _: People) -> None:
        if self.find(key) is not None:
            raise HandshakeError("revoked")

    monkeypatch.setattr(PhoneBook, "who", who)
    with pytest.raises(AssertionError):
        expect_the_same_cost(*strangers())


def refused_at_once() -> dict[str, Refusal]:
    """At message 1."""
    return {
        "another lock's key": Refusal(a_line(lock_key=keys("x").public), message_1),
        "altered": Refusal(a_line(), altered(message_1, 5)),
        "a point of low order": Refusal(a_line(), low_order),
        "an invitation, and none is open": Refusal(a_line(psk=PSK), message_1),
    }


def refused_later() -> dict[str, Refusal]:
    """At message 3."""
    return {
        "an altered key": Refusal(a_line(), altered(message_3, 5)),
        "an altered command": Refusal(a_line(), altered(message_3, 60)),
        "a key that is another's": claiming("owner"),
        "nothing said": Refusal(a_line(), no_command),
        "a wrong PSK": Refusal(a_line("new", inviting=True, psk=secret("x")), message_3),
        "the PSK, and an altered key": Refusal(a_line("new", inviting=True, psk=PSK), altered(message_3, 5)),
        "the PSK, and an altered command": Refusal(a_line("new", inviting=True, psk=PSK), altered(message_3, 60)),
        "an invitation that is over": Refusal(a_line("new", inviting=True, psk=PSK), too_late),
    }


def expect_comparable(refusals: Mapping[str, Refusal], message: int) -> None:
    for why, each in refusals.items():
        assert (each.said, len(each.works)) == (b"\x1f\x00\x01\x80", message), why
    for name in COSTLY:
        costs = {why: each.costly[name] for why, each in refusals.items()}
        assert max(costs.values()) - min(costs.values()) <= APART.get(name, 0), (name, costs)
    totals = {why: each.works[-1].total() for why, each in refusals.items()}
    assert max(totals.values()) - min(totals.values()) <= CALLS_APART, totals


def test_every_refusal_of_a_message_costs_about_the_same() -> None:
    expect_comparable(refused_at_once(), 1)
    expect_comparable(refused_later(), 2)


def test_a_lock_that_tries_no_secret_or_too_many_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    introduced = LockSession._introduced

    def hasty(self: LockSession, body: bytes, at: float) -> Any:
        if self.invitation is not None:
            raise HandshakeError("not now")
        return introduced(self, body, at)

    def slow(self: LockSession, body: bytes, at: float) -> Any:
        for _ in range(2 if self.invitation is not None else 0):
            keys("x").shared(keys("y").public)
        return introduced(self, body, at)

    for other in (hasty, slow):
        monkeypatch.setattr(LockSession, "_introduced", other)
        with pytest.raises(AssertionError, match=r"Cipher\.open|KeyPair"):
            expect_comparable(refused_later(), 2)

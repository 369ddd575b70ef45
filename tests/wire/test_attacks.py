"""What must not work, with two ends in memory. Each test names the line that defends it: without that line it fails.

`Defence: file: code` is looked up in lockd by the last test, so that no name of a line goes stale.
"""

from __future__ import annotations

import gc
import random
import re
import tracemalloc
from pathlib import Path
from typing import get_args

import pytest

from lockd.wire import cbor, cose, framing, messages, results
from lockd.wire.end import MAX_MESSAGES
from lockd.wire.errors import PassRefused, VersionError
from lockd.wire.events import CommandReceived, Output
from lockd.wire.framing import DATA, FIRST, HANDSHAKE_1, HANDSHAKE_2, HANDSHAKE_3, LAST, fragments
from lockd.wire.limits import Connections
from lockd.wire.messages import ALL
from lockd.wire.noise import KeyPair
from lockd.wire.passes import PASS, RevocationList, sign_list, verify_list, verify_pass
from lockd.wire.rights import Role, may
from lockd.wire.session import LockSession, Phone
from tests.wire.ends import Line, World, first_frames, keys, secret
from tests.wire.test_messages import RIGHT
from tests.wire.test_passes import BOOK, HOLDER, ID, NOW, altered, pass_of, public

PSK = secret("psk")
ROOT = Path(__file__).parents[2]


def opened(world: World | None = None, mtu: int = 247) -> Line:
    """A session whose first command was answered."""
    line = (world or World()).connect(mtu=mtu).open("STATUS")
    line.answer(1)
    return line


def tag(line: Line) -> int:
    return line.phone._frames.tag or 0


def refused(line: Line, code: int = results.BAD_HANDSHAKE) -> None:
    """Nothing was done, and the connection is over."""
    assert line.commands in ([], ["STATUS"])
    assert line.ends == [code]


def test_unlock_without_a_handshake() -> None:
    # Defence: session.py: raise HandshakeError(f"a message of type {message.kind} out of turn")
    for kind in (DATA, HANDSHAKE_3):
        line = World().connect()
        line.write(fragments(kind, 1, messages.write_request("UNLOCK", 1, {}), 247))
        refused(line)


def test_a_plaintext_in_a_session() -> None:
    # Defence: noise.py: return self._aead.decrypt(self._nonce(), sealed, bound)
    for plain in (b"\1", messages.write_request("UNLOCK", 2, {}), messages.write_request("UNLOCK", 2, {})[:20]):
        line = opened()
        line.write(fragments(DATA, tag(line), plain, 247))
        refused(line)


def test_message_1_with_something_in_it() -> None:
    # Defence: session.py: if len(body) != KEY + TAG:
    line = World().connect()
    assert line.phone._handshake is not None
    message = line.phone._handshake.write(messages.write_request("UNLOCK", 1, {}))
    line.write(fragments(HANDSHAKE_1, tag(line), message, 247))
    refused(line)
    assert len(line.sent("lock")) == 1


def test_a_whole_session_again() -> None:
    # Defence: session.py: ephemeral = KeyPair(self._lock.random(KEY))
    world = World()
    line = world.connect().open("UNLOCK")
    assert line.commands == ["UNLOCK"]
    again = world.connect()
    again.write(line.sent("phone"))
    refused(again)


def test_message_1_again() -> None:
    # Defence: session.py: ("start", HANDSHAKE_1): self._greeted,
    line = opened()
    line.write(line.sent("phone")[:1])
    refused(line)
    another = World().connect()
    another.write(line.sent("phone")[:1])
    assert another.lock.state == "answered"
    assert another.lock_events == []
    another.wait(5.0)
    refused(another)


def test_a_transport_frame_again() -> None:
    # Defence: noise.py: self.count += 1
    line = opened()
    line.ask("UNLOCK")
    assert line.commands == ["STATUS", "UNLOCK"]
    line.write(line.sent("phone")[-1:])
    assert line.commands == ["STATUS", "UNLOCK"]
    assert line.ends == [results.BAD_HANDSHAKE]


def test_frames_of_another_phone() -> None:
    # Defence: framing.py: if value[1] != self.tag:
    world = World("owner", "user")
    line, other = opened(world), world.connect("user", mtu=247).open("STATUS")
    other.answer(1)
    theirs = other.phone.send("UNLOCK", {}, 0.0).frames
    line.write(theirs)
    assert (line.commands, line.ends) == (["STATUS"], [])
    line.ask("LOCK")
    assert line.commands == ["STATUS", "LOCK"]


def test_frames_of_another_phone_with_our_tag() -> None:
    # Defence: noise.py: return self._aead.decrypt(self._nonce(), sealed, bound)
    world = World("owner", "user")
    line, other = opened(world), world.connect("user", mtu=247).open("STATUS")
    other.answer(1)
    (frame,) = other.phone.send("UNLOCK", {}, 0.0).frames
    line.write([frame[:1] + bytes((tag(line),)) + frame[2:]])
    refused(line)


def test_frames_in_another_order() -> None:
    # Defence: framing.py: if flags & COUNTER != self._count & COUNTER:
    line = opened(mtu=23)
    frames = line.phone.send("CONFIG", {"name": "x" * 60}, 0.0).frames
    line.write([frames[0], frames[2], frames[1], *frames[3:]])
    refused(line, results.BAD_FRAMING)


def test_messages_in_another_order() -> None:
    # Defence: noise.py: nonce = self.count.to_bytes(12, "big")
    line = opened()
    first, second = (line.phone.send(command, {}, 0.0).frames for command in ("LOCK", "UNLOCK"))
    line.write([*second, *first])
    refused(line)


def test_a_frame_left_out() -> None:
    # Defence: end.py: return self._fail(error.code, at)
    # What notices it are the marks, the counter and the length, each enough without the others (test_framing.py).
    for missing in (0, 1, 2):
        line = opened(mtu=23)
        frames = [frame for command in ("LOCK", "UNLOCK") for frame in line.phone.send(command, {}, 0.0).frames]
        del frames[missing]
        line.write(frames)
        refused(line, results.BAD_FRAMING)


def test_a_message_left_out() -> None:
    # Defence: noise.py: nonce = self.count.to_bytes(12, "big")
    line = opened()
    line.phone.send("LOCK", {}, 0.0)
    line.ask("UNLOCK")
    refused(line)


def test_a_frame_cut_short() -> None:
    # Defence: framing.py: if last != (len(self._body) == self._length):
    line = opened()
    (frame,) = line.phone.send("UNLOCK", {}, 0.0).frames
    line.write([frame[:-1]])
    refused(line, results.BAD_FRAMING)


@pytest.mark.parametrize("number", [0, 1, 2], ids=["message 1", "message 3", "command"])
def test_each_bit_flipped(number: int) -> None:
    # Defence: noise.py: return self._aead.decrypt(self._nonce(), sealed, bound)
    # A lock that always draws the same would answer the same frames again: so each bit meets the same session.
    world = World()
    world.lock = world.lock.but(random=lambda size: secret("always")[:size])
    line = world.connect(mtu=247).open("STATUS")
    line.answer(1)
    line.ask("UNLOCK")
    *before, frame = line.sent("phone")[: number + 1]
    assert asked(world, [*before, frame]) == (number > 0)
    for bit in range(8 * len(frame)):
        assert not asked(world, [*before, flipped(frame, bit)])


def asked(world: World, frames: list[bytes]) -> bool:
    """Whether the last frame makes the lock do something. Without it the session comes to its end."""
    lock = LockSession(world.lock, 0.0)
    for number, frame in enumerate(frames):
        out = lock.receive(frame, 0, 247, 0.0)
        if number == 1 and len(frames) > 2:
            lock.reply(1, results.COMPLETE, {}, 0.0)
    assert lock.closed or lock.tick(30.0).events
    return any(isinstance(event, CommandReceived) for event in out.events)


def flipped(frame: bytes, bit: int) -> bytes:
    changed = bytearray(frame)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


#: Every u-coordinate of low order: 0, 1, two of order 8, and p - 1; p and p + 1 are 0 and 1 again.
P = 2**255 - 19
EIGHTH = 325606250916557431795983626356110631294008115727848805560023387167927233504
LOW = (0, 1, EIGHTH, 39382357235489614581723060781553021112529911719440698176882885853963445705823, P - 1, P, P + 1)


class Point(KeyPair):
    """A public key of low order, with which every secret is zero."""

    def __init__(self, u: int) -> None:
        self.public = u.to_bytes(32, "little")

    def shared(self, public: bytes) -> bytes:
        return bytes(32)


@pytest.mark.parametrize("u", LOW, ids=range(len(LOW)))
def test_a_point_of_low_order_as_ephemeral_key(u: int) -> None:
    # Defence: noise.py: return self._private.exchange(X25519PublicKey.from_public_bytes(public))
    line = World().connect()
    assert line.phone._handshake is not None
    line.phone._handshake._own["e"] = Point(u)
    line.open("UNLOCK")
    refused(line)
    assert line.sent("lock") == list(fragments(framing.CLEAR_ERROR, tag(line), b"\x80", 23))


@pytest.mark.parametrize("u", LOW, ids=range(len(LOW)))
def test_a_point_of_low_order_as_the_phones_key(u: int) -> None:
    # Defence: noise.py: return self._private.exchange(X25519PublicKey.from_public_bytes(public))
    world = World()
    world.people[u.to_bytes(32, "little")] = Phone("owner", 1)
    line = world.connect()
    assert line.phone._handshake is not None
    line.phone._handshake._own["s"] = Point(u)
    line.open("UNLOCK")
    refused(line)


def test_the_locks_own_frames_sent_back() -> None:
    # Defence: noise.py: return (first, second) if self._initiator else (second, first)
    line = opened()
    line.write(line.sent("lock")[-1:])
    refused(line)
    started = World().connect(mtu=247)
    (first,) = started.phone.start("UNLOCK", {}, 0.0).frames
    (second,) = started.lock.receive(first, 0, 247, 0.0).frames
    for kind in (HANDSHAKE_1, HANDSHAKE_2, HANDSHAKE_3):
        line = World().connect(mtu=247)
        line.lock.receive(first, 0, 247, 0.0)
        line.write([second[:2] + bytes((kind,)) + second[3:]])
        assert (line.commands, len(line.ends)) == ([], 1)


def test_the_phones_own_frames_sent_back() -> None:
    # Defence: noise.py: return (first, second) if self._initiator else (second, first)
    line = World().connect().open("STATUS")
    line.from_lock(Output(line.phone.send("LOCK", {}, 0.0).frames))
    assert line.phone_ends == [results.BAD_HANDSHAKE]


def test_a_handshake_meant_for_another_lock() -> None:
    # Defence: noise.py: return self._aead.decrypt(self._nonce(), sealed, bound)
    line = World().connect(lock_key=keys("another lock").public).open("UNLOCK")
    refused(line)
    assert len(line.sent("lock")) == 1


def test_a_lock_that_is_not_the_one() -> None:
    # Defence: noise.py: self._mix_key(self._own[own].shared(self._theirs[theirs]))
    world = World()
    line = Line(world, "owner", lock_key=keys("another lock").public)
    line.lock = LockSession(world.lock.but(keys=Impostor("another lock")), 0.0)
    line.open("UNLOCK")
    assert (line.commands, line.phone.state) == ([], "closed")


def test_a_phone_that_shows_the_key_of_another() -> None:
    # Defence: noise.py: self._mix_key(self._own[own].shared(self._theirs[theirs]))
    line = World().connect("thief")
    assert line.phone._handshake is not None
    line.phone._handshake._own["s"] = Impostor("owner")
    line.open("UNLOCK")
    refused(line)


class Impostor(KeyPair):
    """It shows the public key of somebody whose private one it does not have."""

    def __init__(self, shown: str) -> None:
        super().__init__(secret("impostor"))
        self.public = keys(shown).public


def test_an_unknown_phone() -> None:
    # Defence: rights.py: return role in TABLE.get(command, ())
    for command in ALL:
        if command.name != "PASS":
            line = World().connect("stranger").open(command.name, **RIGHT[command.name])
            refused(line, results.NOT_AUTHORISED)
            assert line.results == [(1, results.NOT_AUTHORISED)]


def test_a_stranger_whose_pass_is_still_looked_at() -> None:
    # Defence: session.py: if self._waiting is not None or len(self._due) >= MAX_UNDER_WAY:
    line = World().connect("guest").open("PASS", **{"pass": b"forged"})
    line.ask("PASS", **{"pass": b"forged, too"})
    assert line.commands == ["PASS"]
    assert line.ends == [results.BUSY]


def test_a_revoked_phone() -> None:
    # Defence: session.py: known = self._lock.who(self.phone_key)
    world = World()
    opened(world)
    world.people.clear()
    line = world.connect().open("UNLOCK")
    refused(line, results.NOT_AUTHORISED)


def test_a_phone_revoked_while_it_is_connected() -> None:
    # Defence: session.py: return self._ended(frames, result, at)
    line = opened()
    unlock = line.phone.send("UNLOCK", {}, 0.0).frames
    line.from_lock(line.lock.close(results.REVOKED, 0.0))
    line.write(unlock)
    refused(line, results.REVOKED)
    assert line.phone_ends == [results.REVOKED]


@pytest.mark.parametrize("role", get_args(Role))
def test_every_command_of_every_role(role: Role) -> None:
    # Defence: session.py: if not self._may(command.name):
    for command in ALL:
        world = World("owner")
        world.people[keys("phone").public] = Phone(role, 1)
        line = world.connect("phone").open(command.name, **RIGHT[command.name])
        allowed = may(role, command.name)
        assert line.commands == ([command.name] if allowed else [])
        assert line.results == ([] if allowed else [(1, results.FORBIDDEN)])


def test_a_role_named_in_a_payload() -> None:
    # Defence: messages.py: if self.changes and unknown:
    world = World("user")
    for command in ("UNLOCK", "LOCK"):
        line = world.connect("user").open(command, role="owner")
        assert (line.commands, line.results) == ([], [(1, results.BAD_PARAM)])
    line = world.connect("user").open("STATUS", role="owner")
    assert line.lock.phone == Phone("user", 1)
    world.invitations.open(b"8 bytes!", PSK, "user", 0, 0.0)
    line = world.connect("new", psk=PSK).open("ENROL", label="x", sign=bytes(32), role="owner")
    assert (line.commands, line.results) == ([], [(1, results.BAD_PARAM)])


def test_info_that_was_changed_on_its_way() -> None:
    # Defence: end.py: return b"LKP1\0" + hashlib.sha256(info).digest() + bytes((mode,))
    line = World().connect(info=messages.write_info(messages.Info(caps=0))).open("UNLOCK")
    refused(line)


def test_an_unknown_version() -> None:
    # Defence: messages.py: if info.proto != PROTO:
    with pytest.raises(VersionError):
        World().connect(info=messages.write_info(messages.Info(proto=0)))


def test_a_session_taken_for_an_enrolment() -> None:
    # Defence: session.py: if not self._may(command.name):
    world = World()
    invitation = world.invitations.open(b"8 bytes!", PSK, "user", 0, 0.0)
    line = world.connect("new").open("ENROL", label="x", sign=bytes(32))
    refused(line, results.NOT_AUTHORISED)
    assert world.invitations.current(0.0) is invitation


def enrol(world: World, psk: bytes = PSK, name: str = "new") -> Line:
    return world.connect(name, psk=psk).open("ENROL", label="x", sign=bytes(32))


def test_an_enrolment_without_an_invitation() -> None:
    # Defence: session.py: if self.invitation is None:
    refused(enrol(World()))


def test_an_enrolment_with_a_wrong_secret() -> None:
    # Defence: noise.py: self._chain, mixed, key = _derive(self._chain, self._psk, 3)
    world = World()
    world.invitations.open(b"8 bytes!", PSK, "owner", 0, 0.0)
    refused(enrol(world, secret("guessed")))


def test_an_enrolment_tried_a_sixth_time() -> None:
    # Defence: session.py: self._lock.invitations.failed(self.invitation.id, at)
    world = World()
    world.invitations.open(b"8 bytes!", PSK, "owner", 0, 0.0)
    for _ in range(5):
        refused(enrol(world, secret("guessed")))
    refused(enrol(world))


def test_an_enrolment_a_second_time() -> None:
    # Defence: enrolment.py: taken, self._open = self._open, None
    world = World()
    world.invitations.open(b"8 bytes!", PSK, "owner", 0, 0.0)
    assert enrol(world).commands == ["ENROL"]
    refused(enrol(world, name="another"))


def test_two_enrolments_side_by_side() -> None:
    # Defence: session.py: raise HandshakeError("an invitation that is used up or over")
    world = World()
    world.invitations.open(b"8 bytes!", PSK, "owner", 0, 0.0)
    line = world.connect("slow", psk=PSK, mtu=247)
    (held,) = first_frames(line, lambda number: number == 1)
    assert enrol(world).commands == ["ENROL"]
    line.write([held])
    refused(line)


def test_an_enrolment_after_its_time() -> None:
    # Defence: enrolment.py: if self._open is not None and at >= self._open.until:
    # Nothing here knows of another clock than the monotonic one: setting the other back changes nothing.
    world = World()
    world.invitations.open(b"8 bytes!", PSK, "owner", 0, 0.0)
    world.at = 120.0
    refused(enrol(world))
    late = World()
    late.invitations.open(b"8 bytes!", PSK, "owner", 0, 0.0)
    late.at = 119.0
    line = late.connect("slow", psk=PSK, mtu=247)
    (held,) = first_frames(line, lambda number: number == 1)
    late.at = 120.0
    line.write([held])
    refused(line)


def test_idle_connections_are_not_held() -> None:
    # Defence: limits.py: going = (*silent[:-1], *late[:-1])
    connections = Connections()
    for device in "abc":
        connections.opened(device, 0.0)
    assert connections.overdue(2.0) == ("a", "b")
    assert connections.opened("phone", 2.0) is None
    # Defence: end.py: self._idle = at + HANDSHAKE_S
    line = World().connect()
    line.wait(5.0)
    refused(line)


def test_one_byte_every_four_seconds() -> None:
    # Defence: framing.py: self.deadline = at + REASSEMBLY_S
    line = World().connect()
    line.write([bytes((FIRST, 1, HANDSHAKE_1, 0, 48, 0))])
    for count in range(1, 3):
        line.wait(4.0)
        line.write([bytes((count, 1, 0))])
    refused(line, results.BAD_FRAMING)
    line = opened()
    line.write([bytes((FIRST, tag(line), DATA, 0, 48, 0))])
    for count in range(1, 3):
        line.wait(4.0)
        line.write([bytes((count, tag(line), 0))])
    refused(line, results.BAD_FRAMING)


def test_a_message_that_begins_anew_every_four_seconds() -> None:
    # Defence: framing.py: if bool(flags & FIRST) == (self.deadline is not None):
    line = World().connect()
    first = [bytes((FIRST, 1, HANDSHAKE_1, 0, 48, 0))]
    line.write(first)
    line.wait(4.0)
    line.write(first)
    refused(line, results.BAD_FRAMING)


def test_a_session_that_has_no_end() -> None:
    # Defence: session.py: if self._spent:
    asking, answered = opened(), World().connect().open()
    for _ in range(MAX_MESSAGES):
        if not asking.ends:
            asking.ask("STATUS", identity=1)
        if not answered.ends:
            answered.answer(1, results.ACCEPTED)
    assert asking.ends == answered.ends == [results.TIMEOUT]


def test_lengths_that_are_too_large() -> None:
    # Defence: framing.py: if self._kind not in self._kinds or not 0 < self._length <= MAX_MESSAGE:
    for length in (2049, 65535):
        line = World().connect()
        line.write([bytes((FIRST, 1, HANDSHAKE_1)) + length.to_bytes(2, "big") + bytes(100)])
        refused(line, results.BAD_FRAMING)


def test_handshakes_that_fail_without_end() -> None:
    # Defence: session.py: self._lock.limit.failed(at)
    world = World()
    for _ in range(10):
        refused(world.connect("stranger").open("UNLOCK"), results.NOT_AUTHORISED)
    bad = world.connect("stranger", lock_key=keys("another").public).open("UNLOCK")
    refused(bad, results.TOO_MANY_HANDSHAKES)
    world.at = 60.0
    refused(world.connect(lock_key=keys("another").public).open("UNLOCK"))


def test_a_phone_that_the_lock_knows_does_not_pay_for_others() -> None:
    # Defence: session.py: if not self.verified and self._lock.limit.exceeded(at):
    world = World()
    for _ in range(20):
        world.connect("stranger").open("UNLOCK")
    assert world.limit.exceeded(0.0)
    line = world.connect().open("UNLOCK")
    assert line.commands == ["UNLOCK"]
    line.answer(1)
    line.write([b""])
    assert line.ends == [results.BAD_FRAMING]


def test_random_writes() -> None:
    # Defence: end.py: except WireError as error:
    drawn = random.Random(1)
    world = World()
    writes = [writing(drawn) for _ in range(1500)]
    line = scribble(world, writes[:500])
    gc.collect()
    tracemalloc.start()
    scribble(world, writes)
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert line.commands == []
    assert kept < 20_000


def writing(drawn: random.Random) -> bytes:
    """Now and then what looks like the start of a message of ours."""
    head = drawn.choice((b"", bytes((FIRST, 1, HANDSHAKE_1)), bytes((FIRST | LAST, 1, HANDSHAKE_1, 0, 48))))
    return head + drawn.randbytes(drawn.choice((0, 1, 2, 3, 20, 48, 244, 512)))


def scribble(world: World, writes: list[bytes]) -> Line:
    """A device that writes them all, and connects again whenever it is thrown out."""
    line = world.connect()
    for value in writes:
        out = line.lock.receive(value, 0, 23, world.at)
        line.lock_events = [*out.events]
        assert not line.commands
        if line.lock.closed:
            line.lock = LockSession(world.lock, world.at)
    return line


def test_a_second_phone_that_listens() -> None:
    # Defence: framing.py: if value[1] != self.tag:
    world = World("owner", "user")
    line, listener = world.connect(mtu=247).open("UNLOCK"), opened(world)
    listener_heard = len(listener.phone_events)
    line.answer(1, fields={"state": "Unlocked"})
    for frame in line.sent("lock"):
        assert b"Unlocked" not in frame
        listener.from_phone(listener.phone.receive(frame, 0.0))
    assert len(listener.phone_events) == listener_heard
    assert listener.phone.state == "open"


def pass_refused(data: bytes, holder: bytes = HOLDER, now: object = NOW, used: int = 0) -> int:
    with pytest.raises(PassRefused) as why:
        verify_pass(data, holder, BOOK.but(used={ID: used}), now)  # type: ignore[arg-type]
    return why.value.code


def test_a_pass_that_was_altered() -> None:
    # Defence: passes.py: if not cose.holds(kind, data, given.issuer):
    protected, unprotected, payload, signature = cbor.decode(pass_of())
    longer = cbor.encode(cbor.decode(payload) | {"exp": 2**40})
    assert pass_refused(cbor.encode([protected, unprotected, longer, signature])) == results.NOT_AUTHORISED


def test_a_pass_that_was_forged() -> None:
    # Defence: passes.py: if book.issuers.get(given.issuer) not in ISSUERS:
    payload = cbor.encode(cbor.decode(cose.payload(pass_of())) | {"iss": public("forger")})
    assert pass_refused(cose.sign(PASS, payload, public("forger"), secret("forger"))) == results.NOT_AUTHORISED


def test_a_pass_of_another_phone() -> None:
    # Defence: passes.py: (given.holder != holder, results.NOT_AUTHORISED, "the pass of another phone"),
    assert pass_refused(pass_of(), holder=keys("thief").public) == results.NOT_AUTHORISED


def test_a_pass_used_twice() -> None:
    # Defence: passes.py: (0 < given.uses <= book.used.get(given.id, 0), results.USED_UP, "a pass that is used up"),
    once = pass_of(uses=1)
    assert verify_pass(once, HOLDER, BOOK, NOW).uses == 1
    assert pass_refused(once, used=1) == results.USED_UP


def test_a_pass_of_a_guest_who_is_barred() -> None:
    # Defence: passes.py: (holder in book.barred, results.REVOKED, "the pass of a guest who is barred"),
    with pytest.raises(PassRefused):
        verify_pass(pass_of(), HOLDER, BOOK.but(barred=frozenset([HOLDER])), NOW)


def test_an_older_list_that_would_take_a_newer_one_back() -> None:
    # Defence: passes.py: if given.number <= latest:
    older = sign_list(RevocationList(BOOK.lock, public("signing"), 4, 0, ()), secret("signing"))
    assert verify_list(older, BOOK.but(lists={public("signing"): 3})).number == 4
    for latest in (4, 5):
        with pytest.raises(PassRefused):
            verify_list(older, BOOK.but(lists={public("signing"): latest}))


def test_a_pass_without_a_trusted_clock() -> None:
    # Defence: passes.py: (not now.trusted, results.TIME_UNKNOWN, "the lock does not know the time"),
    assert pass_refused(pass_of(), now=NOW.but(trusted=False)) == results.TIME_UNKNOWN


def test_a_pass_that_grants_more_than_a_guest_may() -> None:
    # Defence: passes.py: if not numbers or len(rights) != len(numbers) or not set(rights) <= set(GRANTABLE):
    assert pass_refused(altered(cmd=[1, 11])) == results.BAD_PARAM


def test_every_failure_before_the_phone_is_known_looks_alike() -> None:
    # Defence: session.py: raise HandshakeError("message 3 does not fit") from None
    said = set()
    for name, changes in (("owner", {"lock_key": keys("x").public}), ("owner", {"psk": PSK}), ("x", {"psk": PSK})):
        line = World().connect(name, **changes).open("UNLOCK")
        said.add((tuple(frame[2:] for frame in line.sent("lock")), *line.errors))
    world = World()
    world.invitations.open(b"8 bytes!", PSK, "owner", 0, 0.0)
    garbled = world.connect("new", psk=PSK)
    garbled.phone._first = b""
    garbled.from_phone(without_a_command(garbled))
    said.add((tuple(frame[2:] for frame in garbled.sent("lock")[-1:]), *garbled.errors))
    assert said == {((b"\x1f\x00\x01\x80",), results.BAD_HANDSHAKE)}


def without_a_command(line: Line) -> Output:
    out = line.phone.start("UNLOCK", {}, 0.0)
    line.phone._first = bytes(32)
    return out


@pytest.mark.parametrize(
    ("tests", "within", "least"),
    [("tests/wire/test_attacks.py", "lockd/wire", 50), ("tests/pi/test_phone_attacks.py", "lockd", 15)],
)
def test_the_lines_named_here_and_on_the_radio_are_there(tests: str, within: str, least: int) -> None:
    named = re.findall(r"# Defence: ([\w/]+\.py): (.+)", (ROOT / tests).read_text())
    assert len(named) >= least
    for file, line in named:
        assert line in (ROOT / within / file).read_text(), line

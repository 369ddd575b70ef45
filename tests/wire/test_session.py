"""A session from both its ends: the handshake, commands and answers, and every limit."""

from __future__ import annotations

import pytest

from lockd.wire import messages, results
from lockd.wire.errors import HandshakeError, MessageError, VersionError
from lockd.wire.events import Closed, CommandReceived, Opened, Output, Replied
from lockd.wire.framing import DATA, HANDSHAKE_2, fragments
from lockd.wire.session import MAX_UNDER_WAY, Phone
from tests.wire.ends import Line, World, first_frames, keys


def test_unlock_with_the_handshake() -> None:
    line = World("owner").connect().open("UNLOCK", pin="123456")
    key = keys("owner").public
    assert line.lock_events == [
        Opened(key, "owner", 1), CommandReceived(1, "UNLOCK", {"pin": "123456"}, key, "owner", 1)
    ]  # fmt: skip
    line.answer(1, results.ACCEPTED)
    line.answer(1, results.COMPLETE, {"state": "Unlocked"})
    assert line.phone_events == [
        Opened(), Replied(1, results.ACCEPTED, {}), Replied(1, results.COMPLETE, {"state": "Unlocked"})
    ]  # fmt: skip
    assert (line.lock.phone_key, line.lock.verified, line.lock.state) == (key, True, "open")


@pytest.mark.parametrize("mtu", [0, 23, 100, 247, 517])
def test_with_any_mtu(mtu: int) -> None:
    line = World().connect(mtu=mtu).open("UNLOCK")
    line.answer(1, fields={"x": bytes(500)})
    assert line.results == [(1, results.COMPLETE)]
    assert max(len(frame) for _, frame in line.air) <= max(20, min(mtu - 3, 244))


def test_the_lock_keeps_the_mtu_that_it_saw_last() -> None:
    line = World().connect(mtu=100).open()
    line.mtu = 0
    line.answer(1, fields={"x": bytes(500)})
    assert len(line.sent("lock")[-2]) == 97


def test_what_was_typed_is_not_shown() -> None:
    line = World().connect().open("UNLOCK", pin="123456")
    assert "123456" not in repr(line.lock_events)


def test_further_commands() -> None:
    line = World().connect().open("STATUS")
    for identity, command in enumerate(("LOCK", "UNLOCK", "STATUS"), 2):
        line.answer(identity - 1)
        line.ask(command)
    assert line.commands == ["STATUS", "LOCK", "UNLOCK", "STATUS"]


def test_the_same_id_twice_gives_the_same_answer_and_one_actuation() -> None:
    line = World().connect().open("UNLOCK")
    line.ask("UNLOCK", identity=1)
    assert (line.commands, line.results) == (["UNLOCK"], [])
    line.answer(1, results.ACCEPTED)
    line.ask("UNLOCK", identity=1)
    line.answer(1, results.BLOCKED)
    line.ask("LOCK", identity=1)
    assert line.commands == ["UNLOCK"]
    assert [result for _, result in line.results] == [results.ACCEPTED] * 2 + [results.BLOCKED] * 2


def test_an_id_from_long_ago_does_nothing() -> None:
    line = World().connect().open("UNLOCK")
    line.answer(1)
    for identity in range(2, 11):
        line.ask("STATUS")
        line.answer(identity)
    line.ask("UNLOCK", identity=2)
    assert line.commands.count("UNLOCK") == 1
    assert line.results[-1] == (2, results.BAD_PARAM)
    line.ask("STATUS", identity=4)
    assert line.results[-1] == (4, results.COMPLETE)


def test_one_command_at_a_time() -> None:
    line = World().connect().open("UNLOCK")
    line.ask("LOCK")
    line.answer(1, results.ACCEPTED)
    line.ask("STATUS")
    assert line.results == [(2, results.BUSY), (1, results.ACCEPTED)]
    assert line.commands == ["UNLOCK", "STATUS"]


def test_so_many_commands_under_way() -> None:
    line = World().connect().open("UNLOCK")
    for identity in range(1, MAX_UNDER_WAY):
        line.answer(identity, results.ACCEPTED)
        line.ask("UNLOCK")
    line.answer(MAX_UNDER_WAY, results.ACCEPTED)
    line.ask("UNLOCK")
    assert line.results[-1] == (MAX_UNDER_WAY + 1, results.BUSY)
    line.answer(1)
    line.ask("STATUS")
    assert line.commands == ["UNLOCK"] * MAX_UNDER_WAY + ["STATUS"]


def test_unknown_commands_and_fields() -> None:
    line = World().connect().open("STATUS", later=1)
    line.answer(1)
    line.phone._last = 2
    line.from_phone(Output(line.phone._sealed(messages.pad({"c": 99, "id": 2}, 100), 0.0)))
    line.ask("UNLOCK", force=True)
    assert line.results == [(1, 0), (2, results.UNSUPPORTED), (3, results.BAD_PARAM)]
    assert line.commands == ["STATUS"]


def test_an_answer_that_nobody_waits_for() -> None:
    line = World().connect().open("UNLOCK")
    line.answer(1)
    for identity in (1, 2):
        with pytest.raises(MessageError, match="waits for no answer"):
            line.lock.reply(identity, results.COMPLETE, {}, 0.0)
    line.wait(200)
    assert line.lock.reply(1, results.COMPLETE, {}, 0.0) == Output()


def test_an_answer_that_is_too_long_changes_nothing() -> None:
    line = World().connect().open("STATUS")
    with pytest.raises(MessageError, match="are the most"):
        line.lock.reply(1, results.COMPLETE, {"x": bytes(2048)}, 0.0)
    line.answer(1)
    assert line.results == [(1, results.COMPLETE)]


def test_a_stranger_shows_a_pass_and_has_the_rights_of_it() -> None:
    line = World().connect("guest").open("PASS", **{"pass": b"signed"})
    assert [event.role for event in line.lock_events if isinstance(event, CommandReceived)] == ["stranger"]
    line.lock.admit(Phone("guest", 0, ("UNLOCK", "STATUS")))
    line.answer(1)
    for command in ("UNLOCK", "LOCK", "USERS"):
        line.ask(command, **({"op": "list"} if command == "USERS" else {}))
        if line.commands[-1] == "UNLOCK" and len(line.results) == 1:
            line.answer(2)
    assert line.results == [(1, 0), (2, 0), (3, results.FORBIDDEN), (4, results.FORBIDDEN)]
    line.ask("REVLIST", list=b"signed")  # which any phone may carry
    assert line.commands == ["PASS", "UNLOCK", "REVLIST"]


def test_a_pass_that_does_not_hold_ends_the_session() -> None:
    line = World().connect("guest").open("PASS", **{"pass": b"signed"})
    line.answer(1, results.EXPIRED)
    assert line.results == [(1, results.EXPIRED)]
    assert line.lock_events[-1] == Closed(results.EXPIRED, verified=False)


def test_a_pass_that_takes_long_to_check_may_say_so() -> None:
    line = World().connect("guest").open("PASS", **{"pass": b"signed"})
    line.lock.admit(Phone("guest"))
    line.answer(1, results.ACCEPTED)
    line.answer(1)
    assert line.ends == []


def test_five_seconds_for_each_message_of_the_handshake() -> None:
    line = World().connect()
    assert line.lock.next_deadline() == 5.0
    line.wait(4.9)
    assert line.ends == []
    line.wait(0.1)
    assert line.lock_events == [Closed(results.BAD_HANDSHAKE, verified=False)]
    assert (line.air, line.lock.next_deadline(), line.phone_ends) == ([], None, [results.TIMEOUT])


def test_thirty_seconds_without_a_message() -> None:
    line = World().connect().open()
    line.answer(1)
    for _ in range(3):
        line.wait(29.9)
        line.ask("STATUS", identity=1)
    assert line.ends == []
    line.wait(30.0)
    assert (line.ends, line.phone_ends) == ([results.TIMEOUT], [results.TIMEOUT])


def test_an_answer_keeps_the_session_too() -> None:
    line = World().connect().open("UNLOCK")
    line.wait(20)
    line.answer(1, results.ACCEPTED)
    line.wait(20)
    line.answer(1)
    assert line.results[-1] == (1, results.COMPLETE)


def test_120_seconds() -> None:
    line = World().connect().open()
    line.answer(1)
    for _ in range(11):
        line.wait(10)
        line.ask("STATUS", identity=1)
    line.wait(9.9)
    assert line.ends == []
    line.wait(0.1)
    assert line.ends == [results.TIMEOUT]


def test_256_messages() -> None:
    line = World().connect().open()
    line.answer(1)
    while not line.ends:
        line.ask("STATUS", identity=1)
    assert (line.lock._messages, len(line.results)) == (257, 128)  # the last word comes on top
    assert line.phone_ends == [results.TIMEOUT]


def test_answers_count_too() -> None:
    line = World().connect().open()
    while not line.ends:
        line.answer(1, results.ACCEPTED)
    assert (line.lock._messages, len(line.results)) == (256, 255)


def test_a_deadline_that_a_write_is_late_for() -> None:
    line = World().connect().open()
    line.answer(1)
    line.world.at = 31.0
    line.ask("STATUS")
    assert line.commands == ["STATUS"]
    assert line.ends == [results.TIMEOUT]


def test_a_message_unfinished_for_five_seconds() -> None:
    line = World().connect().open()
    line.write(fragments(DATA, line.phone._frames.tag or 0, bytes(40), 23)[:1])
    assert line.lock.next_deadline() == 5.0
    line.wait(5.0)
    assert (line.ends, line.errors) == ([results.BAD_FRAMING], [results.BAD_FRAMING])


def test_the_lock_says_why_it_ends() -> None:
    line = World().connect().open()
    line.from_lock(line.lock.close(results.REVOKED, 0.0))
    assert (line.ends, line.phone_ends, line.errors) == ([results.REVOKED], [results.REVOKED], [])
    assert line.lock.close(results.REVOKED, 0.0) == Output()
    line.write([b"\xc0\x00\x10\x00\x01\x00"])
    assert line.errors == [results.BAD_HANDSHAKE]


def test_before_there_is_a_session_it_says_nothing_of_why() -> None:
    line = World().connect()
    for frame in line.phone.start("UNLOCK", {}, 0.0).frames:
        line.lock.receive(frame, 0, 0, 0.0)
    line.from_lock(line.lock.close(results.REVOKED, 0.0))
    assert line.ends == [results.BAD_HANDSHAKE]


def test_nothing_of_it_is_kept_after_its_end() -> None:
    line = World().connect().open("UNLOCK")
    line.answer(1)
    line.from_lock(line.lock.close(results.REVOKED, 0.0))
    for end in (line.lock, line.phone):
        assert (end._ciphers, end._handshake, end.closed) == (None, None, True)
        assert end.tick(1000.0) == Output()
    assert (line.lock._told, line.lock._due) == ({}, set())


def test_the_phone_sends_nothing_without_a_session() -> None:
    line = World().connect()
    with pytest.raises(HandshakeError, match="no session"):
        line.phone.send("STATUS", {}, 0.0)


def test_a_session_begins_once() -> None:
    line = World().connect().open()
    line.from_lock(line.lock.close(results.REVOKED, 0.0))
    again = World().connect()
    again.phone.start("STATUS", {}, 0.0)
    for phone in (line.phone, again.phone):
        with pytest.raises(HandshakeError, match="once"):
            phone.start("STATUS", {}, 0.0)


def test_nobody_is_looked_up_before_message_3_has_decrypted() -> None:
    world = World()
    asked: list[bytes] = []
    world.lock = world.lock.but(who=asked.append)
    line = world.connect(mtu=247)
    (frame,) = first_frames(line, lambda number: number == 1)
    line.write([frame[:-1] + bytes((frame[-1] ^ 1,))])
    assert (asked, line.ends) == ([], [results.BAD_HANDSHAKE])
    world.connect().open()
    assert asked == [keys("owner").public]


def test_the_phone_waits_for_a_lock_of_its_own_version() -> None:
    with pytest.raises(VersionError):
        World().connect(info=messages.write_info(messages.Info(2)))


def bad_first(line: Line) -> None:
    assert line.phone_ends == [results.BAD_HANDSHAKE]


def test_the_phone_believes_no_message_out_of_turn() -> None:
    line = World().connect()
    line.phone.start("UNLOCK", {}, 0.0)
    line.from_lock(Output(fragments(DATA, line.phone._frames.tag or 0, bytes(48), 23)))
    bad_first(line)


@pytest.mark.parametrize("size", [47, 48, 49])
def test_the_phone_believes_no_other_message_2(size: int) -> None:
    line = World().connect()
    line.phone.start("UNLOCK", {}, 0.0)
    line.from_lock(Output(fragments(HANDSHAKE_2, line.phone._frames.tag or 0, bytes(size), 23)))
    bad_first(line)


def test_the_phone_believes_no_answer_to_what_it_never_asked() -> None:
    line = World().connect().open()
    line.from_lock(Output(line.lock._sealed(messages.write_reply(messages.Reply(7, 0)), 0.0)))
    assert line.phone_ends == [results.BAD_PARAM]


def test_the_phone_goes_on_with_its_own_ids() -> None:
    line = World().connect().open()
    line.answer(1)
    line.ask("STATUS", identity=9)
    line.answer(9)
    line.ask("STATUS")
    assert [event.id for event in line.lock_events if isinstance(event, CommandReceived)] == [1, 9, 10]


def test_a_known_phone_that_says_nothing_sensible() -> None:
    line = World().connect().open()
    line.answer(1)
    line.from_phone(Output(line.phone._sealed(bytes(32), 0.0)))
    assert line.ends == [results.BAD_PARAM]
    assert line.world.limit._recent == ()


def test_a_session_knows_who_comes_with_its_tag() -> None:
    line = World().connect()
    assert not line.lock.speaks_as(bytes(2)), "it has none yet"
    line.open("STATUS")
    own = line.phone._frames.tag or 0
    assert line.lock.speaks_as(bytes((0, own)))
    for other in (bytes((0, own ^ 1)), bytes(1), b""):
        assert not line.lock.speaks_as(other)


def test_message_1_with_another_tag_is_another_session() -> None:
    line = World().connect()
    hello = bytes((0xC0, 7, 1, 0, 48)) + bytes(48)
    assert not line.lock.replaced_by(hello), "there is none before it"
    line.open("STATUS")
    own = line.phone._frames.tag or 0
    others = bytes((0xC0, own ^ 1)) + hello[2:]
    assert line.lock.replaced_by(others)
    for other in (bytes((0xC0, own)) + hello[2:], bytes((0x40,)) + others[1:], others[:2] + b"\x10", others[:2]):
        assert not line.lock.replaced_by(other)

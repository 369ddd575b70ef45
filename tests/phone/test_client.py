"""One session of the phone against wire's own lock end: answers, refusals, losses and time."""

from __future__ import annotations

import pytest

from lockd.errors import LockdError
from lockd.phone.client import COMPLETE_S, Client
from lockd.phone.refusals import SENTENCES, Refused, Unreachable, refusal
from lockd.wire import results
from lockd.wire.events import CommandReceived
from tests.phone.air import Line, Lock, way
from tests.wire.ends import Drawn, keys


async def client(line: Line, name: str = "owner", **more: bytes) -> Client:
    return await Client.over(line, way(name, **more), Drawn("phone"), line.lock.clock)


@pytest.mark.parametrize("mtu", [0, 23, 64, 247, 517])
async def test_an_unlock_waits_for_accepted_and_then_for_the_bolt(mtu: int) -> None:
    lock = Lock()
    lock.mtu, lock.slow = mtu, 0.25
    granted: list[float] = []
    phone = await client(Line(lock))
    answer = await phone.command("UNLOCK", {"pin": "123456"}, lambda: granted.append(lock.clock()))
    assert answer == {"lock": "Unlocked"}
    assert lock.asked == [("UNLOCK", {"pin": "123456"})]
    assert (granted, lock.clock()) == ([0.25], 0.5)
    room = max(20, min(mtu - 3, 244))
    assert max(map(len, lock.lines[0].written)) <= room


async def test_more_commands_go_on_in_the_same_session() -> None:
    lock = Lock()
    lock.does["STATUS"] = ((results.COMPLETE, {"lock": "Locked"}),)
    phone = await client(Line(lock))
    assert not phone.met
    assert await phone.command("STATUS") == {"lock": "Locked"}
    assert phone.met
    assert await phone.command("UNLOCK") == {"lock": "Unlocked"}
    assert [name for name, _ in lock.asked] == ["STATUS", "UNLOCK"]


@pytest.mark.parametrize("code", sorted(set(results.NAMES) - {results.COMPLETE, results.ACCEPTED}))
async def test_each_result_has_a_sentence_of_its_own(code: int) -> None:
    assert code in SENTENCES
    if code < results.BAD_HANDSHAKE:
        lock = Lock()
        lock.does["UNLOCK"] = ((code, {}),)
        with pytest.raises(LockdError) as told:
            await (await client(Line(lock))).command("UNLOCK")
        assert told.value == refusal(code)
    error = refusal(code)
    assert error.detail == results.NAMES[code]
    assert len(str(error)) > 15
    assert "\n" not in str(error)


def test_no_two_results_say_the_same_and_an_unknown_one_is_told() -> None:
    assert len({text for _, text in SENTENCES.values()}) == len(SENTENCES)
    assert "0x66" in str(refusal(0x66))


@pytest.mark.parametrize("code", [results.BLOCKED, results.LOW_POWER, results.POSITION_UNKNOWN])
async def test_granted_and_yet_not_arrived_is_an_error(code: int) -> None:
    lock = Lock()
    lock.does["UNLOCK"] = ((results.ACCEPTED, {}), (code, {}))
    granted: list[bool] = []
    with pytest.raises(LockdError) as told:
        await (await client(Line(lock))).command("UNLOCK", accepted=lambda: granted.append(True))
    assert (told.value, granted) == (refusal(code), [True])


async def test_another_locks_key_says_that_it_is_not_this_lock() -> None:
    lock = Lock()
    phone = await client(Line(lock), lock_key=keys("another lock").public)
    with pytest.raises(LockdError, match="not the lock"):
        await phone.command("UNLOCK")
    assert not phone.met
    assert lock.asked == []


async def test_a_phone_that_the_lock_does_not_know_is_refused() -> None:
    lock = Lock()
    with pytest.raises(LockdError) as told:
        await (await client(Line(lock), "nobody")).command("UNLOCK")
    assert told.value == refusal(results.NOT_AUTHORISED)
    assert lock.asked == []


async def test_a_role_that_may_not_is_refused() -> None:
    lock = Lock("user")
    with pytest.raises(LockdError) as told:
        await (await client(Line(lock), "user")).command("LOG_READ", {"from": 1})
    assert told.value == refusal(results.FORBIDDEN)


async def test_revoked_while_connected_is_told_by_the_next_command() -> None:
    lock = Lock()
    line = Line(lock)
    phone = await client(line)
    await phone.command("STATUS")
    line.take(line.session.close(results.REVOKED, lock.clock()))
    with pytest.raises(LockdError) as told:
        await phone.command("UNLOCK")
    assert told.value == refusal(results.REVOKED)
    assert [name for name, _ in lock.asked] == ["STATUS"]


async def test_revoked_and_gone_is_told_as_revoked() -> None:
    lock = Lock()
    line = Line(lock)
    phone = await client(line)
    await phone.command("STATUS")
    line.take(line.session.close(results.REVOKED, lock.clock()))
    line.cut = 0
    with pytest.raises(LockdError) as told:
        await phone.command("UNLOCK")
    assert told.value == refusal(results.REVOKED)


@pytest.mark.parametrize("writes", range(9))
async def test_a_connection_that_ends_in_mid_message_is_told_as_that(writes: int) -> None:
    lock = Lock()
    lock.mtu = 23
    line = Line(lock)
    line.cut = writes
    with pytest.raises(Unreachable, match="went away"):
        await (await client(line)).command("UNLOCK")
    assert lock.asked == []


async def test_a_connection_that_ends_after_accepted_is_no_success() -> None:
    lock = Lock()
    lock.does["UNLOCK"] = ((results.ACCEPTED, {}),)
    line = Line(lock)

    def end(line: Line, event: CommandReceived) -> None:
        line.cut = -1

    lock.before = end
    granted: list[bool] = []
    with pytest.raises(Unreachable):
        await (await client(line)).command("UNLOCK", accepted=lambda: granted.append(True))
    assert granted == [True]


@pytest.mark.parametrize("spoil", [
    lambda frame: b"", lambda frame: frame[:2], lambda frame: frame[:-1], lambda frame: frame + b"x",
    lambda frame: frame[:-1] + bytes((frame[-1] ^ 1,)), lambda frame: bytes((frame[0] ^ 2,)) + frame[1:],
])  # fmt: skip
async def test_garbage_ends_the_session_and_nothing_else(spoil: object) -> None:
    lock = Lock()
    line = Line(lock)
    line.spoil = spoil  # type: ignore[assignment]
    with pytest.raises(LockdError) as told:
        await (await client(line)).command("UNLOCK")
    assert told.value in (refusal(results.BAD_FRAMING), refusal(results.BAD_HANDSHAKE))
    assert lock.asked == []


async def test_frames_of_other_phones_are_ignored() -> None:
    lock = Lock()
    line = Line(lock)
    own = Drawn("phone")(1)[0]
    line.say((bytes((0xC0, own ^ 1)) + b"\x10\x00\x01x",))
    assert await (await client(line)).command("UNLOCK") == {"lock": "Unlocked"}


async def test_a_lock_that_says_nothing_costs_no_more_than_the_handshakes_time() -> None:
    lock = Lock()
    lock.silent = True
    with pytest.raises(LockdError) as told:
        await (await client(Line(lock))).command("UNLOCK")
    assert told.value == refusal(results.TIMEOUT)
    assert lock.clock() == 5.0


async def test_a_bolt_that_never_arrives_is_waited_for_no_longer_than_it_can_take() -> None:
    lock = Lock()
    lock.does["UNLOCK"] = ((results.ACCEPTED, {}),)
    with pytest.raises(LockdError) as told:
        await (await client(Line(lock))).command("UNLOCK")
    assert told.value == refusal(results.TIMEOUT)
    assert lock.clock() == COMPLETE_S


@pytest.mark.parametrize(("slow", "arrives"), [(9.9, True), (10.1, False)])
async def test_a_slow_answer_is_one_until_its_time_is_over(slow: float, arrives: bool) -> None:
    lock = Lock()
    lock.does["STATUS"] = ((results.COMPLETE, {"lock": "Locked"}),)
    lock.slow = slow
    phone = await client(Line(lock))
    if arrives:
        assert await phone.command("STATUS") == {"lock": "Locked"}
    else:
        with pytest.raises(LockdError, match="too long"):
            await phone.command("STATUS")


async def test_another_version_is_told_before_anything_is_sent() -> None:
    lock = Lock()
    line = Line(lock)

    async def info() -> bytes:
        return bytes.fromhex("a1 65 70726f746f 02".replace(" ", ""))

    line.info = info  # type: ignore[method-assign]
    with pytest.raises(LockdError, match="another version"):
        await client(line)
    assert line.written == []


async def test_what_no_command_can_carry_is_refused_here() -> None:
    lock = Lock()
    phone = await client(Line(lock))
    with pytest.raises(LockdError) as told:
        await phone.command("REVLIST", {"list": bytes(4000)})
    assert told.value == refusal(results.BAD_PARAM)
    assert lock.lines[0].written == []


async def test_an_att_error_without_a_word_is_told_by_its_code() -> None:
    lock = Lock()
    line = Line(lock)

    async def write(frame: bytes) -> None:
        raise Refused(results.TOO_MANY_SESSIONS)

    line.write = write  # type: ignore[method-assign]
    with pytest.raises(LockdError) as told:
        await (await client(line)).command("UNLOCK")
    assert told.value == refusal(results.TOO_MANY_SESSIONS)


def test_no_secret_is_shown() -> None:
    assert str(way(psk=b"p" * 32)).count("…") == 2

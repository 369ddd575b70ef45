"""The two ends of a connection: bytes and the time go in, frames and events come out.

One object is one connection with one handshake. Whatever goes wrong wipes it for good; the adapter
disconnects on `Closed` and makes a new one for the next connection. Times: mono seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lockd.value import Value
from lockd.wire import messages, results
from lockd.wire.end import ENROLMENT, HANDSHAKE_S, SESSION, End, prologue
from lockd.wire.enrolment import Invitation, Invitations
from lockd.wire.errors import HandshakeError, MessageError, WireError
from lockd.wire.events import Closed, CommandReceived, Opened, Output, Replied
from lockd.wire.framing import CLEAR_ERROR, DATA, FIRST, HANDSHAKE_1, HANDSHAKE_2, HANDSHAKE_3, HEAD, Message
from lockd.wire.limits import HandshakeLimit
from lockd.wire.messages import COMMANDS, Reply, Request
from lockd.wire.noise import KEY, TAG, Handshake, KeyPair
from lockd.wire.rights import GRANTABLE, Role, may

REMEMBERED = 8  #: answers that are kept to be given again
MAX_UNDER_WAY = 4  #: commands that were accepted and are not complete


class Phone(Value):
    """Whose phone it is. `user`: 0 for none. `rights`: the commands that a pass allows; None: all of the role's."""

    role: Role
    user: int = 0
    rights: tuple[str, ...] | None = None


class LockEnd(Value):
    """What all sessions of a lock share. `random(n)`: n random bytes; `who(key)`: whose phone has that
    public key, None: nobody's."""

    keys: KeyPair
    random: Callable[[int], bytes]
    who: Callable[[bytes], Phone | None]
    invitations: Invitations
    limit: HandshakeLimit
    info: bytes = messages.write_info(messages.Info())


class LockSession(End):
    """The lock's end of one connection.

    `phone_key`: the phone's public key, empty before the handshake is over; `phone`: whose it is;
    `verified`: the lock knows it; `invitation`: the one that it enrols with.
    """

    def __init__(self, lock: LockEnd, at: float) -> None:
        super().__init__(frozenset((HANDSHAKE_1, HANDSHAKE_3, DATA)), None, 0, at)
        self.phone_key = b""
        self.phone = Phone("stranger")
        self.verified = False
        self._lock = lock
        self.invitation: Invitation | None = None
        self._last = 0  # the highest id so far
        self._waiting: int | None = None  # the command that has no answer yet
        self._due: set[int] = set()  # those that still get one, ACCEPTED ones too
        self._told: dict[int, bytes] = {}  # the latest answers

    def receive(self, value: bytes, offset: int, mtu: int, at: float) -> Output:
        """One write to RX. `offset`, `mtu`: as BlueZ says, 0 if it says none."""
        self._mtu = mtu or self._mtu
        return self._receive(value, offset, at)

    def replaced_by(self, value: bytes) -> bool:
        """Whether this write begins another session: message 1 with another tag. An app that was started again
        comes over the link that the one before has left."""
        begins = len(value) >= HEAD and value[0] & FIRST and value[2] == HANDSHAKE_1
        return bool(begins) and self._frames.tag not in (None, value[1])

    def speaks_as(self, value: bytes) -> bool:
        """Whether a write over another connection has this one's tag: the phone here would take the answer to it,
        which reaches all, for its own."""
        return len(value) > 1 and value[1] == self._frames.tag

    def reply(self, identity: int, result: int, fields: Mapping[str, Any], at: float) -> Output:
        """Answer a command: ACCEPTED and later another result, or one alone. If the session is over,
        nothing happens. MessageError: it has its answer, or this one is too long."""
        if self.closed:
            return Output()
        if identity not in self._due:
            raise MessageError(f"command {identity} waits for no answer")
        if self._spent:
            return self.close(results.TIMEOUT, at)
        return self._tell(Reply(identity, result, fields), at)

    def admit(self, phone: Phone) -> None:
        """The pass that a stranger has shown holds: say so before `reply`."""
        self.phone, self.verified = phone, True

    def close(self, result: int, at: float) -> Output:
        """End the session, and say why: REVOKED, TIMEOUT, …"""
        if self.closed:
            return Output()
        if self.state != "open":
            return self._fail(results.BAD_HANDSHAKE, at)
        frames = self._sealed(messages.write_reply(Reply(0, result)), at)
        return self._ended(frames, result, at)

    def _late(self, at: float) -> Output:
        return self.close(results.TIMEOUT, at)

    def _fail(self, code: int, at: float) -> Output:
        if not self.verified and self._lock.limit.exceeded(at):
            code = results.TOO_MANY_HANDSHAKES
        frames = self._sent(CLEAR_ERROR, bytes((code,))) if self._frames.tag is not None else ()
        return self._ended(frames, code, at, error=code)

    def _ended(self, frames: tuple[bytes, ...], code: int, at: float, error: int = 0) -> Output:
        if not self.verified:
            self._lock.limit.failed(at)
        self._wipe()
        return Output(frames, (Closed(code, self.verified),), error)

    def _take(self, message: Message, at: float) -> Output:
        """What each state takes; anything else is out of turn."""
        steps: dict[tuple[str, int], Callable[[bytes, float], Output]] = {
            ("start", HANDSHAKE_1): self._greeted,
            ("answered", HANDSHAKE_3): self._introduced,
            ("open", DATA): self._told_more,
        }
        step = steps.get((self.state, message.kind))
        if step is None:
            raise HandshakeError(f"a message of type {message.kind} out of turn")
        return step(message.body, at)

    def _greeted(self, body: bytes, at: float) -> Output:
        """Message 1. Which mode it is of shows in which handshake it fits."""
        if len(body) != KEY + TAG:
            raise HandshakeError("message 1 carries nothing")
        ephemeral = KeyPair(self._lock.random(KEY))
        try:
            self._handshake = self._read_first(body, ephemeral, None)
        except HandshakeError:
            self.invitation = self._lock.invitations.current(at)
            if self.invitation is None:
                raise
            self._handshake = self._read_first(body, ephemeral, self.invitation.psk)
        self.state = "answered"
        self._idle = at + HANDSHAKE_S
        return Output(self._sent(HANDSHAKE_2, self._handshake.write()))

    def _read_first(self, body: bytes, ephemeral: KeyPair, psk: bytes | None) -> Handshake:
        keys, mode = self._lock.keys, SESSION if psk is None else ENROLMENT
        handshake = Handshake(False, keys, ephemeral, keys.public, prologue(self._lock.info, mode), psk)
        handshake.read(body)
        return handshake

    def _introduced(self, body: bytes, at: float) -> Output:
        """Message 3: only now is it known who is there."""
        assert self._handshake is not None
        try:
            request = messages.read_request(self._handshake.read(body))
        except WireError:
            if self.invitation is not None:
                self._lock.invitations.failed(self.invitation.id, at)
            raise HandshakeError("message 3 does not fit") from None
        self.phone_key = self._handshake.remote
        self._look_up(at)
        self._open_up(at)
        opened = Opened(self.phone_key, self.phone.role, self.phone.user)
        out = self._asked(request, at)
        return out.but(events=(opened, *out.events))

    def _look_up(self, at: float) -> None:
        if self.invitation is None:
            known = self._lock.who(self.phone_key)
        elif taken := self._lock.invitations.take(self.invitation.id, at):
            known = Phone("invited", taken.user)
        else:
            raise HandshakeError("an invitation that is used up or over")
        if known is not None:
            self.phone, self.verified = known, True

    def _told_more(self, body: bytes, at: float) -> Output:
        plain = self._opened(body, at)
        if self._spent:
            return self.close(results.TIMEOUT, at)
        try:
            return self._asked(messages.read_request(plain), at)
        except MessageError:
            return self.close(results.BAD_PARAM, at)

    def _asked(self, request: Request, at: float) -> Output:
        if request.id in self._told:
            return Output(self._sealed(self._told[request.id], at))
        if request.id in self._due:
            return Output()
        if request.id <= self._last:
            return Output(self._sealed(messages.write_reply(Reply(request.id, results.BAD_PARAM)), at))
        self._last = request.id
        try:
            return self._authorised(request, at)
        except MessageError as error:
            return self._tell(Reply(request.id, error.code), at)

    def _authorised(self, request: Request, at: float) -> Output:
        """Hand a new command on, or say why not."""
        command = COMMANDS.get(request.number)
        if self._waiting is not None or len(self._due) >= MAX_UNDER_WAY:
            return self._tell(Reply(request.id, results.BUSY), at)
        if command is None:
            return self._tell(Reply(request.id, results.UNSUPPORTED), at)
        if not self._may(command.name):
            refusal = results.FORBIDDEN if self.verified else results.NOT_AUTHORISED
            return self._tell(Reply(request.id, refusal), at)
        fields = command.check(request.fields)
        self._waiting = request.id
        self._due.add(request.id)
        received = CommandReceived(
            request.id, command.name, fields, self.phone_key, self.phone.role, self.phone.user
        )  # fmt: skip
        if self.phone.role == "invited":
            self.phone = self.phone.but(role="enrolled")
        return Output(events=(received,))

    def _may(self, command: str) -> bool:
        """By the role; and what a pass can allow, only if it does."""
        rights = self.phone.rights
        return may(self.phone.role, command) and (rights is None or command in rights or command not in GRANTABLE)

    def _tell(self, reply: Reply, at: float) -> Output:
        """Answer, and keep the answer. A stranger who has shown no pass that holds goes with it."""
        plain = messages.write_reply(reply)
        self._told.pop(reply.id, None)
        self._told = dict([*self._told.items(), (reply.id, plain)][-REMEMBERED:])
        if self._waiting == reply.id:
            self._waiting = None
        if reply.result != results.ACCEPTED:
            self._due.discard(reply.id)
        frames = self._sealed(plain, at)
        return Output(frames) if self.verified else self._ended(frames, reply.result, at)

    def _wipe(self) -> None:
        super()._wipe()
        self._told, self._due, self._waiting, self.invitation = {}, set(), None, None


class PhoneSession(End):
    """The phone's end of one connection.

    `lock_key`: the lock's public key, from the invitation; `info`: what INFO said; `psk`: the
    invitation's, for an enrolment; `random(n)`: n random bytes; `mtu`: the connection's, 0 if unknown.
    VersionError: the lock speaks another version.
    """

    def __init__(
        self, keys: KeyPair, lock_key: bytes, info: bytes, random: Callable[[int], bytes], at: float,
        psk: bytes | None = None, mtu: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(frozenset((HANDSHAKE_2, DATA, CLEAR_ERROR)), random(1)[0], mtu, at)
        messages.read_info(info)
        mode = SESSION if psk is None else ENROLMENT
        ephemeral = KeyPair(random(KEY))
        self._handshake = Handshake(True, keys, ephemeral, lock_key, prologue(info, mode), psk)
        self._first = b""
        self._last = 0

    def start(self, command: str, fields: Mapping[str, Any], at: float) -> Output:
        """Begin, with the first command, which gets id 1. MessageError: it does not fit; HandshakeError: it
        has begun already, or is over."""
        if self._handshake is None or self.state != "start":
            raise HandshakeError("a session begins once")
        self._first = messages.write_request(command, 1, fields, messages.MAX_FIRST)
        self._last = 1
        self.state = "answered"
        self._idle = at + HANDSHAKE_S
        return Output(self._sent(HANDSHAKE_1, self._handshake.write()))

    def receive(self, value: bytes, at: float) -> Output:
        """One notification of TX."""
        return self._receive(value, 0, at)

    def send(self, command: str, fields: Mapping[str, Any], at: float, identity: int = 0) -> Output:
        """Another command, with the next id, or once more with that of an earlier one. One at a time: a
        lock that has not answered yet says BUSY. HandshakeError: there is no session."""
        if self.state != "open":
            raise HandshakeError("there is no session")
        self._last = max(self._last, identity or self._last + 1)
        return Output(self._sealed(messages.write_request(command, identity or self._last, fields), at))

    def _take(self, message: Message, at: float) -> Output:
        if message.kind == CLEAR_ERROR:
            return self._fail(message.body[0], at)
        if (self.state, message.kind) == ("answered", HANDSHAKE_2):
            return self._answered(message.body, at)
        if (self.state, message.kind) == ("open", DATA):
            return self._replied(messages.read_reply(self._opened(message.body, at)), at)
        raise HandshakeError(f"a message of type {message.kind} out of turn")

    def _answered(self, body: bytes, at: float) -> Output:
        """Message 2: this is the lock."""
        assert self._handshake is not None
        if len(body) != KEY + TAG:
            raise HandshakeError("message 2 carries nothing")
        self._handshake.read(body)
        frames = self._sent(HANDSHAKE_3, self._handshake.write(self._first))
        self._first = b""
        self._open_up(at)
        return Output(frames, (Opened(),))

    def _replied(self, reply: Reply, at: float) -> Output:
        if reply.id == 0:
            return self._fail(reply.result, at)
        if reply.id > self._last:
            raise MessageError("an answer to a command that was never given")
        return Output(events=(Replied(reply.id, reply.result, reply.fields),))

    def _late(self, at: float) -> Output:
        return self._fail(results.TIMEOUT, at)

    def _fail(self, code: int, at: float) -> Output:
        verified = self.state == "open"
        self._wipe()
        return Output(events=(Closed(code, verified),))

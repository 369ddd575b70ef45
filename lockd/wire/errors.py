"""What the other end may do wrong. Nothing else is ever raised over bytes that came in.

`code` is the number of lockd.wire.results that the other end gets to hear.
"""

from __future__ import annotations

from lockd.wire import results


class WireError(Exception):
    """Base of every error of this package. The text is for developers and holds no secret."""

    code = results.INTERNAL


class FramingError(WireError):
    """Frames that make no message: a gap, a wrong length, too large, too slow."""

    code = results.BAD_FRAMING


class HandshakeError(WireError):
    """Wrong keys, altered bytes, or a message out of turn. It is not said which."""

    code = results.BAD_HANDSHAKE


class VersionError(WireError):
    """The lock speaks another version of the protocol."""

    code = results.WRONG_VERSION


class MessageError(WireError):
    """The other end is who it says it is, but what it says is not in the protocol."""

    code = results.BAD_PARAM


class InvitationError(WireError):
    """An invitation that cannot be read, opened or used."""


class PassRefused(WireError):
    """A pass or a revocation list that does not hold; `code` says why."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code

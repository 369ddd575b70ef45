"""What a command came to: the numbers in a reply's `s`, and those that stand in clear."""

from __future__ import annotations

COMPLETE = 0x00  #: done; an UNLOCK or LOCK: the bolt's contact says so
ACCEPTED = 0x01  #: granted and recorded; COMPLETE or an error follows
NOT_AUTHORISED = 0x20  #: the lock does not know this phone, or the pass does not hold
FORBIDDEN = 0x21  #: known, but this is not among its rights
STALE = 0x22  #: older than what the lock has: a pass's epoch, a list's number
BAD_PARAM = 0x23
UNKNOWN_ID = 0x24
DISABLED = 0x25
UNSUPPORTED = 0x26  #: no such command
TIME_NOT_ALLOWED = 0x27
TOO_MANY_ATTEMPTS = 0x28
FULL = 0x29
EXISTS = 0x2A
TIME_UNKNOWN = 0x30  #: this needs a trusted clock, and the lock has none
EXPIRED = 0x31
REVOKED = 0x32
USED_UP = 0x33
POSITION_UNKNOWN = 0x41
BLOCKED = 0x42
TIMEOUT = 0x44
BUSY = 0x45
LOW_POWER = 0x4C
INTERNAL = 0x7F

#: In clear, and as ATT errors: all that is said before both ends know each other.
BAD_HANDSHAKE = 0x80
TOO_MANY_SESSIONS = 0x81
TOO_MANY_HANDSHAKES = 0x82
WRONG_VERSION = 0x83
BAD_FRAMING = 0x84

#: The name of each, for people and logs.
NAMES = {number: name for name, number in dict(globals()).items() if name.isupper()}

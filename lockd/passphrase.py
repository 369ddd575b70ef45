"""From a passphrase to the key of a backup; what a file says of that is bounded before it is believed.

lockctl does this, so that the passphrase never leaves it: lockd is given the key alone.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from struct import Struct

from lockd.errors import InvalidField

MAGIC = b"lockd backup 1\n"
#: The binary logarithm of scrypt's n; r and p; the salt.
_COST = Struct(">BBB16s")
HEADER_BYTES = len(MAGIC) + _COST.size
KEY_BYTES = 32
#: Characters of a passphrase.
SHORTEST, LONGEST = 12, 1024
#: 64 MiB and about half a second for each guess; what others may have chosen: 16 to 256 MiB, a few times.
COST = (16, 8, 2)
LEAST, MOST = (14, 8, 1), (18, 8, 8)
#: Bytes of a whole backup: 10,000 users with ten credentials each take about a third.
LARGEST = 64 * 1024 * 1024


def new_header(cost: tuple[int, int, int] = COST) -> bytes:
    """How a backup begins, with a salt of its own."""
    return MAGIC + _COST.pack(*cost, os.urandom(16))


def check_header(data: bytes) -> tuple[int, int, int, bytes]:
    """scrypt's cost and salt, of bytes that begin with a header; InvalidField if they do not."""
    if not data.startswith(MAGIC) or len(data) < HEADER_BYTES:
        known = data.startswith(MAGIC.rpartition(b" ")[0])
        why = "it is of another version of lockd, or cut short" if known else "it does not begin like one"
        raise InvalidField(f"This is no backup that can be read: {why}.")
    *cost, salt = _COST.unpack_from(data, len(MAGIC))
    if not all(low <= each <= high for low, each, high in zip(LEAST, cost, MOST, strict=True)):
        raise InvalidField("The backup asks for more work or memory than any of lockd's: it is damaged or forged.")
    log_n, r, p = cost
    return log_n, r, p, salt


def derive(header: bytes, passphrase: str) -> bytes:
    """The 32 bytes of the key. InvalidField for a header that is none, or a passphrase too short or too long."""
    log_n, r, p, salt = check_header(header)
    if not SHORTEST <= len(passphrase) <= LONGEST:
        raise InvalidField(f"A passphrase has {SHORTEST} to {LONGEST} characters.")
    # The same whichever keyboard it was typed at.
    secret = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogateescape")
    memory = 128 * r * ((1 << log_n) + p + 2) + (1 << 20)
    return hashlib.scrypt(secret, salt=salt, n=1 << log_n, r=r, p=p, maxmem=memory, dklen=KEY_BYTES)

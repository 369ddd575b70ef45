"""The names of the GATT service: one base, drawn by chance once. The layout under it is frozen; a
change that breaks it takes a new base.
"""

from __future__ import annotations


def _uuid(short: int) -> str:
    return f"b0c7{short:04x}-94d2-4646-b4bc-015e7301b63e"


SERVICE = _uuid(0x0001)
RX = _uuid(0x0002)  #: `write` only: from phone to lock
TX = _uuid(0x0003)  #: `notify` only: from lock to phone
INFO = _uuid(0x0004)  #: `read` only: lockd.wire.info
ENROLMENT = _uuid(0x0101)  #: advertised only while an invitation is open

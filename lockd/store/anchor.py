"""The anchor: how far the audit trail had come, kept outside the database.

An older copy of the database put back ends before its anchor. The hot slot is written after every
commit, when who waited for that has been told, and without a sync, so that it never runs ahead of the
trail, even over a power cut; now and then it is synced and copied to the kept slot. A page apart, no
torn write can take both.
"""

from __future__ import annotations

import hmac
import logging
import os
from struct import Struct
from typing import TYPE_CHECKING

from lockd.store import files
from lockd.value import Value

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger("lockd.store")

_HOT, _KEPT = 0, 4096
_SLOT = Struct(">QQ32s32s")
_MACED = _SLOT.size - 32
_SYNC_EVERY = 64  #: records


class Mark(Value):
    """The trail reached number `seq`, whose hash is `hash`."""

    seq: int
    hash: bytes


class Anchor:
    """One file with two slots, each a count of writings, a mark and a MAC."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._key = key
        self._path = path
        self._count = 0
        self._handle = -1
        self._hot: Mark | None = None
        self._synced = 0  # number of the record
        self._written = True  # whether that is in the file
        self._failed = False

    def read(self) -> Mark | None:
        """The newest whole mark, None when there is none. To be called before the first writing."""
        try:
            content = files.read(self._path) or b""
        except OSError as fault:
            log.error("the anchor cannot be read: %s", fault.strerror)
            return None
        found = [slot for slot in (self._parse(content[_HOT:]), self._parse(content[_KEPT:])) if slot]
        self._count, seq, digest = max(found, default=(0, 0, b""))
        return Mark(seq, digest) if found else None

    def advance(self, mark: Mark) -> None:
        """After a commit: what `write` is to write."""
        self._hot, self._written = mark, False

    def write(self) -> None:
        """What it was advanced to, if that is not written yet. A failure is logged, not raised: the commit
        stands without its anchor."""
        if self._hot is None or self._written:
            return
        try:
            if self._handle < 0 or self._hot.seq - self._synced >= _SYNC_EVERY:
                self._keep(self._hot)
            else:
                self._write(_HOT, self._hot)
            self._failed = False
        except OSError as fault:
            self._complain(fault)
        self._written = True

    def close(self) -> None:
        """Write and sync what it was advanced to, if it was, and let go of the file."""
        try:
            if self._hot is not None:
                self._keep(self._hot)
        except OSError as fault:
            self._complain(fault)
        if self._handle >= 0:
            os.close(self._handle)
        self._handle, self._hot = -1, None

    def _keep(self, mark: Mark) -> None:
        if self._handle < 0:
            self._handle = files.open_private(self._path)
            files.sync_folder(self._path.parent)
        self._write(_HOT, mark)
        os.fdatasync(self._handle)
        self._write(_KEPT, mark)
        os.fdatasync(self._handle)
        self._synced = mark.seq

    def _complain(self, fault: OSError) -> None:
        if not self._failed:
            log.error("the anchor cannot be written: %s", fault.strerror)
        self._failed = True

    def _write(self, offset: int, mark: Mark) -> None:
        self._count += 1
        slot = _SLOT.pack(self._count, mark.seq, mark.hash, b"")[:_MACED]
        os.pwrite(self._handle, slot + hmac.digest(self._key, slot, "sha256"), offset)

    def _parse(self, slot: bytes) -> tuple[int, int, bytes] | None:
        if len(slot) < _SLOT.size:
            return None
        count, seq, digest, mac = _SLOT.unpack_from(slot)
        if not hmac.compare_digest(hmac.digest(self._key, slot[:_MACED], "sha256"), mac):
            return None
        return count, seq, digest

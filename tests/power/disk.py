"""A disk that loses power: what was not synced is dropped, reordered or torn by the sector.

The pessimist's reading of POSIX: data is durable after fsync of its file, a name after fsync of
its folder. Until then each sector of each write, and each truncation, may or may not be there,
whatever the order they were made in; names change in order, but any number of the last changes
may be missing. Where a file grew and its data did not make it, zeros or rubbish are found.
"""

from __future__ import annotations

import os
import random
from itertools import pairwise
from pathlib import Path

from tests.power.log import Record

SECTOR = 512


class File:
    """Content that is safe, and what was done to it since; an int is a truncation to that length."""

    def __init__(self) -> None:
        self.safe = bytearray()
        self.pending: list[tuple[int, bytes] | int] = []

    def sync(self) -> None:
        self.safe = self.after(random.Random(0), keep=1.0)
        self.pending.clear()

    def after(self, chance: random.Random, keep: float) -> bytearray:
        """What is found if each unsynced piece survives with this probability."""
        content = bytearray(self.safe)
        for change in self.pending:
            if isinstance(change, int):
                if chance.random() < keep:
                    _resize(content, change)
            else:
                for offset, piece in _sectors(*change):
                    if chance.random() < keep:
                        _put(content, offset, piece, rubbish=chance if keep < 1 else None)
        return content


class Disk:
    """The files of one folder, as the records tell."""

    def __init__(self) -> None:
        self._files: dict[int, File] = {}
        self._safe: dict[str, File] = {}
        self._pending: list[tuple[str, str, File | None]] = []

    def apply(self, record: Record) -> None:
        """Do what was recorded. Marks and the folder's -shm files are of no interest."""
        file = self._files.get(record.inode)
        match record.kind:
            case "C":
                self._files[record.inode] = made = File()
                self._pending.append((_name(record.rest), "", made))
            case "U":
                self._pending.append((_name(record.rest), "", None))
            case "R":
                old, new = record.rest.split(b"\0")
                self._pending.append((_name(old), _name(new), None))
            case "W" if file:
                file.pending.append((record.number, record.rest))
            case "T" if file:
                file.pending.append(record.number)
            case "S" if file:
                file.sync()
            case "S":  # of the folder itself
                self._safe = self._names(len(self._pending))
                self._pending.clear()

    def power_cut(self, chance: random.Random, folder: Path) -> None:
        """Leave in the (empty) folder what might be found after a power cut now."""
        keep = chance.choice((0.0, 1.0, chance.random(), chance.random()))
        names = self._names(chance.randint(0, len(self._pending)) if keep < 1 else len(self._pending))
        for name, file in names.items():
            if not name.endswith("-shm"):
                handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600)
                os.write(handle, file.after(chance, keep))
                os.close(handle)

    def _names(self, changes: int) -> dict[str, File]:
        names = dict(self._safe)
        for name, new, file in self._pending[:changes]:
            if file:
                names[name] = file
            elif new:
                names[new] = names.pop(name)
            else:
                del names[name]
        return names


def _name(path: bytes) -> str:
    return os.path.basename(path.decode())


def _sectors(offset: int, data: bytes) -> list[tuple[int, bytes]]:
    """The write in pieces that each lie in one sector."""
    bounds = [offset, *range((offset // SECTOR + 1) * SECTOR, offset + len(data), SECTOR), offset + len(data)]
    return [(start, data[start - offset:end - offset]) for start, end in pairwise(bounds)]


def _put(content: bytearray, offset: int, piece: bytes, rubbish: random.Random | None) -> None:
    gap = offset - len(content)
    if gap > 0:
        content += rubbish.randbytes(gap) if rubbish and rubbish.random() < 0.5 else bytes(gap)
    content[offset:offset + len(piece)] = piece


def _resize(content: bytearray, length: int) -> None:
    del content[length:]
    content += bytes(length - len(content))

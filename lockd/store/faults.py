"""What can go wrong with the store, in words for people."""

from __future__ import annotations

import errno
import os
import sqlite3

from lockd.errors import Failure

_BY_ERRNO = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EIO: "the storage device reports an error",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
}

_BY_SQLITE = {
    sqlite3.SQLITE_PERM: "permission denied",
    sqlite3.SQLITE_BUSY: "another program has locked lockd.db",
    sqlite3.SQLITE_LOCKED: "another program has locked lockd.db",
    sqlite3.SQLITE_READONLY: "lockd.db or its file system is read-only",
    sqlite3.SQLITE_IOERR: "the storage device reports an error",
    sqlite3.SQLITE_CORRUPT: "lockd.db is damaged",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_CANTOPEN: "lockd.db cannot be opened",
    sqlite3.SQLITE_NOTADB: "lockd.db is not a database",
    sqlite3.SQLITE_TOOBIG: "lockd.db is damaged",
    sqlite3.SQLITE_FORMAT: "lockd.db is damaged",
}


#: TOOBIG: a length that lies; FORMAT: a header that does.
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_FORMAT}


class StoreError(Failure):
    """The store could not do it; the text is one line, the cause in words."""

    def __init__(self, text: str, detail: str = "storage") -> None:
        super().__init__(text, detail)


class KeyUnavailable(StoreError):
    """There is no key, or not the right one. Nothing was moved or written."""


class InUse(StoreError):
    """The folder is not for this process: another lockd has it, or everybody."""


class Unreadable(StoreError):
    """The database file itself is damaged, so that SQLite cannot work with it."""


class ReadOnly(StoreError):
    """SQLite opened the file without the right to write it, and keeps to that until it is reopened."""


def primary_code(fault: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 when the module itself complains."""
    return int(getattr(fault, "sqlite_errorcode", 0)) & 0xFF


def is_damage(fault: sqlite3.Error) -> bool:
    """Whether the file's content is to blame, not the storage under it."""
    return primary_code(fault) in _DAMAGE or str(fault).startswith("no such table")


def in_words(fault: OSError | sqlite3.Error) -> StoreError:
    """The store's own error for one of the system's or SQLite's."""
    if isinstance(fault, OSError):
        where = f" ({os.path.basename(fault.filename)})" if isinstance(fault.filename, str) else ""
        cause = _BY_ERRNO.get(fault.errno or 0) or os.strerror(fault.errno or 0)
        return StoreError(cause + where)
    code = primary_code(fault)
    if getattr(fault, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_SHMSIZE:  # the -shm file cannot grow
        code = sqlite3.SQLITE_FULL
    cause = _BY_SQLITE.get(code) or str(fault)
    if code == sqlite3.SQLITE_READONLY:
        return ReadOnly(cause)
    return Unreadable(cause) if is_damage(fault) else StoreError(cause)
